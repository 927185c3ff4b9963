/*
 * http/fetch.c - see fetch.h.
 */
#include "http/fetch.h"

#include "base/check.h"

static void end(struct fetch *f)
{
    timer_cancel(f->loop, &f->deadline);
    http_release(f->up);
    f->up = NULL;
}

/* The next one may be started from inside `done`: its answer goes into the same buffer. */
static void over(struct fetch *f, const char *problem)
{
    end(f);
    f->done(f->ctx, problem, problem ? 0 : f->status, problem ? STR_NONE : buf_str(&f->answer));
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct fetch *f = ctx;
    f->status = head->status;
    http_credit(f->up, f->answer.max_bytes + 1);
}

static void on_body(void *ctx, struct str bytes)
{
    struct fetch *f = ctx;
    if (buf_add(&f->answer, bytes) == 0)
        return;
    http_reset(f->up, HTTP_RESET_TOO_LARGE);
    over(f, f->too_large);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n) { over(ctx, NULL); }

static void on_writable(void *ctx) { (void)ctx; }

static void on_reset(void *ctx, enum http_reset why) { over(ctx, http_reset_text(why)); }

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void on_deadline(struct timer *t)
{
    struct fetch *f = list_entry(t, struct fetch, deadline);
    http_reset(f->up, HTTP_RESET_CANCELLED);
    over(f, f->too_late);
}

void fetch_init(struct fetch *f, struct loop *l, struct http_pool *pool, size_t bytes_max, fetch_done done, void *ctx)
{
    *f = (struct fetch){.loop = l, .pool = pool, .done = done, .ctx = ctx};
    buf_init(&f->answer, bytes_max);
    timer_init(&f->deadline, on_deadline);
}

void fetch_start(struct fetch *f, const struct fetch_request *r)
{
    struct http_timeouts times = {r->ms, r->ms, r->ms};
    struct http_head head = {.method = r->method,
                             .target = r->path,
                             .fields = r->fields,
                             .n_fields = r->n_fields,
                             .body_bytes = (int64_t)r->body.n};
    check(!f->up);
    buf_reset(&f->answer);
    f->status = 0;
    f->too_large = r->too_large;
    f->too_late = r->too_late;
    f->up = http_pool_open(f->pool, r->at, &times, false, &events, f);
    http_send_head(f->up, &head);
    if (r->body.n)
        (void)http_write(f->up, r->body); /* small: queued whole */
    http_finish(f->up, NULL, 0);
    timer_arm(f->loop, &f->deadline, r->ms);
}

bool fetch_is_running(const struct fetch *f) { return f->up != NULL; }

void fetch_stop(struct fetch *f)
{
    if (!f->up)
        return;
    http_reset(f->up, HTTP_RESET_CANCELLED);
    end(f);
}

void fetch_deinit(struct fetch *f)
{
    fetch_stop(f);
    buf_deinit(&f->answer);
}
