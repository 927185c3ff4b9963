/*
 * base/zone_impl.h - what zone.c and zone_rule.c share: the rule at the end of a zone file. For this folder only.
 */
#pragma once

#include "base/str.h"

/* A day of each year on which clocks are set, and the second of that day (it may lie in another day). */
struct zone_day {
    enum { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_WEEK } kind;
    int month, week;
    int day; /* JULIAN: 1 to 365, February 29 is not counted; OF_YEAR: 0 to 365; WEEK: weekday from Sunday */
    int64_t second;
};
/* "CET-1CEST,M3.5.0,M10.5.0/3": seconds east of UTC, with and without summer time. */
struct zone_rule {
    int64_t standard_s, summer_s;
    bool has_summer;
    struct zone_day to_summer, to_standard; /* in the time that they end */
};
/* -ERR_CORRUPT. */
int zone_rule_parse(struct str text, struct zone_rule *ret);
/* Seconds since 1970 at which that day's time comes in a year, in a clock `offset_s` east of UTC. */
int64_t zone_rule_at(const struct zone_day *d, int64_t year, int64_t offset_s);
