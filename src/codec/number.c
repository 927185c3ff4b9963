/*
 * codec/number.c - RFC 8259, section 6, by hand: no locale, no rounding.
 */
#include "codec/number_impl.h"

#include <string.h>

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

#define EIGHT(byte) (0x0101010101010101u * (uint64_t)(byte))
#define EIGHT_DIGITS 100000000u

/* The value of eight characters, the first in the lowest byte; false: not all are digits. */
static inline bool eight_digits(const char *p, uint64_t *ret)
{
    uint64_t v;
    memcpy(&v, p, 8);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        v = __builtin_bswap64(v);
    if (((v & EIGHT(0xf0)) ^ EIGHT('0')) | (((v + EIGHT(0x06)) & EIGHT(0xf0)) ^ EIGHT('0')))
        return false;
    v = (v & EIGHT(0x0f)) * (10 * 256 + 1) >> 8; /* pairs, then fours, then all: each in its lowest part */
    v = (v & 0x00ff00ff00ff00ffu) * (100 * 65536 + 1) >> 16;
    *ret = (v & 0x0000ffff0000ffffu) * (10000 * ((uint64_t)1 << 32) + 1) >> 32;
    return true;
}

size_t number_i64_long(const char *from, const char *end, int64_t *ret_n)
{
    bool is_negative = from < end && *from == '-';
    const char *first = from + is_negative, *p = first;
    uint64_t n = 0, eight; /* any number of so many digits fits */
    while (end - p >= 8 && p - first + 8 <= I64_DIGITS && eight_digits(p, &eight)) {
        n = n * EIGHT_DIGITS + eight;
        p += 8;
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
