/*
 * base/money.c - reading, writing and adding nano-USD.
 */
#include "base/money.h"


#include "base/check.h"
#include "base/err.h"

#define DECIMALS 9

bool money_add(money_t a, money_t b, money_t *ret)
{
    money_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret = sum;
    return true;
}

bool money_sub(money_t a, money_t b, money_t *ret)
{
    money_t rest;
    if (__builtin_sub_overflow(a, b, &rest))
        return false;
    *ret = rest;
    return true;
}

bool money_mul(money_t a, int64_t k, money_t *ret)
{
    money_t product;
    if (__builtin_mul_overflow(a, k, &product))
        return false;
    *ret = product;
    return true;
}

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* Appends digits to *n in base 10; false when the result does not fit. */
static bool add_digits(money_t *n, struct str digits)
{
    for (size_t i = 0; i < digits.n; i++)
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, digits.p[i] - '0', n))
            return false;
    return true;
}

int money_parse(struct str s, money_t *ret)
{
    static const char zeros[DECIMALS] = {'0', '0', '0', '0', '0', '0', '0', '0', '0'};
    struct str whole = s, fraction = STR_NONE;
    if (str_cut(s, '.', &whole, &fraction) && (!is_digits(fraction) || fraction.n > DECIMALS))
        return -ERR_INVALID;
    if (!is_digits(whole))
        return -ERR_INVALID;

    money_t m = 0;
    struct str rest = {zeros, DECIMALS - fraction.n};
    if (!add_digits(&m, whole) || !add_digits(&m, fraction) || !add_digits(&m, rest))
        return -ERR_OVERFLOW;
    *ret = m;
    return 0;
}

struct str money_text(money_t m, char out[MONEY_TEXT_BYTES])
{
    uint64_t n = m < 0 ? 0 - (uint64_t)m : (uint64_t)m; /* INT64_MIN has no positive twin */
    uint64_t whole = n / (uint64_t)MONEY_PER_USD, fraction = n % (uint64_t)MONEY_PER_USD;
    char *p = out;
    if (m < 0)
        *p++ = '-';
    p += u64_digits(whole, p);
    *p++ = '.';
    for (int i = DECIMALS; i-- > 0; fraction /= 10)
        p[i] = (char)('0' + fraction % 10);
    p[DECIMALS] = 0;
    return (struct str){out, (size_t)(p - out) + DECIMALS};
}

struct str money_text_short(money_t m, char out[MONEY_TEXT_BYTES])
{
    struct str s = money_text(m, out);
    size_t n_least = s.n - (DECIMALS - 2);
    while (s.n > n_least && out[s.n - 1] == '0')
        s.n--;
    out[s.n] = 0;
    return s;
}

int money_from_minor(int64_t amount, int exponent, money_t *ret)
{
    check(exponent >= 0 && exponent <= DECIMALS);
    int64_t scale = 1;
    for (int i = exponent; i < DECIMALS; i++)
        scale *= 10;
    return money_mul(amount, scale, ret) ? 0 : -ERR_OVERFLOW;
}
