/* saas/fx_table: a table of rates is read whole, or refused with the places of its faults. */
#include "saas/fx_table.h"

#include "base/err.h"
#include "unit.h"

static int read_table(const char *text, struct fx_table *t, const char **ret_code)
{
    struct arena a;
    struct diag_list diags;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 20);
    int r = fx_table_read(str_c(text), STR("fx.yaml"), &diags, t);
    *ret_code = diags.n ? diags.items[0].code : NULL; /* static */
    assert_int_equal(r == 0, diags.n_errors == 0);
    arena_deinit(&a);
    return r;
}

#define HEAD "date: \"2026-11-27\"\nmargin_percent: \"2.5\"\nmax_age: 7d\n"

static void a_table_is_read(void **state)
{
    struct fx_table t;
    const char *code;
    wall_t day;
    assert_int_equal(read_table(HEAD "usd: {EUR: \"1.0835\", JPY: \"0.0066\"}\n", &t, &code), 0);
    assert_int_equal(wall_parse(STR("2026-11-27T00:00:00Z"), &day), 0);
    assert_string_equal(t.date, "2026-11-27");
    assert_int_equal(t.from, day);
    assert_int_equal(t.max_age_ns, 7 * 86400 * NS_PER_S);
    assert_int_equal(t.margin_nano_percent, 2500000000);
    assert_int_equal(t.n, 2);
    assert_string_equal(t.rates[1].currency, "JPY");
    assert_int_equal(t.rates[1].nano_usd, 6600000);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"[]", "wrong_type"},
        {"margin_percent: \"2\"\nmax_age: 7d\nusd: {}\n", "missing_key"},
        {"date: \"2026-02-30\"\nmargin_percent: \"2\"\nmax_age: 7d\nusd: {}\n", "bad_value"},
        {"date: \"yesterday!\"\nmargin_percent: \"2\"\nmax_age: 7d\nusd: {}\n", "bad_value"},
        {"date: \"2026-11-27\"\nmargin_percent: 2\nmax_age: 7d\nusd: {}\n", "wrong_type"},
        {"date: \"2026-11-27\"\nmargin_percent: \"100.1\"\nmax_age: 7d\nusd: {}\n", "bad_value"},
        {"date: \"2026-11-27\"\nmargin_percent: \"2\"\nmax_age: week\nusd: {}\n", "bad_value"},
        {HEAD, "bad_value"},
        {HEAD "usd: {eur: \"1\"}\n", "bad_value"},
        {HEAD "usd: {USD: \"1\"}\n", "bad_value"},
        {HEAD "usd: {EUR: 1.08}\n", "bad_value"},
        {HEAD "usd: {EUR: \"0\"}\n", "bad_value"},
        {HEAD "usd: {EUR: \"-1\"}\n", "bad_value"},
        {HEAD "usd: {}\nusdd: {}\n", "unknown_key"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fx_table t;
        const char *code;
        assert_int_equal(read_table(rows[i].text, &t, &code), -ERR_INVALID);
        assert_string_equal(code, rows[i].code);
    }
}

static void so_many_rates_and_no_more(void **state)
{
    for (int n = FX_RATES_MAX; n <= FX_RATES_MAX + 1; n++) {
        char text[8192];
        struct fx_table t;
        const char *code;
        int at = snprintf(text, sizeof text, "%susd:\n", HEAD);
        for (int i = 0; i < n; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, "  %c%c%c: \"1\"\n", 'A' + i / 26, 'A' + i % 26, 'Z');
        assert_int_equal(read_table(text, &t, &code), n == FX_RATES_MAX ? 0 : -ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(so_many_rates_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
