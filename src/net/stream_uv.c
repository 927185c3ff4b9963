/*
 * net/stream_uv.c - TCP streams on libuv.
 *
 * Writes are copied into chunks and flushed once at the end of the turn (uv_impl.h); large ones go to the kernel at
 * once, with what was queued before them, and only the rest is copied. What the kernel does not take is given to
 * uv_write(), whose callback continues.
 *
 * A stream is in one of these states, by its flags:
 *
 *   connecting --> open --> closed by its owner: sending --> lingering --> gone (close callback, back on the free list)
 *                    \------------------------------------------------------^
 *
 *   (1) `ev` is not called after close; errors are told once, at the end of a turn, so never inside a call.
 *   (2) chunks that uv_write() refers to stay where they are until its callback.
 *   (3) lingering: our end of the stream is shut and what the peer still sends is thrown away, because closing with
 *       unread bytes would reset the connection and could destroy the answer on its way.
 */
#include "net/uv_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_TIMEOUT_MS 5000
#define LINGER_TIMEOUT_MS 2000
#define DIRECT_BYTES 32768 /* below, copying costs less than a write for each of head, body and end */
#define IOV_MAX_PARTS 20
#define IOV_QUEUED_BYTES_MAX (12 * OUT_CHUNK_BYTES) /* leaves room for the parts of one direct write */

struct stream_uv {
    struct stream s; /* first: a struct stream * is a struct stream_uv * */
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct list dirty;  /* in loop_uv.dirty */
    struct list closing; /* in loop_uv.closing or loop_uv.free_streams */
    struct timer limit; /* of closing */
    struct out_queue out;
    size_t writing_bytes; /* of these, given to uv_write() */
    int err;
    bool is_connected, wants_read, is_reading, is_writing, got_eof;
    bool is_closed;   /* by its owner */
    bool is_fin_sent; /* lingering */
    bool is_gone;     /* uv_close() was called */
    bool is_failed;   /* on_error was called */
    bool wants_drained;
};

static struct loop_uv *loop_of(struct stream_uv *s) { return loop_uv_of(s->s.loop); }
static struct stream_uv *of(struct stream *s) { return (struct stream_uv *)(void *)s; }
static struct stream_uv *of_const(const struct stream *s) { return (struct stream_uv *)(uintptr_t)s; }
struct stream_uv *stream_uv_of_dirty(struct list *node) { return list_entry(node, struct stream_uv, dirty); }

static void mark_dirty(struct stream_uv *s)
{
    if (!s->is_gone && !list_is_linked(&s->dirty))
        list_add_tail(&loop_of(s)->dirty, &s->dirty);
}

/* The kernel took n bytes off the front of the queue. */
static void consume(struct stream_uv *s, size_t n)
{
    out_queue_take(&s->out, &loop_of(s)->chunks, n);
    s->s.bytes_out += n;
}

/* -------- life -------- */

static void on_gone(uv_handle_t *h)
{
    struct stream_uv *s = h->data;
    struct loop_uv *l = loop_of(s);

    out_queue_drop(&s->out, &l->chunks); /* not before: uv_write() may have referred to the chunks */
    if (l->n_free_streams < FREE_STREAMS_MAX) {
        list_add_head(&l->free_streams, &s->closing);
        l->n_free_streams++;
    } else {
        free(s);
    }
    uv_handle_gone(l);
}

static void gone(struct stream_uv *s, bool is_reset)
{
    if (s->is_gone)
        return;
    s->is_gone = true;
    timer_cancel(s->s.loop, &s->limit);
    list_remove(&s->dirty);
    list_remove(&s->closing);
    if (!is_reset || !s->is_connected || s->is_fin_sent || uv_tcp_close_reset(&s->tcp, on_gone) < 0)
        uv_close((uv_handle_t *)&s->tcp, on_gone);
}

static void on_limit(struct timer *t) { gone(list_entry(t, struct stream_uv, limit), false); }

static struct stream_uv *stream_new(struct loop_uv *l)
{
    struct list *free_one = list_first(&l->free_streams);
    struct stream_uv *s;

    if (free_one) {
        s = list_entry(free_one, struct stream_uv, closing);
        list_remove(free_one);
        l->n_free_streams--;
    } else {
        s = malloc(sizeof(*s));
        check(s);
    }
    memset(s, 0, sizeof(*s));
    s->s.loop = &l->loop;
    list_init(&s->dirty);
    list_init(&s->closing);
    timer_init(&s->limit, on_limit);
    check(uv_tcp_init(&l->uv, &s->tcp) == 0);
    s->tcp.data = s;
    l->n_handles++;
    return s;
}

static void fail(struct stream_uv *s, int err)
{
    if (s->err)
        return;
    s->err = err;
    s->s.bytes_out += s->writing_bytes; /* may have left */
    if (s->is_reading)
        uv_read_stop((uv_stream_t *)&s->tcp);
    s->is_reading = false;
    mark_dirty(s);
}

/* -------- writing -------- */

static size_t uv_queued(const struct stream *base)
{
    const struct stream_uv *s = of_const(base);

    if (s->err)
        return s->out.n_bytes - s->writing_bytes; /* libuv no longer knows how much of these left: count them as sent */
    if (!s->is_writing)
        return s->out.n_bytes;
    return s->out.n_bytes - s->writing_bytes + s->tcp.write_queue_size;
}

static void on_written(uv_write_t *w, int status)
{
    struct stream_uv *s = w->data;
    struct loop_uv *l = loop_of(s);

    s->is_writing = false;
    if (s->is_gone)
        return;
    uv_turn_begin(l);
    if (status < 0) {
        fail(s, -ERR_RESET);
    } else {
        consume(s, s->writing_bytes);
        s->writing_bytes = 0;
        mark_dirty(s);
    }
    uv_turn_end(l);
}

static void write_rest(struct stream_uv *s)
{
    uv_buf_t bufs[IOV_MAX_PARTS];
    size_t n = out_queue_bufs(&s->out, bufs, IOV_MAX_PARTS, &s->writing_bytes);

    s->write.data = s;
    int r = uv_write(&s->write, (uv_stream_t *)&s->tcp, bufs, (unsigned)n, on_written);
    if (r == 0) {
        s->is_writing = true;
        return;
    }
    s->writing_bytes = 0;
    fail(s, -ERR_RESET);
}

/* Tries once with what is queued, as far as that is one write, and `more`. Returns how much of all that the kernel
 * took, or a negative error; *ret_offered: how much of the queue that was. */
static ssize_t try_write(struct stream_uv *s, const struct str *more, size_t n_more, size_t *ret_offered)
{
    uv_buf_t bufs[IOV_MAX_PARTS];
    size_t n = out_queue_bufs(&s->out, bufs, IOV_MAX_PARTS, ret_offered);

    check(n + n_more <= IOV_MAX_PARTS);
    for (size_t i = 0; i < n_more; i++)
        bufs[n++] = uv_buf_init((char *)(uintptr_t)more[i].p, (unsigned)more[i].n);
    int r = uv_try_write((uv_stream_t *)&s->tcp, bufs, (unsigned)n);
    if (r == UV_EAGAIN || r == UV_ENOBUFS)
        return 0;
    return r < 0 ? -ERR_RESET : r;
}

static void flush(struct stream_uv *s)
{
    while (s->out.n_bytes && s->is_connected && !s->is_writing && !s->err) {
        size_t offered;
        ssize_t took = try_write(s, NULL, 0, &offered);
        if (took < 0) {
            fail(s, (int)took);
            return;
        }
        consume(s, (size_t)took);
        if ((size_t)took < offered)
            write_rest(s);
    }
}

/* Without the copy: true when it was tried, the rest (if any) is queued. */
static bool write_direct(struct stream_uv *s, const struct str *parts, size_t n_parts, size_t n_bytes)
{
    if (n_bytes < DIRECT_BYTES || s->is_writing || !s->is_connected || n_parts > 4 ||
        s->out.n_bytes > IOV_QUEUED_BYTES_MAX)
        return false;
    size_t offered;
    ssize_t took = try_write(s, parts, n_parts, &offered);
    if (took < 0) {
        fail(s, (int)took);
        return true;
    }
    size_t queued = offered < (size_t)took ? offered : (size_t)took, skip = (size_t)took - queued;
    consume(s, queued);
    s->s.bytes_out += skip;
    for (size_t i = 0; i < n_parts; i++) {
        size_t cut = skip < parts[i].n ? skip : parts[i].n;
        skip -= cut;
        out_queue_add(&s->out, &loop_of(s)->chunks, str_sub(parts[i], cut, parts[i].n));
    }
    return true;
}

static void uv_stream_write_parts(struct stream *base, const struct str *parts, size_t n_parts)
{
    struct stream_uv *s = of(base);
    size_t n_bytes = 0;

    check(!s->is_closed);
    if (s->err)
        return;
    for (size_t i = 0; i < n_parts; i++)
        n_bytes += parts[i].n;
    if (n_bytes == 0)
        return;
    s->wants_drained = true;
    mark_dirty(s);
    if (write_direct(s, parts, n_parts, n_bytes))
        return;
    for (size_t i = 0; i < n_parts; i++)
        out_queue_add(&s->out, &loop_of(s)->chunks, parts[i]);
}

/* -------- reading -------- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct stream_uv *s = h->data;
    bool is_heard = !s->is_closed && !s->err && s->s.ev->on_room;
    struct room room = is_heard ? s->s.ev->on_room(s->s.ev_ctx) : (struct room){NULL, 0};

    (void)suggested;
    if (!room.p)
        room = (struct room){loop_of(s)->read_buffer,
                             room.n && room.n < READ_BUFFER_BYTES ? room.n : READ_BUFFER_BYTES};
    *buf = uv_buf_init(room.p, room.n < UINT_MAX ? (unsigned)room.n : UINT_MAX);
}

/* libuv calls a hang-up behind a short read an end, also when it is a reset; the socket itself knows better, and a
 * reset must not pass for the end of a message. */
static bool is_reset(struct stream_uv *s)
{
    int fd;
    char byte;

    return uv_fileno((uv_handle_t *)&s->tcp, &fd) < 0 || recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

static void got_end(struct stream_uv *s)
{
    if (is_reset(s)) {
        fail(s, -ERR_RESET);
        return;
    }
    s->got_eof = true;
    uv_read_stop((uv_stream_t *)&s->tcp);
    s->is_reading = false;
    if (s->is_closed)
        mark_dirty(s);
    else if (s->s.ev->on_eof)
        s->s.ev->on_eof(s->s.ev_ctx);
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *buf)
{
    struct stream_uv *s = h->data;
    struct loop_uv *l = loop_of(s);

    if (n == 0 || s->is_gone)
        return;
    uv_turn_begin(l);
    if (n == UV_EOF) {
        got_end(s);
    } else if (n < 0) {
        fail(s, -ERR_RESET);
    } else if (!s->is_closed) {
        s->s.bytes_in += (uint64_t)n;
        s->s.ev->on_bytes(s->s.ev_ctx, (struct str){buf->base, (size_t)n});
    }
    uv_turn_end(l);
}

static void start_reading(struct stream_uv *s)
{
    if (s->is_reading || !s->is_connected || s->err || s->got_eof)
        return;
    if (uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read) < 0)
        fail(s, -ERR_RESET);
    else
        s->is_reading = true;
}

static void uv_read_on(struct stream *base)
{
    struct stream_uv *s = of(base);

    check(!s->is_closed);
    s->wants_read = true;
    start_reading(s);
}

static void uv_read_off(struct stream *base)
{
    struct stream_uv *s = of(base);

    s->wants_read = false;
    if (s->is_reading && !s->is_gone)
        uv_read_stop((uv_stream_t *)&s->tcp);
    s->is_reading = false;
}

static bool uv_is_quiet(const struct stream *base)
{
    struct stream_uv *s = of_const(base);
    int fd;
    char byte;

    if (s->err || s->got_eof || uv_fileno((uv_handle_t *)&s->tcp, &fd) < 0)
        return false;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EINTR);
}

static ssize_t uv_take(struct stream *base, void *to, size_t n_max)
{
    struct stream_uv *s = of(base);
    int fd;

    if (s->err || s->got_eof || uv_fileno((uv_handle_t *)&s->tcp, &fd) < 0)
        return -1;
    ssize_t n = recv(fd, to, n_max, MSG_DONTWAIT);
    if (n > 0)
        s->s.bytes_in += (uint64_t)n;
    if (n == 0)
        return -1; /* libuv finds the end again */
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

/* -------- closing -------- */

/* One step of a stream whose owner is done with it: send, shut our end, wait for the peer's end. */
static void closing_step(struct stream_uv *s)
{
    if (s->err) {
        gone(s, false);
    } else if (s->out.n_bytes == 0) {
        int fd;
        if (s->got_eof || uv_loop_is_stopping(loop_of(s)) || uv_fileno((uv_handle_t *)&s->tcp, &fd) < 0) {
            gone(s, false);
        } else if (!s->is_fin_sent) {
            shutdown(fd, SHUT_WR);
            s->is_fin_sent = true;
            timer_arm(s->s.loop, &s->limit, LINGER_TIMEOUT_MS);
        }
    }
}

static void uv_stream_close(struct stream *base, bool now)
{
    struct stream_uv *s = of(base);

    check(!s->is_closed);
    s->is_closed = true;
    s->s.ev = NULL;
    if (now || s->err || (!s->is_connected && s->out.n_bytes == 0)) {
        gone(s, false);
        return;
    }
    timer_arm(s->s.loop, &s->limit, CLOSE_TIMEOUT_MS);
    list_add_tail(&loop_of(s)->closing, &s->closing);
    start_reading(s);
    mark_dirty(s);
}

static void uv_stream_reset(struct stream *base)
{
    struct stream_uv *s = of(base);

    check(!s->is_closed);
    s->is_closed = true;
    s->s.ev = NULL;
    gone(s, true);
}

void stream_uv_turn_end(struct stream_uv *s)
{
    flush(s);
    if (s->is_closed) {
        closing_step(s);
    } else if (s->err) {
        if (!s->is_failed) {
            s->is_failed = true;
            s->s.ev->on_error(s->s.ev_ctx, s->err);
        }
    } else if (s->wants_drained && s->out.n_bytes == 0) {
        s->wants_drained = false;
        if (s->s.ev->on_drained)
            s->s.ev->on_drained(s->s.ev_ctx);
    }
}

void stream_uv_hurry(struct loop_uv *l)
{
    list_each_safe(it, tmp, &l->closing) {
        struct stream_uv *s = list_entry(it, struct stream_uv, closing);
        if (s->out.n_bytes == 0)
            gone(s, false);
    }
}

void stream_uv_free_lists(struct loop_uv *l)
{
    list_each_safe(it, tmp, &l->free_streams)
        free(list_entry(it, struct stream_uv, closing));
    out_chunks_free(&l->chunks);
}

/* -------- opening -------- */

static bool uv_peer(const struct stream *base, struct net_addr *ret)
{
    const struct stream_uv *s = (const struct stream_uv *)(const void *)base;
    struct sockaddr_storage ss;
    int n = sizeof(ss);
    if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&ss, &n) < 0)
        return false;
    uv_addr_from_sockaddr(&ss, ret);
    return true;
}

static const struct stream_ops stream_uv_ops = {
    .read_start = uv_read_on,
    .read_stop = uv_read_off,
    .write = uv_stream_write_parts,
    .queued = uv_queued,
    .close = uv_stream_close,
    .reset = uv_stream_reset,
    .is_quiet = uv_is_quiet,
    .take = uv_take,
    .peer = uv_peer,
};

int stream_uv_adopt(struct loop *base, struct net_ticket t, struct stream **ret_stream)
{
    struct stream_uv *s = stream_new(loop_uv_of(base));
    int fd = (int)t.id, r = uv_tcp_open(&s->tcp, fd);

    if (r < 0) {
        close(fd);
        s->is_closed = true;
        gone(s, false);
        return err_trace(err_from_errno(-r));
    }
    uv_tcp_nodelay(&s->tcp, 1);
    s->s.ops = &stream_uv_ops;
    s->is_connected = true;
    *ret_stream = &s->s;
    return 0;
}

static void on_connected(uv_connect_t *c, int status)
{
    struct stream_uv *s = c->data;
    struct loop_uv *l = loop_of(s);

    if (s->is_gone)
        return;
    uv_turn_begin(l);
    if (status < 0) {
        fail(s, -ERR_CONNECT);
    } else {
        s->is_connected = true;
        if (s->wants_read || s->is_closed)
            start_reading(s);
        if (s->out.n_bytes || s->is_closed)
            mark_dirty(s);
        if (!s->is_closed && s->s.ev->on_connect)
            s->s.ev->on_connect(s->s.ev_ctx);
    }
    uv_turn_end(l);
}

int stream_uv_connect(struct loop *base, const struct net_addr *a, const struct stream_events *ev, void *ev_ctx,
                      struct stream **ret_stream)
{
    struct sockaddr_storage ss;

    if (uv_addr_to_sockaddr(a, &ss) < 0)
        return err_trace(-ERR_INVALID);
    struct stream_uv *s = stream_new(loop_uv_of(base));
    s->s.ops = &stream_uv_ops;
    stream_on(&s->s, ev, ev_ctx);
    s->connect.data = s;
    int r = uv_tcp_connect(&s->connect, &s->tcp, (struct sockaddr *)&ss, on_connected);
    if (r < 0) {
        s->is_closed = true;
        gone(s, false);
        return err_trace(-ERR_CONNECT);
    }
    uv_tcp_nodelay(&s->tcp, 1);
    *ret_stream = &s->s;
    return 0;
}
