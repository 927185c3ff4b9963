/*
 * policy/trial_impl.h - what is given in a test, as facts and counters. For trial*.c and parse.c only.
 */
#pragma once

#include "policy/policy_impl.h"
#include "policy/trial.h"

/* How much a limit's bucket has counted: `counters: {agent-day: "95.00", "run-day:r1": 3}`. */
struct counters {
    const struct yaml *map; /* NULL: all at 0 */
};
int64_t counter_of(const struct counters *c, const struct limit_need *need);

struct given {
    struct facts facts;
    struct counters counters;
};

/* Every key and type of `given`; diags say what is wrong. */
void check_given(struct parse *x, const struct yaml *given);
/* Of one that was checked. What it does not say has the value that spec/agentpolicy/README.md names. */
void read_given(const struct yaml *given, const struct known *known, struct arena *a, struct given *ret);
/* --- trial_scope.c --- */
void check_given_scope(struct parse *x, const struct yaml *given);
/* Whose accounts: `customers`, else the customer of the call. */
void read_affected(const struct yaml *given, struct arena *a, struct facts *f);
/* Answers what the verdict asks, in *f. False: it asks nothing. */
bool answer_questions(const struct yaml *given, const struct verdict *v, struct arena *a, struct facts *f);

/* The list of tests; true when nothing is wrong with it, or it is NULL. */
bool check_tests(struct parse *x, const struct yaml *list);
