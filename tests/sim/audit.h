/*
 * tests/sim/audit.h - reads the journal's frames as a stranger would, and believes none of them.
 *
 * It rebuilds, from the frames alone, what each limit has settled and held, and checks each frame against that:
 *
 *   (1) seq has no gap, and each chain value follows from the one before.
 *   (2) a call is recorded once; it is closed once, and once more only if it was unknown, which a call to a model never
 *       is.
 *   (3) the numbers that an OPEN frame gives for its limits are those of the model, and what it takes fits the max that
 *       the policy in force says: settled + held <= max.
 *   (4) each charge of a hold leaves once, whole; only money of unknown calls stays.
 *   (5) nothing is held for a revoked key, under a document that was replaced, for a stopped run, or while stopped.
 *   (6) a call to a model leaves each limit with what its record says that it used.
 *   (7) behind a start, every call that was open is closed before another is held.
 *   (8) a call that a person must say yes to is held with a yes of its own, which nobody used before, and which nobody
 *       said to a key of their own.
 */
#pragma once

#include "base/money.h"
#include "budget/ledger.h"
#include "call/frame.h"
#include "call/limit.h"

struct audit_hooks {
    /* A sentence about what is wrong; the first one counts. */
    void (*fail)(void *ctx, const char *text);
    /* The max of that limit by the document of that digest, or of the key; -1: there is none. */
    int64_t (*max_of)(void *ctx, struct str digest, struct str limit, struct str key);
    void *ctx;
};

struct audit_charge {
    size_t i_bucket; /* SIZE_MAX: a limit for one call, compared only */
    enum limit_meter meter;
    wall_t window_start;
    int64_t n, left, settled;
    bool is_over;
};

struct audit_call {
    struct audit_call *next_of_request; /* the call before it of the same request */
    uint64_t seq;
    struct str call_id, trace_id, key, operation;
    int64_t request; /* which one of the agents', as they said in x-agent-parent-run-id; 0: unknown */
    enum op_class class;
    struct str code; /* of the last frame */
    int64_t status;
    bool is_held;    /* permitted, and went on */
    bool is_sharing;
    bool is_model;
    bool has_tokens, is_parsed;       /* of a call to a model: is_parsed: as its vendor reported */
    int64_t input_tokens, output_tokens;
    struct str error, stream_end;
    bool is_over;    /* closed, or never held */
    int n_closes;
    enum outcome outcome; /* of the last CLOSE */
    bool has_settled;
    money_t settled;
    struct audit_charge *charges;
    size_t n_charges;
};

struct audit;

struct audit *audit_new(const struct audit_hooks *h);
void audit_free(struct audit *a);
/* The next frame; copied. */
void audit_frame(struct audit *a, const struct frame *f);
uint64_t audit_seq(const struct audit *a); /* of the last frame */
/* What a power loss took: forgets every frame behind `seq`. */
void audit_rewind(struct audit *a, uint64_t seq);
/* The frames kept; places from 0, seq = place + 1. */
const struct frame *audit_frames(const struct audit *a, size_t *ret_n);

/* By the trace id that its agent gave; NULL: no record. */
const struct audit_call *audit_by_trace(const struct audit *a, struct str trace_id);
/* The newest call of one of the agents' requests; older ones by next_of_request. */
const struct audit_call *audit_by_request(const struct audit *a, int64_t request);
const struct audit_call *audit_call_at(const struct audit *a, size_t i); /* NULL behind the last */
/* The least that a limit on money counts for this call: settled and still held. Negative: no limit counts it. */
money_t audit_counted(const struct audit_call *c);

bool audit_is_revoked(const struct audit *a, struct str key, uint64_t seq); /* by then */
uint64_t audit_start_seq(const struct audit *a); /* of the newest EVENT start */

/* Something is left on one of its charges: at rest, its outcome is unknown. */
bool audit_holds(const struct audit_call *c);

/*
 * The ledger holds what the model holds, bucket by bucket. `now` tells which windows are past; `may_forget`: it is so
 * small that it drops buckets of calendar windows, whose next hold then shows whether it forgot more than it may.
 */
void audit_compare(struct audit *a, const struct ledger *l, wall_t now, bool may_forget);
/* Nothing goes on any more: every call is over, and all that is held is money of unknown calls. */
void audit_at_rest(struct audit *a);
