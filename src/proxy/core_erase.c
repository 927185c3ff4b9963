/*
 * proxy/core_erase.c - one erasure at a time, a step a turn.
 */
#include "proxy/core_erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/core_impl.h"

#define LINE_BYTES 32
#define DAY_NS (86400 * NS_PER_S)

int core_erase(struct core *c, struct erase_job *job)
{
    pthread_mutex_lock(&c->bg_mutex);
    bool is_busy = c->erase_job != NULL || c->is_stopping;
    if (!is_busy) {
        job->step = ERASE_WAITING;
        job->needs_seq = journal_last_seq(c->journal);
        c->erase_job = job;
        atomic_store(&c->drain_sleeps, false);
        pthread_cond_signal(&c->drain_cond);
    }
    pthread_mutex_unlock(&c->bg_mutex);
    return is_busy ? -ERR_BUSY : 0;
}

/* What the last process began. */
int core_erase_resume(struct core *c)
{
    struct arena a;
    struct erasure what;
    struct erased done;
    arena_init(&a, 1 << 20);
    int r = c->store->ops->erase_pending(c->store, &a, &what, &done);
    if (r == STORE_R_TO_ERASE || r == STORE_R_ERASED) {
        c->resumed_erase = calloc(1, sizeof *c->resumed_erase + what.value.n + 1);
        check(c->resumed_erase != NULL);
        struct erase_job *job = &c->resumed_erase->job;
        if (what.value.n)
            memcpy(c->resumed_erase->value, what.value.p, what.value.n);
        *job = (struct erase_job){.what = what, .by = STR("daemon"), .done = done};
        job->what.value.p = c->resumed_erase->value;
        job->step = r == STORE_R_ERASED ? ERASE_ERASED : ERASE_WAITING;
        job->needs_seq = journal_last_seq(c->journal);
        c->erase_job = job;
        log_at(LOG_INFO, "erase_resumed", "what=" STR_FMT, STR_ARG(erase_what_text(what.what)));
        r = 0;
    }
    arena_deinit(&a);
    return r;
}

void core_erase_stop(struct core *c)
{
    pthread_mutex_lock(&c->bg_mutex);
    c->erase_job = NULL;
    free(c->resumed_erase);
    c->resumed_erase = NULL;
    pthread_mutex_unlock(&c->bg_mutex);
}

static struct str number(char out[LINE_BYTES], int64_t n)
{
    return (struct str){out, (size_t)snprintf(out, LINE_BYTES, "%lld", (long long)n)};
}

/* The event says what went, never whose. */
static int say(struct core *c, struct erase_job *job)
{
    char what[LINE_BYTES], n[7][LINE_BYTES];
    const struct erased *d = &job->done;
    (void)snprintf(what, sizeof what, "\"" STR_FMT "\"", STR_ARG(erase_what_text(job->what.what)));
    const struct record_member m[] = {{STR("what"), str_c(what), false},
                                      {STR("calls"), number(n[0], d->calls), false},
                                      {STR("frames"), number(n[1], d->frames), false},
                                      {STR("objects"), number(n[2], d->objects), false},
                                      {STR("counters"), number(n[3], d->counters), false},
                                      {STR("kept"), number(n[4], d->kept), false},
                                      {STR("bodies"), number(n[5], d->bodies), false},
                                      {STR("in_force"), number(n[6], d->in_force), false}};
    return core_event(c, STR("erase"), job->by, m, sizeof m / sizeof m[0], &job->needs_seq);
}

/* What a call to come would learn it from again. */
static void forget(struct core *c, const struct erasure *what)
{
    if (what->what == ERASE_CUSTOMER)
        core_objects_forget(c, what->value);
    core_approvals_forget(c, what);
}

static int erase(struct core *c, struct erase_job *job)
{
    int r = c->store->ops->erase(c->store, &job->what, &job->done);
    if (r < 0 || job->what.is_dry_run)
        return r;
    core_lock(c);
    forget(c, &job->what);
    core_unlock(c);
    core_bodies_erased(c, &job->what);
    job->step = ERASE_ERASED;
    return 0;
}

/* All older frames stand in segments that end here; files kept for reuse would bring their bytes back. */
static int turn_over(struct core *c, struct erase_job *job)
{
    int r = journal_scrub(c->journal, 0);
    core_lock(c);
    if (r == 0)
        r = journal_turn_over(c->journal);
    if (r == 0)
        r = say(c, job);
    core_unlock(c);
    if (r == 0)
        job->step = ERASE_SCRUBBING;
    return r;
}

static int scrub(struct core *c, struct erase_job *job)
{
    int r = c->store->ops->erase_scrub(c->store);
    if (r == 0)
        r = journal_recycle(c->journal, c->store->ops->durable(c->store));
    if (r == 0)
        r = journal_scrub(c->journal, job->needs_seq);
    return r == 0 ? c->store->ops->erase_end(c->store) : r;
}

static void finish(struct core *c, struct erase_job *job, int r)
{
    struct resumed_erase *resumed = c->resumed_erase;
    pthread_mutex_lock(&c->bg_mutex);
    c->erase_job = NULL;
    c->resumed_erase = NULL;
    pthread_mutex_unlock(&c->bg_mutex);
    job->result = r;
    if (!job->what.is_dry_run)
        log_at(r < 0 ? LOG_ERROR : LOG_INFO, r < 0 ? "erase_failed" : "erased", "what=" STR_FMT " calls=%lld result=%s",
               STR_ARG(erase_what_text(job->what.what)), (long long)job->done.calls, err_name(r));
    if (job->box)
        post_send(job->box, job->post); /* job may be gone after this */
    free(resumed);
}

/* A step, when the store has what it is about. -ERR_BUSY: somebody reads there now; the next turn tries again. */
static int step(struct core *c, struct erase_job *job)
{
    switch (job->step) {
    case ERASE_WAITING:
        return erase(c, job);
    case ERASE_ERASED:
        return turn_over(c, job);
    case ERASE_SCRUBBING:
        return scrub(c, job);
    }
    return 0;
}

/* Once a day, what has grown old goes as if somebody had asked for it. */
static void retain(struct core *c)
{
    char text[WALL_TEXT_BYTES];
    mono_t now = c->clock->mono(c->clock->ctx);
    int64_t days = c->limits->personal_keep_days;
    if (days == 0 || now < c->retain_at)
        return;
    c->retain_at = now + DAY_NS;
    struct resumed_erase *own = calloc(1, sizeof *own + WALL_TEXT_BYTES);
    check(own != NULL);
    struct str before = wall_text(c->clock->wall(c->clock->ctx) - days * DAY_NS, text);
    memcpy(own->value, before.p, before.n);
    own->job = (struct erase_job){.what = {ERASE_BEFORE, {own->value, before.n}}, .by = STR("daemon")};
    if (core_erase(c, &own->job) < 0)
        free(own); /* an erasure is under way: tomorrow again */
    else
        c->resumed_erase = own;
}

void core_erase_turn(struct core *c)
{
    retain(c);
    pthread_mutex_lock(&c->bg_mutex);
    struct erase_job *job = c->erase_job;
    pthread_mutex_unlock(&c->bg_mutex);
    while (job && atomic_load(&c->store_seq) >= job->needs_seq) {
        enum erase_step before = job->step;
        int r = step(c, job);
        if (r == -ERR_BUSY)
            return;
        if (r < 0 || job->what.is_dry_run || before == ERASE_SCRUBBING) {
            finish(c, job, r);
            return;
        }
    }
}
