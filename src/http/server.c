/*
 * http/server.c - the set of agents' connections of one worker: how many, and how they end.
 */
#include "http/h1_server_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES_MAX (2 * 1024 * 1024)
#define REFUSAL_BYTES_MAX 65536

static void tell_drained(struct timer *t)
{
    struct http_server *s = list_entry(t, struct http_server, drained);

    s->on_drained(s->drained_ctx);
}

int http_server_new(struct loop *l, const struct limits *limits, const struct http_server_handler *h, void *ctx,
                    struct http_server **ret)
{
    struct http_server *s = calloc(1, sizeof(*s));

    if (!s)
        return err_trace(-ERR_NOMEM);
    check(h->on_request && h->on_bad_head);
    s->loop = l;
    s->limits = limits;
    s->body_bytes_max = (uint64_t)limits->body_bytes_max;
    s->head_limits = (struct h1_limits){(size_t)limits->head_bytes_max, (size_t)limits->target_bytes_max,
                                        (size_t)limits->head_fields_max};
    s->handler = h;
    s->ctx = ctx;
    list_init(&s->conns);
    list_init(&s->free_conns);
    list_init(&s->free_exchanges);
    buf_init(&s->scratch, SCRATCH_BYTES_MAX);
    arena_init(&s->refusal, REFUSAL_BYTES_MAX);
    timer_init(&s->drained, tell_drained);
    *ret = s;
    return 0;
}

void http_server_set_body_max(struct http_server *s, int64_t bytes)
{
    check(bytes >= 0);
    s->body_bytes_max = (uint64_t)bytes;
}

int http_server_take(struct http_server *s, struct stream *st)
{
    if (s->is_draining || s->n_conns >= (size_t)s->limits->connections_max) {
        stream_close(st, true);
        return -ERR_TOO_LARGE;
    }
    s->n_conns++;
    h1_conn_start(s, st);
    return 0;
}

size_t http_server_connections(const struct http_server *s) { return s->n_conns; }

static void check_drained(struct http_server *s)
{
    if (s->is_draining && s->n_conns == 0 && s->on_drained && !s->is_freed)
        timer_arm(s->loop, &s->drained, 0);
}

void h1_conn_left(struct http_server *s)
{
    check(s->n_conns > 0);
    s->n_conns--;
    if (s->handler->on_close)
        s->handler->on_close(s->ctx);
    check_drained(s);
}

void http_server_drain(struct http_server *s, void (*on_drained)(void *ctx), void *ctx)
{
    s->is_draining = true;
    s->on_drained = on_drained;
    s->drained_ctx = ctx;
    if (s->n_conns == 0)
        check_drained(s);
    list_each_safe(it, tmp, &s->conns) {
        struct h1_conn *c = list_entry(it, struct h1_conn, node);
        if (c->state == H1_IDLE)
            h1_conn_close(c, H1_CLOSE_SOFT);
    }
}

static void destroy(struct http_server *s)
{
    list_each_safe(it, tmp, &s->free_conns)
        free(list_entry(it, struct h1_conn, node));
    list_each_safe(it2, tmp2, &s->free_exchanges) {
        struct h1_answer *a = list_entry(it2, struct h1_answer, node);
        h1_head_buf_free(&a->buf);
        free(a);
    }
    buf_deinit(&s->scratch);
    arena_deinit(&s->refusal);
    free(s);
}

void http_server_free(struct http_server *s)
{
    struct list *it;

    if (!s)
        return;
    s->is_freed = true;
    s->n_live_exchanges++; /* holds the memory until the end of this function */
    while ((it = list_first(&s->conns))) {
        struct h1_conn *c = list_entry(it, struct h1_conn, node);
        check(!c->in_run);
        h1_conn_lose(c, HTTP_RESET_SHUTDOWN, c->x && c->x->is_begun ? H1_CLOSE_RESET : H1_CLOSE_SOFT);
    }
    timer_cancel(s->loop, &s->drained);
    if (--s->n_live_exchanges == 0)
        destroy(s);
}

/* -------- memory -------- */

struct h1_answer *h1_answer_new(struct http_server *s)
{
    struct list *it = list_first(&s->free_exchanges);
    struct h1_answer *a;
    struct h1_head_buf buf = {NULL, 0, 0, NULL, 0, 0};

    if (it) {
        a = list_entry(it, struct h1_answer, node);
        list_remove(it);
        s->n_free_exchanges--;
        buf = a->buf;
    } else {
        a = malloc(sizeof(*a));
        check(a);
    }
    memset(a, 0, sizeof(*a));
    a->buf = buf;
    a->server = s;
    a->x.ops = &h1_answer_ops;
    list_init(&a->node);
    s->n_live_exchanges++;
    return a;
}

void h1_answer_free(struct h1_answer *a)
{
    struct http_server *s = a->server;

    check(!a->conn);
    if (a->buf.cap > EXCHANGE_HEAD_BYTES_KEPT)
        h1_head_buf_free(&a->buf);
    a->x.ops = NULL;
    if (s->n_free_exchanges < FREE_EXCHANGES_MAX) {
        list_add_head(&s->free_exchanges, &a->node);
        s->n_free_exchanges++;
    } else {
        h1_head_buf_free(&a->buf);
        free(a);
    }
    check(s->n_live_exchanges > 0);
    if (--s->n_live_exchanges == 0 && s->is_freed)
        destroy(s);
}

struct h1_conn *h1_conn_alloc(struct http_server *s)
{
    struct list *it = list_first(&s->free_conns);
    struct h1_conn *c;

    if (it) {
        c = list_entry(it, struct h1_conn, node);
        list_remove(it);
        s->n_free_conns--;
    } else {
        c = malloc(sizeof(*c));
        check(c);
    }
    memset(c, 0, sizeof(*c));
    c->server = s;
    list_init(&c->node);
    return c;
}

void h1_conn_recycle(struct h1_conn *c)
{
    struct http_server *s = c->server;

    if (s->n_free_conns < FREE_CONNS_MAX) {
        list_add_head(&s->free_conns, &c->node);
        s->n_free_conns++;
    } else {
        free(c);
    }
}
