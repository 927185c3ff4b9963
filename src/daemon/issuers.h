/*
 * daemon/issuers.h - identity tokens: their issuers out of the config, keys out of files, and the thread that fetches
 * the keys of the others.
 */
#pragma once

#include "daemon/thread.h"
#include "proxy/issuers.h"

struct jwks;

struct issuer_set {
    struct issuers *issuers; /* NULL: none is configured */
    struct loop_thread loop;
    struct jwks *jwks; /* NULL: all keys are in files */
    const struct limits *limits;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool were_asked;
};

/* Reads files, and asks the others once before it returns, ISSUERS_WAIT_MS at most. Negative: a sentence in `error`. */
int issuer_set_start(const struct config *c, const struct limits *l, struct buf *error, struct issuer_set *s);
#define ISSUERS_WAIT_MS 2000
void issuer_set_stop(struct issuer_set *s); /* no worker may be left; fine when never started */
