/*
 * daemon/thread.c - starts, runs and joins threads. Nothing of what they do is decided here.
 */
#include "daemon/thread.h"

#include "base/err.h"

#include <stdlib.h>

/* --- loops ------------------------------------------------------------------------------------------------------ */

int loop_thread_new(struct loop_thread *t)
{
    t->is_running = false;
    return loop_uv_new(&t->loop);
}

static void *run_loop(void *ctx)
{
    struct loop_thread *t = ctx;
    (void)loop_run(t->loop);
    return NULL;
}

int loop_thread_start(struct loop_thread *t, const char *name)
{
    int e = pthread_create(&t->thread, NULL, run_loop, t);
    if (e)
        return err_trace(err_from_errno(e));
    (void)pthread_setname_np(t->thread, name);
    t->is_running = true;
    return 0;
}

struct waited_call {
    void (*fn)(void *ctx);
    void *ctx;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool is_done;
};

static void run_waited(void *ctx)
{
    struct waited_call *w = ctx;
    w->fn(w->ctx);
    pthread_mutex_lock(&w->mutex);
    w->is_done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

void loop_thread_call(struct loop_thread *t, void (*fn)(void *ctx), void *ctx)
{
    struct waited_call w = {.fn = fn, .ctx = ctx};
    if (!t->is_running) {
        fn(ctx);
        return;
    }
    pthread_mutex_init(&w.mutex, NULL);
    pthread_cond_init(&w.cond, NULL);
    loop_post(t->loop, (struct post){run_waited, &w});
    pthread_mutex_lock(&w.mutex);
    while (!w.is_done)
        pthread_cond_wait(&w.cond, &w.mutex);
    pthread_mutex_unlock(&w.mutex);
    pthread_cond_destroy(&w.cond);
    pthread_mutex_destroy(&w.mutex);
}

void loop_thread_stop(struct loop_thread *t)
{
    if (!t->loop)
        return;
    loop_stop(t->loop);
    if (t->is_running)
        (void)pthread_join(t->thread, NULL);
    else
        (void)loop_run(t->loop); /* lets close callbacks run */
    t->is_running = false;
    loop_free(t->loop);
    t->loop = NULL;
}

/* --- background turns ------------------------------------------------------------------------------------------- */

static bool is_stopping(struct background *b) { return !__atomic_load_n(&b->is_running, __ATOMIC_ACQUIRE); }

static void *run_sync(void *ctx)
{
    struct background *b = ctx;
    bool told = false;
    while (!is_stopping(b)) {
        core_sync_wait(b->core);
        while (core_sync_turn(b->core))
            ;
        if (core_has_failed(b->core) && !told) {
            told = true;
            b->on_failed(b->on_failed_ctx);
        }
    }
    return NULL;
}

static void *run_drain(void *ctx)
{
    struct background *b = ctx;
    while (!is_stopping(b)) {
        core_drain_wait(b->core);
        while (core_drain_turn(b->core))
            ;
    }
    return NULL;
}

static void *run_reader(void *ctx)
{
    struct background *b = ctx;
    struct store *s = core_store(b->core);
    struct store_reader *r = NULL;
    while (!is_stopping(b)) {
        core_answer_wait(b->core);
        if (!r && s->ops->reader_new(s, &r) < 0)
            r = NULL; /* the question is asked again after the next wait */
        while (r && core_answer_turn(b->core, r))
            ;
    }
    if (r) {
        while (core_answer_turn(b->core, r)) /* those still waiting hear that we stop */
            ;
        s->ops->reader_free(r);
    }
    return NULL;
}

int background_start(struct background *b)
{
    b->is_running = true;
    if (pthread_create(&b->sync, NULL, run_sync, b) || pthread_create(&b->drain, NULL, run_drain, b))
        return err_trace(-ERR_NOMEM);
    (void)pthread_setname_np(b->sync, "sync");
    (void)pthread_setname_np(b->drain, "drain");
    for (size_t i = 0; i < READERS; i++) {
        if (pthread_create(&b->readers[i], NULL, run_reader, b))
            return err_trace(-ERR_NOMEM);
        (void)pthread_setname_np(b->readers[i], "reader");
    }
    return 0;
}

void background_stop(struct background *b)
{
    if (!b->is_running)
        return;
    __atomic_store_n(&b->is_running, false, __ATOMIC_RELEASE);
    core_stop_background(b->core);
    (void)pthread_join(b->sync, NULL);
    (void)pthread_join(b->drain, NULL);
    for (size_t i = 0; i < READERS; i++)
        (void)pthread_join(b->readers[i], NULL);
    while (core_drain_turn(b->core))
        ;
}
