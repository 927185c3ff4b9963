/*
 * tls/server.h - TLS towards agents and people: the listener's certificate.
 *
 *   (1) the certificate can be replaced while connections are open: they keep theirs, new handshakes get the new one.
 *   (2) a certificate that cannot be used becomes no tls_server, and so replaces nothing.
 *   (3) with a client CA file, who has no certificate of it does not get through the handshake.
 *   (4) TLS 1.2 is the oldest version; no renegotiation, no compression; ALPN must offer http/1.1, or nothing.
 */
#pragma once

#include "base/buf.h"
#include "net/stream.h"

struct tls_server;

/* PEM files; client_ca_file may be empty. */
struct tls_server_files {
    struct str cert_file; /* the chain, our own certificate first */
    struct str key_file;
    struct str client_ca_file;
};

/* `error`: one sentence for the operator. The files are read here and not again. */
int tls_server_new(const struct tls_server_files *files, struct buf *error, struct tls_server **ret);
/* New handshakes of `s` get what `from` has, which is freed. From any thread; never fails. */
void tls_server_take(struct tls_server *s, struct tls_server *from);
/* When the certificate in use runs out. */
wall_t tls_server_ends(struct tls_server *s);
void tls_server_free(struct tls_server *s); /* connections may be left */

/* Takes `under` over; the new stream is as one from loop adopt. Errors come by on_error. From any thread's loop. */
int tls_server_wrap(struct tls_server *s, struct stream *under, struct stream **ret_stream);
