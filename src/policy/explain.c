/*
 * policy/explain.c - looks at every rule once more, by itself. It decides nothing: the verdict is given.
 */
#include "policy/explain.h"

#include "base/err.h"
#include "policy/policy_impl.h"

#define NAMES_SAID_MAX 6

static void put_amount(struct json_writer *w, struct str key, enum limit_meter meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    if (meter_is_money(meter))
        jw_put_str(w, key, money_text(n, text));
    else
        jw_put_i64(w, key, n);
}

static void put_need(struct json_writer *w, const struct limit_need *n)
{
    char text[METER_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("id"), n->id);
    jw_put_str(w, STR("bucket"), n->bucket);
    jw_put_str(w, STR("meter"), meter_text(n->meter, n->currency, text));
    put_amount(w, STR("asks"), n->meter, n->n);
    put_amount(w, STR("before"), n->meter, n->before);
    put_amount(w, STR("held"), n->meter, n->held);
    put_amount(w, STR("max"), n->meter, n->max);
    jw_put_bool(w, STR("fits"), !n->is_short);
    jw_object_end(w);
}

void verdict_put_json(struct json_writer *w, const struct verdict *v)
{
    jw_object(w);
    jw_put_str(w, STR("decision"), effect_text(v->effect));
    jw_put_str_or_null(w, STR("code"), code_text(v->code));
    jw_put_str_or_null(w, STR("rule"), v->rule);
    jw_put_str_or_null(w, STR("reason"), v->reason);
    jw_put_str_or_null(w, STR("policy"), v->policy);
    jw_key(w, STR("asked"));
    jw_array(w);
    for (size_t i = 0; i < v->approval.n_asks; i++)
        jw_str(w, v->approval.asks[i]);
    jw_array_end(w);
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < v->n_needs; i++)
        put_need(w, &v->needs[i]);
    jw_array_end(w);
    jw_object_end(w);
}

/* --- one rule -------------------------------------------------------------------------------------------------- */

/* What a rule comes to by itself: how many parts are false, and the first of them (or what it hangs on). */
struct finding {
    enum match_result result;
    size_t n_false;
    struct str why;
};

static void add_false(struct finding *x, struct str why)
{
    if (x->n_false++ == 0)
        x->why = why;
    x->result = MATCH_NO;
}

static struct str names_of(const struct patterns *p, struct arena *a)
{
    struct str text = STR("");
    size_t n = p->n < NAMES_SAID_MAX ? p->n : NAMES_SAID_MAX;
    for (size_t i = 0; i < n; i++)
        text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), i ? ", " : "", STR_ARG(p->items[i].text));
    return p->n > n ? arena_printf(a, STR_FMT ", ... (%zu)", STR_ARG(text), p->n) : text;
}

static struct str class_names(uint32_t classes, struct arena *a)
{
    struct pattern items[CLASS_COUNT];
    struct patterns p = {.items = items};
    for (enum op_class c = 0; c < CLASS_COUNT; c++)
        if (classes & 1u << c)
            items[p.n++] = (struct pattern){.text = class_text(c)};
    return names_of(&p, a);
}

static void look_at_key(struct finding *x, const struct match *m, enum match_key k, const struct facts *f,
                        struct arena *a)
{
    struct str value = match_value(f, k), key = match_key_text(k);
    if (match_key_holds(m, k, f))
        return;
    if (k == MATCH_CUSTOMER && !value.n && x->result == MATCH_YES) {
        *x = (struct finding){MATCH_MAYBE, 1, STR("the customer is not known")};
        return;
    }
    if (value.n)
        add_false(x, arena_printf(a, STR_FMT " is " STR_FMT ", and not " STR_FMT, STR_ARG(key), STR_ARG(value),
                                  STR_ARG(names_of(&m->by_key[k], a))));
    else
        add_false(x, arena_printf(a, STR_FMT " is not known, and must be " STR_FMT, STR_ARG(key),
                                  STR_ARG(names_of(&m->by_key[k], a))));
}

static void look_at_label(struct finding *x, const struct label_match *l, const struct facts *f, struct arena *a)
{
    struct str value = label_value(f, l->name);
    if (label_holds(l, f))
        return;
    if (value.n)
        add_false(x, arena_printf(a, "label " STR_FMT " is " STR_FMT ", and not " STR_FMT, STR_ARG(l->name),
                                  STR_ARG(value), STR_ARG(names_of(&l->values, a))));
    else
        add_false(x, arena_printf(a, "the key has no label " STR_FMT ", and it must be " STR_FMT, STR_ARG(l->name),
                                  STR_ARG(names_of(&l->values, a))));
}

static void look_at_match(struct finding *x, const struct rule *r, const struct facts *f, struct arena *a)
{
    bool needs_name = f->class == CLASS_AUTHORITY || f->class == CLASS_UNKNOWN;
    if (r->match.classes && !(r->match.classes & 1u << f->class))
        add_false(x, arena_printf(a, "class is " STR_FMT ", and not " STR_FMT, STR_ARG(class_text(f->class)),
                                  STR_ARG(class_names(r->match.classes, a))));
    for (enum match_key k = 0; k < MATCH_COUNT; k++)
        look_at_key(x, &r->match, k, f, a);
    for (size_t i = 0; i < r->match.n_labels; i++)
        look_at_label(x, &r->match.labels[i], f, a);
    if (x->result == MATCH_YES && needs_name && r->effect != EFFECT_DENY && !match_names(&r->match, f->operation))
        add_false(x, arena_printf(a, "an operation of class " STR_FMT " is permitted only by its exact name",
                                  STR_ARG(class_text(f->class))));
}

static void look_at_condition(struct finding *x, const struct rule *r, const struct facts *f, struct arena *a)
{
    struct lacking lacks = {0};
    enum match_result held = r->when ? condition_holds(r->when, f, false, a, &lacks) : MATCH_YES;
    if (held == MATCH_NO)
        add_false(x, condition_why(r->when, f, a));
    else if (held == MATCH_ERROR && x->result == MATCH_YES)
        *x = (struct finding){MATCH_ERROR, x->n_false, condition_error(r->when, f, a)};
}

static struct finding look_at(const struct rule *r, const struct facts *f, struct arena *a)
{
    struct finding x = {.result = MATCH_YES};
    struct lacking lacks = {0};
    struct scope_miss miss = {0};
    look_at_match(&x, r, f, a);
    if (x.result == MATCH_YES)
        look_at_condition(&x, r, f, a);
    if (x.result == MATCH_YES && r->effect != EFFECT_DENY &&
        scope_holds(&r->scope, f, false, a, &lacks, &miss) == MATCH_NO)
        add_false(&x, arena_printf(a, "scope: " STR_FMT, STR_ARG(miss.why)));
    return x;
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

static struct str result_text(enum match_result m)
{
    static const struct str texts[] = {[MATCH_NO] = STR_INIT("no"), [MATCH_MAYBE] = STR_INIT("maybe"),
                                       [MATCH_YES] = STR_INIT("yes"), [MATCH_ERROR] = STR_INIT("error")};
    return texts[m];
}

static void put_rule(struct json_writer *w, const struct rule *r, const struct finding *x)
{
    jw_object(w);
    jw_put_str(w, STR("id"), r->id);
    jw_put_str(w, STR("effect"), r->effect == EFFECT_DENY ? STR("forbid") : effect_text(r->effect));
    jw_put_str(w, STR("result"), result_text(x->result));
    jw_put_str_or_null(w, STR("why"), x->why);
    jw_object_end(w);
}

/* Rules into an open array; the nearest of those that would have let the call pass. */
static void put_rules(struct json_writer *w, const struct policy *p, const struct facts *f, struct arena *a,
                      const struct rule **ret_near, struct finding *ret_finding)
{
    for (size_t i = 0; p && i < p->n_rules; i++) {
        const struct rule *r = &p->rules[i];
        struct finding x = look_at(r, f, a);
        put_rule(w, r, &x);
        bool lets_pass = r->effect != EFFECT_DENY && !r->is_shadow;
        if (!lets_pass || x.result == MATCH_YES || (*ret_near && x.n_false >= ret_finding->n_false))
            continue;
        *ret_near = r;
        *ret_finding = x;
    }
}

static void put_identity(struct json_writer *w, const struct policy *p, const struct facts *f, struct arena *a)
{
    for (size_t i = 0; p && i < p->n_requirements; i++) {
        struct verdict v = {0};
        struct policy one = *p;
        one.requirements = &p->requirements[i];
        one.n_requirements = 1;
        jw_object(w);
        jw_put_i64(w, STR("n"), (int64_t)i + 1);
        jw_put_bool(w, STR("met"), identity_suffices(&one, f, false, a, &v));
        jw_object_end(w);
    }
}

int policy_explain_json(const struct policy *p, const struct facts *f, const struct verdict *v, struct arena *a,
                        struct buf *out)
{
    struct json_writer w;
    const struct rule *near = NULL;
    struct finding finding = {0};
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, STR("verdict"));
    verdict_put_json(&w, v);
    jw_key(&w, STR("identity"));
    jw_array(&w);
    put_identity(&w, p, f, a);
    jw_array_end(&w);
    jw_key(&w, STR("rules"));
    jw_array(&w);
    put_rules(&w, p, f, a, &near, &finding);
    jw_array_end(&w);
    jw_key(&w, STR("nearest"));
    if (near && v->effect == EFFECT_DENY && v->rule.n == 0 && v->n_needs == 0) {
        jw_object(&w);
        jw_put_str(&w, STR("rule"), near->id);
        jw_put_str(&w, STR("why"), finding.why);
        jw_object_end(&w);
    } else {
        jw_null(&w);
    }
    jw_object_end(&w);
    jw_end(&w);
    return err_trace(buf_ok(out));
}
