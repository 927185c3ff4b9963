/*
 * policy/match.c - membership of facts in sets of patterns: OR inside a key, AND between keys.
 *
 *   (1) a fact that is absent is in no set, `*` included; only the customer can be unknown *yet*, which is "maybe".
 *   (2) matching allocates nothing and is linear in the text: a `*` never backtracks.
 */
#include "policy/policy_impl.h"

#include <string.h>

#include "base/check.h"

static const struct str match_key_texts[MATCH_COUNT] = {
#define MATCH(name, text, field) STR_INIT(text),
#include "policy/match.tbl.h"
#undef MATCH
};

static const struct str by_texts[BY_COUNT] = {
#define BY(name, text, field) STR_INIT(text),
#include "policy/by.tbl.h"
#undef BY
};

struct str match_key_text(enum match_key k)
{
    check(k < MATCH_COUNT);
    return match_key_texts[k];
}

struct str by_text(enum by b)
{
    check(b < BY_COUNT);
    return by_texts[b];
}

struct str match_value(const struct facts *f, enum match_key k)
{
    switch (k) {
#define MATCH(name, text, field) \
    case MATCH_##name: \
        return f->field;
#include "policy/match.tbl.h"
#undef MATCH
    default:
        return STR_NONE;
    }
}

struct str by_value(const struct facts *f, enum by b)
{
    switch (b) {
#define BY(name, text, field) \
    case BY_##name: \
        return f->field;
#include "policy/by.tbl.h"
#undef BY
    default:
        return STR_NONE;
    }
}

char match_key_separator(enum match_key k)
{
    return k == MATCH_MODEL ? '/' : '.';
}

static bool glob_match(struct str glob, char separator, struct str s)
{
    size_t i = 0;
    for (size_t g = 0; g < glob.n; g++) {
        if (glob.p[g] != '*') {
            if (i == s.n || s.p[i++] != glob.p[g])
                return false;
            continue;
        }
        if (g + 1 == glob.n)
            return true;
        size_t start = i; /* a whole segment, not empty */
        while (i < s.n && s.p[i] != separator)
            i++;
        if (i == start)
            return false;
    }
    return i == s.n;
}

bool pattern_match(const struct pattern *p, struct str s)
{
    return p->is_glob ? glob_match(p->text, '.', s) : str_eq(p->text, s);
}

/* A model's pattern in two: which vendor (`*`: any), and which of its models. */
static void model_cut(struct str text, struct str *ret_vendor, struct str *ret_name)
{
    if (str_cut(text, '/', ret_vendor, ret_name))
        return;
    *ret_vendor = STR("*");
    *ret_name = text;
}

bool model_match(const struct pattern *p, struct str vendor, struct str model)
{
    struct str of, name;
    model_cut(p->text, &of, &name);
    return (str_eq(of, STR("*")) || str_eq(of, vendor)) && glob_match(name, '/', model);
}

static bool patterns_have(const struct patterns *p, enum match_key k, const struct facts *f)
{
    struct str s = match_value(f, k);
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < p->n; i++)
        if (k == MATCH_MODEL ? model_match(&p->items[i], f->vendor, s) : pattern_match(&p->items[i], s))
            return true;
    return false;
}

bool match_key_holds(const struct match *m, enum match_key k, const struct facts *f)
{
    return m->by_key[k].n == 0 || patterns_have(&m->by_key[k], k, f);
}

struct str label_value(const struct facts *f, struct str name)
{
    for (size_t i = 0; i < f->n_labels; i++)
        if (str_eq(f->labels[i].name, name))
            return f->labels[i].value;
    return STR_NONE;
}

bool label_holds(const struct label_match *l, const struct facts *f)
{
    struct str value = label_value(f, l->name);
    for (size_t i = 0; value.n && i < l->values.n; i++)
        if (pattern_match(&l->values.items[i], value))
            return true;
    return false;
}

enum match_result match_keys(const struct match *m, const struct facts *f)
{
    enum match_result result = MATCH_YES;
    for (unsigned left = m->named; left; left &= left - 1) {
        enum match_key k = (enum match_key)__builtin_ctz(left);
        if (k == MATCH_CUSTOMER && f->customer.n == 0)
            result = MATCH_MAYBE;
        else if (!patterns_have(&m->by_key[k], k, f))
            return MATCH_NO;
    }
    for (size_t i = 0; i < m->n_labels; i++)
        if (!label_holds(&m->labels[i], f))
            return MATCH_NO;
    return result;
}

bool match_names(const struct match *m, struct str operation)
{
    const struct patterns *p = &m->by_key[MATCH_OPERATION];
    for (size_t i = 0; i < p->n; i++)
        if (!p->items[i].is_glob && str_eq(p->items[i].text, operation))
            return true;
    return false;
}

static bool has_any(const struct patterns *p, struct str s)
{
    for (size_t i = 0; i < p->n; i++)
        if (pattern_match(&p->items[i], s))
            return true;
    return p->n == 0;
}

bool match_may_take(const struct match *m, const struct known_operation *op)
{
    return (!m->classes || (m->classes & op->classes)) && has_any(&m->by_key[MATCH_OPERATION], op->name) &&
           has_any(&m->by_key[MATCH_VENDOR], op->vendor) && has_any(&m->by_key[MATCH_LAYER], op->layer) &&
           (m->by_key[MATCH_MODEL].n == 0 || str_eq(op->layer, STR("llm")));
}

/* All that `inner` matches, `outer` matches. */
static bool text_covers(struct str outer, struct str inner, char separator)
{
    const char *star = memchr(inner.p, '*', inner.n);
    if (!star)
        return glob_match(outer, separator, inner);
    if (str_eq(outer, inner))
        return true;
    if (!str_has(outer, '*'))
        return false;
    struct str before_star = str_sub(outer, 0, outer.n - 1);
    struct str literal = str_sub(inner, 0, (size_t)(star - inner.p));
    return outer.p[outer.n - 1] == '*' && !str_has(before_star, '*') && str_starts(literal, before_star);
}

static bool pattern_covers(const struct pattern *outer, const struct pattern *inner, enum match_key k)
{
    struct str outer_vendor, outer_name, inner_vendor, inner_name;
    if (k != MATCH_MODEL)
        return text_covers(outer->text, inner->text, match_key_separator(k));
    model_cut(outer->text, &outer_vendor, &outer_name);
    model_cut(inner->text, &inner_vendor, &inner_name);
    return text_covers(outer_vendor, inner_vendor, '/') && text_covers(outer_name, inner_name, '/');
}

bool patterns_cover(const struct patterns *outer, const struct patterns *inner, enum match_key k)
{
    if (outer->n == 0)
        return true;
    for (size_t i = 0; i < inner->n; i++) {
        size_t o = 0;
        while (o < outer->n && !pattern_covers(&outer->items[o], &inner->items[i], k))
            o++;
        if (o == outer->n)
            return false;
    }
    return inner->n > 0;
}

static bool label_covers(const struct label_match *outer, const struct match *inner)
{
    for (size_t i = 0; i < inner->n_labels; i++)
        if (str_eq(inner->labels[i].name, outer->name))
            return patterns_cover(&outer->values, &inner->labels[i].values, MATCH_HOST); /* parted by dots, too */
    return false;
}

bool match_covers(const struct match *outer, const struct match *inner)
{
    if (outer->classes && (!inner->classes || (inner->classes & ~outer->classes)))
        return false;
    for (enum match_key k = 0; k < MATCH_COUNT; k++)
        if (!patterns_cover(&outer->by_key[k], &inner->by_key[k], k))
            return false;
    for (size_t i = 0; i < outer->n_labels; i++)
        if (!label_covers(&outer->labels[i], inner))
            return false;
    return true;
}
