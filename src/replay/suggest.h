/*
 * replay/suggest.h - from recorded calls to the narrowest document that permits what was permitted: a rule for each
 * operation of each agent, with bounds where amounts were seen, and limits at the 99th percentile with a margin. Each
 * rule and limit has a comment that says what it rests on.
 *
 *   (1) `plan` of the document on the same calls denies nothing that was permitted: a limit is never below what was
 * seen.   (2) what was refused is not permitted; operations of class authority and unknown ones are named exactly.
 *   (3) memory is bounded: pairs of agent and operation, and buckets of days, have a most; what is beyond fails.
 */
#pragma once

#include "call/frame.h"
#include "replay/plan.h"

struct suggest_options {
    struct str name;   /* of the document */
    int64_t version;   /* its metadata.version */
    struct str agent;  /* of these calls only; empty: of all */
    wall_t since;
    plan_key_fn *key;  /* may be NULL: as the records say */
    void *key_ctx;
};

struct suggest;
int suggest_new(const struct suggest_options *o, struct suggest **ret);
void suggest_free(struct suggest *s);
/* The next frame, in order. -ERR_TOO_LARGE: more agents, operations or days than a document is good for. */
int suggest_frame(struct suggest *s, const struct frame *f);
uint64_t suggest_seq(const struct suggest *s);
/* The document, YAML with comments; without calls it permits nothing, and says so. */
int suggest_yaml(const struct suggest *s, struct buf *out);
