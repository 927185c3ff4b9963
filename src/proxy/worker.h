/*
 * proxy/worker.h - one worker: a loop, its connections, its calls. Workers share the core and immutable settings, no
 * more.
 */
#pragma once

#include "http/client.h"
#include "http/server.h"
#include "proxy/core_call.h"
#include "proxy/stats.h"
#include "proxy/vendor.h"

#include <stdatomic.h>

/* Set once before the workers start. */
struct worker_shared {
    struct core *core;
    const struct limits *limits;
    const struct vendors *vendors;
    struct lookup_cache *lookups;
    struct tls_server *tls; /* of the data listener; NULL: plain HTTP */
    struct stats *stats; /* NULL: nobody counts */
    struct rates *rates;          /* of the operator; NULL: there is no table */
    const struct llm_shared *llm; /* NULL where no vendor of models is configured */
    struct issuers *issuers;      /* of identity tokens; NULL: none is configured */
    struct remotes *remotes;      /* who answers what scopes ask; NULL: nobody */
    atomic_int_fast64_t body_bytes; /* memory of all collected bodies */
};

struct worker {
    struct loop *loop;
    struct worker_shared *shared;
    struct http_server *server;
    struct http_pool *pool;
    struct rng *rng; /* outlives the worker */
    struct lookup_cache *lookups; /* shared */
    struct poller *poller;
    struct asker *asker;
    struct take_up *taken_up; /* of the one that asks (proxy/take_up.h); NULL */
    struct buf record_body, record_personal; /* scratch: used within one function, never across a wait */
    struct list calls, free_calls; /* struct call */
    size_t n_calls, n_free;
    mono_t sampled_at; /* last event about a request without a key */
    uint64_t n_unsampled;
    void (*on_drained)(void *ctx);
    void *on_drained_ctx;
    bool is_draining;
    bool is_cut_off; /* nothing more goes to a vendor */
    atomic_size_t n_connections; /* for the acceptor's choice */
};

/* `rng`: the worker's own, used on its thread only. */
int worker_new(struct loop *l, struct worker_shared *shared, struct rng *rng, struct worker **ret);
/* Once after a start, by one of all workers, on its loop: what the process before had in mind (proxy/take_up.h). */
void worker_take_up(struct worker *w);
/* From the acceptor, on the worker's loop. */
void worker_take(struct worker *w, struct net_ticket t);
/*
 * No new requests, and no call waits for a person any more; on_drained once no call is left, and each agent has its
 * answer or is gone.
 */
void worker_drain(struct worker *w, void (*on_drained)(void *ctx), void *ctx);
void worker_look_drained(struct worker *w); /* a call has ended */
/*
 * The time for draining is over: calls to models that are still open are settled by what passed, and end now. What was
 * not decided yet, or waits for the disk, is refused: nobody would be there for its answer.
 */
void worker_cut_off(struct worker *w);
/* Ends what is left: open calls stay open in the record, and are unknown after the next start. */
void worker_free(struct worker *w);
