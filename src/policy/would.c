/*
 * policy/would.c - the verdict that enforcement would give, beside the one that is given: what it counts is counted,
 * and where its limits have no room it is a refusal, or a question, like any other.
 */
#include "policy/policy_impl.h"

#include <string.h>

/* Looked for from *at on, and *at behind it: both stand in the same order, mostly. NULL: there is none. */
static struct limit_need *find_need(const struct verdict *v, const struct limit_need *like, size_t *at)
{
    for (size_t n = 0; n < v->n_needs; n++) {
        struct limit_need *need = &v->needs[*at];
        *at = *at + 1 < v->n_needs ? *at + 1 : 0;
        if (str_eq(need->counter, like->counter) && str_eq(need->bucket, like->bucket))
            return need;
    }
    return NULL;
}

void would_add_needs(struct verdict *v, struct arena *a)
{
    const struct verdict *would = v->would;
    size_t n_max = v->n_needs + would->n_needs;
    struct limit_need *needs = arena_try_alloc(a, (n_max + 1) * sizeof *needs);
    size_t at = 0;
    bool is_added = false;
    if (!needs || n_max > LIMIT_NEEDS_MAX)
        return; /* they are not counted; what is in force is */
    if (v->n_needs)
        memcpy(needs, v->needs, v->n_needs * sizeof *needs);
    v->needs = needs;
    for (size_t i = 0; i < would->n_needs; i++) {
        /* one on new runs counts beside the need before it, or not at all */
        bool is_wanted = would->needs[i].counts_new ? is_added : !find_need(v, &would->needs[i], &at);
        is_added = is_wanted;
        if (!is_wanted)
            continue;
        needs[v->n_needs] = would->needs[i];
        needs[v->n_needs++].is_shadow = true;
    }
}

void policy_own_verdict(const struct policy *p, struct verdict *v)
{
    if (p && p->mode == POLICY_SHADOW && v->would)
        *v = *v->would;
}

static bool has_room(const struct limit_need *need)
{
    return need->after <= need->max || (need->counts_new && need->n == 0);
}

/* Those of *v, none of which is in shadow. False: each has room, so they say nothing; or there is no memory. */
static bool take_needs(struct verdict *v, struct arena *a)
{
    struct verdict *would = v->would;
    size_t n_full = 0;
    for (size_t i = 0; i < v->n_needs; i++)
        n_full += !has_room(&v->needs[i]);
    struct limit_need *needs = n_full ? arena_try_alloc(a, v->n_needs * sizeof *needs) : NULL;
    if (!needs)
        return false;
    for (size_t i = 0; i < v->n_needs; i++) {
        needs[i] = v->needs[i];
        needs[i].is_shadow = false;
        needs[i].is_short = !has_room(&needs[i]);
    }
    would->needs = needs;
    would->n_needs = v->n_needs;
    return true;
}

/* Its own needs, as those of *v were compared that count in the same place. */
static void compare_needs(const struct verdict *v, struct verdict *would)
{
    size_t at = 0;
    for (size_t i = 0; i < would->n_needs; i++) {
        struct limit_need *need = &would->needs[i];
        const struct limit_need *seen = find_need(v, need, &at);
        if (!seen)
            continue; /* a refused call: what it was compared with is all that is known */
        need->n = seen->n;
        need->max += seen->raised - need->raised;
        need->raised = seen->raised;
        need->raised_until = seen->raised_until;
        need->before = seen->before;
        need->held = seen->held;
        need->after = seen->after;
        need->resets_at = seen->resets_at;
        need->is_short = !has_room(need);
    }
}

void policy_settle_would(struct verdict *v, const struct facts *f, struct arena *a)
{
    struct verdict *would = v->would;
    if (!would || would->effect == EFFECT_DENY || (would->asks_same && !take_needs(v, a)))
        return;
    if (!would->asks_same)
        compare_needs(v, would);
    const struct limit_need *full = policy_ask_limits(would, f, a);
    if (full)
        policy_refuse_limit(full, f, a, would);
}
