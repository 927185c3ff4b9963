/* tests/unit/tls/wire.c - see wire.h. */
#include "tls/wire.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define WIRE_BYTES_MAX (64u << 20)

static struct wire_end *of(struct stream *s) { return (struct wire_end *)(void *)s; }
static const struct wire_end *of_const(const struct stream *s) { return (const struct wire_end *)(const void *)s; }

/* -------- the loop -------- */

static mono_t wire_now(struct loop *l) { return list_entry(l, struct wire, loop)->now; }
static void wire_wake_at(struct loop *l, mono_t at) { list_entry(l, struct wire, loop)->wake_at = at; }
static const struct loop_ops loop_ops = {.now = wire_now, .wake_at = wire_wake_at};

bool wire_timers(struct wire *w, int64_t ms)
{
    w->now += ms * NS_PER_MS;
    if (w->wake_at > w->now)
        return false;
    w->wake_at = INT64_MAX;
    timer_wheel_advance(w->loop.wheel, w->now);
    return true;
}

/* -------- the streams -------- */

static void wire_read_start(struct stream *s)
{
    check(!of(s)->is_closed);
    of(s)->is_reading = true;
}

static void wire_read_stop(struct stream *s) { of(s)->is_reading = false; }

static void wire_write(struct stream *s, const struct str *parts, size_t n)
{
    struct wire_end *e = of(s);
    check(!e->is_closed);
    for (size_t i = 0; i < n; i++) {
        check(buf_add(&e->out, parts[i]) == 0);
        e->wants_drained |= parts[i].n > 0;
    }
}

static size_t wire_queued(const struct stream *s) { return of_const(s)->out.n; }

static void wire_close(struct stream *s, bool now)
{
    struct wire_end *e = of(s);
    check(!e->is_closed);
    e->is_closed = true;
    e->was_closed_now = now;
    e->s.ev = NULL;
    if (now)
        buf_reset(&e->out);
    e->ends = true;
}

static void wire_reset(struct stream *s)
{
    wire_close(s, true);
    of(s)->is_reset = true;
}

static bool wire_is_quiet(const struct stream *s)
{
    const struct wire_end *e = of_const(s);
    return e->in.n == 0 && !e->has_ended && !e->err;
}

static ssize_t wire_take(struct stream *s, void *to, size_t n_max)
{
    struct wire_end *e = of(s);
    size_t n = e->in.n < n_max ? e->in.n : n_max;
    if (n == 0)
        return e->has_ended || e->err ? -1 : 0;
    memcpy(to, e->in.p, n);
    buf_drop(&e->in, n);
    return (ssize_t)n;
}

static const struct stream_ops wire_ops = {.read_start = wire_read_start, .read_stop = wire_read_stop,
                                           .write = wire_write, .queued = wire_queued, .close = wire_close,
                                           .reset = wire_reset, .is_quiet = wire_is_quiet, .take = wire_take};

/* -------- moving -------- */

static void tell_drained(struct wire_end *e)
{
    if (e->out.n || !e->wants_drained || e->is_closed)
        return;
    e->wants_drained = false;
    if (e->s.ev->on_drained)
        e->s.ev->on_drained(e->s.ev_ctx);
}

bool wire_send(struct wire_end *e, size_t n)
{
    struct wire_end *peer = e->peer;
    bool had_ended = peer->has_ended;
    n = n < e->out.n ? n : e->out.n;
    if (!e->is_open)
        return false;
    check(buf_add(&peer->in, (struct str){e->out.p, n}) == 0);
    buf_drop(&e->out, n);
    peer->has_ended |= e->ends && e->out.n == 0;
    if (n)
        tell_drained(e);
    return n > 0 || peer->has_ended != had_ended;
}

bool wire_deliver(struct wire_end *e, size_t n)
{
    char *copy;
    n = n < e->in.n ? n : e->in.n;
    if (e->is_closed || !e->is_reading || e->err)
        return false;
    if (n == 0) {
        if (e->in.n || !e->has_ended || e->told_end)
            return false;
        e->told_end = true;
        e->is_reading = false;
        if (e->s.ev->on_eof)
            e->s.ev->on_eof(e->s.ev_ctx);
        return true;
    }
    copy = malloc(n); /* exactly as long, so that a reader behind its end is caught */
    check(copy);
    memcpy(copy, e->in.p, n);
    buf_drop(&e->in, n);
    e->s.bytes_in += n;
    e->s.ev->on_bytes(e->s.ev_ctx, (struct str){copy, n});
    free(copy);
    return true;
}

void wire_break(struct wire_end *e, int err)
{
    e->err = err;
    if (!e->is_closed)
        e->s.ev->on_error(e->s.ev_ctx, err);
}

void wire_run(struct wire *w)
{
    bool moves = true;
    for (int i = 0; moves; i++) {
        check(i < 1000000);
        moves = wire_timers(w, 0);
        for (int k = 0; k < 2; k++) {
            moves |= wire_send(&w->ends[k], SIZE_MAX);
            moves |= wire_deliver(&w->ends[k], 65536);
        }
    }
}

/* -------- life -------- */

void wire_open(struct wire *w)
{
    w->ends[0].is_open = w->ends[1].is_open = true;
    if (!w->ends[0].is_closed && w->ends[0].s.ev->on_connect)
        w->ends[0].s.ev->on_connect(w->ends[0].s.ev_ctx);
}

void wire_init(struct wire *w)
{
    memset(w, 0, sizeof(*w));
    w->loop.ops = &loop_ops;
    w->now = NS_PER_S;
    w->wake_at = INT64_MAX;
    w->loop.wheel = timer_wheel_new(&w->loop);
    check(w->loop.wheel);
    for (int i = 0; i < 2; i++) {
        struct wire_end *e = &w->ends[i];
        e->s = (struct stream){.ops = &wire_ops, .loop = &w->loop};
        e->wire = w;
        e->peer = &w->ends[!i];
        buf_init(&e->in, WIRE_BYTES_MAX);
        buf_init(&e->out, WIRE_BYTES_MAX);
    }
}

void wire_deinit(struct wire *w)
{
    for (int i = 0; i < 2; i++) {
        buf_deinit(&w->ends[i].in);
        buf_deinit(&w->ends[i].out);
    }
    timer_wheel_free(w->loop.wheel);
}
