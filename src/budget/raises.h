/*
 * budget/raises.h - for a while, more than a limit's max: what an operator adds to one counter until a time.
 *
 *   (1) a raise counts from when it is added until its end, which it never outlives; what was held on it by then stays
 *       held, and nothing new fits until the counter is below the max again.
 *   (2) several raises of one counter add up.
 *   (3) bounded: limit_raises_max are in force at once; past ones make room.
 *
 * The caller owns the ledger mutex: a max is raised in the same step in which it is compared. Time is an argument.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "call/limit.h"

struct raise {
    struct str id;              /* of the raise */
    struct str counter, bucket; /* with the mode before the counter's name, as the ledger has it */
    struct str limit, reason, who;
    int64_t by; /* more than 0, in the meter's units */
    wall_t at, until;
};

struct raises {
    struct map by_bucket;
    struct list all; /* in the order of adding */
    size_t n, n_max;
};

void raises_init(struct raises *r, size_t n_max, const uint8_t seed[16]);
void raises_deinit(struct raises *r);
/* Copied. -ERR_TOO_LARGE: limit_raises_max; -ERR_OVERFLOW: all of that counter together; -ERR_NOMEM. */
int raises_add(struct raises *r, const struct raise *raise, wall_t now);
/* Takes back what was added last, and by nobody seen yet. */
void raises_undo(struct raises *r);
/* What is added to that counter now; *ret_until: the first end among it, 0 where there is none. */
int64_t raises_of(const struct raises *r, struct str counter, struct str bucket, wall_t now, wall_t *ret_until);
/* The needs' max as it is now. Again is fine: it does not add up. */
void raises_apply(const struct raises *r, struct limit_need *needs, size_t n, wall_t now);
/* Start with *i NULL; NULL at the end. Past ones are left out. */
const struct raise *raises_next(const struct raises *r, wall_t now, const struct list **i);
