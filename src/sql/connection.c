/*
 * sql/connection.c - one connection: opened, prepared and asked without ever waiting longer than the question has.
 *
 * libpq's blocking calls know no deadline, so none is used: each step says whether it wants to read or to write, and
 * poll() waits for that.
 */
#include "sql/sql_impl.h"

#include "base/err.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define STATEMENT "flyball"

static int wait_for(const struct sql_connection *c, short events, mono_t until)
{
    int64_t left_ms = (until - clock_system.mono(clock_system.ctx)) / NS_PER_MS;
    struct pollfd p = {.fd = c->pq->socket(c->pg), .events = events};
    if (left_ms <= 0 || p.fd < 0)
        return -ERR_TIMEOUT;
    return poll(&p, 1, (int)left_ms) > 0 ? 0 : -ERR_TIMEOUT;
}

/* One result; NULL: it did not come in time, or the connection broke. What comes behind it is thrown away. */
static PGresult *result(struct sql_connection *c, mono_t until)
{
    PGresult *first = NULL, *more;
    for (;;) {
        while (c->pq->flush(c->pg) > 0)
            if (wait_for(c, POLLOUT, until) < 0)
                goto failed;
        while (c->pq->isBusy(c->pg))
            if (wait_for(c, POLLIN, until) < 0 || !c->pq->consumeInput(c->pg))
                goto failed;
        if (!(more = c->pq->getResult(c->pg)))
            return first;
        if (first)
            c->pq->clear(more);
        else
            first = more;
    }
failed:
    c->pq->clear(first);
    return NULL;
}

static bool command(struct sql_connection *c, int is_sent, mono_t until)
{
    PGresult *r = is_sent ? result(c, until) : NULL;
    bool is_done = c->pq->resultStatus(r) == PGRES_COMMAND_OK;
    c->pq->clear(r);
    return is_done;
}

static int open_socket(struct sql_connection *c, mono_t until)
{
    PostgresPollingStatusType s = PGRES_POLLING_WRITING;
    c->pg = c->pq->connectStart(c->pool->conninfo);
    if (!c->pg || c->pq->status(c->pg) == CONNECTION_BAD)
        return -ERR_IO;
    while (s == PGRES_POLLING_READING || s == PGRES_POLLING_WRITING) {
        if (wait_for(c, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, until) < 0)
            return -ERR_TIMEOUT;
        s = c->pq->connectPoll(c->pg);
    }
    return s == PGRES_POLLING_OK && c->pq->setnonblocking(c->pg, 1) == 0 ? 0 : -ERR_IO;
}

/* The session may only read, and the server itself ends what takes too long. */
static int open_session(struct sql_connection *c, mono_t until, const char **ret_why)
{
    char settings[160];
    int r = open_socket(c, until);
    *ret_why = r == -ERR_TIMEOUT ? "the database did not answer in time" : "the database cannot be reached";
    if (r < 0)
        return r;
    snprintf(settings, sizeof settings,
             "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET statement_timeout = %lld",
             (long long)c->pool->timeout_ms);
    *ret_why = "the database does not take the session's settings";
    if (!command(c, c->pq->sendQuery(c->pg, settings), until))
        return -ERR_IO;
    *ret_why = "the database does not take the statement";
    return command(c, c->pq->sendPrepare(c->pg, STATEMENT, c->pool->sql, 1, NULL), until) ? 0 : -ERR_INVALID;
}

static int read_rows(const struct sql_connection *c, const PGresult *r, const char **ret_why)
{
    *ret_why = "the statement failed, or took too long";
    if (c->pq->resultStatus(r) != PGRES_TUPLES_OK)
        return -ERR_IO;
    *ret_why = "the statement gives no column";
    if (c->pq->nfields(r) < 1)
        return -ERR_INVALID;
    return c->pq->ntuples(r) > 0 && !c->pq->getisnull(r, 0, 0) && strcmp(c->pq->getvalue(r, 0, 0), "t") == 0;
}

int sql_ask(struct sql_connection *c, const char *value, mono_t until, const char **ret_why)
{
    int answer = c->pg ? 0 : open_session(c, until, ret_why);
    if (answer == 0) {
        PGresult *r = NULL;
        *ret_why = "the database did not answer in time";
        answer = -ERR_TIMEOUT;
        if (c->pq->sendQueryPrepared(c->pg, STATEMENT, 1, &value, NULL, NULL, 0) && (r = result(c, until)))
            answer = read_rows(c, r, ret_why);
        c->pq->clear(r);
    }
    if (answer < 0)
        sql_close(c);
    return answer;
}

void sql_close(struct sql_connection *c)
{
    c->pq->finish(c->pg); /* NULL is fine */
    c->pg = NULL;
}
