/*
 * identity/id_token.h - who signed in, by the ID token of a provider (OpenID Connect Core 1.0, 3.1.3.7).
 *
 *   (1) signature, iss, aud and times as of every token (crypto/jwt.h); then what only an ID token has, in the order of
 *       id_token_fault.tbl.h.
 *   (2) nothing of a token names a person before all of that held.
 *   (3) an email is a name only when the provider says that it verified it.
 */
#pragma once

#include "crypto/jwt.h"

/* What signs ID tokens here: at_hash is of the same SHA-256 for each of them. */
#define ID_TOKEN_ALGS (JWT_ALG_BIT(JWT_RS256) | JWT_ALG_BIT(JWT_ES256) | JWT_ALG_BIT(JWT_PS256))

struct id_token_terms {
    struct str issuer, client_id;
    struct str claim; /* whose value names the person */
    int64_t skew_s;
};

enum id_token_fault {
    ID_TOKEN_OK,
#define ID_TOKEN_FAULT(name, text, sentence) ID_TOKEN_##name,
#include "identity/id_token_fault.tbl.h"
#undef ID_TOKEN_FAULT
    ID_TOKEN_FAULT_COUNT
};

struct id_token_refusal {
    enum jwt_fault jwt;        /* JWT_OK: the next */
    enum id_token_fault fault; /* ID_TOKEN_OK: as the JWT says */
    struct str text, sentence;
};

/* True: *ret_name lives in `a`. False: *ret_why. `access_token` empty: none came. */
bool id_token_read(const struct id_token_terms *t, const struct jwk_set *keys, struct str token, struct str nonce,
                   struct str access_token, wall_t now, struct arena *a, struct str *ret_name,
                   struct id_token_refusal *ret_why);
