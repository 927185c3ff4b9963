/*
 * crypto/hash.c - SHA-256 and HMAC (RFC 2104) through OpenSSL.
 *
 * OpenSSL's older functions for SHA-256, which keep their state on the caller's stack: the newer ones look up, allocate
 * and dispatch for each hash (HMAC() of 40 bytes took 4.0 us, this one 0.5 us, measured side by side).
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/check.h"

#define SHA256_BLOCK_BYTES 64

static void add(SHA256_CTX *ctx, struct str s)
{
    check(s.n == 0 || SHA256_Update(ctx, s.p, s.n) == 1);
}

void sha256_parts(const struct str *parts, size_t n, uint8_t ret[SHA256_BYTES])
{
    SHA256_CTX ctx;
    check(SHA256_Init(&ctx) == 1);
    for (size_t i = 0; i < n; i++)
        add(&ctx, parts[i]);
    check(SHA256_Final(ret, &ctx) == 1);
}

void sha256(struct str s, uint8_t ret[SHA256_BYTES])
{
    sha256_parts(&s, 1, ret);
}

_Static_assert(sizeof(SHA256_CTX) == sizeof((struct hmac_sha256){{{0}}}.state[0]), "a state for each of both passes");

/* One pass behind its first block, which is the key with `pad` over it, and changes. */
static void pass_begin(SHA256_CTX *state, uint8_t block[SHA256_BLOCK_BYTES], uint8_t pad)
{
    for (size_t i = 0; i < SHA256_BLOCK_BYTES; i++)
        block[i] ^= pad;
    check(SHA256_Init(state) == 1);
    add(state, (struct str){(const char *)block, SHA256_BLOCK_BYTES});
}

void hmac_sha256_init(struct hmac_sha256 *h, struct str key)
{
    uint8_t block[SHA256_BLOCK_BYTES] = {0};
    if (key.n > sizeof block)
        sha256(key, block);
    else if (key.n)
        memcpy(block, key.p, key.n);
    pass_begin((SHA256_CTX *)h->state[0], block, 0x36);
    pass_begin((SHA256_CTX *)h->state[1], block, 0x36 ^ 0x5c);
    OPENSSL_cleanse(block, sizeof block);
}

void hmac_sha256_parts(const struct hmac_sha256 *h, const struct str *parts, size_t n, uint8_t ret[SHA256_BYTES])
{
    SHA256_CTX ctx;
    uint8_t hash[SHA256_BYTES];
    memcpy(&ctx, h->state[0], sizeof ctx);
    for (size_t i = 0; i < n; i++)
        add(&ctx, parts[i]);
    check(SHA256_Final(hash, &ctx) == 1);
    memcpy(&ctx, h->state[1], sizeof ctx);
    add(&ctx, (struct str){(const char *)hash, sizeof hash});
    check(SHA256_Final(ret, &ctx) == 1);
}

void hmac_sha256_deinit(struct hmac_sha256 *h)
{
    OPENSSL_cleanse(h, sizeof *h);
}

void hmac_sha256(struct str key, struct str text, uint8_t ret[SHA256_BYTES])
{
    struct hmac_sha256 h;
    hmac_sha256_init(&h, key);
    hmac_sha256_parts(&h, &text, 1, ret);
    hmac_sha256_deinit(&h);
}

_Static_assert(sizeof(SHA256_CTX) == sizeof(struct sha256_run), "the same state");

static SHA256_CTX *ctx_of(struct sha256_run *r) { return (SHA256_CTX *)r->state; }

void sha256_run_init(struct sha256_run *r)
{
    check(SHA256_Init(ctx_of(r)) == 1);
}

void sha256_run_add(struct sha256_run *r, struct str s)
{
    add(ctx_of(r), s);
}

void sha256_run_end(struct sha256_run *r, uint8_t ret[SHA256_BYTES])
{
    check(SHA256_Final(ret, ctx_of(r)) == 1);
}

struct sha256 {
    SHA256_CTX ctx;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *h = OPENSSL_malloc(sizeof *h);
    check(h != NULL && SHA256_Init(&h->ctx) == 1);
    return h;
}

void sha256_add(struct sha256 *h, struct str s)
{
    add(&h->ctx, s);
}

void sha256_end(struct sha256 *h, uint8_t ret[SHA256_BYTES])
{
    check(SHA256_Final(ret, &h->ctx) == 1 && SHA256_Init(&h->ctx) == 1);
}

void sha256_free(struct sha256 *h)
{
    OPENSSL_free(h);
}

bool bytes_equal(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

void bytes_wipe(void *p, size_t n)
{
    if (n)
        OPENSSL_cleanse(p, n);
}
