/*
 * tests/fuzz/fuzz_http_head.c - HTTP/1 from agents and from vendors, through the whole server and client, on a loop and
 * streams made of memory.
 *
 * The first byte says what the rest is: Q requests, R answers to GET, H answers to HEAD. Each input runs twice, in one
 * piece and in pieces of other sizes: what comes out must be the same. What a handler sees must be clean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "fuzz.h"
#include "http/client.h"
#include "http/server.h"
#include "net/timer.h"

struct memory_stream {
    struct stream s;
    struct buf out;
    bool is_reading, is_closed;
};

struct world {
    struct loop loop;
    mono_t now, wake;
    struct memory_stream stream;
    struct buf log;
    struct limits limits;
};

/* -------- a loop and a stream -------- */

static struct world *world_of(struct loop *l) { return (struct world *)(void *)l; }
static struct memory_stream *stream_of(const struct stream *s) { return (struct memory_stream *)(uintptr_t)s; }
static mono_t now(struct loop *l) { return world_of(l)->now; }
static void wake_at(struct loop *l, mono_t at) { world_of(l)->wake = at; }
static void read_start(struct stream *s) { stream_of(s)->is_reading = true; }
static void read_stop(struct stream *s) { stream_of(s)->is_reading = false; }
static size_t queued(const struct stream *s) { return 0; }

static void write_parts(struct stream *s, const struct str *parts, size_t n)
{
    fuzz_check(!stream_of(s)->is_closed);
    for (size_t i = 0; i < n; i++)
        fuzz_check(buf_add(&stream_of(s)->out, parts[i]) == 0);
}

static void close_it(struct stream *s, bool at_once)
{
    fuzz_check(!stream_of(s)->is_closed);
    stream_of(s)->is_closed = true;
}

static const struct stream_ops stream_ops = {
    .read_start = read_start, .read_stop = read_stop, .write = write_parts, .queued = queued, .close = close_it};

static int connect_it(struct loop *l, const struct net_addr *a, const struct stream_events *ev, void *ctx,
                      struct stream **ret)
{
    *ret = &world_of(l)->stream.s;
    stream_on(*ret, ev, ctx);
    return 0;
}

static const struct loop_ops loop_ops = {.now = now, .wake_at = wake_at, .connect = connect_it};

static void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->loop.ops = &loop_ops;
    w->now = NS_PER_S;
    w->wake = INT64_MAX;
    w->loop.wheel = timer_wheel_new(&w->loop);
    w->stream.s.ops = &stream_ops;
    w->stream.s.loop = &w->loop;
    buf_init(&w->stream.out, 1 << 24);
    buf_init(&w->log, 1 << 24);
    limits_default(&w->limits);
    w->limits.head_bytes_max = 1024; /* small enough for inputs to pass them */
    w->limits.answer_head_bytes_max = 1024;
    w->limits.target_bytes_max = 256;
    w->limits.head_fields_max = 10;
    w->limits.body_bytes_max = 1024;
    w->limits.drain_unread_bytes_max = 100;
}

static void world_deinit(struct world *w)
{
    timer_wheel_free(w->loop.wheel);
    buf_deinit(&w->stream.out);
    buf_deinit(&w->log);
}

/* -------- what is seen -------- */

static void log_str(struct world *w, struct str s) { fuzz_check(buf_add(&w->log, s) == 0); }

static bool has_line_end(struct str s) { return str_has(s, '\r') || str_has(s, '\n') || str_has(s, 0); }

static void log_fields(struct world *w, const struct http_field *f, size_t n)
{
    static const struct str framing[] = {STR_INIT("content-length"), STR_INIT("transfer-encoding"),
                                         STR_INIT("connection"),     STR_INIT("te"),
                                         STR_INIT("upgrade"),        STR_INIT("keep-alive")};

    for (size_t i = 0; i < n; i++) {
        fuzz_check(f[i].name.n && !has_line_end(f[i].name) && !has_line_end(f[i].value));
        fuzz_check(!str_has(f[i].name, ' ') && !str_has(f[i].name, ':'));
        for (size_t k = 0; k < sizeof(framing) / sizeof(framing[0]); k++)
            fuzz_check(!str_eq_nocase(f[i].name, framing[k]));
        log_str(w, f[i].name);
        log_str(w, STR("="));
        log_str(w, f[i].value);
        log_str(w, STR("\n"));
    }
}

/* -------- requests -------- */

struct request {
    struct world *w;
    struct http_exchange *x;
};

static void request_over(struct request *q)
{
    http_release(q->x);
    free(q);
}

static void on_body(void *ctx, struct str b) { log_str(((struct request *)ctx)->w, b); }

static void on_end(void *ctx, const struct http_field *t, size_t n)
{
    struct request *q = ctx;
    struct http_head h = {.status = 200, .body_bytes = HTTP_BODY_UNKNOWN};

    fuzz_check(n == 0);
    log_str(q->w, STR("END\n"));
    http_send_head(q->x, &h);
    http_write(q->x, STR("abc"));
    http_finish(q->x, NULL, 0);
    request_over(q);
}

static void on_reset(void *ctx, enum http_reset why)
{
    struct request *q = ctx;

    log_str(q->w, str_c(http_reset_text(why)));
    request_over(q);
}

static const struct http_events request_events = {.on_body = on_body, .on_end = on_end, .on_reset = on_reset};

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *h)
{
    struct request *q = malloc(sizeof(*q));

    check(q);
    *q = (struct request){ctx, x};
    fuzz_check(h->path.n && h->path.p[0] == '/' && !has_line_end(h->target) && !str_has(h->target, ' '));
    fuzz_check(h->host.n && !str_has(h->host, '@') && !str_has(h->host, '/') && !str_has(h->host, ','));
    fuzz_check(http_head_count(h, STR("host")) == 0 && h->n_fields <= 10);
    log_str(q->w, h->method);
    log_str(q->w, STR(" "));
    log_str(q->w, h->target);
    log_str(q->w, STR(" "));
    log_str(q->w, h->host);
    log_str(q->w, STR("\n"));
    log_fields(q->w, h->fields, h->n_fields);
    http_on(x, &request_events, q);
    if (str_eq(h->path, STR("/early"))) {
        struct http_head no = {.status = 403};
        http_send_head(x, &no);
        http_finish(x, NULL, 0);
        request_over(q);
    } else {
        http_credit(x, str_eq(h->path, STR("/slow")) ? 1 : SIZE_MAX);
    }
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    fuzz_check(r->status >= 400 && r->status <= 505 && r->text);
    ret->body = str_c(r->text);
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

/* -------- answers -------- */

static void on_answer(void *ctx, const struct http_head *h)
{
    struct request *q = ctx;
    char text[64];

    fuzz_check(h->status >= 100 && h->status <= 599 && !has_line_end(h->reason));
    snprintf(text, sizeof(text), "%u %lld\n", h->status, (long long)h->body_bytes);
    log_str(q->w, str_c(text));
    log_fields(q->w, h->fields, h->n_fields);
    if (h->status >= 200)
        http_credit(q->x, SIZE_MAX);
}

static void on_answer_end(void *ctx, const struct http_field *t, size_t n)
{
    struct request *q = ctx;

    log_str(q->w, STR("\n"));
    log_fields(q->w, t, n);
    log_str(q->w, q->x->got_surplus ? STR("END and more\n") : STR("END\n"));
    request_over(q);
}

static const struct http_events answer_events = {
    .on_info = on_answer, .on_head = on_answer, .on_body = on_body, .on_end = on_answer_end, .on_reset = on_reset};

/* -------- one run -------- */

static void tick(struct world *w)
{
    for (int i = 0; i < 3 && w->wake <= w->now; i++)
        timer_wheel_advance(w->loop.wheel, w->now);
}

static void feed(struct world *w, struct str in, size_t step)
{
    struct memory_stream *s = &w->stream;

    while (in.n && !s->is_closed) {
        struct str piece = str_sub(in, 0, step);
        char *copy = malloc(piece.n); /* of its own, so that reading beyond it is seen */
        check(copy);
        memcpy(copy, piece.p, piece.n);
        s->s.bytes_in += piece.n;
        s->s.ev->on_bytes(s->s.ev_ctx, (struct str){copy, piece.n});
        free(copy);
        tick(w);
        if (!s->is_reading)
            break; /* a slow taker: what is left stays with the kernel */
        in = str_sub(in, piece.n, in.n);
    }
    if (!s->is_closed && s->is_reading)
        s->s.ev->on_eof(s->s.ev_ctx);
    tick(w);
}

static void run_requests(struct world *w, struct str in, size_t step)
{
    struct http_server *server;

    check(http_server_new(&w->loop, &w->limits, &handler, w, &server) == 0);
    check(http_server_take(server, &w->stream.s) == 0);
    feed(w, in, step);
    http_server_free(server);
}

static void run_answers(struct world *w, struct str in, size_t step, struct str method)
{
    struct http_pool *pool;
    struct http_target target = {.host = STR("127.0.0.1"), .port = 80, .allows_private = true};
    struct http_timeouts times = {1000, 1000, 1000};
    struct http_head h = {.method = method, .target = STR("/")};
    struct request *q = malloc(sizeof(*q));

    check(q && http_pool_new(&w->loop, &w->limits, &pool) == 0);
    q->w = w;
    q->x = http_pool_open(pool, &target, &times, false, &answer_events, q);
    http_send_head(q->x, &h);
    http_finish(q->x, NULL, 0);
    w->stream.s.ev->on_connect(w->stream.s.ev_ctx);
    feed(w, in, step);
    http_pool_free(pool);
}

static void run(struct world *w, char kind, struct str in, size_t step)
{
    world_init(w);
    if (kind == 'Q')
        run_requests(w, in, step);
    else
        run_answers(w, in, step, kind == 'H' ? STR("HEAD") : STR("GET"));
    fuzz_check(w->stream.is_closed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct world whole, pieces;
    struct str in = fuzz_str(data, n);

    if (n < 2 || (data[0] != 'Q' && data[0] != 'R' && data[0] != 'H'))
        return 0;
    struct str rest = str_sub(in, 1, n);
    run(&whole, in.p[0], rest, SIZE_MAX);
    run(&pieces, in.p[0], rest, 1 + data[n - 1] % 7);
    size_t at;
    /* A surplus is known only when it comes in the same read, and a slow taker stops reading after one. */
    if (!str_find(in, STR("/slow"), &at) && in.p[0] == 'Q') {
        fuzz_check(str_eq(buf_str(&whole.log), buf_str(&pieces.log)));
        /* in one piece this may be seen later than something else */
        if (!str_find(buf_str(&pieces.stream.out), STR("trailers are too large"), &at))
            fuzz_check(str_eq(buf_str(&whole.stream.out), buf_str(&pieces.stream.out)));
    } else if (in.p[0] != 'Q') {
        size_t end = 0;
        if (!str_find(buf_str(&whole.log), STR("END"), &end))
            end = whole.log.n;
        fuzz_check(str_eq(str_sub(buf_str(&whole.log), 0, end), str_sub(buf_str(&pieces.log), 0, end)));
    }
    world_deinit(&whole);
    world_deinit(&pieces);
    return 0;
}
