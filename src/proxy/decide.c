/*
 * proxy/decide.c - stage decide: facts in, verdict out; asks for what is lacking, then decides again.
 *
 * Rules are looked at before any look-up: what no permit can still allow is denied without asking anyone (policy.h).
 */
#include "proxy/identity.h"

#include "proxy/approve.h"
#include "proxy/llm.h"

#include "codec/hex.h"
#include "codec/json_read.h"
#include "codec/json_write.h"

/* --- dry run ---------------------------------------------------------------------------------------------------- */

static void put_need(struct json_writer *w, const struct limit_need *n)
{
    char meter[METER_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("id"), n->id);
    jw_put_str(w, STR("bucket"), n->bucket);
    jw_put_str(w, STR("meter"), meter_text(n->meter, n->currency, meter));
    jw_put_i64(w, STR("asks"), n->n);
    jw_put_i64(w, STR("before"), n->before);
    jw_put_i64(w, STR("held"), n->held);
    jw_put_i64(w, STR("max"), n->max);
    jw_put_bool(w, STR("fits"), !n->is_short);
    if (n->is_shadow)
        jw_put_bool(w, STR("shadow"), true);
    jw_object_end(w);
}

static void dry_run_body(struct call *c, struct buf *out)
{
    struct json_writer w;
    const struct verdict *v = &c->verdict;
    jw_init(&w, out);
    jw_object(&w);
    jw_put_bool(&w, STR("dry_run"), true);
    jw_put_str(&w, STR("call_id"), str_c(c->id));
    jw_put_str(&w, STR("operation"), c->facts.operation);
    jw_put_str(&w, STR("class"), class_text(c->facts.class));
    jw_put_str(&w, STR("verdict"), effect_text(v->effect));
    jw_put_str_or_null(&w, STR("code"), code_text(v->code));
    jw_put_str_or_null(&w, STR("rule"), v->rule);
    jw_put_str_or_null(&w, STR("reason"), v->reason);
    record_put_cost(&w, STR("predicted"), c->facts.cost);
    jw_key(&w, STR("limits"));
    jw_array(&w);
    for (size_t i = 0; i < v->n_needs; i++)
        put_need(&w, &v->needs[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    jw_end(&w);
}

static void reply_dry_run(struct call *c)
{
    struct http_field fields[OUR_FIELDS_MAX + 1];
    struct buf body;
    size_t n = 0;

    if (!call_look(c))
        return;
    call_give_up(c, "dry_run");
    buf_init(&body, 1u << 20);
    dry_run_body(c, &body);
    fields[n++] = (struct http_field){STR("content-type"), STR("application/json")};
    call_our_fields(c, fields, &n);
    call_send(c, 200, fields, n, buf_str(&body));
    buf_deinit(&body);
}

/* --- idempotency keys of earlier starts ------------------------------------------------------------------------- */

static void on_idempotency(void *ctx);

static void ask_idempotency(struct call *c)
{
    char hex[64];
    const struct ask ask = {.q = {.kind = QUERY_IDEMPOTENCY,
                                  .scope = c->idem.scope,
                                  .id = arena_str(&c->arena, hex_encode(c->idem.key_digest, 32, hex)),
                                  .rows_max = 1}};
    call_ask_store(c, &ask, 65536, on_idempotency);
}

static void learn_idempotency(struct call *c)
{
    struct json rows, row;
    struct str call_id, body, outcome, at_text;
    uint8_t digest[32];
    int64_t open_seq = 0;
    wall_t at = c->started_at;

    if (json_parse(&c->arena, buf_str(&c->ask.json), 16, &rows) < 0 || json_len(rows) == 0)
        return;
    row = json_at(rows, 0);
    if (!json_str(json_get(row, STR("call_id")), &call_id) || !json_str(json_get(row, STR("body")), &body) ||
        !json_str(json_get(row, STR("outcome")), &outcome) || hex_decode(body, digest, 32) < 0)
        return;
    (void)json_i64(json_get(row, STR("open_seq")), &open_seq);
    if (json_str(json_get(row, STR("at")), &at_text))
        (void)wall_parse(at_text, &at);
    core_idempotency_learned(c->w->shared->core, &c->idem, call_id, (uint64_t)open_seq, str_eq(outcome, STR("settled")),
                             digest, at);
}

static void on_idempotency(void *ctx)
{
    struct call *c = ctx;
    c->is_idem_known = true;
    if (c->ask.result == 0)
        learn_idempotency(c);
    if (!call_go_on(c))
        return;
    if (c->ask.result < 0) {
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("The store could not say whether this idempotency key was used before; try again"));
        return;
    }
    stage_decide(c);
}

/* --- decide ----------------------------------------------------------------------------------------------------- */

/* The verdict is another one when these return. */
static bool ask_for_scope(struct call *c)
{
    if (c->verdict.wants_affected)
        stage_affected(c);
    else if (c->verdict.n_questions)
        stage_question(c);
    else
        return false;
    return true;
}

static bool ask_for_facts(struct call *c)
{
    struct str path;
    const struct verdict *v = &c->verdict;
    if (!v->wants_cost && !v->wants_customer)
        return ask_for_scope(c);
    bool amount = v->wants_cost && c->saas.can_look_up_amount;
    bool customer = v->wants_customer && c->saas.can_look_up_customer;
    if ((amount || customer) && saas_lookup_path(&c->saas, amount, customer, &c->arena, &path)) {
        stage_look_up(c, amount, customer);
        return true;
    }
    c->may_look_up = false;
    stage_decide(c);
    return true;
}

bool call_look(struct call *c)
{
    core_look(c->w->shared->core, &c->verdict, c->facts.now);
    const struct limit_need *full = policy_ask_limits(&c->verdict, &c->facts, &c->arena);
    if (full && call_make_smaller(c, full)) {
        stage_decide(c);
        return false;
    }
    if (full)
        policy_refuse_limit(full, &c->facts, &c->arena, &c->verdict);
    return true;
}

void call_decide_anew(struct call *c)
{
    policy_unref(c->adm.policy);
    c->adm.policy = core_policy_of(c->w->shared->core, c->adm.key);
    stage_decide(c);
}

void stage_decide(struct call *c)
{
    if (c->w->is_cut_off) {
        call_refuse(c, CODE_OVERLOADED, 0, CALL_STOPPING);
        return;
    }
    policy_decide(c->adm.policy, c->adm.key->limits, &c->facts,
                  POLICY_MAY_ASK | (c->may_look_up ? POLICY_MAY_LOOK_UP : 0), &c->arena, &c->verdict);
    c->is_decided = true;
    if (c->verdict.effect != EFFECT_DENY && (ask_for_facts(c) || !call_customer_fits(c)))
        return;
    c->phases.decide = call_us(c);
    if (c->is_dry_run) {
        reply_dry_run(c);
        return;
    }
    if (c->verdict.effect == EFFECT_DENY) {
        check(c->verdict.code != CODE_NONE);
        call_refuse(c, c->verdict.code, 0, c->verdict.reason);
        return;
    }
    if (c->idem.scope.n && !c->is_idem_known && core_has_old_idempotency(c->w->shared->core, c->started_at) &&
        !core_idempotency_is_known(c->w->shared->core, &c->idem)) {
        ask_idempotency(c);
        return;
    }
    if (c->verdict.effect == EFFECT_APPROVE)
        stage_approve(c);
    else
        stage_hold(c);
}
