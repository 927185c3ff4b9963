/*
 * sql/sql.c - the line of questions, and the threads that take them.
 */
#include "sql/sql_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static mono_t now(void) { return clock_system.mono(clock_system.ctx); }

static void answer(struct sql_question *q, int result, const char *why)
{
    q->result = result;
    q->why = why;
    post_send(q->box, q->done); /* q may be gone behind this */
}

/* NULL: the pool ends. */
static struct sql_question *take(struct sql_pool *p)
{
    struct sql_question *q = NULL;
    pthread_mutex_lock(&p->mutex);
    while (!p->is_stopping && p->n_waiting == 0)
        pthread_cond_wait(&p->cond, &p->mutex);
    if (!p->is_stopping) {
        q = list_entry(list_first(&p->line), struct sql_question, node);
        list_remove(&q->node);
        p->n_waiting--;
    }
    pthread_mutex_unlock(&p->mutex);
    return q;
}

static void *run(void *ctx)
{
    struct sql_pool *p = ctx;
    struct sql_connection c = {.pool = p, .pq = &p->pq};
    struct sql_question *q;
    while ((q = take(p))) {
        const char *why = "it did not answer in time";
        int result = now() < q->until ? sql_ask(&c, q->value, q->until, &why) : -ERR_TIMEOUT;
        answer(q, result, why);
    }
    sql_close(&c);
    return NULL;
}

bool sql_pool_ask(struct sql_pool *p, struct sql_question *q)
{
    bool is_taken = false;
    list_init(&q->node);
    q->until = now() + p->timeout_ms * NS_PER_MS;
    pthread_mutex_lock(&p->mutex);
    if (!p->is_stopping && p->n_waiting < p->waiting_max) {
        list_add_tail(&p->line, &q->node);
        p->n_waiting++;
        is_taken = true;
        pthread_cond_signal(&p->cond);
    }
    pthread_mutex_unlock(&p->mutex);
    return is_taken;
}

int sql_pool_new(const struct sql_options *o, struct sql_pool **ret)
{
    struct sql_pool *p = calloc(1, sizeof(*p));
    if (!p)
        return err_trace(-ERR_NOMEM);
    check(o->n_connections > 0 && o->n_connections <= SQL_CONNECTIONS_MAX);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->cond, NULL);
    list_init(&p->line);
    p->timeout_ms = o->timeout_ms;
    p->waiting_max = o->waiting_max;
    p->conninfo = strdup(o->conninfo);
    p->sql = strdup(o->sql);
    int r = p->conninfo && p->sql ? pq_open(&p->pq) : -ERR_NOMEM;
    while (r == 0 && p->n_threads < o->n_connections) {
        r = pthread_create(&p->threads[p->n_threads], NULL, run, p) == 0 ? 0 : -ERR_NOMEM;
        p->n_threads += r == 0;
    }
    if (r < 0) {
        sql_pool_free(p);
        return err_trace(r);
    }
    *ret = p;
    return 0;
}

void sql_pool_free(struct sql_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->is_stopping = true;
    pthread_cond_broadcast(&p->cond);
    pthread_mutex_unlock(&p->mutex);
    for (size_t i = 0; i < p->n_threads; i++)
        (void)pthread_join(p->threads[i], NULL);
    list_each_safe(n, tmp, &p->line)
    {
        struct sql_question *q = list_entry(n, struct sql_question, node);
        list_remove(&q->node);
        answer(q, -ERR_CLOSED, "Flyball is being stopped");
    }
    if (p->conninfo)
        explicit_bzero(p->conninfo, strlen(p->conninfo));
    free(p->conninfo);
    free(p->sql);
    pq_close(&p->pq);
    pthread_cond_destroy(&p->cond);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
