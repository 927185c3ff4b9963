/*
 * proxy/core_call.h - what one call asks of the core: admit, hold, close (or refuse), and what was learned before.
 *
 * Every function takes the ledger mutex once, does no I/O but one journal append, and never waits.
 */
#pragma once

#include "base/arena.h"
#include "budget/ledger.h"
#include "call/cause.h"
#include "crypto/hash.h"
#include "proxy/core.h"
#include "proxy/core_agents.h"
#include "proxy/duplicates.h"
#include "trace/record.h"

struct key_entry; /* proxy/core_keys.h; never freed */

/* --- admit ------------------------------------------------------------------------------------------------------ */

struct admission {
    const struct key_entry *key; /* NULL when no such key exists */
    const struct policy *policy; /* a reference of the caller's; NULL: the document does not exist */
    struct str made_run_id;      /* for calls that carry no run: the same until the key is idle for RUN_IDLE_GAP_MS */
    enum agent_state agent_state; /* why KEY_REVOKED, where the key itself is not revoked */
    enum code code;              /* CODE_NONE, KEY_UNKNOWN, KEY_REVOKED, KEY_EXPIRED, STOPPED */
};
#define RUN_IDLE_GAP_MS (30 * 60 * 1000)
void core_admit(struct core *c, const uint8_t hash[KEY_HASH_BYTES], wall_t now, struct arena *a, struct admission *ret);
/* The document in force for that key now, as a new reference (to decide again after CORE_R_STALE). May be NULL. */
const struct policy *core_policy_of(struct core *c, const struct key_entry *k);

/* --- hold and refuse -------------------------------------------------------------------------------------------- */

struct idempotency {
    struct str scope;        /* "<vendor>/<mode>/<tenant>/<agent>"; empty: the call has no key of its own */
    uint8_t key_digest[32];  /* SHA-256 of the key */
    uint8_t body_digest[32]; /* SHA-256 of method, path and canonical body */
    uint8_t id[32];          /* SHA-256 of all of it: core_idem_end() */
};
/* Another body under a key is another call, and takes nobody's place: the id is of both. */
void core_idem_end(struct idempotency *i);

struct hold_request {
    const struct key_entry *key;
    const struct policy *policy; /* that decided */
    struct str tenant; /* whose run it is: the key's, or a token's */
    struct str run_id, call_id;
    struct verdict *verdict; /* a permit. Needs, and `would`: results are filled in */
    const struct facts *facts;
    struct arena *arena; /* the call's, for sentences */
    const struct idempotency *idempotency;
    struct duplicate *duplicate;  /* says which call was first on CORE_R_DUPLICATE; NULL: nothing makes it one */
    struct record_writer *record; /* begun */
    wall_t now;
    struct cost predicted;

    /* core_hold()'s own: what is on record before anything is taken is hashed before the mutex is. */
    struct sha256_run hash;
    size_t hashed_bytes;
};
struct held {
    uint64_t open_seq;
    struct hold *own;    /* always set: may have no charges */
    struct hold *shared; /* the first call's, for a retry with the same key and body; NULL */
    bool is_replay_of_settled; /* the first call is settled and its hold gone: only its id is known */
    struct cost held;    /* usd held by this call */
};
/*
 * 0: held and on the journal (not yet durable).
 * CORE_R_STALE: the document changed since it decided: decide again.
 * CORE_R_SHORT: no room: *ret_i_short; nothing is held and nothing written (refuse it next).
 * CORE_R_DUPLICATE: the same was sent within the window, and the yes is not for that; nothing is held or written.
 * CORE_R_ASK: the yes of verdict.grant is good no more: ask again.
 * CORE_R_REFUSED: *ret_code says why (revoked, expired, stopped meanwhile; overloaded when buckets_max is reached).
 * -ERR_NO_SPACE, -ERR_IO, -ERR_TOO_LARGE of the journal: nothing is held.
 */
int core_hold(struct core *c, struct hold_request *q, struct held *ret, size_t *ret_i_short, enum code *ret_code);
#define CORE_R_STALE 1
#define CORE_R_SHORT 2
#define CORE_R_REFUSED 3
#define CORE_R_DUPLICATE 4
#define CORE_R_ASK 5
/* What a rule's `notify` says of a call, as an event policy.notice. 0, or an error of the journal. */
struct policy_notice {
    struct str name, call_id, agent, operation, rule, policy;
};
int core_notice(struct core *c, const struct policy_notice *n);
/* Whether core_hold() would say CORE_R_DUPLICATE where nobody said yes: *d says which call was first. */
bool core_repeats(struct core *c, struct duplicate *d, const struct idempotency *i, wall_t now);
/* What core_hold() looked at of key, run and stop button, again: for a call that has waited since. CODE_NONE: go on. */
enum code core_still_allowed(struct core *c, const struct key_entry *key, struct str tenant, struct str run_id,
                             wall_t now);

/* The record of a call that is over without having been held. 0, or an error of the journal. */
int core_refuse(struct core *c, struct record_writer *record, const struct verdict *v, const struct record_end *end,
                wall_t now);
/* An EVENT "request.refused" for requests without a known key: code of the last, how many since the last event. */
void core_note_refusal(struct core *c, struct str code, uint64_t n);
/* Fills the needs with what stands in the ledger now. */
void core_look(struct core *c, struct verdict *v, wall_t now);

/* --- close ------------------------------------------------------------------------------------------------------ */

struct close_request {
    struct held *held;
    const struct idempotency *idempotency;
    const struct duplicate *duplicate; /* as held; NULL is fine */
    struct record_close
        *record; /* all but moves, overrun; outcome and settled are the call's own view and may be corrected */
    const struct usage *usage;   /* NULL: not a call to a model. HOW_UNKNOWN: tokens settle at what is held */
    struct str object_scope;     /* "<vendor>/<mode>" */
    struct buf *body, *personal;

    /* core_close()'s own: what does not depend on the holds is written and hashed before the mutex is taken. */
    struct record_writer writer;
    struct sha256_run hash;
    size_t hashed_bytes;
};
/*
 * Ends the hold and appends CLOSE (before it, a second CLOSE for the first call when this one brought its outcome).
 * Journal errors: the hold ended all the same in memory; the frame is kept and appended when there is room again.
 */
int core_close(struct core *c, struct close_request *q);

/* A limit that a settled call counts on. */
struct correction_need {
    size_t i; /* its place among the limits of the OPEN frame */
    struct str counter, bucket;
    wall_t window_start;
    int64_t booked; /* what the call settled there */
};
struct correction {
    struct str call_id;
    uint64_t open_seq;
    struct cost cost; /* what it cost after all, in USD */
    const struct correction_need *needs;
    size_t n_needs;
    wall_t now;
    const uint8_t *salt;
    struct buf *body, *personal;
};
/*
 * A second CLOSE for a call that is settled: its true cost, in the windows in which it was held. Journal errors: the
 * counters in memory are right all the same; the frame is kept and appended when there is room again.
 */
int core_correct(struct core *c, const struct correction *q);

/* The process ends while the call is held: memory only, its record stays open. */
void core_forget(struct core *c, struct held *h);

/* --- what was learned ------------------------------------------------------------------------------------------- */

/* The customer of a vendor object, from memory. Objects of earlier starts come by core_object_learned after a query. */
bool core_object_customer(struct core *c, struct str scope, struct str id, struct arena *a, struct str *ret_customer);
void core_object_learned(struct core *c, struct str scope, struct str id, struct str customer);
/* False: no call of this start used that key, but one of an earlier start may have: ask the store, then tell. */
bool core_idempotency_is_known(struct core *c, const struct idempotency *i);
void core_idempotency_learned(struct core *c, const struct idempotency *i, struct str call_id, uint64_t open_seq,
                              bool is_settled, const uint8_t body_digest[32], wall_t at);
/* A request of an earlier start, `d` with digest and window: what equals it within that is a duplicate. */
void core_duplicate_learned(struct core *c, const struct duplicate *d, struct str call_id, wall_t at);
/* The longest time in which a policy in force lets the same request through once; 0: none asks. */
int64_t core_duplicates_back_ms(struct core *c);
/* True while keys of earlier starts may still matter. */
bool core_has_old_idempotency(struct core *c, wall_t now);

/*
 * A model's answer asked for these tool calls (proxy/causes.h): told before the agent has its last byte, because it may
 * act on it at once.
 */
void core_tool_calls_learned(struct core *c, struct str tenant, struct str agent, struct str run_id,
                             struct str call_id, const struct tool_call *calls, size_t n, wall_t now);
/* Which tool call this call carries out: the one that the agent names, else (empty) one that its values fit. */
void core_cause_find(struct core *c, const struct facts *f, struct str tool_call_id, struct arena *a,
                     struct cause *ret);
