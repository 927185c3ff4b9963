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

/* The word, and behind it how long a sliding one is. */
static struct str with_length(struct str word, char between, int64_t sliding_ns, char out[WINDOW_TEXT_BYTES])
{
    char length[DURATION_TEXT_BYTES];
    struct str of = duration_text(sliding_ns, length);
    check(word.n + 1 + of.n < WINDOW_TEXT_BYTES);
    memcpy(out, word.p, word.n);
    out[word.n] = between;
    memcpy(out + word.n + 1, of.p, of.n);
    out[word.n + 1 + of.n] = 0;
    return (struct str){out, word.n + 1 + of.n};
}

struct str window_text(enum limit_window w, int64_t sliding_ns, char out[WINDOW_TEXT_BYTES])
{
    check(w < WINDOW_COUNT);
    return w == WINDOW_SLIDING ? with_length(windows[w].text, ':', sliding_ns, out) : windows[w].text;
}

struct str window_words(enum limit_window w, int64_t sliding_ns, char out[WINDOW_TEXT_BYTES])
{
    check(w < WINDOW_COUNT);
    return w == WINDOW_SLIDING ? with_length(windows[w].phrase, ' ', sliding_ns, out) : windows[w].phrase;
}

static int parse_length(struct str s, int64_t *ret_sliding_ns)
{
    int64_t ns;
    if (duration_parse(s, &ns) < 0 || ns < SLIDING_NS_MIN || ns > SLIDING_NS_MAX)
        return -ERR_NOT_FOUND;
    *ret_sliding_ns = ns;
    return 0;
}

int window_parse(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns)
{
    struct str kind = s, length = STR_NONE;
    bool has_length = str_cut(s, ':', &kind, &length);
    for (enum limit_window w = 0; w < WINDOW_COUNT; w++) {
        if (!str_eq(windows[w].text, kind))
            continue;
        int64_t ns = 0;
        if (has_length != (w == WINDOW_SLIDING) || (has_length && parse_length(length, &ns) < 0))
            return -ERR_NOT_FOUND;
        *ret = w;
        *ret_sliding_ns = ns;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

int window_parse_short(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns)
{
    int64_t ns;
    if (parse_length(s, &ns) < 0)
        return window_parse(s, ret, ret_sliding_ns);
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

wall_t window_start(enum limit_window w, int64_t sliding_ns, wall_t t)
{
    switch (w) {
    case WINDOW_MINUTE:
        return floor_to(t, NS_PER_MINUTE, 0);
    case WINDOW_HOUR:
        return floor_to(t, NS_PER_HOUR, 0);
    case WINDOW_DAY:
        return wall_day_start(t);
    case WINDOW_WEEK:
        return floor_to(t, NS_PER_WEEK, FIRST_MONDAY);
    case WINDOW_MONTH:
        return wall_month_start(t);
    case WINDOW_SLIDING:
        return floor_to(t, sliding_slot_ns(sliding_ns), 0);
    default:
        return 0;
    }
}

wall_t window_end(enum limit_window w, int64_t sliding_ns, wall_t start)
{
    switch (w) {
    case WINDOW_MINUTE:
        return start + NS_PER_MINUTE;
    case WINDOW_HOUR:
        return start + NS_PER_HOUR;
    case WINDOW_DAY:
        return wall_next_day(start);
    case WINDOW_WEEK:
        return start + NS_PER_WEEK;
    case WINDOW_MONTH:
        return wall_next_month(start);
    case WINDOW_SLIDING:
        return start + (SLIDING_SLOTS + 1) * sliding_slot_ns(sliding_ns);
    default:
        return 0;
    }
}

bool window_is_past(struct str text, wall_t start, wall_t now)
{
    enum limit_window w;
    int64_t sliding_ns;
    if (window_parse(text, &w, &sliding_ns) < 0 || !window_moves(w))
        return false;
    return window_end(w, sliding_ns, start) <= now;
}

bool window_is_fleeting(struct str text, wall_t start, wall_t *ret_oldest)
{
    enum limit_window w;
    int64_t sliding_ns;
    if (window_parse(text, &w, &sliding_ns) < 0 || (w != WINDOW_MINUTE && w != WINDOW_SLIDING))
        return false;
    *ret_oldest = w == WINDOW_MINUTE ? start : start - SLIDING_SLOTS * sliding_slot_ns(sliding_ns);
    return true;
}
