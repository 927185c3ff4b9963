/*
 * tests/unit/tls/pair.h - a TLS client and a TLS server back to back over a wire, each with an owner that notes what it
 * hears.
 */
#pragma once

#include "tls/certs.h"
#include "tls/client.h"
#include "tls/server.h"
#include "tls/tls_impl.h"
#include "tls/wire.h"
#include "unit.h"

struct side {
    struct stream *s; /* NULL: closed */
    struct pair *pair;
    struct buf got;
    int n_connects, n_eofs, n_drained, n_errors, err;
    size_t n_events; /* of bytes */
    void (*on_event)(struct side *side); /* after each, whichever it was; NULL: nothing */
};

struct pair {
    struct wire wire;
    struct side client, server;
};

struct pair_want {
    struct tls_client *client;
    struct tls_server *server; /* NULL: the test plays the server's end of the wire */
    const char *host;          /* NULL: "a.example" */
};

void pair_init(struct pair *p, const struct pair_want *w); /* both read; nothing has moved */
void pair_open(struct pair *p);                            /* the wire opens, and all that can move moves */
void pair_deinit(struct pair *p);                          /* closes what is open */
void side_write(struct side *s, struct str bytes);
void side_close(struct side *s, bool now);
SSL *side_ssl(const struct side *s);

/* What most tests use: an authority, a certificate for a.example, contexts of both sides, sessions. */
struct tls_world {
    struct cert authority, cert;
    struct tls_sessions *sessions;
    struct tls_client *client;
    struct tls_server *server;
};
extern struct tls_world world;
int world_begin(void **state); /* for a group of tests; no sessions are kept: each handshake is a full one */
void world_keep_sessions(void);
int world_end(void **state);
struct tls_server *server_of(const struct cert *c, const struct cert *client_authority); /* must succeed */
struct tls_client *client_of(const struct cert *authority);                              /* must succeed */
