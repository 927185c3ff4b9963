/*
 * crypto/jwk_key.c - one public key: its numbers out of JSON, checked, and into OpenSSL.
 */
#include "crypto/jwk_impl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/check.h"
#include "codec/b64.h"

#define P256_BYTES 32
#define ED25519_BYTES 32
#define RSA_BYTES_MAX (JWK_RSA_BITS_MAX / 8)
#define EXPONENT_BITS_MAX 33

/* A member in base64url of exactly n bytes. */
static bool read_bytes(struct json o, struct str name, uint8_t *out, size_t n)
{
    struct str s;
    size_t got;
    return json_str(json_get(o, name), &s) && b64url_decode(s, out, n, &got) == 0 && got == n;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    check(ctx != NULL);
    if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* OpenSSL's own look at the numbers: for EC that the point is on the curve, and not the one at infinity. */
static EVP_PKEY *checked(EVP_PKEY *pkey)
{
    if (!pkey)
        return NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    check(ctx != NULL);
    bool is_good = EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (is_good)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

/* --- P-256 -------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *read_p256(struct json o, const char **ret_why)
{
    uint8_t point[1 + 2 * P256_BYTES] = {4}; /* uncompressed */
    char group[] = "P-256";
    if (!read_bytes(o, STR("x"), point + 1, P256_BYTES) ||
        !read_bytes(o, STR("y"), point + 1 + P256_BYTES, P256_BYTES)) {
        *ret_why = "x and y of an EC key are 32 bytes each, in base64url";
        return NULL;
    }
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *pkey = checked(from_params("EC", params));
    if (!pkey)
        *ret_why = "x and y of an EC key are no point on the curve";
    return pkey;
}

/* --- Ed25519 ------------------------------------------------------------------------------------------------------ */

/*
 * The y of all points whose order divides 8, and of their second encodings (y + p), without the sign bit: with such a
 * key one signature fits many texts. RFC 8032 5.1; checked by test_jwk.c against the curve's equation.
 */
static const uint8_t small_orders[][ED25519_BYTES] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static bool is_small_order(const uint8_t key[ED25519_BYTES])
{
    uint8_t y[ED25519_BYTES];
    memcpy(y, key, sizeof y);
    y[ED25519_BYTES - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_orders / sizeof small_orders[0]; i++)
        if (memcmp(y, small_orders[i], sizeof y) == 0)
            return true;
    return false;
}

static EVP_PKEY *read_ed25519(struct json o, const char **ret_why)
{
    uint8_t key[ED25519_BYTES];
    if (!read_bytes(o, STR("x"), key, sizeof key)) {
        *ret_why = "x of an Ed25519 key is 32 bytes, in base64url";
        return NULL;
    }
    if (is_small_order(key)) {
        *ret_why = "an Ed25519 key is a point of small order, which proves nothing";
        return NULL;
    }
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
    if (!pkey)
        *ret_why = "x of an Ed25519 key is no point on the curve";
    return pkey;
}

/* --- RSA ---------------------------------------------------------------------------------------------------------- */

/*
 * The generator of CVE-2017-15361 made primes k * M + (65537^a mod M), with M a product of small primes: so modulo each
 * of these, n is a power of 65537. For other moduli all of them agree in one of about 2^27 cases.
 */
bool jwk_is_roca(const BIGNUM *n)
{
    static const unsigned primes[] = {11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};
    for (size_t i = 0; i < sizeof primes / sizeof primes[0]; i++) {
        unsigned p = primes[i], want = (unsigned)BN_mod_word(n, p), power = 1;
        do
            power = power * (65537 % p) % p;
        while (power != want && power != 1);
        if (power != want)
            return false;
    }
    return true;
}

/* A positive number in base64url; NULL: there is none, or a leading zero byte that RFC 7518 2 forbids. */
static BIGNUM *read_number(struct json o, struct str name)
{
    uint8_t bytes[RSA_BYTES_MAX];
    struct str s;
    size_t n;
    if (!json_str(json_get(o, name), &s) || b64url_decode(s, bytes, sizeof bytes, &n) < 0 || n == 0 || bytes[0] == 0)
        return NULL;
    BIGNUM *b = BN_bin2bn(bytes, (int)n, NULL);
    check(b != NULL);
    return b;
}

static const char *fault_of_rsa(const BIGNUM *n, const BIGNUM *e)
{
    if (!n || !e)
        return "n and e of an RSA key are numbers in base64url, at most 8192 bits";
    if (BN_num_bits(n) < JWK_RSA_BITS_MIN || !BN_is_odd(n))
        return "an RSA key has fewer than 2048 bits";
    if (BN_num_bits(e) > EXPONENT_BITS_MAX || !BN_is_odd(e) || BN_is_one(e))
        return "the exponent of an RSA key is not an odd number from 3 to 2^33";
    return jwk_is_roca(n) ? "an RSA key was made by a generator whose keys can be broken (CVE-2017-15361)" : NULL;
}

static EVP_PKEY *rsa_of(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    check(b != NULL && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
          OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    check(params != NULL);
    EVP_PKEY *pkey = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return pkey;
}

static EVP_PKEY *read_rsa(struct json o, const char **ret_why)
{
    BIGNUM *n = read_number(o, STR("n")), *e = read_number(o, STR("e"));
    EVP_PKEY *pkey = NULL;
    const char *fault = fault_of_rsa(n, e);
    if (!fault && !(pkey = rsa_of(n, e)))
        fault = "an RSA key is none";
    BN_free(n);
    BN_free(e);
    if (fault)
        *ret_why = fault;
    return pkey;
}

EVP_PKEY *jwk_key_read(struct json o, enum jwt_alg alg, const char **ret_why)
{
    switch (alg) {
    case JWT_ES256:
        return read_p256(o, ret_why);
    case JWT_EDDSA:
        return read_ed25519(o, ret_why);
    default:
        return read_rsa(o, ret_why);
    }
}
