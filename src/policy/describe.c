/*
 * policy/describe.c - a document in plain sentences: one a proof that is required, one a rule, one a limit, for those
 * who answer for what agents may do and do not read YAML. Says what the document says and nothing more; a long list of
 * names is cut, with a count.
 */
#include "codec/json_write.h"
#include "policy/policy_impl.h"

#include <stdio.h>

#define NAMES_SAID_MAX 6
#define SENTENCE_BYTES_MAX 65536

/* "a", "a or b", "a, b or c", "a, b and 7 more". */
static void say_names(struct buf *b, const struct patterns *p)
{
    size_t n = p->n <= NAMES_SAID_MAX ? p->n : NAMES_SAID_MAX;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add(b, i + 1 == p->n ? STR(" or ") : STR(", "));
        buf_add(b, p->items[i].text);
    }
    if (p->n > n)
        buf_printf(b, " or %zu more", p->n - n);
}

static void say_classes(struct buf *b, uint32_t classes)
{
    struct pattern items[CLASS_COUNT];
    struct patterns p = {items, 0};
    for (enum op_class c = 0; c < CLASS_COUNT; c++)
        if (classes & 1u << c)
            items[p.n++] = (struct pattern){.text = class_text(c)};
    if (p.n) {
        buf_add(b, STR(" of class "));
        say_names(b, &p);
    }
}

static const struct {
    enum match_key key;
    struct str phrase;
} phrases[] = {
#define DESCRIBE(name, phrase) {MATCH_##name, STR_INIT(phrase)},
#include "policy/describe.tbl.h"
#undef DESCRIBE
};

/* Nothing that narrows a rule may be missing from its sentence. */
_Static_assert(sizeof(phrases) / sizeof(phrases[0]) == MATCH_COUNT - 2, "all keys but operation and agent");

/* "calls of class read to stripe", "stripe.refunds.* of class write or money_out". */
static void say_calls(struct buf *b, const struct match *m)
{
    const struct patterns *operations = &m->by_key[MATCH_OPERATION];
    if (operations->n)
        say_names(b, operations);
    else
        buf_add(b, STR("calls"));
    say_classes(b, m->classes);
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        const struct patterns *p = &m->by_key[phrases[i].key];
        if (p->n) {
            buf_add(b, phrases[i].phrase);
            say_names(b, p);
        }
    }
    for (size_t i = 0; i < m->n_labels; i++) {
        buf_printf(b, " with the label " STR_FMT "=", STR_ARG(m->labels[i].name));
        say_names(b, &m->labels[i].values);
    }
}

/* ", if `params.amount <= 20000`": in its author's words. */
static void say_condition(struct buf *b, const struct expr *when)
{
    if (when)
        buf_printf(b, ", if `" STR_FMT "`", STR_ARG(expr_text(when)));
}

static void say_fields(struct buf *b, const struct rule_scope *s)
{
    for (size_t i = 0; i < s->n_tests; i++) {
        const struct field_test *t = &s->tests[i];
        bool is_literal = t->principal == PRINCIPAL_LITERAL;
        buf_printf(b, "%s`" STR_FMT "` is %s" STR_FMT "%s", i ? " and " : "", STR_ARG(t->field),
                   is_literal ? "\"" : "`", STR_ARG(is_literal ? t->literal : principal_text(t->principal)),
                   is_literal ? "\"" : "`");
    }
}

/* ", only on accounts of the customers cus_1 or cus_2" */
static void say_scope(struct buf *b, const struct rule_scope *s)
{
    static const char *const creators[] = {
        [CREATOR_KEY] = "key", [CREATOR_AGENT] = "agent", [CREATOR_RUN] = "run"};
    switch (s->kind) {
    case SCOPE_NONE:
        return;
    case SCOPE_IN:
        buf_add(b, STR(", only on accounts of the customers "));
        say_names(b, &s->in);
        return;
    case SCOPE_CREATED_BY:
        buf_printf(b, ", only on accounts that the same %s created", creators[s->creator]);
        return;
    case SCOPE_METADATA:
        buf_add(b, STR(", only on accounts of customers whose metadata field "));
        say_fields(b, s);
        return;
    case SCOPE_RELATION:
        buf_printf(b, ", only on accounts of customers to whom the agent has the relation `" STR_FMT "`",
                   STR_ARG(s->relation));
        if (s->user_relation.n)
            buf_printf(b, " and the user has `" STR_FMT "`", STR_ARG(s->user_relation));
        return;
    case SCOPE_QUERY:
        buf_printf(b, ", only on accounts of customers that the source `" STR_FMT "` allows", STR_ARG(s->source));
        return;
    }
}

/* ", once a person has approved (finance)" */
static void say_approval_of(struct buf *b, const char *before, const struct approval_terms *t)
{
    if (t->quorum == 1)
        buf_printf(b, "%s, once a person has approved (" STR_FMT ")", before, STR_ARG(t->name));
    else
        buf_printf(b, "%s, once %lld persons have approved (" STR_FMT ")", before, (long long)t->quorum,
                   STR_ARG(t->name));
}

static void say_redactors(struct buf *b, const struct policy *p, const struct rule *r)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_redactors; i++)
        if (r->redactors & 1u << i)
            buf_printf(b, "%s`" STR_FMT "`", n++ ? " and " : ", redacted by ", STR_ARG(p->redactors[i].name));
}

static void say_obligations(struct buf *b, const struct rule *r)
{
    char window[DURATION_TEXT_BYTES];
    if (r->needs_idempotency_key)
        buf_add(b, STR(", with an Idempotency-Key"));
    if (r->duplicate_ms)
        buf_printf(b, "%s" STR_FMT,
                   r->duplicate_then == DUPLICATE_ALLOW ? ", the same again too within " : ", the same once in ",
                   STR_ARG(duration_text(r->duplicate_ms * NS_PER_MS, window)));
    if (r->duplicate_then == DUPLICATE_APPROVE)
        say_approval_of(b, " and again", &r->duplicate_approval);
    if (r->notice.n)
        buf_printf(b, ", noted as `" STR_FMT "`", STR_ARG(r->notice));
    if (r->bodies)
        buf_printf(b, ", with the %s kept",
                   r->bodies == BODY_SIDE_BIT(BODY_REQUEST)    ? "request's body"
                   : r->bodies == BODY_SIDE_BIT(BODY_RESPONSE) ? "answer's body"
                                                               : "bodies of request and answer");
}

static void say_rule(struct buf *b, const struct policy *p, const struct rule *r)
{
    const struct patterns *agents = &r->match.by_key[MATCH_AGENT];
    bool is_forbid = r->effect == EFFECT_DENY, has_operation = r->match.by_key[MATCH_OPERATION].n > 0;

    if (r->is_shadow)
        buf_add(b, STR("In shadow, deciding nothing: "));
    if (agents->n) {
        buf_add(b, STR("Agent "));
        say_names(b, agents);
        buf_add(b, is_forbid ? STR(" may never ") : STR(" may "));
    } else {
        buf_add(b, is_forbid ? STR("No agent may ") : STR("Every agent may "));
    }
    buf_add(b, has_operation ? STR("call ") : STR("make "));
    say_calls(b, &r->match);
    say_condition(b, r->when);
    say_scope(b, &r->scope);
    if (r->effect == EFFECT_APPROVE)
        say_approval_of(b, "", &r->approval);
    say_obligations(b, r);
    say_redactors(b, p, r);
    if (is_forbid && r->reason.n)
        buf_printf(b, ": " STR_FMT, STR_ARG(r->reason));
    buf_add(b, STR("."));
}

static void say_units(struct buf *b, enum limit_meter meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    if (meter_is_money(meter))
        buf_add(b, money_text_short(n, text));
    else
        buf_printf(b, "%lld", (long long)n);
}

static void say_most(struct buf *b, const struct limit *l)
{
    char window[WINDOW_TEXT_BYTES];
    say_units(b, l->meter, l->max);
    buf_printf(b, " " STR_FMT " " STR_FMT, STR_ARG(meter_unit(l->meter, l->currency)),
               STR_ARG(window_words(l->window, l->sliding_ns, zone_name(l->zone), window)));
}

static void say_limit(struct buf *b, const struct limit *l)
{
    const struct patterns *agents = &l->match.by_key[MATCH_AGENT];
    char window[WINDOW_TEXT_BYTES];
    size_t n = 0;

    buf_add(b, l->is_shadow ? STR("In shadow, refusing nothing: at most ") : STR("At most "));
    say_most(b, l);
    for (enum by k = 0; k < BY_COUNT; k++) {
        if (!(l->by & 1u << k) || (k == BY_RUN && l->window == WINDOW_RUN))
            continue;
        buf_add(b, n++ ? STR(" and ") : STR(" for each "));
        buf_add(b, k == BY_ROOT_RUN ? STR("tree of runs") : by_text(k));
    }
    buf_add(b, STR(", over "));
    say_calls(b, &l->match);
    if (agents->n) {
        buf_add(b, STR(" by agent "));
        say_names(b, agents);
    }
    say_condition(b, l->when);
    if (l->runs)
        buf_printf(b, "; a key may name %lld new runs " STR_FMT, (long long)l->runs->max,
                   STR_ARG(window_words(l->runs->window, l->runs->sliding_ns, STR_NONE, window)));
    if (l->soft) {
        buf_add(b, STR("; beyond "));
        say_units(b, l->meter, l->soft);
        buf_add(b, STR(" it is told"));
    }
    if (l->downgrade)
        buf_printf(b, "; without room models of route " STR_FMT " answer", STR_ARG(l->downgrade->id));
    if (l->may_clamp)
        buf_add(b, STR("; near the end answers get shorter"));
    if (l->approval.quorum)
        say_approval_of(b, "; beyond it", &l->approval);
    buf_add(b, STR("."));
}

/* "Calls of class money_out need an identity token that names a user." */
static void say_requirement(struct buf *b, const struct requirement *r)
{
    static const struct str subjects[] = {
        [SUBJECT_ANY] = {NULL, 0}, [SUBJECT_USER] = STR_INIT(" that names a user"),
        [SUBJECT_AGENT] = STR_INIT(" that names the agent")};
    const struct patterns *agents = &r->match.by_key[MATCH_AGENT];
    char text[DURATION_TEXT_BYTES];
    size_t at = b->n;
    say_calls(b, &r->match);
    if (b->n > at && b->p[at] == 'c')
        b->p[at] = 'C';
    if (agents->n) {
        buf_add(b, STR(" by agent "));
        say_names(b, agents);
    }
    buf_add(b, STR(" need an identity token"));
    buf_add(b, subjects[r->subject]);
    if (r->actors_max >= 0)
        buf_printf(b, ", through %lld agents at most", (long long)r->actors_max);
    if (r->lifetime_s_max)
        buf_printf(b, ", valid for " STR_FMT " at most",
                   STR_ARG(duration_text(r->lifetime_s_max * NS_PER_S, text)));
    if (r->customer_from != CUSTOMER_ANY)
        buf_add(b, r->customer_from == CUSTOMER_TOKEN ? STR(", and the customer from it")
                                                      : STR(", and a customer who is known"));
    buf_add(b, STR("."));
}

/* "`pii` takes email, card and ticket out of requests and records, for "[{kind}]"." */
static void say_redactor(struct buf *b, const struct redactor *r)
{
    static const char *const places[] = {"requests", "answers", "records"};
    size_t n_places = 0, n = 0;
    buf_printf(b, "`" STR_FMT "` takes ", STR_ARG(r->name));
    for (size_t i = 0; i < r->n_sources; i++) {
        const struct redact_source *s = &r->sources[i];
        struct str kind = s->pattern ? r->names[i] : redact_kind_text(s->kind);
        buf_printf(b, "%s" STR_FMT, i == 0 ? "" : i + 1 == r->n_sources ? " and " : ", ", STR_ARG(kind));
    }
    for (size_t i = 0; i < 3; i++)
        n_places += r->at >> i & 1;
    for (size_t i = 0; i < 3; i++)
        if (r->at & 1u << i) {
            buf_printf(b, "%s%s", n == 0 ? " out of " : n + 1 == n_places ? " and " : ", ", places[i]);
            n++;
        }
    buf_printf(b, ", for \"" STR_FMT "\".", STR_ARG(r->replace));
}

static void put(struct json_writer *w, struct str kind, struct str id, struct str effect, const struct buf *sentence)
{
    jw_object(w);
    jw_put_str(w, STR("kind"), kind);
    jw_put_str(w, STR("id"), id);
    jw_put_str(w, STR("effect"), effect);
    jw_put_str(w, STR("text"), buf_str(sentence));
    jw_object_end(w);
}

int policy_sentences_json(const struct policy *p, struct buf *out)
{
    struct json_writer w;
    struct buf b;

    jw_init(&w, out);
    buf_init(&b, SENTENCE_BYTES_MAX); /* longer ones are cut */
    jw_array(&w);
    for (size_t i = 0; i < p->n_requirements; i++) {
        char id[32];
        int n = snprintf(id, sizeof id, "require-%zu", i + 1);
        buf_reset(&b);
        say_requirement(&b, &p->requirements[i]);
        put(&w, STR("identity"), (struct str){id, (size_t)n}, STR("require"), &b);
    }
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct rule *r = &p->rules[i];
        buf_reset(&b);
        say_rule(&b, p, r);
        put(&w, STR("rule"), r->id, r->effect == EFFECT_DENY ? STR("forbid") : effect_text(r->effect), &b);
    }
    for (size_t i = 0; i < p->n_limits; i++) {
        buf_reset(&b);
        say_limit(&b, &p->limits[i]);
        put(&w, STR("limit"), p->limits[i].id, STR("limit"), &b);
    }
    for (size_t i = 0; i < p->n_own_redactors; i++) {
        buf_reset(&b);
        say_redactor(&b, &p->redactors[i]);
        put(&w, STR("redact"), p->redactors[i].name, STR("redact"), &b);
    }
    jw_array_end(&w);
    jw_end(&w);
    buf_deinit(&b);
    return buf_ok(out);
}
