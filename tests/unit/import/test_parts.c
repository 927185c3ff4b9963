/*
 * Parts of the importer: names as ids, what can stand in a match, sums and counts as others write them, lists of
 * models.
 */
#include "unit.h"

#include "import/import_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static void a_name_becomes_an_id(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"ci-bot", "ci-bot"},
                                          {"CI Bot", "ci-bot"},
                                          {"  a  b  ", "a-b"},
                                          {"ann@acme.example", "ann-acme-example"},
                                          {"", "x"},
                                          {"\xc3\xa4", "x"},
                                          {"--", "x"},
                                          {"A", "a"},
                                          {"a\"}\n- b", "a-b"},
                                          {"9lives", "9lives"},
                                          {"$(id)", "id"},
                                          {"\x1b[31mred", "31mred"}};
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < N(rows); i++)
        assert_str(names_slug(&a, str_c(rows[i][0])), rows[i][1]);
    char text[49 + 1];
    memset(text, 'a', 49);
    text[49] = 0;
    assert_int_equal(names_slug(&a, str_c(text)).n, 48);
    arena_deinit(&a);
}

static void what_can_stand_in_a_match(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_fit;
    } rows[] = {{"openai/gpt-4o", true}, {"*", true},        {"openai/*", true},
                {"openai/gpt-4*", true}, {"*/gpt-4o", true}, {"a/*/b", true},
                {"a*b", false},          {"*-mini", false},  {"", false},
                {"set:x", false},        {"a\nb", false},    {"a\x7f", false},
                {"\xc3\xa4", true}};
    for (size_t i = 0; i < N(rows); i++)
        assert_int_equal(name_fits(str_c(rows[i].text)), rows[i].is_fit);
    char text[258];
    memset(text, 'a', sizeof text);
    assert_true(name_fits((struct str){text, 256}));
    assert_false(name_fits((struct str){text, 257}));
}

static void a_list_has_no_twins(void **state)
{
    (void)state;
    struct arena a;
    struct names l = {0};
    arena_init(&a, 1 << 16);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20; i++)
            names_add(&a, &l, arena_printf(&a, "n%d", i));
    names_add(&a, &l, STR_NONE);
    assert_int_equal(l.n, 20);
    assert_str(l.items[19], "n19");
    arena_deinit(&a);
}

static struct names list_of(struct arena *a, const char *text)
{
    struct names l = {0};
    struct str one, rest = str_c(text);
    while (str_cut(rest, ' ', &one, &rest))
        names_add(a, &l, one);
    names_add(a, &l, rest);
    return l;
}

static void both_lists_permit_the_narrower(void **state)
{
    (void)state;
    static const char *const rows[][3] = {{"openai/gpt-4o openai/o3", "openai/o3 anthropic/claude", "openai/o3"},
                                          {"openai/*", "openai/gpt-4o", "openai/gpt-4o"},
                                          {"openai/gpt-4o", "*", "openai/gpt-4o"},
                                          {"*", "openai/* anthropic/*", "openai/* anthropic/*"},
                                          {"openai/gpt-4*", "openai/gpt-4o-*", "openai/gpt-4o-*"},
                                          {"openai/*", "anthropic/*", ""},
                                          {"", "openai/*", ""}};
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < N(rows); i++) {
        struct names p = list_of(&a, rows[i][0]), q = list_of(&a, rows[i][1]), want = list_of(&a, rows[i][2]);
        for (int turn = 0; turn < 2; turn++) {
            struct names got = turn ? models_both(&a, &q, &p) : models_both(&a, &p, &q);
            assert_int_equal(got.n, want.n);
            for (size_t k = 0; k < want.n; k++)
                assert_true(names_have(&got, want.items[k]));
        }
    }
    arena_deinit(&a);
}

struct numbers {
    struct arena a;
    struct import x;
};

static void start(struct numbers *n)
{
    arena_init(&n->a, 1 << 20);
    n->x = (struct import){.a = &n->a};
    map_init(&n->x.marks, 100, NULL);
}

static void stop(struct numbers *n)
{
    map_deinit(&n->x.marks);
    arena_deinit(&n->a);
}

static void sums_as_others_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* NULL: refused */
    } rows[] = {{"100", "100.00"},
                {"12.5", "12.50"},
                {"0", "0.00"},
                {"1e2", "100.00"},
                {"1.5E+2", "150.00"},
                {"2.5e-06", "0.0000025"},
                {"1e-9", "0.000000001"},
                {"1e-10", NULL},
                {"-1", NULL},
                {"1e99", NULL},
                {"1.25e1", NULL},
                {"a lot", NULL},
                {"", NULL},
                {"1e", NULL},
                {"0.0000000001", NULL},
                {"99999999999999999999", NULL}};
    for (size_t i = 0; i < N(rows); i++) {
        struct numbers n;
        struct str got = STR_NONE;
        const struct yaml y = {.type = YAML_STR, .text = str_c(rows[i].text)};
        start(&n);
        assert_int_equal(read_usd(&n.x, &y, &got), rows[i].want != NULL);
        assert_int_equal(note_is_put(&n.x, &y), rows[i].want == NULL);
        if (rows[i].want)
            assert_str(got, rows[i].want);
        stop(&n);
    }
}

static void counts_as_others_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {{"60", "60"}, {"60.0", "60"}, {"1e4", "10000"}, {"1.5", NULL},
                {"-5", NULL}, {"many", NULL}, {"007", NULL}};
    for (size_t i = 0; i < N(rows); i++) {
        struct numbers n;
        struct str got = STR_NONE;
        const struct yaml y = {.type = YAML_STR, .text = str_c(rows[i].text)};
        start(&n);
        assert_int_equal(read_count(&n.x, &y, &got), rows[i].want != NULL);
        if (rows[i].want)
            assert_str(got, rows[i].want);
        stop(&n);
    }
}

static void truths_and_what_is_not_set(void **state)
{
    (void)state;
    static const char *const truths[] = {"True", "true", "yes", "on"}, *const others[] = {"False", "no", "1", ""};
    for (size_t i = 0; i < N(truths); i++)
        assert_true(read_truth(&(struct yaml){.type = YAML_STR, .text = str_c(truths[i])}));
    for (size_t i = 0; i < N(others); i++)
        assert_false(read_truth(&(struct yaml){.type = YAML_STR, .text = str_c(others[i])}));
    assert_true(read_truth(&(struct yaml){.type = YAML_BOOL, .i = 1}));
    assert_false(read_truth(NULL));
    assert_true(is_unset(NULL) && is_unset(&(struct yaml){.type = YAML_NULL}) &&
                is_unset(&(struct yaml){.type = YAML_SEQ}));
    assert_true(is_unset(&(struct yaml){.type = YAML_STR, .text = STR("~")}));
    assert_false(is_unset(&(struct yaml){.type = YAML_INT}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_becomes_an_id),       cmocka_unit_test(what_can_stand_in_a_match),
        cmocka_unit_test(a_list_has_no_twins),        cmocka_unit_test(both_lists_permit_the_narrower),
        cmocka_unit_test(sums_as_others_write_them),  cmocka_unit_test(counts_as_others_write_them),
        cmocka_unit_test(truths_and_what_is_not_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
