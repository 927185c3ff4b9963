/*
 * proxy/remotes.h - who answers what scopes ask about a customer: relations on file, an OpenFGA, sources of the
 * operator's own. Made at start from the config and shared by all workers; only the relations on file are exchanged
 * later.
 */
#pragma once

#include "call/affected.h"
#include "crypto/secret.h"
#include "expr/expr.h"
#include "http/client.h"
#include "proxy/lookup_cache.h"
#include "relation/relation.h"

#include <pthread.h>

struct sql_pool;

struct remote {
    struct str name;
    struct http_target target;
    struct str path;            /* of a source: with {customer}; of an OpenFGA: what stands before /stores */
    struct secret *token;       /* NULL: none */
    int64_t timeout_ms;         /* from the question to its answer, time in line included */
    size_t concurrent;          /* questions under way at once, a worker */
    struct lookup_cache *cache; /* of what was allowed; NULL: nothing is remembered */
    struct str store, model;    /* of an OpenFGA */
    const struct expr *allow_when;
    struct sql_pool *sql;       /* NULL: it is asked over HTTP */
};
#define REMOTE_WAITING_FACTOR 4 /* so many times `concurrent` may stand in line; the rest has no answer */

struct remotes {
    pthread_mutex_t mutex;
    const struct relations *embedded; /* under the mutex; NULL: none */
    struct remote *items; /* sources first */
    size_t n_sources;
    struct remote *openfga; /* one of items; NULL: none */
    size_t n; /* of items */
};

/* A reference of the caller's; NULL: there are none. */
const struct relations *remotes_relations(struct remotes *r);
void remotes_put_relations(struct remotes *r, const struct relations *now); /* takes the reference over */
struct remote *remotes_source(struct remotes *r, struct str name); /* NULL: none of that name */

/* Remembered answers: only "yes" is. *ret_age_ms: how long ago it was given. */
bool remote_remembers(struct remote *r, const struct question *q, mono_t now, struct arena *a, int64_t *ret_age_ms);
void remote_remember(struct remote *r, const struct question *q, mono_t now);
