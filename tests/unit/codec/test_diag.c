/* codec/diag: texts, bounds, and guesses. */
#include "codec/diag.h"

#include "unit.h"

struct fixture {
    struct arena arena;
    struct diag_list list;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture f;
    arena_init(&f.arena, 1 << 20);
    diag_list_init(&f.list, &f.arena, 20);
    buf_init(&f.out, 1 << 16);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_deinit(&f->arena);
    buf_deinit(&f->out);
    return 0;
}

static void text_is_file_line_column_code_message(void **state)
{
    struct fixture *f = *state;
    diag_add(&f->list, STR("p.yaml"), 3, 7, "bad_amount", "`%s` is no amount", "1e3");
    diag_warn(&f->list, STR("p.yaml"), 4, 1, "odd", "two limits");
    diag_add(&f->list, STR("p.yaml"), 0, 0, "too_large", "too many bytes");
    assert_int_equal(diag_list_text(&f->list, &f->out), 0);
    assert_str(buf_str(&f->out), "p.yaml:3:7: bad_amount: `1e3` is no amount\n"
                                 "p.yaml:4:1: warning: odd: two limits\n"
                                 "p.yaml: too_large: too many bytes\n");
    assert_int_equal(f->list.n_errors, 2);
}

static void what_was_added_since_is_sorted_by_line_and_stays_in_order_there(void **state)
{
    struct fixture *f = *state;
    diag_sort(&f->list, 0);
    diag_add(&f->list, STR("first"), 9, 1, "x", "another file's");
    diag_add(&f->list, STR("f"), 5, 1, "x", "one");
    diag_warn(&f->list, STR("f"), 3, 8, "x", "two");
    diag_add(&f->list, STR("f"), 5, 1, "x", "three");
    diag_add(&f->list, STR("f"), 3, 2, "x", "four");
    diag_sort(&f->list, 1);
    diag_list_text(&f->list, &f->out);
    assert_str(buf_str(&f->out), "first:9:1: x: another file's\nf:3:8: warning: x: two\nf:3:2: x: four\n"
                                 "f:5:1: x: one\nf:5:1: x: three\n");
}

static void list_is_bounded_and_counts_what_it_drops(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 25; i++)
        diag_add(&f->list, STR("f"), i + 1, 1, "x", "number %d", i);
    assert_int_equal(f->list.n, 20);
    assert_int_equal(f->list.n_dropped, 5);
    assert_int_equal(f->list.n_errors, 25);
    assert_str(f->list.items[19].message, "number 19");
    diag_list_text(&f->list, &f->out);
    assert_true(str_ends(buf_str(&f->out), STR("and 5 more\n")));
}

static void a_full_arena_drops_and_still_counts_errors(void **state)
{
    struct fixture *f = *state;
    struct arena small;
    arena_init(&small, 64);
    diag_list_init(&f->list, &small, 20);
    diag_add(&f->list, STR("f"), 1, 1, "x", "no room for the array");
    assert_int_equal(f->list.n, 0);
    assert_int_equal(f->list.n_errors, 1);
    assert_int_equal(f->list.n_dropped, 1);
    arena_deinit(&small);
}

static void messages_are_one_printable_line_of_bounded_length(void **state)
{
    struct fixture *f = *state;
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    diag_add(&f->list, STR("f"), 1, 1, "x", "%.*s", (int)sizeof longest, longest);
    assert_true(f->list.items[0].message.n < DIAG_MESSAGE_BYTES_MAX);
    diag_add(&f->list, STR("f"), 1, 1, "x", "a\nb\x1b[31m\xc2\x9b\xff\xc3\xa9");
    assert_str(f->list.items[1].message,
               "a\xef\xbf\xbd" "b\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
}

static void nearest_name_is_found_when_near_enough(void **state)
{
    static const struct str names[] = {STR_INIT("vendors"), STR_INIT("limits"), STR_INIT("listen"), STR_INIT("by")};
    assert_str(diag_nearest(STR("vendor"), names, 4), "vendors");
    assert_str(diag_nearest(STR("vednors"), names, 4), "vendors");
    assert_str(diag_nearest(STR("Limits"), names, 4), "limits");
    assert_str(diag_nearest(STR("limts"), names, 4), "limits");
    assert_null(diag_nearest(STR("approvals"), names, 4).p);
    assert_null(diag_nearest(STR("xx"), names, 4).p);
    assert_null(diag_nearest(STR(""), names, 4).p);
    assert_null(diag_nearest(STR("limit"), names, 0).p);
}

static void unknown_names_say_what_was_meant(void **state)
{
    struct fixture *f = *state;
    static const struct str names[] = {STR_INIT("amount"), STR_INIT("currency")};
    static const struct str many[9] = {STR_INIT("amount"), STR_INIT("currency")};
    char longest[2000];
    memset(longest, 'x', sizeof longest);
    diag_add_unknown(&f->list, STR("f"), 2, 3, "unknown_key", "the key", STR("amuont"), names, 2);
    diag_add_unknown(&f->list, STR("f"), 2, 3, "unknown_key", "the key", STR("zebra"), names, 2);
    diag_add_unknown(&f->list, STR("f"), 2, 3, "unknown_key", "the key", (struct str){longest, sizeof longest},
                     names, 2);
    diag_add_unknown(&f->list, STR("f"), 2, 3, "unknown_key", "the key", STR("zebra"), many, 9);
    assert_str(f->list.items[0].message, "the key `amuont` is not known; did you mean `amount`?");
    assert_str(f->list.items[1].message, "the key `zebra` is not known; there is `amount`, `currency`");
    assert_true(str_ends(f->list.items[2].message, STR("is not known; there is `amount`, `currency`")));
    assert_str(f->list.items[3].message, "the key `zebra` is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_file_line_column_code_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_added_since_is_sorted_by_line_and_stays_in_order_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(list_is_bounded_and_counts_what_it_drops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_arena_drops_and_still_counts_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_are_one_printable_line_of_bounded_length, set_up, tear_down),
        cmocka_unit_test(nearest_name_is_found_when_near_enough),
        cmocka_unit_test_setup_teardown(unknown_names_say_what_was_meant, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
