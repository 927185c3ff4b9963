/*
 * policy/duties.c - what the rules that hold ask of a call beside their yes, together: the strictest of each.
 */
#include "policy/policy_impl.h"

static void add_notice(struct duties *d, struct str name)
{
    for (size_t i = 0; i < d->n_notices; i++)
        if (str_eq(d->notices[i], name))
            return;
    if (name.n && d->n_notices < DUTY_NOTICES_MAX)
        d->notices[d->n_notices++] = name;
}

static void add_key(struct duties *d, bool is_needed, struct str rule)
{
    if (!is_needed || d->needs_idempotency_key)
        return;
    d->needs_idempotency_key = true;
    d->key_rule = rule;
}

/* What one rule, or the rules of a document above, say of duplicates. */
struct once {
    int64_t ms; /* 0: nothing */
    enum duplicate_then then;
    struct approval_terms approval;
    struct str rule;
};

/* The longest time, and the strictest answer; where several ask, the most persons and the shortest time for them. */
static void add_duplicate(struct duties *d, const struct once *o)
{
    bool is_first = !d->duplicate_ms || o->then > d->duplicate_then;
    if (!o->ms)
        return;
    if (is_first) {
        d->duplicate_rule = o->rule;
        d->duplicate_then = o->then;
        d->duplicate_approval = o->approval;
    } else if (o->then == d->duplicate_then) {
        approval_terms_join(&d->duplicate_approval, &o->approval);
    }
    if (o->ms > d->duplicate_ms)
        d->duplicate_ms = o->ms;
}

void duties_add(struct duties *d, const struct rule *r)
{
    d->redactors |= r->redactors;
    add_key(d, r->needs_idempotency_key, r->id);
    add_duplicate(d, &(struct once){r->duplicate_ms, r->duplicate_then, r->duplicate_approval, r->id});
    add_notice(d, r->notice);
    d->bodies |= r->bodies;
}

void duties_join(struct duties *d, const struct duties *above, unsigned shift)
{
    if (shift < 32) {
        d->redactors |= above->redactors << shift;
        d->redactors_of_record |= above->redactors_of_record << shift;
    }
    add_key(d, above->needs_idempotency_key, above->key_rule);
    add_duplicate(d, &(struct once){above->duplicate_ms, above->duplicate_then, above->duplicate_approval,
                                    above->duplicate_rule});
    for (size_t i = 0; i < above->n_notices; i++)
        add_notice(d, above->notices[i]);
    d->bodies |= above->bodies;
}

void duties_end(struct duties *d, const struct policy *p, const struct facts *f, bool is_permitted)
{
    d->redactors_of_record = d->redactors;
    for (size_t i = 0; !is_permitted && i < p->n_rules; i++)
        if (match_facts(&p->rules[i].match, f) != MATCH_NO)
            d->redactors_of_record |= p->rules[i].redactors;
}

int64_t policy_duplicate_ms(const struct policy *p)
{
    int64_t most = 0;
    for (size_t i = 0; i < p->n_rules; i++)
        if (p->rules[i].duplicate_then != DUPLICATE_ALLOW && p->rules[i].duplicate_ms > most)
            most = p->rules[i].duplicate_ms;
    for (size_t i = 0; i < p->n_parents; i++) {
        int64_t above = policy_duplicate_ms(p->parents[i]);
        most = above > most ? above : most;
    }
    return most;
}
