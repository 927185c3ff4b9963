/*
 * crypto/jwk.h - the public keys of an issuer of tokens (RFC 7517), as `{"keys": [...]}`, or one key alone.
 *
 *   (1) each key verifies with one algorithm, which the key and the caller's set of algorithms fix, never a token.
 *   (2) keys for other uses, of other kinds, or too weak (RSA below 2048 bits, small exponents, ROCA; a point that is
 *       not on the curve; a small order) are left out. Without one usable key there is no set.
 *   (3) a set that shows a secret (a private or a symmetric key), or one kid for two usable keys, is refused whole.
 *   (4) a set never changes; it is shared by reference count, from any thread.
 */
#pragma once

#include "base/str.h"

enum jwt_alg {
#define JWT_ALG(name, text, kty, crv, second) JWT_##name,
#include "crypto/jwt_alg.tbl.h"
#undef JWT_ALG
    JWT_ALG_COUNT
};
#define JWT_ALG_BIT(a) (1u << (a))
#define JWT_ALGS_ALL ((1u << JWT_ALG_COUNT) - 1)

struct str jwt_alg_text(enum jwt_alg a);
/* By either of its names; -ERR_NOT_FOUND. */
int jwt_alg_parse(struct str s, enum jwt_alg *ret);

#define JWK_KID_BYTES_MAX 256
#define JWK_RSA_BITS_MIN 2048
#define JWK_RSA_BITS_MAX 8192

struct jwk_set;

/*
 * `algs`: JWT_ALG_BIT()s of what the issuer may use; an RSA key that names no alg takes RS256 where that is one, else
 * PS256. -ERR_INVALID: *ret_why is a static sentence; -ERR_TOO_LARGE: more than keys_max keys (also with *ret_why).
 */
int jwk_set_parse(struct str text, unsigned algs, size_t keys_max, struct jwk_set **ret, const char **ret_why);
struct jwk_set *jwk_set_ref(struct jwk_set *s); /* NULL is fine */
void jwk_set_unref(struct jwk_set *s);          /* NULL is fine */
size_t jwk_set_len(const struct jwk_set *s);    /* usable keys */
size_t jwk_set_skipped(const struct jwk_set *s);

struct jwk;
/* By its kid; `kid` empty: the one that there is. NULL: none, or (*ret_is_ambiguous) several. */
const struct jwk *jwk_set_find(const struct jwk_set *s, struct str kid, bool *ret_is_ambiguous);
enum jwt_alg jwk_alg(const struct jwk *k);
struct str jwk_kid(const struct jwk *k);
/* True: `signature` is of this key over `text`, in the form of JWS: raw r and s for ES256. */
bool jwk_verify(const struct jwk *k, struct str text, struct str signature);
