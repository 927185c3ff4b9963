/*
 * sql/sql.h - one question to a PostgreSQL of the operator's own: a SELECT with one parameter, yes or no.
 *
 *   (1) the value is bound, never written into the text; sessions are read only, and have a statement time-out.
 *   (2) threads of its own ask, one a connection, and no more than that many; whoever asks never waits.
 *   (3) every question that was taken gets exactly one post, at the latest when its time is over.
 *   (4) what fails is no answer, and closes the connection; the next question opens one again.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "base/post.h"
#include "base/time.h"

struct sql_pool;

/* Lives until `done` was sent; the caller reads result and why then. */
struct sql_question {
    struct list node;
    const char *value; /* $1, NUL-terminated */
    struct post_box *box;
    struct post done;
    /* 1: the first row's first column is true; 0: it is not, or there is no row; negative: no answer */
    int result;
    const char *why; /* static; of a negative result */
    mono_t until;    /* set by the pool */
};

struct sql_options {
    const char *conninfo, *sql; /* copied; conninfo may hold a password */
    int64_t timeout_ms;         /* from the question to its answer, time in line included */
    size_t n_connections, waiting_max;
};

/* Starts its threads; connects when it is asked first. -ERR_NOT_FOUND, -ERR_UNSUPPORTED: libpq is not there, or is
 * another one; -ERR_NOMEM. */
int sql_pool_new(const struct sql_options *o, struct sql_pool **ret);
/* Any thread. False: waiting_max are in line already. */
bool sql_pool_ask(struct sql_pool *p, struct sql_question *q);
/* Whoever is in line has no answer. Nobody may ask any more. */
void sql_pool_free(struct sql_pool *p);
