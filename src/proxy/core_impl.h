/*
 * proxy/core_impl.h - the inside of struct core, for the core_*.c files only.
 *
 * `mutex` is the ledger mutex: it guards everything down to the line below it. `bg_mutex` guards the queues of the
 * background turns. Order: never take `mutex` while holding `bg_mutex`.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/uuid.h"
#include "budget/ledger.h"
#include "budget/raises.h"
#include "codec/json_read.h"
#include "proxy/causes.h"
#include "proxy/core_call.h"
#include "proxy/core_erase.h"
#include "proxy/core_follow.h"
#include "proxy/core_keys.h"
#include "proxy/run_tree.h"
#include "store/journal/journal.h"

#include <pthread.h>
#include <stdatomic.h>

struct policy_entry { /* stays until the core ends */
    const struct policy *policy;          /* what calls are decided by: `active`, with `shadow` beside it */
    const struct policy *active, *shadow; /* as they were applied; either may be NULL */
    wall_t applied_at, shadow_at;
};

/* One idempotency key with one body, newest last in the list. */
struct idem_entry {
    struct list node;
    uint8_t id[32]; /* of the idempotency: the map's key */
    struct hold *hold; /* a reference; NULL when over and only the id is kept */
    bool is_settled;   /* with hold NULL: the first call was settled */
    bool is_first_unknown; /* the first call is on record as unknown, and nothing has resolved it yet */
    uint64_t open_seq;
    char call_id[UUID_TEXT_BYTES];
    wall_t at;
};

struct object_entry {
    struct list node;
    char *key;      /* scope \n id: the map's key */
    char *customer;
};

/* A frame that found the disk full: appended as soon as there is room. */
struct late_frame {
    struct list node;
    struct frame frame;
};

struct mark {
    char name[MARK_NAME_CHARS_MAX + 1];
    uint64_t seq;
    bool is_new; /* not in the store yet */
};
/* core_follow.c; in the drain thread */
void core_write_marks(struct core *c);
bool core_has_new_mark(const struct core *c); /* under bg_mutex */

/* core_erase.c: of the process before; its value stands behind it. */
struct resumed_erase {
    struct erase_job job;
    char value[];
};
int core_erase_resume(struct core *c);
void core_erase_stop(struct core *c); /* whoever waits is gone: the next start goes on */
void core_erase_turn(struct core *c); /* in the drain thread, when it has moved all there was */

/* Questions to persons (core_approvals.h). */
struct approval_index {
    struct map by_id, by_digest; /* -> approval; of a digest, the newest */
    struct list all;             /* oldest first */
    size_t n_pending, n_waits;
    struct post_box *box; /* who hears of new ones; NULL: nobody */
    struct post asked;
    wall_t sweep_at; /* when the first of them is past its time; INT64_MAX: none will be */
};
struct approval;
struct hold_request;
void core_approvals_init(struct core *c, const uint8_t seed[16]);
void core_approvals_free(struct core *c);
/* Under the mutex: ends what is past its time. */
void core_approvals_sweep(struct core *c, wall_t now);
/* At start: what the last event about one left. */
int core_approval_load(struct core *c, const struct state_row *row, struct json body, struct json personal);
/* Under the mutex, like the rest. Those with that personal value end, and lose it. */
void core_approvals_forget(struct core *c, const struct erasure *what);
/*
 * The yes that a call came with, if it is good now: it was not used, or by the call whose idempotency key this one
 * repeats (`first_call_id`; empty: none). *ret_is_fresh: it has to be used. NULL: ask again.
 */
struct approval *core_approval_good(struct core *c, const struct hold_request *q, struct str first_call_id,
                                    bool *ret_is_fresh);
/* Whether that yes lets the call pass a limit. */
bool core_approval_passes(const struct approval *x, const struct limit_need *need);
/* Persons were asked whether the same may be made again, by that rule. */
bool core_approval_repeats(const struct approval *x, const struct duties *d);
/* It is used from now on; core_approval_unuse() where the call was not held after all. */
int core_approval_use(struct core *c, struct approval *x, struct str call_id);
void core_approval_unuse(struct core *c, struct approval *x);

/* core_bodies.c: bodies on their way to the store. */
struct bodies {
    pthread_mutex_t mutex; /* of the list */
    struct list waiting;   /* oldest first */
    atomic_uint_fast64_t given, done; /* how many there were, and how many of them are put or dropped */
    atomic_size_t bytes;
    /* of the drain thread */
    mono_t sweep_at; /* when age is looked at next, at the latest */
    mono_t erased_at; /* of a customer, user or run, last; -1: never */
    wall_t erased_before; /* by age */
    bool is_failing; /* the store did not take the last ones: it was said */
};
void core_bodies_init(struct bodies *q);
void core_bodies_deinit(struct bodies *q);
bool core_bodies_wait(const struct core *c); /* some are on their way */
bool core_bodies_turn(struct core *c); /* in the drain thread; true: there are more */
void core_bodies_erased(struct core *c, const struct erasure *what); /* so is this: the store has just done it */

struct drain_batch; /* core_turns.c */
void core_drain_batch_free(struct drain_batch *b);

struct core {
    const struct limits *limits;
    const struct clock *clock;
    struct rng *rng;
    struct journal *journal;
    struct store *store;
    struct known known;         /* what policies may name; and, to extend, what is in force */
    struct documents in_force;  /* core_policies.c */
    const struct zones *zones; /* NULL: UTC alone */
    const struct vendors *secret_users;
    struct str secrets_problem;
    int (*make_key)(void *ctx, struct keyring **ret);
    void *make_key_ctx;

    pthread_mutex_t mutex;
    struct map keys_by_hash, keys_by_id; /* -> key_entry */
    struct map policies;                 /* name -> policy_entry */
    struct map stopped_runs;             /* run id, or "<tenant>/<run id>" -> non-NULL */
    struct map secrets;                  /* name -> secret_entry; removed ones too */
    struct map people_by_hash, people_by_name; /* -> person */
    struct list people;                  /* person; those too whose name was given anew */
    struct map agents;                   /* name -> agent_entry */
    struct map disabled_owners;          /* name -> non-NULL */
    size_t n_disabled;                   /* agents and owners */
    struct keyring *keyring;             /* NULL: none */
    bool is_killed;
    struct ledger *ledger;
    struct raises raises;
    struct map idem;
    struct list idem_lru;
    struct duplicates duplicates;
    struct run_tree run_tree;
    bool idem_evicted;
    struct map objects;
    struct list object_lru;
    struct approval_index approvals;
    struct {
        struct list waiting; /* struct queued (core_notice.c) */
        size_t n;
        const struct str *names; /* that somebody wants to be told of */
        size_t n_names;
        struct post_box *box; /* NULL: nobody does */
        struct post noted;
    } notices;
    struct list late; /* late_frame */
    size_t late_bytes;
    uint64_t n_open, n_unknown; /* n_unknown: that hold something, so that someone has to settle them */
    wall_t started_at;
    bool has_history; /* the store had records of earlier starts */
    /* ---- end of what `mutex` guards ---- */

    struct causes *causes; /* has a lock of its own */
    atomic_size_t n_run_links; /* of run_tree, for those without the mutex */

    pthread_mutex_t bg_mutex;
    pthread_cond_t sync_cond, drain_cond, answer_cond;
    struct list syncs, asks;
    struct erase_job *erase_job; /* NULL: none is under way */
    struct resumed_erase *resumed_erase;
    mono_t retain_at; /* when the age of values is looked at next; of the drain thread */
    struct mark marks[MARKS_MAX];
    size_t n_marks;
    bool is_stopping;
    bool failure_is_news; /* has_failed was set, and the sync thread has not been told yet */
    atomic_bool has_failed;
    atomic_size_t n_late;     /* of `late`, for those without the mutex */
    struct bodies bodies;
    atomic_bool drain_sleeps;
    atomic_uint_fast64_t store_seq; /* last seq applied */
    struct journal_reader *drain_reader;
    struct stats *stats;

    struct sweep_listener {
        struct post_box *box;
        struct post post;
    } *sweeps; /* under bg_mutex */
    size_t n_sweeps;

    /* of the drain's thread */
    const struct sign_key *checkpoint_key;
    uint64_t checkpoint_seq;
    mono_t checkpoint_at;
    struct drain_batch *drain_batch; /* NULL: before the first turn */
    int drain_error; /* the drain's own: why its last batch was not applied; 0: it was */
};

void core_lock(struct core *c);
void core_unlock(struct core *c);

/* Under the mutex: appends a frame, tells the drain; a failed journal stops money. */
int core_append(struct core *c, enum frame_kind kind, struct str body, struct str personal, wall_t at,
                uint64_t *ret_seq);
/* The same; sets f->seq. body_sha is the body's hash where it is known already, or NULL. */
int core_append_hashed(struct core *c, struct frame *f, const uint8_t *body_sha);
/*
 * The same for frames that must not be lost: kept and appended later when the disk is full. Refusals (FRAME_OPEN) are
 * kept up to late_bytes_max, and then only counted.
 */
int core_append_late(struct core *c, enum frame_kind kind, struct str body, struct str personal, wall_t at,
                     uint64_t *ret_seq);
int core_append_late_hashed(struct core *c, struct frame *f, const uint8_t *body_sha);
void core_append_waiting(struct core *c);
void core_wake_drain(struct core *c); /* behind what it is to find; any thread */
/* Any thread: money stops, and the process is told to end. True: this was the first failure. */
bool core_fail(struct core *c);
/* Under the mutex: an EVENT. */
int core_event(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n,
               uint64_t *ret_seq);
/* The same where its time counts for more than the record: what counts from it says the same behind the next start. */
int core_event_at(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n, wall_t now,
                  uint64_t *ret_seq);
/* The same for one that stops something: -ERR_NO_SPACE means in force, and written as soon as there is room. */
int core_event_late(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n,
                    uint64_t *ret_seq);

int core_load(struct core *c); /* core_load.c: state from the store at start */
void core_notices_init(struct core *c);
void core_notices_free(struct core *c);
void core_key_label(struct key_entry *k, const struct str *specs, size_t n); /* valid ones, LABELS_MAX at most */
void key_put_labels(struct json_writer *w, const struct key_entry *k);
struct key_entry *core_key_add(struct core *c, struct key_entry *k); /* under the mutex; NULL: keys_max */
void core_key_free(struct key_entry *k);
int core_policy_put(struct core *c, struct policy *p,
                    wall_t at); /* under the mutex; takes a reference of its own */
/* Documents in force, and those that they extend: for core_new(). */
struct documents core_documents_in_force(void);
void core_policy_entry_free(struct policy_entry *e);
/* What a key's calls are decided by; NULL: no document of that name is applied. Under the mutex. */
const struct policy_entry *core_document_of(const struct core *c, const struct key_entry *k);
/* *from with that id. */
void core_idem_put(struct core *c, const uint8_t id[32], const struct idem_entry *from);
/* The call whose outcome a request with that key and body shares; empty: it is the first. Under the mutex. */
struct str core_first_call(struct core *c, const struct idempotency *i, wall_t now);
bool core_holds_something(const struct hold *h); /* a charge with something left on it */
void core_secrets_free(struct core *c);
void core_people_free(struct core *c);
/* Under the mutex. A tenant's name has up to 128 bytes, as a run id has. */
#define STOP_NAME_BYTES_MAX 320
bool core_run_is_stopped(const struct core *c, struct str tenant, struct str run_id);
/* At start: what the last event about one person left. */
int core_person_load(struct core *c, const struct state_row *row, struct json body, struct json personal);
void core_agents_free(struct core *c);
int core_raise_load(struct core *c, struct json body, struct json personal);    /* of an EVENT */
struct json_writer;
void core_raises_json(const struct core *c, wall_t now, struct json_writer *w); /* under the mutex */
int core_agent_load(struct core *c, struct json body, struct json personal); /* of an EVENT */
int core_owner_load(struct core *c, struct json personal, bool is_enabled);
void core_objects_free(struct core *c);
void core_objects_forget(struct core *c, struct str customer); /* under the mutex */
void core_object_put(struct core *c, struct str scope, struct str id, struct str customer); /* under the mutex */

void core_checkpoint(struct core *c); /* core_checkpoint.c: a signed one when it is due */

char *core_dup(struct str s); /* malloc'd, NUL-terminated; aborts without memory */
