/*
 * tests/sim/world.h - the daemon's core as it runs in production, but for what surrounds it: three workers over one
 * core, journal and store in memory, among agents, operators and vendors that misbehave, all drawn from one seed.
 *
 * What is checked, for each seed:
 *   - every frame, as it is written, by tests/sim/audit.h (promises 1 and 2, chain, revocation);
 *   - no byte of a money request leaves before its OPEN frame is on the disk;
 *   - an answered call is on record, once, with the status and code that the agent got; an unknown key has no record;
 *   - what was on the disk is there after a crash; open calls are unknown then, and held;
 *   - a call to a model is never unknown, and is settled with what its vendor wrote down where its answer came whole;
 *     behind a graceful end none is open, and behind `revoke --now` no stream of that key;
 *   - at the end nothing is open, the ledger, the frames and the store agree, and the vendor's own book is covered:
 *     what limits count is never less than what moved, and equal to it where nothing is unknown.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a test breaks on purpose, to see that it is noticed. */
enum mutation {
    MUTATION_NONE,
    MUTATION_VENDOR_MOVES_MORE,  /* a cent more than it says */
    MUTATION_VENDOR_FORGETS_KEYS, /* a retry moves money again */
    MUTATION_VENDOR_LIES,        /* declines, and moves the money */
    MUTATION_SYNC_IS_SKIPPED,    /* whoever waits for the disk is told that it is there */
    MUTATION_DISK_LIES,          /* says synced, and forgets on power loss */
    MUTATION_COUNTER_DRIFTS,     /* what is settled shrinks behind the core's back */
    MUTATION_FRAME_IS_CHANGED,   /* a byte of a frame is not what was written */
    MUTATION_MODEL_MISREPORTS,   /* a vendor of models says one token less than it writes down */
    MUTATION_MODEL_SETTLES_TWICE, /* what a call to a model used is booked once more */
    MUTATION_CUT_IS_FORGOTTEN,   /* a stream that was cut is dropped from memory, and not settled */
    MUTATION_USAGE_IS_ADDED,     /* a report is added to the one before it, instead of taking its place */
    MUTATION_YES_COMES_BACK,     /* that a yes was used is not on record, so that the next start finds it good */
    MUTATION_YES_IS_KEPT,        /* one that a call used is good for the next one too */
    MUTATION_REQUESTER_MAY_DECIDE, /* it is forgotten for whom a question is asked */
    MUTATIONS
};
const char *mutation_name(enum mutation m);

struct world_result {
    bool is_ok;
    char failure[640]; /* the first thing that was wrong */
    uint64_t steps, trace;
    uint64_t n_tries, n_calls, n_held, n_unknown, n_crashes, n_frames;
    uint64_t n_models, n_cut; /* calls to models: held, and of them those that did not come whole */
    int64_t moved_cents;
};

/* Read once, shared by all worlds. */
struct connector;
struct catalog;
struct world_data {
    struct connector *stripe, *openai, *anthropic;
    struct catalog *catalog;
};
void world_run(uint64_t seed, enum mutation m, const struct world_data *data, bool is_verbose,
               struct world_result *ret);
