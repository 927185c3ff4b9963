/*
 * expr/instant.h - timestamps and durations of CEL: years 1 to 9999, which wall_t cannot hold, and texts of both.
 */
#pragma once

#include "base/str.h"

#define INSTANT_MIN (-62135596800LL) /* 0001-01-01T00:00:00Z, in seconds since 1970 */
#define INSTANT_MAX 253402300799LL   /* 9999-12-31T23:59:59Z */

struct instant {
    int64_t s;  /* since 1970 */
    int32_t ns; /* 0..999,999,999 */
};

/* What a calendar says of a second. */
struct civil {
    int64_t year;
    int month, day;      /* 1..12, 1..31 */
    int weekday;         /* 0: Sunday */
    int day_of_year;     /* from 0 */
    int hour, minute, second;
};

/* RFC 3339 with up to nine digits of a second. False: it is none, or outside the years. */
bool instant_parse(struct str s, struct instant *ret);
#define INSTANT_TEXT_BYTES 40
struct str instant_text(struct instant t, char out[INSTANT_TEXT_BYTES]); /* in UTC, without trailing zeros */
struct civil civil_of(int64_t s);
int second_of_day(int64_t s); /* 0..86,399 */

/* "1h30m", "1.5s", "-20ms": h m s ms us ns, each with decimals, into nanoseconds. False: it is none, or too long. */
bool span_parse(struct str s, int64_t *ret_ns);
struct str span_text(int64_t ns, char out[INSTANT_TEXT_BYTES]); /* in seconds: "5400s", "0.02s" */

/* Seconds to add to UTC: of "UTC", "Z", "+02:00", "-09:30", "02:00". False: no such zone. */
bool zone_offset(struct str zone, int32_t *ret_s);
