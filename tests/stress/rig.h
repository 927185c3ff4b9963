/*
 * tests/stress/rig.h - the real daemon core on real loops and threads, with a counting vendor and a crowd of clients,
 * all in one process: what a thread sanitizer can watch whole.
 */
#pragma once

#include "daemon/acceptor.h"
#include "proxy/core_call.h"
#include "proxy/worker.h"

#define RIG_WORKERS 4
#define RIG_CLIENTS_MAX 1024

struct rig_vendor {
    struct loop_thread thread;
    struct http_server *server;
    struct net_listener *listener;
    struct net_addr addr;
    const struct limits *limits;
    atomic_uint_fast64_t n_seen, n_reads;
};

struct rig {
    char dir[64];
    struct limits limits;
    struct rng rng;
    struct rng_buffered rngs[RIG_WORKERS];
    struct store *store;
    struct journal *journal;
    struct core *core;
    struct background background;
    struct rig_vendor vendor;
    struct connector *connector;
    struct vendor stripe;
    struct vendors vendors;
    struct worker_shared shared;
    struct loop_thread loops[RIG_WORKERS];
    struct worker *workers[RIG_WORKERS];
    struct acceptor acceptor;
    struct net_addr addr;
    struct arena arena;
};

void rig_start(struct rig *r);
void rig_stop(struct rig *r);
/* Puts a document in force; aborts the test when it has an error. */
void rig_policy(struct rig *r, const char *text);
struct key_text rig_key(struct rig *r, const char *agent, const char *tenant);
/* Sum over all counters whose name has `part` (NULL: all): what is settled and held. */
void rig_standing(struct rig *r, const char *part, int64_t *ret_settled, int64_t *ret_held);
/* Everything appended so far is in the store. */
void rig_drain(struct rig *r);

/* --- a crowd: n requests at once, each on a connection of its own ------------------------------------------------- */

struct crowd_result {
    uint64_t n_ok, n_refused, n_other, n_reset;
    int64_t slowest_us;
};
struct crowd {
    const char *key; /* token */
    const char *run; /* run id; NULL: none */
    size_t n;
    int64_t cents;   /* of each refund */
    unsigned abort_percent; /* so many clients leave at a random moment */
    uint64_t seed;
};
struct crowd_result rig_crowd(struct rig *r, const struct crowd *c);
