/*
 * proxy/core.c - the shared state's life: made, filled from the store, appended to, freed. See core.h for its rules.
 */
#include "proxy/core_impl.h"

#include "base/counter.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void core_lock(struct core *c) { check(pthread_mutex_lock(&c->mutex) == 0); }
void core_unlock(struct core *c) { check(pthread_mutex_unlock(&c->mutex) == 0); }

char *core_dup(struct str s)
{
    char *p = malloc(s.n + 1);
    check(p != NULL);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

bool core_fail(struct core *c)
{
    if (atomic_exchange(&c->has_failed, true))
        return false;
    pthread_mutex_lock(&c->bg_mutex);
    c->failure_is_news = true;
    pthread_cond_signal(&c->sync_cond);
    pthread_mutex_unlock(&c->bg_mutex);
    return true;
}

/* --- appending -------------------------------------------------------------------------------------------------- */

void core_wake_drain(struct core *c)
{
    /* The frame is published before this looks, as core_drain_wait looks for frames after it said that it sleeps. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&c->drain_sleeps, memory_order_relaxed) || !atomic_exchange(&c->drain_sleeps, false))
        return;
    pthread_mutex_lock(&c->bg_mutex);
    pthread_cond_signal(&c->drain_cond);
    pthread_mutex_unlock(&c->bg_mutex);
}

/* body_sha NULL: the body's hash is not known yet. */
static int append(struct core *c, struct frame *f, const uint8_t *body_sha)
{
    int r = body_sha ? journal_append_hashed(c->journal, f, body_sha) : journal_append(c->journal, f);
    if (r == -ERR_IO) {
        if (core_fail(c))
            log_at(LOG_ERROR, "journal_write_failed", "error=%s next=\"money stops; restart to recover\"", err_name(r));
        return err_trace(r);
    }
    if (r < 0)
        return err_trace(r);
    counter_add(COUNTER_journal_frames, 1);
    core_wake_drain(c);
    return 0;
}

int core_append_hashed(struct core *c, struct frame *f, const uint8_t *body_sha)
{
    core_append_waiting(c); /* frames that found the disk full go first */
    if (!list_is_empty(&c->late)) /* never before those that came before */
        return -ERR_NO_SPACE;
    return append(c, f, body_sha);
}

int core_append(struct core *c, enum frame_kind kind, struct str body, struct str personal, wall_t at,
                uint64_t *ret_seq)
{
    struct frame f = {.kind = kind, .at = at, .body = body, .personal = personal};
    int r = core_append_hashed(c, &f, NULL);
    if (r < 0)
        return r;
    *ret_seq = f.seq;
    return 0;
}

static size_t late_bytes(const struct late_frame *l)
{
    return sizeof(*l) + l->frame.body.n + l->frame.personal.n;
}

static void late_free(struct late_frame *l)
{
    free((char *)l->frame.body.p);
    free((char *)l->frame.personal.p);
    free(l);
}

int core_append_late_hashed(struct core *c, struct frame *f, const uint8_t *body_sha)
{
    int r = core_append_hashed(c, f, body_sha);
    if (r != -ERR_NO_SPACE)
        return r;
    if (f->kind == FRAME_OPEN && c->late_bytes > (size_t)c->limits->late_bytes_max) {
        counter_add(COUNTER_records_dropped, 1); /* an agent that goes on asking must not fill the memory too */
        return -ERR_NO_SPACE;
    }
    struct late_frame *l = calloc(1, sizeof(*l));
    check(l != NULL);
    if (list_is_empty(&c->late))
        log_at(LOG_ERROR, "journal_full",
               "next=\"calls are refused; make room on the disk, or raise journal_bytes_max\"");
    l->frame = (struct frame){.kind = f->kind,
                              .at = f->at,
                              .body = {core_dup(f->body), f->body.n},
                              .personal = {core_dup(f->personal), f->personal.n}};
    list_add_tail(&c->late, &l->node);
    c->late_bytes += late_bytes(l);
    atomic_fetch_add(&c->n_late, 1);
    core_wake_drain(c); /* it tries again until there is room */
    return -ERR_NO_SPACE;
}

int core_append_late(struct core *c, enum frame_kind kind, struct str body, struct str personal, wall_t at,
                     uint64_t *ret_seq)
{
    struct frame f = {.kind = kind, .at = at, .body = body, .personal = personal};
    int r = core_append_late_hashed(c, &f, NULL);
    if (r == 0)
        *ret_seq = f.seq;
    return r;
}

void core_append_waiting(struct core *c)
{
    struct list *n;
    while ((n = list_first(&c->late))) {
        struct late_frame *l = list_entry(n, struct late_frame, node);
        if (append(c, &l->frame, NULL) < 0)
            return;
        list_remove(&l->node);
        c->late_bytes -= late_bytes(l);
        if (atomic_fetch_sub(&c->n_late, 1) == 1)
            log_at(LOG_INFO, "journal_has_room", "next=\"calls go on\"");
        late_free(l);
    }
}

typedef int (*append_fn)(struct core *c, enum frame_kind kind, struct str body, struct str personal, wall_t at,
                         uint64_t *ret_seq);

static int event_write(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n,
                       wall_t now, append_fn append_event, uint64_t *ret_seq)
{
    struct buf body, personal;
    uint8_t salt[SALT_BYTES];

    rng_fill(c->rng, salt, sizeof(salt));
    buf_init(&body, (size_t)c->limits->frame_bytes_max);
    buf_init(&personal, (size_t)c->limits->frame_bytes_max);
    record_event(event, by, now, m, n, salt, &body, &personal);
    int r = buf_ok(&body) < 0 || buf_ok(&personal) < 0
                ? -ERR_TOO_LARGE
                : append_event(c, FRAME_EVENT, buf_str(&body), buf_str(&personal), now, ret_seq);
    buf_deinit(&body);
    buf_deinit(&personal);
    return err_trace(r);
}

int core_event(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n,
               uint64_t *ret_seq)
{
    return core_event_at(c, event, by, m, n, c->clock->wall(c->clock->ctx), ret_seq);
}

int core_event_at(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n, wall_t now,
                  uint64_t *ret_seq)
{
    return event_write(c, event, by, m, n, now, core_append, ret_seq);
}

int core_event_late(struct core *c, struct str event, struct str by, const struct record_member *m, size_t n,
                    uint64_t *ret_seq)
{
    return event_write(c, event, by, m, n, c->clock->wall(c->clock->ctx), core_append_late, ret_seq);
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void init_maps(struct core *c)
{
    uint8_t seed[16];
    rng_fill(c->rng, seed, sizeof(seed));
    map_init(&c->keys_by_hash, (size_t)c->limits->keys_max, seed);
    map_init(&c->keys_by_id, (size_t)c->limits->keys_max, seed);
    map_init(&c->policies, (size_t)c->limits->policies_max, seed);
    map_init(&c->stopped_runs, (size_t)c->limits->keys_max, seed);
    map_init(&c->secrets, (size_t)c->limits->secrets_max, seed);
    map_init(&c->people_by_hash, (size_t)c->limits->people_max, seed);
    map_init(&c->people_by_name, (size_t)c->limits->people_max, seed);
    list_init(&c->people);
    map_init(&c->agents, (size_t)c->limits->agents_max, seed);
    map_init(&c->disabled_owners, (size_t)c->limits->agents_max, seed);
    map_init(&c->idem, (size_t)c->limits->idempotency_max, seed);
    map_init(&c->objects, (size_t)c->limits->objects_max, seed);
    raises_init(&c->raises, (size_t)c->limits->limit_raises_max, seed);
    run_tree_init(&c->run_tree, (size_t)c->limits->run_links_max, seed);
    core_approvals_init(c, seed);
    core_notices_init(c);
    duplicates_init(&c->duplicates, (size_t)c->limits->duplicates_max, seed);
    list_init(&c->idem_lru);
    list_init(&c->object_lru);
    list_init(&c->late);
    list_init(&c->syncs);
    list_init(&c->asks);
    c->ledger = ledger_new((size_t)c->limits->buckets_max, seed);
    c->causes = causes_new(c->limits, seed);
    check(c->ledger != NULL && c->causes != NULL);
    ledger_use_zones(c->ledger, c->zones);
}

static void init_locks(struct core *c)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutexattr_t spin; /* the section is a few microseconds: worth a short spin before sleeping */
    pthread_mutexattr_init(&spin);
    pthread_mutexattr_settype(&spin, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&c->mutex, &spin);
    pthread_mutexattr_destroy(&spin);
    pthread_mutex_init(&c->bg_mutex, NULL);
    pthread_cond_init(&c->sync_cond, &attr);
    pthread_cond_init(&c->drain_cond, &attr);
    pthread_cond_init(&c->answer_cond, &attr);
    pthread_condattr_destroy(&attr);
}

const struct known *core_known(const struct core *c)
{
    return &c->known;
}

int core_new(const struct core_options *o, struct core **ret)
{
    struct core *c = calloc(1, sizeof(*c));
    check(c != NULL);
    c->limits = o->limits;
    c->clock = o->clock;
    c->rng = o->rng;
    c->journal = o->journal;
    c->store = o->store;
    c->checkpoint_key = o->checkpoint_key;
    c->in_force = core_documents_in_force();
    c->known = o->known ? *o->known : (struct known){0};
    c->known.documents = &c->in_force;
    c->zones = o->known ? o->known->zones : NULL;
    c->secret_users = o->secret_users;
    c->keyring = o->keyring;
    c->secrets_problem = o->secrets_problem;
    c->stats = o->stats;
    c->make_key = o->make_key;
    c->make_key_ctx = o->make_key_ctx;
    init_maps(c);
    init_locks(c);
    core_bodies_init(&c->bodies);
    c->started_at = c->clock->wall(c->clock->ctx);

    int r = core_load(c);
    if (r == 0)
        r = core_erase_resume(c);
    if (r < 0) {
        core_free(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}

static void keys_free(struct core *c)
{
    size_t i = 0;
    struct str key;
    void *v;
    while (map_next(&c->keys_by_id, &i, &key, &v))
        core_key_free(v);
    map_deinit(&c->keys_by_id);
    map_deinit(&c->keys_by_hash);
    map_deinit(&c->stopped_runs);
}

static void policies_free(struct core *c)
{
    size_t i = 0;
    struct str key;
    void *v;
    while (map_next(&c->policies, &i, &key, &v)) {
        core_policy_entry_free(v);
    }
    map_deinit(&c->policies);
}

static void idem_free(struct core *c)
{
    list_each_safe(n, tmp, &c->idem_lru) {
        struct idem_entry *e = list_entry(n, struct idem_entry, node);
        hold_unref(e->hold);
        free(e);
    }
    map_deinit(&c->idem);
}

void core_free(struct core *c)
{
    if (!c)
        return;
    core_erase_stop(c);
    journal_reader_free(c->drain_reader);
    core_drain_batch_free(c->drain_batch);
    core_bodies_deinit(&c->bodies);
    list_each_safe(n, tmp, &c->late)
        late_free(list_entry(n, struct late_frame, node));
    idem_free(c);
    duplicates_deinit(&c->duplicates);
    run_tree_deinit(&c->run_tree);
    raises_deinit(&c->raises);
    core_objects_free(c);
    core_approvals_free(c);
    core_notices_free(c);
    keys_free(c);
    policies_free(c);
    core_secrets_free(c);
    core_people_free(c);
    core_agents_free(c);
    ledger_free(c->ledger);
    causes_free(c->causes);
    free(c->sweeps);
    pthread_cond_destroy(&c->sync_cond);
    pthread_cond_destroy(&c->drain_cond);
    pthread_cond_destroy(&c->answer_cond);
    pthread_mutex_destroy(&c->bg_mutex);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

bool core_has_failed(struct core *c) { return atomic_load(&c->has_failed); }
struct store *core_store(struct core *c) { return c->store; }
uint64_t core_last_seq(struct core *c) { return journal_last_seq(c->journal); }
