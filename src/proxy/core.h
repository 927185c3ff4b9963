/*
 * proxy/core.h - what all workers share, behind the one ledger mutex: keys, policies, the ledger, the idempotency and
 * object indexes, the stop button, and the order of the journal (DESIGN 6).
 *
 *   (1) nothing waits under the mutex: one journal append (a write to the page cache) is the longest thing done there.
 *   (2) a change (key, policy, kill) is in force when its function returns: no worker keeps a copy that outlives a
 * hold. core_hold() looks again at key, stop button and policy in the same critical section that takes the limits. (3)
 * a change is durable when core_synced() says so; admin answers after that. (4) entries for keys are never freed while
 * the daemon runs: a pointer to one stays valid.
 *
 * No threads and no loop in here: daemon/ runs the *_turn() functions in threads of its own, the simulation runs them
 * inline.
 */
#pragma once

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/post.h"
#include "base/rand.h"
#include "base/time.h"
#include "call/ask.h"
#include "codec/diag.h"
#include "identity/key.h"
#include "policy/policy.h"

struct core;
struct journal;
struct keyring;
struct known;
struct sign_key;
struct stats;
struct vendors;

struct core_options {
    const struct limits *limits; /* outlives the core */
    const struct clock *clock;
    struct rng *rng;             /* used under the mutex only */
    struct journal *journal;
    struct store *store;
    const struct sign_key *checkpoint_key; /* NULL: no signed checkpoints */
    const struct known *known; /* what policies may name; outlives the core; NULL: names are not checked */
    /* Secrets of the store (proxy/core_secrets.h). */
    const struct vendors *secret_users; /* whose slots are filled; outlive the core; NULL: none */
    struct stats *stats;                /* outlives the core; NULL: nobody counts */
    struct keyring *keyring;            /* opens and seals; taken over. NULL: there is none */
    struct str secrets_problem;         /* why there is none though one is wanted; empty: none was ever made */
    int (*make_key)(void *ctx, struct keyring **ret); /* makes the first one, durably; NULL: cannot */
    void *make_key_ctx;
};
/*
 * Loads the state of the store and of what is still in the journal, and closes what was open as unknown (EVENT start
 * first). The drain may still have to move the tail into the store.
 */
int core_new(const struct core_options *o, struct core **ret);
void core_free(struct core *c);
const struct known *core_known(const struct core *c); /* NULL: nothing is */

/* --- keys ------------------------------------------------------------------------------------------------------- */

struct key_spec {
    enum mode mode; /* MODE_TEST or MODE_LIVE */
    struct str agent, owner, tenant; /* agent is required */
    struct str policy;               /* empty: "default" */
    wall_t expires_at;               /* 0: never */
    const struct str *limits;        /* "usd=50/day" */
    size_t n_limits;
    const struct str *labels; /* "team=payments" */
    size_t n_labels;
};
/* `by`: the person or service, for the event. -ERR_INVALID with diags; -ERR_TOO_LARGE keys_max; journal errors. */
int core_key_create(struct core *c, const struct key_spec *k, struct str by, struct diag_list *diags,
                    struct key_text *ret_key, uint64_t *ret_seq);
/*
 * What stops something (revoke, run stop, kill) works on a full disk too: -ERR_NO_SPACE says that it is in force, and
 * on record as soon as there is room.
 */
/* -ERR_NOT_FOUND. Revoking twice is fine. */
int core_key_revoke(struct core *c, struct str id, struct str by, uint64_t *ret_seq);
/* Whether there is such a key, of that tenant. */
bool core_key_is_of(struct core *c, struct str id, struct str tenant);
/* All keys of an agent (`tenant` empty: of every tenant) or of a tenant; *ret_n: how many were not revoked before. */
int core_revoke_agent(struct core *c, struct str agent, struct str tenant, struct str by, size_t *ret_n,
                      uint64_t *ret_seq);
int core_revoke_tenant(struct core *c, struct str tenant, struct str by, size_t *ret_n, uint64_t *ret_seq);
/* No further call of this run (any agent with that run id; `tenant` empty: and any tenant): 403 stopped. */
int core_run_stop(struct core *c, struct str run_id, struct str tenant, struct str by, uint64_t *ret_seq);
/* The stop button: every call is refused with 403 stopped until unkill. */
int core_kill(struct core *c, struct str reason, struct str by, uint64_t *ret_seq);
int core_unkill(struct core *c, struct str by, uint64_t *ret_seq);
bool core_is_killed(struct core *c);

/*
 * `revoke --now`: open streams of models end too. Every listener looks at its own streams again (core_still_allowed).
 * Listeners are added before the first call, and never removed: nothing is swept once the background is stopped.
 */
int core_on_sweep(struct core *c, struct post_box *box, struct post p); /* -ERR_TOO_LARGE: SWEEP_LISTENERS_MAX */
void core_sweep(struct core *c);
#define SWEEP_LISTENERS_MAX 256

/* --- policies --------------------------------------------------------------------------------------------------- */

/* Parses and puts in force. -ERR_INVALID with diags. *ret_p is a reference of the caller's. */
int core_policy_apply(struct core *c, struct str text, struct str file, struct str by, struct diag_list *diags,
                      const struct policy **ret_p, uint64_t *ret_seq);
/* The document of that name in force, as a new reference; NULL: there is none. */
const struct policy *core_policy_named(struct core *c, struct str name);

/* --- answers (JSON arrays or objects appended to `out`) --------------------------------------------------------- */

/* `id` and `tenant` empty: all. Never a secret or a hash. */
int core_keys_json(struct core *c, struct str id, struct str tenant, struct buf *out);
/* Limits of every document and key with each bucket's settled, held, max, left, resets_at. */
int core_limits_json(struct core *c, struct buf *out);
/* One counter as it stands; false: there is none of that name. */
struct counter_state {
    int64_t settled, held;
    wall_t resets_at; /* 0: never */
};
bool core_counter(struct core *c, struct str counter, struct str bucket, struct counter_state *ret);
int core_policies_json(struct core *c, struct buf *out); /* in force */
/*
 * `observe`, as a member of the object that w is in: documents that observe now, for whoever looks whether all is well:
 * [{policy, vendors, until}]. Nothing is written when there is none; how many there are.
 */
struct json_writer;
size_t core_observed_json(struct core *c, struct json_writer *w);
/* journal and store positions, ledger buckets, keys, open calls, unknown outcomes, whether money may move. */
int core_health_json(struct core *c, struct buf *out, bool *ret_is_ready);

/* --- questions to the store, answered by a reader turn ----------------------------------------------------------- */

void core_ask(struct core *c, struct ask *a);

/* --- durability -------------------------------------------------------------------------------------------------- */

struct sync_wait {
    struct list node;
    uint64_t seq;
    int result; /* 0, or -ERR_IO: never durable, the process is about to stop */
    struct post_box *box;
    struct post done;
};
/* True: durable already, nothing will be posted. False: `done` is posted once it is (or failed). */
bool core_synced(struct core *c, struct sync_wait *w);

/* --- work for background threads; each returns true when there may be more ---------------------------------------- */

bool core_sync_turn(struct core *c);                            /* one fdatasync if anyone waits */
bool core_drain_turn(struct core *c);                           /* one batch of frames into the store, recycling */
bool core_answer_turn(struct core *c, struct store_reader *r);  /* one question */
/* Blocks until there may be work, or core_stop_background(). */
void core_sync_wait(struct core *c);
void core_drain_wait(struct core *c);
void core_answer_wait(struct core *c);
void core_stop_background(struct core *c);
/* The last events of a clean end: stop, and a checkpoint over everything before it. */
void core_say_stop(struct core *c);
/* A fatal state (fsync failed): money stops, the process must exit and recover. */
bool core_has_failed(struct core *c);
struct store *core_store(struct core *c);
uint64_t core_last_seq(struct core *c); /* of the newest frame; any thread */
