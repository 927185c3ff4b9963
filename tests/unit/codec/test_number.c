/* codec/number: the grammar of RFC 8259, and int64 at its edges. */
#include "codec/number_impl.h"

#include "unit.h"

static void kinds_follow_the_grammar(void **state)
{
    static const struct {
        const char *text;
        enum number_kind kind;
    } cases[] = {
        {"0", NUMBER_INTEGER},      {"-0", NUMBER_INTEGER},    {"10", NUMBER_INTEGER},      {"-987", NUMBER_INTEGER},
        {"0.0", NUMBER_DECIMAL},    {"12.50", NUMBER_DECIMAL}, {"-0.01", NUMBER_DECIMAL},   {"1e3", NUMBER_EXPONENT},
        {"1E+3", NUMBER_EXPONENT},  {"1e-3", NUMBER_EXPONENT}, {"1.5e3", NUMBER_EXPONENT},  {"0e0", NUMBER_EXPONENT},
        {"", NUMBER_NOT},           {"-", NUMBER_NOT},         {"+1", NUMBER_NOT},          {"01", NUMBER_NOT},
        {"-01", NUMBER_NOT},        {"00", NUMBER_NOT},        {"1.", NUMBER_NOT},          {".5", NUMBER_NOT},
        {"1e", NUMBER_NOT},         {"1e+", NUMBER_NOT},       {"1.e3", NUMBER_NOT},        {"1 ", NUMBER_NOT},
        {" 1", NUMBER_NOT},         {"1_000", NUMBER_NOT},     {"0x10", NUMBER_NOT},        {"1.2.3", NUMBER_NOT},
        {"Infinity", NUMBER_NOT},   {"1e5.0", NUMBER_NOT},     {"\xd9\xa1", NUMBER_NOT},    {"1\n", NUMBER_NOT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (number_kind(str_c(cases[i].text)) != cases[i].kind)
            fail_msg("%s", cases[i].text);
}

static void integers_fit_int64_or_are_none(void **state)
{
    int64_t n = 7;
    assert_true(number_i64(STR("0"), &n));
    assert_int_equal(n, 0);
    assert_true(number_i64(STR("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_true(number_i64(STR("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    n = 7;
    assert_false(number_i64(STR("9223372036854775808"), &n));
    assert_false(number_i64(STR("-9223372036854775809"), &n));
    assert_false(number_i64(STR("9999999999999999999"), &n)); /* as long as the longest */
    assert_false(number_i64(STR("-9999999999999999999"), &n));
    assert_false(number_i64(STR("18446744073709551617"), &n)); /* 1, where 64 bits wrap */
    assert_false(number_i64(STR("99999999999999999999999"), &n));
    assert_false(number_i64(STR("-0"), &n));
    assert_false(number_i64(STR("1.0"), &n));
    assert_false(number_i64(STR("1e3"), &n));
    assert_false(number_i64(STR(""), &n));
    assert_int_equal(n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_follow_the_grammar),
        cmocka_unit_test(integers_fit_int64_or_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
