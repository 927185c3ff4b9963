/* codec/json_write: commas, escapes, limits; what is written is read back. */
#include "codec/json_write.h"

#include "base/err.h"
#include "base/rand.h"
#include "codec/json_read.h"
#include "unit.h"

static struct buf out;

static int set_up(void **state)
{
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    buf_deinit(&out);
    return 0;
}

static void commas_stand_between_values_only(void **state)
{
    struct json_writer w;
    jw_init(&w, &out);
    jw_object(&w);
    jw_put_str(&w, STR("s"), STR("x"));
    jw_put_i64(&w, STR("i"), -7);
    jw_key(&w, STR("a"));
    jw_array(&w);
    jw_i64(&w, 1);
    jw_object(&w);
    jw_object_end(&w);
    jw_array(&w);
    jw_array_end(&w);
    jw_str(&w, STR("y"));
    jw_array_end(&w);
    jw_put_bool(&w, STR("t"), true);
    jw_put_bool(&w, STR("f"), false);
    jw_put_null(&w, STR("n"));
    jw_put_str_or_null(&w, STR("o"), STR_NONE);
    jw_put_str_or_null(&w, STR("p"), STR("q"));
    jw_put_raw(&w, STR("r"), STR("{\"k\":1.50}"));
    jw_key(&w, STR("u"));
    jw_u64(&w, UINT64_MAX);
    jw_object_end(&w);
    jw_end(&w);
    assert_int_equal(buf_ok(&out), 0);
    assert_str(buf_str(&out),
               "{\"s\":\"x\",\"i\":-7,\"a\":[1,{},[],\"y\"],\"t\":true,\"f\":false,\"n\":null,\"o\":null,"
                              "\"p\":\"q\",\"r\":{\"k\":1.50},\"u\":18446744073709551615}");
}

static void integers_at_their_edges(void **state)
{
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {{0, "0"}, {-1, "-1"}, {10, "10"}, {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_writer w;
        buf_reset(&out);
        jw_init(&w, &out);
        jw_i64(&w, cases[i].n);
        assert_str(buf_str(&out), cases[i].text);
    }
}

static void assert_written(int64_t n)
{
    char want[32];
    struct json_writer w;
    snprintf(want, sizeof want, "%lld", (long long)n);
    buf_reset(&out);
    jw_init(&w, &out);
    jw_i64(&w, n);
    assert_str(buf_str(&out), want);
}

/* Digits are written in pairs: numbers of each length, around each change of it. */
static void integers_of_every_length(void **state)
{
    for (int64_t power = 10; power < INT64_MAX / 10; power *= 10)
        for (int64_t by = -101; by <= 101; by++) {
            assert_written(power + by);
            assert_written(-power + by);
        }
}

/* Into a buf of each size: what does not fit is noted, and nothing is written behind the end (sanitizers watch). */
static void names_in_the_source_are_written_as_others_are(void **state)
{
    for (size_t most = 1; most < 40; most++) {
        struct str name = str_c(getenv("NO_SUCH_NAME") ? "" : "verdict"); /* that the compiler does not know */
        struct buf known, computed;
        struct json_writer w;
        buf_init(&known, most);
        jw_init(&w, &known);
        jw_object(&w);
        jw_put_str(&w, STR("verdict"), STR("permit"));
        jw_put_i64(&w, STR("verdict"), 7);
        jw_object_end(&w);
        buf_init(&computed, most);
        jw_init(&w, &computed);
        jw_object(&w);
        jw_key_any(&w, name);
        jw_str(&w, STR("permit"));
        jw_key_any(&w, name);
        jw_i64(&w, 7);
        jw_object_end(&w);
        assert_int_equal(buf_ok(&known), buf_ok(&computed));
        assert_true(buf_ok(&known) < 0 || str_eq(buf_str(&known), buf_str(&computed)));
        assert_int_equal(buf_ok(&known) == 0, most >= sizeof "{\"verdict\":\"permit\",\"verdict\":7}" - 1);
        buf_deinit(&known);
        buf_deinit(&computed);
    }
}

static void quoted(struct str in, const char *want)
{
    buf_reset(&out);
    assert_int_equal(json_quote(&out, in), 0);
    assert_str(buf_str(&out), want);
}

static void escapes_are_the_shortest(void **state)
{
    quoted(STR(""), "\"\"");
    quoted(STR_NONE, "\"\"");
    quoted(STR("plain text, longer than eight bytes"), "\"plain text, longer than eight bytes\"");
    quoted(STR("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    quoted(STR("\0\x01\x1f\x7f/"), "\"\\u0000\\u0001\\u001f\x7f/\"");
    quoted(STR("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    quoted(STR("0123456\n89abcde\"ghijklm"), "\"0123456\\n89abcde\\\"ghijklm\"");
}

static void bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
    quoted(STR("a\xff" "b"), "\"a\xef\xbf\xbd" "b\"");
    quoted(STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    quoted(STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    quoted(STR("\xc0\xaf" "x"), "\"\xef\xbf\xbd\xef\xbf\xbdx\"");
}

static void assert_read_back(struct str in)
{
    struct arena a;
    struct json root;
    struct str back;
    buf_reset(&out);
    assert_int_equal(json_quote(&out, in), 0);
    arena_init(&a, 65536);
    assert_int_equal(json_parse(&a, buf_str(&out), 1, &root), 0);
    assert_true(json_str(root, &back));
    assert_true(str_eq(back, in));
    arena_deinit(&a);
}

/* Each byte at each place of texts of each length in and around the words that are looked at together. */
static void every_byte_at_every_place_is_read_back(void **state)
{
    char in[40];
    for (int byte = 0; byte < 0x80; byte++)
        for (size_t n = 1; n <= sizeof in; n++)
            for (size_t at = 0; at < n; at++) {
                memset(in, 'x', sizeof in);
                in[at] = (char)byte;
                assert_read_back((struct str){in, n});
            }
}

/* A text may need one byte more than there is room for, at any of its bytes. */
static void texts_grow_the_buf_where_it_ends(void **state)
{
    for (size_t before = 0; before < 600; before++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, 4096);
        for (size_t i = 0; i < before; i++)
            assert_int_equal(buf_add_byte(&b, ' '), 0);
        jw_init(&w, &b);
        jw_object(&w);
        jw_put_str(&w, STR("a name"), STR("a text"));
        jw_put_str(&w, STR("b"), STR("c\n"));
        jw_object_end(&w);
        assert_int_equal(buf_ok(&b), 0);
        assert_str(str_sub(buf_str(&b), before, b.n), "{\"a name\":\"a text\",\"b\":\"c\\n\"}");
        buf_deinit(&b);
    }
}

static void random_bytes_are_always_json(void **state)
{
    struct rng rng;
    rng_seeded_init(&rng, 8259);
    for (int i = 0; i < 2000; i++) {
        char in[64];
        size_t n = rng_below(&rng, sizeof in + 1);
        rng_fill(&rng, in, n);
        buf_reset(&out);
        assert_int_equal(json_quote(&out, (struct str){in, n}), 0);
        struct arena a;
        struct json root;
        arena_init(&a, 65536);
        assert_int_equal(json_parse(&a, buf_str(&out), 1, &root), 0);
        arena_deinit(&a);
    }
}

static void a_full_buf_is_noticed_at_the_end(void **state)
{
    struct buf small;
    struct json_writer w;
    for (size_t max = 0; max <= 14; max++) {
        buf_init(&small, max);
        jw_init(&w, &small);
        jw_object(&w);
        jw_put_str(&w, STR("key"), STR("\n\"x"));
        jw_object_end(&w);
        assert_true(small.n <= max);
        assert_int_equal(buf_ok(&small), -ERR_TOO_LARGE);
        buf_deinit(&small);
    }
    buf_init(&small, 15);
    jw_init(&w, &small);
    jw_object(&w);
    jw_put_str(&w, STR("key"), STR("\n\"x"));
    jw_object_end(&w);
    assert_int_equal(buf_ok(&small), 0);
    assert_str(buf_str(&small), "{\"key\":\"\\n\\\"x\"}");
    buf_deinit(&small);
}

static void a_value_that_was_read_is_written_without_spaces(void **state)
{
    struct arena a;
    struct json v;
    struct json_writer w;
    arena_init(&a, 65536);
    struct str text = STR(" { \"b\" : [ 1.50 , -2, 1e9, [ ] ], \"a\\n\" : { \"\" : null },\"t\":true } ");
    assert_int_equal(json_parse(&a, text, 8, &v), 0);
    jw_init(&w, &out);
    jw_json(&w, v);
    jw_end(&w);
    assert_str(buf_str(&out), "{\"b\":[1.50,-2,1e9,[]],\"a\\n\":{\"\":null},\"t\":true}");
    buf_reset(&out);
    jw_json(&w, JSON_ABSENT);
    arena_deinit(&a);
}

static void leave_open(void *ctx)
{
    struct json_writer w;
    jw_init(&w, &out);
    jw_object(&w);
    jw_end(&w);
}

static void close_too_much(void *ctx)
{
    struct json_writer w;
    jw_init(&w, &out);
    jw_array_end(&w);
}

static void unbalanced_nesting_is_a_mistake_of_the_caller(void **state)
{
    assert_true(unit_aborts(leave_open, NULL));
    assert_true(unit_aborts(close_too_much, NULL));
}

static void a_time_that_never_was_is_null(void **state)
{
    struct json_writer w;
    jw_init(&w, &out);
    jw_object(&w);
    jw_put_wall_or_null(&w, STR("never"), 0);
    jw_put_wall_or_null(&w, STR("once"), 1500 * NS_PER_MS);
    jw_object_end(&w);
    jw_end(&w);
    assert_str(buf_str(&out), "{\"never\":null,\"once\":\"1970-01-01T00:00:01.500Z\"}");
}

/* Of every length, and all that four digits can be. */
static void integers_are_what_the_c_library_writes(void **state)
{
    struct rng r;
    struct json_writer w;
    rng_seeded_init(&r, 11);
    for (int i = 0; i < 300000; i++) {
        char want[64];
        uint64_t four = (uint64_t)i, n = rng_below(&r, UINT64_MAX) >> rng_below(&r, 64);
        if (i < 10000)
            n = four * 10000 + 9999 - four;
        snprintf(want, sizeof want, "[%llu,%lld]", (unsigned long long)n, -(long long)(n >> 1));
        buf_reset(&out);
        jw_init(&w, &out);
        jw_array(&w);
        jw_u64(&w, n);
        jw_i64(&w, -(int64_t)(n >> 1));
        jw_array_end(&w);
        jw_end(&w);
        assert_str(buf_str(&out), want);
    }
}

/* Into bufs of each size, from far too small to ample: as each by itself. */
static void integers_in_a_row_are_written_as_each_is(void **state)
{
    static const int64_t numbers[] = {INT64_MIN, 7, 0, INT64_MIN, -1, 1234567890, INT64_MIN};
    enum { N = sizeof numbers / sizeof numbers[0] };
    for (size_t most = 1; most < 220; most++) {
        struct buf row, each;
        struct json_writer w;
        buf_init(&row, most);
        jw_init(&w, &row);
        jw_array(&w);
        jw_i64s(&w, numbers, 0);
        jw_i64s(&w, numbers, N - 1);
        jw_i64s(&w, numbers + N - 1, 1);
        jw_array_end(&w);
        jw_end(&w);
        buf_init(&each, most);
        jw_init(&w, &each);
        jw_array(&w);
        for (size_t i = 0; i < N; i++)
            jw_i64(&w, numbers[i]);
        jw_array_end(&w);
        assert_int_equal(buf_ok(&row), buf_ok(&each));
        assert_true(buf_ok(&row) < 0 || str_eq(buf_str(&row), buf_str(&each)));
        buf_deinit(&row);
        buf_deinit(&each);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(commas_stand_between_values_only),
        T(a_time_that_never_was_is_null),
        T(integers_at_their_edges),
        T(integers_of_every_length),
        T(integers_are_what_the_c_library_writes),
        T(integers_in_a_row_are_written_as_each_is),
        T(names_in_the_source_are_written_as_others_are),
        T(escapes_are_the_shortest),
        T(bytes_that_are_no_utf8_are_replaced_one_by_one),
        T(every_byte_at_every_place_is_read_back),
        T(texts_grow_the_buf_where_it_ends),
        T(random_bytes_are_always_json),
        T(a_full_buf_is_noticed_at_the_end),
        T(a_value_that_was_read_is_written_without_spaces),
        T(unbalanced_nesting_is_a_mistake_of_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
