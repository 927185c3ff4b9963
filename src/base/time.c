/*
 * base/time.c - clocks, the UTC calendar, and times as text.
 *
 * Calendar arithmetic is proleptic Gregorian on years that begin in March, so that a leap day is the last day of its
 * year.
 */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "base/err.h"

#define NS_PER_DAY (86400 * NS_PER_S)
#define DAYS_PER_ERA 146097 /* 400 years */
#define EPOCH_DAYS 719468   /* 0000-03-01 to 1970-01-01 */
#define DURATION_DAYS_MAX 3650

struct date {
    int64_t year;
    int month, day; /* from 1 */
};

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    check(clock_gettime(id, &t) == 0);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static mono_t system_mono(void *ctx)
{
    return read_clock(CLOCK_MONOTONIC);
}

static wall_t system_wall(void *ctx)
{
    return read_clock(CLOCK_REALTIME);
}

const struct clock clock_system = {system_mono, system_wall, NULL};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(struct date d)
{
    int64_t year = d.year - (d.month <= 2);
    int64_t era = floor_div(year, 400), year_of_era = year - era * 400;
    int64_t month_from_march = (d.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS;
}

static struct date date_of(int64_t days)
{
    days += EPOCH_DAYS;
    int64_t era = floor_div(days, DAYS_PER_ERA), day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    struct date d;
    d.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    d.month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    d.year = era * 400 + year_of_era + (d.month <= 2);
    return d;
}

int64_t date_days(int64_t year, int month, int day)
{
    return days_of((struct date){year, month, day});
}

wall_t wall_day_start(wall_t t)
{
    return floor_div(t, NS_PER_DAY) * NS_PER_DAY;
}

wall_t wall_month_start(wall_t t)
{
    struct date d = date_of(floor_div(t, NS_PER_DAY));
    d.day = 1;
    return days_of(d) * NS_PER_DAY;
}

wall_t wall_next_day(wall_t t)
{
    return wall_day_start(t) + NS_PER_DAY;
}

wall_t wall_next_month(wall_t t)
{
    struct date d = date_of(floor_div(t, NS_PER_DAY));
    d.day = 1;
    d.year += d.month == 12;
    d.month = d.month % 12 + 1;
    return days_of(d) * NS_PER_DAY;
}

/* n digits of x, with zeros in front; each record has several times, so this is no printf. */
static char *put_digits(char *p, unsigned x, size_t n)
{
    for (size_t i = n; i-- > 0; x /= 10)
        p[i] = (char)('0' + x % 10);
    return p + n;
}

struct str wall_text(wall_t t, char out[WALL_TEXT_BYTES])
{
    int64_t days = floor_div(t, NS_PER_DAY);
    unsigned ms = (unsigned)((t - days * NS_PER_DAY) / NS_PER_MS);
    struct date d = date_of(days);
    check(d.year >= 0 && d.year <= 9999);
    char *p = put_digits(out, (unsigned)d.year, 4);
    *p++ = '-';
    p = put_digits(p, (unsigned)d.month, 2);
    *p++ = '-';
    p = put_digits(p, (unsigned)d.day, 2);
    *p++ = 'T';
    p = put_digits(p, ms / 3600000, 2);
    *p++ = ':';
    p = put_digits(p, ms / 60000 % 60, 2);
    *p++ = ':';
    p = put_digits(p, ms / 1000 % 60, 2);
    *p++ = '.';
    p = put_digits(p, ms % 1000, 3);
    *p++ = 'Z';
    *p = 0;
    return (struct str){out, (size_t)(p - out)};
}

/* It has as many. */
static void drop(struct str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

/* Takes exactly n digits off the front of *s; -1 when there are fewer. */
static int64_t take_digits(struct str *s, size_t n)
{
    if (s->n < n)
        return -1;
    int64_t x = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return -1;
        x = x * 10 + (s->p[i] - '0');
    }
    drop(s, n);
    return x;
}

/* Takes one of the two bytes off the front of *s. */
static bool take_byte(struct str *s, char a, char b)
{
    if (s->n == 0 || (s->p[0] != a && s->p[0] != b))
        return false;
    drop(s, 1);
    return true;
}

static bool take_date(struct str *s, int64_t *ret_days)
{
    int64_t year = take_digits(s, 4);
    if (year < 1700 || year > 2200 || !take_byte(s, '-', '-')) /* int64 nanoseconds reach from 1677 to 2262 */
        return false;
    int64_t month = take_digits(s, 2);
    if (month < 1 || month > 12 || !take_byte(s, '-', '-'))
        return false;
    int64_t day = take_digits(s, 2);
    if (day < 1 || day > 31)
        return false;
    struct date d = {year, (int)month, (int)day};
    *ret_days = days_of(d);
    return day <= 28 || date_of(*ret_days).day == d.day; /* the 31st of a shorter month is another day */
}

static bool take_time(struct str *s, int64_t *ret_ns)
{
    int64_t hour = take_digits(s, 2);
    if (hour < 0 || hour > 23 || !take_byte(s, ':', ':'))
        return false;
    int64_t minute = take_digits(s, 2);
    if (minute < 0 || minute > 59 || !take_byte(s, ':', ':'))
        return false;
    int64_t second = take_digits(s, 2);
    if (second < 0 || second > 59)
        return false;
    int64_t ns = ((hour * 60 + minute) * 60 + second) * NS_PER_S;
    if (take_byte(s, '.', '.')) {
        int64_t unit = NS_PER_S / 10, digit = take_digits(s, 1);
        if (digit < 0)
            return false;
        for (; digit >= 0; digit = take_digits(s, 1), unit /= 10)
            ns += digit * unit; /* digits beyond the ninth count for nothing */
    }
    *ret_ns = ns;
    return true;
}

static bool take_offset(struct str *s, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (take_byte(s, 'Z', 'z'))
        return true;
    if (s->n == 0)
        return false;
    int64_t sign = s->p[0] == '-' ? -1 : 1;
    if (!take_byte(s, '+', '-'))
        return false;
    int64_t hour = take_digits(s, 2);
    if (hour < 0 || hour > 23 || !take_byte(s, ':', ':'))
        return false;
    int64_t minute = take_digits(s, 2);
    if (minute < 0 || minute > 59)
        return false;
    *ret_ns = sign * (hour * 60 + minute) * 60 * NS_PER_S;
    return true;
}

int wall_parse(struct str s, wall_t *ret_t)
{
    int64_t days, ns, offset;
    if (!take_date(&s, &days) || !take_byte(&s, 'T', 't') || !take_time(&s, &ns) || !take_offset(&s, &offset) || s.n)
        return -ERR_INVALID;
    *ret_t = days * NS_PER_DAY + ns - offset;
    return 0;
}

static int64_t unit_seconds(char c)
{
    switch (c) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

int duration_parse(struct str s, int64_t *ret_ns)
{
    int64_t n, seconds, most = DURATION_DAYS_MAX * 86400LL;
    if (s.n < 2 || str_to_i64(str_sub(s, 0, s.n - 1), &n) < 0)
        return -ERR_INVALID;
    int64_t unit = unit_seconds(s.p[s.n - 1]);
    if (unit == 0 || __builtin_mul_overflow(n, unit, &seconds) || seconds < 1 || seconds > most)
        return -ERR_INVALID;
    *ret_ns = seconds * NS_PER_S;
    return 0;
}

struct str duration_text(int64_t ns, char out[DURATION_TEXT_BYTES])
{
    static const char units[] = {'d', 'h', 'm', 's'};
    int64_t seconds = ns / NS_PER_S;
    size_t u = 0;
    while (seconds % unit_seconds(units[u]))
        u++;
    size_t n = u64_digits((uint64_t)(seconds / unit_seconds(units[u])), out);
    out[n++] = units[u];
    out[n] = 0;
    return (struct str){out, n};
}
