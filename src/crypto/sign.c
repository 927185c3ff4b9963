/*
 * crypto/sign.c - Ed25519 through OpenSSL.
 */
#include "crypto/sign.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/check.h"

struct sign_key {
    EVP_PKEY *pkey;
};

struct sign_key *sign_key_new(const uint8_t seed[SIGN_SEED_BYTES])
{
    struct sign_key *k = malloc(sizeof *k);
    if (!k)
        return NULL;
    k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);
    if (!k->pkey) {
        free(k);
        return NULL;
    }
    return k;
}

void sign_key_free(struct sign_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey); /* wipes */
    free(k);
}

void sign_key_public(const struct sign_key *k, uint8_t ret[SIGN_PUBLIC_BYTES])
{
    size_t n = SIGN_PUBLIC_BYTES;
    check(EVP_PKEY_get_raw_public_key(k->pkey, ret, &n) == 1 && n == SIGN_PUBLIC_BYTES);
}

void sign(const struct sign_key *k, struct str text, uint8_t ret[SIGN_BYTES])
{
    size_t n = SIGN_BYTES;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    check(ctx != NULL);
    check(EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1);
    check(EVP_DigestSign(ctx, ret, &n, (const unsigned char *)text.p, text.n) == 1 && n == SIGN_BYTES);
    EVP_MD_CTX_free(ctx);
}

bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct str text, const uint8_t signature[SIGN_BYTES])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC_BYTES);
    if (!pkey)
        return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    check(ctx != NULL);
    bool is_good = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                   EVP_DigestVerify(ctx, signature, SIGN_BYTES, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return is_good;
}
