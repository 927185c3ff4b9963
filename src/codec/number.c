/*
 * codec/number.c - RFC 8259, section 6, by hand: no locale, no rounding.
 */
#include "codec/number_impl.h"


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
    if (n_digits == 0 || (s.p[first] == '0' && (is_negative || n_digits > 1)))
        return false;
    int64_t n = 0; /* below zero, where there is one more */
    for (size_t i = first; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, (int)digit, &n))
            return false;
    }
    if (!is_negative && n == INT64_MIN)
        return false;
    *ret_n = is_negative ? n : -n;
    return true;
}
