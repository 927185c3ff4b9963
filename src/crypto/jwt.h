/*
 * crypto/jwt.h - tokens with claims (RFC 7519), verified: signature first, then what they say, in the order of
 * jwt_fault.tbl.h. RFC 8725 is the list of mistakes that others made here.
 *
 *   (1) no claim is believed, and none but `iss` is looked at, before the signature is known to be the issuer's.
 *   (2) a token without aud, sub or exp is refused, however well signed: it would be for anyone, of nobody, for good.
 *   (3) times are whole seconds. Valid from nbf - skew on, until just before exp + skew.
 *   (4) texts of claims are 1 to JWT_TEXT_BYTES_MAX bytes without control characters.
 */
#pragma once

#include "base/time.h"
#include "codec/json_read.h"
#include "crypto/jws.h"

#define JWT_TEXT_BYTES_MAX 256
#define JWT_ACTORS_MAX 8
#define JWT_CLAIMS_DEPTH_MAX 32

/* What is wanted of a token. */
struct jwt_expect {
    struct str issuer;   /* iss, byte for byte */
    struct str audience; /* stands in aud */
    struct str typ;      /* "at+jwt"; empty: "JWT", or none at all */
    int64_t skew_s;      /* by how much clocks may differ */
    int64_t age_s_max;   /* the longest from iat to exp; 0: any, and iat may be absent */
    size_t actors_max;   /* the longest chain of act; at most JWT_ACTORS_MAX */
    wall_t now;
};

struct jwt {
    struct json claims; /* all of them; strings live in the arena */
    struct str issuer, subject;
    struct str id;      /* jti; empty: none */
    int64_t expires_s;
    int64_t issued_s;                  /* 0: no iat */
    struct str actors[JWT_ACTORS_MAX]; /* sub of act, of the act in it, ...: who acts now stands first (RFC 8693 4.1) */
    size_t n_actors;
};

/*
 * `a` holds what lives as long as *ret: about 40 bytes for each byte of the token. *ret is set with JWT_OK only.
 * JWT_KEY_UNKNOWN is the one fault that newer keys of the issuer can cure.
 */
enum jwt_fault jwt_verify(struct str token, const struct jwk_set *keys, const struct jwt_expect *e, struct arena *a,
                          struct jwt *ret);
/* The issuer that a token claims, to find whose keys to verify it with. Says nothing of the token. */
enum jwt_fault jwt_peek_issuer(struct str token, struct arena *a, struct str *ret_issuer);
/* A claim as text under the rules of (4); false: it is not there, or no such text. */
bool jwt_text(struct json claims, struct str name, struct str *ret);
