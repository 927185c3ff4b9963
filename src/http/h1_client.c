/*
 * http/h1_client.c - one connection to a vendor: answers in.
 *
 *   (1) events of the user come from run(), from the stream's end or from a timer, never from inside a call of the
 *       user's.
 *   (2) when an answer is complete the connection is given back, or closed, before on_end is told: a call made in that
 *       event finds it.
 *   (3) a connection is given back only when the request was sent whole, the answer was framed and read to its end, and
 *       not one byte came behind it.
 */
#include "http/h1_client_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "tls/client.h"

#include <stdlib.h>
#include <string.h>

static struct loop *loop_of(const struct h1_vendor *v) { return v->target->pool->loop; }

/* -------- ends -------- */

void vendor_close(struct h1_vendor *v, bool now)
{
    struct pool_target *t = v->target;

    check(v->state != VENDOR_GONE && !v->call);
    v->state = VENDOR_GONE;
    timer_cancel(t->pool->loop, &v->idle_timer);
    timer_cancel(t->pool->loop, &v->resume_timer);
    timer_cancel(t->pool->loop, &v->next_timer);
    resolve_cancel(&v->resolving);
    free(v->held);
    v->held = NULL;
    if (v->stream)
        stream_close(v->stream, now);
    pool_conn_gone(v);
    if (!v->in_run)
        free(v);
}

/* The answer is complete. Gives the connection back or closes it, then tells the user. */
static void end_answer(struct h1_vendor *v, size_t n_surplus)
{
    struct h1_call *call = v->call;
    struct pool_target *t = v->target;
    bool is_reusable = call->is_finished && !v->in.wants_close && n_surplus == 0 && stream_queued(v->stream) == 0 &&
                       !t->pool->is_freed;
    size_t n_trailers = call->trailer.n_fields, n = 0;

    for (size_t i = 0; i < n_trailers; i++) {
        struct http_field f = {call->trailer.fields[i].name, str_trim(call->trailer.fields[i].value)};
        if (h1_field_kind(f.name) == H1_FIELD_OTHER && h1_name_is_clean(f.name) && h1_value_is_clean(f.value))
            call->trailer.fields[n++] = f;
    }
    call->x.got_surplus = n_surplus > 0;
    h1_call_over(call);
    if (is_reusable) {
        v->state = VENDOR_IDLE;
        timer_arm(loop_of(v), &v->idle_timer, t->pool->limits->pool_idle_timeout_ms);
        vendor_settle(v);
        pool_conn_idle(v);
    } else {
        vendor_close(v, true);
        pool_serve_waiting(t);
    }
    call->x.ev->on_end(call->x.ev_ctx, call->trailer.fields, n);
}

/* -------- answers -------- */

static int on_body(void *ctx, struct str bytes)
{
    struct h1_vendor *v = ctx;
    struct h1_call *call = v->call;

    call->credit = call->credit == SIZE_MAX ? SIZE_MAX : call->credit > bytes.n ? call->credit - bytes.n : 0;
    call->x.ev->on_body(call->x.ev_ctx, bytes);
    return v->call == call ? 0 : H1_R_STOP;
}

static void start_head(struct h1_vendor *v)
{
    h1_parser_start(&v->parser, &v->call->buf, &v->call->trailer);
}

/* 1xx: ours to absorb, or the user's to pass on. */
static void interim(struct h1_vendor *v)
{
    struct h1_call *call = v->call;

    if (++call->n_infos > INFO_HEADS_MAX) {
        h1_call_lose(call, HTTP_RESET_BAD_FRAMING);
        return;
    }
    if (call->head.status != 100 && call->x.ev->on_info)
        call->x.ev->on_info(call->x.ev_ctx, &call->head);
    if (v->call == call)
        start_head(v);
}

/* True when the answer is complete. */
static bool head_step(struct h1_vendor *v, struct str in, size_t *ret_used)
{
    struct h1_call *call = v->call;
    int r = h1_parse_head(&v->parser, in, ret_used);

    if (r == H1_R_BAD) {
        h1_call_lose(call, v->parser.bad.status == 400 ? HTTP_RESET_BAD_FRAMING : HTTP_RESET_TOO_LARGE);
        return false;
    }
    if (r != H1_R_HEAD)
        return false;
    if (h1_response_decide(&v->parser, call->is_head_request, &call->head, &v->in) != 0) {
        h1_call_lose(call, HTTP_RESET_BAD_FRAMING);
        return false;
    }
    if (call->head.status < 200) {
        interim(v);
        return false;
    }
    call->got_head = true;
    h1_body_start(&v->parser, v->in.framing, v->in.length);
    call->x.ev->on_head(call->x.ev_ctx, &call->head);
    return v->call == call && v->in.framing == H1_NONE;
}

static bool body_step(struct h1_vendor *v, struct str in, size_t *ret_used)
{
    struct h1_call *call = v->call;
    int r = h1_parse_body(&v->parser, in, ret_used);

    if (r == H1_R_BAD)
        h1_call_lose(call, v->parser.bad.status == 400 ? HTTP_RESET_BAD_FRAMING : HTTP_RESET_TOO_LARGE);
    return r == H1_R_END && v->call == call;
}

static void hold(struct h1_vendor *v, struct str in)
{
    check(!v->held);
    v->held = malloc(in.n);
    check(v->held);
    memcpy(v->held, in.p, in.n);
    v->held_bytes = in.n;
}

static bool may_go_on(const struct h1_vendor *v)
{
    return v->state != VENDOR_BUSY || !v->call->got_head || v->call->credit > 0;
}

static void run(struct h1_vendor *v, struct str in)
{
    bool is_complete = false;

    v->in_run = true;
    while (in.n && v->state == VENDOR_BUSY && !is_complete) {
        if (!may_go_on(v)) {
            hold(v, in);
            break;
        }
        size_t used = 0;
        is_complete = v->call->got_head ? body_step(v, in, &used) : head_step(v, in, &used);
        in = str_sub(in, used, in.n);
    }
    v->in_run = false;
    if (v->state == VENDOR_GONE) {
        free(v);
    } else if (is_complete) {
        end_answer(v, in.n);
    } else {
        vendor_settle(v);
        if (v->call)
            h1_call_settle(v->call, true);
    }
}

static void on_resume(struct timer *t)
{
    struct h1_vendor *v = list_entry(t, struct h1_vendor, resume_timer);
    char *held = v->held;

    if (!held || !may_go_on(v))
        return;
    v->held = NULL;
    run(v, (struct str){held, v->held_bytes});
    free(held);
}

void vendor_resume_soon(struct h1_vendor *v) { timer_arm(loop_of(v), &v->resume_timer, 0); }

/* Reading follows the credit; an idle connection is read too, because only reading shows that it was closed. */
void vendor_settle(struct h1_vendor *v)
{
    bool wants_read = v->state != VENDOR_CONNECTING && !v->held && may_go_on(v);

    if (wants_read == v->is_reading)
        return;
    v->is_reading = wants_read;
    if (wants_read)
        stream_read_start(v->stream);
    else
        stream_read_stop(v->stream);
}

/* -------- the stream -------- */

static void on_stream_connect(void *ctx)
{
    struct h1_vendor *v = ctx;

    timer_cancel(loop_of(v), &v->next_timer);
    v->state = VENDOR_BUSY;
    vendor_settle(v);
    h1_call_connected(v->call);
}

static void close_idle(struct h1_vendor *v)
{
    struct pool_target *t = v->target;

    vendor_close(v, true);
    pool_serve_waiting(t);
}

static void on_stream_bytes(void *ctx, struct str bytes)
{
    struct h1_vendor *v = ctx;
    struct h1_call *call = v->call;

    if (v->state == VENDOR_IDLE) { /* nobody asked */
        close_idle(v);
        return;
    }
    call->x.bytes_in = v->stream->bytes_in - call->in_base;
    if (!call->x.got_first_byte) {
        call->x.got_first_byte = true;
        call->x.first_byte_at = loop_now(loop_of(v));
        if (!call->is_head_sent) {
            h1_call_lose(call, HTTP_RESET_BAD_FRAMING);
            return;
        }
    }
    run(v, bytes);
}

static void on_stream_eof(void *ctx)
{
    struct h1_vendor *v = ctx;
    struct h1_call *call = v->call;

    if (v->state == VENDOR_IDLE) {
        close_idle(v);
    } else if (call->got_head && v->in.framing == H1_UNTIL_CLOSE) {
        end_answer(v, 0);
    } else {
        h1_call_lose(call, call->x.got_first_byte ? HTTP_RESET_TRUNCATED : HTTP_RESET_PEER_CLOSED);
    }
}

static void on_stream_drained(void *ctx)
{
    struct h1_vendor *v = ctx;
    struct h1_call *call = v->call;

    if (!call)
        return;
    if (call->is_finished && call->x.sent_at == 0)
        call->x.sent_at = loop_now(loop_of(v));
    h1_call_settle(call, false);
    if (call->wants_writable) {
        call->wants_writable = false;
        if (call->x.ev->on_writable)
            call->x.ev->on_writable(call->x.ev_ctx);
    }
}

/* Which of the ways a plain connection breaks says nothing that the state does not; TLS has more to tell. */
static enum http_reset why_broken(const struct h1_vendor *v, int err)
{
    if (err == -ERR_TLS_TRUNCATED && !v->call->x.got_first_byte)
        return HTTP_RESET_PEER_CLOSED; /* closed without a word, as many do with connections that were kept */
    enum http_reset why = http_reset_of_tls(err);
    if (why != HTTP_RESET_COUNT)
        return why;
    return v->state == VENDOR_CONNECTING ? HTTP_RESET_CONNECT_FAILED : HTTP_RESET_PEER_RESET;
}

static bool try_next(struct h1_vendor *v);

static void on_stream_error(void *ctx, int err)
{
    struct h1_vendor *v = ctx;

    if (v->state == VENDOR_IDLE) {
        close_idle(v);
        return;
    }
    if (v->state == VENDOR_CONNECTING && err == -ERR_CONNECT && try_next(v))
        return;
    enum http_reset why = why_broken(v, err);
    /* Of TLS 1.3 a client hears that its certificate is missed only behind the handshake: what it sent meanwhile was
     * never read (RFC 8446 4.4.2.4), so nothing was sent. */
    if (err == -ERR_TLS_CERT_REQUIRED && !v->call->x.got_first_byte)
        v->state = VENDOR_CONNECTING;
    h1_call_lose(v->call, why);
}

static const struct stream_events stream_events = {
    .on_connect = on_stream_connect,
    .on_bytes = on_stream_bytes,
    .on_eof = on_stream_eof,
    .on_drained = on_stream_drained,
    .on_error = on_stream_error,
};

static void on_idle_timer(struct timer *t) { close_idle(list_entry(t, struct h1_vendor, idle_timer)); }

static void carry(struct h1_vendor *v, struct h1_call *call)
{
    v->call = call;
    call->conn = v;
    call->in_base = v->stream ? v->stream->bytes_in : 0;
    start_head(v);
}

/* -------- opening -------- */

/* The next address that may be used and can be tried; false: there is none. */
static bool dial(struct h1_vendor *v)
{
    struct pool_target *t = v->target;
    struct loop *l = loop_of(v);
    struct str host = {t->host, t->host_n};

    while (v->i_addr < v->addrs.n) {
        struct net_addr a = v->addrs.items[v->i_addr++];
        a.port = t->port;
        if (!t->allows_private && net_addr_special(&a)) {
            v->was_refused = true;
            continue;
        }
        int r = t->tls ? tls_client_connect(t->tls, l, &a, host, &stream_events, v, &v->stream)
                       : l->ops->connect(l, &a, &stream_events, v, &v->stream);
        if (r < 0)
            continue;
        if (v->i_addr < v->addrs.n) /* one that swallows packets leaves the others their share of the time */
            timer_arm(l, &v->next_timer, v->call->times.connect_ms / (int64_t)v->addrs.n);
        return true;
    }
    return false;
}

/* False: the connection that was tried stays the last word. */
static bool try_next(struct h1_vendor *v)
{
    struct stream *tried = v->stream;

    timer_cancel(loop_of(v), &v->next_timer);
    if (!dial(v))
        return false;
    stream_close(tried, true);
    return true;
}

/* An address that shakes hands is alive, however slowly. */
static void on_next_timer(struct timer *t)
{
    struct h1_vendor *v = list_entry(t, struct h1_vendor, next_timer);

    if (!v->target->tls || !tls_client_is_shaking_hands(v->stream))
        (void)try_next(v);
}

static enum http_reset why_no_address(const struct h1_vendor *v)
{
    return v->was_refused ? HTTP_RESET_ADDRESS_REFUSED : HTTP_RESET_CONNECT_FAILED;
}

static void on_resolved(struct resolve_wait *w, int err, const struct net_addrs *addrs)
{
    struct h1_vendor *v = list_entry(w, struct h1_vendor, resolving);

    if (err < 0) {
        h1_call_lose(v->call, HTTP_RESET_RESOLVE_FAILED);
        return;
    }
    v->addrs = *addrs;
    if (!dial(v))
        h1_call_lose(v->call, why_no_address(v));
}

static struct h1_vendor *vendor_new(struct pool_target *t)
{
    struct h1_vendor *v = calloc(1, sizeof(*v));

    check(v);
    v->target = t;
    v->state = VENDOR_CONNECTING;
    v->resolving.fn = on_resolved;
    list_init(&v->resolving.node);
    list_init(&v->idle_node);
    h1_parser_init(&v->parser, HTTP_RESPONSE, &t->pool->head_limits, on_body, v);
    timer_init(&v->idle_timer, on_idle_timer);
    timer_init(&v->resume_timer, on_resume);
    timer_init(&v->next_timer, on_next_timer);
    list_add_tail(&t->conns, &v->node);
    t->n_conns++;
    t->pool->n_conns++;
    return v;
}

void vendor_open(struct pool_target *t, struct h1_call *call)
{
    struct h1_vendor *v = vendor_new(t);

    carry(v, call);
    int r = resolver_ask(t->pool->resolver, (struct str){t->host, t->host_n}, &v->resolving, &v->addrs);
    if (r < 0)
        h1_call_fail_soon(call, HTTP_RESET_RESOLVE_FAILED);
    else if (r == 0 && !dial(v))
        h1_call_fail_soon(call, why_no_address(v));
}

void vendor_attach(struct h1_vendor *v, struct h1_call *call)
{
    check(v->state == VENDOR_IDLE && !v->held);
    timer_cancel(loop_of(v), &v->idle_timer);
    v->state = VENDOR_BUSY;
    call->x.is_reused = true;
    carry(v, call);
    h1_call_connected(call);
}
