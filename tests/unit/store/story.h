/*
 * tests/unit/store/story.h - frames as the daemon writes them, for stores to take: calls, closes and events with valid
 * chains and digests.
 */
#pragma once

#include "base/arena.h"
#include "base/money.h"
#include "call/frame.h"

#define STORY_START 1764000000000000000LL /* 2025-11-24T16:00:00Z */
#define STORY_LIMITS_MAX 4

struct story {
    struct arena arena; /* all texts */
    uint8_t chain[CHAIN_BYTES];
    uint64_t seq;
    uint32_t epoch;
    wall_t now;
    struct frame *frames; /* frames[i] has seq i + 1 */
    size_t cap;
    unsigned n_ids;
};

void story_init(struct story *s);
void story_deinit(struct story *s);

struct story_limit {
    const char *counter, *bucket;
    wall_t window_start;
    int64_t n;
};

struct story_call {
    const char *call_id; /* NULL: made up */
    const char *run_id, *agent, *tenant, *key, *vendor, *operation, *class, *verdict, *code;
    const char *shares, *idempotency; /* hex digest; NULL: none */
    const char *duplicate;            /* what an equal one is found by, JSON; NULL: nothing */
    const char *model;                /* asked for; NULL: not a call to a model */
    const char *cause;                /* caused_by as JSON; NULL: none */
    const char *customer, *trace_id, *parent_run_id; /* NULL: cus_9 (empty: none), always the same, none */
    const char *root_run_id; /* NULL: none */
    const char *customer_source;                     /* NULL: request */
    const char *params;               /* JSON; NULL: an amount, a charge and a sentence */
    money_t held;                     /* -1: null */
    bool is_over;                     /* refused or given up: no CLOSE follows */
    struct story_limit limits[STORY_LIMITS_MAX];
    size_t n_limits;
};
/* A permitted call of stripe.refunds.create that holds 5.00 USD; change what matters. */
struct story_call story_call(void);
/* Appends the OPEN frame; returns its seq. *ret_call_id (may be NULL) lives as long as the story. */
uint64_t story_open(struct story *s, const struct story_call *c, struct str *ret_call_id);

struct story_move {
    uint64_t of;
    size_t i;
    int64_t released, settled;
};
struct story_close {
    uint64_t open_seq;
    const char *outcome, *code, *object, *parent, *customer;
    const char *request_id; /* the vendor's; NULL: req_8kZ */
    money_t settled; /* -1: null */
    bool is_created; /* the object */
    bool is_overrun, is_replay;
    const char *model_members; /* of a call to a model, JSON members without braces; NULL: none */
    const char *args_hashes;   /* JSON array; NULL: none */
    const char *poll;          /* what to ask for the price later; the cost is priced then, not parsed; NULL: nothing */
    struct story_move moves[STORY_LIMITS_MAX];
    size_t n_moves;
};
uint64_t story_close(struct story *s, const struct story_close *c);

/* `members` and `personal` are JSON members without braces; empty: none. With a personal one there is a digest. */
uint64_t story_event(struct story *s, const char *event, const char *members, const char *personal_name,
                     const char *personal);

/* A long random life: calls of several agents that open, close, end unknown, are resolved, share, and are refused. */
void story_random(struct story *s, uint64_t seed, size_t n_calls);
