/* codec/number: the grammar of RFC 8259, and int64 at its edges. */
#include "codec/number_impl.h"

#include "unit.h"

#include "base/rand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0, or ERANGE: too much for an int64. */
static int errno_of(const char *text, size_t n)
{
    char whole[32];
    memcpy(whole, text, n);
    whole[n] = 0;
    errno = 0;
    (void)strtoll(whole, NULL, 10);
    return errno;
}

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

/* Of every length, and with every byte at every place that is no digit: as strtoll and the grammar have it. */
static void integers_are_what_the_c_library_reads(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 7);
    for (int i = 0; i < 200000; i++) {
        char text[32];
        int64_t n, want = (int64_t)(rng_below(&r, UINT64_MAX) >> rng_below(&r, 64));
        want = rng_below(&r, 2) ? want : -want;
        struct str s = {text, (size_t)snprintf(text, sizeof text, "%lld", (long long)want)};
        assert_true(number_i64(s, &n));
        assert_true(n == want);
        text[rng_below(&r, s.n)] = (char)rng_below(&r, 256);
        bool is_one = number_i64(s, &n);
        assert_true(is_one == (number_kind(s) == NUMBER_INTEGER && !str_eq(s, STR("-0")) && errno_of(text, s.n) == 0));
        assert_true(!is_one || n == strtoll(text, NULL, 10));
    }
}

static void what_stands_behind_an_integer_is_left(void **state)
{
    static const char text[] = "1234567890123,-5]";
    int64_t n = 0;
    assert_int_equal(number_i64_ahead(text, text + 17, &n), 13);
    assert_true(n == 1234567890123);
    assert_int_equal(number_i64_ahead(text + 14, text + 17, &n), 2);
    assert_int_equal(n, -5);
    assert_int_equal(number_i64_ahead(text + 13, text + 17, &n), 0);
    assert_int_equal(number_i64_ahead(text, text, &n), 0);
    assert_int_equal(number_i64_ahead(text, text + 9, &n), 9); /* and nothing is looked at behind the end */
    assert_int_equal(n, 123456789);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_follow_the_grammar),
        cmocka_unit_test(integers_fit_int64_or_are_none),
        cmocka_unit_test(integers_are_what_the_c_library_reads),
        cmocka_unit_test(what_stands_behind_an_integer_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
