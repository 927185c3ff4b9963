/*
 * http/h1_call.c - the client's side of an exchange: what the sender of a request may call, and its times.
 *
 * One timer serves all phases:
 *
 *   CONNECT (waiting for a connection included) -> PAUSE (the next step is our user's) <-> SEND (the vendor has to
 *   take bytes) -> FIRST_BYTE -> BODY (only while we read)
 *
 * `bytes_out` counts what was given to an open connection, and once the exchange is over what the kernel really took of
 * it: 0 proves that the vendor saw nothing, at any time.
 */
#include "http/h1_client_impl.h"

#include "base/check.h"

static struct h1_call *of(struct http_exchange *x)
{
    check(x->ops == &h1_call_ops);
    return (struct h1_call *)(void *)x;
}

static struct loop *loop_of(const struct h1_call *call) { return call->pool->loop; }
static bool is_open(const struct h1_call *call) { return call->conn && call->conn->state == VENDOR_BUSY; }

static uint64_t taken_bytes(const struct h1_call *call)
{
    return call->given_bytes - stream_queued(call->conn->stream);
}

/* -------- ends -------- */

void h1_call_over(struct h1_call *call)
{
    check(!call->is_over);
    call->is_over = true;
    timer_cancel(loop_of(call), &call->timer);
    timer_cancel(loop_of(call), &call->fail_timer);
    list_remove(&call->node);
    if (list_is_linked(&call->waiting)) {
        list_remove(&call->waiting);
        call->target->n_waiting--;
    }
    if (call->conn) {
        call->x.bytes_out = is_open(call) ? taken_bytes(call) : 0;
        call->conn->call = NULL;
        call->conn = NULL;
    }
}

/* Without telling anyone. */
static void drop(struct h1_call *call)
{
    struct h1_vendor *v = call->conn;

    h1_call_over(call);
    if (v)
        vendor_close(v, true);
    if (call->target)
        pool_serve_waiting(call->target);
}

void h1_call_lose(struct h1_call *call, enum http_reset why)
{
    drop(call);
    call->x.ev->on_reset(call->x.ev_ctx, why);
}

static void on_fail_timer(struct timer *t)
{
    struct h1_call *call = list_entry(t, struct h1_call, fail_timer);

    h1_call_lose(call, call->why);
}

void h1_call_fail_soon(struct h1_call *call, enum http_reset why)
{
    call->why = why;
    timer_arm(loop_of(call), &call->fail_timer, 0);
}

/* -------- time -------- */

static void enter(struct h1_call *call, enum h1_phase phase, int64_t ms)
{
    call->phase = phase;
    if (phase == CALL_PAUSE) {
        timer_cancel(loop_of(call), &call->timer);
        return;
    }
    if (phase == CALL_SEND)
        call->taken_mark = taken_bytes(call);
    timer_arm(loop_of(call), &call->timer, ms);
}

void h1_call_settle(struct h1_call *call, bool is_activity)
{
    enum h1_phase phase;

    if (!is_open(call))
        return;
    if (call->x.got_first_byte)
        phase = call->conn->is_reading ? CALL_BODY : CALL_PAUSE;
    else if (stream_queued(call->conn->stream))
        phase = CALL_SEND;
    else
        phase = call->is_finished ? CALL_FIRST_BYTE : CALL_PAUSE;
    if (phase != call->phase || (is_activity && phase == CALL_BODY))
        enter(call, phase, phase == CALL_FIRST_BYTE ? call->times.first_byte_ms : call->times.idle_ms);
}

static void on_timer(struct timer *t)
{
    struct h1_call *call = list_entry(t, struct h1_call, timer);

    switch (call->phase) {
    case CALL_CONNECT:
        h1_call_lose(call, HTTP_RESET_CONNECT_TIMEOUT);
        break;
    case CALL_SEND:
        if (taken_bytes(call) != call->taken_mark)
            enter(call, CALL_SEND, call->times.idle_ms);
        else
            h1_call_lose(call, HTTP_RESET_WRITE_TIMEOUT);
        break;
    case CALL_FIRST_BYTE:
        h1_call_lose(call, HTTP_RESET_FIRST_BYTE_TIMEOUT);
        break;
    case CALL_BODY:
        h1_call_lose(call, HTTP_RESET_IDLE_TIMEOUT);
        break;
    case CALL_PAUSE:
        break;
    }
}

void h1_call_init_timers(struct h1_call *call)
{
    timer_init(&call->timer, on_timer);
    timer_init(&call->fail_timer, on_fail_timer);
    call->phase = CALL_CONNECT;
}

/* -------- sending -------- */

static void give(struct h1_call *call, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_open(call)) {
            call->given_bytes += parts[i].n;
        } else if (buf_add(&call->pending, parts[i]) < 0) {
            h1_call_fail_soon(call, HTTP_RESET_TOO_LARGE);
            return;
        }
    }
    if (!is_open(call))
        return;
    stream_write(call->conn->stream, parts, n);
    call->x.bytes_out = call->given_bytes;
    h1_call_settle(call, false);
}

void h1_call_connected(struct h1_call *call)
{
    struct str all = buf_str(&call->pending);

    call->x.connected_at = loop_now(loop_of(call));
    timer_cancel(loop_of(call), &call->timer);
    call->phase = CALL_PAUSE;
    if (all.n)
        give(call, &all, 1);
    buf_deinit(&call->pending);
    h1_call_settle(call, false);
}

static void h1_call_send_head(struct http_exchange *x, const struct http_head *h)
{
    struct h1_call *call = of(x);
    struct buf *b = &call->pool->scratch;

    if (call->is_over || timer_is_armed(&call->fail_timer))
        return;
    check(!call->is_head_sent);
    call->is_head_sent = true;
    call->is_head_request = str_eq(h->method, STR("HEAD"));
    call->framing = h->body_bytes == HTTP_BODY_UNKNOWN ? H1_CHUNKED : h->body_bytes ? H1_LENGTH : H1_NONE;
    call->left_bytes = call->framing == H1_LENGTH ? (uint64_t)h->body_bytes : 0;
    buf_reset(b);
    if (h1_write_request(b, h, call->target->field, call->framing) < 0) {
        h1_call_fail_soon(call, HTTP_RESET_TOO_LARGE);
        return;
    }
    struct str head = buf_str(b);
    give(call, &head, 1);
}

static size_t h1_call_write(struct http_exchange *x, struct str b)
{
    struct h1_call *call = of(x);
    char line[H1_CHUNK_LINE_BYTES];

    if (call->is_over || timer_is_armed(&call->fail_timer))
        return 0;
    check(call->is_head_sent && !call->is_finished);
    if (b.n && call->framing == H1_CHUNKED) {
        give(call, (struct str[]){h1_chunk_line(b.n, line), b, STR("\r\n")}, 3);
    } else if (b.n > call->left_bytes) {
        h1_call_fail_soon(call, HTTP_RESET_BAD_FRAMING); /* more than the head promised: not one byte of it may leave */
        return 0;
    } else if (b.n) {
        call->left_bytes -= b.n;
        give(call, &b, 1);
    }
    size_t queued = is_open(call) ? stream_queued(call->conn->stream) : call->pending.n;
    call->wants_writable = queued > (size_t)call->pool->limits->stream_window_bytes;
    return queued;
}

static void h1_call_finish(struct http_exchange *x, const struct http_field *trailers, size_t n_trailers)
{
    struct h1_call *call = of(x);

    if (call->is_over || timer_is_armed(&call->fail_timer))
        return;
    check(call->is_head_sent && !call->is_finished);
    if (call->left_bytes) {
        h1_call_fail_soon(call, HTTP_RESET_BAD_FRAMING);
        return;
    }
    call->is_finished = true;
    if (call->framing == H1_CHUNKED) {
        buf_reset(&call->pool->scratch);
        h1_write_trailers(&call->pool->scratch, trailers, n_trailers);
        struct str end = buf_str(&call->pool->scratch);
        give(call, &end, 1);
    }
    if (is_open(call) && stream_queued(call->conn->stream) == 0)
        call->x.sent_at = loop_now(loop_of(call));
    h1_call_settle(call, false);
}

/* -------- the rest -------- */

static void h1_call_credit(struct http_exchange *x, size_t n)
{
    struct h1_call *call = of(x);
    struct h1_vendor *v = call->conn;

    if (call->is_over)
        return;
    call->credit = n > SIZE_MAX - call->credit ? SIZE_MAX : call->credit + n;
    if (!v || v->in_run)
        return; /* run() looks at the credit before it goes on */
    if (v->held)
        vendor_resume_soon(v);
    vendor_settle(v);
    h1_call_settle(call, false);
}

static void h1_call_send_info(struct http_exchange *x, const struct http_head *h)
{
    (void)h;
    check(of(x) && !"only servers send interim answers");
}

static void h1_call_reset(struct http_exchange *x, enum http_reset why)
{
    struct h1_call *call = of(x);

    (void)why; /* HTTP/1.1 has no way to say it */
    if (!call->is_over)
        drop(call);
}

static void h1_call_release(struct http_exchange *x)
{
    h1_call_reset(x, HTTP_RESET_CANCELLED);
    h1_call_free(of(x));
}

const struct http_exchange_ops h1_call_ops = {
    .credit = h1_call_credit,
    .send_info = h1_call_send_info,
    .send_head = h1_call_send_head,
    .write = h1_call_write,
    .finish = h1_call_finish,
    .reset = h1_call_reset,
    .release = h1_call_release,
};
