/* expr/instant: the calendar over ten thousand years, texts of times and spans, and offsets. */
#include "expr/instant.h"

#include <time.h>

#include "unit.h"

static void expect_instant(const char *text, int64_t s, int32_t ns)
{
    struct instant t = {-1, -1};
    if (!instant_parse(str_c(text), &t))
        fail_msg("%s is a timestamp", text);
    assert_int_equal(t.s, s);
    assert_int_equal(t.ns, ns);
}

static void timestamps_are_read_to_the_nanosecond(void **state)
{
    expect_instant("1970-01-01T00:00:00Z", 0, 0);
    expect_instant("2009-02-13T23:31:30Z", 1234567890, 0);
    expect_instant("2009-02-13T23:31:30.5+01:30", 1234567890 - 5400, 500000000);
    expect_instant("0001-01-01T00:00:00Z", INSTANT_MIN, 0);
    expect_instant("9999-12-31T23:59:59.999999999Z", INSTANT_MAX, 999999999);
    expect_instant("2000-02-29T00:00:00-00:00", 951782400, 0);
}

static void what_is_no_timestamp_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "2009-02-13", "2009-02-13 23:31:30Z", "2009-02-13T23:31:30", "2009-02-13T23:31Z", "2009-2-13T23:31:30Z",
        "2009-02-30T00:00:00Z", "1900-02-29T00:00:00Z", "2009-13-01T00:00:00Z", "2009-00-01T00:00:00Z",
        "2009-01-00T00:00:00Z", "2009-01-01T24:00:00Z", "2009-01-01T00:60:00Z", "2009-01-01T00:00:60Z",
        "2009-01-01T00:00:00.Z", "2009-01-01T00:00:00.1234567890Z", "2009-01-01T00:00:00+1:00", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2009-01-01T00:00:00Zx"};
    struct instant t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (instant_parse(str_c(bad[i]), &t))
            fail_msg("%s is no timestamp", bad[i]);
}

/* Every 97 hours or so over all years, against the C library. */
static void the_calendar_is_that_of_the_c_library(void **state)
{
    for (int64_t s = INSTANT_MIN; s <= INSTANT_MAX; s += 350003) {
        struct tm tm;
        time_t t = (time_t)s;
        gmtime_r(&t, &tm);
        struct civil c = civil_of(s);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(c.weekday, tm.tm_wday);
        assert_int_equal(c.day_of_year, tm.tm_yday);
        assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second, tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
    }
}

static void every_text_is_read_as_it_was_written(void **state)
{
    char text[INSTANT_TEXT_BYTES];
    for (int64_t s = INSTANT_MIN; s <= INSTANT_MAX; s += 10000019777) {
        struct instant t = {s, (int32_t)(s % 1000000000 < 0 ? 0 : s % 1000000000)}, back;
        assert_true(instant_parse(instant_text(t, text), &back));
        assert_int_equal(back.s, t.s);
        assert_int_equal(back.ns, t.ns);
    }
}

static void spans_are_sums_of_units(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {{"0", 0}, {"90s", 90000000000}, {"1h30m", 5400000000000}, {"1.5s", 1500000000}, {"-20ms", -20000000},
                {"+3us", 3000}, {"7\xc2\xb5s", 7000}, {"9ns", 9}, {".5s", 500000000}, {"1m0.000000001s", 60000000001},
                {"9223372036s", 9223372036000000000}};
    static const char *const bad[] = {"", "5", "s", "1d", "1h 30m", "-", ".s", "9223372037s", "--1s", "1e3s"};
    int64_t ns;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(span_parse(str_c(rows[i].text), &ns));
        assert_int_equal(ns, rows[i].ns);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (span_parse(str_c(bad[i]), &ns))
            fail_msg("%s is no span", bad[i]);
    char text[INSTANT_TEXT_BYTES];
    assert_str(span_text(-1500000000, text), "-1.5s");
    assert_str(span_text(INT64_MIN, text), "-9223372036.854775808s");
}

static void zones_are_offsets(void **state)
{
    int32_t s;
    assert_true(zone_offset(STR("UTC"), &s) && s == 0);
    assert_true(zone_offset(STR("-09:30"), &s) && s == -34200);
    assert_true(zone_offset(STR("02:00"), &s) && s == 7200);
    assert_false(zone_offset(STR("+2:00"), &s) || zone_offset(STR(""), &s) || zone_offset(STR("+24:00"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_are_read_to_the_nanosecond),
        cmocka_unit_test(what_is_no_timestamp_is_refused),
        cmocka_unit_test(the_calendar_is_that_of_the_c_library),
        cmocka_unit_test(every_text_is_read_as_it_was_written),
        cmocka_unit_test(spans_are_sums_of_units),
        cmocka_unit_test(zones_are_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
