/*
 * http/client.h - keep-alive connections to vendors: one pool a worker, one connection set a target.
 *
 *   (1) a connection carries one exchange at a time; surprise bytes after an answer close it.
 *   (2) a connection whose answer was malformed, truncated or not read to its end is never used again.
 *   (3) nothing is retried here: the pool reports what happened (bytes_out, is_reused, got_first_byte), the route
 * decides.
 */
#pragma once

#include "base/limits.h"
#include "http/exchange.h"
#include "net/stream.h"

struct http_pool;

struct http_target {
    struct net_addr addr;
    struct str host; /* the Host field: name[:port] */
};

struct http_timeouts {
    int64_t connect_ms, first_byte_ms, idle_ms;
};

int http_pool_new(struct loop *l, const struct limits *limits, struct http_pool **ret);
/*
 * Opens an exchange on a kept or new connection (waiting for one when pool_connections_max are busy). The caller may
 * send at once: head and body are queued until the connection is open. `fresh` asks for a new connection.
 * Never fails by return: errors come by on_reset. `target` is copied.
 */
struct http_exchange *http_pool_open(struct http_pool *p, const struct http_target *target,
                                     const struct http_timeouts *t, bool fresh, const struct http_events *ev,
                                     void *ev_ctx);
size_t http_pool_connections(const struct http_pool *p);
void http_pool_close_idle(struct http_pool *p);
void http_pool_free(struct http_pool *p); /* resets what is left */
