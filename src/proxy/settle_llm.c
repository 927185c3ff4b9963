/*
 * proxy/settle_llm.c - what a call to a model used, on every way out.
 *
 *   nothing left our side                 released
 *   the vendor's whole error answer       released: vendors bill no refused request; what it reports is still counted
 *   an answer, whole or in part           settled with the newest report, and estimates for what was not reported
 *   sent, and nothing that can be counted came back: no head, or half of a whole answer
 *                                         settled at what was held: it may have been made and billed
 *
 * An estimate never stays open: unlike a refund, a model's answer can be counted from what passed.
 */
#include "proxy/llm.h"

static bool is_error_status(uint16_t status) { return status >= 400; }

/* The model that answered may be another than was asked for; its price is what counts. */
static const struct model *priced_model(const struct call *c, const struct llm_result *r)
{
    const struct model *m = NULL;
    if (r->model.n)
        m = catalog_find(c->w->shared->llm->catalog, connector_name(c->vendor->connector), r->model);
    return m ? m : c->llm->model;
}

static struct cost price_of(const struct call *c, const struct llm_result *r)
{
    const struct model *m = priced_model(c, r);
    struct cost cost = {.how = HOW_UNKNOWN};
    if (c->llm->class == CLASS_READ)
        return (struct cost){HOW_PRICED, 0};
    if (m && !c->llm->request.is_unpriced && model_price(m, r->tier, &r->usage, &cost.usd))
        cost.how = r->usage.how == HOW_PARSED ? HOW_PRICED : HOW_ESTIMATED;
    return cost;
}

/* What is held counts as used: nobody can say what happened. */
static void use_what_was_held(const struct call *c, struct llm_result *r, struct cost *ret_cost)
{
    r->usage = (struct usage){.how = HOW_ESTIMATED};
    r->usage.tokens[TOKEN_INPUT] = c->llm->bound.input;
    r->usage.tokens[TOKEN_OUTPUT] = c->llm->bound.output;
    if (!c->llm->bound.is_known)
        r->usage.how = HOW_UNKNOWN;
    *ret_cost = c->facts.cost;
}

/* Only whole reports of plain text say how many bytes make a token. */
static void learn(const struct call *c, const struct llm_result *r)
{
    const struct call_llm *l = c->llm;
    const struct llm_call *q = &l->request;
    if (!l->model || r->usage.how != HOW_PARSED || q->n_images || q->has_audio_in || q->is_input_open ||
        q->has_server_tools)
        return;
    llm_floors_learn(c->w->shared->llm->floors, l->model, q->text_bytes, usage_tokens(&r->usage, TOKENS_IN));
}

static bool has_used_something(const struct usage *u)
{
    return usage_tokens(u, TOKENS_IN) + usage_tokens(u, TOKENS_OUT) > 0;
}

void call_tell_tool_calls(struct call *c)
{
    struct call_llm *l = c->llm;
    struct llm_result r;
    if (l->is_told || !l->meter)
        return;
    l->is_told = true;
    llm_meter_result(l->meter, &l->bound, &r);
    core_tool_calls_learned(c->w->shared->core, c->facts.tenant, c->facts.agent, c->run.id, str_c(c->id),
                            r.tool_calls, r.n_tool_calls, loop_wall(c->w->loop));
}

void call_settle_llm(struct call *c, const struct llm_end *e)
{
    struct call_llm *l = c->llm;
    struct llm_result *r = arena_alloc(&c->arena, sizeof(*r));
    struct settlement s = {.outcome = OUTCOME_SETTLED,
                           .code = e->code,
                           .status = e->status,
                           .error = e->error,
                           .stream_end = e->stream_end,
                           .model = r};
    *r = (struct llm_result){.usage = {.how = HOW_UNKNOWN}, .tier = l->request.tier};
    if (l->meter)
        llm_meter_result(l->meter, &l->bound, r);
    if (e->error && e->code == CODE_NONE && l->is_stream && r->is_complete) {
        /* The agent left: SDKs close at the last event, before the stream's own end is there. */
        s.error = NULL;
        s.status = c->answer_head.status;
        s.stream_end = "complete";
    }

    if (!c->is_sent) {
        s.outcome = OUTCOME_RELEASED;
    } else if (l->meter && is_error_status(c->answer_head.status) && !has_used_something(&r->usage)) {
        s.outcome = OUTCOME_RELEASED;
    } else if (!l->meter || (e->error && !l->is_stream)) {
        use_what_was_held(c, r, &s.settled);
    } else {
        s.settled = price_of(c, r);
        learn(c, r);
    }
    if (l->class == CLASS_READ)
        s.outcome = OUTCOME_NONE;
    call_tell_tool_calls(c);
    call_settle(c, &s);
    if (l->meter)
        llm_meter_free(l->meter);
    l->meter = NULL;
}
