/*
 * proxy/core_bodies.c - the queue, and the drain's turn over it.
 */
#include "proxy/core_bodies.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "proxy/body.h"
#include "proxy/core_impl.h"

#define WAITING_MAX 65536 /* notes of bodies that did not fit count too */
#define AT_ONCE 64
#define AT_ONCE_BYTES ((size_t)4 << 20)
#define SWEEP_NS (600 * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)

struct body_job {
    struct list node;
    struct kept_body body;
    mono_t began_at;
    const struct policy *policy; /* a reference; NULL: none */
    uint32_t redactors;
    size_t given_bytes; /* counted against bodies_waiting_bytes_max */
    char *made;         /* content, where it is not as it was given; NULL: it is */
    char texts[];
};

static void job_free(struct body_job *j)
{
    policy_unref(j->policy);
    free(j->made);
    free(j);
}

/* --- given -------------------------------------------------------------------------------------------------------- */

static struct body_job *job_new(const struct body_given *g, size_t n_content)
{
    const struct kept_body *b = &g->body;
    struct body_job *j = malloc(sizeof *j + kept_body_bytes(b) + n_content);
    check(j != NULL);
    char *at = j->texts;
    *j = (struct body_job){.began_at = g->began_at, .given_bytes = n_content};
    list_init(&j->node);
    j->body = kept_body_copy(b, &at);
    j->body.content = (struct str){at, n_content};
    for (size_t i = 0; n_content && i < g->n_parts; i++) {
        size_t left = n_content - (size_t)(at - j->body.content.p);
        (void)str_put(&at, str_sub(g->parts[i], 0, g->parts[i].n < left ? g->parts[i].n : left));
    }
    if (n_content && g->redactors) {
        j->policy = g->policy;
        policy_ref(j->policy);
        j->redactors = g->redactors;
    }
    return j;
}

static size_t content_of(const struct core *c, const struct body_given *g)
{
    size_t n = 0, max = BODY_COLLECT_BYTES((size_t)c->limits->body_keep_bytes_max);
    for (size_t i = 0; i < g->n_parts; i++)
        n += g->parts[i].n;
    return n < max ? n : max;
}

void core_keep_body(struct core *c, const struct body_given *g)
{
    struct bodies *q = &c->bodies;
    size_t n = content_of(c, g);
    bool fits = atomic_fetch_add(&q->bytes, n) + n <= (size_t)c->limits->bodies_waiting_bytes_max;
    if (!fits)
        atomic_fetch_sub(&q->bytes, n);
    if (atomic_load(&q->given) - atomic_load(&q->done) >= WAITING_MAX) {
        counter_add(COUNTER_bodies_dropped, 1);
        if (fits)
            atomic_fetch_sub(&q->bytes, n);
        return;
    }
    struct body_job *j = job_new(g, fits ? n : 0);
    j->body.lack = fits ? BODY_LACK_NONE : BODY_LACK_BUSY;
    pthread_mutex_lock(&q->mutex);
    list_add_tail(&q->waiting, &j->node);
    atomic_fetch_add(&q->given, 1);
    pthread_mutex_unlock(&q->mutex);
    core_wake_drain(c);
}

/* --- put ---------------------------------------------------------------------------------------------------------- */

/* The oldest, up to as many as are put at once. */
static size_t take(struct core *c, struct body_job *jobs[AT_ONCE])
{
    struct bodies *q = &c->bodies;
    struct list *first;
    size_t n = 0, n_bytes = 0;
    pthread_mutex_lock(&q->mutex);
    while (n < AT_ONCE && n_bytes < AT_ONCE_BYTES && (first = list_first(&q->waiting))) {
        jobs[n] = list_entry(first, struct body_job, node);
        n_bytes += jobs[n]->body.content.n;
        list_remove(first);
        n++;
    }
    pthread_mutex_unlock(&q->mutex);
    return n;
}

static bool was_erased(const struct bodies *q, const struct body_job *j)
{
    return j->began_at <= q->erased_at || j->body.at < q->erased_before;
}

/* Prepared; what the work made of it is the job's own then. */
static int prepare(struct core *c, struct body_job *j, struct body_work *w)
{
    struct redact_set s;
    struct str was = j->body.content;
    if (was_erased(&c->bodies, j)) {
        j->body.content = j->body.tenant = STR_NONE;
        j->body.lack = BODY_LACK_ERASED;
    }
    if (j->body.lack != BODY_LACK_NONE)
        return 0;
    policy_redact_set(j->policy, j->redactors, REDACT_AT_LOG, &s);
    int r = body_prepare(w, &s, (size_t)c->limits->body_keep_bytes_max, &j->body);
    if (r < 0 || j->body.content.n == 0 || j->body.content.p == was.p)
        return r;
    j->made = core_dup(j->body.content);
    j->body.content.p = j->made;
    return 0;
}

static struct bodies_bound bound_of(const struct core *c)
{
    int64_t days = c->limits->bodies_keep_days;
    wall_t now = c->clock->wall(c->clock->ctx);
    return (struct bodies_bound){days ? now - days * DAY_NS : 0, c->limits->bodies_bytes_max};
}

static void put(struct core *c, const struct kept_body *bodies, size_t n)
{
    struct bodies_bound bound = bound_of(c);
    int64_t n_removed = 0;
    int r = c->store->ops->keep(c->store, bodies, n, &bound, &n_removed);
    counter_add(COUNTER_bodies_removed, (uint64_t)n_removed);
    counter_add(r < 0 ? COUNTER_bodies_dropped : COUNTER_bodies_kept, n);
    if (r < 0 && !c->bodies.is_failing)
        log_at(LOG_WARN, "bodies_not_stored", "error=%s next=\"calls and records go on without them\"", err_name(r));
    c->bodies.is_failing = r < 0;
}

static void put_all(struct core *c, struct body_job **jobs, size_t n)
{
    struct kept_body bodies[AT_ONCE];
    struct body_work w;
    size_t n_ready = 0;
    body_work_init(&w, (size_t)c->limits->body_keep_bytes_max);
    for (size_t i = 0; i < n; i++) {
        if (prepare(c, jobs[i], &w) == 0)
            bodies[n_ready++] = jobs[i]->body;
        else
            counter_add(COUNTER_bodies_dropped, 1); /* no memory */
    }
    body_work_deinit(&w);
    put(c, bodies, n_ready);
}

bool core_bodies_wait(const struct core *c)
{
    return atomic_load(&c->bodies.given) != atomic_load(&c->bodies.done);
}

bool core_bodies_turn(struct core *c)
{
    struct bodies *q = &c->bodies;
    struct body_job *jobs[AT_ONCE];
    mono_t now = c->clock->mono(c->clock->ctx);
    size_t n = take(c, jobs), n_bytes = 0;
    if (n == 0 && now < q->sweep_at)
        return false;
    q->sweep_at = now + SWEEP_NS;
    put_all(c, jobs, n);
    for (size_t i = 0; i < n; i++) {
        n_bytes += jobs[i]->given_bytes;
        job_free(jobs[i]);
    }
    atomic_fetch_sub(&q->bytes, n_bytes);
    atomic_fetch_add(&q->done, n);
    return core_bodies_wait(c);
}

void core_bodies_erased(struct core *c, const struct erasure *what)
{
    wall_t before;
    if (what->what != ERASE_BEFORE)
        c->bodies.erased_at = c->clock->mono(c->clock->ctx);
    else if (wall_parse(what->value, &before) == 0 && before > c->bodies.erased_before)
        c->bodies.erased_before = before;
}

void core_bodies_init(struct bodies *q)
{
    q->erased_at = -1;
    pthread_mutex_init(&q->mutex, NULL);
    list_init(&q->waiting);
}

void core_bodies_deinit(struct bodies *q)
{
    list_each_safe(n, tmp, &q->waiting)
        job_free(list_entry(n, struct body_job, node));
    pthread_mutex_destroy(&q->mutex);
}
