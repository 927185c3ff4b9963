/* call/fx: what amounts in other currencies are in dollars. */
#include "call/fx.h"

#include "unit.h"

#define DAY (86400 * NS_PER_S)

static wall_t at(const char *text)
{
    wall_t t;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static struct fx_table table(int64_t margin_nano_percent)
{
    struct fx_table t = {.date = "2026-11-27", .from = at("2026-11-27T00:00:00Z"), .max_age_ns = 7 * DAY,
                         .margin_nano_percent = margin_nano_percent, .n = 3};
    t.rates[0] = (struct fx_rate){"EUR", 1083500000};
    t.rates[1] = (struct fx_rate){"JPY", 6600000};
    t.rates[2] = (struct fx_rate){"KWD", 3250000001};
    return t;
}

static struct amount amount_of(const char *currency, int64_t minor, int exponent)
{
    struct amount m = {.is_known = true, .minor = minor, .exponent = exponent};
    memcpy(m.currency, currency, 4);
    return m;
}

static void amounts_are_converted_with_the_margin_and_rounded_up(void **state)
{
    static const struct {
        const char *currency;
        int64_t minor;
        int exponent;
        int64_t margin, want;
    } rows[] = {
        {"EUR", 10000, 2, 0, 108350000000},
        {"EUR", 10000, 2, 2000000000, 110517000000}, /* 2 percent */
        {"EUR", 1, 2, 0, 10835000},
        {"JPY", 1000, 0, 0, 6600000000},
        {"KWD", 1, 3, 0, 3250001},                   /* 3250000.001 nano-dollars */
        {"KWD", 1, 3, 1, 3250002},                   /* and any margin at all is a nano-dollar more */
        {"EUR", 0, 2, 2000000000, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fx_table t = table(rows[i].margin);
        struct amount m = amount_of(rows[i].currency, rows[i].minor, rows[i].exponent);
        struct fx_use use;
        struct cost cost = fx_to_usd(&t, &m, at("2026-11-27T12:00:00Z"), &use);
        assert_int_equal(cost.how, HOW_PRICED);
        assert_int_equal(cost.usd, rows[i].want);
        assert_int_equal(use.state, FX_USED);
        assert_string_equal(use.date, "2026-11-27");
        assert_int_equal(fx_again(&use, &m).usd, rows[i].want);
    }
}

static enum fx_state state_at(const char *now)
{
    struct fx_table t = table(0);
    struct amount m = amount_of("EUR", 100, 2);
    struct fx_use use;
    struct cost cost = fx_to_usd(&t, &m, at(now), &use);
    assert_int_equal(cost.how != HOW_UNKNOWN, use.state == FX_USED);
    return use.state;
}

static void a_table_is_good_for_its_age_and_no_longer(void **state)
{
    assert_int_equal(state_at("2026-11-26T00:00:00Z"), FX_USED); /* it is the day already somewhere */
    assert_int_equal(state_at("2026-11-25T23:59:59Z"), FX_STALE);
    assert_int_equal(state_at("2026-12-04T23:59:59Z"), FX_USED);
    assert_int_equal(state_at("2026-12-05T00:00:00Z"), FX_STALE);
}

static void what_has_no_rate_is_not_known_and_says_why(void **state)
{
    struct fx_table t = table(0);
    struct amount m = amount_of("GBP", 100, 2);
    struct fx_use use;
    assert_int_equal(fx_to_usd(&t, &m, t.from, &use).how, HOW_UNKNOWN);
    assert_int_equal(use.state, FX_NO_RATE);
    assert_int_equal(fx_to_usd(NULL, &m, t.from, &use).how, HOW_UNKNOWN);
    assert_int_equal(use.state, FX_NO_TABLE);
    assert_string_equal(use.currency, "GBP");
}

static void what_is_no_number_of_dollars_is_not_known(void **state)
{
    struct fx_table t = table(0);
    struct fx_use use;
    struct amount large = amount_of("KWD", INT64_MAX, 3), odd = amount_of("EUR", 1, 10), other;
    assert_int_equal(fx_to_usd(&t, &large, t.from, &use).how, HOW_UNKNOWN);
    assert_int_equal(fx_to_usd(&t, &odd, t.from, &use).how, HOW_UNKNOWN);
    other = amount_of("JPY", 1, 0); /* settled in another currency than held */
    assert_int_equal(fx_again(&use, &other).how, HOW_UNKNOWN);
}

static void an_amount_is_the_same_number_whatever_its_exponent(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        int exponent;
        int64_t want;
    } rows[] = {
        {1250, 2, 12500000000},    {12500, 3, 12500000000}, {6521, 0, 6521000000000}, {7, 9, 7}, {0, 2, 0},
        {9223372036, 0, 9223372036000000000}, {9223372037, 0, INT64_MAX}, {INT64_MAX, 9, INT64_MAX},
        {INT64_MAX, 2, INT64_MAX}, {1, 10, INT64_MAX},      {1, -1, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amount m = amount_of("EUR", rows[i].minor, rows[i].exponent);
        assert_int_equal(amount_nano(&m), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_the_same_number_whatever_its_exponent),
        cmocka_unit_test(amounts_are_converted_with_the_margin_and_rounded_up),
        cmocka_unit_test(a_table_is_good_for_its_age_and_no_longer),
        cmocka_unit_test(what_has_no_rate_is_not_known_and_says_why),
        cmocka_unit_test(what_is_no_number_of_dollars_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
