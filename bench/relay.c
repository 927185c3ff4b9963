/*
 * bench/relay.c - the bare relay: net/ and http/ with nothing between, to see what the pipeline costs on top.
 *
 *   relay LISTEN UPSTREAM WORKERS     (numeric addresses with ports)
 */
#include "base/err.h"
#include "http/client.h"
#include "http/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 16

struct worker {
    struct loop *loop;
    struct http_server *server;
    struct http_pool *pool;
    const struct limits *limits;
    struct http_target target;
    pthread_t thread;
};

struct relay {
    struct loop *loop;
    struct worker workers[WORKERS_MAX];
    size_t n_workers, next;
};

/* One call: the agent's exchange and the vendor's; freed when both are released. */
struct call {
    struct worker *w;
    struct http_exchange *agent, *vendor;
    bool is_head_sent;
};

static void end(struct call *c)
{
    http_release(c->agent);
    http_release(c->vendor);
    free(c);
}

static void agent_body(void *ctx, struct str b)
{
    struct call *c = ctx;

    if (http_write(c->vendor, b) <= (size_t)c->w->limits->stream_window_bytes)
        http_credit(c->agent, b.n);
}

static void agent_end(void *ctx, const struct http_field *t, size_t n)
{
    struct call *c = ctx;

    (void)t;
    (void)n;
    http_finish(c->vendor, NULL, 0);
}

static void agent_writable(void *ctx)
{
    struct call *c = ctx;

    http_credit(c->vendor, (size_t)c->w->limits->stream_window_bytes);
}

static void agent_reset(void *ctx, enum http_reset why)
{
    (void)why;
    end(ctx);
}

static void vendor_head(void *ctx, const struct http_head *h)
{
    struct call *c = ctx;

    http_send_head(c->agent, h);
    c->is_head_sent = true;
    http_credit(c->vendor, (size_t)c->w->limits->stream_window_bytes);
}

static void vendor_body(void *ctx, struct str b)
{
    struct call *c = ctx;

    if (http_write(c->agent, b) <= (size_t)c->w->limits->stream_window_bytes)
        http_credit(c->vendor, b.n);
}

static void vendor_end(void *ctx, const struct http_field *t, size_t n)
{
    struct call *c = ctx;

    http_finish(c->agent, t, n);
    end(c);
}

static void vendor_writable(void *ctx)
{
    struct call *c = ctx;

    http_credit(c->agent, (size_t)c->w->limits->stream_window_bytes);
}

static void vendor_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    struct str text = str_c(http_reset_text(why));
    struct http_head h = {.status = 502, .body_bytes = (int64_t)text.n};

    if (!c->is_head_sent) {
        http_send_head(c->agent, &h);
        http_write(c->agent, text);
        http_finish(c->agent, NULL, 0);
    }
    end(c);
}

static const struct http_events agent_events = {
    .on_body = agent_body, .on_end = agent_end, .on_writable = agent_writable, .on_reset = agent_reset};
static const struct http_events vendor_events = {
    .on_head = vendor_head, .on_body = vendor_body, .on_end = vendor_end, .on_writable = vendor_writable,
    .on_reset = vendor_reset};

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    static const struct http_timeouts times = {5000, 75000, 60000};
    struct worker *w = ctx;
    struct call *c = malloc(sizeof(*c));

    check(c);
    *c = (struct call){.w = w, .agent = x};
    http_on(x, &agent_events, c);
    c->vendor = http_pool_open(w->pool, &w->target, &times, false, &vendor_events, c);
    http_send_head(c->vendor, head);
    http_credit(x, (size_t)w->limits->stream_window_bytes);
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct arena *a, struct str *ret_body)
{
    *ret_body = arena_printf(a, "{\"error\":\"%s\"}\n", r->text);
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

struct handover {
    struct worker *w;
    struct net_ticket t;
};

static void take(void *ctx)
{
    struct handover *h = ctx;
    struct stream *st;

    if (h->w->loop->ops->adopt(h->w->loop, h->t, &st) == 0)
        (void)http_server_take(h->w->server, st); /* beyond the limit it is closed, which is all there is to do */
    free(h);
}

static void on_accept(void *ctx, struct net_ticket t)
{
    struct relay *r = ctx;
    struct handover *h = malloc(sizeof(*h));

    check(h);
    *h = (struct handover){&r->workers[r->next++ % r->n_workers], t};
    loop_post(h->w->loop, (struct post){take, h});
}

static void *run_worker(void *p)
{
    loop_run(((struct worker *)p)->loop);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct limits limits;
    static struct relay r;
    struct net_addr listen, upstream;
    struct net_listener *li;

    if (argc != 4 || net_addr_parse(str_c(argv[1]), &listen) < 0 || net_addr_parse(str_c(argv[2]), &upstream) < 0) {
        fprintf(stderr, "usage: relay LISTEN UPSTREAM WORKERS\n");
        return 2;
    }
    limits_default(&limits);
    r.n_workers = (size_t)atoi(argv[3]);
    check(r.n_workers > 0 && r.n_workers <= WORKERS_MAX && loop_uv_new(&r.loop) == 0);
    for (size_t i = 0; i < r.n_workers; i++) {
        struct worker *w = &r.workers[i];
        w->limits = &limits;
        w->target = http_target_at(&upstream);
        check(loop_uv_new(&w->loop) == 0 && http_pool_new(w->loop, &limits, &w->pool) == 0);
        check(http_server_new(w->loop, &limits, &handler, w, &w->server) == 0);
        check(pthread_create(&w->thread, NULL, run_worker, w) == 0);
    }
    int e = r.loop->ops->listen(r.loop, &listen, 1024, on_accept, &r, &li, &listen);
    if (e < 0) {
        fprintf(stderr, "relay: %s\n", err_text(e));
        return 1;
    }
    loop_run(r.loop);
    return 0;
}
