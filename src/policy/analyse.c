/*
 * policy/analyse.c - warnings: what a document says that its author hardly means. They change no verdict.
 *
 * `match` is set membership, so some questions can be answered without running anything. A warning is given only where
 * it is certain; silence proves nothing.
 */
#include "policy/policy_impl.h"

static void warn(struct parse *x, int line, int col, const char *code, const char *text, struct str id)
{
    diag_warn(x->diags, x->file, line, col, code, "`" STR_FMT "` %s", STR_ARG(id), text);
}

static bool has_bit(uint32_t set, unsigned bit)
{
    return set & 1u << bit;
}

static bool may_be(const struct match *m, struct str layer)
{
    const struct patterns *layers = &m->by_key[MATCH_LAYER];
    for (size_t i = 0; i < layers->n; i++)
        if (str_eq(layers->items[i].text, layer))
            return true;
    return layers->n == 0;
}

/* True when no operation pattern can belong to any vendor pattern. */
static bool has_foreign_operations_only(const struct match *m)
{
    const struct patterns *vendors = &m->by_key[MATCH_VENDOR], *operations = &m->by_key[MATCH_OPERATION];
    if (vendors->n == 0 || operations->n == 0)
        return false;
    for (size_t i = 0; i < operations->n; i++) {
        struct str first, rest;
        if (!str_cut(operations->items[i].text, '.', &first, &rest) || str_has(first, '*'))
            return false; /* any vendor */
        for (size_t v = 0; v < vendors->n; v++)
            if (pattern_match(&vendors->items[v], first))
                return false;
    }
    return true;
}

/* Only authority, which a glob or a class never permits. */
static bool permits_authority_unnamed(const struct rule *r)
{
    if (r->effect == EFFECT_DENY || r->match.classes != 1u << CLASS_AUTHORITY)
        return false;
    const struct patterns *operations = &r->match.by_key[MATCH_OPERATION];
    for (size_t i = 0; i < operations->n; i++)
        if (!operations->items[i].is_glob)
            return false;
    return true;
}

static bool is_unknown_name(struct str s)
{
    return str_ends(s, STR(".unknown"));
}

/* Unknown operations have no class: naming both never holds. */
static bool names_class_of_unknown(const struct rule *r)
{
    const struct patterns *operations = &r->match.by_key[MATCH_OPERATION];
    if (!r->match.classes || operations->n == 0)
        return false;
    for (size_t i = 0; i < operations->n; i++)
        if (operations->items[i].is_glob || !is_unknown_name(operations->items[i].text))
            return false;
    return true;
}

static bool takes_any(struct parse *x, const struct match *m)
{
    struct candidates c = candidates_of(x, m);
    return candidates_next(&c) != NULL;
}

/*
 * Its operations are known, and none of them has what else it asks: a class, a layer, a vendor. Where all that it names
 * is not known, another warning says so.
 */
static bool takes_no_known_operation(struct parse *x, const struct match *m)
{
    const struct patterns *operations = &m->by_key[MATCH_OPERATION];
    const struct match by_name = {.by_key = {[MATCH_OPERATION] = *operations}};
    for (size_t i = 0; i < operations->n; i++)
        if (is_unknown_name(operations->items[i].text))
            return false;
    return operations->n > 0 && takes_any(x, &by_name) && !takes_any(x, m);
}

static void analyse_rule(struct parse *x, const struct rule *r)
{
    if (has_foreign_operations_only(&r->match))
        warn(x, r->line, r->col, "never_applies", "never applies: none of its operations belongs to its vendors",
             r->id);
    else if (permits_authority_unnamed(r))
        warn(x, r->line, r->col, "never_applies",
             "never applies: operations of class authority are permitted only by their exact names", r->id);
    else if (r->match.by_key[MATCH_MODEL].n > 0 && !may_be(&r->match, STR("llm")))
        warn(x, r->line, r->col, "never_applies", "never applies: only calls to models name one", r->id);
    else if (names_class_of_unknown(r))
        warn(x, r->line, r->col, "never_applies", "never applies: unknown operations have none of these classes",
             r->id);
    else if (takes_no_known_operation(x, &r->match))
        warn(x, r->line, r->col, "never_applies",
             "never applies: none of its operations is of the class, layer or vendor that stands beside it", r->id);
    if (r->effect == EFFECT_DENY)
        return;
    for (size_t i = 0; i < x->p->n_rules; i++) {
        const struct rule *f = &x->p->rules[i];
        bool decides = f->effect == EFFECT_DENY && !f->when && f->is_shadow <= r->is_shadow;
        if (!decides || !match_covers(&f->match, &r->match))
            continue;
        diag_warn(x->diags, x->file, r->line, r->col, "covered",
                  "`" STR_FMT "` never applies: `" STR_FMT "` forbids all of it", STR_ARG(r->id), STR_ARG(f->id));
        return;
    }
}

static bool may_be_saas(const struct match *m)
{
    return may_be(m, STR("saas")) && m->by_key[MATCH_MODEL].n == 0;
}

/* Another limit counts all that it counts, over all runs together, and by nothing that agents name themselves. */
static bool is_bounded_beside(const struct parse *x, const struct limit *l)
{
    const uint32_t given = 1u << BY_KEY | 1u << BY_AGENT | 1u << BY_TENANT;
    for (size_t i = 0; i < x->p->n_limits; i++) {
        const struct limit *other = &x->p->limits[i];
        bool adds_up = other->window != WINDOW_CALL && other->window != WINDOW_RUN;
        bool holds = !other->is_shadow && !other->when && (other->by & ~given) == 0;
        if (adds_up && holds && limit_counts_like(other, l) && match_covers(&other->match, &l->match))
            return true;
    }
    return false;
}

static void analyse_limit(struct parse *x, const bool *reached, const struct limit *l)
{
    const struct match *m = &l->match;
    bool is_sum = meter_is_money(l->meter) && l->window != WINDOW_CALL;
    bool is_both_named = has_bit(m->classes, CLASS_MONEY_IN) && has_bit(m->classes, CLASS_MONEY_OUT);
    bool is_open = m->classes == 0 && m->by_key[MATCH_OPERATION].n == 0 && may_be_saas(m);
    if (is_sum && (is_both_named || is_open))
        warn(x, l->line, l->col, "mixed_directions",
             "adds money coming in to money going out, which caps neither: give it `class: [money_out]` and write "
             "another for money_in",
             l->id);
    if ((has_bit(l->by, BY_RUN) || has_bit(l->by, BY_ROOT_RUN)) && !l->runs && !is_bounded_beside(x, l))
        warn(x, l->line, l->col, "claimed_runs",
             "counts each run by itself, and agents name their runs themselves: bound how many they begin "
             "(`runs: {max_new: 20, per: 1h}`), or keep a limit by agent or key beside it",
             l->id);
    if (has_foreign_operations_only(m))
        warn(x, l->line, l->col, "never_applies", "never applies: none of its operations belongs to its vendors",
             l->id);
    else if (meter_is_tokens(l->meter) && !may_be(m, STR("llm")))
        warn(x, l->line, l->col, "never_applies", "never applies: only calls to models use tokens", l->id);
    else if (l->meter == METER_CURRENCY && !may_be_saas(m))
        warn(x, l->line, l->col, "never_applies", "never applies: calls to models are priced in USD", l->id);
    else if (m->by_key[MATCH_MODEL].n > 0 && !may_be(m, STR("llm")))
        warn(x, l->line, l->col, "never_applies", "never applies: only calls to models name one", l->id);
    else if (takes_no_known_operation(x, m))
        warn(x, l->line, l->col, "never_applies",
             "never applies: none of its operations is of the class, layer or vendor that stands beside it", l->id);
    else
        analyse_binding(x, reached, l);
}

void analyse(struct parse *x)
{
    const bool *reached = x->p->n_limits ? analyse_reached(x) : NULL;
    for (size_t i = 0; i < x->p->n_rules; i++)
        analyse_rule(x, &x->p->rules[i]);
    for (size_t i = 0; i < x->p->n_limits; i++)
        analyse_limit(x, reached, &x->p->limits[i]);
}
