/* codec/json_walk: sees in text of ours what the strict reader sees, and stays inside whatever else it is given. */
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "codec/json_read.h"
#include "codec/json_walk.h"

#include <string.h>

static struct arena arena;

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

/* Both ways of reading give the same members, all the way down. */
static void assert_same(struct str raw, struct json v)
{
    struct json_walk w;
    struct str key, value, name, a, b;
    struct json child;
    int64_t i, k;
    bool x, y;
    int n_passed = 0;
    if (!json_walk(&w, raw)) {
        assert_int_equal(json_raw_str(&arena, raw, &a), json_str(v, &b));
        assert_true(json_type(v) != JSON_STR || str_eq(a, b));
        assert_int_equal(json_raw_i64(raw, &i), json_i64(v, &k));
        assert_true(!json_i64(v, &k) || i == k);
        assert_int_equal(json_raw_bool(raw, &x), json_bool(v, &y));
        assert_true(json_type(v) != JSON_BOOL || x == y);
        return;
    }
    assert_int_equal(w.close, json_type(v) == JSON_OBJECT ? '}' : ']');
    for (struct json_iter it = json_each(v); json_next(&it, &name, &child);) {
        assert_int_equal(json_walk_next(&w, &key, &value), 1);
        assert_true(str_eq(key, name));
        assert_same(value, child);
        struct json_walk inner;
        if (json_walk(&inner, value) && (n_passed++ & 1)) { /* passing what was walked, or walking on: the same */
            while (json_walk_next(&inner, &key, &value) > 0)
                ;
            json_walk_after(&w, &inner);
        }
    }
    assert_int_equal(json_walk_next(&w, &key, &value), 0);
    assert_int_equal(json_walk_next(&w, &key, &value), 0);
}

static const char *const TEXTS[] = {
    "{}",
    "[]",
    "{\"a\":1,\"b\":\"x\",\"c\":[1,-2,[],{\"d\":true}],\"e\":{\"f\":false,\"g\":null},\"h\":1.5}",
    " { \"a\" : [ 1 , 2 ] , \"b\" : \"]\" }\n",
    "[\"quote \\\" inside\",\"ends in \\\\\",\"\\u00e9\\ud83d\\ude00\",\"{[\",\"\",\"plain\"]",
    "{\"nested\":{\"a\":\"x\\\\\\\"}{\",\"b\":[\"\\\\\",{\"c\":\"]\\\"\"}],\"d\":\",\"},\"after\":\"\\\\\"}",
    "{\"money\":{\"usd\":\"0.004750000\",\"how\":\"parsed\"},\"n\":9223372036854775807,\"m\":-9223372036854775808}",
};

static void a_walk_sees_what_the_strict_reader_sees(void **state)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct json v;
        assert_int_equal(json_parse(&arena, str_c(TEXTS[i]), 64, &v), 0);
        assert_same(str_c(TEXTS[i]), v);
    }
}

static const char XS[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/* Marks are looked for 64 bytes at a time: each text at each place in and across such blocks. */
static void a_walk_is_the_same_wherever_it_begins(void **state)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        for (size_t n = 0; n < 140; n++) {
            char *text = malloc(n + strlen(TEXTS[i]) + 6);
            struct json v;
            assert_non_null(text);
            int bytes = sprintf(text, "[\"%.*s\",%s]", (int)n, XS, TEXTS[i]);
            arena_reset(&arena);
            assert_int_equal(json_parse(&arena, (struct str){text, (size_t)bytes}, 64, &v), 0);
            assert_same((struct str){text, (size_t)bytes}, v);
            free(text);
        }
}

/* As a reader goes that knows what comes: by the next name where one stands as we write it, else step by step. */
static void assert_taken(struct json_walk *w, struct json v)
{
    struct str key, value, name, ahead, a, b;
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, &name, &child);) {
        struct json_walk inner;
        ahead = json_walk_peek(w);
        assert_true(str_eq(json_walk_peek(w), ahead)); /* looking changes nothing */
        bool is_there = str_starts(ahead, name) && str_starts(str_sub(ahead, name.n, 2), STR("\":"));
        int r = is_there ? json_walk_take(w, ahead.p + name.n + 2, &value) : json_walk_next(w, &key, &value);
        assert_int_equal(r, 1);
        assert_int_equal(json_walk_str(&arena, w, value, &a), json_str(child, &b));
        assert_true(json_type(child) != JSON_STR || str_eq(a, b));
        assert_int_equal(json_walk_in(&inner, w), json_type(child) == JSON_OBJECT || json_type(child) == JSON_ARRAY);
        if (!w->inner)
            continue;
        assert_taken(&inner, child);
        json_walk_after(w, &inner);
    }
    assert_int_equal(json_walk_peek(w).n, 0);
    assert_int_equal(json_walk_next(w, &key, &value), 0);
}

static void a_walk_by_names_that_are_known_sees_the_same(void **state)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        for (size_t n = 0; n < 140; n++) {
            char *text = malloc(n + strlen(TEXTS[i]) + 16);
            struct json_walk w;
            struct json v;
            assert_non_null(text);
            int bytes = sprintf(text, "{\"s\":\"%.*s\",\"v\":%s}", (int)n, XS, TEXTS[i]);
            arena_reset(&arena);
            assert_int_equal(json_parse(&arena, (struct str){text, (size_t)bytes}, 64, &v), 0);
            assert_true(json_walk(&w, (struct str){text, (size_t)bytes}));
            assert_taken(&w, v);
            free(text);
        }
}

static void a_name_stands_ahead_only_as_we_write_it(void **state)
{
    static const char *const not[] = {"{}", "{", "{ \"a\":1}", "{,\"a\":1}", "{1", "[1]"};
    struct json_walk w;
    for (size_t i = 0; i < sizeof not / sizeof not[0]; i++) {
        assert_true(json_walk(&w, str_c(not[i])));
        assert_int_equal(json_walk_peek(&w).n, 0);
    }
}

static void what_is_no_container_is_not_walked(void **state)
{
    static const char *const plain[] = {"", " ", "1", "\"{}\"", "true", "}"};
    struct json_walk w;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_false(json_walk(&w, str_c(plain[i])));
}

/* To the end of the walk; how it ended. */
static int walk_all(struct str s)
{
    struct json_walk w;
    struct str key, value;
    int r = json_walk(&w, s) ? 1 : 0;
    while (r > 0 && (r = json_walk_next(&w, &key, &value)) > 0) {
        assert_true(value.p >= s.p && value.p + value.n <= s.p + s.n && value.n > 0);
        assert_true(key.n == 0 || (key.p > s.p && key.p + key.n < s.p + s.n));
        (void)walk_all(value);
    }
    return r;
}

static void what_does_not_end_as_it_begins_is_invalid(void **state)
{
    static const char *const bad[] = {"{",     "[",     "{\"a\"",  "{\"a\":",  "{\"a\":1",  "{\"a\":1,",
                                      "[1,2",  "[\"x",  "[\"x\\\"]", "{\"a\" 1}", "{a:1}",    "[[1]",
                                      "{\"a\":[}", "[1 2]", "[1|2]",  "[\"a\"1]", "{\"a\":}",  "[,1]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (walk_all(str_c(bad[i])) != -ERR_INVALID)
            fail_msg("%s", bad[i]);
}

static void damaged_text_stays_inside_its_bounds(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 3);
    for (int i = 0; i < 30000; i++) { /* sanitizers watch */
        const char *text = TEXTS[rng_below(&r, sizeof TEXTS / sizeof TEXTS[0])];
        size_t n = rng_below(&r, strlen(text) + 1);
        char *copy = malloc(n + 1);
        memcpy(copy, text, n);
        if (n)
            copy[rng_below(&r, n)] = "{}[]\",:\\ 1x"[rng_below(&r, 11)];
        (void)walk_all((struct str){copy, n});
        free(copy);
    }
}

static void numbers_are_read_in_one_look(void **state)
{
    static const struct {
        const char *text;
        int n;    /* integers before the end, */
        int last; /* and what is said behind them */
    } OF[] = {
        {"[]", 0, 0},
        {"[0]", 1, 0},
        {"[1,-22, 333 ]", 3, 0},
        {"[1,2", 2, -ERR_INVALID},
        {"[1,]", 1, -ERR_INVALID},
        {"[1 2]", 1, -ERR_INVALID},
        {"[\"1\"]", 0, -ERR_INVALID},
        {"[1.5]", 0, -ERR_INVALID},
        {"[1e3]", 0, -ERR_INVALID},
        {"[01]", 0, -ERR_INVALID},
        {"[null]", 0, -ERR_INVALID},
        {"[[1]]", 0, -ERR_INVALID},
        {"[9223372036854775807,9223372036854775808]", 1, -ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof OF / sizeof OF[0]; i++) {
        struct json_walk w;
        int64_t n;
        int r, n_read = 0;
        assert_true(json_walk(&w, str_c(OF[i].text)));
        while ((r = json_walk_i64(&w, &n)) > 0)
            n_read++;
        if (n_read != OF[i].n || r != OF[i].last)
            fail_msg("%s: %d integers, then %d", OF[i].text, n_read, r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_in_one_look),
        cmocka_unit_test(a_walk_sees_what_the_strict_reader_sees),
        cmocka_unit_test(a_walk_is_the_same_wherever_it_begins),
        cmocka_unit_test(a_walk_by_names_that_are_known_sees_the_same),
        cmocka_unit_test(a_name_stands_ahead_only_as_we_write_it),
        cmocka_unit_test(what_is_no_container_is_not_walked),
        cmocka_unit_test(what_does_not_end_as_it_begins_is_invalid),
        cmocka_unit_test(damaged_text_stays_inside_its_bounds),
    };
    return cmocka_run_group_tests_name("codec/json_walk", tests, set_up, tear_down);
}
