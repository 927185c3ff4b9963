/*
 * sandbox/sandbox_stripe.c - carries requests to the simulated Stripe and its answers back.
 *
 * Each request has a struct visit from its head to its release; a visit that the sandbox lets wait (delay, stall) is in
 * the list of open visits, so that stop() finds it. A body over body_bytes_max is answered 413.
 */
#include "sandbox/sandbox_stripe.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/err.h"
#include "http/server.h"
#include "net/timer.h"

#include <stdlib.h>

#define DELAY_MS 1000
#define VISIT_ARENA_BYTES (32 << 20)

struct sandbox_stripe {
    struct loop *loop;
    const struct limits *limits;
    struct stripe_state *state;
    struct net_listener *listener;
    struct http_server *server;
    struct list visits;
};

struct visit {
    struct list node;
    struct sandbox_stripe *sb;
    struct http_exchange *x;
    struct stripe_request request;
    struct stripe_answer answer;
    struct arena arena;
    struct buf body;
    struct timer delay;
};

static void visit_end(struct visit *v)
{
    timer_cancel(v->sb->loop, &v->delay);
    list_remove(&v->node);
    http_release(v->x);
    buf_deinit(&v->body);
    arena_deinit(&v->arena);
    free(v);
}

static void send_answer(struct visit *v)
{
    const struct stripe_answer *a = &v->answer;
    struct http_field fields[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("Request-Id"), a->request_id},
        {STR("Stripe-Version"), STR("2026-07-29.dahlia")},
        {STR("Idempotent-Replayed"), STR("true")},
    };
    struct http_head head = {
        .status = a->status, .fields = fields, .n_fields = a->is_replay ? 4 : 3, .body_bytes = (int64_t)a->body.n};
    http_send_head(v->x, &head);
    if (a->fault == STRIPE_FAULT_TRUNCATE) {
        (void)http_write(v->x, str_sub(a->body, 0, a->body.n / 2)); /* release() then breaks the rest off */
        visit_end(v);
        return;
    }
    (void)http_write(v->x, a->body); /* answers fit one window */
    http_finish(v->x, NULL, 0);
    visit_end(v);
}

static void on_delay(struct timer *t) { send_answer(list_entry(t, struct visit, delay)); }

static void answer(struct visit *v)
{
    v->request.body = buf_str(&v->body);
    int r = stripe_state_answer(v->sb->state, &v->request, loop_wall(v->sb->loop), &v->arena, &v->answer);
    if (r < 0)
        v->answer = (struct stripe_answer){
            .status = 500,
            .body = STR("{\"error\":{\"type\":\"api_error\",\"message\":\"The sandbox is out of memory.\"}}"),
            .request_id = STR("req_sandbox")};
    switch (v->answer.fault) {
    case STRIPE_FAULT_STALL:
        return; /* until the other side gives up */
    case STRIPE_FAULT_DROP:
        http_reset(v->x, HTTP_RESET_CANCELLED);
        visit_end(v);
        return;
    case STRIPE_FAULT_DELAY:
        timer_arm(v->sb->loop, &v->delay, DELAY_MS);
        return;
    case STRIPE_FAULT_NONE:
    case STRIPE_FAULT_TRUNCATE:
        send_answer(v);
        return;
    }
}

static void on_body(void *ctx, struct str bytes)
{
    struct visit *v = ctx;
    (void)buf_add(&v->body, bytes); /* on_end looks */
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n_trailers)
{
    struct visit *v = ctx;
    if (buf_ok(&v->body) == 0) {
        answer(v);
        return;
    }
    v->answer = (struct stripe_answer){
        .status = 413,
        .body = STR("{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"The body is too large.\"}}"),
        .request_id = STR("req_sandbox")};
    send_answer(v);
}

static void on_reset(void *ctx, enum http_reset why) { visit_end(ctx); }

static void on_writable(void *ctx) {}

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    static const struct http_events events = {
        .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};
    struct sandbox_stripe *sb = ctx;
    struct visit *v = calloc(1, sizeof(*v));
    check(v); /* a simulated vendor out of memory has nothing to say */
    v->sb = sb;
    v->x = x;
    arena_init(&v->arena, VISIT_ARENA_BYTES);
    buf_init(&v->body, (size_t)sb->limits->body_bytes_max);
    timer_init(&v->delay, on_delay);
    list_add_tail(&sb->visits, &v->node);
    v->request = (struct stripe_request){.method = head->method, .path = head->path, .query = head->query};
    (void)http_head_get(head, STR("authorization"), &v->request.authorization); /* may be missing: 401 */
    (void)http_head_get(head, STR("content-type"), &v->request.content_type);
    (void)http_head_get(head, STR("idempotency-key"), &v->request.idempotency_key);
    http_on(x, &events, v);
    http_credit(x, SIZE_MAX);
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    ret->body = arena_printf(a, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"%s\"}}", r->text);
}

static void on_accept(void *ctx, struct net_ticket ticket)
{
    struct sandbox_stripe *sb = ctx;
    struct stream *st;
    if (sb->loop->ops->adopt(sb->loop, ticket, &st) < 0)
        return;                             /* the connection was gone already */
    (void)http_server_take(sb->server, st); /* beyond connections_max it is closed there */
}

int sandbox_stripe_start(struct loop *loop, const struct net_addr *addr, const struct limits *limits,
                         struct sandbox_stripe **ret, struct net_addr *ret_bound)
{
    static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};
    if (!net_addr_is_loopback(addr))
        return err_trace(-ERR_DENIED);
    struct sandbox_stripe *sb = calloc(1, sizeof(*sb));
    if (!sb)
        return err_trace(-ERR_NOMEM);
    sb->loop = loop;
    sb->limits = limits;
    list_init(&sb->visits);
    int r = stripe_state_new(limits, loop_wall(loop), &sb->state);
    if (r == 0)
        r = http_server_new(loop, limits, &handler, sb, &sb->server);
    if (r == 0)
        r = loop->ops->listen(loop, addr, (int)limits->accept_backlog, on_accept, sb, &sb->listener, ret_bound);
    if (r < 0) {
        sandbox_stripe_stop(sb);
        return err_trace(r);
    }
    *ret = sb;
    return 0;
}

void sandbox_stripe_stop(struct sandbox_stripe *sb)
{
    if (!sb)
        return;
    if (sb->listener)
        sb->loop->ops->listener_close(sb->listener);
    list_each_safe(it, next, &sb->visits) visit_end(list_entry(it, struct visit, node));
    if (sb->server)
        http_server_free(sb->server);
    stripe_state_free(sb->state);
    free(sb);
}

struct stripe_state *sandbox_stripe_state(struct sandbox_stripe *sb) { return sb->state; }
