/*
 * http/exchange.h - one request and its response, whatever carries them (HTTP/1.1 now, HTTP/2 streams later).
 *
 * The same interface on both sides. The server's user receives a request and sends a response; the client's user sends
 * a request and receives a response. Bodies are pulled: nothing is delivered beyond the credit given, so a slow taker
 * stops its giver. A carrier may overshoot the credit by one read (64 KiB).
 *
 *   (1) events come in order: on_info*, on_head, on_body*, on_end; on_reset may end them at any point and is the last.
 *       on_writable may come between any two.
 *   (2) no event comes from inside a call into the exchange, and none after http_release().
 *   (3) http_release() is called exactly once by the user, at any time; an exchange not finished by then is reset.
 *   (4) bytes given to http_write/http_send_head are copied or sent before the call returns.
 *   (5) writes are corked for one turn of the loop: what is written during an event (a read, a timer, a post), to this
 *       exchange or to any other of the same loop, is sent when that callback, and others of the same poll, returned.
 *       When the last bytes of a body and the end of its message came in one read, on_body and on_end are delivered in
 *       that same callback, so that what a relay writes in both leaves in one system call.
 *   (6) the end of a message without a body needs no credit; the end of a chunked body may need 1 byte more of credit
 *       than the body has, because a carrier without credit does not read on.
 *   (7) server side: after http_finish(), or one's own http_reset(), no events come but the release is still owed. What
 *       is left of the request body is thrown away.
 *
 * Server side only: the first http_credit() answers `Expect: 100-continue`. A refused request whose body was not read
 * is drained for up to drain_unread_bytes_max, else the connection closes after the answer.
 */
#pragma once

#include "base/time.h"
#include "http/head.h"
#include "net/stream.h"

struct http_exchange;

/* Why an exchange ended early; names are also texts for records. */
enum http_reset {
#define HTTP_RESET(name, text) HTTP_RESET_##name,
#include "http/reset.tbl.h"
#undef HTTP_RESET
    HTTP_RESET_COUNT
};
const char *http_reset_text(enum http_reset why);
enum http_reset http_reset_of_tls(int err); /* of a -ERR_TLS_x; HTTP_RESET_COUNT: it is none */

struct http_events {
    void (*on_info)(void *ctx, const struct http_head *head); /* client side: 1xx but 100; may be NULL */
    void (*on_head)(void *ctx, const struct http_head *head); /* client side: the final response head */
    /* The bytes lie in a buffer of the connection (or in on_room's), are seen once, and may be overwritten: a secret is
     * wiped there. */
    void (*on_body)(void *ctx, struct str bytes);
    void (*on_end)(void *ctx, const struct http_field *trailers, size_t n_trailers);
    void (*on_writable)(void *ctx);
    void (*on_reset)(void *ctx, enum http_reset why);
    /* Server side; may be NULL. Where the next bytes of the body are wanted: on_body then shows them there, if the
     * carrier could read them in place. */
    struct room (*on_room)(void *ctx);
};

struct http_exchange_ops {
    void (*credit)(struct http_exchange *x, size_t n);
    void (*send_info)(struct http_exchange *x, const struct http_head *head);
    void (*send_head)(struct http_exchange *x, const struct http_head *head);
    size_t (*write)(struct http_exchange *x, struct str bytes);
    void (*finish)(struct http_exchange *x, const struct http_field *trailers, size_t n_trailers);
    void (*reset)(struct http_exchange *x, enum http_reset why);
    void (*release)(struct http_exchange *x);
    bool (*peer)(const struct http_exchange *x, struct net_addr *ret); /* may be NULL: not known */
};

struct http_exchange {
    const struct http_exchange_ops *ops;
    const struct http_events *ev;
    void *ev_ctx;
    uint64_t bytes_in,
        bytes_out; /* of bodies and heads on the wire; client side: bytes_out 0 proves nothing was sent */
    bool is_reused;               /* client side: on a connection that carried a request before */
    bool got_first_byte;          /* client side: the peer answered something */
    bool got_surplus; /* client side, at on_end: bytes came behind the answer (a body to HEAD, 204 or 304, say) */
    mono_t connected_at, sent_at, first_byte_at; /* client side; 0: not yet */
};

static inline void http_on(struct http_exchange *x, const struct http_events *ev, void *ctx)
{
    x->ev = ev;
    x->ev_ctx = ctx;
}
/* Lets n more body bytes come in. SIZE_MAX: all. */
static inline void http_credit(struct http_exchange *x, size_t n) { x->ops->credit(x, n); }
/* Server side: 103 and the like. */
static inline void http_send_info(struct http_exchange *x, const struct http_head *h) { x->ops->send_info(x, h); }
/* Once. h->body_bytes decides the framing (known: Content-Length; unknown: chunked, towards HTTP/1.0 until close). */
static inline void http_send_head(struct http_exchange *x, const struct http_head *h) { x->ops->send_head(x, h); }
/* Returns the bytes now queued; above stream_window_bytes the caller waits for on_writable. */
static inline size_t http_write(struct http_exchange *x, struct str b) { return x->ops->write(x, b); }
static inline void http_finish(struct http_exchange *x, const struct http_field *t, size_t n)
{
    x->ops->finish(x, t, n);
}
/* Gives up: the peer sees a broken message, the connection is closed. No on_reset comes for one's own reset. */
static inline void http_reset(struct http_exchange *x, enum http_reset why) { x->ops->reset(x, why); }
/* Server side: where the client is; false, and *ret is untouched: it is gone, or not known. */
static inline bool http_peer(const struct http_exchange *x, struct net_addr *ret)
{
    return x->ops->peer && x->ops->peer(x, ret);
}
static inline void http_release(struct http_exchange *x) { x->ops->release(x); }
