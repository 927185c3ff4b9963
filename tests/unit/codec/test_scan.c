/* codec/scan: how a reader walks a text without a tree: ranges, keys, what it skips, and what stays a failure. */
#include "codec/scan.h"

#include "base/err.h"
#include "codec/scan_impl.h"
#include "unit.h"

static struct arena arena;
static struct scan s;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static void begin(const char *text) { scan_init(&s, str_c(text), 8, &arena); }

/* Enters the object at the top and skips all its members. */
static int walk(struct str text, int64_t depth_max, struct input_fault *ret_fault)
{
    struct str key;
    struct scan_value v;
    scan_init(&s, text, depth_max, &arena);
    scan_enter(&s, JSON_OBJECT);
    while (scan_member(&s, &key))
        scan_value(&s, &v);
    return scan_end(&s, ret_fault);
}

static void values_are_ranges_of_the_text(void **state)
{
    struct str key;
    struct scan_value v;
    begin(" {\"a\" : [1, {\"b\": \"]\"}] , \"c\":-1.5e3,\"d\":\"x\"} ");
    assert_true(scan_enter(&s, JSON_OBJECT));
    assert_true(scan_member(&s, &key));
    assert_str(key, "a");
    assert_int_equal(scan_peek(&s), JSON_ARRAY);
    assert_true(scan_value(&s, &v));
    assert_str(v.raw, "[1, {\"b\": \"]\"}]");
    assert_true(scan_member(&s, &key) && scan_value(&s, &v));
    assert_int_equal(v.type, JSON_NUMBER);
    assert_str(v.raw, "-1.5e3");
    assert_true(scan_member(&s, &key) && scan_value(&s, &v));
    assert_str(v.raw, "\"x\"");
    assert_false(scan_member(&s, &key));
    assert_int_equal(scan_at(&s), 45);
    assert_int_equal(scan_end(&s, NULL), 0);
}

static void a_reader_enters_what_it_cares_for(void **state)
{
    struct str key;
    struct scan_value v;
    int64_t sum = 0, n;
    begin("{\"skip\":[[1,2],[3]],\"sum\":[1,[10,20],3],\"more\":{}}");
    scan_enter(&s, JSON_OBJECT);
    while (scan_member(&s, &key)) {
        if (!str_eq(key, STR("sum"))) {
            assert_true(scan_value(&s, &v));
            continue;
        }
        assert_true(scan_enter(&s, JSON_ARRAY));
        while (scan_item(&s))
            if (scan_value(&s, &v) && scan_i64(&v, &n))
                sum += n;
    }
    assert_int_equal(scan_end(&s, NULL), 0);
    assert_int_equal(sum, 4);
}

static void string_is(const char *text, struct str want)
{
    struct scan_value v;
    struct str got;
    begin(text);
    assert_true(scan_value(&s, &v));
    assert_int_equal(scan_end(&s, NULL), 0);
    assert_int_equal(scan_str(&v, &arena, &got), 0);
    assert_true(str_eq(got, want));
}

static void strings_are_unescaped_on_demand(void **state)
{
    string_is("\"\"", STR(""));
    string_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR("\"\\/\b\f\n\r\t"));
    string_is("\"a\\u00e9\\u20AC\\ud83d\\ude39z\"", STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\xb9z"));
    string_is("\"\\u0000\"", STR("\0"));
    string_is("\"\xe2\x82\xac\xf0\x9d\x84\x9e\"", STR("\xe2\x82\xac\xf0\x9d\x84\x9e"));
}

static void a_string_without_escapes_is_not_copied(void **state)
{
    struct scan_value v;
    struct str got;
    begin("\"abc\"");
    assert_true(scan_value(&s, &v));
    assert_false(v.has_escapes);
    assert_int_equal(scan_str(&v, &arena, &got), 0);
    assert_ptr_equal(got.p, s.text.p + 1);
}

static void numbers_are_integers_only_as_written(void **state)
{
    static const char *const no[] = {"1.0", "1e3", "-0", "9223372036854775808", "\"1\"", "true"};
    struct scan_value v;
    int64_t n = 7;
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        begin(no[i]);
        assert_true(scan_value(&s, &v));
        assert_false(scan_i64(&v, &n));
    }
    begin("9223372036854775807");
    assert_true(scan_value(&s, &v) && scan_i64(&v, &n));
    assert_true(n == INT64_MAX);
}

static void words_are_booleans(void **state)
{
    struct scan_value v;
    bool b = true;
    begin("false");
    assert_true(scan_value(&s, &v) && scan_bool(&v, &b));
    assert_false(b);
    begin("null");
    assert_true(scan_value(&s, &v));
    assert_false(scan_bool(&v, &b));
}

static void an_escaped_twin_of_a_key_is_refused(void **state)
{
    struct input_fault f;
    assert_int_equal(walk(STR("{\"model\":1,\"b\":2,\"mod\\u0065l\":3}"), 8, &f), -ERR_AMBIGUOUS);
    assert_int_equal(f.at, 17);
    assert_int_equal(walk(STR("{\"a\":1,\"a\":1}"), 8, NULL), -ERR_AMBIGUOUS);
    assert_int_equal(walk(STR("{\"\":1,\"\":1}"), 8, NULL), -ERR_AMBIGUOUS);
    assert_int_equal(walk(STR("{\"a\":1,\"A\":1,\"a\\u0000\":1}"), 8, NULL), 0);
}

static void twins_of_inner_and_outer_objects_are_apart(void **state)
{
    struct str key;
    struct scan_value v;
    begin("{\"a\":{\"a\":1,\"b\":2},\"b\":{\"x\":1,\"x\":2}}");
    scan_enter(&s, JSON_OBJECT);
    assert_true(scan_member(&s, &key) && scan_enter(&s, JSON_OBJECT));
    while (scan_member(&s, &key))
        scan_value(&s, &v);
    assert_true(scan_member(&s, &key) && scan_value(&s, &v)); /* skipped: its twins are not ours to see */
    assert_false(scan_member(&s, &key));
    assert_int_equal(scan_end(&s, NULL), 0);
}

static void a_twin_far_away_is_found(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&b, "%s\"k%d\":%d", i ? "," : "{", i, i), 0);
    size_t n = b.n;
    assert_int_equal(buf_add_c(&b, "}"), 0);
    assert_int_equal(walk(buf_str(&b), 8, NULL), 0);
    b.n = n;
    assert_int_equal(buf_add_c(&b, ",\"k7\":0}"), 0);
    assert_int_equal(walk(buf_str(&b), 8, NULL), -ERR_AMBIGUOUS);
    buf_deinit(&b);
}

static void more_keys_than_the_arena_holds_are_too_many(void **state)
{
    struct buf b;
    buf_init(&b, 4 << 20);
    for (int i = 0; i < 40000; i++)
        assert_int_equal(buf_printf(&b, "%s\"k%d\":%d", i ? "," : "{", i, i), 0);
    assert_int_equal(buf_add_c(&b, "}"), 0);
    assert_int_equal(walk(buf_str(&b), 8, NULL), -ERR_TOO_LARGE);
    arena_reset(&arena);
    arena.max_bytes = 4 << 20;
    assert_int_equal(walk(buf_str(&b), 8, NULL), 0);
    buf_deinit(&b);
}

static void depth_is_counted_to_the_limit(void **state)
{
    struct scan_value v;
    assert_int_equal(walk(STR("{\"a\":[[1]]}"), 3, NULL), 0);
    assert_int_equal(walk(STR("{\"a\":[[1]]}"), 2, NULL), -ERR_TOO_LARGE);
    scan_init(&s, STR("1"), 0, &arena);
    assert_true(scan_value(&s, &v));
    assert_int_equal(scan_end(&s, NULL), 0);
    scan_init(&s, STR("[]"), 0, &arena);
    assert_false(scan_value(&s, &v));
    assert_int_equal(scan_end(&s, NULL), -ERR_TOO_LARGE);
}

static void the_first_failure_stays(void **state)
{
    struct str key = STR("untouched");
    struct scan_value v = {.type = JSON_NONE};
    struct input_fault f;
    begin("{\"a\":tru,\"b\":1}");
    scan_enter(&s, JSON_OBJECT);
    assert_true(scan_member(&s, &key));
    assert_false(scan_value(&s, &v));
    assert_false(scan_member(&s, &key));
    assert_false(scan_value(&s, &v));
    assert_false(scan_enter(&s, JSON_OBJECT));
    assert_int_equal(scan_peek(&s), JSON_NONE);
    assert_str(key, "a");
    assert_int_equal(scan_end(&s, &f), -ERR_INVALID);
    assert_int_equal(f.at, 5);
}

static void what_stands_behind_the_document_is_a_failure(void **state)
{
    assert_int_equal(walk(STR("{}\n "), 8, NULL), 0);
    assert_int_equal(walk(STR("{} x"), 8, NULL), -ERR_INVALID);
    assert_int_equal(walk(STR("{}\0"), 8, NULL), -ERR_INVALID);
}

/* Every byte at every place of a run, in runs of every length around the strides. */
static void the_fast_loop_stops_where_the_slow_one_does(void **state)
{
    char text[160];
    for (size_t n = 0; n <= sizeof(text); n++) {
        memset(text, 'a', sizeof(text));
        assert_int_equal(scan_plain(text, n), n);
        for (size_t i = 0; i < n; i++) {
            static const char stops[] = {'"', '\\', 0, 31, ' ', '!', 127, (char)0x80, (char)0xff};
            for (size_t k = 0; k < sizeof(stops); k++) {
                text[i] = stops[k];
                assert_int_equal(scan_plain(text, n), scan_plain_by_byte(text, n));
            }
            text[i] = 'a';
        }
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(values_are_ranges_of_the_text),
        T(a_reader_enters_what_it_cares_for),
        T(strings_are_unescaped_on_demand),
        T(a_string_without_escapes_is_not_copied),
        T(numbers_are_integers_only_as_written),
        T(words_are_booleans),
        T(an_escaped_twin_of_a_key_is_refused),
        T(twins_of_inner_and_outer_objects_are_apart),
        T(a_twin_far_away_is_found),
        T(more_keys_than_the_arena_holds_are_too_many),
        T(depth_is_counted_to_the_limit),
        T(the_first_failure_stays),
        T(what_stands_behind_the_document_is_a_failure),
        T(the_fast_loop_stops_where_the_slow_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
