/* base/money: every edge of reading, writing and adding. */
#include "base/money.h"

#include "base/err.h"
#include "unit.h"

static money_t parsed(const char *text)
{
    money_t m = -1;
    assert_int_equal(money_parse(str_c(text), &m), 0);
    return m;
}

static void decimals_become_nano_usd(void **state)
{
    assert_int_equal(parsed("0"), 0);
    assert_int_equal(parsed("1"), MONEY_PER_USD);
    assert_int_equal(parsed("0.00475"), 4750000);
    assert_int_equal(parsed("0.000000001"), 1);
    assert_int_equal(parsed("12.5"), 12500000000LL);
    assert_int_equal(parsed("007.10"), 7100000000LL);
    assert_true(parsed("9223372036.854775807") == MONEY_MAX);
    assert_true(parsed("000000000000000000000001") == MONEY_PER_USD);
}

static void anything_but_plain_decimals_is_refused(void **state)
{
    static const char *const bad[] = {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "1 ", "1.2.3", "0x10",
                                      "1.0000000000", "NaN", "inf", "1_000", "1.-5", "\xd9\xa1"};
    money_t m = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(money_parse(str_c(bad[i]), &m), -ERR_INVALID);
    assert_int_equal(money_parse(STR("1\0"), &m), -ERR_INVALID);
    assert_int_equal(money_parse(STR_NONE, &m), -ERR_INVALID);
    assert_int_equal(m, 42);
}

static void one_nano_too_much_overflows(void **state)
{
    money_t m = 42;
    assert_int_equal(money_parse(STR("9223372036.854775808"), &m), -ERR_OVERFLOW);
    assert_int_equal(money_parse(STR("9223372037"), &m), -ERR_OVERFLOW);
    assert_int_equal(money_parse(STR("99999999999999999999999"), &m), -ERR_OVERFLOW);
    assert_int_equal(m, 42);
}

static void text_has_nine_decimals(void **state)
{
    char out[MONEY_TEXT_BYTES];
    assert_str(money_text(4750000, out), "0.004750000");
    assert_str(money_text(0, out), "0.000000000");
    assert_str(money_text(-1, out), "-0.000000001");
    assert_str(money_text(MONEY_MAX, out), "9223372036.854775807");
    assert_str(money_text(INT64_MIN, out), "-9223372036.854775808");
}

static void short_text_has_two_decimals_at_least(void **state)
{
    char out[MONEY_TEXT_BYTES];
    assert_str(money_text_short(12500000000LL, out), "12.50");
    assert_string_equal(out, "12.50");
    assert_str(money_text_short(4750000, out), "0.00475");
    assert_str(money_text_short(0, out), "0.00");
    assert_str(money_text_short(1, out), "0.000000001");
    assert_str(money_text_short(100 * MONEY_PER_USD, out), "100.00");
    assert_str(money_text_short(-1500000000LL, out), "-1.50");
}

static void what_is_written_reads_back(void **state)
{
    char out[MONEY_TEXT_BYTES];
    for (money_t m = 1; m > 0 && m < MONEY_MAX / 3; m = m * 3 + 1) {
        money_t again = 0;
        assert_int_equal(money_parse(money_text(m, out), &again), 0);
        assert_true(again == m);
        assert_int_equal(money_parse(money_text_short(m, out), &again), 0);
        assert_true(again == m);
    }
}

static void arithmetic_says_when_it_does_not_fit(void **state)
{
    money_t m = 42;
    assert_false(money_add(MONEY_MAX, 1, &m));
    assert_false(money_sub(INT64_MIN, 1, &m));
    assert_false(money_mul(MONEY_MAX / 2 + 1, 2, &m));
    assert_false(money_mul(INT64_MIN, -1, &m));
    assert_int_equal(m, 42);
    assert_true(money_add(MONEY_MAX - 1, 1, &m));
    assert_true(m == MONEY_MAX);
    assert_true(money_sub(5, 7, &m));
    assert_int_equal(m, -2);
    assert_true(money_mul(-3, 7, &m));
    assert_int_equal(m, -21);
}

static void minor_units_follow_their_exponent(void **state)
{
    money_t m = 42;
    assert_int_equal(money_from_minor(1999, 2, &m), 0);
    assert_int_equal(m, 19990000000LL);
    assert_int_equal(money_from_minor(7, 0, &m), 0);
    assert_int_equal(m, 7 * MONEY_PER_USD);
    assert_int_equal(money_from_minor(7, 9, &m), 0);
    assert_int_equal(m, 7);
    assert_int_equal(money_from_minor(MONEY_MAX, 9, &m), 0);
    m = 42;
    assert_int_equal(money_from_minor(922337203686LL, 2, &m), -ERR_OVERFLOW);
    assert_int_equal(money_from_minor(INT64_MAX, 8, &m), -ERR_OVERFLOW);
    assert_int_equal(m, 42);
    assert_int_equal(money_from_minor(922337203685LL, 2, &m), 0);
}

static void use_exponent_ten(void *ctx)
{
    money_t m;
    (void)money_from_minor(1, 10, &m);
}

static void an_exponent_past_nine_aborts(void **state)
{
    assert_true(unit_aborts(use_exponent_ten, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_become_nano_usd),
        cmocka_unit_test(anything_but_plain_decimals_is_refused),
        cmocka_unit_test(one_nano_too_much_overflows),
        cmocka_unit_test(text_has_nine_decimals),
        cmocka_unit_test(short_text_has_two_decimals_at_least),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(arithmetic_says_when_it_does_not_fit),
        cmocka_unit_test(minor_units_follow_their_exponent),
        cmocka_unit_test(an_exponent_past_nine_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
