/* codec/json_canon: the examples of RFC 8785 and what stands at their edges. */
#include "codec/json_canon.h"

#include "base/err.h"
#include "unit.h"

static struct arena arena;
static struct buf out;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    buf_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    buf_deinit(&out);
    return 0;
}

static void canon(const char *text, const char *want)
{
    struct json root;
    buf_reset(&out);
    assert_int_equal(json_parse(&arena, str_c(text), 64, &root), 0);
    assert_int_equal(json_canon(&arena, root, &out), 0);
    assert_str(buf_str(&out), want);
}

/* RFC 8785, 3.2.2 and 3.2.4. */
static void example_of_the_rfc(void **state)
{
    canon("{\n"
          "  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
          "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
          "  \"literals\": [null, true, false]\n"
          "}",
          "{\"literals\":[null,true,false],"
          "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
          "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* RFC 8785, 3.2.3: U+1F600 (surrogates in UTF-16) stands before U+FB33. */
static void keys_are_sorted_by_utf16(void **state)
{
    canon("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
          "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
          "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
          "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
          "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
          "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    assert_true(json_canon_cmp(STR(""), STR("a")) < 0);
    assert_true(json_canon_cmp(STR("a"), STR("aa")) < 0);
    assert_true(json_canon_cmp(STR("b"), STR("aa")) > 0);
    assert_int_equal(json_canon_cmp(STR("a\xf0\x9f\x98\x80"), STR("a\xf0\x9f\x98\x80")), 0);
    assert_true(json_canon_cmp(STR("\xed\x9f\xbf"), STR("\xf0\x90\x80\x80")) < 0); /* U+D7FF */
    assert_true(json_canon_cmp(STR("\xee\x80\x80"), STR("\xf0\x90\x80\x80")) > 0); /* U+E000 */
    assert_true(json_canon_cmp(STR("\xee\x80\x80"), STR("\xef\xbf\xbf")) < 0);
}

static void space_goes_and_order_of_arrays_stays(void **state)
{
    canon(" [ 3 , { \"b\" : { } , \"a\" : [ ] } , 1 ] ", "[3,{\"a\":[],\"b\":{}},1]");
    canon("\"x\"", "\"x\"");
    canon("-0", "0");
}

/* RFC 8785, appendix B, written as decimals; and the edges of ECMAScript's layout. */
static void numbers_are_written_as_ecmascript_does(void **state)
{
    static const char *const cases[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"-0.0", "0"},
        {"0e5", "0"},
        {"5e-324", "5e-324"},
        {"-5e-324", "-5e-324"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"9007199254740992", "9007199254740992"},
        {"-9007199254740992", "-9007199254740992"},
        {"295147905179352830000.0", "295147905179352830000"},
        {"295147905179352830000", "295147905179352830000"},
        {"100000000000000000000", "100000000000000000000"},
        {"9007199254740994", "9007199254740994"},
        {"9223372036854776000", "9223372036854776000"},
        {"9.999999999999997e22", "9.999999999999997e+22"},
        {"1e23", "1e+23"},
        {"1.0000000000000001e23", "1.0000000000000001e+23"},
        {"999999999999999700000.0", "999999999999999700000"},
        {"999999999999999900000.0", "999999999999999900000"},
        {"1e21", "1e+21"},
        {"1e20", "100000000000000000000"},
        {"9.999999999999997e-7", "9.999999999999997e-7"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"333333333.33333325", "333333333.33333325"},
        {"333333333.3333334", "333333333.3333334"},
        {"-0.0000033333333333333333", "-0.0000033333333333333333"},
        {"1424953923781206.25", "1424953923781206.2"},
        {"5.684341886080802e-14", "5.684341886080802e-14"}, /* 2^-44: shorter digits exist below than above */
        {"12.50", "12.5"},
        {"100.0", "100"},
        {"1.0", "1"},
        {"10.5e1", "105"},
        {"123456.789", "123456.789"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&out);
        if (json_canon_number(str_c(cases[i][0]), &out) != 0)
            fail_msg("%s", cases[i][0]);
        assert_str(buf_str(&out), cases[i][1]);
    }
}

static void numbers_that_would_be_rounded_away_are_refused(void **state)
{
    static const char *const refused[] = {"9007199254740993", "-9007199254740993", "1e309",
                                          "-1e400", "1e-400", "100000000000000000001",
                                          "9223372036854775807", "9223372036854775808", "295147905179352825856"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (json_canon_number(str_c(refused[i]), &out) != -ERR_OVERFLOW)
            fail_msg("%s", refused[i]);
    char longest[600];
    memset(longest, '1', sizeof longest);
    longest[1] = '.';
    assert_int_equal(json_canon_number((struct str){longest, 501}, &out), -ERR_OVERFLOW);
    assert_int_equal(json_canon_number((struct str){longest, 500}, &out), 0);
    assert_int_equal(json_canon_number(STR("01"), &out), -ERR_INVALID);
    assert_int_equal(json_canon_number(STR("x"), &out), -ERR_INVALID);
}

static void canonical_text_is_its_own_canon(void **state)
{
    static const char *const texts[] = {
        "[333333333.3333333,1e+30,4.5,0.002,1e-27]",
        "[100000000000000000000,-295147905179352830000]",
        "{\"\\r\":1,\"1\":\"\\u001f\x7f\",\"\xf0\x9f\x98\x80\":[],\"\xef\xac\xb3\":{}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        canon(texts[i], texts[i]);
}

static void limits_are_reported(void **state)
{
    struct json root;
    struct buf small;
    struct arena tiny;
    assert_int_equal(json_parse(&arena, STR("{\"a\":[1,2,3]}"), 64, &root), 0);
    buf_init(&small, 12);
    assert_int_equal(json_canon(&arena, root, &small), -ERR_TOO_LARGE);
    buf_deinit(&small);
    arena_init(&tiny, 8);
    assert_int_equal(json_canon(&tiny, root, &out), -ERR_TOO_LARGE);
    arena_deinit(&tiny);
    assert_int_equal(json_canon(&arena, JSON_ABSENT, &out), -ERR_INVALID);
    assert_int_equal(json_parse(&arena, STR("[1,[1e999]]"), 64, &root), 0);
    assert_int_equal(json_canon(&arena, root, &out), -ERR_OVERFLOW);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(example_of_the_rfc),
        T(keys_are_sorted_by_utf16),
        T(space_goes_and_order_of_arrays_stays),
        T(numbers_are_written_as_ecmascript_does),
        T(numbers_that_would_be_rounded_away_are_refused),
        T(canonical_text_is_its_own_canon),
        T(limits_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
