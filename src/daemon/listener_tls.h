/*
 * daemon/listener_tls.h - the certificates of the two listeners: read at start, and again when asked to.
 */
#pragma once

#include "base/buf.h"
#include "config/config.h"

struct tls_server;

struct listener_tls {
    struct tls_server *data, *admin; /* NULL: plain HTTP */
};

/* 0, or a negative code with one sentence for the operator in `error`. */
int listener_tls_load(const struct config *c, struct buf *error, struct listener_tls *ret);
/* Reads the files again, from any thread. A listener whose files are bad keeps its certificate: negative, `error` says
 * which and why. Open connections notice nothing. */
int listener_tls_reload(struct listener_tls *t, struct buf *error);
void listener_tls_free(struct listener_tls *t); /* connections may be left */
