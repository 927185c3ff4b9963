/*
 * base/money.h - int64 nano-USD with checked arithmetic. A stopped build is better than a wrong sum: no floats here.
 */
#pragma once

#include "base/str.h"

typedef int64_t money_t;

#define MONEY_PER_USD 1000000000LL
#define MONEY_MAX INT64_MAX
#define MONEY_TEXT_BYTES 32

/* False when the result does not fit; *ret untouched. */
bool money_add(money_t a, money_t b, money_t *ret);
bool money_sub(money_t a, money_t b, money_t *ret);
bool money_mul(money_t a, int64_t k, money_t *ret);
/* Of two counts, of money or not, that a limit is compared with: a sum that does not fit leaves no room. */
static inline int64_t add_capped(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* A decimal string: 1*DIGIT [ "." 1*9DIGIT ], no sign, exponent or space. -ERR_INVALID, -ERR_OVERFLOW. */
int money_parse(struct str s, money_t *ret);
/* Nine decimals: "0.004750000"; a str into `out`. Negative values get a minus. */
struct str money_text(money_t m, char out[MONEY_TEXT_BYTES]);
/* For people: two decimals at least, no trailing zeros beyond: "12.50", "0.00475". */
struct str money_text_short(money_t m, char out[MONEY_TEXT_BYTES]);

/* Minor units with an exponent 0..9 (cents: 2) to nano-USD; the currency must be USD. -ERR_OVERFLOW. */
int money_from_minor(int64_t amount, int exponent, money_t *ret);
