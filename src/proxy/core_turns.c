/*
 * proxy/core_turns.c - work for background threads, a piece at a time: fdatasync, journal into store, questions.
 *
 * The daemon runs each turn in a loop of its own thread; the simulation calls them inline, in seeded order.
 */
#include "proxy/core_impl.h"

#include "base/counter.h"
#include "base/log.h"
#include "proxy/stats.h"

#include <stdlib.h>
#include <time.h>

#define BATCH_BYTES ((size_t)4 << 20) /* a batch of long frames ends here */
#define WARM_BATCHES 2 /* what the workers write until the next turn is about as much as this one found */

/* --- sync ------------------------------------------------------------------------------------------------------- */

bool core_synced(struct core *c, struct sync_wait *w)
{
    if (journal_synced_seq(c->journal) >= w->seq) {
        w->result = 0;
        return true;
    }
    pthread_mutex_lock(&c->bg_mutex);
    list_init(&w->node);
    list_add_tail(&c->syncs, &w->node);
    pthread_cond_signal(&c->sync_cond);
    pthread_mutex_unlock(&c->bg_mutex);
    return false;
}

/* Waiters up to `seq` go on; all of them, with the error, when the journal failed. */
static void wake_synced(struct core *c, uint64_t seq, int r)
{
    struct list done;
    list_init(&done);
    pthread_mutex_lock(&c->bg_mutex);
    list_each_safe(n, tmp, &c->syncs) {
        struct sync_wait *w = list_entry(n, struct sync_wait, node);
        if (r == 0 && w->seq > seq)
            continue;
        w->result = r;
        list_remove(n);
        list_add_tail(&done, n);
    }
    pthread_mutex_unlock(&c->bg_mutex);
    list_each_safe(n, tmp, &done) {
        struct sync_wait *w = list_entry(n, struct sync_wait, node);
        list_remove(n);
        post_send(w->box, w->done); /* w may be gone after this */
    }
}

bool core_sync_turn(struct core *c)
{
    uint64_t seq = 0;
    pthread_mutex_lock(&c->bg_mutex);
    bool has_work = !list_is_empty(&c->syncs);
    pthread_mutex_unlock(&c->bg_mutex);
    if (!has_work)
        return false;
    int r = journal_sync(c->journal, &seq);
    counter_add(COUNTER_journal_syncs, 1);
    if (r < 0 && core_fail(c))
        log_at(LOG_ERROR, "journal_sync_failed", "error=%s next=\"money stops; restart to recover\"", err_name(r));
    wake_synced(c, seq, r);
    return true;
}

void core_sync_wait(struct core *c)
{
    pthread_mutex_lock(&c->bg_mutex);
    while (list_is_empty(&c->syncs) && !c->is_stopping && !c->failure_is_news)
        pthread_cond_wait(&c->sync_cond, &c->bg_mutex);
    c->failure_is_news = false;
    pthread_mutex_unlock(&c->bg_mutex);
}

/* --- drain ------------------------------------------------------------------------------------------------------ */

/* Frames on their way: where they stand in the journal, until the reader's next turn. */
struct drain_batch {
    struct frame *frames;
    size_t n, n_max, n_bytes;
    bool has_all; /* the reader had no more */
};

static struct drain_batch *batch_begin(struct core *c)
{
    struct drain_batch *b = c->drain_batch;
    if (!b) {
        b = c->drain_batch = calloc(1, sizeof *b);
        check(b != NULL);
        b->n_max = (size_t)c->limits->store_batch_frames_max;
        b->frames = calloc(b->n_max, sizeof(*b->frames));
        check(b->frames);
    }
    b->n = b->n_bytes = 0;
    b->has_all = false;
    return b;
}

void core_drain_batch_free(struct drain_batch *b)
{
    if (!b)
        return;
    free(b->frames);
    free(b);
}

static int batch_read(struct core *c, struct drain_batch *b)
{
    int r = journal_reader_take(c->drain_reader, b->n_max, BATCH_BYTES, b->frames, &b->n);
    for (size_t i = 0; i < b->n; i++)
        b->n_bytes += b->frames[i].body.n + b->frames[i].personal.n;
    b->has_all = r == JOURNAL_R_END;
    return r < 0 ? err_trace(r) : 0;
}

static void wake_answers(struct core *c)
{
    pthread_mutex_lock(&c->bg_mutex);
    if (!list_is_empty(&c->asks))
        pthread_cond_broadcast(&c->answer_cond);
    pthread_mutex_unlock(&c->bg_mutex);
}

/* Frames that found the disk full are tried again here: nobody may call for a long time. */
static void append_late_frames(struct core *c)
{
    if (atomic_load(&c->n_late) == 0)
        return;
    core_lock(c);
    core_append_waiting(c);
    core_unlock(c);
}

/*
 * The journal is the spool: calls go on, and the batch is read again from where the store stands. But a store that
 * failed to write or to sync is over until it is opened again.
 */
static void drain_failed(struct core *c, int r)
{
    bool is_final = r == -ERR_IO;
    if (is_final ? core_fail(c) : c->drain_error == 0)
        log_at(LOG_ERROR, "store_failed", "error=%s next=\"%s\"", err_name(r),
               is_final ? "money stops; restart to recover" : "will retry; the journal keeps everything meanwhile");
    c->drain_error = r;
    journal_reader_free(c->drain_reader);
    c->drain_reader = NULL;
    if (journal_reader_new(c->journal, atomic_load(&c->store_seq), &c->drain_reader) < 0)
        (void)core_fail(c); /* said already */
}

static void drain_goes_on(struct core *c)
{
    if (c->drain_error)
        log_at(LOG_INFO, "store_recovered", "seq=%llu", (unsigned long long)atomic_load(&c->store_seq));
    c->drain_error = 0;
}

/*
 * Gives segments back that the store has. One that saves its syncs for later is asked for one when the journal is half
 * full: at journal_bytes_max no frame comes any more that would remind it.
 */
static void recycle(struct core *c)
{
    const struct store_ops *ops = c->store->ops;
    bool is_long = journal_bytes(c->journal) > (uint64_t)c->limits->journal_bytes_max / 2;
    if (is_long && ops->durable(c->store) < atomic_load(&c->store_seq))
        (void)ops->make_durable(c->store); /* if that failed for good, the next batch does too */
    (void)journal_recycle(c->journal, ops->durable(c->store)); /* a segment kept too long only costs space */
}

bool core_drain_turn(struct core *c)
{
    append_late_frames(c);
    core_checkpoint(c);
    core_write_marks(c);
    struct drain_batch *b = batch_begin(c);
    int r = c->drain_reader ? batch_read(c, b) : -ERR_IO;
    if (b->n > 0) {
        mono_t began = c->clock->mono(c->clock->ctx);
        int applied = c->store->ops->apply(c->store, b->frames, b->n);
        stats_store_write(c->stats, (c->clock->mono(c->clock->ctx) - began) / NS_PER_US);
        if (applied < 0) {
            r = applied;
        } else {
            uint64_t seq = b->frames[b->n - 1].seq;
            counter_add(COUNTER_store_batches, 1);
            journal_warm(c->journal, WARM_BATCHES * b->n_bytes);
            atomic_store(&c->store_seq, seq);
        }
    }
    if (r == 0)
        recycle(c);
    bool did = b->n > 0 && r == 0;
    if (r < 0)
        drain_failed(c, r);
    else if (did)
        drain_goes_on(c);
    bool has_more_bodies = core_bodies_turn(c);
    wake_answers(c);
    if (r == 0 && b->has_all && !has_more_bodies)
        core_erase_turn(c);
    return (did && !b->has_all) || has_more_bodies;
}

static void deadline(struct timespec *ts, int64_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, ts);
    ts->tv_nsec += ms * NS_PER_MS;
    ts->tv_sec += ts->tv_nsec / NS_PER_S;
    ts->tv_nsec %= NS_PER_S;
}

/*
 * Sleeps until a frame is appended; then a little longer, so that frames come in batches, unless someone asks: a
 * batch's cost is in the pages it touches, and a thousand calls touch few more than ten do.
 */
#define DRAIN_LAG_MS 100
#define DRAIN_RETRY_MS 100
#define DRAIN_IDLE_MS 600000 /* what grows old does so without frames too */
void core_drain_wait(struct core *c)
{
    struct timespec ts;
    pthread_mutex_lock(&c->bg_mutex);
    atomic_store(&c->drain_sleeps, true);
    atomic_thread_fence(memory_order_seq_cst); /* see wake_drain() */
    /* Whoever asks, the disk, or whoever is in the way, has to have time to change. */
    if (c->drain_error || atomic_load(&c->n_late) > 0 || c->erase_job) {
        deadline(&ts, DRAIN_RETRY_MS);
        while (!c->is_stopping && pthread_cond_timedwait(&c->drain_cond, &c->bg_mutex, &ts) == 0)
            ;
    } else if (journal_last_seq(c->journal) == atomic_load(&c->store_seq) && !core_has_new_mark(c) &&
               !core_bodies_wait(c)) {
        deadline(&ts, DRAIN_IDLE_MS);
        while (atomic_load(&c->drain_sleeps) && !c->is_stopping &&
               pthread_cond_timedwait(&c->drain_cond, &c->bg_mutex, &ts) == 0)
            ;
    }
    atomic_store(&c->drain_sleeps, false);
    if (list_is_empty(&c->asks) && !c->is_stopping) {
        deadline(&ts, DRAIN_LAG_MS);
        (void)pthread_cond_timedwait(&c->drain_cond, &c->bg_mutex, &ts);
    }
    pthread_mutex_unlock(&c->bg_mutex);
}

/* --- questions -------------------------------------------------------------------------------------------------- */

void core_ask(struct core *c, struct ask *a)
{
    bool is_of_bodies = a->q.kind == QUERY_BODIES || a->q.kind == QUERY_BODY_TEXT;
    a->needs_seq = journal_last_seq(c->journal);
    a->needs_body = is_of_bodies ? atomic_load(&c->bodies.given) : 0;
    pthread_mutex_lock(&c->bg_mutex);
    list_init(&a->node);
    list_add_tail(&c->asks, &a->node);
    atomic_store(&c->drain_sleeps, false);
    pthread_cond_signal(&c->drain_cond);
    pthread_cond_signal(&c->answer_cond);
    pthread_mutex_unlock(&c->bg_mutex);
}

static bool is_ready(const struct core *c, const struct ask *a)
{
    return a->needs_seq <= atomic_load(&c->store_seq) && a->needs_body <= atomic_load(&c->bodies.done);
}

/* The oldest question whose frames, and bodies, are all in the store. */
static struct ask *take_ask(struct core *c)
{
    list_each(n, &c->asks) {
        struct ask *a = list_entry(n, struct ask, node);
        if (is_ready(c, a) || c->is_stopping) {
            list_remove(n);
            return a;
        }
    }
    return NULL;
}

bool core_answer_turn(struct core *c, struct store_reader *r)
{
    pthread_mutex_lock(&c->bg_mutex);
    struct ask *a = take_ask(c);
    bool is_stopping = c->is_stopping;
    pthread_mutex_unlock(&c->bg_mutex);
    if (!a)
        return false;
    if (is_stopping)
        a->result = -ERR_CLOSED;
    else if (a->work)
        a->result = a->work(a->work_ctx, c->store, r, &a->json);
    else
        a->result = c->store->ops->ask(r, &a->q, &a->json);
    post_send(a->box, a->done);
    return true;
}

void core_answer_wait(struct core *c)
{
    struct timespec ts;
    pthread_mutex_lock(&c->bg_mutex);
    while (list_is_empty(&c->asks) && !c->is_stopping)
        pthread_cond_wait(&c->answer_cond, &c->bg_mutex);
    if (!c->is_stopping) { /* there are questions: wait for the drain to reach them */
        struct ask *first = list_entry(list_first(&c->asks), struct ask, node);
        if (!is_ready(c, first)) {
            deadline(&ts, 5);
            (void)pthread_cond_timedwait(&c->answer_cond, &c->bg_mutex, &ts);
        }
    }
    pthread_mutex_unlock(&c->bg_mutex);
}

void core_stop_background(struct core *c)
{
    pthread_mutex_lock(&c->bg_mutex);
    c->is_stopping = true;
    atomic_store(&c->drain_sleeps, false);
    pthread_cond_broadcast(&c->sync_cond);
    pthread_cond_broadcast(&c->drain_cond);
    pthread_cond_broadcast(&c->answer_cond);
    pthread_mutex_unlock(&c->bg_mutex);
}
