/*
 * tests/sim/agents.h - the agents: clients that refund, charge and read, in a hurry, many at once.
 *
 * They retry with the same idempotency key (also while the first try is in flight), leave at any moment, send half of a
 * body, use keys that were revoked, and ask for what no rule permits.
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
void agents_free(struct agents *a); /* outside of any turn */
