/*
 * proxy/token_cache.h - tokens that were verified, by their digest: the next call with one needs no signature.
 *
 *   (1) an entry counts until the token expires, and as long as the keys that it was verified with are the issuer's
 *       keys: the second is the caller's to look at.
 *   (2) bounded: at the maximum the entry that was used longest ago goes. No bytes of the token are kept.
 *
 * From any thread.
 */
#pragma once

#include "crypto/hash.h"
#include "identity/token.h"

struct token_cache;

struct token_cache *token_cache_new(size_t n_max); /* 0: remembers nothing; aborts without memory */
void token_cache_free(struct token_cache *c);      /* NULL is fine */
/* A reference to the keys that the token was found good with, and *ret, whose texts live in `a`; NULL: not known. */
struct jwk_set *token_cache_get(struct token_cache *c, const uint8_t digest[SHA256_BYTES], wall_t now, struct arena *a,
                                struct proven *ret);
/* `expires`: when it is not good any more, skew included. Keeps a reference to the keys. */
void token_cache_put(struct token_cache *c, const uint8_t digest[SHA256_BYTES], struct jwk_set *keys, wall_t expires,
                     const struct proven *p);
