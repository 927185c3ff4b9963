/*
 * identity/token.h - what an identity token proves of a call: for whom it is made, and through whom (CONTRACT 9).
 *
 * Delegation as RFC 8693 has it: `sub` is the person, `act` the agent that acts for them, with the agents before it
 * nested inside. A token without `act` whose `sub_profile` is ai_agent, or whose `sub` is the agent itself, is an agent
 * that acts for nobody.
 */
#pragma once

#include "base/arena.h"
#include "crypto/jwt.h"

/* What is wanted of an issuer's tokens, and which claims say what. Strings outlive it. */
struct token_terms {
    struct str name; /* of the issuer, in the config */
    struct str issuer, audience;
    struct str typ; /* empty: JWT, or none */
    struct str claim_user, claim_tenant, claim_customer, claim_agent; /* empty: not read */
    int64_t skew_s, age_s_max;
    size_t actors_max;
};

#define TOKEN_AGENTS_MAX (JWT_ACTORS_MAX + 1)

struct proven {
    struct str issuer;                 /* its name in the config */
    struct str user, tenant, customer; /* empty: not said */
    struct str agents[TOKEN_AGENTS_MAX]; /* who acts now stands first */
    size_t n_agents;
    struct str id; /* jti; empty: none */
    int64_t expires_s, lifetime_s; /* lifetime: from iat to exp */
};

enum token_fault {
    TOKEN_OK,
#define TOKEN_FAULT(name, text, sentence) TOKEN_##name,
#include "identity/token_fault.tbl.h"
#undef TOKEN_FAULT
    TOKEN_FAULT_COUNT
};

/* Why a token is refused, of either table. */
struct token_refusal {
    struct str text, sentence; /* static */
};
struct token_refusal token_refusal_of(enum token_fault f);
struct token_refusal token_refusal_of_jwt(enum jwt_fault f);

/* Verifies and reads it. True: *ret is set, its texts live in `a`. False: *ret_jwt, or (it is JWT_OK) *ret_fault. */
bool token_read(const struct token_terms *t, const struct jwk_set *keys, struct str token, wall_t now, struct arena *a,
                struct proven *ret, enum jwt_fault *ret_jwt, enum token_fault *ret_fault);

/*
 * It goes with the key: its agents, where it names some, have the key's among them; its tenant, where both have one, is
 * the key's. A token of the agent itself loses its user.
 */
enum token_fault token_agrees(struct proven *p, struct str agent, struct str tenant);
