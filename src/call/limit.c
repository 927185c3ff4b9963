/*
 * call/limit.c - texts of meters and windows, as they stand in counters, records and tables.
 */
#include "call/limit.h"

#include "base/check.h"
#include "base/err.h"

static const struct str meters[] = {[METER_USD] = STR_INIT("usd"),
                                    [METER_REQUESTS] = STR_INIT("requests"),
                                    [METER_CONCURRENT] = STR_INIT("concurrent")};
static const struct str windows[] = {
    [WINDOW_CALL] = STR_INIT("call"), [WINDOW_DAY] = STR_INIT("day"), [WINDOW_MONTH] = STR_INIT("month"),
    [WINDOW_RUN] = STR_INIT("run"), [WINDOW_LIFETIME] = STR_INIT("lifetime"), [WINDOW_INSTANT] = STR_INIT("instant")};

#define N_METERS (sizeof meters / sizeof meters[0])
#define N_WINDOWS (sizeof windows / sizeof windows[0])

struct str meter_text(enum limit_meter m)
{
    check(m < N_METERS);
    return meters[m];
}

struct str window_text(enum limit_window w)
{
    check(w < N_WINDOWS);
    return windows[w];
}

int meter_parse(struct str s, enum limit_meter *ret)
{
    for (size_t i = 0; i < N_METERS; i++) {
        if (!str_eq(meters[i], s))
            continue;
        *ret = (enum limit_meter)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

int window_parse(struct str s, enum limit_window *ret)
{
    for (size_t i = 0; i < N_WINDOWS; i++) {
        if (!str_eq(windows[i], s))
            continue;
        *ret = (enum limit_window)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}
