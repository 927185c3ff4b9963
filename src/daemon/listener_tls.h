/*
 * daemon/listener_tls.h - the certificates of the two listeners: read at start, and again by each reload.
 */
#pragma once

#include "base/buf.h"
#include "config/config.h"

struct tls_server;

struct listener_tls {
    struct tls_server *data, *admin; /* NULL: plain HTTP */
};

/* 0, or a negative code with one sentence for the operator in `error`; free it all the same. */
int listener_tls_load(const struct config *c, struct buf *error, struct listener_tls *ret);
/* New connections get what `from` has, which is empty then. It has TLS where `t` has. From any thread. */
void listener_tls_take(struct listener_tls *t, struct listener_tls *from);
void listener_tls_free(struct listener_tls *t); /* connections may be left */
