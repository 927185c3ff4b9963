/*
 * codec/number.c - RFC 8259, section 6, by hand: no locale, no rounding.
 */
#include "codec/number_impl.h"

#include "codec/eight_digits_impl.h"

#define I64_DIGITS 19

static size_t digits(struct str s, size_t from)
{
    size_t i = from;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i - from;
}

enum number_kind number_kind(struct str s)
{
    size_t i = s.n > 0 && s.p[0] == '-';
    size_t n = digits(s, i);
    if (n == 0 || (n > 1 && s.p[i] == '0'))
        return NUMBER_NOT;
    i += n;
    enum number_kind kind = NUMBER_INTEGER;
    if (i < s.n && s.p[i] == '.') {
        n = digits(s, i + 1);
        if (n == 0)
            return NUMBER_NOT;
        i += 1 + n;
        kind = NUMBER_DECIMAL;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        n = digits(s, i);
        if (n == 0)
            return NUMBER_NOT;
        i += n;
        kind = NUMBER_EXPONENT;
    }
    return i == s.n ? kind : NUMBER_NOT;
}

size_t number_i64_long(const char *from, const char *end, int64_t *ret_n)
{
    bool is_negative = from < end && *from == '-';
    const char *first = from + is_negative, *p = first;
    uint64_t n = 0, eight; /* any number of so many digits fits */
    if (end - p >= 8 && eight_digits_read(p, &n)) {
        p += 8;
        if (end - p >= 8 && eight_digits_read(p, &eight)) {
            n = n * EIGHT_DIGITS + eight;
            p += 8;
        }
    }
    for (; p < end && *p >= '0' && *p <= '9' && p - first <= I64_DIGITS; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    size_t n_digits = (size_t)(p - first);
    if (n_digits == 0 || n_digits > I64_DIGITS || (*first == '0' && (is_negative || n_digits > 1)) ||
        n > (uint64_t)INT64_MAX + is_negative)
        return 0;
    *ret_n = (int64_t)(is_negative ? 0 - n : n);
    return (size_t)(p - from);
}

bool number_i64(struct str s, int64_t *ret_n)
{
    int64_t n;
    if (s.n == 0 || number_i64_ahead(s.p, s.p + s.n, &n) != s.n)
        return false;
    *ret_n = n;
    return true;
}
