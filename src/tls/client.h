/*
 * tls/client.h - TLS towards vendors: whom we believe, and connections that speak it.
 *
 * A client context is made once, shared by all workers, and immutable; what it remembers of sessions is in one bounded
 * cache behind a mutex (tls/sessions.h).
 *
 *   (1) the peer's chain must lead to an authority of the system's store or of the CA file, and its certificate must be
 *       for the host that was asked for: a name, or an address that the certificate lists as one.
 *   (2) TLS 1.2 is the oldest version, security level 2 the lowest (RSA and DH from 2048 bits, no SHA-1 signatures);
 *       no renegotiation, no compression.
 *   (3) ALPN offers http/1.1 and nothing else; a server that says nothing is taken to speak it.
 */
#pragma once

#include "base/buf.h"
#include "net/stream.h"

struct tls_client;
struct tls_sessions;

/* `sessions` outlives the context. NULL: none are kept. */
int tls_sessions_new(struct tls_sessions **ret);
void tls_sessions_free(struct tls_sessions *s);

/* ca_file: authorities beside those of the system, in PEM; empty: none. `error`: one sentence for the operator. */
int tls_client_new(struct str ca_file, struct tls_sessions *sessions, struct buf *error, struct tls_client **ret);
void tls_client_free(struct tls_client *c); /* no connection of it may be left */

/*
 * A stream to `host` at `addr`. on_connect comes when the handshake is over and the peer is who it should be; before it
 * nothing of what was written has left. Errors: -ERR_CONNECT, or one of base/err_tls.tbl.h. Negative: nothing came of
 * it, and no event will.
 */
int tls_client_connect(struct tls_client *c, struct loop *l, const struct net_addr *addr, struct str host,
                       const struct stream_events *ev, void *ev_ctx, struct stream **ret_stream);
/* Of such a stream: the one below is open, and on_connect is still to come. */
bool tls_client_is_shaking_hands(const struct stream *s);
/* As tls_client_connect(), over a stream that the caller began to open and hands over. For tests. */
int tls_client_wrap(struct tls_client *c, struct stream *under, struct str host, uint16_t port,
                    struct stream **ret_stream);
