/*
 * proxy/worker.c - one worker's life, and the first and last thing that happens to each of its connections.
 */
#include "proxy/worker.h"

#include "base/counter.h"
#include "proxy/asker.h"
#include "proxy/approve.h"
#include "proxy/poll.h"
#include "proxy/take_up.h"
#include "tls/server.h"

#include <stdlib.h>

/* Liveness for load balancers, before any key: says only that the process answers. */
static void reply_health(struct http_exchange *x)
{
    static const struct http_field fields[] = {{STR_INIT("content-type"), STR_INIT("text/plain")}};
    static const struct http_events none = {0};
    struct http_head head = {.status = 200, .fields = (struct http_field *)fields, .n_fields = 1, .body_bytes = 3};
    http_on(x, &none, NULL);
    http_send_head(x, &head);
    (void)http_write(x, STR("ok\n"));
    http_finish(x, NULL, 0);
    http_release(x);
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    struct worker *w = ctx;
    counter_add(COUNTER_requests, 1);
    if (str_eq(head->path, STR("/healthz"))) {
        reply_health(x);
        return;
    }
    struct call *c = call_new(w, x, head);
    if (!c) {
        http_reset(x, HTTP_RESET_CANCELLED);
        http_release(x);
        return;
    }
    http_on(x, &call_client_events, c);
    stage_admit(c);
}

/* A head that cannot be valid has no key to speak of: counted. Behind a head there is a call. */
static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    counter_add(COUNTER_requests, x ? 0 : 1);
    call_answer_of_http(ctx, x ? x->ev_ctx : NULL, r, a, ret);
}

static void on_close(void *ctx)
{
    struct worker *w = ctx;
    atomic_store(&w->n_connections, http_server_connections(w->server));
}

static const struct http_server_handler handler = {
    .on_request = on_request, .on_bad_head = on_bad_head, .on_close = on_close};

/* `revoke --now`: what may not go on ends now. Money calls and answers that are read whole are finished. */
static void sweep(void *ctx)
{
    struct worker *w = ctx;
    list_each_safe(n, tmp, &w->calls)
        call_sweep(list_entry(n, struct call, node));
}

int worker_new(struct loop *l, struct worker_shared *shared, struct rng *rng, struct worker **ret)
{
    struct worker *w = calloc(1, sizeof(*w));
    if (!w)
        return err_trace(-ERR_NOMEM);
    w->loop = l;
    w->shared = shared;
    w->lookups = shared->lookups;
    w->rng = rng;
    list_init(&w->calls);
    list_init(&w->free_calls);
    buf_init(&w->record_body, (size_t)shared->limits->frame_bytes_max);
    buf_init(&w->record_personal, (size_t)shared->limits->frame_bytes_max);
    int r = http_server_new(l, shared->limits, &handler, w, &w->server);
    if (r == 0) { /* what a SaaS call may send is bounded when the call is known to be one */
        const struct limits *max = shared->limits;
        http_server_set_body_max(w->server, max->llm_body_bytes_max > max->body_bytes_max ? max->llm_body_bytes_max
                                                                                          : max->body_bytes_max);
    }
    if (r == 0)
        r = http_pool_new(l, shared->limits, &w->pool);
    if (r == 0 && (!(w->poller = poller_new(w)) || !(w->asker = asker_new(w))))
        r = -ERR_NOMEM;
    if (r == 0)
        r = core_on_sweep(shared->core, &l->box, (struct post){sweep, w});
    if (r < 0) {
        worker_free(w);
        return err_trace(r);
    }
    *ret = w;
    return 0;
}

void worker_take_up(struct worker *w)
{
    check(!w->taken_up);
    w->taken_up = take_up_begin(w);
}

void worker_take(struct worker *w, struct net_ticket t)
{
    struct stream *s;
    if (w->is_draining) {
        w->loop->ops->ticket_drop(t);
        return;
    }
    if (w->loop->ops->adopt(w->loop, t, &s) < 0 || (w->shared->tls && tls_server_wrap(w->shared->tls, s, &s) < 0))
        return; /* closed already */
    if (http_server_take(w->server, s) < 0) {
        counter_add(COUNTER_connections_refused, 1);
        return;
    }
    counter_add(COUNTER_connections_accepted, 1);
    atomic_store(&w->n_connections, http_server_connections(w->server));
}

void worker_look_drained(struct worker *w)
{
    if (!w->is_draining || !w->on_drained || w->n_calls > 0 || http_server_connections(w->server) > 0)
        return;
    void (*fn)(void *) = w->on_drained;
    w->on_drained = NULL;
    fn(w->on_drained_ctx);
}

static void on_server_drained(void *ctx) { worker_look_drained(ctx); }

void worker_drain(struct worker *w, void (*on_drained)(void *ctx), void *ctx)
{
    w->is_draining = true;
    w->on_drained = on_drained;
    w->on_drained_ctx = ctx;
    list_each_safe(n, tmp, &w->calls)
        call_end_wait(list_entry(n, struct call, node));
    http_server_drain(w->server, on_server_drained, w);
}

void worker_cut_off(struct worker *w)
{
    w->is_cut_off = true;
    list_each_safe(n, tmp, &w->calls)
        call_cut_off(list_entry(n, struct call, node));
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    w->on_drained = NULL;
    asker_free(w->asker);
    w->asker = NULL;
    list_each_safe(n, tmp, &w->calls)
        call_abandon(list_entry(n, struct call, node));
    list_each_safe(n, tmp, &w->free_calls) {
        struct call *c = list_entry(n, struct call, node);
        arena_deinit(&c->arena);
        free(c);
    }
    take_up_free(w->taken_up);
    poller_free(w->poller);
    if (w->pool)
        http_pool_free(w->pool);
    if (w->server)
        http_server_free(w->server);
    buf_deinit(&w->record_body);
    buf_deinit(&w->record_personal);
    free(w);
}
