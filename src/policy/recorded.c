/*
 * policy/recorded.c - reads what trace/record.c writes. A member that is absent was not known when the call was decided
 * on; personal values that have a digest and are not there were erased since.
 */
#include "policy/recorded.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

static const struct {
    struct str text, phrase;
} lacks[LACK_COUNT] = {
#define LACK(name, text, phrase) [LACK_##name] = {STR_INIT(text), STR_INIT(phrase)},
#include "policy/lack.tbl.h"
#undef LACK
};

struct str lack_text(enum lack l)
{
    check(l < LACK_COUNT);
    return lacks[l].text;
}

struct str lack_phrase(enum lack l)
{
    check(l < LACK_COUNT);
    return lacks[l].phrase;
}

static struct str text_of(struct json object, const char *name)
{
    return json_text_of(json_get(object, str_c(name)));
}

static bool is_true(struct json object, const char *name)
{
    bool b = false;
    return json_bool(json_get(object, str_c(name)), &b) && b;
}

/* --- enums by their texts ----------------------------------------------------------------------------------------- */

static enum op_class class_of(struct str s)
{
    enum op_class c;
    return class_parse(s, &c) == 0 ? c : CLASS_UNKNOWN;
}

static enum value_source source_of(struct str s)
{
    for (enum value_source v = SOURCE_NONE; v <= SOURCE_BODY; v++)
        if (str_eq(s, value_source_text(v)))
            return v;
    return SOURCE_NONE;
}

static enum run_source run_source_of(struct str s)
{
    for (enum run_source v = RUN_HEADER; v < RUN_MADE; v++)
        if (str_eq(s, run_source_text(v)))
            return v;
    return RUN_MADE;
}

static enum how how_of(struct str s)
{
    for (enum how h = HOW_UNKNOWN; h <= HOW_PARSED; h++)
        if (str_eq(s, how_text(h)))
            return h;
    return HOW_UNKNOWN;
}

/* --- pieces ---------------------------------------------------------------------------------------------------- */

static int read_list(struct json list, struct arena *a, struct str *ret)
{
    struct json item;
    size_t n = 0;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &item);)
        n += json_text_of(item).n + 1;
    char *p = arena_try_alloc(a, n + 1), *start = p;
    if (!p)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &item);) {
        struct str s = json_text_of(item);
        if (p > start)
            *p++ = ',';
        memcpy(p, s.p, s.n);
        p += s.n;
    }
    *ret = (struct str){start, (size_t)(p - start)};
    return 0;
}

static int read_params(struct json object, struct arena *a, struct facts *f)
{
    struct json value;
    struct str name;
    bool b;
    if (json_type(object) != JSON_OBJECT)
        return 0;
    struct param *params = arena_try_alloc(a, (json_len(object) + 1) * sizeof *params);
    if (!params)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(object); json_next(&it, &name, &value);) {
        struct param p = {.name = name, .kind = KIND_TEXT, .s = json_text_of(value)};
        if (json_i64(value, &p.i)) {
            p.kind = KIND_INT;
            (void)json_number_text(value, &p.s); /* it is one */
        } else if (json_bool(value, &b)) {
            p.kind = KIND_BOOL;
            p.s = b ? STR("true") : STR("false");
        } else if (json_type(value) == JSON_ARRAY) {
            p.kind = KIND_LIST;
            int r = read_list(value, a, &p.s);
            if (r < 0)
                return r;
        }
        params[f->n_params++] = p;
    }
    f->params = params;
    return 0;
}

static int read_actors(struct json list, struct arena *a, struct facts *f)
{
    struct json item;
    if (json_type(list) != JSON_ARRAY)
        return 0;
    struct str *actors = arena_try_alloc(a, (json_len(list) + 1) * sizeof *actors);
    if (!actors)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &item);)
        actors[f->n_actors++] = json_text_of(item);
    f->actors = actors;
    return 0;
}

static int read_labels(struct json object, struct arena *a, struct facts *f)
{
    struct json value;
    struct str name;
    if (json_type(object) != JSON_OBJECT)
        return 0;
    struct label *labels = arena_try_alloc(a, (json_len(object) + 1) * sizeof *labels);
    if (!labels)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(object); json_next(&it, &name, &value);)
        labels[f->n_labels++] = (struct label){name, json_text_of(value)};
    f->labels = labels;
    return 0;
}

/* Whose accounts a scope was told of (trace/record.c: put_affected). */
static int read_affected(struct json told, struct arena *a, struct facts *f)
{
    struct json list = json_get(told, STR("accounts")), one;
    if (json_type(told) != JSON_OBJECT)
        return 0;
    struct affected_account *items = arena_try_alloc(a, (json_len(list) + 1) * sizeof *items);
    if (!items)
        return err_trace(-ERR_TOO_LARGE);
    f->affected = (struct affected){.state = AFFECTED_TOLD, .items = items};
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        items[f->affected.n++] =
            (struct affected_account){.id = text_of(one, "id"), .is_customer = is_true(one, "customer")};
    if (json_str(json_get(told, STR("untold")), &f->affected.why))
        f->affected.state = AFFECTED_UNTOLD;
    return 0;
}

static int read_answers(struct json list, struct arena *a, struct facts *f)
{
    struct json one;
    if (json_type(list) != JSON_ARRAY)
        return 0;
    struct scope_answer *answers = arena_try_alloc(a, (json_len(list) + 1) * sizeof *answers);
    if (!answers)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);) {
        struct scope_answer x = {.q = {.source = text_of(one, "source"), .name = text_of(one, "name"),
                                       .subject = text_of(one, "subject"), .about = text_of(one, "about")},
                                 .from = text_of(one, "from"), .why = text_of(one, "unknown"),
                                 .age_ms = json_i64_of(json_get(one, STR("age_ms")))};
        x.is_known = json_str(json_get(one, STR("value")), &x.value);
        if (question_parse(text_of(one, "question"), &x.q.kind) == 0) /* else this version does not ask it */
            answers[f->n_answers++] = x;
    }
    f->answers = answers;
    return 0;
}

static void read_who(struct json body, struct json personal, struct json decided, struct facts *f)
{
    f->key = text_of(body, "key");
    f->agent = text_of(body, "agent");
    f->owner = text_of(personal, "owner");
    f->has_idempotency_key = text_of(personal, "idempotency_key").n > 0;
    f->tenant = text_of(personal, "tenant");
    f->tenant_source = source_of(text_of(decided, "tenant_source"));
    f->user_source = source_of(text_of(decided, "user_source"));
    f->customer_source = source_of(text_of(decided, "customer_source"));
    /* Beside the sources of what is proven stand those of claims: only the former decided. */
    if (f->user_source != SOURCE_NONE)
        f->user = text_of(personal, "user");
    if (f->customer_source != SOURCE_NONE)
        f->customer = text_of(personal, "customer");
    f->issuer = text_of(body, "issuer");
    f->token_lifetime_s = json_i64_of(json_get(decided, STR("token_lifetime_s")));
    f->run_id = text_of(body, "run_id");
    f->parent_run_id = text_of(body, "parent_run_id");
    f->root_run_id = text_of(body, "root_run_id"); /* left out where it is the run itself */
    f->root_run_id = f->root_run_id.n ? f->root_run_id : f->run_id;
    f->run_source = run_source_of(text_of(body, "run_source"));
    f->run_trust = str_eq(text_of(body, "run_trust"), run_trust_text(RUN_MINTED)) ? RUN_MINTED : RUN_CLAIMED;
}

bool recorded_amount(struct json object, struct amount *ret)
{
    struct str currency = text_of(object, "currency");
    struct amount m = {.is_known = currency.n > 0 && currency.n < sizeof m.currency,
                       .exponent = (int)json_i64_of(json_get(object, STR("exponent")))};
    if (!m.is_known || !json_i64(json_get(object, STR("amount")), &m.minor) || m.minor < 0)
        return false;
    memcpy(m.currency, currency.p, currency.n);
    *ret = m;
    return true;
}

static void read_amount(struct json body, struct json decided, struct facts *f)
{
    if (is_true(decided, "amount_is_known"))
        (void)recorded_amount(body, &f->amount); /* else it is not known */
}

/* As the sentence of an unknown cost says it; the cost itself is on record. */
static void read_fx(struct json fx, struct fx_use *ret)
{
    static const enum fx_state states[] = {FX_USED, FX_NO_TABLE, FX_NO_RATE, FX_STALE};
    struct str date = text_of(fx, "date");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (str_eq(text_of(fx, "state"), fx_state_text(states[i])))
            ret->state = states[i];
    if (date.n < sizeof ret->date)
        memcpy(ret->date, date.p ? date.p : "", date.n);
}

static void read_what(struct json body, struct json decided, struct facts *f)
{
    struct json tokens = json_get(decided, STR("tokens"));
    f->layer = text_of(body, "layer");
    f->vendor = text_of(body, "vendor");
    f->host = text_of(decided, "host");
    f->operation = text_of(body, "operation");
    f->method = text_of(body, "method");
    f->class = class_of(text_of(body, "class"));
    f->mode = str_eq(text_of(body, "mode"), mode_text(MODE_LIVE)) ? MODE_LIVE : MODE_TEST;
    f->model = text_of(body, "model_asked");
    f->downgraded_by = text_of(body, "downgraded_by");
    if (f->downgraded_by.n) {
        f->model_asked = f->model;
        f->model = text_of(body, "model_sent");
    }
    f->prompt = text_of(body, "prompt");
    read_fx(json_get(body, STR("fx")), &f->fx);
    f->prompt_hash = text_of(body, "prompt_hash");
    if (money_parse(text_of(json_get(body, STR("predicted")), "usd"), &f->cost.usd) == 0 && f->cost.usd >= 0)
        f->cost.how = how_of(text_of(json_get(body, STR("predicted")), "how"));
    else
        f->cost = (struct cost){.how = HOW_UNKNOWN};
    f->tokens = (struct token_bound){.input = -1, .output = -1};
    f->tokens.is_known = json_i64(json_get(tokens, STR("input")), &f->tokens.input) &&
                         json_i64(json_get(tokens, STR("output")), &f->tokens.output) && f->tokens.input >= 0 &&
                         f->tokens.output >= 0;
    struct str now = text_of(decided, "now"); /* left out where the call was decided on as it started */
    (void)wall_parse(now.n ? now : text_of(body, "started_at"), &f->now); /* one of them is in every frame of a call */
}

static void read_verdict(struct json body, struct json decided, struct recorded *ret)
{
    ret->call_id = text_of(body, "call_id");
    ret->verdict = text_of(body, "verdict");
    ret->code = text_of(body, "code");
    ret->rule = text_of(body, "rule");
    ret->policy = text_of(body, "policy");
    ret->policy_name = text_of(body, "policy_name");
    ret->is_over = text_of(body, "ended_at").n > 0;
    ret->is_approved = json_type(json_get(body, STR("approval"))) == JSON_OBJECT;
    ret->is_shared = text_of(body, "shares").n > 0;
    ret->is_dry_run = is_true(decided, "dry_run");
    ret->could_ask_cost = is_true(decided, "could_ask_cost");
    ret->could_ask_customer = is_true(decided, "could_ask_customer");
    ret->limits = json_get(body, STR("limits"));
}

int recorded_read(const struct frame *f, struct arena *a, struct recorded *ret)
{
    struct json body = JSON_ABSENT, personal = JSON_ABSENT;
    int r = json_parse_own(a, f->body, &body);
    if (r == 0 && f->personal.n)
        r = json_parse_own(a, f->personal, &personal);
    if (r == -ERR_TOO_LARGE)
        return err_trace(r);
    struct json decided = json_get(body, STR("facts"));
    if (r < 0 || f->kind != FRAME_OPEN || json_type(decided) != JSON_OBJECT)
        return err_trace(-ERR_CORRUPT);
    bool had_personal = json_type(json_get(body, STR("personal"))) != JSON_NONE;
    *ret = (struct recorded){.lack = had_personal && json_len(personal) == 0 ? LACK_ERASED : LACK_NOTHING};
    read_who(body, personal, decided, &ret->facts);
    read_amount(body, decided, &ret->facts);
    read_what(body, decided, &ret->facts);
    read_verdict(body, decided, ret);
    ret->buckets = json_get(personal, STR("buckets"));
    r = read_params(json_get(personal, STR("params")), a, &ret->facts);
    if (r == 0)
        r = read_labels(json_get(decided, STR("labels")), a, &ret->facts);
    if (r == 0)
        r = read_affected(json_get(personal, STR("affected")), a, &ret->facts);
    if (r == 0)
        r = read_answers(json_get(personal, STR("answers")), a, &ret->facts);
    return r < 0 ? r : read_actors(json_get(personal, STR("actors")), a, &ret->facts);
}
