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
    const struct config *config;
};

/* Negative: a sentence in `error`; free it all the same. */
int remote_set_load(const struct config *c, struct buf *error, struct remote_set *ret);
/* Reads the files of relations again, from any thread. Negative: bad ones leave what was in force; `error` says why. */
int remote_set_reload(struct remote_set *s, struct buf *error);
void remote_set_stop(struct remote_set *s); /* while workers still run: nobody gets an answer behind this */
void remote_set_free(struct remote_set *s); /* when no worker is left; fine when never loaded */
