/*
 * policy/reach.c - which operations some rule may let pass. `match` is set membership, so this is known without a call;
 * conditions, scopes and forbids may still refuse.
 */
#include "policy/policy_impl.h"

bool rule_may_pass(const struct rule *r, const struct known_operation *op)
{
    bool needs_name = op->classes == 1u << CLASS_AUTHORITY;
    return r->effect != EFFECT_DENY && !r->is_shadow && match_may_take(&r->match, op) &&
           (!needs_name || match_names(&r->match, op->name));
}

bool policy_reaches(const struct policy *p, const struct known_operation *op)
{
    bool is_reached = false;
    for (size_t i = 0; i < p->n_rules && !is_reached; i++)
        is_reached = rule_may_pass(&p->rules[i], op);
    for (size_t i = 0; i < p->n_parents && is_reached; i++)
        is_reached = policy_reaches(p->parents[i], op);
    return is_reached;
}
