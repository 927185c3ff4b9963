/*
 * trace/record.c - writes the record. One place decides which field may be erased and which the chain covers.
 */
#include "trace/record.h"

#include "base/check.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#include <string.h>

/* --- personal values and their digests ------------------------------------------------------------------------- */

/* A list of name -> JSON text, collected first, then written to both texts. */
#define PERSONAL_MAX 12
struct personal {
    const uint8_t *salt;
    struct str names[PERSONAL_MAX];
    size_t from[PERSONAL_MAX], n_bytes[PERSONAL_MAX]; /* into the personal buf */
    size_t n;
    struct json_writer w;
    struct buf *out;
};

static void personal_begin(struct personal *p, const uint8_t *salt, struct buf *out)
{
    char hex[2 * SALT_BYTES];
    p->salt = salt;
    p->n = 0;
    p->out = out;
    jw_init(&p->w, out);
    jw_object(&p->w);
    jw_put_str(&p->w, STR("salt"), hex_encode(salt, SALT_BYTES, hex));
}

/* Call, write exactly one value with p->w, then personal_value_end. */
static void personal_value(struct personal *p, struct str name)
{
    check(p->n < PERSONAL_MAX);
    jw_key(&p->w, name);
    p->names[p->n] = name;
    p->from[p->n] = p->out->n;
}

static void personal_value_end(struct personal *p)
{
    p->n_bytes[p->n] = p->out->n - p->from[p->n];
    p->n++;
}

static void personal_str(struct personal *p, struct str name, struct str value)
{
    if (value.n == 0)
        return;
    personal_value(p, name);
    jw_str(&p->w, value);
    personal_value_end(p);
}

/* HMAC-SHA-256(salt, name, 0x00, value as written). */
static void digest(const struct personal *p, size_t i, uint8_t ret[SHA256_BYTES])
{
    struct buf text;
    buf_init(&text, p->names[i].n + 1 + p->n_bytes[i]);
    (void)buf_add(&text, p->names[i]);
    (void)buf_add_byte(&text, 0);
    (void)buf_add(&text, (struct str){p->out->p + p->from[i], p->n_bytes[i]});
    hmac_sha256((struct str){(const char *)p->salt, SALT_BYTES}, buf_str(&text), ret);
    buf_deinit(&text);
}

static void personal_end(struct personal *p, struct json_writer *body)
{
    jw_object_end(&p->w);
    jw_key(body, STR("digests"));
    jw_object(body);
    for (size_t i = 0; i < p->n && buf_ok(p->out) == 0; i++) {
        uint8_t mac[32];
        char hex[32];
        digest(p, i, mac);
        jw_put_str(body, p->names[i], hex_encode(mac, 16, hex));
    }
    jw_object_end(body);
}

/* --- small pieces ----------------------------------------------------------------------------------------------- */

void record_put_cost(struct json_writer *w, struct str key, struct cost c)
{
    if (c.how == HOW_UNKNOWN)
        return;
    char text[MONEY_TEXT_BYTES];
    jw_key(w, key);
    jw_object(w);
    jw_put_str(w, STR("usd"), money_text(c.usd, text));
    jw_put_str(w, STR("how"), how_text(c.how));
    jw_object_end(w);
}

/* In a frame, what is not known is left out: every reader takes absent for null, and frames are written for each call.
 */
static void put_str(struct json_writer *w, struct str key, struct str s)
{
    if (s.n)
        jw_put_str(w, key, s);
}

/* A name that a vendor or a model made up. */
static void put_name(struct json_writer *w, struct str key, struct str s)
{
    put_str(w, key, str_sub(s, 0, LLM_NAME_BYTES_MAX));
}

static void put_wall(struct json_writer *w, struct str key, wall_t t)
{
    char text[WALL_TEXT_BYTES];
    if (t)
        jw_put_str(w, key, wall_text(t, text));
}

static void put_facts(struct json_writer *w, const struct facts *f, bool is_dry_run)
{
    /* What decided, beside the fields of the record itself: values that may be erased stand in "personal". */
    jw_key(w, STR("facts"));
    jw_object(w);
    put_str(w, STR("customer_source"), value_source_text(f->customer_source));
    put_wall(w, STR("now"), f->now);
    jw_put_str(w, STR("cost_how"), how_text(f->cost.how));
    jw_put_bool(w, STR("amount_is_known"), f->amount.is_known);
    if (f->model.n && f->tokens.is_known) {
        jw_key(w, STR("tokens"));
        jw_object(w);
        jw_put_i64(w, STR("input"), f->tokens.input);
        jw_put_i64(w, STR("output"), f->tokens.output);
        jw_object_end(w);
    }
    jw_put_bool(w, STR("dry_run"), is_dry_run);
    jw_object_end(w);
}

static void put_params(struct json_writer *w, const struct facts *f)
{
    jw_object(w);
    for (size_t i = 0; i < f->n_params; i++) {
        if (f->params[i].is_int)
            jw_put_i64(w, f->params[i].name, f->params[i].i);
        else
            jw_put_str(w, f->params[i].name, f->params[i].s);
    }
    jw_object_end(w);
}

/* --- OPEN ------------------------------------------------------------------------------------------------------- */

static void put_who_and_what(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    jw_put_i64(w, STR("v"), 1);
    jw_put_str(w, STR("call_id"), o->call_id);
    put_wall(w, STR("started_at"), o->started_at);
    jw_put_str(w, STR("run_id"), f->run_id);
    jw_put_str(w, STR("run_source"), run_source_text(f->run_source));
    jw_put_str(w, STR("run_trust"), run_trust_text(f->run_trust));
    put_str(w, STR("parent_run_id"), f->parent_run_id);
    jw_put_str(w, STR("trace_id"), o->trace_id);
    jw_put_str(w, STR("span_id"), o->span_id);
    put_str(w, STR("layer"), f->layer);
    put_str(w, STR("vendor"), f->vendor);
    put_str(w, STR("operation"), f->operation);
    if (f->operation.n)
        jw_put_str(w, STR("class"), class_text(f->class));
    jw_put_str(w, STR("method"), f->method);
    jw_put_str(w, STR("mode"), mode_text(f->mode));
    jw_put_str(w, STR("key"), f->key);
    jw_put_str(w, STR("agent"), f->agent);
}

static void put_cause(struct json_writer *w, const struct cause *c)
{
    if (c->how == CAUSE_NONE)
        return;
    jw_key(w, STR("caused_by"));
    jw_object(w);
    jw_put_str_or_null(w, STR("call_id"), c->call_id);
    put_name(w, STR("tool_call_id"), c->tool_call_id);
    jw_put_str(w, STR("how"), cause_how_text(c->how));
    jw_object_end(w);
}

static void put_model_asked(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    put_name(w, STR("model_asked"), f->model);
    put_name(w, STR("model_sent"), o->model_sent);
    put_str(w, STR("prompt"), f->prompt);
    put_str(w, STR("prompt_hash"), f->prompt_hash);
    put_name(w, STR("catalog"), o->catalog);
}

static void put_decision(struct json_writer *w, const struct record_open *o)
{
    const struct facts *f = o->facts;
    const struct verdict *v = o->verdict;
    jw_put_str(w, STR("verdict"), effect_text(v->effect));
    put_str(w, STR("code"), code_text(v->code));
    put_str(w, STR("rule"), v->rule);
    put_str(w, STR("reason"), v->reason);
    put_str(w, STR("policy"), v->policy);
    put_str(w, STR("policy_name"), v->policy_name);
    record_put_cost(w, STR("predicted"), f->cost);
    put_str(w, STR("direction"), o->direction);
    if (f->amount.is_known) {
        jw_put_i64(w, STR("amount"), f->amount.minor);
        jw_put_str(w, STR("currency"), str_c(f->amount.currency));
        jw_put_i64(w, STR("exponent"), f->amount.exponent);
    }
    put_facts(w, f, o->is_dry_run);
    if (o->idempotency_scope.n) {
        jw_key(w, STR("idempotency"));
        jw_object(w);
        jw_put_str(w, STR("scope"), o->idempotency_scope);
        jw_put_str(w, STR("digest"), o->idempotency_digest);
        jw_put_str(w, STR("body"), o->body_digest);
        jw_object_end(w);
    }
    jw_key(w, STR("additions"));
    jw_array(w);
    for (size_t i = 0; i < o->n_additions; i++)
        jw_str(w, o->additions[i]);
    jw_array_end(w);
}

void record_open_begin(struct record_writer *rw, const struct record_open *o, struct buf *body, struct buf *personal)
{
    const struct facts *f = o->facts;
    struct personal p;

    rw->body = body;
    rw->personal = personal;
    jw_init(&rw->w, body);
    jw_object(&rw->w);
    put_who_and_what(&rw->w, o);
    put_model_asked(&rw->w, o);
    put_cause(&rw->w, &o->cause);
    put_decision(&rw->w, o);

    personal_begin(&p, o->salt, personal);
    personal_str(&p, STR("tenant"), f->tenant);
    personal_str(&p, STR("user"), f->user);
    personal_str(&p, STR("customer"), f->customer);
    personal_str(&p, STR("customer_source"), value_source_text(f->customer_source));
    personal_str(&p, STR("owner"), f->owner);
    personal_str(&p, STR("path"), o->path);
    personal_str(&p, STR("idempotency_key"), o->idempotency_key);
    if (f->n_params) {
        personal_value(&p, STR("params"));
        put_params(&p.w, f);
        personal_value_end(&p);
    }
    if (o->verdict->n_needs) {
        personal_value(&p, STR("buckets"));
        jw_array(&p.w);
        for (size_t i = 0; i < o->verdict->n_needs; i++)
            jw_str(&p.w, o->verdict->needs[i].bucket);
        jw_array_end(&p.w);
        personal_value_end(&p);
    }
    personal_end(&p, &rw->w);
}

static void put_us(struct json_writer *w, struct str key, int64_t us)
{
    if (us >= 0)
        jw_put_i64(w, key, us);
}

static void put_attempt(struct json_writer *w, const struct record_attempt *a, size_t n)
{
    jw_object(w);
    jw_put_i64(w, STR("n"), (int64_t)n);
    jw_put_str(w, STR("kind"), a->is_lookup ? STR("lookup") : STR("forward"));
    jw_put_str(w, STR("method"), a->method);
    jw_put_str(w, STR("path"), a->path);
    jw_put_str(w, STR("target"), a->target);
    put_us(w, STR("started_us"), a->started_us);
    put_us(w, STR("connect_us"), a->connect_us);
    put_us(w, STR("first_byte_us"), a->first_byte_us);
    put_us(w, STR("total_us"), a->total_us);
    if (a->status)
        jw_put_i64(w, STR("status"), a->status);
    jw_put_i64(w, STR("bytes_out"), (int64_t)a->bytes_out);
    jw_put_i64(w, STR("bytes_in"), (int64_t)a->bytes_in);
    put_str(w, STR("error"), str_c(a->error));
    jw_put_bool(w, STR("reused"), a->is_reused);
    jw_object_end(w);
}

static void put_attempts(struct json_writer *w, const struct record_attempt *a, size_t n)
{
    jw_key(w, STR("attempts"));
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        put_attempt(w, &a[i], i + 1);
    jw_array_end(w);
}

static void put_need(struct json_writer *w, const struct limit_need *n)
{
    char window[WINDOW_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("id"), n->id);
    jw_put_str(w, STR("counter"), n->counter);
    jw_put_str(w, STR("meter"), meter_text(n->meter));
    jw_put_str(w, STR("window"), window_text(n->window, n->sliding_ns, window));
    jw_put_i64(w, STR("window_start"), n->window_start);
    jw_put_i64(w, STR("n"), n->n);
    jw_put_i64(w, STR("before"), n->before);
    jw_put_i64(w, STR("held"), n->held);
    jw_put_i64(w, STR("after"), n->after);
    jw_put_i64(w, STR("max"), n->max);
    put_wall(w, STR("resets_at"), n->resets_at);
    jw_object_end(w);
}

void record_open_end(struct record_writer *rw, const struct record_hold *h, const struct record_end *end)
{
    struct json_writer *w = &rw->w;
    record_put_cost(w, STR("held"), h->held);
    put_str(w, STR("shares"), h->shares);
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < h->n_needs; i++)
        put_need(w, &h->needs[i]);
    jw_array_end(w);
    if (end) {
        put_wall(w, STR("ended_at"), end->at);
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
            put_attempts(w, end->attempts, end->n_attempts);
    }
    jw_object_end(w);
    jw_end(w);
}

/* --- CLOSE ------------------------------------------------------------------------------------------------------ */

static void put_phases(struct json_writer *w, const struct record_phases *p)
{
    jw_key(w, STR("phases"));
    jw_object(w);
    put_us(w, STR("admit"), p->admit);
    put_us(w, STR("decide"), p->decide);
    put_us(w, STR("hold"), p->hold);
    put_us(w, STR("sync"), p->sync);
    put_us(w, STR("queue"), p->queue);
    put_us(w, STR("connect"), p->connect);
    put_us(w, STR("first_byte"), p->first_byte);
    put_us(w, STR("first_token"), p->first_token);
    put_us(w, STR("total"), p->total);
    jw_object_end(w);
}

static void put_how_it_ended(struct json_writer *w, const struct record_close *c)
{
    jw_put_i64(w, STR("v"), 1);
    jw_put_str(w, STR("call_id"), c->call_id);
    jw_put_i64(w, STR("open_seq"), (int64_t)c->open_seq);
    put_wall(w, STR("ended_at"), c->ended_at);
    put_str(w, STR("outcome"), outcome_text(c->outcome));
    record_put_cost(w, STR("settled"), c->settled);
    put_str(w, STR("code"), code_text(c->code));
    if (c->status)
        jw_put_i64(w, STR("status"), c->status);
    put_str(w, STR("error"), c->error ? str_c(c->error) : c->vendor_error);
    put_str(w, STR("vendor_request_id"), c->vendor_request_id);
    put_str(w, STR("stream_end"), str_c(c->stream_end));
    jw_put_bool(w, STR("overrun"), c->is_overrun);
    jw_put_bool(w, STR("replay"), c->is_replay);
    jw_put_i64(w, STR("bytes_in"), (int64_t)c->bytes_in);
    jw_put_i64(w, STR("bytes_out"), (int64_t)c->bytes_out);
    put_str(w, STR("resolved_by"), c->resolved_by);
}

/* Tokens of that class and of all later ones that are recorded under the same name. */
static int64_t tokens_from(const struct usage *u, enum token_class from)
{
    int64_t n = 0;
    for (enum token_class i = from; i < TOKEN_CLASS_COUNT; i++)
        if (str_eq(token_class_recorded(i), token_class_recorded(from)))
            n += u->tokens[i];
    return n;
}

static bool is_name_taken(enum token_class t)
{
    for (enum token_class i = 0; i < t; i++)
        if (str_eq(token_class_recorded(i), token_class_recorded(t)))
            return true;
    return false;
}

/* One integer a recorded class, none of them zero. */
static void put_tokens(struct json_writer *w, const struct usage *u)
{
    jw_key(w, STR("tokens"));
    jw_object(w);
    for (enum token_class i = 0; i < TOKEN_CLASS_COUNT; i++) {
        int64_t n = is_name_taken(i) ? 0 : tokens_from(u, i);
        if (n > 0)
            jw_put_i64(w, token_class_recorded(i), n);
    }
    jw_object_end(w);
}

static void put_tool_calls(struct json_writer *w, const struct record_model *m)
{
    if (m->n_tool_calls == 0)
        return;
    jw_key(w, STR("tool_calls"));
    jw_array(w);
    for (size_t i = 0; i < m->n_tool_calls; i++) {
        jw_object(w);
        put_name(w, STR("id"), m->tool_calls[i].id);
        put_name(w, STR("name"), m->tool_calls[i].name);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void put_model(struct json_writer *w, const struct record_model *m)
{
    if (m->sent.n == 0)
        return;
    put_name(w, STR("model_sent"), m->sent);
    put_name(w, STR("model_returned"), m->returned);
    put_name(w, STR("finish"), m->finish);
    put_name(w, STR("tier"), m->tier);
    put_name(w, STR("catalog"), m->catalog);
    if (m->usage.how != HOW_UNKNOWN) {
        put_tokens(w, &m->usage);
        jw_put_str(w, STR("tokens_how"), how_text(m->usage.how));
        if (m->usage.web_searches > 0)
            jw_put_i64(w, STR("web_searches"), m->usage.web_searches);
    }
    put_tool_calls(w, m);
}

static void put_moves(struct json_writer *w, const struct record_close *c)
{
    jw_key(w, STR("moves"));
    jw_array(w);
    for (size_t i = 0; i < c->n_moves; i++) {
        jw_object(w);
        jw_put_i64(w, STR("of"), (int64_t)c->moves[i].of);
        jw_put_i64(w, STR("i"), (int64_t)c->moves[i].i);
        jw_put_i64(w, STR("released"), c->moves[i].released);
        jw_put_i64(w, STR("settled"), c->moves[i].settled);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void put_objects(struct personal *p, const struct record_close *c)
{
    personal_value(p, STR("object_ids"));
    jw_array(&p->w);
    for (size_t i = 0; i < c->n_objects; i++)
        jw_str(&p->w, c->objects[i].id);
    jw_array_end(&p->w);
    personal_value_end(p);
    personal_value(p, STR("objects"));
    jw_array(&p->w);
    for (size_t i = 0; i < c->n_objects; i++) {
        const struct record_object *o = &c->objects[i];
        jw_object(&p->w);
        jw_put_str(&p->w, STR("id"), o->id);
        jw_put_str(&p->w, STR("type"), o->type);
        put_str(&p->w, STR("customer"), o->customer);
        put_str(&p->w, STR("parent"), o->parent);
        jw_put_bool(&p->w, STR("created"), o->is_created);
        jw_object_end(&p->w);
    }
    jw_array_end(&p->w);
    personal_value_end(p);
}

/* What a tool was asked to do has few enough possible values to be guessed from a hash without salt. */
static void put_args_hashes(struct personal *p, const struct record_model *m)
{
    personal_value(p, STR("args_hashes"));
    jw_array(&p->w);
    for (size_t i = 0; i < m->n_tool_calls; i++) {
        const char *hash = m->tool_calls[i].args_hash;
        if (hash[0])
            jw_str(&p->w, (struct str){hash, sizeof(m->tool_calls[i].args_hash)});
        else
            jw_null(&p->w);
    }
    jw_array_end(&p->w);
    personal_value_end(p);
}

void record_close(const struct record_close *c, struct buf *body, struct buf *personal)
{
    struct json_writer w;
    jw_init(&w, body);
    jw_object(&w);
    put_how_it_ended(&w, c);
    put_phases(&w, &c->phases);
    put_model(&w, &c->model);
    put_attempts(&w, c->attempts, c->n_attempts);
    put_moves(&w, c);
    bool has_args = c->model.sent.n && c->model.n_tool_calls;
    if (c->n_objects || c->customer.n || has_args) {
        struct personal p;
        personal_begin(&p, c->salt, personal);
        personal_str(&p, STR("customer"), c->customer);
        if (c->n_objects)
            put_objects(&p, c);
        if (has_args)
            put_args_hashes(&p, &c->model);
        personal_end(&p, &w);
    }
    jw_object_end(&w);
    jw_end(&w);
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
    jw_put_i64(&w, STR("v"), 1);
    jw_put_str(&w, STR("event"), event);
    jw_put_str(&w, STR("by"), by);
    put_wall(&w, STR("at"), at);
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
            personal_value(&p, members[i].name);
            jw_raw(&p.w, members[i].json);
            personal_value_end(&p);
        }
        personal_end(&p, &w);
    }
    jw_object_end(&w);
    jw_end(&w);
}
