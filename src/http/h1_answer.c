/*
 * http/h1_answer.c - the server's side of an exchange: what the user of a request may call.
 *
 * After the answer is finished, reset or lost, the exchange has no connection any more and every call but release does
 * nothing.
 */
#include "http/h1_server_impl.h"

#include "base/check.h"

static struct h1_answer *of(struct http_exchange *x)
{
    struct h1_answer *a = (struct h1_answer *)(void *)x;

    check(x->ops == &h1_answer_ops);
    return a;
}

static void send(struct h1_answer *a, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a->x.bytes_out += parts[i].n;
    h1_conn_write(a->conn, parts, n);
}

static void send_scratch(struct h1_conn *c)
{
    struct str head = buf_str(&c->server->scratch);

    if (c->x)
        c->x->x.bytes_out += head.n;
    h1_conn_write(c, &head, 1);
}

static void answer_credit(struct http_exchange *x, size_t n)
{
    struct h1_answer *a = of(x);
    struct h1_conn *c = a->conn;

    if (!c || n == 0 || c->state != H1_BODY)
        return;
    c->credit = n > SIZE_MAX - c->credit ? SIZE_MAX : c->credit + n;
    if (c->continue_pending && !a->is_head_sent) {
        struct str go_on = STR("HTTP/1.1 100 Continue\r\n\r\n");
        c->continue_pending = false;
        send(a, &go_on, 1);
    }
    if (c->in_run)
        return; /* run() looks at the credit before it goes on */
    if (c->held)
        h1_conn_resume_soon(c);
    h1_conn_settle(c);
}

static void answer_send_info(struct http_exchange *x, const struct http_head *h)
{
    struct h1_answer *a = of(x);

    check(h->status > 100 && h->status < 200 && h->status != 101);
    if (!a->conn || a->is_head_sent || a->is_http10)
        return;
    buf_reset(&a->server->scratch);
    if (h1_write_response(&a->server->scratch, h, H1_NONE, false) == 0)
        send_scratch(a->conn);
}

/* Whether the connection has to end after this answer, as far as is known when its head is written. */
static bool must_close(const struct h1_conn *c)
{
    if (c->wants_close || c->server->is_draining)
        return true;
    if (c->state != H1_BODY)
        return false;
    return c->continue_pending || c->parser.left_bytes > (uint64_t)c->server->limits->drain_unread_bytes_max;
}

static void decide_framing(struct h1_answer *a, const struct http_head *h)
{
    if (a->is_head_request || h->status == 204 || h->status == 304) {
        a->framing = H1_NONE;
    } else if (h->body_bytes != HTTP_BODY_UNKNOWN) {
        check(h->body_bytes >= 0);
        a->framing = H1_LENGTH;
        a->left_bytes = (uint64_t)h->body_bytes;
    } else {
        a->framing = a->is_http10 ? H1_UNTIL_CLOSE : H1_CHUNKED;
    }
}

static void answer_send_head(struct http_exchange *x, const struct http_head *h)
{
    struct h1_answer *a = of(x);
    struct h1_conn *c = a->conn;

    if (!c)
        return;
    check(!a->is_head_sent && h->status >= 200);
    decide_framing(a, h);
    c->wants_close = must_close(c) || a->framing == H1_UNTIL_CLOSE;
    a->is_head_sent = true;
    buf_reset(&a->server->scratch);
    if (h1_write_response(&a->server->scratch, h, a->framing, c->wants_close) < 0)
        h1_conn_close(c, H1_CLOSE_RESET); /* fields beyond any limit that heads are read with */
    else
        send_scratch(c);
}

static size_t answer_write(struct http_exchange *x, struct str b)
{
    struct h1_answer *a = of(x);
    char line[H1_CHUNK_LINE_BYTES];

    if (!a->conn)
        return 0;
    check(a->is_head_sent);
    if (b.n && a->framing == H1_CHUNKED) {
        send(a, (struct str[]){h1_chunk_line(b.n, line), b, STR("\r\n")}, 3);
    } else if (b.n && a->framing == H1_LENGTH && b.n > a->left_bytes) {
        h1_conn_close(a->conn, H1_CLOSE_RESET); /* more than was promised: whatever follows would be misread */
        return 0;
    } else if (b.n && a->framing != H1_NONE) {
        if (a->framing == H1_LENGTH)
            a->left_bytes -= b.n;
        send(a, &b, 1);
    }
    size_t queued = stream_queued(a->conn->stream);
    a->wants_writable = queued > (size_t)a->server->limits->stream_window_bytes;
    return queued;
}

static void answer_finish(struct http_exchange *x, const struct http_field *trailers, size_t n_trailers)
{
    struct h1_answer *a = of(x);
    struct h1_conn *c = a->conn;

    if (!c)
        return;
    check(a->is_head_sent);
    if (a->framing == H1_LENGTH && a->left_bytes) {
        h1_conn_close(c, H1_CLOSE_RESET);
        return;
    }
    if (a->framing == H1_CHUNKED) {
        buf_reset(&a->server->scratch);
        h1_write_trailers(&a->server->scratch, trailers, n_trailers);
        send_scratch(c);
    }
    h1_conn_answered(c);
}

static void answer_reset(struct http_exchange *x, enum http_reset why)
{
    struct h1_answer *a = of(x);

    (void)why; /* HTTP/1.1 has no way to say it */
    if (a->conn)
        h1_conn_close(a->conn, H1_CLOSE_RESET);
}

static void answer_release(struct http_exchange *x)
{
    answer_reset(x, HTTP_RESET_CANCELLED);
    h1_answer_free(of(x));
}

static bool answer_peer(const struct http_exchange *x, struct net_addr *ret)
{
    const struct h1_answer *a = (const struct h1_answer *)(const void *)x;
    return a->conn && stream_peer(a->conn->stream, ret);
}

const struct http_exchange_ops h1_answer_ops = {
    .credit = answer_credit,
    .send_info = answer_send_info,
    .send_head = answer_send_head,
    .write = answer_write,
    .finish = answer_finish,
    .reset = answer_reset,
    .release = answer_release,
    .peer = answer_peer,
};

void h1_refuse(struct h1_conn *c, const struct http_refusal *r)
{
    struct http_server *s = c->server;
    struct http_refusal_answer answer = {.n_fields = 0};
    struct http_field fields[1 + HTTP_REFUSAL_FIELDS_MAX] = {{STR("Content-Type"), STR("application/json")}};
    struct http_head h = {.status = r->status, .fields = fields};

    arena_reset(&s->refusal);
    s->handler->on_bad_head(s->ctx, r, c->x && c->x->is_begun ? &c->x->x : NULL, &s->refusal, &answer);
    check(answer.n_fields <= HTTP_REFUSAL_FIELDS_MAX);
    h.body_bytes = (int64_t)answer.body.n;
    h.n_fields = answer.body.n ? 1 : 0;
    for (size_t i = 0; i < answer.n_fields; i++)
        fields[h.n_fields++] = answer.fields[i];
    buf_reset(&s->scratch);
    if (h1_write_response(&s->scratch, &h, H1_LENGTH, true) == 0) {
        send_scratch(c);
        h1_conn_write(c, &answer.body, 1);
    }
}
