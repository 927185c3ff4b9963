/*
 * http/client.h - keep-alive connections to vendors: one pool a worker, one connection set a target.
 *
 *   (1) a connection carries one exchange at a time; surprise bytes after an answer close it.
 *   (2) a connection whose answer was malformed, truncated or not read to its end is never used again.
 *   (3) nothing is retried here: the pool reports what happened (bytes_out, is_reused, got_first_byte), the route
 *       decides. Before a connection is open the next address of the name is tried, in the resolver's order.
 *   (4) an address is checked when it is connected to, so a name that changes its mind later is caught too.
 */
#pragma once

#include "base/limits.h"
#include "http/exchange.h"
#include "net/stream.h"

struct http_pool;
struct tls_client;

struct http_target {
    struct str host; /* a name or a numeric address; IPv6 without brackets */
    uint16_t port;
    struct tls_client *tls; /* NULL: plain HTTP; outlives the pool */
    bool allows_private;    /* addresses of net/special.tbl.h too; without it a name that leads there is refused */
};

/* The target of a numeric address, which may be any: who names one means it. Points into `a`. */
static inline struct http_target http_target_at(const struct net_addr *a)
{
    return (struct http_target){.host = str_c(a->host), .port = a->port, .allows_private = true};
}

/* connect_ms covers resolving, connecting and the TLS handshake. */
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
