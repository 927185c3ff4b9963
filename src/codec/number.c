/*
 * codec/number.c - RFC 8259, section 6, by hand: no locale, no rounding.
 */
#include "codec/number_impl.h"

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

bool number_i64(struct str s, int64_t *ret_n)
{
    bool is_negative = s.n > 0 && s.p[0] == '-';
    size_t first = is_negative, n_digits = s.n - first;
    if (n_digits == 0 || n_digits > I64_DIGITS || (s.p[first] == '0' && (is_negative || n_digits > 1)))
        return false;
    uint64_t n = 0; /* any number of so many digits fits */
    for (size_t i = first; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9)
            return false;
        n = n * 10 + digit;
    }
    if (n > (uint64_t)INT64_MAX + is_negative)
        return false;
    *ret_n = (int64_t)(is_negative ? 0 - n : n);
    return true;
}
