/*
 * tests/sim/agents.h - the agents: clients that refund, charge, read and ask models, in a hurry, many at once.
 *
 * They read slowly, retry with the same idempotency key (also while the first try is in flight), leave at any moment,
 * send half of a body, or its second half late, use keys that were revoked, and ask for what no rule permits.
 */
#pragma once

#include "book.h"
#include "http/client.h"
#include "loop_sim.h"

#define AGENT_KEYS_MAX 16
#define TRACE_CHARS 32

struct agents;

struct agent_key {
    char text[96];  /* as presented; empty: not there (yet) */
    bool is_known;  /* the daemon has it */
};

/* One HTTP request, and how it ended. */
struct agent_try {
    struct str trace_id;
    mono_t began_at;
    int64_t request;
    bool has_known_key;
    bool is_left;   /* the agent went away, or never sent its whole request */
    bool is_read, is_dry_run;
    bool is_model, is_whole; /* to a model; and its answer came to its very end, without an error */
    int64_t n_tokens;        /* of the model's answer that came */
    uint16_t status; /* 0: no whole answer */
    struct str call_id, code; /* of x-flyball-call-id, x-flyball-code; empty: none */
};

struct agents_hooks {
    /* A try is over: answered whole, broken (status 0), or left. */
    void (*on_end)(void *ctx, const struct agent_try *t);
    void *ctx;
};

struct agents_manners {
    size_t n_agents, n_requests; /* requests of all agents together */
    int64_t pause_ns_max;        /* between two requests of one agent */
    uint32_t leave_ppm;          /* tries that end at a random moment */
    int64_t leave_ns_max;
    uint32_t odd_ppm;            /* requests that are not a plain refund, charge or read */
    uint32_t model_ppm;          /* requests to models */
};

struct agents *agents_new(struct sim *s, struct loop *l, const struct limits *limits, const struct net_addr *daemon,
                          size_t n_charges, const struct agents_manners *m, const struct agents_hooks *h);
/* Keys may change at any time; a request uses what stands there when it is made. */
struct agent_key *agents_key(struct agents *a, size_t i);
void agents_start(struct agents *a); /* posts to their loop */
bool agents_are_done(const struct agents *a);
size_t agents_tries(const struct agents *a); /* begun so far */
int64_t agents_requests(const struct agents *a); /* their numbers are 1 to this */
bool agents_request_shares_key(const struct agents *a, int64_t request); /* another body has its idempotency key */
bool agents_request_is_model(const struct agents *a, int64_t request);
bool agents_request_is_stream(const struct agents *a, int64_t request);
void agents_free(struct agents *a); /* outside of any turn */
