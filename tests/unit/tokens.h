/*
 * tests/unit/tokens.h - tokens signed by a key of the test's own, and the set that has its public half.
 */
#pragma once

#include "unit.h"

#include "codec/b64.h"
#include "crypto/jwt.h"
#include "crypto/sign.h"

static struct arena arena;
static struct sign_key *signer;
static struct jwk_set *keys;

static inline struct str url(struct str s) { return b64url_encode(s, arena_alloc(&arena, B64URL_SIZE(s.n) + 1)); }

static struct str token_of(const char *header, const char *claims)
{
    uint8_t signature[SIGN_BYTES];
    struct str text =
        arena_printf(&arena, STR_FMT "." STR_FMT, STR_ARG(url(str_c(header))), STR_ARG(url(str_c(claims))));
    sign(signer, text, signature);
    return arena_printf(&arena, STR_FMT "." STR_FMT, STR_ARG(text),
                        STR_ARG(url((struct str){(const char *)signature, sizeof signature})));
}

static int tokens_setup(void **state)
{
    uint8_t seed[SIGN_SEED_BYTES] = {1, 2, 3}, pub[SIGN_PUBLIC_BYTES];
    const char *why = NULL;
    arena_init(&arena, 4 << 20);
    signer = sign_key_new(seed);
    sign_key_public(signer, pub);
    struct str text = arena_printf(&arena, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"" STR_FMT "\"}",
                                   STR_ARG(url((struct str){(const char *)pub, sizeof pub})));
    assert_int_equal(jwk_set_parse(text, JWT_ALGS_ALL, 8, &keys, &why), 0);
    return 0;
}

static int tokens_teardown(void **state)
{
    jwk_set_unref(keys);
    sign_key_free(signer);
    arena_deinit(&arena);
    return 0;
}
