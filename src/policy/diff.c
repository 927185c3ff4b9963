/*
 * policy/diff.c - what two documents say is compared by what describe.c says of them, so that nothing can differ that
 * has no sentence; what a sentence cuts short is compared as JSON.
 */
#include "policy/diff.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/json_write.h"
#include "policy/policy_impl.h"

#define DEPTH_MAX 64
#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define SENTENCES_BYTES_MAX ((size_t)64 << 20)

static const struct {
    struct str text, heading;
    bool opens;
} diffs[DIFF_COUNT] = {
#define DIFF(name, text, opens, heading) {STR_INIT(text), STR_INIT(heading), opens},
#include "policy/diff.tbl.h"
#undef DIFF
};

struct str diff_text(enum diff d)
{
    check(d < DIFF_COUNT);
    return diffs[d].text;
}

struct str diff_heading(enum diff d)
{
    check(d < DIFF_COUNT);
    return diffs[d].heading;
}

/* One of the two: the document as JSON, and its sentences as policy_sentences_json() gives them. */
struct side {
    const struct policy *p; /* NULL: there is none */
    struct json document, sentences;
};

struct change {
    struct change *next;
    enum diff diff;
    struct str kind, id, before, after; /* STR_NONE: none */
    bool is_limit, keeps_count;
};

struct comparing {
    struct arena a;
    struct side old, new;
    struct change *first[DIFF_COUNT], **last[DIFF_COUNT];
};

static struct change *add(struct comparing *x, enum diff d, struct str kind, struct str id)
{
    struct change *c = arena_alloc(&x->a, sizeof *c);
    *c = (struct change){.diff = d, .kind = kind, .id = id};
    *x->last[d] = c;
    x->last[d] = &c->next;
    return c;
}

/* The sentence about that id; JSON_ABSENT: it has none. Proofs have no names: the same sentence is the same proof. */
static struct json find(struct json sentences, struct str kind, const char *member, struct str value)
{
    struct json one;
    for (struct json_iter it = json_each(sentences); json_next(&it, NULL, &one);)
        if (str_eq(json_text_of(json_get(one, STR("kind"))), kind) &&
            str_eq(json_text_of(json_get(one, str_c(member))), value))
            return one;
    return JSON_ABSENT;
}

static struct json by_id(struct json list, struct str id)
{
    struct json one;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        if (str_eq(json_text_of(json_get(one, STR("id"))), id))
            return one;
    return JSON_ABSENT;
}

static struct str raw(struct arena *a, struct json v)
{
    struct json_writer w;
    struct buf b;
    if (json_type(v) == JSON_NONE)
        return STR_NONE;
    buf_init(&b, SENTENCES_BYTES_MAX);
    jw_init(&w, &b);
    jw_json(&w, v);
    struct str s = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* Members that are in `names` are left out of the comparison. */
static bool is_named(struct str key, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(key, names[i]))
            return true;
    return false;
}

static bool has_same_members(struct comparing *x, struct json a, struct json b, const struct str *but, size_t n_but)
{
    struct json value;
    struct str key;
    for (struct json_iter it = json_each(a); json_next(&it, &key, &value);)
        if (!is_named(key, but, n_but) && !str_eq(raw(&x->a, value), raw(&x->a, json_get(b, key))))
            return false;
    for (struct json_iter it = json_each(b); json_next(&it, &key, &value);)
        if (!is_named(key, but, n_but) && json_type(json_get(a, key)) == JSON_NONE)
            return false;
    return true;
}

/* --- rules ------------------------------------------------------------------------------------------------------- */

static const struct rule *rule_of(const struct policy *p, struct str id)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (str_eq(p->rules[i].id, id))
            return &p->rules[i];
    check(!"a rule that has a sentence");
    return NULL;
}

static bool has_same_condition(const struct rule *a, const struct rule *b)
{
    return (!a->when && !b->when) || (a->when && b->when && str_eq(expr_text(a->when), expr_text(b->when)));
}

/* Certainly all that `inner` applies to, apart from what else the two say. */
static bool applies_to_all_of(const struct rule *outer, const struct rule *inner)
{
    return match_covers(&outer->match, &inner->match) && (!outer->when || has_same_condition(outer, inner));
}

/* A list by its members, which may stand in a set; what asks somebody as JSON. */
static bool has_same_scope(struct comparing *x, const struct rule *a, const struct rule *b, struct json old,
                           struct json new)
{
    if (a->scope.kind == SCOPE_IN && b->scope.kind == SCOPE_IN)
        return patterns_cover(&a->scope.in, &b->scope.in, MATCH_CUSTOMER) &&
               patterns_cover(&b->scope.in, &a->scope.in, MATCH_CUSTOMER);
    return str_eq(raw(&x->a, json_get(old, STR("scope"))), raw(&x->a, json_get(new, STR("scope"))));
}

/* What a rule of that effect brings, and what its end brings. */
static const enum diff comes[] = {
    [EFFECT_DENY] = DIFF_FORBIDDEN, [EFFECT_PERMIT] = DIFF_PERMITTED, [EFFECT_APPROVE] = DIFF_ASKED};
static const enum diff goes[] = {
    [EFFECT_DENY] = DIFF_NOT_FORBIDDEN, [EFFECT_PERMIT] = DIFF_NOT_PERMITTED, [EFFECT_APPROVE] = DIFF_NOT_ASKED};

/* Of a rule that is in both: DIFF_COUNT when it says the same. */
static enum diff rule_diff(struct comparing *x, struct str id, bool is_same_text)
{
    static const struct str reach[] = {STR_INIT("match"), STR_INIT("when"), STR_INIT("scope")};
    const struct rule *old = rule_of(x->old.p, id), *new = rule_of(x->new.p, id);
    struct json a = by_id(json_get(x->old.document, STR("rules")), id);
    struct json b = by_id(json_get(x->new.document, STR("rules")), id);
    if (old->effect != new->effect)
        return comes[new->effect];
    bool is_wider = applies_to_all_of(new, old), is_narrower = applies_to_all_of(old, new);
    bool is_same = has_same_members(x, a, b, reach, 3) && has_same_scope(x, old, new, a, b);
    if (is_same && is_wider && is_narrower && is_same_text)
        return DIFF_COUNT;
    if (!is_same || is_wider == is_narrower)
        return DIFF_RULE_CHANGED;
    return is_wider ? comes[new->effect] : goes[new->effect];
}

/* --- limits ------------------------------------------------------------------------------------------------------ */

static const struct limit *limit_of(const struct policy *p, struct str id)
{
    for (size_t i = 0; i < p->n_limits; i++)
        if (str_eq(p->limits[i].id, id))
            return &p->limits[i];
    check(!"a limit that has a sentence");
    return NULL;
}

static enum diff limit_diff(struct comparing *x, struct str id, bool is_same_text)
{
    static const struct str reach[] = {STR_INIT("max"), STR_INIT("match")};
    const struct limit *old = limit_of(x->old.p, id), *new = limit_of(x->new.p, id);
    struct json a = by_id(json_get(x->old.document, STR("limits")), id);
    struct json b = by_id(json_get(x->new.document, STR("limits")), id);
    bool is_same = has_same_members(x, a, b, reach, 2) && match_covers(&old->match, &new->match) &&
                   match_covers(&new->match, &old->match);
    if (is_same && new->max != old->max)
        return new->max > old->max ? DIFF_LIMIT_RAISED : DIFF_LIMIT_LOWERED;
    return is_same && is_same_text ? DIFF_COUNT : DIFF_LIMIT_CHANGED;
}

/* --- both -------------------------------------------------------------------------------------------------------- */

static enum diff added(struct str kind, struct json sentence, const struct policy *p)
{
    if (str_eq(kind, STR("limit")))
        return DIFF_LIMIT_NEW;
    return str_eq(kind, STR("rule")) ? comes[rule_of(p, json_text_of(json_get(sentence, STR("id"))))->effect]
                                     : DIFF_PROOF_NEW;
}

static enum diff removed(struct str kind, struct json sentence, const struct policy *p)
{
    if (str_eq(kind, STR("limit")))
        return DIFF_LIMIT_GONE;
    return str_eq(kind, STR("rule")) ? goes[rule_of(p, json_text_of(json_get(sentence, STR("id"))))->effect]
                                     : DIFF_PROOF_GONE;
}

static struct json counterpart(struct json sentences, struct json of)
{
    struct str kind = json_text_of(json_get(of, STR("kind")));
    const char *by = str_eq(kind, STR("identity")) ? "text" : "id";
    return find(sentences, kind, by, json_text_of(json_get(of, str_c(by))));
}

/* Redactors are compared as the section that they are. */
static bool is_of_section(struct str kind) { return str_eq(kind, STR("redact")); }

static void compare_new(struct comparing *x, struct json sentence)
{
    struct json before = counterpart(x->old.sentences, sentence);
    struct str kind = json_text_of(json_get(sentence, STR("kind"))), id = json_text_of(json_get(sentence, STR("id")));
    if (is_of_section(kind))
        return;
    struct str text = json_text_of(json_get(sentence, STR("text"))), was = json_text_of(json_get(before, STR("text")));
    bool is_limit = str_eq(kind, STR("limit"));
    enum diff d = DIFF_COUNT;
    if (json_type(before) == JSON_NONE)
        d = added(kind, sentence, x->new.p);
    else if (is_limit)
        d = limit_diff(x, id, str_eq(text, was));
    else if (str_eq(kind, STR("rule")))
        d = rule_diff(x, id, str_eq(text, was));
    if (d == DIFF_COUNT)
        return;
    struct change *c = add(x, d, kind, id);
    c->before = was;
    c->after = text;
    c->is_limit = is_limit;
    c->keeps_count = is_limit && was.n && str_eq(limit_of(x->old.p, id)->counter, limit_of(x->new.p, id)->counter);
}

static void compare_old(struct comparing *x, struct json sentence)
{
    struct str kind = json_text_of(json_get(sentence, STR("kind")));
    if (is_of_section(kind) || json_type(counterpart(x->new.sentences, sentence)) != JSON_NONE)
        return;
    struct change *c = add(x, removed(kind, sentence, x->old.p), kind, json_text_of(json_get(sentence, STR("id"))));
    c->before = json_text_of(json_get(sentence, STR("text")));
    c->is_limit = str_eq(kind, STR("limit"));
}

/* As JSON; a document that says nothing of its mode is in force. */
static struct str section_text(struct arena *a, struct json document, struct str key)
{
    struct json v = json_get(document, key);
    bool is_silent = json_type(document) == JSON_OBJECT && json_type(v) == JSON_NONE;
    return is_silent && str_eq(key, STR("mode")) ? STR("\"enforce\"") : raw(a, v);
}

/* What has no sentences of its own: mode, defaults, approvals, ... as JSON. */
static void compare_section(struct comparing *x, struct str key)
{
    static const struct str others[] = {STR_INIT("apiVersion"), STR_INIT("kind"),  STR_INIT("metadata"),
                                        STR_INIT("identity"),   STR_INIT("rules"), STR_INIT("limits"),
                                        STR_INIT("sets"),       STR_INIT("tests")};
    struct str before = section_text(&x->a, x->old.document, key), after = section_text(&x->a, x->new.document, key);
    if (is_named(key, others, sizeof others / sizeof others[0]) || str_eq(before, after))
        return;
    struct change *c = add(x, DIFF_SECTION, STR("section"), key);
    c->before = before;
    c->after = after;
}

static void compare(struct comparing *x)
{
    struct json v;
    struct str key;
    for (struct json_iter it = json_each(x->new.sentences); json_next(&it, NULL, &v);)
        compare_new(x, v);
    for (struct json_iter it = json_each(x->old.sentences); json_next(&it, NULL, &v);)
        compare_old(x, v);
    for (struct json_iter it = json_each(x->new.document); json_next(&it, &key, &v);)
        compare_section(x, key);
    for (struct json_iter it = json_each(x->old.document); json_next(&it, &key, &v);)
        if (json_type(json_get(x->new.document, key)) == JSON_NONE)
            compare_section(x, key);
}

/* --- the answer -------------------------------------------------------------------------------------------------- */

static void put_side(struct json_writer *w, struct str key, const struct policy *p)
{
    jw_key(w, key);
    if (!p) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_put_str(w, STR("name"), p->name);
    jw_put_i64(w, STR("version"), p->version);
    jw_put_str(w, STR("digest"), p->digest);
    jw_object_end(w);
}

static void put_change(struct json_writer *w, const struct change *c)
{
    jw_object(w);
    jw_put_str(w, STR("change"), diff_text(c->diff));
    jw_put_str(w, STR("kind"), c->kind);
    jw_put_str(w, STR("id"), c->id);
    jw_put_bool(w, STR("opens"), diffs[c->diff].opens);
    jw_put_str_or_null(w, STR("before"), c->before);
    jw_put_str_or_null(w, STR("after"), c->after);
    if (c->is_limit)
        jw_put_bool(w, STR("keeps_count"), c->keeps_count);
    jw_object_end(w);
}

static int read_side(struct comparing *x, const struct policy *p, struct side *ret)
{
    struct buf b;
    *ret = (struct side){.p = p};
    if (!p)
        return 0;
    buf_init(&b, SENTENCES_BYTES_MAX);
    int r = policy_sentences_json(p, &b);
    if (r == 0)
        r = json_parse(&x->a, buf_str(&b), DEPTH_MAX, &ret->sentences);
    if (r == 0)
        r = json_parse(&x->a, p->text, DEPTH_MAX, &ret->document);
    buf_deinit(&b);
    return err_trace(r);
}

int policy_diff_json(const struct policy *old, const struct policy *new, struct buf *out)
{
    struct json_writer w;
    struct comparing x = {0};
    arena_init(&x.a, ARENA_BYTES_MAX);
    for (enum diff d = 0; d < DIFF_COUNT; d++)
        x.last[d] = &x.first[d];
    int r = read_side(&x, old, &x.old);
    if (r == 0)
        r = read_side(&x, new, &x.new);
    if (r == 0) {
        compare(&x);
        jw_init(&w, out);
        jw_object(&w);
        put_side(&w, STR("old"), old);
        put_side(&w, STR("new"), new);
        jw_key(&w, STR("changes"));
        jw_array(&w);
        for (enum diff d = 0; d < DIFF_COUNT; d++)
            for (const struct change *c = x.first[d]; c; c = c->next)
                put_change(&w, c);
        jw_array_end(&w);
        jw_object_end(&w);
        jw_end(&w);
        r = buf_ok(out);
    }
    arena_deinit(&x.a);
    return err_trace(r);
}
