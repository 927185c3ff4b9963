/* codec/json_read: values, paths, bounds, twins. What is JSON at all is in test_json_suite.c. */
#include "codec/json_read.h"

#include "base/err.h"
#include "unit.h"

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, 4 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static struct json parse(const char *text)
{
    struct json root = JSON_ABSENT;
    assert_int_equal(json_parse(&arena, str_c(text), 64, &root), 0);
    return root;
}

static void values_keep_their_type(void **state)
{
    struct json v = parse("{\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"d\":12.50,\"s\":\"x\",\"a\":[1],\"o\":{}}");
    struct str s = STR_NONE;
    int64_t i = 0;
    bool b = false;
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_int_equal(json_len(v), 8);
    assert_int_equal(json_type(json_get(v, STR("n"))), JSON_NULL);
    assert_true(json_bool(json_get(v, STR("t")), &b) && b);
    assert_true(json_bool(json_get(v, STR("f")), &b) && !b);
    assert_true(json_i64(json_get(v, STR("i")), &i));
    assert_int_equal(i, -12);
    assert_true(json_number_text(json_get(v, STR("d")), &s));
    assert_str(s, "12.50");
    assert_true(json_str(json_get(v, STR("s")), &s));
    assert_str(s, "x");
    assert_int_equal(json_type(json_get(v, STR("a"))), JSON_ARRAY);
    assert_int_equal(json_type(json_get(v, STR("o"))), JSON_OBJECT);
    assert_int_equal(json_type(json_get(v, STR("gone"))), JSON_NONE);
    assert_string_equal(json_type_name(JSON_OBJECT), "an object");
    assert_string_equal(json_type_name(JSON_NONE), "nothing");
}

static void the_wrong_type_is_never_converted(void **state)
{
    struct json v = parse("{\"s\":\"1\",\"n\":1,\"z\":null,\"b\":true}");
    struct str s = STR("kept");
    int64_t i = 42;
    bool b = true;
    assert_false(json_i64(json_get(v, STR("s")), &i));
    assert_false(json_i64(json_get(v, STR("b")), &i));
    assert_false(json_i64(json_get(v, STR("z")), &i));
    assert_false(json_i64(JSON_ABSENT, &i));
    assert_false(json_str(json_get(v, STR("n")), &s));
    assert_false(json_str(json_get(v, STR("z")), &s));
    assert_false(json_number_text(json_get(v, STR("s")), &s));
    assert_false(json_bool(json_get(v, STR("n")), &b));
    assert_false(json_bool(JSON_ABSENT, &b));
    assert_str(s, "kept");
    assert_int_equal(i, 42);
    assert_true(b);
}

static void integers_are_exact_or_none(void **state)
{
    struct json v = parse("[0,9223372036854775807,-9223372036854775808,9007199254740993,"
                          "9223372036854775808,-9223372036854775809,1.0,1e3,-0,123456789012345678901234567890]");
    int64_t i = 0;
    assert_true(json_i64(json_at(v, 0), &i) && i == 0);
    assert_true(json_i64(json_at(v, 1), &i) && i == INT64_MAX);
    assert_true(json_i64(json_at(v, 2), &i) && i == INT64_MIN);
    assert_true(json_i64(json_at(v, 3), &i) && i == 9007199254740993);
    for (size_t k = 4; k < 10; k++)
        assert_false(json_i64(json_at(v, k), &i));
    struct str s;
    assert_true(json_number_text(json_at(v, 9), &s));
    assert_str(s, "123456789012345678901234567890");
    assert_true(json_number_text(json_at(v, 8), &s));
    assert_str(s, "-0");
}

static void strings_are_unescaped_once(void **state)
{
    struct json v = parse("[\"a\\u0041\\n\\\\n\\/\\ud83d\\ude00\\u0000b\"]");
    struct str s;
    assert_true(json_str(json_at(v, 0), &s));
    assert_true(str_eq(s, STR("aA\n\\n/\xf0\x9f\x98\x80\0b")));
}

static void text_may_go_away_after_the_parse(void **state)
{
    char text[] = "{\"key\":\"value\",\"n\":17.25}";
    struct json root;
    assert_int_equal(json_parse(&arena, str_c(text), 64, &root), 0);
    memset(text, 'x', sizeof text);
    struct str s;
    assert_true(json_str(json_get(root, STR("key")), &s));
    assert_str(s, "value");
    assert_true(json_number_text(json_get(root, STR("n")), &s));
    assert_str(s, "17.25");
}

static void members_come_in_document_order(void **state)
{
    struct json v = parse("{\"z\":1,\"a\":[2,{\"x\":[]},\"q\"],\"m\":{\"k\":{}},\"b\":4}"), child;
    struct str key;
    char seen[32] = "";
    for (struct json_iter it = json_each(v); json_next(&it, &key, &child);) {
        strncat(seen, key.p, key.n);
        strcat(seen, json_type(child) == JSON_NUMBER ? "n" : json_type(child) == JSON_ARRAY ? "a" : "o");
    }
    assert_string_equal(seen, "znaamobn");

    size_t n = 0;
    key = STR("kept?");
    for (struct json_iter it = json_each(json_get(v, STR("a"))); json_next(&it, &key, &child); n++)
        assert_null(key.p);
    assert_int_equal(n, 3);
    struct json_iter none = json_each(JSON_ABSENT);
    assert_false(json_next(&none, &key, &child));
    none = json_each(parse("\"text\""));
    assert_false(json_next(&none, &key, &child));
    none = json_each(parse("[]"));
    assert_false(json_next(&none, NULL, &child));
}

static void paths_reach_into_documents(void **state)
{
    struct json v = parse("{\"a\":{\"b\":[{\"c\":7},[8,9]]},\"\":1,\"n\":null}");
    int64_t i = 0;
    assert_true(json_i64(json_path(v, STR("a.b[0].c")), &i) && i == 7);
    assert_true(json_i64(json_path(v, STR("a.b[1][1]")), &i) && i == 9);
    assert_true(json_i64(json_path(json_path(v, STR("a.b")), STR("[1][0]")), &i) && i == 8);
    assert_int_equal(json_type(json_path(v, STR(""))), JSON_OBJECT);
    assert_int_equal(json_type(json_path(v, STR("n"))), JSON_NULL);

    static const char *const none[] = {"x", "a.x", "a.b[2]", "a.b[0].c.d", "n.x", "a.b[-1]", "a.b[00]", "a.b[x]",
                                       "a.b[0", "a.b[]", "a.", ".a", "a..b", "a.b[0]c", "a[0]", "[0]",
                                       "a.b[99999999999999999999]"};
    for (size_t k = 0; k < sizeof none / sizeof *none; k++)
        if (json_type(json_path(v, str_c(none[k]))) != JSON_NONE)
            fail_msg("%s", none[k]);
}

static void getters_take_any_value(void **state)
{
    struct json v = parse("[1,2]");
    assert_int_equal(json_type(json_get(v, STR("a"))), JSON_NONE);
    assert_int_equal(json_type(json_get(v, STR_NONE)), JSON_NONE);
    assert_int_equal(json_type(json_at(v, 2)), JSON_NONE);
    assert_int_equal(json_type(json_at(parse("{\"a\":1}"), 0)), JSON_NONE);
    assert_int_equal(json_type(json_at(JSON_ABSENT, 0)), JSON_NONE);
    assert_int_equal(json_len(parse("\"abc\"")), 0);
    assert_int_equal(json_len(JSON_ABSENT), 0);
}

static void keys_with_nul_are_told_apart(void **state)
{
    struct json v = parse("{\"a\\u0000b\":1,\"a\":2}");
    int64_t i = 0;
    assert_true(json_i64(json_get(v, STR("a\0b")), &i) && i == 1);
    assert_true(json_i64(json_get(v, STR("a")), &i) && i == 2);
}

static void twins_are_refused_however_they_are_written(void **state)
{
    static const char *const twins[] = {
        "{\"a\":1,\"a\":1}",
        "{\"amount\":1,\"am\\u006funt\":100}",
        "{\"a\":{\"b\":[{\"c\":1,\"d\":2,\"c\":3}]}}",
        "[{\"\":1,\"\":2}]",
        "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"3\":0}",
        "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
    };
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        struct json root = JSON_ABSENT;
        struct input_fault fault = {0};
        if (json_parse_fault(&arena, str_c(twins[i]), 64, &root, &fault) != -ERR_AMBIGUOUS)
            fail_msg("%s", twins[i]);
        assert_null(root.v);
        assert_string_equal(fault.text, "a key stands twice in one object");
    }
    parse("{\"a\":{\"a\":{\"a\":1}},\"A\":2,\"a \":3}"); /* the same key on other levels, and near twins, are fine */
    parse("{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"10\":0}");
}

static void many_keys_are_checked_in_reasonable_time(void **state)
{
    char *text = malloc(100000 * 12 + 100), *p = text;
    *p++ = '{';
    for (int i = 0; i < 100000; i++)
        p += sprintf(p, "\"k%d\":%d,", i, i % 10);
    strcpy(p, "\"k77777\":1}");
    struct arena big;
    struct json root;
    arena_init(&big, 64 << 20);
    assert_int_equal(json_parse(&big, str_c(text), 64, &root), -ERR_AMBIGUOUS);
    strcpy(p, "\"k\":1}");
    assert_int_equal(json_parse(&big, str_c(text), 64, &root), 0);
    assert_int_equal(json_len(root), 100001);
    arena_deinit(&big);
    free(text);
}

static void depth_has_a_limit(void **state)
{
    struct json root;
    assert_int_equal(json_parse(&arena, STR("[[[[1]]]]"), 4, &root), 0);
    assert_int_equal(json_parse(&arena, STR("[[[[[1]]]]]"), 4, &root), -ERR_TOO_LARGE);
    assert_int_equal(json_parse(&arena, STR("[[[{\"a\":{}}]]]"), 4, &root), -ERR_TOO_LARGE);
    assert_int_equal(json_parse(&arena, STR("1"), 0, &root), 0);
    assert_int_equal(json_parse(&arena, STR("[]"), 0, &root), -ERR_TOO_LARGE);

    size_t n = 100000;
    char *deep = malloc(2 * n);
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    assert_int_equal(json_parse(&arena, (struct str){deep, 2 * n}, 64, &root), -ERR_TOO_LARGE);
    free(deep);
}

static void memory_has_a_limit(void **state)
{
    struct arena small;
    struct json root = JSON_ABSENT;
    char text[20001];
    memset(text, 0, sizeof text);
    text[0] = '[';
    for (int i = 1; i < 19999; i += 2)
        memcpy(text + i, "1,", 2);
    memcpy(text + 19997, "1]", 3);
    arena_init(&small, 1000);
    assert_int_equal(json_parse(&small, str_c(text), 64, &root), -ERR_TOO_LARGE);
    assert_null(root.v);
    arena_deinit(&small);
    arena_init(&small, 30 * 20000);
    assert_int_equal(json_parse(&small, str_c(text), 64, &root), 0);
    arena_deinit(&small);
}

static void faults_say_where(void **state)
{
    struct json root;
    struct input_fault fault = {0};
    assert_int_equal(json_parse_fault(&arena, STR("{\"a\": tru}"), 64, &root, &fault), -ERR_INVALID);
    assert_int_equal(fault.at, 6);
    assert_non_null(fault.text);
    assert_int_equal(json_parse_fault(&arena, STR(""), 64, &root, &fault), -ERR_INVALID);
    assert_string_equal(fault.text, "the document is empty");
}

static void what_is_absent_or_of_another_type_is_empty_or_zero(void **state)
{
    struct json v = parse("{\"i\":-12,\"s\":\"x\",\"d\":1.5}");
    assert_str(json_text_of(json_get(v, STR("s"))), "x");
    assert_int_equal(json_text_of(json_get(v, STR("i"))).n, 0);
    assert_int_equal(json_text_of(json_get(v, STR("gone"))).n, 0);
    assert_int_equal(json_i64_of(json_get(v, STR("i"))), -12);
    assert_int_equal(json_i64_of(json_get(v, STR("d"))), 0);
    assert_int_equal(json_i64_of(json_get(v, STR("s"))), 0);
    assert_int_equal(json_i64_of(JSON_ABSENT), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(values_keep_their_type),
        T(what_is_absent_or_of_another_type_is_empty_or_zero),
        T(the_wrong_type_is_never_converted),
        T(integers_are_exact_or_none),
        T(strings_are_unescaped_once),
        T(text_may_go_away_after_the_parse),
        T(members_come_in_document_order),
        T(paths_reach_into_documents),
        T(getters_take_any_value),
        T(keys_with_nul_are_told_apart),
        T(twins_are_refused_however_they_are_written),
        T(many_keys_are_checked_in_reasonable_time),
        T(depth_has_a_limit),
        T(memory_has_a_limit),
        T(faults_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
