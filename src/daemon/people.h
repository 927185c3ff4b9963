/*
 * daemon/people.h - what the provider of `people.oidc` takes beside the config: its client secret, and TLS.
 */
#pragma once

#include "config/config.h"

struct people_set {
    struct tls_client *tls;
    struct secret *secret; /* NULL: a public client */
};

/* While there is one thread: what came from the environment is wiped there. -ERR_x with a sentence in `error`. */
int people_set_load(const struct config *c, struct buf *error, struct people_set *ret);
void people_set_free(struct people_set *s); /* after the admin */
