/*
 * base/time.h - two clocks, never mixed: mono_t for time-outs, wall_t for windows and records. Both in nanoseconds.
 *
 * Nothing below daemon/ and net/ reads a clock by itself: time is an argument. `struct clock` is the table that the
 * daemon fills with the system's clocks and the simulation with its own.
 */
#pragma once

#include "base/str.h"

typedef int64_t mono_t; /* since an arbitrary start; never goes back */
typedef int64_t wall_t; /* since 1970-01-01T00:00:00Z, no leap seconds */

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

struct clock {
    mono_t (*mono)(void *ctx);
    wall_t (*wall)(void *ctx);
    void *ctx;
};

extern const struct clock clock_system;

int64_t date_days(int64_t year, int month, int day); /* from 1970-01-01 */
/* Starts of calendar windows in UTC. */
wall_t wall_day_start(wall_t t);
wall_t wall_month_start(wall_t t);
wall_t wall_next_day(wall_t t);   /* start of the day after the one t is in */
wall_t wall_next_month(wall_t t);

#define WALL_TEXT_BYTES 28
/* RFC 3339 UTC with milliseconds: 2026-11-23T12:32:58.123Z (24 bytes). Returns a str into `out`. */
struct str wall_text(wall_t t, char out[WALL_TEXT_BYTES]);
/* RFC 3339, years 1700 to 2200, no leap second; offsets Z or +hh:mm. -ERR_INVALID. */
int wall_parse(struct str s, wall_t *ret_t);
/* "90s" "15m" "2h" "7d" to nanoseconds, 1 s to 10 years. -ERR_INVALID. */
int duration_parse(struct str s, int64_t *ret_ns);
/* The same back, whole seconds in the largest unit that fits: "90s", "1m". */
#define DURATION_TEXT_BYTES 24
struct str duration_text(int64_t ns, char out[DURATION_TEXT_BYTES]);
