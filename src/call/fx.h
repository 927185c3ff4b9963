/*
 * call/fx.h - what amounts in other currencies are in dollars, by a table that the operator keeps: dated, with a
 * margin, and good for a time only. Everything is rounded up, because what it is for is the most that a call can cost.
 *
 * Immutable; times are arguments.
 */
#pragma once

#include "call/facts.h"

#define FX_RATES_MAX 200

struct fx_rate {
    char currency[4];
    int64_t nano_usd; /* what one unit of it is; more than 0 */
};
struct fx_table {
    char date[FX_DATE_BYTES]; /* "2026-11-27" */
    wall_t from;              /* that day's start, UTC */
    int64_t max_age_ns;       /* good for so long behind the end of that day */
    int64_t margin_nano_percent;
    struct fx_rate rates[FX_RATES_MAX];
    size_t n;
};

/* In billionths of a unit of its currency, whatever its exponent; INT64_MAX: more than can be said. */
int64_t amount_nano(const struct amount *m);
/*
 * What the amount is at most in dollars; says in *ret which rate was used, or why none was. `t` NULL: there is no
 * table. HOW_UNKNOWN: it cannot be said.
 */
struct cost fx_to_usd(const struct fx_table *t, const struct amount *m, wall_t now, struct fx_use *ret);
/* The same by the rate of an earlier use, whatever the time. */
struct cost fx_again(const struct fx_use *use, const struct amount *m);
