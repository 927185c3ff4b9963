/* sql/sql_impl.h - what the line and the connections share. For this folder only. */
#pragma once

#include "sql/sql.h"

#include <libpq-fe.h>
#include <pthread.h>

#define SQL_CONNECTIONS_MAX 16

/* The library's functions, by its header's types. */
struct pq {
    void *library; /* NULL: not open */
#define PQ(name) __typeof__(&PQ##name) name;
#include "sql/pq.tbl.h"
#undef PQ
};
int pq_open(struct pq *ret); /* -ERR_NOT_FOUND: it is not installed; -ERR_UNSUPPORTED: another version */
void pq_close(struct pq *q);

struct sql_pool {
    struct pq pq;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct list line;
    size_t n_waiting, waiting_max;
    bool is_stopping;
    pthread_t threads[SQL_CONNECTIONS_MAX];
    size_t n_threads;
    char *conninfo, *sql;
    int64_t timeout_ms;
};

/* Of one thread. */
struct sql_connection {
    struct sql_pool *pool;
    const struct pq *pq; /* the pool's */
    PGconn *pg; /* NULL: not open */
};

/* connection.c: 1, 0, or negative with a static *ret_why; nothing of it takes longer than `until`. */
int sql_ask(struct sql_connection *c, const char *value, mono_t until, const char **ret_why);
void sql_close(struct sql_connection *c);
