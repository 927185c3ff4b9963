/*
 * policy/ask.c - what a person is asked about one call: every rule that asks, and every limit that may be passed with a
 * yes.
 *
 * Several together ask for the most persons and leave the shortest time, so that no second rule makes a first one
 * weaker. What asks is named: a yes covers that, and nothing that asks later.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

void approval_terms_join(struct approval_terms *t, const struct approval_terms *more)
{
    if (more->quorum > t->quorum)
        t->quorum = more->quorum;
    if (more->ttl_ns < t->ttl_ns)
        t->ttl_ns = more->ttl_ns;
}

static bool add(struct approval_need *n, const struct approval_terms *t, struct str name, struct arena *a)
{
    struct str *asks = arena_try_alloc(a, (n->n_asks + 1) * sizeof *asks);
    if (!asks)
        return false;
    for (size_t i = 0; i < n->n_asks; i++) {
        asks[i] = n->asks[i];
        if (str_eq(asks[i], name))
            return true;
    }
    asks[n->n_asks++] = name;
    n->asks = asks;
    if (n->terms.quorum == 0)
        n->terms = *t;
    approval_terms_join(&n->terms, t);
    return true;
}

bool approval_add(struct approval_need *n, const struct approval_terms *t, const char *kind, struct str id,
                  struct arena *a)
{
    return add(n, t, arena_join(a, (const struct str[]){str_c(kind), STR(" "), id}, 3), a);
}

bool approval_join(struct approval_need *n, const struct approval_need *more, struct arena *a)
{
    for (size_t i = 0; i < more->n_asks; i++)
        if (!add(n, &more->terms, more->asks[i], a))
            return false;
    return true;
}

bool policy_ask_duplicate(struct verdict *v, struct arena *a)
{
    const struct duties *d = &v->duties;
    return approval_add(&v->approval, &d->duplicate_approval, "duplicate", d->duplicate_rule, a);
}

const struct limit_need *policy_ask_limits(struct verdict *v, const struct facts *f, struct arena *a)
{
    const struct limit_need *first = NULL;
    for (size_t i = 0; i < v->n_needs; i++) {
        const struct limit_need *need = &v->needs[i];
        if (!need->is_short || need->is_shadow)
            continue;
        if (!need->approval.quorum || !approval_add(&v->approval, &need->approval, "limit", need->id, a))
            return need;
        first = first ? first : need;
    }
    if (first && v->effect == EFFECT_PERMIT)
        say_limit_asks(first, f, a, v);
    return NULL;
}
