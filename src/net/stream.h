/*
 * net/stream.h - a two-way byte stream: TCP, TLS as a filter over one (tls/filter.c), in memory in the simulation.
 *
 *   (1) events come on the loop's thread, never from inside the call that caused them, and none after stream_close().
 *   (2) on_bytes comes only between stream_read_start() and stream_read_stop(); bytes are valid during the call.
 *   (3) stream_write() takes everything it is given: what the kernel does not take is queued, and on_drained says
 *       when the queue is empty again. The caller stops writing while stream_queued() is above its window: that is
 *       the backpressure.
 *       Writes are corked: what is written during the callbacks of one poll of the loop (reads, timers, posts; a
 *       bounded number of them) leaves together when these have returned, whichever streams they belonged to.
 *       Large writes may leave at once.
 *   (4) after on_eof the stream can still write; after on_error only stream_close() is left.
 *   (5) stream_close() is called exactly once by the owner; queued bytes are still sent for up to 5 s, unless `now`.
 */
#pragma once

#include "net/loop.h"

#include <sys/types.h>

struct stream;

/* Memory to read into; of p NULL, how much to read at most into the loop's own. n 0: none, and as much as that has. */
struct room {
    char *p;
    size_t n;
};

struct stream_events {
    void (*on_connect)(void *ctx); /* connect() succeeded; not called for adopted streams */
    void (*on_bytes)(void *ctx, struct str bytes);
    void (*on_eof)(void *ctx);
    void (*on_drained)(void *ctx);
    void (*on_error)(void *ctx, int err); /* negative: -ERR_CONNECT, -ERR_RESET, ... */
    /* May be NULL. Asked right before a read: where its bytes are wanted, so that they need no copy; on_bytes may still
     * bring them from elsewhere. */
    struct room (*on_room)(void *ctx);
};

struct stream_ops {
    void (*read_start)(struct stream *s);
    void (*read_stop)(struct stream *s);
    void (*write)(struct stream *s, const struct str *parts, size_t n_parts);
    size_t (*queued)(const struct stream *s); /* bytes accepted and not yet given to the kernel */
    void (*close)(struct stream *s, bool now);
    void (*reset)(struct stream *s); /* may be NULL: as close(s, true) */
    bool (*is_quiet)(const struct stream *s); /* may be NULL: yes */
    ssize_t (*take)(struct stream *s, void *to, size_t n_max); /* may be NULL: nothing can be taken */
    bool (*peer)(const struct stream *s, struct net_addr *ret); /* may be NULL: not known */
};

struct stream {
    const struct stream_ops *ops;
    const struct stream_events *ev;
    void *ev_ctx;
    struct loop *loop;
    uint64_t bytes_in, bytes_out; /* bytes_out: handed to the kernel */
};

static inline void stream_on(struct stream *s, const struct stream_events *ev, void *ctx)
{
    s->ev = ev;
    s->ev_ctx = ctx;
}
static inline void stream_read_start(struct stream *s) { s->ops->read_start(s); }
static inline void stream_read_stop(struct stream *s) { s->ops->read_stop(s); }
static inline void stream_write(struct stream *s, const struct str *parts, size_t n) { s->ops->write(s, parts, n); }
static inline size_t stream_queued(const struct stream *s) { return s->ops->queued(s); }
static inline void stream_close(struct stream *s, bool now) { s->ops->close(s, now); }
/* Instead of stream_close(): drops what is queued, and the peer sees an error rather than an end. */
static inline void stream_reset(struct stream *s)
{
    if (s->ops->reset)
        s->ops->reset(s);
    else
        s->ops->close(s, true);
}
/* False when bytes, an end or an error wait to be read right now: asked before an idle connection is used again. */
static inline bool stream_is_quiet(const struct stream *s) { return !s->ops->is_quiet || s->ops->is_quiet(s); }
/* Where the other end is, as the system says; false, and *ret is untouched: not known. */
static inline bool stream_peer(const struct stream *s, struct net_addr *ret)
{
    return s->ops->peer && s->ops->peer(s, ret);
}
/* What waits to be read, right now and without an event; for a filter that must look into it. How many bytes, 0: none,
 * negative: an end or an error is next. */
static inline ssize_t stream_take(struct stream *s, void *to, size_t n_max)
{
    return s->ops->take ? s->ops->take(s, to, n_max) : -1;
}
