/*
 * crypto/jws.h - a signed token in its compact form (RFC 7515 7.1), up to its signature. What it says is jwt.h's.
 *
 *   (1) strict: three parts, base64url without padding or stray bits, a JSON header without double members.
 *   (2) the key is the caller's, found by kid alone. A header that brings or names one (jwk, jku, x5c, x5u), or demands
 *       anything (crit, b64), is refused.
 *   (3) the algorithm is the key's; the header must name the same. So a token can choose neither none nor HMAC.
 */
#pragma once

#include "base/arena.h"
#include "crypto/jwk.h"

enum jwt_fault {
    JWT_OK,
#define JWT_FAULT(name, text, sentence) JWT_##name,
#include "crypto/jwt_fault.tbl.h"
#undef JWT_FAULT
    JWT_FAULT_COUNT
};
struct str jwt_fault_text(enum jwt_fault f);     /* "ok" for JWT_OK */
struct str jwt_fault_sentence(enum jwt_fault f); /* STR_NONE for JWT_OK */

#define JWS_BYTES_MAX 16384

struct jws {
    enum jwt_alg alg;
    struct str kid, typ;       /* empty: there is none */
    struct str payload;        /* decoded; not proven before jws_verify() */
    struct str signed_text;    /* a part of the token */
    struct str signature;      /* decoded */
};

/* Nothing is proven yet. Texts live in `a`, which holds about 10 bytes for each byte of the token, and in `token`. */
enum jwt_fault jws_split(struct str token, struct arena *a, struct jws *ret);
/* The signature is of the key that it names, or of the only one of the set. */
enum jwt_fault jws_verify(const struct jws *j, const struct jwk_set *keys);
