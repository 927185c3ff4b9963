/*
 * call/window.c - windows as text, and their arithmetic.
 */
#include "call/window.h"

#include "base/check.h"
#include "base/err.h"

#include <string.h>

#define NS_PER_MINUTE (60 * NS_PER_S)
#define NS_PER_HOUR (3600 * NS_PER_S)
#define NS_PER_DAY (86400 * NS_PER_S)
#define NS_PER_WEEK (7 * NS_PER_DAY)
#define FIRST_MONDAY (4 * NS_PER_DAY) /* 1970-01-05 */

static const struct {
    struct str text, phrase;
    bool is_calendar;
} windows[WINDOW_COUNT] = {
#define WINDOW(name, text, is_calendar, phrase) {STR_INIT(text), STR_INIT(phrase), is_calendar},
#include "call/window.tbl.h"
#undef WINDOW
};

bool window_is_calendar(enum limit_window w)
{
    check(w < WINDOW_COUNT);
    return windows[w].is_calendar;
}

bool window_moves(enum limit_window w)
{
    return window_is_calendar(w) || w == WINDOW_SLIDING;
}

/* The word, and behind it how long a sliding one is, or where the day of a calendar one begins. */
static struct str with(struct str word, struct str between, struct str what, char out[WINDOW_TEXT_BYTES])
{
    const struct str parts[] = {word, between, what};
    size_t n = 0;
    for (size_t i = 0; i < 3; n += parts[i++].n) {
        check(n + parts[i].n < WINDOW_TEXT_BYTES);
        memcpy(out + n, parts[i].p, parts[i].n);
    }
    out[n] = 0;
    return (struct str){out, n};
}

static struct str written(enum limit_window w, int64_t sliding_ns, struct str zone, struct str word,
                          struct str before_length, struct str before_zone, char out[WINDOW_TEXT_BYTES])
{
    char length[DURATION_TEXT_BYTES];
    if (w == WINDOW_SLIDING)
        return with(word, before_length, duration_text(sliding_ns, length), out);
    return windows[w].is_calendar && zone.n ? with(word, before_zone, zone, out) : word;
}

struct str window_text(enum limit_window w, int64_t sliding_ns, struct str zone, char out[WINDOW_TEXT_BYTES])
{
    check(w < WINDOW_COUNT);
    return written(w, sliding_ns, zone, windows[w].text, STR(":"), STR(":"), out);
}

struct str window_words(enum limit_window w, int64_t sliding_ns, struct str zone, char out[WINDOW_TEXT_BYTES])
{
    check(w < WINDOW_COUNT);
    return written(w, sliding_ns, zone, windows[w].phrase, STR(" "), STR(" in "), out);
}

static int parse_length(struct str s, int64_t *ret_sliding_ns)
{
    int64_t ns;
    if (duration_parse(s, &ns) < 0 || ns < SLIDING_NS_MIN || ns > SLIDING_NS_MAX)
        return -ERR_NOT_FOUND;
    *ret_sliding_ns = ns;
    return 0;
}

int window_parse(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns, struct str *ret_zone)
{
    struct str kind = s, more = STR_NONE;
    bool has_more = str_cut(s, ':', &kind, &more);
    for (enum limit_window w = 0; w < WINDOW_COUNT; w++) {
        if (!str_eq(windows[w].text, kind))
            continue;
        int64_t ns = 0;
        bool is_zone = windows[w].is_calendar && has_more;
        if (w == WINDOW_SLIDING ? parse_length(more, &ns) < 0 : has_more && !is_zone)
            return -ERR_NOT_FOUND;
        if (is_zone && (more.n == 0 || more.n > ZONE_NAME_CHARS_MAX || more.p[0] < 'A' || more.p[0] > 'Z'))
            return -ERR_NOT_FOUND;
        *ret = w;
        *ret_sliding_ns = ns;
        *ret_zone = is_zone ? more : STR_NONE;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

int window_parse_short(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns)
{
    int64_t ns;
    struct str zone;
    if (parse_length(s, &ns) < 0)
        return str_has(s, ':') ? -ERR_NOT_FOUND : window_parse(s, ret, ret_sliding_ns, &zone);
    *ret = WINDOW_SLIDING;
    *ret_sliding_ns = ns;
    return 0;
}

/* The last multiple of `step` behind `origin` that is not after t. */
static wall_t floor_to(wall_t t, int64_t step, wall_t origin)
{
    int64_t over = (t - origin) % step;
    return t - over - (over < 0 ? step : 0);
}

/* Slots together are at least as long as the window. */
int64_t sliding_slot_ns(int64_t sliding_ns)
{
    check(sliding_ns >= SLIDING_NS_MIN && sliding_ns <= SLIDING_NS_MAX);
    return (sliding_ns + SLIDING_SLOTS - 1) / SLIDING_SLOTS;
}

/* The first moment of the day, week or month, on the clock on the wall. */
static wall_t date_start(enum limit_window w, wall_t local)
{
    return w == WINDOW_DAY    ? wall_day_start(local)
           : w == WINDOW_WEEK ? floor_to(local, NS_PER_WEEK, FIRST_MONDAY)
                              : wall_month_start(local);
}

static wall_t date_next(enum limit_window w, wall_t local)
{
    return w == WINDOW_DAY    ? wall_next_day(local)
           : w == WINDOW_WEEK ? date_start(w, local) + NS_PER_WEEK
                              : wall_next_month(local);
}

/* Where the clock was set back over midnight it shows the day before once more, and the new one has begun already. */
static wall_t date_window_start(enum limit_window w, const struct zone *zone, wall_t t)
{
    wall_t local = zone_local(zone, t), next = zone_first(zone, date_next(w, local));
    return next <= t ? next : zone_first(zone, date_start(w, local));
}

static wall_t time_window_start(int64_t unit, const struct zone *zone, wall_t t)
{
    wall_t local = zone_local(zone, t), start = t - (local - floor_to(local, unit, 0)),
           set = zone_set_last(zone, t);
    return start > set ? start : set;
}

static wall_t time_window_end(int64_t unit, const struct zone *zone, wall_t start)
{
    wall_t local = zone_local(zone, start), end = start + (floor_to(local, unit, 0) + unit - local),
           set = zone_set_next(zone, start);
    return end < set ? end : set;
}

wall_t window_start(enum limit_window w, int64_t sliding_ns, const struct zone *zone, wall_t t)
{
    switch (w) {
    case WINDOW_MINUTE:
        return time_window_start(NS_PER_MINUTE, zone, t);
    case WINDOW_HOUR:
        return time_window_start(NS_PER_HOUR, zone, t);
    case WINDOW_DAY:
    case WINDOW_WEEK:
    case WINDOW_MONTH:
        return date_window_start(w, zone, t);
    case WINDOW_SLIDING:
        return floor_to(t, sliding_slot_ns(sliding_ns), 0);
    default:
        return 0;
    }
}

wall_t window_end(enum limit_window w, int64_t sliding_ns, const struct zone *zone, wall_t start)
{
    switch (w) {
    case WINDOW_MINUTE:
        return time_window_end(NS_PER_MINUTE, zone, start);
    case WINDOW_HOUR:
        return time_window_end(NS_PER_HOUR, zone, start);
    case WINDOW_DAY:
    case WINDOW_WEEK:
    case WINDOW_MONTH:
        return zone_first(zone, date_next(w, zone_local(zone, start)));
    case WINDOW_SLIDING:
        return start + (SLIDING_SLOTS + 1) * sliding_slot_ns(sliding_ns);
    default:
        return 0;
    }
}

/* No clock was ever set by more: Samoa left out a day. */
#define SET_NS_MAX (26 * NS_PER_HOUR)

bool window_is_past(struct str text, wall_t start, wall_t now)
{
    enum limit_window w;
    int64_t sliding_ns;
    struct str zone;
    if (window_parse(text, &w, &sliding_ns, &zone) < 0 || !window_moves(w))
        return false;
    if (zone.n) /* begun up to so much after the clock of UTC, as long again at the most */
        return window_end(w, 0, NULL, start + NS_PER_DAY) + SET_NS_MAX <= now;
    return window_end(w, sliding_ns, NULL, start) <= now;
}

bool window_is_fleeting(struct str text, wall_t start, wall_t *ret_oldest)
{
    enum limit_window w;
    int64_t sliding_ns;
    struct str zone;
    if (window_parse(text, &w, &sliding_ns, &zone) < 0 || (w != WINDOW_MINUTE && w != WINDOW_SLIDING))
        return false;
    *ret_oldest = w == WINDOW_MINUTE ? start : start - SLIDING_SLOTS * sliding_slot_ns(sliding_ns);
    return true;
}
