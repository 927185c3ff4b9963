/*
 * replay/plan.h - recorded calls, decided on again by two documents: what the new one would have permitted, denied or
 * asked about that the old one did not. Reads frames, sends nothing, and guesses nothing: a call whose record lacks
 * what a document asks for is counted as not replayable, with the reason.
 *
 *   (1) counters of both documents move with the calls, each by what it permitted itself (replay/side.h).
 *   (2) only calls of keys that obey the document's name are looked at, and only those that a document decided on.
 *   (3) memory is bounded: groups, names and listed calls have a most; what is beyond is counted and not named.
 */
#pragma once

#include "call/frame.h"
#include "call/limit.h"
#include "policy/policy.h"

enum change {
#define CHANGE(name, text) CHANGE_##name,
#include "replay/change.tbl.h"
#undef CHANGE
    CHANGE_COUNT
};
struct str change_text(enum change c);

/* What a call's key obeys. False: no such key is known; then the record's own word for the document counts. */
typedef bool plan_key_fn(void *ctx, struct str key, struct str *ret_policy, const struct key_limits **ret_limits);

struct plan_options {
    const struct policy *old, *new; /* `old` NULL: nothing is in force under that name */
    wall_t since, until;            /* until 0: to the end */
    plan_key_fn *key; /* may be NULL */
    void *key_ctx;
    size_t changed_max; /* calls that are listed one by one */
    size_t buckets_max; /* counters of each document; more fail the plan */
};

struct plan;
/* The plan takes references of both documents. -ERR_NOMEM. */
int plan_new(const struct plan_options *o, struct plan **ret);
void plan_free(struct plan *p);

/* The next frame, in order. -ERR_TOO_LARGE: too many counters; -ERR_NOMEM. */
int plan_frame(struct plan *p, const struct frame *f);
uint64_t plan_seq(const struct plan *p);   /* of the last frame */
uint64_t plan_calls(const struct plan *p); /* looked at so far */

/* Nothing that moves value is newly permitted. */
bool plan_is_safe(const struct plan *p);
int plan_json(const struct plan *p, struct buf *out);
