/*
 * proxy/redaction.c - the request and the record: bodies, queries, fields and facts without what is personal in them.
 */
#include "proxy/redaction.h"

#include "codec/gzip.h"
#include "proxy/llm.h"
#include "redact/redact_body.h"
#include "redact/redact_events.h"

#define GROWTH 4 /* a replacement may be longer than what it stands for */

void redaction_free(struct redaction *r)
{
    if (!r)
        return;
    buf_deinit(&r->body);
    buf_deinit(&r->unpacked);
    buf_deinit(&r->out);
    gunzip_free(r->gunzip);
    redact_events_free(r->events);
}

static size_t answer_max(const struct call *c)
{
    const struct limits *l = c->w->shared->limits;
    return (size_t)(c->llm ? l->llm_answer_bytes_max : l->answer_bytes_max);
}

static size_t most(const struct call *c)
{
    return GROWTH * (c->body.max_bytes > answer_max(c) ? c->body.max_bytes : answer_max(c));
}

/* What the verdict asks for, anew for each verdict; NULL: nothing. */
static struct redaction *begin(struct call *c)
{
    uint32_t redactors = c->verdict.duties.redactors;
    if (!redactors && !c->redaction)
        return NULL;
    if (!c->redaction) {
        c->redaction = arena_alloc(&c->arena, sizeof *c->redaction);
        *c->redaction = (struct redaction){.grown = 0};
        buf_init(&c->redaction->body, most(c));
        buf_init(&c->redaction->unpacked, answer_max(c));
        buf_init(&c->redaction->out, most(c));
    }
    policy_redact_set(c->adm.policy, redactors, REDACT_AT_REQUEST, &c->redaction->request);
    policy_redact_set(c->adm.policy, redactors, REDACT_AT_RESPONSE, &c->redaction->response);
    return c->redaction;
}

/* --- request ----------------------------------------------------------------------------------------------------- */

static int refuse(struct call *c, const char *what)
{
    c->verdict.effect = EFFECT_DENY; /* a person need not be asked any more */
    call_refusef(c, CODE_POLICY_DENIED, 0,
                 "Policy " STR_FMT " takes what is personal out of requests to " STR_FMT ", and %s; nothing was sent",
                 STR_ARG(policy_name(c->adm.policy)), STR_ARG(c->vendor->name), what);
    return REDACTION_R_REFUSED;
}

/* The pieces of a model's body are megabytes, and no part of the call's memory: they are joined where they end up. */
static int redact_pieces(struct call *c, struct redaction *r, enum redact_form form, size_t *n_found)
{
    struct buf whole;
    buf_init(&whole, most(c));
    for (size_t i = 0; i < c->n_send_body; i++)
        (void)buf_add(&whole, c->send_body[i]); /* buf_ok() below */
    int e = buf_ok(&whole);
    if (e == 0)
        e = redact_body(&r->request, form, buf_str(&whole), &r->body, n_found);
    if (e == 0)
        r->grown = (int64_t)r->body.n - (int64_t)whole.n;
    buf_deinit(&whole);
    return e;
}

static int redact_send_body(struct call *c, struct redaction *r)
{
    size_t n_found = 0;
    buf_reset(&r->body);
    if (c->n_send_body == 0 || (c->n_send_body == 1 && c->send_body[0].n == 0))
        return 0;
    enum redact_form form = redact_form_of(c->to.content_type, c->send_body[0]);
    if (form == REDACT_FORMS)
        return refuse(c, "cannot look into a body of this Content-Type");
    int e = redact_pieces(c, r, form, &n_found);
    if (e == -ERR_INVALID)
        return refuse(c, "this body is not what its Content-Type says, or nested too deeply to look into");
    if (e < 0)
        return refuse(c, "this body became too large by it");
    if (n_found) {
        c->send_body[0] = buf_str(&r->body);
        c->n_send_body = 1;
    }
    return 0;
}

/* A model reads more than was counted: once more, with what it will read. */
static int count_growth(struct call *c, struct redaction *r)
{
    if (!c->llm || r->grown <= c->llm->redaction_bytes)
        return 0;
    c->llm->request.text_bytes += r->grown - c->llm->redaction_bytes;
    c->llm->redaction_bytes = r->grown;
    call_facts_of_model_again(c);
    return REDACTION_R_AGAIN;
}

static int redact_query(struct call *c, struct redaction *r)
{
    struct buf out;
    size_t n_found = 0;
    if (!c->to.query.n)
        return 0;
    buf_init(&out, GROWTH * c->to.query.n + REDACT_HOLD_BYTES_MAX);
    int e = redact_body(&r->request, REDACT_URLENCODED, c->to.query, &out, &n_found);
    if (e == 0 && n_found)
        c->to.query = arena_str(&c->arena, buf_str(&out));
    buf_deinit(&out);
    return e < 0 ? refuse(c, "its query became too large by it") : 0;
}

int redaction_of_request(struct call *c)
{
    struct redaction *r = begin(c);
    if (!r || !r->request.n)
        return 0;
    if (redact_finds(&r->request, c->to.path))
        return refuse(c, "cannot take it out of a path, which would be another one");
    if (redact_finds(&r->request, c->send_key))
        return refuse(c, "cannot take it out of an Idempotency-Key, which would be another one; choose one without it");
    int e = redact_send_body(c, r);
    if (e == 0)
        e = redact_query(c, r);
    return e == 0 ? count_growth(c, r) : e;
}

struct str redaction_of_text(struct call *c, const struct redact_set *s, struct str text)
{
    struct buf out;
    size_t n_found = 0;
    if (!text.n)
        return text;
    buf_init(&out, GROWTH * text.n + REDACT_HOLD_BYTES_MAX);
    int r = redact_found(s, text, &out, &n_found);
    struct str made = r == 0 ? text : r > 0 ? arena_str(&c->arena, buf_str(&out)) : STR("");
    buf_deinit(&out);
    return made;
}

void redaction_of_fields(struct call *c)
{
    if (!c->redaction || !c->redaction->request.n)
        return;
    for (size_t i = 0; i < c->n_send_fields; i++)
        c->send_fields[i].value = redaction_of_text(c, &c->redaction->request, c->send_fields[i].value);
}

/* --- record ------------------------------------------------------------------------------------------------------ */

/* Before a verdict nobody knows which rules would have matched: all redactors act. */
uint32_t redactors_of_record(const struct call *c)
{
    return c->is_decided ? c->verdict.duties.redactors_of_record
                                                   : policy_redactors(c->adm.policy);
}

static void redact_params(struct call *c, const struct redact_set *s, struct facts *f)
{
    struct param *params = arena_alloc(&c->arena, (f->n_params + 1) * sizeof *params);
    for (size_t i = 0; i < f->n_params; i++) {
        params[i] = f->params[i];
        params[i].s = redaction_of_text(c, s, params[i].s);
        if (params[i].s.p != f->params[i].s.p)
            params[i].kind = KIND_TEXT;
    }
    f->params = params;
}

void redaction_of_record(struct call *c, struct redacted_record *ret)
{
    struct redact_set s;
    uint32_t redactors = redactors_of_record(c);
    *ret = (struct redacted_record){&c->facts, &c->verdict, c->path, c->saas.path, c->idempotency_key};
    if (!redactors)
        return;
    policy_redact_set(c->adm.policy, redactors, REDACT_AT_LOG, &s);
    if (!s.n)
        return;
    struct facts *f = arena_alloc(&c->arena, sizeof *f);
    struct verdict *v = arena_alloc(&c->arena, sizeof *v);
    *f = c->facts;
    *v = c->verdict;
    ret->facts = f;
    ret->verdict = v;
    redact_params(c, &s, f);
    f->claims.user = redaction_of_text(c, &s, c->facts.claims.user);
    f->claims.customer = redaction_of_text(c, &s, c->facts.claims.customer);
    f->model = redaction_of_text(c, &s, c->facts.model);
    f->model_asked = redaction_of_text(c, &s, c->facts.model_asked);
    v->reason = redaction_of_text(c, &s, c->verdict.reason);
    if (c->verdict.would) /* for the record only */
        c->verdict.would->reason = redaction_of_text(c, &s, c->verdict.would->reason);
    ret->path = redaction_of_text(c, &s, c->path);
    ret->saas_path = redaction_of_text(c, &s, c->saas.path);
    ret->idempotency_key = redaction_of_text(c, &s, c->idempotency_key);
}
