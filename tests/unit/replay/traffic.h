/*
 * tests/unit/replay/traffic.h - calls as the daemon decides and records them: a document, its ledger, and the frames
 * that follow, written by trace/record.c.
 */
#pragma once

#include "base/rand.h"
#include "budget/ledger.h"
#include "call/frame.h"
#include "policy/policy.h"

#define TRAFFIC_START 1764000000000000000LL /* 2025-11-24T16:00:00Z */

struct traffic {
    struct policy *policy;
    struct ledger *ledger;
    struct arena arena; /* of the call at hand */
    uint64_t seq;
    struct rng rng;
    wall_t now;
    int (*on_frame)(void *ctx, const struct frame *f);
    void *ctx;
    bool could_ask_customer; /* of the next call: nobody looked its customer up */
};

/* `document`: YAML; fails the test when it cannot be read. */
void traffic_init(struct traffic *t, const char *document, int (*on_frame)(void *ctx, const struct frame *f),
                  void *ctx);
void traffic_deinit(struct traffic *t);

struct policy *traffic_policy(const char *document);

/* A call of stripe.refunds.create over 5.00 USD by the agent refunds for cus_1; change what matters. */
struct facts traffic_refund(struct arena *a, money_t usd);
/* A call to a model; 1,000 tokens in, 500 out at most. */
struct facts traffic_chat(money_t usd);

/*
 * Decides, holds, records and ends one call that costs `settled` (-1: what was predicted; -2: its outcome stays
 * unknown). True: it was permitted.
 */
bool traffic_call(struct traffic *t, const struct facts *f, money_t settled);

/* The i-th of n calls of a day: four agents, five operations, 5,000 customers. The same for the same seed. */
void traffic_day_call(struct traffic *t, size_t i, size_t n);
extern const char TRAFFIC_DAY_DOCUMENT[];
