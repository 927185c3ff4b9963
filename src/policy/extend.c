/*
 * policy/extend.c - `extends`: documents above, within which a document stays.
 *
 *   (1) a document only narrows: what one above denies is denied, what one above asks is asked, and every limit of all
 *       of them must fit. Nothing that stands below can widen it.
 *   (2) a document above is named with its digest, and held: a newer version of it changes nothing here until this one
 *       names that. So nobody can extend itself, and the chain has an end.
 *   (3) limits of a document above count under its own name, together for all that extend it.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define DIGEST_CHARS 64

static const struct key_row extends_keys[] = {{STR_INIT("ref"), KEY_REQUIRED}, {STR_INIT("sha256"), KEY_REQUIRED}};

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool is_digest(struct str s)
{
    bool is_ok = s.n == DIGEST_CHARS;
    for (size_t i = 0; is_ok && i < s.n; i++)
        is_ok = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
    return is_ok;
}

static void add_parent(struct parse *x, const struct yaml *at, const struct policy *parent)
{
    struct policy *p = x->p;
    p->parents[p->n_parents++] = parent;
    p->depth = parent->depth >= p->depth ? parent->depth + 1 : p->depth;
    if (p->depth > POLICY_DEPTH_MAX)
        parse_fault(x, at, "too_many", "documents extend each other over more than %d steps", POLICY_DEPTH_MAX);
}

static void parse_parent(struct parse *x, const struct yaml *map)
{
    const struct documents *d = x->known->documents;
    struct str name, digest;
    if (!parse_type(x, map, YAML_MAP, STR("extends")))
        return;
    parse_keys(x, map, "an entry of `extends`", extends_keys, N(extends_keys));
    if (!parse_text(x, map, STR("ref"), &name) || !parse_text(x, map, STR("sha256"), &digest))
        return;
    if (!is_digest(digest)) {
        parse_fault(x, yaml_get(map, STR("sha256")), "bad_value",
                    "`sha256` is the digest of that document, 64 of 0-9 a-f: `flyball policy check` prints it");
        return;
    }
    const struct policy *parent = d ? d->find(d, name, digest) : NULL;
    if (parent)
        add_parent(x, map, parent);
    else
        parse_fault(x, map, "unknown_document",
                    "`" STR_FMT "` with this digest is not here: apply it first, or give its file with --extends",
                    STR_ARG(name));
}

void parse_extends(struct parse *x, const struct yaml *list)
{
    struct policy *p = x->p;
    if (!parse_type(x, list, YAML_SEQ, STR("extends")))
        return;
    if (list->n > POLICY_PARENTS_MAX) {
        parse_fault(x, list, "too_many", "%zu documents; at most %d are extended", list->n, POLICY_PARENTS_MAX);
        return;
    }
    p->parents = arena_alloc(&p->arena, POLICY_PARENTS_MAX * sizeof *p->parents);
    yaml_each(map, list)
        parse_parent(x, map);
}

static bool has_id(const struct policy *p, struct str id)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (str_eq(p->rules[i].id, id))
            return true;
    for (size_t i = 0; i < p->n_limits; i++)
        if (str_eq(p->limits[i].id, id))
            return true;
    for (size_t i = 0; i < p->n_parents; i++)
        if (has_id(p->parents[i], id))
            return true;
    return false;
}

static void check_id(struct parse *x, struct str id, int line, int col)
{
    for (size_t i = 0; i < x->p->n_parents; i++)
        if (has_id(x->p->parents[i], id))
            diag_add(x->diags, x->file, line, col, "duplicate_id",
                     "the id `" STR_FMT "` stands in `" STR_FMT "`, which this document extends", STR_ARG(id),
                     STR_ARG(x->p->parents[i]->name));
}

void check_inherited_ids(struct parse *x)
{
    for (size_t i = 0; i < x->p->n_rules; i++)
        check_id(x, x->p->rules[i].id, x->p->rules[i].line, x->p->rules[i].col);
    for (size_t i = 0; i < x->p->n_limits; i++)
        check_id(x, x->p->limits[i].id, x->p->limits[i].line, x->p->limits[i].col);
}

/* --- deciding ----------------------------------------------------------------------------------------------------- */

/* Whether the next need is above[k], of two lists in id order; one on new runs stays behind the one before it. */
static bool is_next(const struct verdict *v, size_t i, const struct verdict *above, size_t k)
{
    if (i == v->n_needs || k == above->n_needs)
        return i == v->n_needs;
    if (v->needs[i].counts_new || above->needs[k].counts_new)
        return above->needs[k].counts_new;
    return str_cmp(above->needs[k].id, v->needs[i].id) < 0;
}

/* Both lists in id order, as the ledger takes them. */
static bool join_needs(struct verdict *v, const struct verdict *above, struct arena *a)
{
    size_t n = v->n_needs + above->n_needs, i = 0, k = 0;
    struct limit_need *all = n <= LIMIT_NEEDS_MAX ? arena_try_alloc(a, (n + 1) * sizeof *all) : NULL;
    if (!all)
        return false;
    while (i + k < n) {
        bool is_above = is_next(v, i, above, k);
        all[i + k] = is_above ? above->needs[k] : v->needs[i];
        *(is_above ? &k : &i) += 1;
    }
    v->needs = all;
    v->n_needs = n;
    return true;
}

static void join_wants(struct verdict *v, const struct verdict *above)
{
    v->wants_cost |= above->wants_cost;
    v->wants_customer |= above->wants_customer;
    v->wants_affected |= above->wants_affected;
    if (v->n_questions == 0) { /* else the others are asked in the next round */
        v->questions = above->questions;
        v->n_questions = above->n_questions;
    }
}

static void join_approval(struct verdict *v, const struct verdict *above)
{
    if (above->effect != EFFECT_APPROVE || v->effect == EFFECT_APPROVE)
        return;
    v->effect = above->effect;
    v->code = above->code;
    v->rule = above->rule;
    v->reason = above->reason;
}

static void join(struct verdict *v, const struct verdict *above, struct arena *a)
{
    if (above->effect == EFFECT_DENY && !wants_facts(above)) {
        *v = *above;
        return;
    }
    bool is_joined = join_needs(v, above, a) && approval_join(&v->approval, &above->approval, a);
    join_wants(v, above);
    join_approval(v, above);
    if (wants_facts(v))
        v->n_needs = 0; /* decided again */
    else if (!is_joined)
        say_no_memory(v);
}

bool narrow(const struct policy *p, struct deciding *d, unsigned may, enum view view, struct verdict *v)
{
    bool has_shadow = false;
    for (size_t i = 0; i < p->n_parents && v->effect != EFFECT_DENY; i++) {
        struct verdict above;
        struct duties duties = v->duties;
        has_shadow |= decide_view(p->parents[i], NULL, d, may, view == VIEW_WHOLE ? view : VIEW_IN_FORCE, NULL, &above);
        duties_join(&duties, &above.duties, p->parent_shift[i]);
        join(v, &above, d->a);
        v->duties = duties;
    }
    return has_shadow;
}
