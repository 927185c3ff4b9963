/*
 * policy/analyse_binding.c - warnings about limits that refuse nothing: no rule lets a call reach them, or another
 * limit is always full before.
 *
 * As in analyse.c, a warning is given only where it is certain.
 */
#include "policy/policy_impl.h"

/* --- calls that no rule permits ----------------------------------------------------------------------------------- */

/* Of operations that no connector knows nothing can be said. */
static bool names_unknown(const struct parse *x, const struct patterns *operations)
{
    for (size_t i = 0; i < operations->n; i++)
        if (!operations->items[i].is_glob && !is_operation_known(x, operations->items[i].text))
            return true;
    return false;
}

const bool *analyse_reached(struct parse *x)
{
    const struct policy *p = x->p;
    bool *reached = arena_try_alloc(x->scratch, (x->known->n_operations + 1) * sizeof *reached);
    size_t n_rules = 0;
    for (size_t i = 0; reached && i < x->known->n_operations; i++)
        reached[i] = false;
    for (size_t r = 0; reached && r < p->n_rules; r++) {
        const struct match *m = &p->rules[r].match;
        if (p->rules[r].effect == EFFECT_DENY)
            continue;
        if (names_unknown(x, &m->by_key[MATCH_OPERATION]))
            return NULL;
        n_rules++;
        struct candidates c = candidates_of(x, m);
        for (const struct known_operation *op; (op = candidates_next(&c));)
            reached[op - x->known->operations] |= rule_may_pass(&p->rules[r], op);
    }
    return n_rules && p->mode != POLICY_OBSERVE ? reached : NULL;
}

/* Every operation that it counts is known, and no permit or approve takes one. */
static bool counts_what_nobody_may(struct parse *x, const bool *reached, const struct limit *l)
{
    bool counts_any = false;
    struct candidates c = candidates_of(x, &l->match);
    for (const struct known_operation *op; reached && (op = candidates_next(&c));) {
        if (meter_is_tokens(l->meter) && !str_eq(op->layer, STR("llm")))
            continue; /* it has none */
        counts_any = true;
        if (reached[op - x->known->operations])
            return false;
    }
    return counts_any;
}

/* --- limits that are always full before ------------------------------------------------------------------------- */

/* Windows that lie within one another, from the shortest; 0: in none of the others. A week lies in no month. */
static int nesting(enum limit_window w)
{
    static const int order[] = {[WINDOW_CALL] = 1, [WINDOW_MINUTE] = 2, [WINDOW_HOUR] = 3,
                                [WINDOW_DAY] = 4,  [WINDOW_MONTH] = 5,  [WINDOW_LIFETIME] = 6};
    return (size_t)w < sizeof order / sizeof *order ? order[w] : 0;
}

/* What counts in l's window counts in the other's too. */
static bool lasts_as_long(const struct limit *other, const struct limit *l)
{
    bool has_zone = l->window != WINDOW_CALL && other->window != WINDOW_LIFETIME;
    if (has_zone && other->zone != l->zone)
        return false;
    if (other->window == l->window)
        return other->sliding_ns == l->sliding_ns;
    return nesting(l->window) && nesting(other->window) > nesting(l->window);
}

/* All that fills l fills the other at least as far. */
static bool is_always_fuller(const struct limit *other, const struct limit *l)
{
    bool refuses = !other->is_shadow && !other->when && !other->may_clamp && other->approval.quorum == 0;
    bool counts_more = limit_counts_like(other, l) && (other->by & ~l->by) == 0 &&
                       match_covers(&other->match, &l->match);
    bool is_twin = other->max == l->max && other->window == l->window && other->by == l->by &&
                   match_covers(&l->match, &other->match);
    return refuses && counts_more && lasts_as_long(other, l) && other->max <= l->max &&
           (!is_twin || str_cmp(other->id, l->id) < 0);
}

void analyse_binding(struct parse *x, const bool *reached, const struct limit *l)
{
    if (counts_what_nobody_may(x, reached, l)) {
        diag_warn(x->diags, x->file, l->line, l->col, "never_binds",
                  "`" STR_FMT "` never binds: no rule permits any operation that it counts", STR_ARG(l->id));
        return;
    }
    for (size_t i = 0; i < x->p->n_limits; i++) {
        const struct limit *other = &x->p->limits[i];
        if (other == l || l->soft || l->is_shadow || !is_always_fuller(other, l))
            continue;
        diag_warn(x->diags, x->file, l->line, l->col, "never_binds",
                  "`" STR_FMT "` never binds: `" STR_FMT "` counts all of it and is full no later; lower it, or leave "
                  "it out",
                  STR_ARG(l->id), STR_ARG(other->id));
        return;
    }
}
