/*
 * net/loop_uv.c - the loop of the daemon, on libuv: mailbox, wake-up, turns and the way down.
 *
 * The mailbox is an array under a mutex, swapped whole by the loop's thread; one wake-up is sent for each time it turns
 * from empty to not. After loop_stop() the loop runs on until the last stream and listener is gone, then closes its own
 * handles; posts that arrive later are dropped.
 */
#include "net/uv_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <signal.h>
#include <stdlib.h>

/* -------- turns -------- */

static mono_t uv_now_ns(struct loop *base)
{
    struct loop_uv *l = loop_uv_of(base);

    if (!l->is_now_known) {
        l->now = (mono_t)uv_hrtime();
        l->is_now_known = true;
    }
    return l->now;
}

static wall_t uv_wall_ns(struct loop *base)
{
    (void)base;
    return clock_system.wall(clock_system.ctx);
}

static void on_again(uv_idle_t *h);

/* Flushes what is dirty; what these flushes make dirty is the next turn's, so that no pair of streams can keep the loop
 * here. */
static void flush_dirty(struct loop_uv *l)
{
    struct list turn, *it;

    l->n_corked = 0;
    list_init(&turn);
    while ((it = list_first(&l->dirty))) {
        list_remove(it);
        list_add_tail(&turn, it);
    }
    while ((it = list_first(&turn))) {
        list_remove(it);
        stream_uv_turn_end(stream_uv_of_dirty(it));
    }
    if (!list_is_empty(&l->dirty) && !l->is_winding_up)
        uv_idle_start(&l->again, on_again);
}

void uv_turn_end(struct loop_uv *l)
{
    if (++l->n_corked >= CORKED_TURNS_MAX)
        flush_dirty(l);
}

/* All callbacks of one poll have returned, or all that come before it. */
static void uncork(struct loop_uv *l)
{
    if (!list_is_empty(&l->dirty)) {
        uv_turn_begin(l);
        flush_dirty(l);
    }
}

static void on_before_poll(uv_prepare_t *h) { uncork(h->data); }
static void on_after_poll(uv_check_t *h) { uncork(h->data); }

static void on_again(uv_idle_t *h)
{
    struct loop_uv *l = h->data;

    uv_idle_stop(h);
    uncork(l);
}

/* -------- wake-up -------- */

static void on_wake(uv_timer_t *h)
{
    struct loop_uv *l = h->data;

    uv_turn_begin(l);
    timer_wheel_advance(l->loop.wheel, uv_now_ns(&l->loop));
    uv_turn_end(l);
}

static void uv_wake_at(struct loop *base, mono_t at)
{
    struct loop_uv *l = loop_uv_of(base);

    if (l->is_winding_up)
        return;
    if (at == INT64_MAX) {
        uv_timer_stop(&l->wake);
        return;
    }
    /* libuv counts whole milliseconds of the same clock. */
    uint64_t at_ms = (uint64_t)((at + NS_PER_MS - 1) / NS_PER_MS), now_ms = uv_now(&l->uv);
    uv_timer_start(&l->wake, on_wake, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

/* -------- mailbox -------- */

static void queue_add(struct post_queue *q, struct post p)
{
    if (q->n == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 64;
        q->posts = realloc(q->posts, q->cap * sizeof(*q->posts));
        check(q->posts);
    }
    q->posts[q->n++] = p;
}

static void uv_post(struct loop *base, struct post p)
{
    struct loop_uv *l = loop_uv_of(base);

    pthread_mutex_lock(&l->mutex);
    if (!l->is_deaf) {
        queue_add(&l->inbox, p);
        if (l->inbox.n == 1)
            uv_async_send(&l->async); /* under the mutex: the handle cannot be closed meanwhile */
    }
    pthread_mutex_unlock(&l->mutex);
}

static void box_send(struct post_box *box, struct post p) { uv_post(list_entry(box, struct loop, box), p); }

static void uv_stop_loop(struct loop *base)
{
    struct loop_uv *l = loop_uv_of(base);

    pthread_mutex_lock(&l->mutex);
    l->is_stopping = true;
    if (!l->is_deaf)
        uv_async_send(&l->async);
    pthread_mutex_unlock(&l->mutex);
}

bool uv_loop_is_stopping(struct loop_uv *l)
{
    pthread_mutex_lock(&l->mutex);
    bool is_stopping = l->is_stopping;
    pthread_mutex_unlock(&l->mutex);
    return is_stopping;
}

static void run_posts(struct loop_uv *l)
{
    pthread_mutex_lock(&l->mutex);
    struct post_queue q = l->inbox;
    l->inbox = l->running;
    l->running = q;
    pthread_mutex_unlock(&l->mutex);

    for (size_t i = 0; i < l->running.n; i++)
        l->running.posts[i].fn(l->running.posts[i].ctx);
    l->running.n = 0;
}

/* -------- life -------- */

/* All handles are closed. A look-up in the system's resolver takes as long as that likes; nobody waits for it. */
static void on_all_closed(uv_handle_t *h)
{
    struct loop_uv *l = h->data;

    if (!list_is_empty(&l->lookups))
        uv_stop(&l->uv);
}

static void wind_up(struct loop_uv *l)
{
    if (l->is_winding_up || l->n_handles)
        return;
    pthread_mutex_lock(&l->mutex);
    bool is_last = l->is_stopping && l->inbox.n == 0;
    if (is_last)
        l->is_deaf = true;
    pthread_mutex_unlock(&l->mutex);
    if (!is_last)
        return; /* a post is waiting, its async callback comes back here */
    l->is_winding_up = true;
    resolve_uv_give_up(l);
    uv_close((uv_handle_t *)&l->async, on_all_closed); /* closed first, so told last */
    uv_close((uv_handle_t *)&l->wake, NULL);
    uv_close((uv_handle_t *)&l->again, NULL);
    uv_close((uv_handle_t *)&l->before_poll, NULL);
    uv_close((uv_handle_t *)&l->after_poll, NULL);
}

void uv_handle_gone(struct loop_uv *l)
{
    check(l->n_handles > 0);
    l->n_handles--;
    wind_up(l);
}

static void on_async(uv_async_t *h)
{
    struct loop_uv *l = h->data;

    uv_turn_begin(l);
    run_posts(l);
    uv_turn_end(l);
    if (uv_loop_is_stopping(l)) {
        stream_uv_hurry(l);
        wind_up(l);
    }
}

static int uv_run_loop(struct loop *base)
{
    struct loop_uv *l = loop_uv_of(base);

    uncork(l); /* what was written before the loop ran */
    uv_run(&l->uv, UV_RUN_DEFAULT);
    return 0;
}

static void uv_free_loop(struct loop *base)
{
    struct loop_uv *l = loop_uv_of(base);

    if (!base)
        return;
    check(l->n_handles == 0);
    if (!l->is_winding_up) {
        uv_stop_loop(base);
        l->inbox.n = 0;
        wind_up(l);
    }
    uv_run(&l->uv, UV_RUN_NOWAIT);
    stream_uv_free_lists(l);
    timer_wheel_free(base->wheel);
    if (!list_is_empty(&l->lookups))
        return; /* the thread pool will still write to it: its memory is left to the end of the process */
    check(uv_loop_close(&l->uv) == 0);
    free(l->inbox.posts);
    free(l->running.posts);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

static const struct loop_ops uv_ops = {
    .now = uv_now_ns,
    .wall = uv_wall_ns,
    .post = uv_post,
    .wake_at = uv_wake_at,
    .listen = listen_uv_open,
    .listener_close = listen_uv_close,
    .adopt = stream_uv_adopt,
    .ticket_drop = listen_uv_ticket_drop,
    .connect = stream_uv_connect,
    .resolve = resolve_uv_ask,
    .run = uv_run_loop,
    .stop = uv_stop_loop,
    .free = uv_free_loop,
};

/* That a peer is gone is the result of a write, not a reason to end the process. */
static void ignore_sigpipe(void)
{
    struct sigaction sa;

    if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

int loop_uv_new(struct loop **ret_loop)
{
    struct loop_uv *l = calloc(1, sizeof(*l));

    if (!l)
        return err_trace(-ERR_NOMEM);
    ignore_sigpipe();
    l->loop.ops = &uv_ops;
    l->loop.box.send = box_send;
    list_init(&l->dirty);
    list_init(&l->lookups);
    list_init(&l->closing);
    list_init(&l->free_streams);
    pthread_mutex_init(&l->mutex, NULL);
    int r = uv_loop_init(&l->uv);
    if (r < 0) {
        free(l);
        return err_trace(err_from_errno(-r));
    }
    l->loop.wheel = timer_wheel_new(&l->loop);
    check(l->loop.wheel);
    check(uv_async_init(&l->uv, &l->async, on_async) == 0);
    check(uv_timer_init(&l->uv, &l->wake) == 0);
    check(uv_idle_init(&l->uv, &l->again) == 0);
    check(uv_prepare_init(&l->uv, &l->before_poll) == 0 && uv_prepare_start(&l->before_poll, on_before_poll) == 0);
    check(uv_check_init(&l->uv, &l->after_poll) == 0 && uv_check_start(&l->after_poll, on_after_poll) == 0);
    l->async.data = l->wake.data = l->again.data = l->before_poll.data = l->after_poll.data = l;
    *ret_loop = &l->loop;
    return 0;
}
