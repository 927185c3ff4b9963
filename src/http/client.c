/*
 * http/client.c - the pool: which connection carries which call.
 *
 *   (1) a target never has more than pool_connections_max connections, nor keeps more than pool_idle_max idle.
 *   (2) calls wait only while (1) forbids another connection, and are served in the order they came.
 *   (3) targets are the few vendors of the configuration; they stay until the pool is freed.
 */
#include "http/h1_client_impl.h"

#include "base/check.h"
#include "base/counter.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES_MAX (2 * 1024 * 1024)
#define PENDING_BYTES_MAX (256 * 1024 * 1024)
#define QUIET_CHECK_NS (2 * NS_PER_MS)

int http_pool_new(struct loop *l, const struct limits *limits, struct http_pool **ret)
{
    struct http_pool *p = calloc(1, sizeof(*p));

    if (!p)
        return err_trace(-ERR_NOMEM);
    int r = resolver_new(l, limits, &p->resolver);
    if (r < 0) {
        free(p);
        return err_trace(r);
    }
    p->loop = l;
    p->limits = limits;
    p->head_limits = (struct h1_limits){(size_t)limits->answer_head_bytes_max, (size_t)limits->target_bytes_max,
                                        (size_t)limits->head_fields_max};
    map_init(&p->targets, TARGETS_MAX, NULL); /* keys come from the configuration */
    list_init(&p->calls);
    list_init(&p->free_calls);
    buf_init(&p->scratch, SCRATCH_BYTES_MAX);
    *ret = p;
    return 0;
}

/* -------- targets -------- */

static bool is_target(const struct pool_target *t, const struct http_target *want)
{
    return t->port == want->port && t->tls == want->tls && t->allows_private == want->allows_private &&
           str_eq((struct str){t->host, t->host_n}, want->host);
}

/* name, name:port, [v6]:port; the scheme's own port goes without saying. */
static struct str host_field(const struct http_target *want, char out[HOST_FIELD_BYTES_MAX])
{
    bool is_v6 = str_has(want->host, ':'), is_usual = want->port == (want->tls ? 443 : 80);
    int n = snprintf(out, HOST_FIELD_BYTES_MAX, is_v6 ? "[" STR_FMT "]" : STR_FMT, STR_ARG(want->host));

    if (!is_usual)
        n += snprintf(out + n, HOST_FIELD_BYTES_MAX - (size_t)n, ":%u", want->port);
    return (struct str){out, (size_t)n};
}

static struct pool_target *target_new(struct http_pool *p, const struct http_target *want)
{
    struct pool_target *t = calloc(1, sizeof(*t) + want->host.n);

    check(t);
    t->pool = p;
    t->port = want->port;
    t->tls = want->tls;
    t->allows_private = want->allows_private;
    list_init(&t->idle);
    list_init(&t->conns);
    list_init(&t->waiting);
    t->host_n = want->host.n;
    memcpy(t->host, want->host.p, want->host.n);
    t->field = host_field(want, t->field_text);
    check(h1_host_is_valid(t->field));
    return t;
}

static struct str target_key(const struct http_target *want, char out[TARGET_KEY_BYTES_MAX])
{
    int n = snprintf(out, TARGET_KEY_BYTES_MAX, "%p %u %d " STR_FMT, (void *)want->tls, want->port,
                     want->allows_private, STR_ARG(want->host));

    return (struct str){out, (size_t)n};
}

static struct pool_target *target_get(struct http_pool *p, const struct http_target *want)
{
    char key[TARGET_KEY_BYTES_MAX], field[HOST_FIELD_BYTES_MAX];

    if (p->last_target && is_target(p->last_target, want))
        return p->last_target;
    if (want->host.n > NET_NAME_CHARS_MAX || !h1_host_is_valid(host_field(want, field)))
        return NULL;
    struct str k = target_key(want, key);
    struct pool_target *t = map_get(&p->targets, k);
    if (!t) {
        t = target_new(p, want);
        if (map_put(&p->targets, k, t, NULL) < 0) {
            free(t);
            return NULL;
        }
    }
    return p->last_target = t;
}

/* -------- connections -------- */

/* The most recently used idle connection that is still good: a vendor closes idle ones when it likes, and what has
 * reached the kernel but not yet the loop shows in stream_is_quiet(). */
static struct h1_vendor *take_idle(struct pool_target *t)
{
    struct list *it;

    while ((it = list_first(&t->idle))) {
        struct h1_vendor *v = list_entry(it, struct h1_vendor, idle_node);
        if (loop_now(t->pool->loop) - v->idle_since < QUIET_CHECK_NS || stream_is_quiet(v->stream)) {
            list_remove(it);
            t->n_idle--;
            return v;
        }
        vendor_close(v, true);
    }
    return NULL;
}

static bool close_oldest_idle(struct pool_target *t)
{
    if (list_is_empty(&t->idle))
        return false;
    vendor_close(list_entry(t->idle.prev, struct h1_vendor, idle_node), true);
    return true;
}

/* False: it has to wait. Causes no event now. */
static bool serve(struct h1_call *call)
{
    struct pool_target *t = call->target;
    struct h1_vendor *v = call->wants_fresh ? NULL : take_idle(t);

    if (v) {
        counter_add(COUNTER_upstream_reuses, 1);
        vendor_attach(v, call);
        return true;
    }
    if (t->n_conns >= (size_t)t->pool->limits->pool_connections_max && !close_oldest_idle(t))
        return false;
    counter_add(COUNTER_upstream_connects, 1);
    vendor_open(t, call);
    return true;
}

void pool_serve_waiting(struct pool_target *t)
{
    struct list *it;

    while ((it = list_first(&t->waiting)) && !t->pool->is_freed) {
        struct h1_call *call = list_entry(it, struct h1_call, waiting);
        list_remove(it);
        t->n_waiting--;
        if (!serve(call)) {
            list_add_head(&t->waiting, it);
            t->n_waiting++;
            return;
        }
    }
}

void pool_conn_gone(struct h1_vendor *v)
{
    struct pool_target *t = v->target;

    list_remove(&v->node);
    if (list_is_linked(&v->idle_node)) {
        list_remove(&v->idle_node);
        t->n_idle--;
    }
    t->n_conns--;
    t->pool->n_conns--;
}

void pool_conn_idle(struct h1_vendor *v)
{
    struct pool_target *t = v->target;

    v->idle_since = loop_now(t->pool->loop);
    list_add_head(&t->idle, &v->idle_node);
    t->n_idle++;
    pool_serve_waiting(t);
    while (t->n_idle > (size_t)t->pool->limits->pool_idle_max)
        close_oldest_idle(t);
}

/* -------- calls -------- */

struct http_exchange *http_pool_open(struct http_pool *p, const struct http_target *target,
                                     const struct http_timeouts *t, bool fresh, const struct http_events *ev,
                                     void *ev_ctx)
{
    struct h1_call *call = h1_call_new(p);

    check(ev->on_head && ev->on_body && ev->on_end && ev->on_reset);
    http_on(&call->x, ev, ev_ctx);
    call->times = *t;
    call->wants_fresh = fresh;
    call->target = target_get(p, target);
    if (!call->target) {
        h1_call_fail_soon(call, HTTP_RESET_CONNECT_FAILED);
        return &call->x;
    }
    struct pool_target *pt = call->target;
    if (pt->n_waiting == 0 && serve(call)) {
        if (call->phase == CALL_CONNECT)
            timer_arm(p->loop, &call->timer, t->connect_ms);
        return &call->x;
    }
    if (pt->n_waiting >= (size_t)p->limits->pool_waiting_max) {
        h1_call_fail_soon(call, HTTP_RESET_POOL_FULL);
        return &call->x;
    }
    timer_arm(p->loop, &call->timer, t->connect_ms);
    list_add_tail(&pt->waiting, &call->waiting);
    pt->n_waiting++;
    return &call->x;
}

size_t http_pool_connections(const struct http_pool *p) { return p->n_conns; }

void http_pool_close_idle(struct http_pool *p)
{
    size_t i = 0;
    struct str key;
    void *t;

    while (map_next(&p->targets, &i, &key, &t))
        while (close_oldest_idle(t))
            ;
}

struct h1_call *h1_call_new(struct http_pool *p)
{
    struct list *it = list_first(&p->free_calls);
    struct h1_call *call;
    struct h1_head_buf buf = {NULL, 0, 0, NULL, 0, 0};

    if (it) {
        call = list_entry(it, struct h1_call, node);
        list_remove(it);
        p->n_free_calls--;
        buf = call->buf;
    } else {
        call = malloc(sizeof(*call));
        check(call);
    }
    memset(call, 0, sizeof(*call));
    call->buf = buf;
    call->pool = p;
    call->x.ops = &h1_call_ops;
    list_init(&call->node);
    list_init(&call->waiting);
    buf_init(&call->pending, PENDING_BYTES_MAX);
    h1_call_init_timers(call);
    list_add_tail(&p->calls, &call->node);
    p->n_live_calls++;
    return call;
}

static void destroy(struct http_pool *p)
{
    size_t i = 0;
    struct str key;
    void *t;

    while (map_next(&p->targets, &i, &key, &t))
        free(t);
    map_deinit(&p->targets);
    list_each_safe(it, tmp, &p->free_calls) {
        struct h1_call *call = list_entry(it, struct h1_call, node);
        h1_head_buf_free(&call->buf);
        free(call);
    }
    buf_deinit(&p->scratch);
    free(p);
}

void h1_call_free(struct h1_call *call)
{
    struct http_pool *p = call->pool;

    check(call->is_over && !call->conn);
    buf_deinit(&call->pending);
    h1_head_buf_free(&call->trailer);
    if (call->buf.cap > CALL_HEAD_BYTES_KEPT)
        h1_head_buf_free(&call->buf);
    call->x.ops = NULL;
    if (p->n_free_calls < FREE_CALLS_MAX) {
        list_add_head(&p->free_calls, &call->node);
        p->n_free_calls++;
    } else {
        h1_head_buf_free(&call->buf);
        free(call);
    }
    check(p->n_live_calls > 0);
    if (--p->n_live_calls == 0 && p->is_freed)
        destroy(p);
}

void http_pool_free(struct http_pool *p)
{
    struct list *it;
    size_t i = 0;
    struct str key;
    void *t;

    if (!p)
        return;
    p->is_freed = true;
    p->n_live_calls++; /* holds the memory until the end of this function */
    while ((it = list_first(&p->calls)))
        h1_call_lose(list_entry(it, struct h1_call, node), HTTP_RESET_SHUTDOWN);
    while (map_next(&p->targets, &i, &key, &t)) {
        struct pool_target *pt = t;
        while ((it = list_first(&pt->conns)))
            vendor_close(list_entry(it, struct h1_vendor, node), true);
    }
    resolver_free(p->resolver);
    if (--p->n_live_calls == 0)
        destroy(p);
}
