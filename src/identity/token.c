/*
 * identity/token.c - from verified claims to user, tenant, customer and agents.
 */
#include "identity/token.h"

#include "base/check.h"

#define TENANT_CHARS_MAX 128 /* as of keys: tenants stand in names of runs and counters */

static const struct token_refusal refusals[TOKEN_FAULT_COUNT] = {
    [TOKEN_OK] = {STR_INIT("ok"), {NULL, 0}},
#define TOKEN_FAULT(name, text, sentence) [TOKEN_##name] = {STR_INIT(text), STR_INIT(sentence)},
#include "identity/token_fault.tbl.h"
#undef TOKEN_FAULT
};

struct token_refusal token_refusal_of(enum token_fault f)
{
    check(f < TOKEN_FAULT_COUNT);
    return refusals[f];
}

struct token_refusal token_refusal_of_jwt(enum jwt_fault f)
{
    return (struct token_refusal){jwt_fault_text(f), jwt_fault_sentence(f)};
}

static void add_agent(struct proven *p, struct str agent)
{
    for (size_t i = 0; i < p->n_agents; i++)
        if (str_eq(p->agents[i], agent))
            return;
    check(p->n_agents < TOKEN_AGENTS_MAX);
    p->agents[p->n_agents++] = agent;
}

static bool wanted(struct json claims, struct str name, struct str *ret)
{
    return name.n == 0 || jwt_text(claims, name, ret);
}

static enum token_fault read_claims(const struct token_terms *t, const struct jwt *jwt, struct proven *p)
{
    struct str agent = STR_NONE, profile;
    if (!wanted(jwt->claims, t->claim_user, &p->user) || !wanted(jwt->claims, t->claim_tenant, &p->tenant) ||
        !wanted(jwt->claims, t->claim_customer, &p->customer) || !wanted(jwt->claims, t->claim_agent, &agent))
        return TOKEN_CLAIM_MISSING;
    if (p->tenant.n && !str_is_token(p->tenant, "._:@/+-", TENANT_CHARS_MAX))
        return TOKEN_TENANT_INVALID;
    if (agent.n)
        add_agent(p, agent);
    for (size_t i = 0; i < jwt->n_actors; i++)
        add_agent(p, jwt->actors[i]);
    if (jwt->n_actors == 0 && jwt_text(jwt->claims, STR("sub_profile"), &profile) && str_eq(profile, STR("ai_agent"))) {
        add_agent(p, jwt->subject);
        p->user = STR_NONE;
    }
    return TOKEN_OK;
}

bool token_read(const struct token_terms *t, const struct jwk_set *keys, struct str token, wall_t now, struct arena *a,
                struct proven *ret, enum jwt_fault *ret_jwt, enum token_fault *ret_fault)
{
    struct jwt_expect e = {
        .issuer = t->issuer,
        .audience = t->audience,
        .typ = t->typ,
        .skew_s = t->skew_s,
        .age_s_max = t->age_s_max,
        .actors_max = t->actors_max,
        .now = now,
    };
    struct jwt jwt;
    *ret_fault = TOKEN_OK;
    *ret_jwt = jwt_verify(token, keys, &e, a, &jwt);
    if (*ret_jwt != JWT_OK)
        return false;
    struct proven p = {.issuer = t->name, .id = jwt.id, .expires_s = jwt.expires_s,
                       .lifetime_s = jwt.expires_s - jwt.issued_s};
    *ret_fault = read_claims(t, &jwt, &p);
    if (*ret_fault != TOKEN_OK)
        return false;
    *ret = p;
    return true;
}

static bool names_agent(const struct proven *p, struct str agent)
{
    for (size_t i = 0; i < p->n_agents; i++)
        if (str_eq(p->agents[i], agent))
            return true;
    return false;
}

enum token_fault token_agrees(struct proven *p, struct str agent, struct str tenant)
{
    if (p->n_agents == 0 && str_eq(p->user, agent)) {
        add_agent(p, agent);
        p->user = STR_NONE;
    }
    if (p->n_agents && !names_agent(p, agent))
        return TOKEN_AGENT_OTHER;
    if (p->tenant.n && tenant.n && !str_eq(p->tenant, tenant))
        return TOKEN_TENANT_OTHER;
    return TOKEN_OK;
}
