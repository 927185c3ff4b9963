/*
 * base/zone_rule.c - the rule at the end of a zone file, as POSIX writes TZ (RFC 9636, 3.3.1): for all years after the
 * last one that the file lists.
 */
#include "base/zone_impl.h"

#include "base/err.h"
#include "base/time.h"

#define DAY_S 86400

static bool take(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, s->n);
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(struct str s)
{
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

static bool take_number(struct str *s, int least, int most, int *ret)
{
    int n = 0;
    if (!is_digit(*s))
        return false;
    for (; is_digit(*s) && n <= most; *s = str_sub(*s, 1, s->n))
        n = n * 10 + (s->p[0] - '0');
    *ret = n;
    return n >= least && n <= most;
}

/* CET, or <+0330>: what the clock is called says nothing to us. */
static bool take_name(struct str *s)
{
    size_t n = 0;
    if (take(s, '<')) {
        while (n < s->n && s->p[n] != '>')
            n++;
        *s = str_sub(*s, n, s->n);
        return n > 0 && take(s, '>');
    }
    while (n < s->n && is_letter(s->p[n]))
        n++;
    *s = str_sub(*s, n, s->n);
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct str *s, int hours_max, int64_t *ret_s)
{
    int hours, minutes = 0, seconds = 0;
    int64_t sign = take(s, '-') ? -1 : 1;
    if (sign > 0)
        (void)take(s, '+');
    if (!take_number(s, 0, hours_max, &hours) || (take(s, ':') && !take_number(s, 0, 59, &minutes)) ||
        (take(s, ':') && !take_number(s, 0, 59, &seconds)))
        return false;
    *ret_s = sign * (((int64_t)hours * 60 + minutes) * 60 + seconds);
    return true;
}

/* Written west of UTC. */
static bool take_offset(struct str *s, int64_t *ret_s)
{
    int64_t west;
    if (!take_time(s, 24, &west))
        return false;
    *ret_s = -west;
    return true;
}

static bool take_date(struct str *s, struct zone_day *d)
{
    d->kind = ZONE_DAY_OF_YEAR;
    if (take(s, 'M')) {
        d->kind = ZONE_DAY_WEEK;
        return take_number(s, 1, 12, &d->month) && take(s, '.') && take_number(s, 1, 5, &d->week) && take(s, '.') &&
               take_number(s, 0, 6, &d->day);
    }
    if (!take(s, 'J'))
        return take_number(s, 0, 365, &d->day);
    d->kind = ZONE_DAY_JULIAN;
    return take_number(s, 1, 365, &d->day);
}

static bool take_day(struct str *s, struct zone_day *ret)
{
    struct zone_day d = {.second = 2 * 3600};
    if (!take(s, ',') || !take_date(s, &d) || (take(s, '/') && !take_time(s, 167, &d.second)))
        return false;
    *ret = d;
    return true;
}

int zone_rule_parse(struct str text, struct zone_rule *ret)
{
    struct zone_rule r = {0};
    struct str s = text;
    if (!take_name(&s) || !take_offset(&s, &r.standard_s))
        return -ERR_CORRUPT;
    r.has_summer = s.n > 0;
    r.summer_s = r.standard_s + 3600;
    if (r.has_summer) {
        bool is_ok = take_name(&s) && (s.n == 0 || s.p[0] == ',' || take_offset(&s, &r.summer_s));
        if (!is_ok || !take_day(&s, &r.to_summer) || !take_day(&s, &r.to_standard))
            return -ERR_CORRUPT;
    }
    if (s.n > 0)
        return -ERR_CORRUPT;
    *ret = r;
    return 0;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t week_day(struct zone_day d, int64_t year)
{
    int64_t first = date_days(year, d.month, 1);
    int64_t next = d.month == 12 ? date_days(year + 1, 1, 1) : date_days(year, d.month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (d.day - weekday + 7) % 7 + (int64_t)(d.week - 1) * 7;
    return day < next ? day : day - 7; /* week 5 is the last one */
}

int64_t zone_rule_at(const struct zone_day *d, int64_t year, int64_t offset_s)
{
    int64_t january = date_days(year, 1, 1);
    int64_t day = d->kind == ZONE_DAY_WEEK     ? week_day(*d, year)
                  : d->kind == ZONE_DAY_JULIAN ? january + d->day - 1 + (is_leap(year) && d->day >= 60)
                                               : january + d->day;
    return day * DAY_S + d->second - offset_s;
}
