/*
 * replay/plan_impl.h - what a plan counts, and what its report is made of. For this folder only.
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "replay/plan.h"
#include "replay/side.h"

#define PLAN_GROUPS_MAX 4096
#define PLAN_NAMES_MAX 10000 /* agents, customers */

/* Calls of one operation and agent that change in the same way, by the same rules or limits. */
struct plan_group {
    struct plan_group *next;
    enum change change;
    struct str operation, class, agent, was_by, becomes_by;
    enum effect was;
    enum code was_code, becomes_code;
    uint64_t calls;
    money_t usd;
};

struct plan_changed {
    struct plan_changed *next;
    enum change change;
    struct str call_id, run_id, agent, operation, class, customer;
    wall_t at;
    struct cost cost;
    enum effect was;
    struct str was_by, becomes_by, reason;
    enum code was_code, becomes_code;
};

struct plan_sum {
    uint64_t calls, unpriced, moves_value; /* without a known cost; of a class by which value moves */
    money_t usd; /* the most that they could cost, as far as that is known */
    struct map agents, customers; /* name -> non-NULL */
};

struct plan {
    struct plan_options o;
    struct side *old, *new;
    struct arena frame, kept; /* of the frame at hand; of what the report shows */
    uint64_t seq;
    uint64_t n_calls, n_replayed, n_otherwise; /* of the document; decided on; not as recorded by the old document */
    uint64_t n_dry, n_other, n_undecided; /* dry runs; of other documents; refused before a document was asked */
    uint64_t n_lack[LACK_COUNT];
    struct plan_sum sums[CHANGE_COUNT];
    struct map by_group; /* -> struct plan_group */
    struct plan_group *groups;
    struct plan_changed *changed, **last_changed;
    size_t n_changed;
};
