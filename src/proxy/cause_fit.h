/*
 * proxy/cause_fit.h - whether a call looks like what a tool call asked for, judged by the values of both.
 *
 *   (1) a value of a tool call is a scalar anywhere in its arguments: a number, or a string of CAUSE_STRING_BYTES_MIN
 *       to CAUSE_VALUE_BYTES_MAX bytes. What is shorter, truths and nulls say nothing.
 *   (2) it is matched when it is, byte for byte, the text of a parameter (ids in the path are parameters) or the
 *       customer of the call; or when it is the call's amount in whole units: 5, 5.00 and "5.00" for 500 cents.
 *   (3) it is distinctive when it is hardly there by chance: a string with a digit and a letter (an id), with an @, of
 *       six digits or more and nothing else (but a plus before them), or of 16 bytes or more with a space (a
 *       sentence). Numbers and plain words never are: `duplicate` and 500 are in every second refund.
 *   (4) a call fits when at least one distinctive value is matched.
 *
 * No state, no clock. That a call fits proves nothing; proxy/causes.h says what follows from it.
 */
#pragma once

#include "base/arena.h"
#include "base/money.h"
#include "call/facts.h"

#define CAUSE_VALUES_MAX 32 /* of one tool call; what stands behind them is not looked at */
#define CAUSE_STRING_BYTES_MIN 4
#define CAUSE_VALUE_BYTES_MAX 128

struct cause_value {
    struct str text; /* of a number as it is written */
    uint64_t hash;   /* of the text: most that differ are told apart by it */
    money_t units;   /* the number that the text is, in billionths; -1: it is none */
    bool is_distinctive;
};

/*
 * The values of arguments that a model wrote, which need not be JSON: then there are none. At most CAUSE_VALUES_MAX;
 * texts live in the arena.
 */
size_t cause_values(struct str args, struct arena *a, struct cause_value ret[CAUSE_VALUES_MAX]);

/* What a call has to be matched: made once, compared with many tool calls. Texts are those of the facts. */
#define CAUSE_TARGETS_MAX 64
struct cause_target {
    size_t n;
    struct str texts[CAUSE_TARGETS_MAX]; /* customer and parameters; what stands behind them is not looked at */
    uint64_t hashes[CAUSE_TARGETS_MAX];
    money_t units; /* the amount in billionths; -1: unknown */
};
void cause_target(const struct facts *f, struct cause_target *ret);

struct cause_fit {
    bool is_fit;
    size_t n_matched, n_others; /* values that are matched, and that are not */
};
struct cause_fit cause_fit(const struct cause_value *values, size_t n, const struct cause_target *t);
/* Fits better: more values are matched, or as many with fewer others. */
bool cause_fit_is_better(struct cause_fit a, struct cause_fit b);
