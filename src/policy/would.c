/*
 * policy/would.c - the verdict that enforcement would give, beside the one that is given: what it counts is counted,
 * and where its limits have no room it is a refusal, or a question, like any other.
 */
#include "policy/policy_impl.h"

#include <string.h>

static struct limit_need *find_need(const struct verdict *v, const struct limit_need *like)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (str_eq(v->needs[i].counter, like->counter) && str_eq(v->needs[i].bucket, like->bucket))
            return &v->needs[i];
    return NULL;
}

void would_add_needs(struct verdict *v, struct arena *a)
{
    const struct verdict *would = v->would;
    size_t n_max = v->n_needs + would->n_needs;
    struct limit_need *needs = arena_try_alloc(a, (n_max + 1) * sizeof *needs);
    bool is_added = false;
    if (!needs || n_max > LIMIT_NEEDS_MAX)
        return; /* they are not counted; what is in force is */
    if (v->n_needs)
        memcpy(needs, v->needs, v->n_needs * sizeof *needs);
    v->needs = needs;
    for (size_t i = 0; i < would->n_needs; i++) {
        /* one on new runs counts beside the need before it, or not at all */
        bool is_wanted = would->needs[i].counts_new ? is_added : !find_need(v, &would->needs[i]);
        is_added = is_wanted;
        if (!is_wanted)
            continue;
        needs[v->n_needs] = would->needs[i];
        needs[v->n_needs++].is_shadow = true;
    }
}

void would_share_needs(struct verdict *v, struct arena *a)
{
    struct verdict *would = v->would;
    struct limit_need *needs = arena_try_alloc(a, (v->n_needs + 1) * sizeof *needs);
    if (!needs || wants_facts(would))
        return;
    for (size_t i = 0; i < v->n_needs; i++) {
        needs[i] = v->needs[i];
        needs[i].is_shadow = false;
    }
    would->needs = needs;
    would->n_needs = v->n_needs;
}

void policy_own_verdict(const struct policy *p, struct verdict *v)
{
    if (p && p->mode == POLICY_SHADOW && v->would)
        *v = *v->would;
}

void policy_settle_would(struct verdict *v, const struct facts *f, struct arena *a)
{
    struct verdict *would = v->would;
    if (!would || would->effect == EFFECT_DENY)
        return;
    for (size_t i = 0; i < would->n_needs; i++) {
        struct limit_need *need = &would->needs[i];
        const struct limit_need *seen = find_need(v, need);
        if (!seen)
            continue; /* a refused call: what it was compared with is all that is known */
        need->n = seen->n;
        need->max += seen->raised - need->raised;
        need->raised = seen->raised;
        need->before = seen->before;
        need->held = seen->held;
        need->after = seen->after;
        need->resets_at = seen->resets_at;
        need->is_short = need->after > need->max && !(need->counts_new && need->n == 0);
    }
    const struct limit_need *full = policy_ask_limits(would, f, a);
    if (full)
        policy_refuse_limit(full, f, a, would);
}
