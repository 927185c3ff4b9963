/*
 * identity/person.h - who may use the admin API: roles, and the credential of a person or service, fba_<secret+check>.
 *
 * A credential is shown once and stored as SHA-256 of its whole text (190 bits of entropy need no slow hash). It is no
 * agent key: the data listener does not know it.
 */
#pragma once

#include "base/rand.h"
#include "base/str.h"

enum role {
    ROLE_PUBLIC, /* of everybody; nobody is given it */
#define ROLE(name, text, what) ROLE_##name,
#include "identity/role.tbl.h"
#undef ROLE
    ROLE_COUNT
};
const char *role_text(enum role r);
/* -ERR_INVALID; "public" is no role to be given. */
int role_parse(struct str s, enum role *ret);
/* The names of roles that can be given, for did-you-mean. */
const struct str *role_names(size_t *ret_n);

/* Roles as a set of ROLE_BIT()s. */
#define ROLE_BIT(r) (1u << (r))
/* Whether who has `set` may do what needs `wanted`. An empty set may do what is public. */
bool roles_allow(unsigned set, enum role wanted);

#define PERSON_NAME_CHARS_MAX 128
/* 1 to 128 of letters, digits and ._:@/+- */
bool person_name_is_valid(struct str name);

#define PERSON_TOKEN_BYTES 48
#define PERSON_HASH_BYTES 32
struct person_token {
    char text[PERSON_TOKEN_BYTES]; /* "fba_<32 + 6 check>", NUL-terminated */
    uint8_t hash[PERSON_HASH_BYTES];
};
void person_token_mint(struct rng *r, struct person_token *ret);
/* -ERR_INVALID: not a credential of that form, or its check does not fit (a typo, without a look-up). */
int person_token_hash(struct str presented, uint8_t ret[PERSON_HASH_BYTES]);
