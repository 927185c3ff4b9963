/*
 * trace/record.c - the OPEN frame of a call, in two steps, and EVENT frames.
 */
#include "trace/record_impl.h"

#include "base/uuid.h"

/* The most that a call to a model can use; -1: not known. */
static void put_token_bound(struct json_writer *w, const struct facts *f)
{
    const struct token_bound *b = &f->tokens;
    if (!f->model.n || (!b->is_known && b->input <= 0 && b->output <= 0))
        return;
    jw_key(w, STR("tokens"));
    jw_object(w);
    jw_put_i64(w, STR("input"), b->is_known || b->input > 0 ? b->input : -1);
    jw_put_i64(w, STR("output"), b->is_known || b->output > 0 ? b->output : -1);
    jw_object_end(w);
}

static void put_labels(struct json_writer *w, const struct facts *f)
{
    if (!f->n_labels)
        return;
    jw_key(w, STR("labels"));
    jw_object(w);
    for (size_t i = 0; i < f->n_labels; i++)
        jw_put_str(w, f->labels[i].name, f->labels[i].value);
    jw_object_end(w);
}

static void put_facts(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    /*
     * What decided, beside the fields of the record itself: values that may be erased stand in "personal". Left out is
     * what nearly all calls share: the time they started for "now", and false.
     */
    jw_key(w, STR("facts"));
    jw_object(w);
    record_put_str(w, STR("customer_source"), value_source_text(f->customer_source));
    record_put_str(w, STR("user_source"), value_source_text(f->user_source));
    record_put_str(w, STR("tenant_source"), value_source_text(f->tenant_source));
    if (f->now != o->started_at)
        record_put_wall(w, STR("now"), f->now);
    if (f->amount.is_known)
        jw_put_bool(w, STR("amount_is_known"), true);
    put_token_bound(w, f);
    record_put_str(w, STR("host"), f->host);
    put_labels(w, f);
    if (f->token_lifetime_s)
        jw_put_i64(w, STR("token_lifetime_s"), f->token_lifetime_s);
    if (o->could_ask_cost)
        jw_put_bool(w, STR("could_ask_cost"), true);
    if (o->could_ask_customer)
        jw_put_bool(w, STR("could_ask_customer"), true);
    if (o->is_dry_run)
        jw_put_bool(w, STR("dry_run"), true);
    jw_object_end(w);
}

static void put_list(struct json_writer *w, struct str items)
{
    struct str item, rest;
    jw_array(w);
    for (; str_cut(items, ',', &item, &rest); items = rest)
        jw_str(w, item);
    jw_str(w, items);
    jw_array_end(w);
}

/* Each as its kind, so that a replay decides on the same values. */
static void put_params(struct json_writer *w, const struct facts *f)
{
    jw_object(w);
    for (size_t i = 0; i < f->n_params; i++) {
        const struct param *p = &f->params[i];
        jw_key(w, p->name);
        if (p->kind == KIND_INT)
            jw_i64(w, p->i);
        else if (p->kind == KIND_BOOL)
            jw_bool(w, str_eq(p->s, STR("true")));
        else if (p->kind == KIND_LIST)
            put_list(w, p->s);
        else
            jw_str(w, p->s);
    }
    jw_object_end(w);
}

/* A value with its source: proven, else what was only claimed. */
struct known {
    struct str value, source;
};

static struct known known(struct str proven, enum value_source source, struct str claimed, enum value_source claim)
{
    if (proven.n)
        return (struct known){proven, value_source_text(source)};
    return (struct known){claimed, claimed.n ? value_source_text(claim) : STR_NONE};
}

static struct known known_user(const struct facts *f)
{
    return known(f->user, f->user_source, f->claims.user, f->claims.user_source);
}

static struct known known_customer(const struct facts *f)
{
    return known(f->customer, f->customer_source, f->claims.customer, f->claims.customer_source);
}

/* --- OPEN ------------------------------------------------------------------------------------------------------- */

static void put_who_and_what(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    char digits[UUID_DIGITS];
    jw_put_str(w, STR("call_id"), o->call_id);
    record_put_wall(w, STR("started_at"), o->started_at);
    jw_put_str(w, STR("run_id"), f->run_id);
    jw_put_str(w, STR("run_source"), run_source_text(f->run_source));
    jw_put_str(w, STR("run_trust"), run_trust_text(f->run_trust));
    record_put_str(w, STR("parent_run_id"), f->parent_run_id);
    if (f->parent_run_id.n || !str_eq(f->root_run_id, f->run_id)) /* it may have named its parent before */
        record_put_str(w, STR("root_run_id"), f->root_run_id);
    if (!str_eq(o->trace_id, uuid_digits(f->run_id, digits))) /* as where the run's id was made */
        jw_put_str(w, STR("trace_id"), o->trace_id);
    jw_put_str(w, STR("span_id"), o->span_id);
    record_put_str(w, STR("layer"), f->layer);
    record_put_str(w, STR("vendor"), f->vendor);
    record_put_str(w, STR("operation"), f->operation);
    if (f->operation.n)
        jw_put_str(w, STR("class"), class_text(f->class));
    jw_put_str(w, STR("method"), f->method);
    jw_put_str(w, STR("mode"), mode_text(f->mode));
    jw_put_str(w, STR("key"), f->key);
    jw_put_str(w, STR("agent"), f->agent);
    record_put_str(w, STR("user_source"), known_user(f).source);
    record_put_str(w, STR("tenant_source"), value_source_text(f->tenant_source));
    record_put_str(w, STR("issuer"), f->issuer);
}

static void put_cause(struct json_writer *w, const struct cause *c)
{
    if (c->how == CAUSE_NONE)
        return;
    jw_key(w, STR("caused_by"));
    jw_object(w);
    jw_put_str_or_null(w, STR("call_id"), c->call_id);
    record_put_name(w, STR("tool_call_id"), c->tool_call_id);
    jw_put_str(w, STR("how"), cause_how_text(c->how));
    jw_object_end(w);
}

/* By which rate dollars were made of another currency, or why by none. */
static void put_fx(struct json_writer *w, const struct fx_use *fx)
{
    char text[MONEY_TEXT_BYTES];
    if (fx->state == FX_NONE)
        return;
    jw_key(w, STR("fx"));
    jw_object(w);
    jw_put_str(w, STR("currency"), str_c(fx->currency));
    jw_put_str(w, STR("state"), fx_state_text(fx->state));
    jw_put_str_or_null(w, STR("date"), str_c(fx->date));
    if (fx->state == FX_USED) {
        jw_put_str(w, STR("usd"), money_text(fx->nano_usd, text));
        jw_put_str(w, STR("margin_percent"), money_text_short(fx->margin_nano_percent, text));
    }
    jw_object_end(w);
}

static void put_model_asked(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    bool is_downgraded = f->model_asked.n > 0;
    record_put_name(w, STR("model_asked"), is_downgraded ? f->model_asked : f->model);
    record_put_name(w, STR("model_sent"), is_downgraded ? f->model : o->model_sent);
    record_put_str(w, STR("downgraded_by"), f->downgraded_by);
    record_put_str(w, STR("prompt"), f->prompt);
    record_put_str(w, STR("prompt_hash"), f->prompt_hash);
    record_put_name(w, STR("catalog"), o->catalog);
}

/* Who said yes. */
static void put_grant(struct json_writer *w, const struct approval_grant *g)
{
    if (!g->id.n)
        return;
    jw_key(w, STR("approval"));
    jw_object(w);
    jw_put_str(w, STR("id"), g->id);
    jw_put_str(w, STR("name"), g->name);
    jw_key(w, STR("by"));
    jw_array(w);
    for (size_t i = 0; i < g->n_by; i++)
        jw_str(w, g->by[i]);
    jw_array_end(w);
    jw_put_wall_or_null(w, STR("at"), g->at);
    jw_object_end(w);
}

static void put_additions(struct json_writer *w, const struct record_open *o)
{
    if (!o->n_additions)
        return;
    jw_key(w, STR("additions"));
    jw_array(w);
    for (size_t i = 0; i < o->n_additions; i++)
        jw_str(w, o->additions[i]);
    jw_array_end(w);
}

static void put_decision(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    const struct verdict *v = o->verdict;
    jw_put_str(w, STR("verdict"), effect_text(v->effect));
    record_put_str(w, STR("code"), code_text(v->code));
    record_put_str(w, STR("rule"), v->rule);
    record_put_str(w, STR("reason"), v->reason);
    record_put_str(w, STR("policy"), v->policy);
    record_put_str(w, STR("policy_name"), v->policy_name);
    put_grant(w, &v->grant);
    record_put_cost(w, STR("predicted"), f->cost);
    record_put_str(w, STR("direction"), o->direction);
    if (f->amount.is_known) {
        jw_put_i64(w, STR("amount"), f->amount.minor);
        jw_put_str(w, STR("currency"), str_c(f->amount.currency));
        jw_put_i64(w, STR("exponent"), f->amount.exponent);
    }
    put_fx(w, &f->fx);
    put_facts(w, o);
    if (o->idempotency_scope.n) {
        jw_key(w, STR("idempotency"));
        jw_object(w);
        jw_put_str(w, STR("scope"), o->idempotency_scope);
        jw_put_str(w, STR("digest"), o->idempotency_digest);
        jw_put_str(w, STR("body"), o->body_digest);
        jw_object_end(w);
    }
    put_additions(w, o);
}

/* Names of agents mostly, and of people where one acts for another. */
static void put_actors(struct personal *p, const struct facts *f)
{
    if (!f->n_actors)
        return;
    jw_key(&p->w, STR("actors"));
    jw_array(&p->w);
    for (size_t i = 0; i < f->n_actors; i++)
        jw_str(&p->w, f->actors[i]);
    jw_array_end(&p->w);
}

/* Whose accounts a scope was told of; or that it could not be told, and why. */
static void put_affected(struct personal *p, const struct facts *f)
{
    if (f->affected.state == AFFECTED_UNASKED)
        return;
    jw_key(&p->w, STR("affected"));
    jw_object(&p->w);
    if (f->affected.state == AFFECTED_UNTOLD)
        jw_put_str(&p->w, STR("untold"), f->affected.why);
    jw_key(&p->w, STR("accounts"));
    jw_array(&p->w);
    for (size_t i = 0; i < f->affected.n; i++) {
        jw_object(&p->w);
        jw_put_str(&p->w, STR("id"), f->affected.items[i].id);
        jw_put_bool(&p->w, STR("customer"), f->affected.items[i].is_customer);
        jw_object_end(&p->w);
    }
    jw_array_end(&p->w);
    jw_object_end(&p->w);
}

static void put_answer(struct json_writer *w, const struct scope_answer *a)
{
    jw_object(w);
    jw_put_str(w, STR("question"), question_text(a->q.kind));
    record_put_str(w, STR("source"), a->q.source);
    record_put_str(w, STR("name"), a->q.name);
    record_put_str(w, STR("subject"), a->q.subject);
    jw_put_str(w, STR("about"), a->q.about);
    record_put_str(w, STR("from"), a->from);
    if (a->is_known)
        jw_put_str(w, STR("value"), a->value.n ? a->value : STR(""));
    else
        jw_put_str(w, STR("unknown"), a->why.n ? a->why : STR("no answer"));
    jw_put_i64(w, STR("age_ms"), a->age_ms);
    jw_object_end(w);
}

static void put_answers(struct personal *p, const struct facts *f)
{
    if (!f->n_answers)
        return;
    jw_key(&p->w, STR("answers"));
    jw_array(&p->w);
    for (size_t i = 0; i < f->n_answers; i++)
        put_answer(&p->w, &f->answers[i]);
    jw_array_end(&p->w);
}

static void put_duplicate(struct personal *p, const struct record_open *o)
{
    if (!o->duplicate.n)
        return;
    jw_key(&p->w, STR("duplicate"));
    jw_object(&p->w);
    jw_put_str(&p->w, STR("digest"), o->duplicate);
    jw_put_i64(&p->w, STR("window_ms"), o->duplicate_ms);
    if (o->duplicate_key.n)
        jw_put_str(&p->w, STR("key"), o->duplicate_key);
    jw_object_end(&p->w);
}

/* Limits of one call often count in the bucket of the same name, which is written once. */
static void put_bucket(struct json_writer *w, const struct limit_need *needs, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq(needs[k].bucket, needs[i].bucket)) {
            jw_u64(w, k);
            return;
        }
    }
    jw_str(w, needs[i].bucket);
}

void record_open_begin(struct record_writer *rw, const struct record_open *o, struct buf *body, struct buf *personal)
{
    const struct facts *f = o->facts;
    struct personal p;

    rw->body = body;
    rw->personal = personal;
    rw->effect = o->verdict->effect;
    rw->rule = o->verdict->rule;
    rw->policy = o->verdict->policy;
    jw_init(&rw->w, body);
    jw_object(&rw->w);
    put_who_and_what(&rw->w, o);
    put_model_asked(&rw->w, o);
    put_cause(&rw->w, &o->cause);
    put_decision(&rw->w, o);

    personal_begin(&p, o->salt, personal);
    record_put_str(&p.w, STR("tenant"), f->tenant);
    record_put_str(&p.w, STR("user"), known_user(f).value);
    record_put_str(&p.w, STR("customer"), known_customer(f).value);
    record_put_str(&p.w, STR("customer_source"), known_customer(f).source);
    put_actors(&p, f);
    record_put_str(&p.w, STR("owner"), f->owner);
    record_put_str(&p.w, STR("path"), o->path);
    record_put_str(&p.w, STR("idempotency_key"), o->idempotency_key);
    put_duplicate(&p, o);
    put_affected(&p, f);
    put_answers(&p, f);
    if (f->n_params) {
        jw_key(&p.w, STR("params"));
        put_params(&p.w, f);
    }
    if (o->verdict->n_needs) {
        jw_key(&p.w, STR("buckets"));
        jw_array(&p.w);
        for (size_t i = 0; i < o->verdict->n_needs; i++)
            put_bucket(&p.w, o->verdict->needs, i);
        jw_array_end(&p.w);
    }
    personal_end(&p, &rw->w);
}

/* By place (call/frame.h). A call has several limits, and each call is written: what follows from the rest is not. */
static void put_need(struct json_writer *w, const struct limit_need *n)
{
    jw_array(w);
    jw_str(w, n->counter);
    const int64_t places[] = {n->window_start, n->n,      n->max,  n->before, n->held,
                              n->is_shadow,    n->raised, n->soft, n->resets_at ? n->resets_at - n->window_start : 0};
    size_t n_more = n->window == WINDOW_SLIDING || n->zone ? 4 : n->soft ? 3 : n->raised ? 2 : n->is_shadow ? 1 : 0;
    jw_i64s(w, places, 5 + n_more);
    jw_array_end(w);
}

/* The first limit that would refuse, or make a person be asked. */
static struct str short_limit(const struct verdict *v)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (v->needs[i].is_short)
            return v->needs[i].id;
    return STR_NONE;
}

/* Verdict and rule are mostly those that were given, and so is the document, but for one that is in shadow. */
static void put_would(struct record_writer *rw, const struct verdict *v, struct str of)
{
    struct json_writer *w = &rw->w;
    jw_key(w, STR("shadow"));
    jw_object(w);
    jw_put_str(w, STR("of"), of);
    if (v->effect != rw->effect)
        jw_put_str(w, STR("verdict"), effect_text(v->effect));
    record_put_str(w, STR("code"), code_text(v->code));
    if (!str_eq(v->rule, rw->rule))
        jw_put_str(w, STR("rule"), v->rule);
    record_put_str(w, STR("limit"), short_limit(v));
    record_put_str(w, STR("reason"), v->reason);
    if (!str_eq(v->policy, rw->policy))
        jw_put_str(w, STR("policy"), v->policy);
    jw_object_end(w);
}

void record_open_end(struct record_writer *rw, const struct record_hold *h, const struct record_end *end)
{
    struct json_writer *w = &rw->w;
    record_put_cost(w, STR("held"), h->held);
    record_put_str(w, STR("shares"), h->shares);
    if (h->would)
        put_would(rw, h->would, h->would_of);
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < h->n_needs; i++)
        put_need(w, &h->needs[i]);
    jw_array_end(w);
    if (end) {
        record_put_wall(w, STR("ended_at"), end->at);
        jw_put_str(w, STR("outcome"), outcome_text(OUTCOME_NONE));
        if (end->status)
            jw_put_i64(w, STR("status"), end->status);
        if (end->error)
            jw_put_str(w, STR("error"), str_c(end->error));
        jw_key(w, STR("bytes_in"));
        jw_u64(w, end->bytes_in);
        jw_key(w, STR("bytes_out"));
        jw_u64(w, end->bytes_out);
        if (end->n_attempts)
            record_put_attempts(w, end->attempts, end->n_attempts);
    }
    jw_object_end(w);
    jw_end(w);
}

/* --- EVENT ------------------------------------------------------------------------------------------------------ */

void record_event(struct str event, struct str by, wall_t at, const struct record_member *members, size_t n,
                  const uint8_t *salt, struct buf *body, struct buf *personal)
{
    struct json_writer w;
    struct personal p;
    size_t n_personal = 0;

    jw_init(&w, body);
    jw_object(&w);
    jw_put_str(&w, STR("event"), event);
    jw_put_str(&w, STR("by"), by);
    record_put_wall(&w, STR("at"), at);
    for (size_t i = 0; i < n; i++) {
        if (members[i].is_personal)
            n_personal++;
        else
            jw_put_raw(&w, members[i].name, members[i].json);
    }
    if (n_personal) {
        personal_begin(&p, salt, personal);
        for (size_t i = 0; i < n; i++) {
            if (!members[i].is_personal)
                continue;
            jw_key_any(&p.w, members[i].name);
            jw_raw(&p.w, members[i].json);
        }
        personal_end(&p, &w);
    }
    jw_object_end(&w);
    jw_end(&w);
}
