/*
 * proxy/identity.c - a call's user, tenant and customer, with the source of each.
 *
 *   (1) a token that does not verify refuses the call, whatever else there is; so does one without an issuer here.
 *   (2) what nobody vouches for never gets into the facts that rules and limits look at: it is a claim, for the record.
 *   (3) no byte of a token is recorded, logged, or sent on.
 */
#include "proxy/identity.h"

#include "base/counter.h"
#include "proxy/issuers.h"
#include "proxy/llm.h"

/* --- claims ------------------------------------------------------------------------------------------------------- */

static void claim(struct call *c, struct str value, enum value_source source, struct str *ret,
                  enum value_source *ret_source)
{
    if (!value.n || ret->n)
        return;
    *ret = arena_str(&c->arena, str_sub(value, 0, CLAIM_BYTES_MAX));
    *ret_source = source;
}

static void claims_of_headers(struct call *c)
{
    struct claims *k = &c->facts.claims;
    const struct str *first = c->fields->first;
    claim(c, first[AGENT_FIELD_USER], SOURCE_HEADER, &k->user, &k->user_source);
    claim(c, first[AGENT_FIELD_HELICONE_USER], SOURCE_HEADER, &k->user, &k->user_source);
    claim(c, first[AGENT_FIELD_CUSTOMER], SOURCE_HEADER, &k->customer, &k->customer_source);
}

void call_claims_of_model(struct call *c)
{
    claim(c, c->llm->request.user, SOURCE_BODY, &c->facts.claims.user, &c->facts.claims.user_source);
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static void take_agents(struct call *c, const struct proven *p)
{
    struct str *actors = arena_alloc(&c->arena, (p->n_agents + 1) * sizeof *actors);
    for (size_t i = 0; i < p->n_agents; i++)
        actors[i] = p->agents[i];
    c->facts.actors = actors;
    c->facts.n_actors = p->n_agents;
}

static void take(struct call *c, const struct proven *p)
{
    struct facts *f = &c->facts;
    f->issuer = p->issuer;
    f->token_lifetime_s = p->lifetime_s;
    f->user = p->user;
    f->user_source = p->user.n ? SOURCE_TOKEN : SOURCE_NONE;
    if (p->tenant.n && !f->tenant.n) {
        f->tenant = p->tenant;
        f->tenant_source = SOURCE_TOKEN;
    }
    c->token_customer = p->customer;
    if (p->customer.n) {
        f->customer = p->customer;
        f->customer_source = SOURCE_TOKEN;
    }
    take_agents(c, p);
}

bool call_identity(struct call *c)
{
    const struct key_entry *k = c->adm.key;
    struct token_refusal why;
    struct proven p;
    struct str token = c->fields->first[AGENT_FIELD_IDENTITY];
    claims_of_headers(c);
    if (!c->fields->n[AGENT_FIELD_IDENTITY])
        return true;
    if (issuers_verify(c->w->shared->issuers, token, k->agent, k->tenant, c->started_at, &c->arena, &p, &why)) {
        counter_add(COUNTER_identities_verified, 1);
        take(c, &p);
        return true;
    }
    counter_add(COUNTER_identities_refused, 1);
    call_refusef(c, CODE_IDENTITY_INVALID, 0,
                 "The token in x-agent-identity is refused (" STR_FMT "): " STR_FMT, STR_ARG(why.text),
                 STR_ARG(why.sentence));
    return false;
}

/* --- the customer ------------------------------------------------------------------------------------------------- */

/* The issuer's customers have the ids that this vendor gives. */
static bool are_the_vendors(const struct call *c)
{
    const struct issuer *i = issuers_find(c->w->shared->issuers, c->facts.issuer);
    for (size_t k = 0; i && k < i->n_customers_of; k++)
        if (str_eq(i->customers_of[k], c->vendor->name))
            return true;
    return false;
}

/* The object that the request names has a customer, who is not known yet. */
static bool has_owner(const struct call *c)
{
    return are_the_vendors(c) && c->saas.can_look_up_customer;
}

void call_customer_of_token(struct call *c)
{
    struct facts *f = &c->facts;
    if (!c->token_customer.n || (!f->customer.n && has_owner(c)))
        return;
    if (f->customer.n && !str_eq(f->customer, c->token_customer))
        return;
    f->customer = c->token_customer;
    f->customer_source = SOURCE_TOKEN;
}

bool call_customer_fits(struct call *c)
{
    struct facts *f = &c->facts;
    struct str path;
    if (!c->token_customer.n || str_eq(f->customer, c->token_customer) || !are_the_vendors(c))
        return true;
    if (!f->customer.n && c->may_look_up && saas_lookup_path(&c->saas, false, true, &c->arena, &path)) {
        stage_look_up(c, false, true);
        return false;
    }
    call_refuse(c, CODE_SCOPE_DENIED, 0,
                STR("The identity token is for one customer, and this request is about another, or about one that "
                    "could not be found out"));
    return false;
}
