/* base/time: the calendar against the C library's, texts, durations. */
#include "base/time.h"

#include <time.h>

#include "base/err.h"
#include "unit.h"

static wall_t at(const char *text)
{
    wall_t t = -1;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static void text_agrees_with_gmtime_over_the_centuries(void **state)
{
    char ours[WALL_TEXT_BYTES], theirs[40];
    for (int64_t s = -8500000000LL; s < 7258000000LL; s += 86400LL * 13 + 12347) {
        time_t t = (time_t)s;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        assert_str(wall_text(s * NS_PER_S, ours), theirs);
        assert_true(at(theirs) == s * NS_PER_S);
    }
}

static void milliseconds_are_cut_not_rounded(void **state)
{
    char out[WALL_TEXT_BYTES];
    assert_str(wall_text(0, out), "1970-01-01T00:00:00.000Z");
    assert_str(wall_text(1999999, out), "1970-01-01T00:00:00.001Z");
    assert_str(wall_text(-1, out), "1969-12-31T23:59:59.999Z");
    assert_str(wall_text(INT64_MAX, out), "2262-04-11T23:47:16.854Z");
    assert_str(wall_text(at("2026-11-23T12:32:58.123999999Z"), out), "2026-11-23T12:32:58.123Z");
}

static void days_start_at_midnight_utc(void **state)
{
    wall_t day = at("2026-11-23T00:00:00Z");
    assert_true(wall_day_start(day) == day);
    assert_true(wall_day_start(day + 1) == day);
    assert_true(wall_day_start(at("2026-11-23T23:59:59.999999999Z")) == day);
    assert_true(wall_day_start(day - 1) == at("2026-11-22T00:00:00Z"));
    assert_true(wall_next_day(day) == at("2026-11-24T00:00:00Z"));
    assert_true(wall_next_day(day - 1) == day);
    assert_true(wall_day_start(-1) == at("1969-12-31T00:00:00Z"));
}

static void months_know_leap_years_and_year_ends(void **state)
{
    assert_true(wall_month_start(at("2028-02-29T12:00:00Z")) == at("2028-02-01T00:00:00Z"));
    assert_true(wall_next_month(at("2028-02-29T23:59:59Z")) == at("2028-03-01T00:00:00Z"));
    assert_true(wall_next_month(at("2026-02-28T23:59:59.999999999Z")) == at("2026-03-01T00:00:00Z"));
    assert_true(wall_next_month(at("2026-12-31T23:59:59Z")) == at("2027-01-01T00:00:00Z"));
    assert_true(wall_next_month(at("2026-12-01T00:00:00Z")) == at("2027-01-01T00:00:00Z"));
    assert_true(wall_next_month(at("2026-01-31T00:00:00Z")) == at("2026-02-01T00:00:00Z"));
    assert_true(wall_month_start(at("2100-03-01T00:00:00Z") - 1) == at("2100-02-01T00:00:00Z"));
    assert_true(wall_month_start(-1) == at("1969-12-01T00:00:00Z"));
}

static void offsets_are_taken_off(void **state)
{
    assert_true(at("2026-11-23T12:00:00+02:30") == at("2026-11-23T09:30:00Z"));
    assert_true(at("2026-11-23T23:00:00-01:30") == at("2026-11-24T00:30:00Z"));
    assert_true(at("2026-11-23t12:00:00.5z") == at("2026-11-23T12:00:00.500000000Z"));
    assert_int_equal(at("1970-01-01T00:00:00.000000001Z"), 1);
    assert_int_equal(at("1970-01-01T00:00:00.0000000019Z"), 1);
}

static void malformed_times_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23 12:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00ZZ",
        "2026-1-01T00:00:00Z", "+026-01-01T00:00:00Z", "1699-01-01T00:00:00Z", "2201-01-01T00:00:00Z"};
    wall_t t = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wall_parse(str_c(bad[i]), &t), -ERR_INVALID);
    assert_int_equal(wall_parse(STR_NONE, &t), -ERR_INVALID);
    assert_int_equal(t, 42);
}

static void durations_have_a_unit_and_bounds(void **state)
{
    int64_t ns = 0;
    assert_int_equal(duration_parse(STR("90s"), &ns), 0);
    assert_true(ns == 90 * NS_PER_S);
    assert_int_equal(duration_parse(STR("15m"), &ns), 0);
    assert_true(ns == 900 * NS_PER_S);
    assert_int_equal(duration_parse(STR("2h"), &ns), 0);
    assert_true(ns == 7200 * NS_PER_S);
    assert_int_equal(duration_parse(STR("7d"), &ns), 0);
    assert_true(ns == 7 * 86400 * NS_PER_S);
    assert_int_equal(duration_parse(STR("3650d"), &ns), 0);
    static const char *const bad[] = {"", "s", "0s", "1", "3651d", "87601h", "1w", "1.5h", "-1s", "1 s", "1S", "01s",
                                      "9223372036854775807d", "99999999999999999999s"};
    ns = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(duration_parse(str_c(bad[i]), &ns), -ERR_INVALID);
    assert_int_equal(ns, 42);
}

static void a_duration_is_written_in_the_largest_unit_that_fits(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{1, "1s"}, {59, "59s"}, {60, "1m"}, {61, "61s"}, {90 * 60, "90m"}, {3600, "1h"}, {86400, "1d"},
                {25 * 3600, "25h"}, {3650LL * 86400, "3650d"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DURATION_TEXT_BYTES];
        int64_t back;
        assert_str(duration_text(rows[i].seconds * NS_PER_S, text), rows[i].text);
        assert_int_equal(duration_parse(str_c(rows[i].text), &back), 0);
        assert_true(back == rows[i].seconds * NS_PER_S);
    }
}

static void the_system_clocks_run(void **state)
{
    mono_t a = clock_system.mono(clock_system.ctx), b = clock_system.mono(clock_system.ctx);
    assert_true(b >= a);
    assert_true(clock_system.wall(clock_system.ctx) > at("2024-01-01T00:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_agrees_with_gmtime_over_the_centuries),
        cmocka_unit_test(milliseconds_are_cut_not_rounded),
        cmocka_unit_test(days_start_at_midnight_utc),
        cmocka_unit_test(months_know_leap_years_and_year_ends),
        cmocka_unit_test(offsets_are_taken_off),
        cmocka_unit_test(malformed_times_are_refused),
        cmocka_unit_test(durations_have_a_unit_and_bounds),
        cmocka_unit_test(a_duration_is_written_in_the_largest_unit_that_fits),
        cmocka_unit_test(the_system_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
