/*
 * crypto/jwk_impl.h - what reading keys (jwk.c) and making them ready for OpenSSL (jwk_key.c) share.
 */
#pragma once

#include <openssl/evp.h>

#include "codec/json_read.h"
#include "crypto/jwk.h"

struct jwk {
    struct str kid; /* empty: it has none */
    enum jwt_alg alg;
    EVP_PKEY *pkey;
};

/* The key in the JSON object `o`, whose kty (and crv) are those of `alg`; NULL: *ret_why says what is wrong with it. */
EVP_PKEY *jwk_key_read(struct json o, enum jwt_alg alg, const char **ret_why);
/* True for a modulus that a faulty generator made (CVE-2017-15361): its factors can be found. */
bool jwk_is_roca(const BIGNUM *n);
