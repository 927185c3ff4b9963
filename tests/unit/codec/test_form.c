/* codec/form: what is read, what is refused, and that writing changes nothing. */
#include "codec/form.h"

#include "base/err.h"
#include "base/rand.h"
#include "unit.h"

static struct arena arena;
static struct buf out;
static struct form form;
static struct input_fault fault;

static int set_up(void **state)
{
    arena_init(&arena, 4 << 20);
    buf_init(&out, 1 << 20);
    fault = (struct input_fault){0};
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    buf_deinit(&out);
    return 0;
}

static int parse(struct str text)
{
    return form_parse(&arena, text, 1000, 6, &form, &fault);
}

static void parse_ok(const char *text)
{
    int r = parse(str_c(text));
    if (r < 0)
        fail_msg("%s: %s, %s", text, err_name(r), fault.text);
}

static void written_as(const char *text, const char *want)
{
    parse_ok(text);
    buf_reset(&out);
    assert_int_equal(form_write(&form, &out), 0);
    assert_str(buf_str(&out), want);
}

static void fields_keep_their_order(void **state)
{
    parse_ok("amount=1200&currency=usd&metadata[order]=17&items[0][price]=p_1&items[1][price]=p_2&"
             "expand[]=a&expand[]=b");
    assert_int_equal(form.n, 7);
    assert_str(form.fields[0].name, "amount");
    assert_str(form.fields[0].value, "1200");
    assert_str(form.fields[6].name, "expand[]");
    assert_str(form.fields[6].value, "b");
    assert_int_equal(form.fields[0].n_keys, 1);
    assert_int_equal(form.fields[4].n_keys, 3);
    assert_str(form.fields[4].keys[0], "items");
    assert_str(form.fields[4].keys[1], "1");
    assert_str(form.fields[4].keys[2], "price");
    assert_str(form.fields[5].keys[1], "");
}

static void fields_are_found_by_their_whole_name(void **state)
{
    parse_ok("a=1&b%5Bc%5D=2&l[]=3&x=9&l[]=4");
    assert_str(form_get(&form, STR("b[c]"))->value, "2");
    assert_null(form_get(&form, STR("b")));
    assert_null(form_get(&form, STR("A")));
    assert_null(form_get(&form, STR("")));
    const struct form_field *f = form_get(&form, STR("l[]"));
    assert_str(f->value, "3");
    f = form_next(&form, f);
    assert_str(f->value, "4");
    assert_null(form_next(&form, f));
    assert_null(form_next(&form, form_get(&form, STR("a"))));
}

static void texts_are_decoded_once(void **state)
{
    parse_ok("a+b=c+d%2Be%26f%3D%25%32%35&u=%E2%82%AC&raw=\xc3\xa9 x&eq=a=b=&semi=1;b=2&empty=&nl=%0D%0A");
    assert_str(form_get(&form, STR("a b"))->value, "c d+e&f=%25");
    assert_str(form_get(&form, STR("u"))->value, "\xe2\x82\xac");
    assert_str(form_get(&form, STR("raw"))->value, "\xc3\xa9 x");
    assert_str(form_get(&form, STR("eq"))->value, "a=b=");
    assert_str(form_get(&form, STR("semi"))->value, "1;b=2");
    assert_str(form_get(&form, STR("empty"))->value, "");
    assert_str(form_get(&form, STR("nl"))->value, "\r\n");
    assert_int_equal(form.n, 7);
}

static void an_empty_text_has_no_fields(void **state)
{
    parse_ok("");
    assert_int_equal(form.n, 0);
    assert_int_equal(parse(STR_NONE), 0);
    assert_null(form_get(&form, STR("a")));
    written_as("", "");
}

static void malformed_texts_are_refused(void **state)
{
    static const struct str bad[] = {
        /* fields */
        STR_INIT("&"), STR_INIT("&a=1"), STR_INIT("a=1&"), STR_INIT("a=1&&b=2"), STR_INIT("a"), STR_INIT("a&b=1"),
        STR_INIT("a=1&b"), STR_INIT("="), STR_INIT("=1"), STR_INIT("a=1&=2"),
        /* encoding */
        STR_INIT("a=%"), STR_INIT("a=%1"), STR_INIT("a=%zz"), STR_INIT("a=%1g"), STR_INIT("%=1"), STR_INIT("a=%%30"),
        STR_INIT("a=%+1"), STR_INIT("a=%-1"), STR_INIT("a=% 1"), STR_INIT("a=%u0041"), STR_INIT("a=1%"),
        /* bytes */
        STR_INIT("a=\0"), STR_INIT("a\0=1"), STR_INIT("a=%00"), STR_INIT("a%00=1"), STR_INIT("amount=1%00"),
        STR_INIT("a=1\n"), STR_INIT("a=1\r\n"), STR_INIT("a=\x7f"), STR_INIT("a\t=1"), STR_INIT("a%0A=1"),
        STR_INIT("a%7F=1"), STR_INIT("a=\x1b[1m"),
        /* UTF-8: cut, overlong, surrogate, Latin-1 */
        STR_INIT("a=%E2%82"), STR_INIT("a=%C0%AF"), STR_INIT("a=%ED%A0%80"), STR_INIT("a=\xe9"), STR_INIT("%FF=1"),
        STR_INIT("a=%F5%80%80%80"),
        /* brackets */
        STR_INIT("[]=1"), STR_INIT("[a]=1"), STR_INIT("a[=1"), STR_INIT("a]=1"), STR_INIT("a[b=1"), STR_INIT("a[b]]=1"),
        STR_INIT("a[[b]]=1"), STR_INIT("a[b]c=1"), STR_INIT("a[b]c[d]=1"), STR_INIT("a[b][=1"), STR_INIT("]a[=1"),
        STR_INIT("a%5B=1"), STR_INIT("a[b%5D%5D=1"), STR_INIT("a[b[c]=1"),
        /* space at an end, which some readers trim */
        STR_INIT("+a=1"), STR_INIT("a+=1"), STR_INIT("a%20=1"), STR_INIT(" a=1"), STR_INIT("a[+b]=1"),
        STR_INIT("a[b ]=1"), STR_INIT("a[+]=1"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        form.n = 77;
        fault.text = NULL;
        if (parse(bad[i]) != -ERR_INVALID)
            fail_msg(STR_FMT, STR_ARG(bad[i]));
        assert_int_equal(form.n, 77);
        assert_non_null(fault.text);
    }
}

static void texts_with_two_meanings_are_refused(void **state)
{
    static const char *const bad[] = {
        "amount=1&amount=100",
        "amount=1&amount=1",
        "amount=1&x=2&am%6Funt=100",
        "amount=1&%61mount=100",
        "amount=1&amount[]=100",
        "amount[]=1&amount=100",
        "amount=1&amount[x]=100",
        "amount[x]=1&b=2&amount=100",
        "amount%5B%5D=1&amount=2",
        "a[b]=1&a[b]=2",
        "a[b]=1&a%5Bb%5D=2",
        "a[b]=1&a[b][c]=2",
        "a[b][c]=1&a[b][d]=2&a[b]=3",
        "a[]=1&a[0]=2",
        "a[0]=1&a[]=2",
        "a[]=1&a[b]=2&a[]=3",
        "a[x][]=1&a[x][y]=2",
        "a[0]=1&a[00]=2",
        "a[1][x]=1&a[01][y]=2",
        "a[1][x]=1&a[2][x]=1&a[001][y]=2",
        "a[][b]=1",
        "a[][b]=1&a[][b]=2",
        "a[][]=1",
        "a[b][][c]=1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fault.text = NULL;
        if (parse(str_c(bad[i])) != -ERR_AMBIGUOUS)
            fail_msg("%s", bad[i]);
        assert_non_null(fault.text);
    }
}

static void neighbours_that_only_look_alike_are_accepted(void **state)
{
    parse_ok("a=1&ab=2&a.b=3&A=4&a-b=5&b=6");
    parse_ok("a[b]=1&a[bc]=2&a[c][b]=3&ab[b]=4");
    parse_ok("a[0]=1&a[1]=2&a[10]=3&a[x]=4"); /* a map may have keys that are digits */
    parse_ok("a[0][]=1&a[0][]=2&a[1][]=1");
    parse_ok("m[1]=a&m[1.0]=b&m[1+1]=c&m[-1]=d");
}

static void numbers_of_fields_and_brackets_are_bounded(void **state)
{
    assert_int_equal(form_parse(&arena, STR("a=1&b=2&c=3"), 3, 6, &form, &fault), 0);
    assert_int_equal(form_parse(&arena, STR("a=1&b=2&c=3&d=4"), 3, 6, &form, &fault), -ERR_TOO_LARGE);
    assert_int_equal(form_parse(&arena, STR("a[b][c]=1"), 3, 2, &form, &fault), 0);
    assert_int_equal(form_parse(&arena, STR("a[b][c][d]=1"), 3, 2, &form, &fault), -ERR_TOO_LARGE);
    assert_int_equal(form_parse(&arena, STR("a[b][]=1"), 3, 2, &form, &fault), 0);
    assert_int_equal(form_parse(&arena, STR("a=1"), 3, 0, &form, &fault), 0);

    struct arena small;
    arena_init(&small, 100);
    assert_int_equal(form_parse(&small, STR("a=1&b=2&c=3&d=4"), 1000, 6, &form, &fault), -ERR_TOO_LARGE);
    arena_deinit(&small);
}

static void faults_say_where_the_field_starts(void **state)
{
    assert_int_equal(parse(STR("a=1&b=2&c=%zz")), -ERR_INVALID);
    assert_int_equal(fault.at, 8);
    assert_string_equal(fault.text, "a broken percent-encoding, or a control byte");
    assert_int_equal(form_parse(&arena, STR("a"), 1, 1, &form, NULL), -ERR_INVALID);
}

/* Expected texts are what urlencode of Python with literal brackets gives, as the vendor's Python SDK sends it. */
static void writing_is_what_the_sdk_sends(void **state)
{
    static const char *const same[] = {
        "amount=1200&currency=usd&metadata[order]=17&expand[0]=data",
        "description=a+b%2Fc%3Fd%3De%26f%25&email=ann%2Btag%40example.com&x=-._~",
        "n=%0A%22%27%28%29%2A%21%24%2C%3A%3B%3C%3E%5C%5E%60%7B%7C%7D%23",
        "metadata[clef]=%F0%9D%84%9E&value=[1]",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        written_as(same[i], same[i]);
    written_as("a%5Bb%5D=%41%2d+%20%5b", "a[b]=A-++[");
    written_as("a=x;y&b=\xc3\xa9'", "a=x%3By&b=%C3%A9%27");
}

static void fields_can_be_added_under_the_same_rules(void **state)
{
    parse_ok("amount=1&metadata[a]=b&l[]=1");
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "metadata[tag%d]", i);
        assert_int_equal(form_add(&arena, &form, str_c(name), STR("x y")), 0);
    }
    assert_int_equal(form_add(&arena, &form, STR("l[]"), STR("2")), 0);
    assert_int_equal(form.n, 24);
    assert_str(form_get(&form, STR("metadata[tag19]"))->value, "x y");
    assert_str(form.fields[3].keys[1], "tag0");

    assert_int_equal(form_add(&arena, &form, STR("amount"), STR("2")), -ERR_AMBIGUOUS);
    assert_int_equal(form_add(&arena, &form, STR("amount[x]"), STR("2")), -ERR_AMBIGUOUS);
    assert_int_equal(form_add(&arena, &form, STR("metadata"), STR("2")), -ERR_AMBIGUOUS);
    assert_int_equal(form_add(&arena, &form, STR("metadata[]"), STR("2")), -ERR_AMBIGUOUS);
    assert_int_equal(form_add(&arena, &form, STR("l[0]"), STR("2")), -ERR_AMBIGUOUS);
    assert_int_equal(form_add(&arena, &form, STR("a["), STR("2")), -ERR_INVALID);
    assert_int_equal(form_add(&arena, &form, STR("b"), STR("\0")), -ERR_INVALID);
    assert_int_equal(form_add(&arena, &form, STR("b"), STR("\xff")), -ERR_INVALID);
    assert_int_equal(form_add(&arena, &form, STR("a[1][2][3][4][5][6][7]"), STR("2")), -ERR_TOO_LARGE);
    assert_int_equal(form.n, 24);

    assert_int_equal(form_parse(&arena, STR("a=1"), 1, 6, &form, NULL), 0);
    assert_int_equal(form_add(&arena, &form, STR("b"), STR("2")), -ERR_TOO_LARGE);
}

/* One of the pieces, behind what `p` holds. */
static void add_piece(struct rng *rng, char *p, const char *const *pieces, size_t n_pieces)
{
    strcat(p, pieces[rng_below(rng, n_pieces)]);
}

/* A few fields; one piece in sixteen is noise. Fits 256 bytes. */
static void random_text(struct rng *rng, char *p)
{
    static const char *const bases[] = {"a", "b", "amount", "%61", "metadata", "caf%C3%A9", "a.b"};
    static const char *const keys[] = {"[]", "[0]", "[1]", "[00]", "[x]", "[y]", "%5Bz%5D", "[x y]"};
    static const char *const values[] = {"", "1", "a+b", "%20", "%C3%A9", "\xc3\xa9", "=", ";", "[x]", "%26",
                                         "x y", "%0a"};
    static const char *const noise[] = {"[", "]", "&", "=", "%00", "%zz", "%", "+", "\xff", "[]", "\n"};
    size_t n_fields = rng_below(rng, 5);
    *p = 0;
    for (size_t i = 0; i < n_fields; i++) {
        strcat(p, i ? "&" : "");
        add_piece(rng, p, bases, sizeof bases / sizeof *bases);
        for (size_t n_keys = rng_below(rng, 3); n_keys > 0; n_keys--)
            add_piece(rng, p, keys, sizeof keys / sizeof *keys);
        strcat(p, "=");
        add_piece(rng, p, values, sizeof values / sizeof *values);
        if (rng_below(rng, 16) == 0)
            add_piece(rng, p, noise, sizeof noise / sizeof *noise);
    }
}

static void what_is_written_is_read_back_the_same(void **state)
{
    struct rng rng;
    rng_seeded_init(&rng, 1866);
    size_t n_accepted = 0, n_tries = 50000;
    for (size_t i = 0; i < n_tries; i++) {
        char text[256];
        random_text(&rng, text);
        arena_reset(&arena);
        buf_reset(&out);
        if (parse(str_c(text)) < 0)
            continue;
        n_accepted += form.n > 1;
        struct form first = form;
        assert_int_equal(form_write(&first, &out), 0);
        assert_int_equal(parse(buf_str(&out)), 0);
        assert_int_equal(form.n, first.n);
        for (size_t k = 0; k < form.n; k++) {
            assert_true(str_eq(form.fields[k].name, first.fields[k].name));
            assert_true(str_eq(form.fields[k].value, first.fields[k].value));
        }
    }
    assert_in_range(n_accepted, n_tries / 8, n_tries * 7 / 8); /* the pieces make forms, and others */
}

/* The sort finds what comparing each field with each other field finds. */
static void clashes_are_found_wherever_they_stand(void **state)
{
    static const char *const names[] = {"a", "a[]", "a[0]", "a[1]", "a[01]", "a[x]", "a[x][]", "a[x][y]", "a[0][z]",
                                        "b"};
    struct rng rng;
    rng_seeded_init(&rng, 4);
    for (int i = 0; i < 20000; i++) {
        char text[256] = "";
        size_t n = 1 + rng_below(&rng, 5);
        bool is_fine = true;
        arena_reset(&arena);
        assert_int_equal(parse(STR("")), 0);
        struct form one_by_one = form;
        for (size_t k = 0; k < n; k++) {
            const char *name = names[rng_below(&rng, sizeof names / sizeof *names)];
            sprintf(text + strlen(text), "%s%s=1", k ? "&" : "", name);
            is_fine = is_fine && form_add(&arena, &one_by_one, str_c(name), STR("1")) == 0;
        }
        int r = parse(str_c(text));
        if (is_fine ? r != 0 : r != -ERR_AMBIGUOUS)
            fail_msg("%s: %s, one by one %s", text, err_name(r), is_fine ? "fine" : "refused");
    }
}

/* APIs that write lists as repeated names say which. */
static void names_told_as_lists_may_repeat_and_no_others(void **state)
{
    static const struct str lists[] = {STR_INIT("MediaUrl"), STR_INIT("X")};
    struct str text = STR("MediaUrl=a&To=b&MediaUrl=c&MediaUrl=a");
    assert_int_equal(form_parse_lists(&arena, text, 1000, 6, lists, 2, &form, &fault), 0);
    assert_int_equal(form.n, 4);
    assert_str(form.fields[2].value, "c");
    assert_int_equal(form_write(&form, &out), 0);
    assert_str(buf_str(&out), text.p);
    static const char *const bad[] = {"To=a&To=b", "mediaurl=a&mediaurl=b", "MediaUrl=a&MediaUrl[]=b",
                                      "MediaUrl[0]=a&MediaUrl=b", "MediaUrl[x]=a&MediaUrl[x]=b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (form_parse_lists(&arena, str_c(bad[i]), 1000, 6, lists, 2, &form, &fault) != -ERR_AMBIGUOUS)
            fail_msg("%s", bad[i]);
    }
    assert_int_equal(form_parse_lists(&arena, text, 3, 6, lists, 2, &form, &fault), -ERR_TOO_LARGE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(fields_keep_their_order),
        T(fields_are_found_by_their_whole_name),
        T(texts_are_decoded_once),
        T(an_empty_text_has_no_fields),
        T(malformed_texts_are_refused),
        T(texts_with_two_meanings_are_refused),
        T(neighbours_that_only_look_alike_are_accepted),
        T(numbers_of_fields_and_brackets_are_bounded),
        T(faults_say_where_the_field_starts),
        T(writing_is_what_the_sdk_sends),
        T(fields_can_be_added_under_the_same_rules),
        T(what_is_written_is_read_back_the_same),
        T(clashes_are_found_wherever_they_stand),
        T(names_told_as_lists_may_repeat_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
