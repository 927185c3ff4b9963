/*
 * http/server.h - HTTP/1.1 connections of agents (and of the admin API), strict as RFC 9112 allows and then some:
 * what two parsers could read differently is answered with 400 and a close, before any handler sees it.
 */
#pragma once

#include "base/limits.h"
#include "http/exchange.h"
#include "net/stream.h"

struct http_server;

/* What a refused head looks like to the handler, so that refusals have one form (stage: accept). */
struct http_refusal {
    uint16_t status;  /* 400 405 408 413 414 417 431 501 505 */
    const char *text; /* one sentence, static */
};

/* The answer to it: content type application/json is added, and the connection closes behind it. */
#define HTTP_REFUSAL_FIELDS_MAX 6
struct http_refusal_answer {
    struct str body; /* empty: a bare answer */
    struct http_field fields[HTTP_REFUSAL_FIELDS_MAX];
    size_t n_fields;
};

struct http_server_handler {
    /* A whole, valid head. The handler calls http_on() before returning. `head` and its strings live until release. */
    void (*on_request)(void *ctx, struct http_exchange *x, const struct http_head *head);
    /*
     * A head that cannot be valid (`x` NULL), or, behind on_request and if nothing was answered yet, a body that is
     * malformed, late, or larger than body_bytes_max (`x` is the request's; on_reset follows): fills the answer, with
     * strings in arena memory or static ones.
     */
    void (*on_bad_head)(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret);
    /* The connection ended; for counters. May be NULL. */
    void (*on_close)(void *ctx);
};

/* One server a worker; shares nothing with others. `limits` outlives it. */
int http_server_new(struct loop *l, const struct limits *limits, const struct http_server_handler *h, void *ctx,
                    struct http_server **ret);
/* The largest request body, instead of the limits' body_bytes_max: for handlers that bound bodies by what they are. */
void http_server_set_body_max(struct http_server *s, int64_t bytes);
/* Takes over a stream (from loop adopt). At most connections_max are held: beyond it, closed at once, -ERR_TOO_LARGE.
 */
int http_server_take(struct http_server *s, struct stream *st);
size_t http_server_connections(const struct http_server *s);
/* Idle connections close now, busy ones behind their current exchange (`Connection: close`). on_drained: once, when
 * none is left. */
void http_server_drain(struct http_server *s, void (*on_drained)(void *ctx), void *ctx);
/* Resets what is left (on_reset: SHUTDOWN). Never from inside an event of this server's. Exchanges may be released
 * later. */
void http_server_free(struct http_server *s);
