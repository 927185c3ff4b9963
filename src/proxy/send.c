/*
 * proxy/send.c - the bytes of a request to a vendor: canonical, ours to answer for. Nothing of the agent's head goes on
 * but what the connector lists; the secret joins last, from wiped memory.
 */
#include "proxy/send.h"

#include "codec/b64.h"
#include "crypto/hash.h"

#include <string.h>

#define RUN_FIELDS 2
#define SECRET_VALUE_BYTES (B64_SIZE(SECRET_BYTES_MAX) + 64)

/* Fields that we write ourselves are not among them. */
static bool goes_on(const struct call *c, struct str name)
{
    if (c->vendor->is_simulated && str_eq_nocase(name, STR("x-flyball-fault")))
        return true;
    return connector_forwards_header(c->vendor->connector, name) && !str_eq_nocase(name, STR("content-type")) &&
           !str_eq_nocase(name, STR("idempotency-key")) && !str_eq_nocase(name, STR("accept-encoding"));
}

void send_keep_fields(struct call *c)
{
    size_t n_max = c->head->n_fields + RUN_FIELDS + SEND_FIELDS_MORE;
    c->send_fields = arena_alloc(&c->arena, n_max * sizeof(*c->send_fields));
    for (size_t i = 0; i < c->head->n_fields; i++) {
        const struct http_field *f = &c->head->fields[i];
        if (!goes_on(c, f->name))
            continue;
        c->send_fields[c->n_send_fields++] =
            (struct http_field){arena_str(&c->arena, f->name), arena_str(&c->arena, f->value)};
    }
}

/* For another gateway or observer, that joins its records with ours on them. */
static size_t add_run(struct call *c, struct http_field *fields)
{
    fields[0] = (struct http_field){STR("x-agent-run-id"), c->run.id};
    fields[1] = (struct http_field){
        STR("traceparent"), arena_printf(&c->arena, "00-%s-%s-01", c->run.trace_id, c->run.span_id)};
    return RUN_FIELDS;
}

/* The value of the field that speaks for us, into `out`: whoever calls wipes it. */
static struct str secret_value(struct secret_form form, const struct secret *secret, char out[SECRET_VALUE_BYTES])
{
    struct str s = secret_reveal(secret);
    size_t n = form.is_basic ? B64_SIZE(s.n) : s.n;
    check(form.prefix.n + n <= SECRET_VALUE_BYTES);
    if (form.prefix.n)
        memcpy(out, form.prefix.p, form.prefix.n);
    if (form.is_basic)
        n = b64_encode(s, out + form.prefix.n).n;
    else
        memcpy(out + form.prefix.n, s.p, s.n);
    return (struct str){out, form.prefix.n + n};
}

static size_t bytes_of(const struct str *parts, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += parts[i].n;
    return bytes;
}

static void send_head(struct http_exchange *x, const struct vendor *v, const struct credential *credential,
                      struct http_field *fields, size_t n, const struct send_parts *p)
{
    struct secret_form form = connector_secret_form(v->connector);
    char secret[SECRET_VALUE_BYTES];
    struct str value = STR_NONE;

    fields[n++] = (struct http_field){STR("accept-encoding"), STR("identity")};
    if (p->content_type.n)
        fields[n++] = (struct http_field){STR("content-type"), p->content_type};
    if (p->idempotency_key.n)
        fields[n++] = (struct http_field){STR("idempotency-key"), p->idempotency_key};
    if (credential) {
        value = secret_value(form, credential->value, secret);
        fields[n++] = (struct http_field){form.header, value};
    }
    struct http_head head = {
        .method = p->method,
        .target = p->target,
        .fields = fields,
        .n_fields = n,
        .body_bytes = (int64_t)bytes_of(p->body, p->n_body),
    };
    http_send_head(x, &head);
    bytes_wipe(secret, value.n);
}

void send_on(struct http_exchange *x, const struct vendor *v, const struct credential *credential,
             struct http_field *fields, size_t n, const struct send_parts *p)
{
    send_head(x, v, credential, fields, n, p);
    for (size_t i = 0; i < p->n_body; i++)
        (void)http_write(x, p->body[i]);
    http_finish(x, NULL, 0);
}

void send_request(struct call *c, const struct send_parts *p)
{
    size_t n = c->n_send_fields; /* behind them is room for ours */
    check(c->send_fields);
    if (c->vendor->forwards_run_id)
        n += add_run(c, c->send_fields + n);
    check(!c->vendor->credential == !c->credential);
    send_head(c->up, c->vendor, c->credential, c->send_fields, n, p);
    c->sending = (struct send_state){.parts = p->body, .n_parts = p->n_body};
    send_more(c);
}

/* The piece that is due, at most a window of it; empty at the end. */
static struct str take_piece(struct send_state *s, size_t most)
{
    while (s->n_parts && s->at == s->parts->n) {
        s->parts++;
        s->n_parts--;
        s->at = 0;
    }
    if (!s->n_parts)
        return STR_NONE;
    struct str piece = str_sub(*s->parts, s->at, most);
    s->at += piece.n;
    return piece;
}

void send_more(struct call *c)
{
    size_t window = (size_t)c->w->shared->limits->stream_window_bytes;
    struct send_state *s = &c->sending;
    struct str piece;
    if (s->is_finished)
        return;
    while ((piece = take_piece(s, window)).n)
        if (http_write(c->up, piece) > window)
            return; /* on_writable comes when it is taken */
    s->is_finished = true;
    http_finish(c->up, NULL, 0);
}

bool send_is_answered_by(struct str idempotency_key, const struct http_head *head)
{
    struct str echo;
    return !http_head_get(head, STR("idempotency-key"), &echo) || str_eq(echo, idempotency_key);
}

struct record_attempt *attempt_begin(struct call *c, bool is_lookup, struct str path_template)
{
    if (c->n_attempts == ATTEMPTS_MAX)
        return NULL;
    struct record_attempt *a = &c->attempts[c->n_attempts++];
    *a = (struct record_attempt){
        .is_lookup = is_lookup,
        .method = is_lookup ? STR("GET") : c->method,
        .path = path_template,
        .target = c->vendor->target_text,
        .started_us = call_us(c),
        .connect_us = -1,
        .first_byte_us = -1,
        .total_us = -1,
    };
    return a;
}

static int64_t since_start_us(const struct call *c, mono_t at) { return at ? (at - c->began_at) / NS_PER_US : -1; }

void attempt_end(struct call *c, uint16_t status, const char *error)
{
    struct record_attempt *a = &c->attempts[c->n_attempts - 1];
    a->connect_us = since_start_us(c, c->up->connected_at);
    a->first_byte_us = since_start_us(c, c->up->first_byte_at);
    a->total_us = call_us(c);
    a->status = status;
    a->error = error;
    a->bytes_out = c->up->bytes_out;
    a->bytes_in = c->up->bytes_in;
    a->is_reused = c->up->is_reused;
    if (!a->is_lookup) {
        c->phases.connect = a->connect_us;
        c->phases.first_byte = a->first_byte_us;
        c->phases.queue = since_start_us(c, c->up->sent_at);
    }
}
