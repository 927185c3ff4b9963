/*
 * export/notice.c - one webhook's way from question to question.
 */
#include "export/notice.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "export/retry.h"
#include "net/timer.h"

#define ARENA_BYTES_MAX ((size_t)1 << 20)
#define BODY_BYTES_MAX ((size_t)256 << 10)

struct target {
    struct notices *set;
    const struct notice_target *t;
    struct arena arena; /* of the notice on its way */
    struct notice notice;
    struct buf body;
    struct http_exchange *up; /* NULL: none is on its way */
    struct timer timer;
    uint16_t status;
    unsigned n_tries; /* 0: nothing to tell */
};

struct notices {
    struct loop *loop;
    const struct limits *limits;
    struct rng *rng;
    struct notice_feed feed;
    struct http_pool *pool;
    struct target *targets;
    size_t n;
};

static void tell_next(struct target *g);
static void try_it(struct target *g);

/* --- after a try -------------------------------------------------------------------------------------------------- */

static void end_exchange(struct target *g)
{
    http_release(g->up);
    g->up = NULL;
}

static void finish(struct target *g, bool was_told)
{
    struct notices *s = g->set;
    g->n_tries = 0;
    if (!was_told)
        log_at(LOG_WARN, "notice_failed", "%s=" STR_FMT " webhook=" STR_FMT " status=%u next=\"%s\"",
               g->notice.is_event ? "notice" : "approval", STR_ARG(g->notice.id), STR_ARG(g->t->name), g->status,
               g->notice.is_event ? "GET /api/v1/events" : "flyball approvals list");
    s->feed.done(s->feed.ctx, g->notice.id, was_told);
    tell_next(g);
}

static void failed(struct target *g)
{
    const struct limits *l = g->set->limits;
    if (g->n_tries >= (unsigned)l->notice_attempts_max) {
        finish(g, false);
        return;
    }
    timer_arm(g->set->loop, &g->timer,
              retry_backoff_ms(l->export_backoff_ms, l->export_backoff_ms_max, g->n_tries, g->set->rng));
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct target *g = ctx;
    g->status = head->status;
    http_credit(g->up, SIZE_MAX);
}

static void on_body(void *ctx, struct str bytes) {} /* what it says is nothing to us */

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct target *g = ctx;
    end_exchange(g);
    if (g->status >= 200 && g->status < 300)
        finish(g, true);
    else
        failed(g);
}

static void on_writable(void *ctx) {}

static void on_reset(void *ctx, enum http_reset why)
{
    struct target *g = ctx;
    end_exchange(g);
    failed(g);
}

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

/* --- a try -------------------------------------------------------------------------------------------------------- */

static void post_it(struct target *g)
{
    struct notices *s = g->set;
    const struct limits *l = s->limits;
    const struct http_timeouts times = {l->connect_timeout_ms, l->export_timeout_ms, l->export_timeout_ms};
    char signature[NOTICE_SIGNATURE_CHARS + 1];
    int64_t now_s = loop_wall(s->loop) / NS_PER_S;
    struct http_field fields[] = {
        {STR("content-type"), STR("application/json")},
        {STR("user-agent"), STR("flyball")},
        {STR("x-flyball-timestamp"), arena_i64(&g->arena, now_s)},
        {STR("x-flyball-signature"), notice_signature(g->t->secret, now_s, buf_str(&g->body), signature)},
        {STR("x-flyball-delivery"), g->notice.id},
    };
    struct http_head head = {.method = STR("POST"),
                             .target = g->t->path,
                             .fields = fields,
                             .n_fields = sizeof fields / sizeof fields[0],
                             .body_bytes = (int64_t)g->body.n};
    g->up = http_pool_open(s->pool, &g->t->at, &times, true, &events, g);
    http_send_head(g->up, &head);
    (void)http_write(g->up, buf_str(&g->body)); /* small: BODY_BYTES_MAX */
    http_finish(g->up, NULL, 0);
}

/* Who has answered meanwhile need not be told. */
static void try_it(struct target *g)
{
    struct notices *s = g->set;
    if (!s->feed.is_pending(s->feed.ctx, g->notice.id)) {
        g->n_tries = 0;
        tell_next(g);
        return;
    }
    g->n_tries++;
    g->status = 0;
    post_it(g);
}

static void on_timer(struct timer *t) { try_it(list_entry(t, struct target, timer)); }

static void tell_next(struct target *g)
{
    struct notices *s = g->set;
    arena_reset(&g->arena);
    if (!s->feed.next(s->feed.ctx, g->t->name, g->t->link.n > 0, &g->arena, &g->notice))
        return;
    buf_reset(&g->body);
    notice_body(&g->notice, g->t, &g->body);
    if (buf_ok(&g->body) < 0) {
        finish(g, false);
        return;
    }
    try_it(g);
}

void notices_look(void *ctx)
{
    struct notices *s = ctx;
    for (size_t i = 0; i < s->n; i++)
        if (s->targets[i].n_tries == 0)
            tell_next(&s->targets[i]);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int notices_new(const struct notices_options *o, struct notices **ret)
{
    struct notices *s = calloc(1, sizeof *s);
    if (!s)
        return err_trace(-ERR_NOMEM);
    *s = (struct notices){.loop = o->loop, .limits = o->limits, .rng = o->rng, .feed = o->feed, .n = o->n_targets};
    s->targets = calloc(s->n + 1, sizeof *s->targets);
    int r = s->targets ? http_pool_new(o->loop, o->limits, &s->pool) : err_trace(-ERR_NOMEM);
    if (r < 0) {
        free(s->targets);
        free(s);
        return r;
    }
    for (size_t i = 0; i < s->n; i++) {
        struct target *g = &s->targets[i];
        g->set = s;
        g->t = &o->targets[i];
        arena_init(&g->arena, ARENA_BYTES_MAX);
        buf_init(&g->body, BODY_BYTES_MAX);
        timer_init(&g->timer, on_timer);
    }
    *ret = s;
    return 0;
}

void notices_free(struct notices *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        struct target *g = &s->targets[i];
        timer_cancel(s->loop, &g->timer);
        if (g->up) {
            http_reset(g->up, HTTP_RESET_SHUTDOWN);
            end_exchange(g);
        }
        arena_deinit(&g->arena);
        buf_deinit(&g->body);
    }
    http_pool_free(s->pool);
    free(s->targets);
    free(s);
}
