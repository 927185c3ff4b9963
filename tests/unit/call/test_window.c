/* call/window: where windows begin and end, at their edges, and how they are written. */
#include "call/window.h"

#include "base/err.h"
#include "base/rand.h"
#include "unit.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static wall_t at(const char *text)
{
    wall_t t;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static void each_window_survives_text(void **state)
{
    for (enum limit_window w = 0; w < WINDOW_COUNT; w++) {
        char text[WINDOW_TEXT_BYTES];
        int64_t length = w == WINDOW_SLIDING ? 90 * NS_PER_S : 0, back_length = -1;
        enum limit_window back = WINDOW_COUNT;
        struct str zone = STR("?");
        assert_int_equal(window_parse(window_text(w, length, STR_NONE, text), &back, &back_length, &zone), 0);
        assert_int_equal(back, w);
        assert_int_equal(back_length, length);
        assert_str(zone, "");
    }
}

static void calendar_windows_keep_their_zone_in_text_and_others_have_none(void **state)
{
    char text[WINDOW_TEXT_BYTES];
    enum limit_window w;
    int64_t length;
    struct str zone;
    assert_str(window_text(WINDOW_DAY, 0, STR("Asia/Tokyo"), text), "day:Asia/Tokyo");
    assert_int_equal(window_parse(STR("day:Asia/Tokyo"), &w, &length, &zone), 0);
    assert_int_equal(w, WINDOW_DAY);
    assert_str(zone, "Asia/Tokyo");
    assert_str(window_words(WINDOW_MONTH, 0, STR("Asia/Tokyo"), text), "a month in Asia/Tokyo");
    assert_str(window_text(WINDOW_RUN, 0, STR("Asia/Tokyo"), text), "run");
    assert_str(window_text(WINDOW_SLIDING, MINUTE, STR("Asia/Tokyo"), text), "sliding:1m");
}

static void a_sliding_window_has_one_text_however_its_length_was_written(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {{"sliding:60s", "sliding:1m"}, {"sliding:90s", "sliding:90s"}, {"sliding:24h", "sliding:1d"},
                {"sliding:1s", "sliding:1s"},  {"sliding:31d", "sliding:31d"}, {"sliding:100m", "sliding:100m"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[WINDOW_TEXT_BYTES];
        enum limit_window w;
        int64_t length;
        struct str zone;
        assert_int_equal(window_parse(str_c(rows[i].from), &w, &length, &zone), 0);
        assert_str(window_text(w, length, STR_NONE, text), rows[i].to);
    }
}

static void what_is_no_window_is_not_found(void **state)
{
    static const char *const odd[] = {"", "fortnight", "sliding", "sliding:", "sliding:0s", "sliding:32d",
                                      "sliding:2678401s", "sliding:1.5h", "sliding:60", "day:1m", "60s", "day:",
                                      "run:Asia/Tokyo"};
    enum limit_window w;
    int64_t length;
    struct str zone;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_int_equal(window_parse(str_c(odd[i]), &w, &length, &zone), -ERR_NOT_FOUND);
    assert_int_equal(window_parse_short(STR("60s"), &w, &length), 0);
    assert_int_equal(w, WINDOW_SLIDING);
    assert_int_equal(length, MINUTE);
    assert_int_equal(window_parse_short(STR("minute"), &w, &length), 0);
    assert_int_equal(w, WINDOW_MINUTE);
    assert_int_equal(window_parse_short(STR("day:Asia/Tokyo"), &w, &length), -ERR_NOT_FOUND);
    assert_int_equal(window_parse_short(STR("32d"), &w, &length), -ERR_NOT_FOUND);
}

static void calendar_windows_begin_and_end_where_people_expect_it(void **state)
{
    static const struct {
        enum limit_window w;
        const char *t, *start, *end;
    } rows[] = {
        {WINDOW_MINUTE, "2026-11-23T14:30:59.999Z", "2026-11-23T14:30:00Z", "2026-11-23T14:31:00Z"},
        {WINDOW_MINUTE, "2026-11-23T14:31:00Z", "2026-11-23T14:31:00Z", "2026-11-23T14:32:00Z"},
        {WINDOW_HOUR, "2026-12-31T23:59:59Z", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
        {WINDOW_DAY, "2028-02-29T12:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
        {WINDOW_WEEK, "2026-11-22T23:59:59.999Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"}, /* a Sunday */
        {WINDOW_WEEK, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},     /* a Monday */
        {WINDOW_WEEK, "2027-01-01T00:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
        {WINDOW_WEEK, "2028-02-29T08:00:00Z", "2028-02-28T00:00:00Z", "2028-03-06T00:00:00Z"},
        {WINDOW_WEEK, "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z"},
        {WINDOW_MONTH, "2028-02-29T23:59:59.999Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
        {WINDOW_MONTH, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {WINDOW_MONTH, "2027-02-28T23:59:59Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wall_t start = window_start(rows[i].w, 0, NULL, at(rows[i].t));
        assert_int_equal(start, at(rows[i].start));
        assert_int_equal(window_end(rows[i].w, 0, NULL, start), at(rows[i].end));
    }
}

static void windows_that_do_not_move_have_no_start(void **state)
{
    static const enum limit_window still[] = {WINDOW_CALL, WINDOW_RUN, WINDOW_LIFETIME, WINDOW_INSTANT};
    for (size_t i = 0; i < sizeof still / sizeof still[0]; i++) {
        assert_false(window_moves(still[i]));
        assert_int_equal(window_start(still[i], 0, NULL, 7 * DAY), 0);
        assert_int_equal(window_end(still[i], 0, NULL, 0), 0);
    }
    assert_true(window_moves(WINDOW_SLIDING) && !window_is_calendar(WINDOW_SLIDING) && window_moves(WINDOW_WEEK));
}

/* Whatever the moment: it is in its window, the window before ends where this one begins, and none is skipped. */
static void every_moment_is_in_exactly_one_window(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 11);
    for (int i = 0; i < 20000; i++) {
        enum limit_window w = WINDOW_MINUTE + (enum limit_window)rng_below(&r, WINDOW_MONTH - WINDOW_MINUTE + 1);
        wall_t t = (wall_t)rng_below(&r, (uint64_t)(200 * 365 * DAY)), start = window_start(w, 0, NULL, t);
        if (rng_below(&r, 2))
            t = start + (wall_t)rng_below(&r, 3) - 1; /* at the edge */
        start = window_start(w, 0, NULL, t);
        wall_t end = window_end(w, 0, NULL, start);
        assert_true(start <= t && t < end);
        assert_int_equal(window_start(w, 0, NULL, end - 1), start);
        assert_int_equal(window_start(w, 0, NULL, end), end);
        assert_int_equal(window_end(w, 0, NULL, window_start(w, 0, NULL, start - 1)), start);
    }
}

/* Never late: what happened less than a window ago still counts. Hardly early: one slot and a bit at most. */
static void a_slot_counts_until_all_of_it_left_the_window_and_one_slot_longer_at_most(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 12);
    for (int i = 0; i < 20000; i++) {
        static const int64_t fixed[] = {NS_PER_S, MINUTE, HOUR, DAY, SLIDING_NS_MAX, 7 * NS_PER_S, 61 * NS_PER_S};
        uint64_t k = rng_below(&r, 10);
        int64_t length = k < 7 ? fixed[k] : NS_PER_S * (1 + (int64_t)rng_below(&r, 31 * 86400));
        int64_t slot = sliding_slot_ns(length);
        wall_t t = (wall_t)rng_below(&r, (uint64_t)(100 * 365 * DAY));
        wall_t end = window_end(WINDOW_SLIDING, length, NULL, window_start(WINDOW_SLIDING, length, NULL, t));
        assert_true(slot * SLIDING_SLOTS >= length && (slot - 1) * SLIDING_SLOTS < length);
        assert_true(end >= t + length && end <= t + length + slot + SLIDING_SLOTS);
        assert_int_equal(window_start(WINDOW_SLIDING, length, NULL, end), end);
    }
}

static void a_window_is_past_when_nothing_of_it_counts(void **state)
{
    wall_t t = at("2026-11-23T00:00:00Z");
    assert_false(window_is_past(STR("day"), t, t + DAY - 1));
    assert_true(window_is_past(STR("day"), t, t + DAY));
    assert_false(window_is_past(STR("week"), t, t + 7 * DAY - 1));
    assert_true(window_is_past(STR("week"), t, t + 7 * DAY));
    assert_false(window_is_past(STR("sliding:1m"), t, t + 61 * NS_PER_S - 1));
    assert_true(window_is_past(STR("sliding:1m"), t, t + 61 * NS_PER_S));
    assert_false(window_is_past(STR("lifetime"), 0, t));
    assert_false(window_is_past(STR("nonsense"), 1, t)); /* what is not known is not forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_window_survives_text),
        cmocka_unit_test(a_sliding_window_has_one_text_however_its_length_was_written),
        cmocka_unit_test(calendar_windows_keep_their_zone_in_text_and_others_have_none),
        cmocka_unit_test(what_is_no_window_is_not_found),
        cmocka_unit_test(calendar_windows_begin_and_end_where_people_expect_it),
        cmocka_unit_test(windows_that_do_not_move_have_no_start),
        cmocka_unit_test(every_moment_is_in_exactly_one_window),
        cmocka_unit_test(a_slot_counts_until_all_of_it_left_the_window_and_one_slot_longer_at_most),
        cmocka_unit_test(a_window_is_past_when_nothing_of_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
