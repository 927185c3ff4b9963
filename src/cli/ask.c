/*
 * cli/ask.c - drives our own HTTP client over a loop of its own, one request a loop: a command asks once or a few
 * times, and a fresh connection to loopback costs less than keeping state between questions.
 */
#include "cli/ask.h"

#include "base/err.h"
#include "http/client.h"
#include "net/loop.h"
#include "net/timer.h"

#include <stddef.h>

#define CONNECT_MS 5000
#define ANSWER_MS 120000 /* doctor and audit verify read the whole history */

struct exchange {
    struct loop *loop;
    struct http_pool *pool;
    struct http_exchange *x;
    struct arena *arena;
    struct told *told;
    const struct ask *what;
    struct timer second;
    int64_t n_seconds;
};

static void on_second(struct timer *t)
{
    struct exchange *e = (struct exchange *)((char *)t - offsetof(struct exchange, second));
    e->what->on_second(e->what->on_second_ctx, ++e->n_seconds);
    timer_arm(e->loop, t, 1000);
}

/* Behind the pool's own event, which must not see its pool freed. The loop ends with the pool's connection. */
static void wind_up(void *ctx)
{
    struct exchange *e = ctx;
    http_pool_free(e->pool);
    e->pool = NULL;
    loop_stop(e->loop);
}

static void end(struct exchange *e)
{
    timer_cancel(e->loop, &e->second);
    http_release(e->x);
    e->x = NULL;
    loop_post(e->loop, (struct post){wind_up, e});
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct exchange *e = ctx;
    struct str code = STR_NONE, date = STR_NONE;
    e->told->status = head->status;
    (void)http_head_get(head, STR("x-flyball-code"), &code); /* most have none */
    (void)http_head_get(head, STR("date"), &date);
    e->told->code = arena_str(e->arena, code);
    e->told->date = arena_str(e->arena, date);
}

static void on_body(void *ctx, struct str bytes)
{
    struct exchange *e = ctx;
    bool is_success = e->told->status >= 200 && e->told->status <= 299;
    if (!e->what->on_piece || !is_success)
        (void)buf_add(&e->told->body, bytes); /* found by who asked */
    else if (!e->what->on_piece(e->what->on_piece_ctx, bytes))
        end(e);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n_trailers) { end(ctx); }

static void on_writable(void *ctx) {}

static void on_reset(void *ctx, enum http_reset why)
{
    struct exchange *e = ctx;
    e->told->has_failed = true;
    e->told->why = why;
    end(e);
}

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void send_request(struct exchange *e, const struct ask *what)
{
    struct http_head head = {.method = str_c(what->method),
                             .target = what->path,
                             .fields = what->fields,
                             .n_fields = what->n_fields,
                             .body_bytes = (int64_t)what->body.n};
    http_send_head(e->x, &head);
    if (what->body.n)
        (void)http_write(e->x, what->body); /* small: policy documents at most */
    http_finish(e->x, NULL, 0);
    http_credit(e->x, SIZE_MAX);
}

int ask_once(const struct ask *what, size_t answer_bytes_max, struct arena *a, struct told *ret)
{
    struct limits limits;
    struct exchange e = {.arena = a, .told = ret, .what = what};
    struct http_target target = {.host = what->host, .port = what->port, .tls = what->tls, .allows_private = true};
    struct http_timeouts timeouts = {.connect_ms = CONNECT_MS, .first_byte_ms = ANSWER_MS, .idle_ms = ANSWER_MS};

    *ret = (struct told){.status = 0};
    buf_init(&ret->body, answer_bytes_max);
    limits_default(&limits);
    int r = loop_uv_new(&e.loop);
    if (r < 0)
        return err_trace(r);
    r = http_pool_new(e.loop, &limits, &e.pool);
    timer_init(&e.second, on_second);
    if (r == 0) {
        if (what->on_second)
            timer_arm(e.loop, &e.second, 1000);
        e.x = http_pool_open(e.pool, &target, &timeouts, true, &events, &e);
        send_request(&e, what);
        r = loop_run(e.loop);
    }
    if (e.pool)
        http_pool_free(e.pool);
    loop_free(e.loop);
    return err_trace(r);
}

void ask_end(struct told *t) { buf_deinit(&t->body); }
