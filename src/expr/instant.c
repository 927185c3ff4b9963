/*
 * expr/instant.c - the proleptic Gregorian calendar, RFC 3339, and spans of time as people write them.
 */
#include "expr/instant.h"

#include <stdio.h>

#define S_PER_DAY 86400
#define NS_PER_S 1000000000LL

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970 of a date; years may be beyond those of an instant. Counts in eras of 400 years from 1 March. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2), era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int second_of_day(int64_t s)
{
    return (int)(s - floor_div(s, S_PER_DAY) * S_PER_DAY);
}

struct civil civil_of(int64_t s)
{
    int64_t days = floor_div(s, S_PER_DAY), rest = second_of_day(s), from_march_0 = days + 719468;
    int64_t era = floor_div(from_march_0, 146097), of_era = from_march_0 - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * of_year + 2) / 153;
    struct civil c = {.month = (int)(m < 10 ? m + 3 : m - 9), .day = (int)(of_year - (153 * m + 2) / 5 + 1)};
    c.year = year_of_era + era * 400 + (c.month <= 2);
    c.weekday = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
    c.day_of_year = (int)(days - days_of(c.year, 1, 1));
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest / 60 % 60);
    c.second = (int)(rest % 60);
    return c;
}

/* --- reading --- */

static bool take(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, SIZE_MAX);
    return true;
}

static bool take_digits(struct str *s, size_t n, int *ret)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (i >= s->n || s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = str_sub(*s, n, SIZE_MAX);
    *ret = value;
    return true;
}

/* 1 to 9 digits behind the point, as nanoseconds. */
static bool take_fraction(struct str *s, int32_t *ret_ns)
{
    int32_t ns = 0;
    size_t n = 0;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
        if (n == 9)
            return false;
        ns = ns * 10 + (s->p[n] - '0');
    }
    if (n == 0)
        return false;
    *s = str_sub(*s, n, SIZE_MAX);
    for (; n < 9; n++)
        ns *= 10;
    *ret_ns = ns;
    return true;
}

/* +hh:mm or -hh:mm; the sign may be missing in CEL's zones. */
static bool take_offset(struct str *s, bool needs_sign, int32_t *ret_s)
{
    int hours, minutes;
    bool is_negative = take(s, '-');
    bool has_sign = is_negative || take(s, '+');
    if (needs_sign && !has_sign)
        return false;
    if (!take_digits(s, 2, &hours) || !take(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_s = (hours * 60 + minutes) * (is_negative ? -60 : 60);
    return true;
}

bool zone_offset(struct str zone, int32_t *ret_s)
{
    if (str_eq(zone, STR("UTC")) || str_eq(zone, STR("Z"))) {
        *ret_s = 0;
        return true;
    }
    return take_offset(&zone, false, ret_s) && zone.n == 0;
}

bool instant_parse(struct str s, struct instant *ret)
{
    int year, month, day, hour, minute, second;
    int32_t ns = 0, offset = 0;
    if (!take_digits(&s, 4, &year) || !take(&s, '-') || !take_digits(&s, 2, &month) || !take(&s, '-') ||
        !take_digits(&s, 2, &day) || !take(&s, 'T') || !take_digits(&s, 2, &hour) || !take(&s, ':') ||
        !take_digits(&s, 2, &minute) || !take(&s, ':') || !take_digits(&s, 2, &second))
        return false;
    if (take(&s, '.') && !take_fraction(&s, &ns))
        return false;
    if (!take(&s, 'Z') && !take_offset(&s, true, &offset))
        return false;
    if (s.n > 0 || year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    int64_t at = days_of(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second - offset;
    if (at < INSTANT_MIN || at > INSTANT_MAX)
        return false;
    *ret = (struct instant){at, ns};
    return true;
}

/* --- writing --- */

/* ".5" of 500,000,000; nothing of 0. Returns the bytes written. */
static size_t put_fraction(int64_t ns, char *out)
{
    if (ns == 0)
        return 0;
    size_t n = (size_t)snprintf(out, 12, ".%09lld", (long long)ns);
    while (out[n - 1] == '0')
        n--;
    return n;
}

struct str instant_text(struct instant t, char out[INSTANT_TEXT_BYTES])
{
    struct civil c = civil_of(t.s);
    size_t n = (size_t)snprintf(out, INSTANT_TEXT_BYTES - 12, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)c.year,
                                c.month, c.day, c.hour, c.minute, c.second);
    n += put_fraction(t.ns, out + n);
    out[n++] = 'Z';
    return (struct str){out, n};
}

struct str span_text(int64_t ns, char out[INSTANT_TEXT_BYTES])
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t n = (size_t)snprintf(out, INSTANT_TEXT_BYTES - 12, "%s%llu", ns < 0 ? "-" : "",
                                (unsigned long long)(size / NS_PER_S));
    n += put_fraction((int64_t)(size % NS_PER_S), out + n);
    out[n++] = 's';
    return (struct str){out, n};
}

/* --- spans --- */

static bool take_unit(struct str *s, int64_t *ret_ns)
{
    static const struct {
        struct str name;
        int64_t ns;
    } units[] = {{STR_INIT("ns"), 1},           {STR_INIT("us"), 1000},     {STR_INIT("\xc2\xb5s"), 1000},
                 {STR_INIT("ms"), 1000000},     {STR_INIT("s"), NS_PER_S},  {STR_INIT("m"), 60 * NS_PER_S},
                 {STR_INIT("h"), 3600 * NS_PER_S}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!str_starts(*s, units[i].name))
            continue;
        *s = str_sub(*s, units[i].name.n, SIZE_MAX);
        *ret_ns = units[i].ns;
        return true;
    }
    return false;
}

/* Whole digits and digits behind a point; of those, more than nine are of no account. */
static bool take_decimal(struct str *s, int64_t *ret_whole, int64_t *ret_billionths)
{
    int64_t whole = 0, part = 0, scale = NS_PER_S;
    size_t i = 0, n_digits = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++, n_digits++)
        if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, s->p[i] - '0', &whole))
            return false;
    if (i < s->n && s->p[i] == '.') {
        for (i++; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++, n_digits++) {
            scale /= 10;
            part += (s->p[i] - '0') * scale;
        }
    }
    *s = str_sub(*s, i, SIZE_MAX);
    *ret_whole = whole;
    *ret_billionths = part;
    return n_digits > 0;
}

bool span_parse(struct str s, int64_t *ret_ns)
{
    bool is_negative = take(&s, '-');
    int64_t sum = 0, whole, billionths, unit;
    if (!is_negative)
        (void)take(&s, '+');
    if (str_eq(s, STR("0"))) {
        *ret_ns = 0;
        return true;
    }
    if (s.n == 0)
        return false;
    while (s.n > 0) {
        if (!take_decimal(&s, &whole, &billionths) || !take_unit(&s, &unit))
            return false;
        int64_t part = (int64_t)((__int128)billionths * unit / NS_PER_S);
        if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(whole, part, &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return false;
    }
    *ret_ns = is_negative ? -sum : sum;
    return true;
}
