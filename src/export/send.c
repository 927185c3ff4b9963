/*
 * export/send.c - one request to a target, from its head to the end of the answer.
 */
#include "export/target_impl.h"

#include "base/err.h"
#include "codec/gzip.h"
#include "export/retry.h"

#define PIECE_BYTES 65536
#define FIELDS_MORE 4

static void end_exchange(struct target *g)
{
    http_release(g->up);
    g->up = NULL;
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct target *g = ctx;
    struct str value;
    g->status = head->status;
    if (http_head_get(head, STR("retry-after"), &value))
        (void)retry_after_ms(value, loop_wall(g->set->loop), &g->retry_after_ms); /* nonsense is as good as none */
    http_credit(g->up, SIZE_MAX);
}

/* A long answer is read to its end, so that the connection can be used again; what it says counts up to the maximum. */
static void on_body(void *ctx, struct str bytes)
{
    struct target *g = ctx;
    if (!g->is_answer_cut && buf_add(&g->answer, bytes) < 0)
        g->is_answer_cut = true;
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct target *g = ctx;
    end_exchange(g);
    target_answered(g);
}

static void on_reset(void *ctx, enum http_reset why)
{
    struct target *g = ctx;
    end_exchange(g);
    target_failed(g, http_reset_text(why));
}

static void write_more(struct target *g)
{
    size_t window = (size_t)g->set->limits->stream_window_bytes, queued = 0;
    while (g->n_written < g->sending->n && queued < window) {
        struct str piece = str_sub(buf_str(g->sending), g->n_written, PIECE_BYTES);
        g->n_written += piece.n;
        queued = http_write(g->up, piece);
    }
    if (g->n_written == g->sending->n) {
        g->n_written++; /* once */
        http_finish(g->up, NULL, 0);
    }
}

static void on_writable(void *ctx)
{
    struct target *g = ctx;
    if (g->n_written < g->sending->n)
        write_more(g);
}

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static size_t put_fields(const struct target *g, struct http_field *fields)
{
    size_t n = 0;
    fields[n++] = (struct http_field){STR("content-type"), otlp_content_type(g->t->protocol)};
    fields[n++] = (struct http_field){
        STR("user-agent"),
        arena_join((struct arena *)&g->arena, (const struct str[]){STR("flyball/"), g->set->resource.version}, 2)};
    if (g->sending == &g->packed)
        fields[n++] = (struct http_field){STR("content-encoding"), STR("gzip")};
    for (size_t i = 0; i < g->t->n_headers; i++)
        fields[n++] = g->t->headers[i];
    return n;
}

static void send_head(struct target *g)
{
    struct http_field *fields = arena_alloc(&g->arena, (g->t->n_headers + FIELDS_MORE) * sizeof *fields);
    struct http_head head = {
        .method = STR("POST"),
        .target = g->t->path,
        .fields = fields,
        .n_fields = put_fields(g, fields),
        .body_bytes = (int64_t)g->sending->n,
    };
    http_send_head(g->up, &head);
}

void target_send(struct target *g)
{
    const struct limits *l = g->set->limits;
    struct http_timeouts times = {l->connect_timeout_ms, l->export_timeout_ms, l->export_timeout_ms};
    buf_reset(&g->packed);
    buf_reset(&g->answer);
    g->is_answer_cut = false;
    g->sending = g->t->is_gzip && gzip_pack(buf_str(&g->body), &g->packed) == 0 ? &g->packed : &g->body;
    g->n_written = 0;
    g->status = 0;
    g->retry_after_ms = -1;
    g->up = http_pool_open(g->set->pool, &g->t->at, &times, false, &events, g);
    send_head(g);
    write_more(g);
}

void target_give_up(struct target *g)
{
    if (!g->up)
        return;
    http_reset(g->up, HTTP_RESET_SHUTDOWN);
    end_exchange(g);
}
