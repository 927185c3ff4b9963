/*
 * sandbox/host.c - one request at a time on each connection: read whole, answered by the vendor, sent as faults say.
 *
 * Each request has a struct visit from its head to its release; all are in the list of open visits, so that stop()
 * finds those that wait. A body over llm_body_bytes_max is answered 413.
 */
#include "sandbox/host.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/err.h"
#include "http/server.h"
#include "net/timer.h"

#include <stdlib.h>

#define DELAY_MS 1000
#define SLOW_BYTES 24
#define SLOW_MS 10
#define VISIT_ARENA_BYTES (64 << 20)

struct sandbox {
    struct loop *loop;
    const struct limits *limits;
    struct sandbox_vendor vendor;
    struct net_listener *listener;
    struct http_server *server;
    struct list visits;
};

struct visit {
    struct list node;
    struct sandbox *sb;
    struct http_exchange *x;
    const struct http_head *head;
    struct sandbox_answer answer;
    size_t i_piece, at; /* what is sent next */
    struct arena arena;
    struct buf body;
    struct timer timer;
};

static const struct str faults[] = {
    STR_INIT(""),
#define FAULT(name, text, help) STR_INIT(text),
#include "sandbox/fault.tbl.h"
#undef FAULT
};

enum sandbox_fault sandbox_fault_parse(struct str s)
{
    for (int i = 1; i < SANDBOX_FAULT_COUNT; i++)
        if (str_eq(s, faults[i]))
            return (enum sandbox_fault)i;
    return SANDBOX_FAULT_NONE;
}

struct str sandbox_field(const struct sandbox_request *r, struct str name)
{
    struct str v;
    return http_head_get(r->head, name, &v) ? v : STR_NONE;
}

void sandbox_put_field(struct sandbox_answer *a, struct str name, struct str value)
{
    check(a->n_fields < SANDBOX_FIELDS_MAX);
    a->fields[a->n_fields++] = (struct http_field){name, value};
}

void sandbox_put_json(struct sandbox_answer *a, uint16_t status, struct str body, struct arena *arena)
{
    struct str *piece = arena_alloc(arena, sizeof(*piece));
    *piece = body;
    a->status = status;
    a->pieces = piece;
    a->n_pieces = 1;
    sandbox_put_field(a, STR("Content-Type"), STR("application/json"));
}

static void visit_end(struct visit *v)
{
    timer_cancel(v->sb->loop, &v->timer);
    list_remove(&v->node);
    http_release(v->x); /* breaks off what is not finished */
    buf_deinit(&v->body);
    arena_deinit(&v->arena);
    free(v);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const struct sandbox_answer *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_pieces; i++)
        n += a->pieces[i].n;
    return n;
}

static void send_head(struct visit *v)
{
    struct sandbox_answer *a = &v->answer;
    struct http_head head = {.status = a->status,
                             .fields = a->fields,
                             .n_fields = a->n_fields,
                             .body_bytes = a->is_stream ? HTTP_BODY_UNKNOWN : (int64_t)bytes_of(a)};
    http_send_head(v->x, &head);
}

/* True where the answer ends too early: in the middle of the only piece, or between the pieces of a stream. */
static bool is_at_the_middle(const struct visit *v)
{
    const struct sandbox_answer *a = &v->answer;
    return a->n_pieces == 1 ? v->at >= a->pieces[0].n / 2 : v->i_piece >= a->n_pieces / 2;
}

static struct str next_piece(struct visit *v)
{
    const struct sandbox_answer *a = &v->answer;
    size_t most = a->fault == SANDBOX_FAULT_SLOW ? SLOW_BYTES : SIZE_MAX;
    if (v->i_piece == a->n_pieces)
        return STR_NONE;
    struct str whole = a->pieces[v->i_piece];
    bool is_broken = a->fault == SANDBOX_FAULT_TRUNCATE || a->fault == SANDBOX_FAULT_STALL;
    if (a->n_pieces == 1 && is_broken)
        most = whole.n / 2 - v->at;
    struct str piece = str_sub(whole, v->at, most);
    v->at += piece.n;
    if (v->at == whole.n) {
        v->i_piece++;
        v->at = 0;
    }
    return piece;
}

static int64_t pace_of(const struct sandbox_answer *a) { return a->fault == SANDBOX_FAULT_SLOW ? SLOW_MS : a->pace_ms; }

/* Sends what may go now. False: the visit is over. */
static bool send_more(struct visit *v)
{
    struct sandbox_answer *a = &v->answer;
    size_t window = (size_t)v->sb->limits->stream_window_bytes;
    while (v->i_piece < a->n_pieces) {
        if (a->fault == SANDBOX_FAULT_TRUNCATE && is_at_the_middle(v)) {
            visit_end(v);
            return false;
        }
        if (a->fault == SANDBOX_FAULT_STALL && is_at_the_middle(v))
            return true; /* until the other side gives up */
        size_t queued = http_write(v->x, next_piece(v));
        if (pace_of(a) && v->i_piece < a->n_pieces) {
            timer_arm(v->sb->loop, &v->timer, pace_of(a));
            return true;
        }
        if (queued > window)
            return true; /* on_writable comes */
    }
    http_finish(v->x, NULL, 0);
    visit_end(v);
    return false;
}

static void send_answer(struct visit *v)
{
    send_head(v);
    (void)send_more(v);
}

static void on_timer(struct timer *t)
{
    struct visit *v = list_entry(t, struct visit, timer);
    if (v->answer.fault == SANDBOX_FAULT_DELAY) {
        v->answer.fault = SANDBOX_FAULT_NONE;
        send_answer(v);
        return;
    }
    (void)send_more(v);
}

static void fail(struct visit *v, uint16_t status, struct str body)
{
    v->answer = (struct sandbox_answer){.fault = SANDBOX_FAULT_NONE};
    sandbox_put_json(&v->answer, status, body, &v->arena);
    send_answer(v);
}

static void answer(struct visit *v)
{
    struct sandbox *sb = v->sb;
    struct sandbox_request r = {.method = v->head->method,
                                .path = v->head->path,
                                .query = v->head->query,
                                .body = buf_str(&v->body),
                                .head = v->head,
                                .now = loop_wall(sb->loop)};
    int e = sb->vendor.answer(sb->vendor.state, &r, &v->arena, &v->answer);
    enum sandbox_fault asked = sandbox_fault_parse(sandbox_field(&r, STR("x-flyball-fault")));
    if (asked != SANDBOX_FAULT_NONE)
        v->answer.fault = asked;
    if (e < 0) {
        fail(v, 500, STR("{\"error\":{\"type\":\"api_error\",\"message\":\"The sandbox is out of memory.\"}}"));
        return;
    }
    switch (v->answer.fault) {
    case SANDBOX_FAULT_DROP:
        http_reset(v->x, HTTP_RESET_CANCELLED);
        visit_end(v);
        return;
    case SANDBOX_FAULT_STALL:
        if (v->answer.is_stream)
            send_answer(v);
        return;
    case SANDBOX_FAULT_DELAY:
        timer_arm(sb->loop, &v->timer, DELAY_MS);
        return;
    case SANDBOX_FAULT_ERROR_500:
        fail(v, 500, STR("{\"error\":{\"type\":\"api_error\",\"message\":\"The sandbox was asked to fail.\"}}"));
        return;
    default:
        send_answer(v);
    }
}

/* --- receiving -------------------------------------------------------------------------------------------------- */

static void on_body(void *ctx, struct str bytes)
{
    struct visit *v = ctx;
    (void)buf_add(&v->body, bytes); /* on_end looks */
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n_trailers)
{
    struct visit *v = ctx;
    (void)trailers;
    (void)n_trailers;
    if (buf_ok(&v->body) == 0)
        answer(v);
    else
        fail(v, 413, STR("{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"The body is too large.\"}}"));
}

static void on_reset(void *ctx, enum http_reset why)
{
    (void)why;
    visit_end(ctx);
}

static void on_writable(void *ctx)
{
    struct visit *v = ctx;
    if (v->answer.status && !timer_is_armed(&v->timer))
        (void)send_more(v);
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    static const struct http_events events = {
        .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};
    struct sandbox *sb = ctx;
    struct visit *v = calloc(1, sizeof(*v));
    check(v); /* a simulated vendor out of memory has nothing to say */
    v->sb = sb;
    v->x = x;
    v->head = head;
    arena_init(&v->arena, VISIT_ARENA_BYTES);
    buf_init(&v->body, (size_t)sb->limits->llm_body_bytes_max);
    timer_init(&v->timer, on_timer);
    list_add_tail(&sb->visits, &v->node);
    http_on(x, &events, v);
    http_credit(x, SIZE_MAX);
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    (void)ctx;
    (void)x;
    ret->body = arena_printf(a, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"%s\"}}", r->text);
}

static void on_accept(void *ctx, struct net_ticket ticket)
{
    struct sandbox *sb = ctx;
    struct stream *st;
    if (sb->loop->ops->adopt(sb->loop, ticket, &st) < 0)
        return;                             /* the connection was gone already */
    (void)http_server_take(sb->server, st); /* beyond connections_max it is closed there */
}

/* --- start and stop ---------------------------------------------------------------------------------------------- */

int sandbox_start(struct loop *loop, const struct net_addr *addr, const struct limits *limits,
                  const struct sandbox_vendor *vendor, struct sandbox **ret, struct net_addr *ret_bound)
{
    static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};
    struct sandbox *sb = calloc(1, sizeof(*sb));
    int r = net_addr_is_loopback(addr) ? 0 : -ERR_DENIED;
    check(sb);
    sb->loop = loop;
    sb->limits = limits;
    sb->vendor = *vendor;
    list_init(&sb->visits);
    if (r == 0)
        r = http_server_new(loop, limits, &handler, sb, &sb->server);
    if (r == 0)
        r = loop->ops->listen(loop, addr, (int)limits->accept_backlog, on_accept, sb, &sb->listener, ret_bound);
    if (r < 0) {
        sandbox_stop(sb);
        return err_trace(r);
    }
    http_server_set_body_max(sb->server, limits->llm_body_bytes_max);
    *ret = sb;
    return 0;
}

void sandbox_stop(struct sandbox *sb)
{
    if (!sb)
        return;
    if (sb->listener)
        sb->loop->ops->listener_close(sb->listener);
    list_each_safe(it, next, &sb->visits) visit_end(list_entry(it, struct visit, node));
    if (sb->server)
        http_server_free(sb->server);
    if (sb->vendor.free)
        sb->vendor.free(sb->vendor.state);
    free(sb);
}

void *sandbox_state(struct sandbox *sb) { return sb->vendor.state; }
