/*
 * proxy/settle.c - stage settle: the hold ends and the CLOSE frame is written, on every way out, once.
 */
#include "proxy/llm.h"

#include <string.h>

bool call_awaits_price(const struct call *c, const struct saas_result *r)
{
    return r->poll.n && r->outcome == OUTCOME_SETTLED && c->vendor->polls && !c->held.shared;
}

static bool is_same(const struct amount *a, const struct amount *b)
{
    return a->is_known == b->is_known && a->minor == b->minor && a->exponent == b->exponent &&
           strcmp(a->currency, b->currency) == 0;
}

static void put_result(struct call *c, const struct saas_result *r, struct record_close *rc)
{
    struct record_object *o = arena_alloc(&c->arena, (r->n_objects + 1) * sizeof(*o));
    for (size_t i = 0; i < r->n_objects; i++)
        o[i] = (struct record_object){r->objects[i].id, r->objects[i].type, r->objects[i].customer,
                                      r->objects[i].parent, r->objects[i].is_created};
    rc->vendor_error = r->error;
    if (rc->outcome == OUTCOME_SETTLED && !is_same(&r->amount, &c->facts.amount))
        rc->amount = r->amount;
    rc->customer = r->customer;
    rc->is_replay = r->is_replay;
    rc->objects = o;
    rc->n_objects = r->n_objects;
    if (call_awaits_price(c, r))
        rc->poll = r->poll;
}

static void put_model(struct call *c, const struct llm_result *r, struct record_close *rc)
{
    struct record_object *o = arena_alloc(&c->arena, sizeof(*o));
    rc->model = (struct record_model){
        .sent = c->llm->request.model,
        .returned = r->model,
        .finish = r->finish,
        .tier = price_tier_text(r->tier),
        .catalog = catalog_version(c->w->shared->llm->catalog),
        .usage = r->usage,
        .tool_calls = r->tool_calls,
        .n_tool_calls = r->n_tool_calls,
    };
    rc->vendor_error = r->error;
    if (!r->response_id.n)
        return;
    *o = (struct record_object){.id = r->response_id, .type = STR("response"), .is_created = true};
    rc->objects = o;
    rc->n_objects = 1;
}

int64_t call_count_attempts(const struct call *c)
{
    int64_t all = 0;
    for (size_t i = 0; i < c->n_attempts; i++) {
        const struct record_attempt *a = &c->attempts[i];
        int64_t us = a->total_us > a->started_us ? a->total_us - a->started_us : 0;
        stats_upstream(c->w->shared->stats, c->vendor, a->status, us);
        all += us;
    }
    return all;
}

/* For /metrics: what it was, took and cost. */
static void count(const struct call *c, const struct record_close *rc)
{
    struct stats *s = c->w->shared->stats;
    bool has_customer = c->facts.customer.n || rc->customer.n;
    stats_decided(s, c->vendor, c->verdict.effect, rc->code);
    stats_overhead(s, c->vendor, c->phases.total - call_count_attempts(c));
    if (rc->settled.how != HOW_UNKNOWN)
        stats_spent(s, c->vendor, rc->settled.usd);
    if (!c->llm && !has_customer && class_is_money(c->facts.class))
        stats_unattributed(s, c->vendor);
}

void call_settle(struct call *c, const struct settlement *s)
{
    struct worker *w = c->w;
    struct str request_id = STR_NONE, header = connector_request_id_header(c->vendor->connector);
    check(c->is_held);
    if (header.n && c->answer_head.status)
        (void)http_head_get(&c->answer_head, header, &request_id);
    c->phases.total = call_us(c);
    struct record_close rc = {
        .call_id = str_c(c->id),
        .open_seq = c->held.open_seq,
        .ended_at = loop_wall(w->loop),
        .outcome = s->outcome,
        .settled = s->settled,
        .code = s->code,
        .status = s->status,
        .error = s->error,
        .vendor_request_id = request_id,
        .stream_end = s->stream_end,
        .phases = c->phases,
        .attempts = c->attempts,
        .n_attempts = c->n_attempts,
        .salt = c->salt,
    };
    call_count_bytes(c, &rc.bytes_in, &rc.bytes_out);
    if (s->result)
        put_result(c, s->result, &rc);
    if (s->model)
        put_model(c, s->model, &rc);
    struct close_request q = {
        .held = &c->held,
        .idempotency = &c->idem,
        .duplicate = &c->duplicate,
        .record = &rc,
        .object_scope = c->object_scope,
        .usage = s->model ? &s->model->usage : NULL,
        .body = &w->record_body,
        .personal = &w->record_personal,
    };
    (void)core_close(w->shared->core,
                     &q); /* a full disk keeps the frame in memory until there is room; a dead one ends us */
    if (s->outcome == OUTCOME_RELEASED && !c->is_sent && c->verdict.grant.id.n)
        core_approval_back(w->shared->core, c->verdict.grant.id, str_c(c->id));
    c->settled = rc.settled;
    count(c, &rc);
    c->is_held = false;
}
