/*
 * daemon/remotes.h - relations and sources out of the config: files read, secrets loaded, conditions compiled. Fails at
 * start, with a sentence, rather than at a call.
 */
#pragma once

#include "config/config.h"
#include "proxy/remotes.h"

struct tls_sessions;

struct remote_set {
    struct remotes remotes;
    struct arena arena;
    struct tls_sessions *sessions;
    bool is_loaded;
};

/* Negative: a sentence in `error`; free it all the same. */
int remote_set_load(const struct config *c, struct buf *error, struct remote_set *ret);
/* The files of relations, read and not yet in force (remotes_put_relations). *ret NULL: `c` names none. Negative:
 * `error` says why. From any thread. */
int relations_load(const struct config_relations *c, struct buf *error, struct relations **ret);
void remote_set_stop(struct remote_set *s); /* while workers still run: nobody gets an answer behind this */
void remote_set_free(struct remote_set *s); /* when no worker is left; fine when never loaded */
