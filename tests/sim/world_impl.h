/*
 * tests/sim/world_impl.h - the inside of a world: its processes (world.c), what happens to them (play.c), who runs them
 * (operators.c), what must be so (world_check.c).
 */
#pragma once

#include "agents.h"
#include "audit.h"
#include "io/io_fault.h"
#include "io/io_memory.h"
#include "loop_sim.h"
#include "model_sim.h"
#include "proxy/core_impl.h"
#include "proxy/llm.h"
#include "proxy/lookup_cache.h"
#include "proxy/worker.h"
#include "store/memory/store_memory.h"
#include "vendor_sim.h"
#include "world.h"

#define WORKERS 3
#define DOCUMENTS_MAX 64
#define DOCUMENT_LIMITS 20
#define VENDORS 3
#define KEYS_MAX 64

/* How a seed is played. */
struct play {
    int n_crashes;
    bool has_power_loss, has_clock_jumps, has_disk_full, has_failed_sync, has_operators, has_small_limits,
        has_store_trouble;
    bool is_calm; /* the network and the vendor do nothing wrong */
};

/* One document that was applied at some time: what its limits allow. */
struct document {
    char digest[64];
    size_t n;
    struct {
        char id[24];
        int64_t max;
    } limits[DOCUMENT_LIMITS];
};

struct operator_key {
    struct key_text text;
    size_t i_agent_key; /* where the agents find it */
    int64_t usd_day, concurrent; /* limits of its own; -1: none */
    bool is_usable, is_revoked;
};

/* A change by an operator that waits for the disk. */
struct pending {
    struct list node;
    struct world *w;
    struct sync_wait wait;
    size_t i_key; /* to hand out when it is durable; SIZE_MAX: none */
};

struct world {
    uint64_t seed;
    enum mutation mutation;
    bool is_verbose;
    struct play play;
    struct world_result *result;

    struct sim *sim;
    struct sim_net net;
    struct limits limits, agents_limits;
    struct net_addr daemon_addr, vendor_addr, model_addr;

    /* what survives a crash */
    struct io *disk;
    struct io_fault fault;
    struct store store;        /* ours, over `memory`: the core's store */
    struct store *memory;
    struct store_ops store_ops;
    bool store_refuses;
    uint64_t durable_seq;      /* what the store keeps at a power loss */
    uint64_t last_synced_seq;  /* the journal's, of the running process */
    struct audit *audit;

    /* the daemon's process */
    bool is_up;
    unsigned generation; /* counts processes: events of old ones do nothing */
    struct list laters, handovers; /* what is under way to a process, for the case that it dies */
    bool is_dying; /* the journal failed: the process is about to end */
    struct rng rng, worker_rngs[WORKERS];
    struct journal *journal;
    struct journal_reader *reader; /* the audit's */
    struct store_reader *store_reader;
    struct core *core;
    const struct world_data *data;
    struct vendor vendor_items[VENDORS];
    struct vendors vendors;
    struct llm_floors *floors;
    struct llm_shared llm;
    struct worker_shared shared;
    struct loop *loops[WORKERS], *front; /* `front`: acceptor, and where operators' answers go */
    struct worker *workers[WORKERS];
    struct net_listener *listener;
    size_t i_next_worker;
    struct stopping {
        struct world *w;
        size_t i;
    } stopping[WORKERS];
    size_t n_cut_off;    /* workers that have cut off what was still open */
    uint64_t swept_seq;  /* the last frame before the newest sweep; 0: none */
    mono_t swept_at;

    /* the others */
    struct loop *vendor_loop, *agents_loop;
    struct book *book;
    struct vendor_sim *vendor_sim;
    struct model_sim *model_sim;
    struct agents *agents;

    /* the operators */
    struct document documents[DOCUMENTS_MAX];
    size_t n_documents;
    struct operator_key keys[KEYS_MAX];
    size_t n_keys;
    int version;
    struct list pendings;
    bool is_ending; /* nothing new happens */
    bool was_full;  /* the disk, once */
    bool jumped;             /* the wall clock, at least once */
    mono_t lost_at;          /* when frames were last lost, or could not be written; 0: never */
    int n_crashes_left;
};

void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline uint64_t world_below(struct world *w, uint64_t n) { return sim_below(w->sim, n); }
/* fn(w) after up to `ns_max`, if this process still runs. */
void world_later(struct world *w, int64_t ns_max, void (*fn)(struct world *w));
void world_crash(struct world *w, bool is_power_loss);
void world_stop(struct world *w); /* as SIGTERM does */

/* play.c */
void play_draw(struct world *w);  /* the play, the limits, the network */
void play_begin(struct world *w); /* what happens to a process, from its start on */

/* operators.c */
void operators_prepare(struct world *w);  /* the first documents and keys, durable before anyone calls */
void operators_begin(struct world *w);    /* what they do while the world runs */
void operators_crashed(struct world *w);  /* what they wait for will not come */
void operators_forget(struct world *w);   /* the end of the world */
int64_t operators_max_of(void *ctx, struct str digest, struct str limit, struct str key);

/* mutate.c */
void mutate_core(struct world *w); /* from now on, the core in this world is broken as its mutation says */

/* world_check.c */
void world_read_frames(struct world *w);  /* the audit reads what was appended */
void world_check_now(struct world *w);    /* what must be so at any moment */
void world_check_at_rest(struct world *w);
void world_on_write(void *ctx, const struct net_addr *to, struct str bytes);
void world_on_vendor_request(void *ctx, const struct book_request *q, struct str head);
void world_on_model_request(void *ctx, int64_t request, struct str head, struct str body);
void world_check_cut_off(struct world *w); /* behind the drain's end no call to a model is open */
void world_on_try(void *ctx, const struct agent_try *t);
void world_on_audit_failure(void *ctx, const char *text);
