/*
 * policy/require.c - `identity.require`: is it proven for whom this call is?
 *
 * Only a verified token proves anything here; a key proves the agent, which every call has. An entry that may match,
 * because the customer is not known yet, counts as one that does.
 */
#include "policy/policy_impl.h"

static bool has_subject(enum subject s, const struct facts *f)
{
    switch (s) {
    case SUBJECT_USER:
        return f->user.n && f->user_source == SOURCE_TOKEN;
    case SUBJECT_AGENT:
        return f->n_actors > 0;
    default:
        return f->issuer.n > 0;
    }
}

/* What is lacking, in words behind "must be"; NULL: nothing. */
static const char *lacking(const struct requirement *r, const struct facts *f)
{
    if (!f->issuer.n)
        return r->subject == SUBJECT_USER    ? "proven to be for a user"
               : r->subject == SUBJECT_AGENT ? "proven to be of its agent"
                                             : "proven by an identity token";
    if (!has_subject(r->subject, f))
        return r->subject == SUBJECT_USER ? "for a user, and the token names none"
                                          : "of its agent, and the token names none (act)";
    if (r->actors_max >= 0 && f->n_actors > (size_t)r->actors_max)
        return "through fewer agents than the token's chain (act) has";
    if (r->lifetime_s_max && f->token_lifetime_s > r->lifetime_s_max)
        return "proven by a token that lives shorter than this one";
    return NULL;
}

static bool has_customer(enum customer_from from, const struct facts *f)
{
    return from == CUSTOMER_ANY || (f->customer.n && (from == CUSTOMER_RESOLVED || f->customer_source == SOURCE_TOKEN));
}

bool identity_suffices(const struct policy *p, const struct facts *f, bool may_lookup, struct arena *a,
                       struct verdict *v)
{
    for (size_t i = 0; i < p->n_requirements; i++) {
        const struct requirement *r = &p->requirements[i];
        if (match_facts(&r->match, f) == MATCH_NO)
            continue;
        const char *why = lacking(r, f);
        if (!why && !has_customer(r->customer_from, f)) {
            v->wants_customer = !f->customer.n && may_lookup;
            why = v->wants_customer                      ? NULL
                  : r->customer_from == CUSTOMER_TOKEN ? "for a customer that the token names"
                                                         : "for a customer who is known";
        }
        if (why) {
            say_identity_required(p, why, f, a, v);
            return false;
        }
    }
    return true;
}
