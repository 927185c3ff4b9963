/*
 * http/h1_server.c - one agent's connection: bytes in, requests out, strictly one after the other.
 *
 *   (1) events of the user come from run() or a timer only, never from inside a call of the user's; what such a call
 *       makes possible (bytes held that now have credit, the next pipelined request) is resumed by a timer of delay 0.
 *   (2) in run() the connection may become GONE under any event; its memory is given back when run() ends.
 *   (3) bytes nobody wants yet are held once, at most one read, and reading stops until they are used up.
 */
#include "http/h1_server_impl.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define IN_PLACE_BYTES_MIN 16384 /* less is copied faster than it is read in two pieces */

static struct loop *loop_of(const struct h1_conn *c) { return c->server->loop; }

/* -------- ends -------- */

static void give_back(struct h1_conn *c)
{
    if (!c->in_run)
        h1_conn_recycle(c);
}

/* The exchange and the connection part; an exchange that no user has seen yet ends here. */
static struct h1_answer *detach(struct h1_conn *c)
{
    struct h1_answer *a = c->x;

    c->x = NULL;
    if (!a)
        return NULL;
    a->conn = NULL;
    if (a->is_begun)
        return a;
    h1_answer_free(a);
    return NULL;
}

void h1_conn_close(struct h1_conn *c, enum h1_close how)
{
    struct http_server *s = c->server;

    check(c->state != H1_GONE);
    detach(c);
    c->state = H1_GONE;
    timer_cancel(s->loop, &c->read_timer);
    timer_cancel(s->loop, &c->total_timer);
    timer_cancel(s->loop, &c->write_timer);
    timer_cancel(s->loop, &c->resume_timer);
    free(c->held);
    c->held = NULL;
    if (how == H1_CLOSE_RESET)
        stream_reset(c->stream);
    else
        stream_close(c->stream, how == H1_CLOSE_NOW);
    list_remove(&c->node);
    give_back(c);
    h1_conn_left(s);
}

void h1_conn_lose(struct h1_conn *c, enum http_reset why, enum h1_close how)
{
    struct h1_answer *a = detach(c);

    h1_conn_close(c, how);
    if (a)
        a->x.ev->on_reset(a->x.ev_ctx, why);
}

/* The request cannot be read to its end: the agent is told if nothing was answered yet, and so is the user. */
static void fail_request(struct h1_conn *c, const struct http_refusal *r, enum http_reset why)
{
    bool may_answer = c->x && !c->x->is_head_sent;

    if (may_answer)
        h1_refuse(c, r);
    h1_conn_lose(c, why, may_answer || c->is_discarding ? H1_CLOSE_SOFT : H1_CLOSE_RESET);
}

/* The answer is complete; what comes next depends on whether the request is. */
static void next_request(struct h1_conn *c)
{
    if (c->wants_close || c->server->is_draining) {
        h1_conn_close(c, H1_CLOSE_SOFT);
        return;
    }
    c->state = H1_IDLE;
    c->wait = H1_WAIT_NOTHING;
    if (c->in_run)
        return;
    if (c->held)
        h1_conn_resume_soon(c);
    h1_conn_settle(c);
}

void h1_conn_answered(struct h1_conn *c)
{
    detach(c);
    if (c->state != H1_BODY) {
        next_request(c);
        return;
    }
    if (c->wants_close) {
        h1_conn_close(c, H1_CLOSE_SOFT);
        return;
    }
    c->is_discarding = true;
    if (c->in_run)
        return;
    if (c->held)
        h1_conn_resume_soon(c);
    h1_conn_settle(c);
}

/* -------- requests -------- */

/* 0, or H1_R_STOP when the connection went away under the event. */
static int on_body(void *ctx, struct str bytes)
{
    struct h1_conn *c = ctx;

    c->body_bytes += bytes.n;
    if (c->is_discarding) {
        c->discarded_bytes += bytes.n;
        return 0;
    }
    if (c->body_bytes > c->server->body_bytes_max) {
        fail_request(c, &(struct http_refusal){413, "The body is too large."}, HTTP_RESET_TOO_LARGE);
        return H1_R_STOP;
    }
    c->credit = c->credit == SIZE_MAX ? SIZE_MAX : c->credit > bytes.n ? c->credit - bytes.n : 0;
    c->x->x.ev->on_body(c->x->x.ev_ctx, bytes);
    return c->state == H1_GONE ? H1_R_STOP : 0;
}

static void begin_head(struct h1_conn *c)
{
    check(!c->x);
    c->x = h1_answer_new(c->server);
    c->x->conn = c;
    c->state = H1_HEAD;
    c->wait = H1_WAIT_NOTHING;
    c->credit = 0;
    c->body_bytes = c->discarded_bytes = 0;
    c->is_discarding = c->continue_pending = false;
    h1_parser_start(&c->parser, &c->x->buf, NULL);
}

static void refuse_and_close(struct h1_conn *c, const struct http_refusal *r)
{
    h1_refuse(c, r);
    h1_conn_close(c, H1_CLOSE_SOFT);
}

/* The whole request has been read. */
static void end_request(struct h1_conn *c)
{
    timer_cancel(loop_of(c), &c->total_timer);
    if (!c->x) {
        next_request(c);
        return;
    }
    c->state = H1_ANSWER;
    c->x->x.ev->on_end(c->x->x.ev_ctx, NULL, 0);
}

static void begin_request(struct h1_conn *c)
{
    struct h1_answer *a = c->x;
    struct http_refusal bad;

    if (h1_request_decide(&c->parser, &a->head, &c->in, &bad) != 0) {
        refuse_and_close(c, &bad);
        return;
    }
    if (c->in.length > c->server->body_bytes_max) {
        refuse_and_close(c, &(struct http_refusal){413, "The body is too large."});
        return;
    }
    c->state = c->in.framing == H1_NONE ? H1_ANSWER : H1_BODY;
    c->wants_close |= c->in.wants_close;
    c->continue_pending = a->head.expects_continue;
    h1_body_start(&c->parser, c->in.framing, c->in.length);
    a->is_begun = true;
    a->is_http10 = c->in.is_http10;
    a->is_head_request = str_eq(a->head.method, STR("HEAD"));
    a->x.bytes_in = a->buf.n;
    c->server->handler->on_request(c->server->ctx, &a->x, &a->head);
    if (c->x == a && c->state != H1_GONE) {
        check(a->x.ev && a->x.ev->on_body && a->x.ev->on_end && a->x.ev->on_reset);
        if (c->in.framing == H1_NONE)
            end_request(c);
    }
}

static size_t head_step(struct h1_conn *c, struct str in)
{
    size_t used = 0;
    int r = h1_parse_head(&c->parser, in, &used);

    if (r == H1_R_BAD) {
        struct http_refusal bad = h1_request_refusal(&c->parser);
        refuse_and_close(c, &bad);
        return in.n;
    }
    if (r == H1_R_HEAD)
        begin_request(c);
    return used;
}

static size_t body_step(struct h1_conn *c, struct str in)
{
    size_t used = 0;

    c->continue_pending = false;
    if (c->x)
        c->x->x.bytes_in += in.n;
    int r = h1_parse_body(&c->parser, in, &used);
    if (r == H1_R_STOP || c->state == H1_GONE)
        return in.n;
    if (c->x && used < in.n)
        c->x->x.bytes_in -= in.n - used;
    if (r == H1_R_BAD) {
        struct http_refusal bad = c->parser.bad;
        fail_request(c, &bad, HTTP_RESET_BAD_FRAMING);
        return in.n;
    }
    if (r == H1_R_END)
        end_request(c);
    else if (c->discarded_bytes > (uint64_t)c->server->limits->drain_unread_bytes_max)
        h1_conn_close(c, H1_CLOSE_SOFT);
    return used;
}

/* -------- the run -------- */

static void hold(struct h1_conn *c, struct str in)
{
    check(!c->held);
    c->held = malloc(in.n);
    check(c->held);
    memcpy(c->held, in.p, in.n);
    c->held_bytes = in.n;
}

static bool may_go_on(const struct h1_conn *c)
{
    switch (c->state) {
    case H1_IDLE:
        return stream_queued(c->stream) <= (size_t)c->server->limits->stream_window_bytes;
    case H1_HEAD:
        return true;
    case H1_BODY:
        return c->is_discarding || c->credit > 0;
    default:
        return false;
    }
}

static void run(struct h1_conn *c, struct str in)
{
    check(!c->in_run);
    c->in_run = true;
    while (in.n && c->state != H1_GONE) {
        if (!may_go_on(c)) {
            hold(c, in);
            break;
        }
        if (c->state == H1_IDLE)
            begin_head(c);
        size_t used = c->state == H1_HEAD ? head_step(c, in) : body_step(c, in);
        in = str_sub(in, used, in.n);
    }
    c->in_run = false;
    if (c->state == H1_GONE)
        h1_conn_recycle(c);
    else
        h1_conn_settle(c);
}

static void on_resume(struct timer *t)
{
    struct h1_conn *c = list_entry(t, struct h1_conn, resume_timer);
    char *held = c->held;

    if (!held || !may_go_on(c))
        return;
    c->held = NULL;
    run(c, (struct str){held, c->held_bytes});
    free(held);
}

void h1_conn_resume_soon(struct h1_conn *c) { timer_arm(loop_of(c), &c->resume_timer, 0); }

static void set_read_timer(struct h1_conn *c, enum h1_wait wait, int64_t ms)
{
    if (c->wait == wait && wait != H1_WAIT_BODY)
        return;
    c->wait = wait;
    if (wait == H1_WAIT_NOTHING)
        timer_cancel(loop_of(c), &c->read_timer);
    else
        timer_arm(loop_of(c), &c->read_timer, ms);
}

void h1_conn_settle(struct h1_conn *c)
{
    const struct limits *l = c->server->limits;
    bool wants_read = !c->held && (c->state != H1_BODY || may_go_on(c));

    if (wants_read != c->is_reading) {
        c->is_reading = wants_read;
        if (wants_read)
            stream_read_start(c->stream);
        else
            stream_read_stop(c->stream);
    }
    switch (c->state) {
    case H1_IDLE:
        set_read_timer(c, H1_WAIT_NEXT, l->keepalive_timeout_ms);
        break;
    case H1_HEAD:
        set_read_timer(c, H1_WAIT_HEAD, l->head_timeout_ms);
        break;
    case H1_BODY: /* while we do not take the body, its giver is not late */
        set_read_timer(c, may_go_on(c) ? H1_WAIT_BODY : H1_WAIT_NOTHING, l->body_idle_timeout_ms);
        if (!timer_is_armed(&c->total_timer) && may_go_on(c))
            timer_arm(loop_of(c), &c->total_timer, l->body_timeout_ms);
        break;
    default:
        if (timer_is_armed(&c->read_timer))
            timer_cancel(loop_of(c), &c->read_timer);
        c->wait = H1_WAIT_NOTHING;
    }
}

/* -------- time -------- */

static void on_read_timer(struct timer *t)
{
    struct h1_conn *c = list_entry(t, struct h1_conn, read_timer);

    switch (c->state) {
    case H1_HEAD:
        refuse_and_close(c, &(struct http_refusal){408, "The head did not arrive in time."});
        break;
    case H1_BODY:
        fail_request(c, &(struct http_refusal){408, "The body stopped coming."}, HTTP_RESET_IDLE_TIMEOUT);
        break;
    default:
        h1_conn_close(c, H1_CLOSE_SOFT);
    }
}

static void on_total_timer(struct timer *t)
{
    struct h1_conn *c = list_entry(t, struct h1_conn, total_timer);

    if (c->state == H1_BODY && may_go_on(c))
        fail_request(c, &(struct http_refusal){408, "The body did not arrive in time."}, HTTP_RESET_TOTAL_TIMEOUT);
}

static uint64_t taken_bytes(const struct h1_conn *c) { return c->given_bytes - stream_queued(c->stream); }

static void on_write_timer(struct timer *t)
{
    struct h1_conn *c = list_entry(t, struct h1_conn, write_timer);

    if (taken_bytes(c) == c->taken_mark) {
        h1_conn_lose(c, HTTP_RESET_WRITE_TIMEOUT, H1_CLOSE_RESET);
        return;
    }
    c->taken_mark = taken_bytes(c);
    timer_arm(loop_of(c), t, c->server->limits->client_write_timeout_ms);
}

void h1_conn_write(struct h1_conn *c, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->given_bytes += parts[i].n;
    stream_write(c->stream, parts, n);
    if (timer_is_armed(&c->write_timer))
        return;
    c->taken_mark = taken_bytes(c);
    timer_arm(loop_of(c), &c->write_timer, c->server->limits->client_write_timeout_ms);
}

/* -------- the stream -------- */

/* For much of a body whose end is known: what stands behind it is not the body's. With a head, only little of its body
 * is read, because that is copied. */
static struct room on_stream_room(void *ctx)
{
    struct h1_conn *c = ctx;
    const struct room none = {NULL, 0}, of_head = {NULL, IN_PLACE_BYTES_MIN};
    size_t n_max = c->credit < c->parser.left_bytes ? c->credit : (size_t)c->parser.left_bytes;

    if (c->state == H1_IDLE || c->state == H1_HEAD)
        return of_head;
    if (c->state != H1_BODY || c->in.framing != H1_LENGTH || c->is_discarding || !c->x->x.ev->on_room ||
        n_max < IN_PLACE_BYTES_MIN)
        return none;
    struct room room = c->x->x.ev->on_room(c->x->x.ev_ctx);
    room.n = room.n < n_max ? room.n : n_max;
    return room.n < IN_PLACE_BYTES_MIN ? none : room;
}

static void on_stream_bytes(void *ctx, struct str bytes) { run(ctx, bytes); }

static void on_stream_eof(void *ctx)
{
    struct h1_conn *c = ctx;

    /* A half-closed agent cannot be told from one that left; calls under way are better ended than run for nobody. */
    h1_conn_lose(c, HTTP_RESET_PEER_CLOSED, c->x && c->x->is_begun ? H1_CLOSE_NOW : H1_CLOSE_SOFT);
}

static void on_stream_drained(void *ctx)
{
    struct h1_conn *c = ctx;

    timer_cancel(loop_of(c), &c->write_timer);
    if (c->state == H1_IDLE && c->held)
        h1_conn_resume_soon(c);
    if (c->x && c->x->wants_writable) {
        c->x->wants_writable = false;
        if (c->x->x.ev->on_writable)
            c->x->x.ev->on_writable(c->x->x.ev_ctx);
    }
}

static void on_stream_error(void *ctx, int err)
{
    (void)err;
    h1_conn_lose(ctx, HTTP_RESET_PEER_RESET, H1_CLOSE_NOW);
}

static const struct stream_events stream_events = {
    .on_room = on_stream_room,
    .on_bytes = on_stream_bytes,
    .on_eof = on_stream_eof,
    .on_drained = on_stream_drained,
    .on_error = on_stream_error,
};

void h1_conn_start(struct http_server *s, struct stream *st)
{
    struct h1_conn *c = h1_conn_alloc(s);

    c->stream = st;
    c->state = H1_IDLE;
    h1_parser_init(&c->parser, HTTP_REQUEST, &s->head_limits, on_body, c);
    timer_init(&c->read_timer, on_read_timer);
    timer_init(&c->total_timer, on_total_timer);
    timer_init(&c->write_timer, on_write_timer);
    timer_init(&c->resume_timer, on_resume);
    list_add_tail(&s->conns, &c->node);
    stream_on(st, &stream_events, c);
    set_read_timer(c, H1_WAIT_NEXT, s->limits->head_timeout_ms);
    h1_conn_settle(c);
}
