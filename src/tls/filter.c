/*
 * tls/filter.c - TLS as a stream over a stream: what the owner holds looks like TCP (net/stream.h), what runs below is
 * records.
 *
 *      owner            struct tls_stream                     under
 *      write  --plaintext--> SSL_write --> bio_write --> stream_write
 *      on_bytes <----------- SSL_read  <-- bio_read  <-- on_bytes
 *
 *   (1) OpenSSL is called from pump(), put() and is_quiet only. pump() runs in events of `under` and of the timer
 *       `soon`, never inside a call of the owner's; so the owner's events do not either.
 *   (2) plaintext that OpenSSL cannot take (the handshake is not over, or a message of it is half read) waits in
 *       `pending`, and `under` is read until it can, whether or not the owner wants to read.
 *   (3) ciphertext that nobody wants yet waits in `held`, and `under` is not read meanwhile: backpressure. Reading that
 *       starts again looks there and into OpenSSL first, because `under` may have nothing more to tell.
 *   (4) bytes_in and on_bytes are plaintext only: tickets and key updates pass unseen, also when they arrive at an idle
 *       connection.
 *   (5) on_eof means close_notify. An end without one is -ERR_TLS_TRUNCATED.
 *   (6) queued() never says less than what may be unsent: 0 only when the kernel has it all, and all of the batch only
 *       when no record of it has left, which proves that the peer has read nothing of it.
 */
#include "tls/tls_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define HELD_BYTES_MAX (1u << 20)
#define PENDING_BYTES_MAX (256u << 20)
#define LINGER_MS 5000

static void settle(struct tls_stream *t);
static void keep_rest(struct tls_stream *t);

static struct loop *loop_of(const struct tls_stream *t) { return t->s.loop; }
static const struct tls_stream *of_const(const struct stream *s) { return (const struct tls_stream *)(const void *)s; }
static void soon(struct tls_stream *t) { timer_arm(loop_of(t), &t->soon, 0); }

/* -------- ends -------- */

static void destroy(struct tls_stream *t)
{
    timer_cancel(loop_of(t), &t->soon);
    timer_cancel(loop_of(t), &t->limit);
    SSL_free(t->ssl);
    buf_deinit(&t->held);
    buf_deinit(&t->pending);
    free((char *)(uintptr_t)t->session_key.p);
    free(t);
}

static void fail(struct tls_stream *t, int err)
{
    if (t->state == TLS_FAILED)
        return;
    t->state = TLS_FAILED;
    t->err = err;
    soon(t);
}

/* OpenSSL's last call went wrong: its reason, unless the way below broke first. */
static void fail_by_library(struct tls_stream *t)
{
    int err = tls_fault(t);

    fail(t, err);
}

/* -------- writing -------- */

static uint64_t taken_cipher(const struct tls_stream *t)
{
    return t->is_under_broken ? t->cipher_bytes : t->cipher_bytes - stream_queued(t->under);
}

/* Plaintext in records of which the kernel does not have the end (invariant 6). */
static uint64_t unsent(const struct tls_stream *t)
{
    uint64_t taken = taken_cipher(t);

    if (taken >= t->batch_to)
        return 0;
    if (taken <= t->batch_from)
        return t->batch_plain;
    uint64_t left = t->batch_to - taken;
    return left < t->batch_plain ? left : t->batch_plain - 1;
}

static size_t tls_queued(const struct stream *base)
{
    const struct tls_stream *t = of_const(base);

    return t->pending.n + (size_t)unsent(t);
}

/* One record. How much of `plain` it took: 0, and OpenSSL must read first, or has failed. */
static size_t put(struct tls_stream *t, struct str plain)
{
    size_t n = 0;

    if (taken_cipher(t) >= t->batch_to) {
        t->batch_from = t->batch_to = t->cipher_bytes;
        t->batch_plain = 0;
    }
    ERR_clear_error();
    int r = SSL_write_ex(t->ssl, plain.p, plain.n < TLS_RECORD_BYTES ? plain.n : TLS_RECORD_BYTES, &n);
    if (r != 1) {
        t->wants_to_hear = SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ;
        if (!t->wants_to_hear)
            fail_by_library(t);
        return 0;
    }
    t->wants_to_hear = false;
    t->batch_plain += n;
    t->batch_to = t->cipher_bytes;
    t->plain_bytes += n;
    return n;
}

static struct str put_all(struct tls_stream *t, struct str plain)
{
    while (plain.n && t->state == TLS_OPEN) {
        size_t n = put(t, plain);
        if (n == 0)
            break;
        plain = str_sub(plain, n, plain.n);
    }
    return plain;
}

static void flush_pending(struct tls_stream *t)
{
    if (t->pending.n == 0 || t->state != TLS_OPEN || !t->under)
        return;
    struct str rest = put_all(t, buf_str(&t->pending));
    buf_drop(&t->pending, t->pending.n - rest.n);
    if (t->pending.n == 0)
        buf_deinit(&t->pending);
}

static void keep(struct tls_stream *t, struct str plain)
{
    if (plain.n && t->state != TLS_FAILED && buf_add(&t->pending, plain) < 0)
        fail(t, -ERR_TOO_LARGE);
}

static void take(struct tls_stream *t, struct str plain) { keep(t, t->pending.n ? plain : put_all(t, plain)); }

/* Small parts share a record, so that a head and its body cost one. */
static void tls_write(struct stream *base, const struct str *parts, size_t n_parts)
{
    struct tls_stream *t = tls_of(base);
    char record[TLS_RECORD_BYTES];
    size_t n = 0;

    check(!t->is_closed);
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n > sizeof(record) - n) {
            take(t, (struct str){record, n});
            n = 0;
        }
        if (parts[i].n > sizeof(record)) {
            take(t, parts[i]);
        } else if (parts[i].n) {
            memcpy(record + n, parts[i].p, parts[i].n);
            n += parts[i].n;
        }
        t->wants_drained |= parts[i].n > 0;
    }
    take(t, (struct str){record, n});
    if (t->in_event)
        return; /* pump() looks before it ends */
    keep_rest(t); /* OpenSSL may have read to be able to write */
    settle(t);
}

/* -------- reading -------- */

static bool wants_plain(const struct tls_stream *t)
{
    return t->state == TLS_OPEN && t->wants_read && !t->is_closed && !t->got_eof;
}

static void handshake(struct tls_stream *t)
{
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r != 1) {
        if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ)
            fail_by_library(t);
        else if (t->has_under_ended)
            fail(t, -ERR_TLS_CLOSED);
        return;
    }
    const unsigned char *protocol;
    unsigned n;
    SSL_get0_alpn_selected(t->ssl, &protocol, &n);
    if (n && !str_eq((struct str){(const char *)protocol, n}, STR("http/1.1"))) {
        fail(t, -ERR_TLS_WRONG_PROTOCOL);
        return;
    }
    t->state = TLS_OPEN;
    t->batch_from = t->batch_to = t->cipher_bytes;
    if (t->is_client && !t->is_closed && t->s.ev->on_connect)
        t->s.ev->on_connect(t->s.ev_ctx);
}

/* One record's worth to the owner; false: there is no more now. */
static bool read_once(struct tls_stream *t)
{
    char plain[TLS_RECORD_BYTES];
    size_t n;

    ERR_clear_error();
    int r = SSL_read_ex(t->ssl, plain, sizeof(plain), &n);
    if (r == 1) {
        t->s.bytes_in += n;
        t->s.ev->on_bytes(t->s.ev_ctx, (struct str){plain, n});
        return true;
    }
    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        if (t->has_under_ended)
            fail(t, -ERR_TLS_TRUNCATED);
        break;
    case SSL_ERROR_ZERO_RETURN:
        t->got_eof = true;
        if (t->s.ev->on_eof)
            t->s.ev->on_eof(t->s.ev_ctx);
        break;
    default:
        fail_by_library(t);
    }
    return false;
}

/* What OpenSSL did not take of an event's bytes, to `held`; what it took of `held`, out of it. */
static void keep_rest(struct tls_stream *t)
{
    if (t->held.n) {
        buf_drop(&t->held, t->held.n - t->in.n);
        if (t->held.n == 0)
            buf_deinit(&t->held);
    } else if (t->in.n && t->state != TLS_FAILED && buf_add(&t->held, t->in) < 0) {
        fail(t, -ERR_TOO_LARGE);
    }
    t->in = buf_str(&t->held);
}

static void finish_close(struct tls_stream *t, bool now);

/* All that can go on now, goes on. `t` may be gone afterwards. */
static void pump(struct tls_stream *t)
{
    t->in_event = true;
    if (t->state == TLS_HANDSHAKE)
        handshake(t);
    flush_pending(t);
    while (wants_plain(t) && read_once(t))
        ;
    if (t->is_closed && t->state == TLS_OPEN && !t->wants_to_hear)
        t->in = STR_NONE; /* nobody wants it any more */
    t->in_event = false;
    if (t->is_closed && !t->under) {
        destroy(t);
        return;
    }
    keep_rest(t);
    if (t->is_closed && (t->pending.n == 0 || t->state == TLS_FAILED))
        finish_close(t, false);
    else
        settle(t);
}

/* -------- below -------- */

static bool wants_under(const struct tls_stream *t)
{
    if (t->state == TLS_FAILED || t->has_under_ended)
        return false;
    return t->state == TLS_HANDSHAKE || t->wants_to_hear || (wants_plain(t) && t->held.n == 0);
}

/* Reading of `under` follows what is wanted; called at the end of whatever may have changed it. */
static void settle(struct tls_stream *t)
{
    if (!t->under || t->is_under_broken)
        return;
    t->s.bytes_out = t->plain_bytes - unsent(t);
    bool wants = wants_under(t);
    if (wants == t->is_under_reading)
        return;
    t->is_under_reading = wants;
    if (wants)
        stream_read_start(t->under);
    else
        stream_read_stop(t->under);
}

static void on_under_connect(void *ctx)
{
    struct tls_stream *t = ctx;

    t->state = TLS_HANDSHAKE;
    pump(t);
}

static void on_under_bytes(void *ctx, struct str bytes)
{
    struct tls_stream *t = ctx;

    if (t->held.n) {
        if (buf_add(&t->held, bytes) < 0)
            fail(t, -ERR_TOO_LARGE);
        bytes = buf_str(&t->held);
    }
    t->in = bytes;
    pump(t);
}

static void on_under_eof(void *ctx)
{
    struct tls_stream *t = ctx;

    t->has_under_ended = true;
    t->is_under_reading = false;
    pump(t);
}

static void on_under_drained(void *ctx)
{
    struct tls_stream *t = ctx;

    settle(t);
    if (!t->wants_drained || t->is_closed || t->state != TLS_OPEN || t->pending.n)
        return;
    t->wants_drained = false;
    if (t->s.ev->on_drained)
        t->s.ev->on_drained(t->s.ev_ctx);
}

static void on_under_error(void *ctx, int err)
{
    struct tls_stream *t = ctx;

    t->is_under_broken = true;
    if (t->state == TLS_HANDSHAKE)
        err = -ERR_TLS_CLOSED;
    fail(t, err);
}

static const struct stream_events under_events = {
    .on_connect = on_under_connect,
    .on_bytes = on_under_bytes,
    .on_eof = on_under_eof,
    .on_drained = on_under_drained,
    .on_error = on_under_error,
};

/* -------- what must not happen inside a call -------- */

static void on_soon(struct timer *timer)
{
    struct tls_stream *t = list_entry(timer, struct tls_stream, soon);

    if (t->state != TLS_FAILED || t->is_closed) {
        pump(t);
        return;
    }
    settle(t);
    if (t->is_told)
        return;
    t->is_told = true;
    t->s.ev->on_error(t->s.ev_ctx, t->err);
}

static void tls_read_on(struct stream *base)
{
    struct tls_stream *t = tls_of(base);

    check(!t->is_closed);
    t->wants_read = true;
    if (t->in_event)
        return; /* pump() looks before it ends */
    if (t->state == TLS_OPEN && (t->held.n || t->has_under_ended || SSL_has_pending(t->ssl)))
        soon(t);
    settle(t);
}

static void tls_read_off(struct stream *base)
{
    struct tls_stream *t = tls_of(base);

    t->wants_read = false;
    if (!t->in_event)
        settle(t);
}

/* -------- idle connections -------- */

/* What waits in the kernel may be a ticket: that says nothing about the connection, so it is looked into. Nothing is
 * told from here; bytes of the peer's that are found come out when the loop turns. */
static bool tls_is_quiet(const struct stream *base)
{
    struct tls_stream *t = (struct tls_stream *)(uintptr_t)of_const(base);
    char bytes[4096], plain;
    size_t n_plain;
    ssize_t n;

    if (t->state != TLS_OPEN || t->got_eof || t->has_under_ended || t->is_under_broken)
        return false;
    if (t->held.n == 0 && !SSL_has_pending(t->ssl) && stream_is_quiet(t->under))
        return true;
    do {
        n = stream_take(t->under, bytes, sizeof(bytes));
    } while (n > 0 && buf_add(&t->held, (struct str){bytes, (size_t)n}) == 0);
    t->in = buf_str(&t->held);
    ERR_clear_error();
    int r = SSL_peek_ex(t->ssl, &plain, 1, &n_plain), e = SSL_get_error(t->ssl, r);
    if (r != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_ZERO_RETURN)
        fail_by_library(t); /* asked a second time, OpenSSL would call a fatal alert a proper end */
    keep_rest(t);
    if (n == 0 && r != 1 && e == SSL_ERROR_WANT_READ)
        return true;
    soon(t);
    return false;
}

/* -------- closing -------- */

/* The last word, if it can be said: not behind bytes that were dropped, which would make what arrived look whole. Then
 * `under` is closed, at once where its queue holds what must not be sent. */
static void finish_close(struct tls_stream *t, bool now)
{
    bool is_soft = !t->is_under_broken && t->state != TLS_CONNECTING && (!now || tls_queued(&t->s) == 0);

    if (is_soft && t->state == TLS_OPEN) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl); /* writes close_notify; the peer's is not waited for */
        ERR_clear_error();
    }
    stream_close(t->under, !is_soft);
    t->under = NULL;
    if (!t->in_event)
        destroy(t);
}

static void on_limit(struct timer *timer) { finish_close(list_entry(timer, struct tls_stream, limit), true); }

static void tls_close(struct stream *base, bool now)
{
    struct tls_stream *t = tls_of(base);

    check(!t->is_closed);
    t->is_closed = true;
    t->s.ev = NULL;
    if (now || t->pending.n == 0 || t->state == TLS_FAILED) {
        finish_close(t, now);
        return;
    }
    timer_arm(loop_of(t), &t->limit, LINGER_MS);
    if (!t->in_event)
        settle(t);
}

static void tls_reset(struct stream *base)
{
    struct tls_stream *t = tls_of(base);

    check(!t->is_closed);
    t->is_closed = true;
    t->s.ev = NULL;
    stream_reset(t->under);
    t->under = NULL;
    if (!t->in_event)
        destroy(t);
}

/* -------- opening -------- */

static bool tls_peer(const struct stream *s, struct net_addr *ret)
{
    return stream_peer(((const struct tls_stream *)(const void *)s)->under, ret);
}

static const struct stream_ops tls_ops = {
    .read_start = tls_read_on,
    .read_stop = tls_read_off,
    .write = tls_write,
    .queued = tls_queued,
    .close = tls_close,
    .reset = tls_reset,
    .is_quiet = tls_is_quiet,
    .peer = tls_peer,
};

struct tls_stream *tls_stream_new(struct stream *under, SSL *ssl, bool is_client)
{
    struct tls_stream *t = calloc(1, sizeof(*t));
    BIO *bio = t ? tls_bio_new(t) : NULL;

    check(bio); /* a few hundred bytes */
    t->s.ops = &tls_ops;
    t->s.loop = under->loop;
    t->under = under;
    t->ssl = ssl;
    t->is_client = is_client;
    buf_init(&t->held, HELD_BYTES_MAX);
    buf_init(&t->pending, PENDING_BYTES_MAX);
    timer_init(&t->soon, on_soon);
    timer_init(&t->limit, on_limit);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, t);
    if (is_client)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    stream_on(under, &under_events, t);
    return t;
}

void tls_stream_start(struct tls_stream *t, bool is_connected)
{
    if (!is_connected)
        return; /* on_under_connect */
    t->state = TLS_HANDSHAKE;
    settle(t);
}
