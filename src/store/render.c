/*
 * store/render.c - the record of a call, composed from its frames; and the other rows.
 *
 * A field is never left out and never invented: absent is null.
 */
#include "store/render.h"

#include "base/uuid.h"
#include "codec/hex.h"
#include "store/limit_read.h"

/* --- small pieces ------------------------------------------------------------------------------------------------- */

/* Any value as it was; depth is bounded by the parse. */
static void put_json(struct json_writer *w, struct json v)
{
    struct str s, key;
    struct json child;
    bool b;
    switch (json_type(v)) {
    case JSON_NONE:
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_BOOL:
        jw_bool(w, json_bool(v, &b) && b);
        break;
    case JSON_NUMBER:
        jw_raw(w, json_number_text(v, &s) ? s : STR("null"));
        break;
    case JSON_STR:
        jw_str(w, json_str(v, &s) ? s : STR_NONE);
        break;
    case JSON_ARRAY:
        jw_array(w);
        for (struct json_iter it = json_each(v); json_next(&it, NULL, &child);)
            put_json(w, child);
        jw_array_end(w);
        break;
    case JSON_OBJECT:
        jw_object(w);
        for (struct json_iter it = json_each(v); json_next(&it, &key, &child);) {
            jw_key(w, key);
            put_json(w, child);
        }
        jw_object_end(w);
        break;
    }
}

static void put_member(struct json_writer *w, struct str key, struct json v)
{
    jw_key(w, key);
    put_json(w, v);
}

static bool is_set(struct json v)
{
    return json_type(v) != JSON_NONE && json_type(v) != JSON_NULL;
}

static void put_usd(struct json_writer *w, struct str key, money_t nano, enum how how)
{
    char text[MONEY_TEXT_BYTES];
    jw_key(w, key);
    jw_object(w);
    jw_put_str(w, STR("usd"), money_text(nano, text));
    jw_put_str(w, STR("how"), how_text(how));
    jw_object_end(w);
}

void render_cost(struct json_writer *w, struct str key, struct cost_row c)
{
    if (c.is_known)
        put_usd(w, key, c.nano, c.how);
    else
        jw_put_null(w, key);
}

void render_wall(struct json_writer *w, struct str key, wall_t t)
{
    char text[WALL_TEXT_BYTES];
    jw_put_str_or_null(w, key, t ? wall_text(t, text) : STR_NONE);
}

struct str frame_kind_text(enum frame_kind k)
{
    return k == FRAME_OPEN ? STR("open") : k == FRAME_CLOSE ? STR("close") : STR("event");
}

struct str object_scope(struct str scope)
{
    size_t n_slashes = 0;
    for (size_t i = 0; i < scope.n; i++)
        if (scope.p[i] == '/' && ++n_slashes == 2)
            return str_sub(scope, 0, i);
    return scope;
}

int64_t query_rows(const struct query *q)
{
    return q->rows_max > 0 ? q->rows_max : QUERY_ROWS_DEFAULT;
}

static void put_chain(struct json_writer *w, const uint8_t chain[CHAIN_BYTES])
{
    char hex[2 * CHAIN_BYTES];
    jw_put_str(w, STR("chain"), hex_encode(chain, CHAIN_BYTES, hex));
}

/* --- the record of a call ----------------------------------------------------------------------------------------- */

enum from { FROM_OPEN, FROM_FIRST, FROM_LAST, FROM_PERSONAL, FROM_OWN };

static const struct field {
    struct str name;
    enum from from;
} FIELDS[] = {
#define RECORD(name, from) {STR_INIT(#name), FROM_##from},
#include "store/record.tbl.h"
#undef RECORD
};

/* A call's texts, parsed. */
struct parsed {
    const struct call_texts *t;
    struct json open, open_personal, close, close_personal, last, last_personal;
};

static int parse_all(struct arena *a, const struct call_texts *t, struct parsed *ret)
{
    *ret = (struct parsed){.t = t};
    int r = frame_parse_both(a, t->open, t->open_personal, &ret->open, &ret->open_personal);
    if (r == 0)
        r = frame_parse_both(a, t->close, t->close_personal, &ret->close, &ret->close_personal);
    if (r == 0)
        r = frame_parse_both(a, t->last, t->last_personal, &ret->last, &ret->last_personal);
    return r;
}

static struct json first_set(struct str name, struct json a, struct json b, struct json c)
{
    struct json v = json_get(a, name);
    if (!is_set(v))
        v = json_get(b, name);
    return is_set(v) ? v : json_get(c, name);
}

static struct json find(const struct parsed *p, const struct field *f)
{
    switch (f->from) {
    case FROM_OPEN:
        return json_get(p->open, f->name);
    case FROM_FIRST:
        return first_set(f->name, p->close, p->last, p->open);
    case FROM_LAST:
        return first_set(f->name, p->last, p->close, p->open);
    case FROM_PERSONAL:
        return first_set(f->name, p->last_personal, p->close_personal, p->open_personal);
    case FROM_OWN:
        break;
    }
    return JSON_ABSENT;
}

static void put_limit(struct json_writer *w, const struct limit_read *l, struct str bucket)
{
    jw_object(w);
    jw_put_str(w, STR("id"), l->id);
    jw_put_str_or_null(w, STR("bucket"), bucket);
    jw_put_str(w, STR("counter"), l->counter);
    jw_put_str(w, STR("meter"), l->name.meter);
    jw_put_str(w, STR("window"), l->name.window);
    jw_put_i64(w, STR("window_start"), l->window_start);
    jw_put_i64(w, STR("n"), l->n);
    jw_put_i64(w, STR("before"), l->before);
    jw_put_i64(w, STR("held"), l->held);
    jw_put_i64(w, STR("after"), l->after);
    jw_put_i64(w, STR("max"), l->max);
    if (l->soft)
        jw_put_i64(w, STR("soft"), l->soft);
    if (l->raised)
        jw_put_i64(w, STR("raised"), l->raised);
    if (l->is_shadow)
        jw_put_bool(w, STR("shadow"), true);
    if (l->resets_at)
        render_wall(w, STR("resets_at"), l->resets_at);
    jw_object_end(w);
}

static void put_trace_id(struct json_writer *w, const struct parsed *p)
{
    char digits[UUID_DIGITS];
    struct str id = json_text_of(json_get(p->open, STR("trace_id")));
    jw_put_str_or_null(w, STR("trace_id"),
                       id.n ? id : uuid_digits(json_text_of(json_get(p->open, STR("run_id"))), digits));
}

/* Limits stand in the body, their buckets may be erased. */
static void put_limits(struct json_writer *w, const struct parsed *p)
{
    struct json one, buckets = json_get(p->open_personal, STR("buckets"));
    size_t i = 0;
    jw_key(w, STR("limits"));
    jw_array(w);
    for (struct json_iter it = json_each(json_get(p->open, STR("limits"))); json_next(&it, NULL, &one); i++) {
        struct limit_read limit = limit_read(one);
        put_limit(w, &limit, limit_bucket(buckets, i));
    }
    jw_array_end(w);
}

/* Two numbers a limit, from place `from` on. */
static void put_moves_of(struct json_writer *w, int64_t of, struct json moves, size_t from)
{
    for (size_t at = from; at + 1 < json_len(moves); at += 2) {
        int64_t released = json_i64_of(json_at(moves, at)), settled = json_i64_of(json_at(moves, at + 1));
        if (!released && !settled)
            continue;
        jw_object(w);
        jw_put_i64(w, STR("of"), of);
        jw_put_i64(w, STR("i"), (int64_t)(at - from) / 2);
        jw_put_i64(w, STR("released"), released);
        jw_put_i64(w, STR("settled"), settled);
        jw_object_end(w);
    }
}

static void put_moves(struct json_writer *w, const struct parsed *p)
{
    struct json close = is_set(json_get(p->last, STR("moves"))) ? p->last : p->close;
    struct json moves = json_get(close, STR("moves")), shared = json_get(close, STR("shared_moves"));
    jw_key(w, STR("moves"));
    if (!is_set(moves)) {
        jw_null(w);
        return;
    }
    jw_array(w);
    put_moves_of(w, (int64_t)p->t->open_seq, moves, 0);
    put_moves_of(w, json_i64_of(json_at(shared, 0)), shared, 1);
    jw_array_end(w);
}

/* Tool calls stand in the body, the hashes of their arguments may be erased. */
static void put_tool_calls(struct json_writer *w, const struct parsed *p)
{
    struct json call, v, calls = json_get(p->close, STR("tool_calls"));
    struct json hashes = json_get(p->close_personal, STR("args_hashes"));
    struct str key;
    size_t i = 0;
    jw_key(w, STR("tool_calls"));
    if (!is_set(calls)) {
        jw_null(w);
        return;
    }
    jw_array(w);
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call); i++) {
        jw_object(w);
        for (struct json_iter m = json_each(call); json_next(&m, &key, &v);)
            put_member(w, key, v);
        put_member(w, STR("args_hash"), json_at(hashes, i));
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void put_attempt(struct json_writer *w, struct json attempt, size_t n)
{
    struct str key;
    struct json v;
    bool is_lookup = json_bool(json_get(attempt, STR("lookup")), &is_lookup) && is_lookup;
    jw_object(w);
    jw_put_i64(w, STR("n"), (int64_t)n);
    jw_put_str(w, STR("kind"), is_lookup ? STR("lookup") : STR("forward"));
    for (struct json_iter it = json_each(attempt); json_next(&it, &key, &v);)
        if (!str_eq(key, STR("lookup")))
            put_member(w, key, v);
    jw_object_end(w);
}

/* Attempts of all frames of the call, in order. */
static void put_attempts(struct json_writer *w, const struct parsed *p)
{
    const struct json bodies[] = {p->open, p->close, p->last};
    struct json v;
    jw_key(w, STR("attempts"));
    jw_array(w);
    for (size_t i = 0; i < 3; i++) {
        size_t n = 0;
        for (struct json_iter it = json_each(json_get(bodies[i], STR("attempts"))); json_next(&it, NULL, &v);)
            put_attempt(w, v, ++n);
    }
    jw_array_end(w);
}

static void put_additions(struct json_writer *w, const struct parsed *p)
{
    struct json v;
    jw_key(w, STR("additions"));
    jw_array(w);
    for (struct json_iter it = json_each(json_get(p->open, STR("additions"))); json_next(&it, NULL, &v);)
        put_json(w, v);
    jw_array_end(w);
}

/* Verdict, rule and policy are those that were given, where the frame does not say others; no rule is an empty one. */
static void put_would_be(struct json_writer *w, const struct parsed *p, struct str name, struct json v)
{
    bool may_be_given = str_eq(name, STR("verdict")) || str_eq(name, STR("rule")) || str_eq(name, STR("policy"));
    if (may_be_given)
        jw_put_str_or_null(w, name, json_text_of(is_set(v) ? v : json_get(p->open, name)));
    else
        put_member(w, name, v);
}

static void put_shadow(struct json_writer *w, const struct parsed *p)
{
    static const struct str NAMES[] = {STR_INIT("of"),    STR_INIT("verdict"), STR_INIT("code"),  STR_INIT("rule"),
                                       STR_INIT("limit"), STR_INIT("reason"),  STR_INIT("policy")};
    struct json shadow = json_get(p->open, STR("shadow"));
    jw_key(w, STR("shadow"));
    if (!is_set(shadow)) {
        jw_null(w);
        return;
    }
    jw_object(w);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        put_would_be(w, p, NAMES[i], json_get(shadow, NAMES[i]));
    jw_object_end(w);
}

/* As that CLOSE says, which leaves out what is false; null as long as the call goes on. */
static void put_flag(struct json_writer *w, const struct parsed *p, struct str name, struct json close)
{
    bool is = false;
    (void)json_bool(json_get(close, name), &is);
    if (p->t->close_seq)
        jw_put_bool(w, name, is);
    else
        jw_put_null(w, name);
}

static void put_customer_source(struct json_writer *w, const struct parsed *p)
{
    struct str known = STR_NONE, late = STR_NONE;
    (void)json_str(json_get(p->open_personal, STR("customer")), &known);
    if (!json_str(json_get(p->last_personal, STR("customer")), &late))
        (void)json_str(json_get(p->close_personal, STR("customer")), &late);
    if (late.n && !str_eq(late, known))
        jw_put_str(w, STR("customer_source"), value_source_text(SOURCE_LEARNED));
    else
        put_member(w, STR("customer_source"), json_get(p->open_personal, STR("customer_source")));
}

static void put_own(struct json_writer *w, const struct parsed *p, struct str name)
{
    if (str_eq(name, STR("seq")))
        jw_put_i64(w, name, (int64_t)p->t->open_seq);
    else if (str_eq(name, STR("trace_id")))
        put_trace_id(w, p);
    else if (str_eq(name, STR("limits")))
        put_limits(w, p);
    else if (str_eq(name, STR("attempts")))
        put_attempts(w, p);
    else if (str_eq(name, STR("tool_calls")))
        put_tool_calls(w, p);
    else if (str_eq(name, STR("customer_source")))
        put_customer_source(w, p);
    else if (str_eq(name, STR("additions")))
        put_additions(w, p);
    else if (str_eq(name, STR("shadow")))
        put_shadow(w, p);
    else if (str_eq(name, STR("overrun")))
        put_flag(w, p, name, p->t->last_seq ? p->last : p->close);
    else if (str_eq(name, STR("replay")))
        put_flag(w, p, name, p->close);
    else if (str_eq(name, STR("resolved_at")))
        put_member(w, name, json_get(p->last, STR("ended_at")));
    else
        put_chain(w, p->t->chain);
}

static void put_more(struct json_writer *w, const struct parsed *p)
{
    put_member(w, STR("facts"), json_get(p->open, STR("facts")));
    put_member(w, STR("params"), json_get(p->open_personal, STR("params")));
    put_member(w, STR("affected"), json_get(p->open_personal, STR("affected")));
    put_member(w, STR("answers"), json_get(p->open_personal, STR("answers")));
    put_member(w, STR("idempotency"), json_get(p->open, STR("idempotency")));
    put_moves(w, p);
    jw_key(w, STR("frames"));
    jw_array(w);
    jw_i64(w, (int64_t)p->t->open_seq);
    if (p->t->close_seq)
        jw_i64(w, (int64_t)p->t->close_seq);
    if (p->t->last_seq)
        jw_i64(w, (int64_t)p->t->last_seq);
    jw_array_end(w);
}

int render_call(struct arena *a, struct json_writer *w, const struct call_texts *t, bool is_full)
{
    struct parsed p;
    int r = parse_all(a, t, &p);
    if (r < 0)
        return r;
    jw_object(w);
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        if (FIELDS[i].from == FROM_OWN)
            put_own(w, &p, FIELDS[i].name);
        else
            put_member(w, FIELDS[i].name, find(&p, &FIELDS[i]));
    }
    if (is_full)
        put_more(w, &p);
    else
        jw_object_end(w);
    return 0;
}

/* The span that a cause has on record, so that a trace can be put together without asking again. */
static void put_cause_span(struct arena *a, struct json_writer *w, const struct call_texts *t,
                           struct str (*body_of)(void *ctx, struct str call_id), void *ctx)
{
    struct json open, cause;
    struct str call_id, span_id;
    if (frame_parse(a, t->open, &open) < 0 ||
        !json_str(json_path(open, STR("caused_by.call_id")), &call_id))
        return;
    if (frame_parse(a, body_of(ctx, call_id), &cause) == 0 && json_str(json_get(cause, STR("span_id")), &span_id))
        jw_put_str(w, STR("cause_span_id"), span_id);
}

int render_ended(struct arena *a, struct json_writer *w, const struct call_texts *t,
                 struct str (*body_of)(void *ctx, struct str call_id), void *ctx)
{
    int r = render_call(a, w, t, true);
    if (r < 0)
        return r;
    jw_put_i64(w, STR("ended_seq"), (int64_t)(t->close_seq ? t->close_seq : t->open_seq));
    put_cause_span(a, w, t, body_of, ctx);
    jw_object_end(w);
    return 0;
}

int render_poll(struct arena *a, struct json_writer *w, const struct call_texts *t)
{
    struct parsed p;
    int r = parse_all(a, t, &p);
    if (r < 0)
        return r;
    struct json poll = json_get(p.close_personal, STR("poll"));
    if (!is_set(poll))
        return 1;
    jw_object(w);
    put_member(w, STR("call_id"), json_get(p.open, STR("call_id")));
    jw_put_i64(w, STR("seq"), (int64_t)t->open_seq);
    put_member(w, STR("ended_at"), json_get(p.close, STR("ended_at")));
    put_member(w, STR("poll"), poll);
    put_member(w, STR("settled"), first_set(STR("settled"), p.last, p.close, JSON_ABSENT));
    put_limits(w, &p);
    jw_object_end(w);
    return 0;
}

int render_duplicate(struct arena *a, struct json_writer *w, const struct call_texts *t)
{
    struct json open, personal;
    int r = frame_parse_both(a, t->open, t->open_personal, &open, &personal);
    if (r < 0)
        return r;
    struct json duplicate = json_get(personal, STR("duplicate"));
    if (!is_set(duplicate))
        return 1;
    jw_object(w);
    put_member(w, STR("call_id"), json_get(open, STR("call_id")));
    put_member(w, STR("started_at"), json_get(open, STR("started_at")));
    put_member(w, STR("duplicate"), duplicate);
    jw_object_end(w);
    return 0;
}

void render_seen(struct json_writer *w, uint64_t seq)
{
    jw_object(w);
    jw_put_i64(w, STR("seen_seq"), (int64_t)seq);
    jw_object_end(w);
}

void render_mark(struct json_writer *w, struct str name, uint64_t seq)
{
    jw_object(w);
    jw_put_str(w, STR("name"), name);
    jw_put_i64(w, STR("seq"), (int64_t)seq);
    jw_object_end(w);
}

/* --- events and policies ------------------------------------------------------------------------------------------ */

static bool is_one_of(struct str s, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, names[i]))
            return true;
    return false;
}

static void put_others(struct json_writer *w, struct json object, const struct str *but, size_t n_but)
{
    struct str key;
    struct json v;
    if (json_type(object) != JSON_OBJECT)
        return;
    for (struct json_iter it = json_each(object); json_next(&it, &key, &v);)
        if (!is_one_of(key, but, n_but))
            put_member(w, key, v);
}

int render_event(struct arena *a, struct json_writer *w, uint64_t seq, wall_t at, struct str body, struct str personal)
{
    /* A key's hash and sealed bytes are of no use to a reader, and of some to a thief; a document has its own query. */
    static const struct str BODY_BUT[] = {STR_INIT("event"), STR_INIT("by"),       STR_INIT("at"),      STR_INIT("seq"),
                                          STR_INIT("hash"),  STR_INIT("document"), STR_INIT("personal")};
    static const struct str PERSONAL_BUT[] = {STR_INIT("salt"), STR_INIT("sealed"), STR_INIT("before_sealed")};
    struct json b, p;
    int r = frame_parse_both(a, body, personal, &b, &p);
    if (r < 0)
        return r;
    jw_object(w);
    jw_put_i64(w, STR("seq"), (int64_t)seq);
    render_wall(w, STR("at"), at);
    put_member(w, STR("event"), json_get(b, STR("event")));
    put_member(w, STR("by"), json_get(b, STR("by")));
    put_others(w, b, BODY_BUT, sizeof BODY_BUT / sizeof BODY_BUT[0]);
    put_others(w, p, PERSONAL_BUT, sizeof PERSONAL_BUT / sizeof PERSONAL_BUT[0]);
    jw_object_end(w);
    return 0;
}

int render_policy(struct arena *a, struct json_writer *w, uint64_t seq, wall_t at, struct str body, bool is_active,
                  bool with_document)
{
    struct json b;
    int r = frame_parse(a, body, &b);
    if (r < 0)
        return r;
    jw_object(w);
    put_member(w, STR("name"), json_get(b, STR("name")));
    put_member(w, STR("version"), json_get(b, STR("version")));
    put_member(w, STR("digest"), json_get(b, STR("digest")));
    render_wall(w, STR("applied_at"), at);
    put_member(w, STR("by"), json_get(b, STR("by")));
    jw_put_bool(w, STR("is_active"), is_active);
    jw_put_i64(w, STR("seq"), (int64_t)seq);
    if (with_document)
        put_member(w, STR("document"), json_get(b, STR("document")));
    jw_object_end(w);
    return 0;
}

/* --- sums and indexes ----------------------------------------------------------------------------------------------
 */

void render_rollup(struct json_writer *w, const struct rollup *r)
{
    jw_put_i64(w, STR("calls"), r->calls);
    jw_put_i64(w, STR("denied"), r->denied);
    jw_put_i64(w, STR("unknown"), r->unknown);
    put_usd(w, STR("settled"), r->settled, r->how);
    put_usd(w, STR("held"), r->held, HOW_ESTIMATED);
}

static void put_run(struct json_writer *w, const struct run_row *r)
{
    jw_object(w);
    jw_put_str(w, STR("run_id"), r->run_id);
    jw_put_str(w, STR("agent"), r->agent);
    jw_put_str_or_null(w, STR("tenant"), r->tenant);
    render_rollup(w, &r->sum);
    render_wall(w, STR("first"), r->first_at);
    render_wall(w, STR("last"), r->last_at);
    jw_put_i64(w, STR("seq"), (int64_t)r->last_seq);
}

void render_run(struct json_writer *w, const struct run_row *r)
{
    put_run(w, r);
    jw_object_end(w);
}

void render_quiet_run(struct json_writer *w, const struct run_row *r, wall_t ended_at)
{
    put_run(w, r);
    render_wall(w, STR("ended"), ended_at);
    jw_object_end(w);
}

bool spend_is_by(const struct query *q, enum spend_by by)
{
    return q->spend_by == 0 || (q->spend_by & 1u << by);
}

void render_spend(struct json_writer *w, const struct spend_row *r)
{
    char text[WALL_TEXT_BYTES];
    jw_object(w);
    jw_put_str_or_null(w, STR("day"), r->day ? str_sub(wall_text(r->day, text), 0, 10) : STR_NONE);
#define SPEND_BY(name, member) jw_put_str_or_null(w, STR(#member), r->member);
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    render_rollup(w, &r->sum);
    jw_object_end(w);
}

void render_units(struct json_writer *w, struct str key, struct str meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES], currency[CURRENCY_BYTES];
    enum limit_meter m;
    if (meter_parse(meter, &m, currency) == 0 && meter_is_money(m))
        jw_put_str(w, key, money_text(n, text));
    else
        jw_put_i64(w, key, n);
}

void render_counter(struct json_writer *w, const struct tally_row *r)
{
    jw_object(w);
    jw_put_str(w, STR("counter"), r->counter);
    jw_put_str_or_null(w, STR("bucket"), r->bucket);
    jw_put_str(w, STR("meter"), r->meter);
    jw_put_str(w, STR("window"), r->window);
    render_wall(w, STR("window_start"), r->window_start);
    render_units(w, STR("settled"), r->meter, r->settled);
    render_units(w, STR("held"), r->meter, r->held);
    jw_object_end(w);
}

void render_object(struct json_writer *w, const struct object_full *o)
{
    struct str vendor = o->scope, mode = STR_NONE;
    (void)str_cut(o->scope, '/', &vendor, &mode); /* without a slash it is all vendor */
    jw_object(w);
    jw_put_str(w, STR("vendor"), vendor);
    jw_put_str_or_null(w, STR("mode"), mode);
    jw_put_str(w, STR("id"), o->object.id);
    jw_put_str_or_null(w, STR("type"), o->object.type);
    jw_put_str_or_null(w, STR("customer"), o->object.customer);
    jw_put_str_or_null(w, STR("parent"), o->object.parent);
    jw_put_bool(w, STR("created"), o->object.is_created);
    jw_put_str(w, STR("agent"), o->agent);
    jw_put_str(w, STR("key"), o->key);
    jw_put_str_or_null(w, STR("run_id"), o->run_id);
    jw_put_str(w, STR("call_id"), o->call_id);
    jw_object_end(w);
}

void render_idempotency(struct json_writer *w, const struct idempotency_row *r)
{
    jw_object(w);
    jw_put_str(w, STR("scope"), r->scope);
    jw_put_str(w, STR("key"), r->key);
    jw_put_str(w, STR("body"), r->body);
    render_wall(w, STR("at"), r->at);
    jw_put_str(w, STR("call_id"), r->call->call_id);
    jw_put_i64(w, STR("open_seq"), (int64_t)r->call->open_seq);
    jw_put_str_or_null(w, STR("outcome"), r->call->outcome);
    render_cost(w, STR("held"), r->call->held);
    render_cost(w, STR("settled"), r->call->settled);
    jw_object_end(w);
}

void render_frame(struct json_writer *w, const struct frame *f, bool has_personal)
{
    jw_object(w);
    jw_put_i64(w, STR("seq"), (int64_t)f->seq);
    jw_put_str(w, STR("kind"), frame_kind_text(f->kind));
    jw_put_i64(w, STR("version"), f->version);
    jw_put_i64(w, STR("node"), f->node);
    jw_put_i64(w, STR("epoch"), f->epoch);
    jw_put_i64(w, STR("at"), f->at);
    put_chain(w, f->chain);
    jw_put_str(w, STR("body"), f->body);
    if (has_personal)
        jw_put_str(w, STR("personal"), f->personal);
    else
        jw_put_null(w, STR("personal"));
    jw_object_end(w);
}
