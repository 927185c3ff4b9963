/*
 * crypto/jwk_verify.c - one signature of a token, through OpenSSL.
 */
#include "crypto/jwk_impl.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "base/check.h"

#define P256_BYTES 32
#define P256_DER_BYTES_MAX 72 /* SEQUENCE of two INTEGERs of at most 33 bytes */

/* RFC 7518 3.4: r and s, 32 bytes each, and nothing else. OpenSSL wants them in DER, and checks their range. */
static bool der_of_raw(struct str raw, uint8_t out[P256_DER_BYTES_MAX], size_t *ret_n)
{
    if (raw.n != 2 * P256_BYTES)
        return false;
    const unsigned char *p = (const unsigned char *)raw.p;
    BIGNUM *r = BN_bin2bn(p, P256_BYTES, NULL), *s = BN_bin2bn(p + P256_BYTES, P256_BYTES, NULL);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    check(r && s && sig && ECDSA_SIG_set0(sig, r, s) == 1);
    unsigned char *to = out;
    int n = i2d_ECDSA_SIG(sig, NULL);
    check(n > 0 && n <= P256_DER_BYTES_MAX && i2d_ECDSA_SIG(sig, &to) == n);
    ECDSA_SIG_free(sig);
    *ret_n = (size_t)n;
    return true;
}

/* RFC 7518 3.5: MGF1 with the same hash, a salt as long as the hash. */
static bool use_pss(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool verify(const struct jwk *k, struct str text, const uint8_t *signature, size_t n)
{
    EVP_PKEY_CTX *pkey_ctx;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    check(ctx != NULL);
    const EVP_MD *hash = k->alg == JWT_EDDSA ? NULL : EVP_sha256();
    bool is_good = EVP_DigestVerifyInit(ctx, &pkey_ctx, hash, NULL, k->pkey) == 1 &&
                   (k->alg != JWT_PS256 || use_pss(pkey_ctx)) &&
                   EVP_DigestVerify(ctx, signature, n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return is_good;
}

bool jwk_verify(const struct jwk *k, struct str text, struct str signature)
{
    uint8_t der[P256_DER_BYTES_MAX];
    const uint8_t *p = (const uint8_t *)signature.p;
    size_t n = signature.n;
    if (k->alg == JWT_ES256) {
        if (!der_of_raw(signature, der, &n))
            return false;
        p = der;
    }
    return verify(k, text, p, n);
}
