/*
 * proxy/classify.c - stages classify and predict: what the request does, to whom, for how much; read strictly.
 */
#include "proxy/call.h"

#include "call/fx.h"
#include "crypto/hash.h"
#include "proxy/identity.h"
#include "proxy/llm.h"
#include "proxy/rates.h"

#include <string.h>

static bool refuses_header(struct call *c)
{
    for (size_t i = 0; i < c->head->n_fields; i++) {
        struct str name = c->head->fields[i].name;
        if (!connector_refuses_header(c->vendor->connector, name))
            continue;
        call_refusef(c, CODE_SCOPE_DENIED, 0,
                     "The header " STR_FMT " changes whose money moves; no rule can permit it yet", STR_ARG(name));
        return true;
    }
    if (c->fields->n[AGENT_FIELD_IDEMPOTENCY_KEY] > 1) {
        call_refuse(c, CODE_REQUEST_AMBIGUOUS, 400, STR("Idempotency-Key is there twice"));
        return true;
    }
    return false;
}

/* Facts from what was read: again after a look-up. */
static void facts_of_what(struct call *c)
{
    struct facts *f = &c->facts;
    struct str path;
    if (!c->object_scope.n)
        c->object_scope =
            arena_join(&c->arena, (struct str[]){c->vendor->name, STR("/"), mode_text(c->facts.mode)}, 3);
    f->operation = c->saas.operation;
    f->class = c->saas.class;
    f->host = vendor_target(c->vendor, c->saas.path, &path).host;
    f->amount = c->saas.amount;
    f->cost = saas_predict(&c->saas);
    if (f->cost.how == HOW_UNKNOWN && f->amount.is_known && strcmp(f->amount.currency, "USD") != 0)
        f->cost = rates_to_usd(c->w->shared->rates, &f->amount, f->now, &f->fx);
    f->customer = c->saas.customer;
    f->customer_source = c->saas.customer_source;
    f->params = c->saas.params;
    f->n_params = c->saas.n_params;
    if (f->customer.n == 0 && c->saas.subject.n &&
        core_object_customer(c->w->shared->core, c->object_scope, c->saas.subject, &c->arena, &f->customer)) {
        f->customer_source = SOURCE_LEARNED;
        c->saas.customer = f->customer;
        c->saas.customer_source = SOURCE_LEARNED;
    }
    call_customer_of_token(c);
    c->is_classified = true;
}

static void idempotency_of(struct call *c)
{
    const struct facts *f = &c->facts;
    struct str parts[] = {c->method, {"\n", 1}, c->saas.path, {"\n", 1}, c->saas.body};
    if (c->saas.idempotency_key.n == 0 || f->class == CLASS_READ)
        return; /* what the vendor does not honour makes no two requests one */
    struct str slash = STR("/"), scope[] = {f->vendor, slash, mode_text(f->mode), slash, f->tenant, slash, f->agent};
    c->idem.scope = arena_join(&c->arena, scope, 7);
    sha256(c->saas.idempotency_key, c->idem.key_digest);
    sha256_parts(parts, 5, c->idem.body_digest);
    core_idem_end(&c->idem);
}

static void to_vendor(struct call *c)
{
    c->to = (struct send_to){
        .path = c->saas.path,
        .query = c->saas.query,
        .content_type = c->saas.content_type, /* of an empty form too: Stripe's readers ask for it */
        .path_template = saas_path_template(&c->saas),
    };
}

static void duplicate_of(struct call *c, const struct saas_request *r)
{
    const struct facts *f = &c->facts;
    struct duplicate *d = &c->vendor_duplicate;
    uint8_t said[DUPLICATE_DIGEST_BYTES];
    d->window_ms = saas_duplicate_window(&c->saas, r, said, &d->is_own_key);
    if (!d->window_ms)
        return;
    if (d->is_own_key)
        d->window_ms = c->w->shared->limits->idempotency_keep_ms;
    struct str line = STR("\n"), what = {(const char *)said, sizeof(said)};
    struct str parts[] = {f->vendor, line, mode_text(f->mode), line, f->tenant, line, f->agent, line, what};
    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), d->digest);
}

void stage_classify(struct call *c)
{
    struct saas_problem problem;
    if (c->llm) {
        stage_classify_llm(c);
        return;
    }
    if (c->state == CALL_READING)
        call_go(c, CALL_DECIDING);
    struct saas_request r = {
        .method = c->method,
        .path = c->path,
        .query = c->query,
        .has_query = c->has_query,
        .content_type = c->fields->first[AGENT_FIELD_CONTENT_TYPE],
        .content_encoding = c->fields->first[AGENT_FIELD_CONTENT_ENCODING],
        .idempotency_key = c->idempotency_key,
        .has_idempotency_key = c->has_idempotency_key,
        .body = buf_str(&c->body),
    };
    if (c->fields->n[AGENT_FIELD_CONTENT_TYPE] > 1) {
        call_refuse(c, CODE_REQUEST_AMBIGUOUS, 400, STR("Content-Type is there twice"));
        return;
    }
    if (refuses_header(c))
        return;
    if (call_shows_key(c, r.body)) {
        call_refuse(c, CODE_REQUEST_INVALID, 400, CALL_SHOWS_KEY);
        return;
    }
    int ret = saas_read(c->vendor->connector, c->op, &r, c->w->shared->limits, &c->arena, &c->saas, &problem);
    if (ret == SAAS_R_PROBLEM) {
        call_refuse(c, problem.code, problem.status, problem.text);
        return;
    }
    if (ret < 0) {
        call_refuse(c, CODE_REQUEST_TOO_LARGE, 413,
                    STR("The request needs more than call_memory_bytes_max to be read"));
        return;
    }
    to_vendor(c);
    facts_of_what(c);
    idempotency_of(c);
    duplicate_of(c, &r);
    if (c->cause.how == CAUSE_NONE && !c->is_dry_run) /* what is only tried carries nothing out */
        core_cause_find(c->w->shared->core, &c->facts, STR_NONE, &c->arena, &c->cause);
    stage_decide(c);
}

/* For decide.c, after a look-up changed what is known. */
void call_facts_again(struct call *c) { facts_of_what(c); }
