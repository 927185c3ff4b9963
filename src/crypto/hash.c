/*
 * crypto/hash.c - SHA-256 through OpenSSL.
 *
 * The algorithm is fetched once for the process, and each thread keeps one context: fetching and allocating cost more
 * than hashing a journal frame. Both are caches without meaning of their own.
 */
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>

#include "base/check.h"

static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static pthread_key_t ctx_key; /* frees a thread's context when the thread ends */
static EVP_MD *sha256_md;
static _Thread_local EVP_MD_CTX *thread_ctx;

static void free_ctx(void *p)
{
    EVP_MD_CTX_free(p);
}

static void fetch(void)
{
    sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    check(sha256_md != NULL);
    check(pthread_key_create(&ctx_key, free_ctx) == 0);
}

static EVP_MD *md(void)
{
    check(pthread_once(&fetch_once, fetch) == 0);
    return sha256_md;
}

static EVP_MD_CTX *ctx_of_thread(void)
{
    if (!thread_ctx) {
        (void)md();
        thread_ctx = EVP_MD_CTX_new();
        check(thread_ctx != NULL);
        check(pthread_setspecific(ctx_key, thread_ctx) == 0);
    }
    return thread_ctx;
}

static void add(EVP_MD_CTX *ctx, struct str s)
{
    check(s.n == 0 || EVP_DigestUpdate(ctx, s.p, s.n) == 1);
}

static void end(EVP_MD_CTX *ctx, uint8_t ret[SHA256_BYTES])
{
    unsigned n = 0;
    check(EVP_DigestFinal_ex(ctx, ret, &n) == 1 && n == SHA256_BYTES);
}

void sha256_parts(const struct str *parts, size_t n, uint8_t ret[SHA256_BYTES])
{
    EVP_MD_CTX *ctx = ctx_of_thread();
    check(EVP_DigestInit_ex2(ctx, sha256_md, NULL) == 1);
    for (size_t i = 0; i < n; i++)
        add(ctx, parts[i]);
    end(ctx, ret);
}

void sha256(struct str s, uint8_t ret[SHA256_BYTES])
{
    sha256_parts(&s, 1, ret);
}

void hmac_sha256(struct str key, struct str text, uint8_t ret[SHA256_BYTES])
{
    unsigned n = 0;
    check(key.n <= INT32_MAX);
    check(HMAC(md(), key.n ? key.p : "", (int)key.n, (const unsigned char *)(text.n ? text.p : ""), text.n, ret, &n));
    check(n == SHA256_BYTES);
}

struct sha256 {
    EVP_MD_CTX *ctx;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *h = OPENSSL_malloc(sizeof *h);
    check(h != NULL);
    h->ctx = EVP_MD_CTX_new();
    check(h->ctx && EVP_DigestInit_ex2(h->ctx, md(), NULL) == 1);
    return h;
}

void sha256_add(struct sha256 *h, struct str s)
{
    add(h->ctx, s);
}

void sha256_end(struct sha256 *h, uint8_t ret[SHA256_BYTES])
{
    end(h->ctx, ret);
    check(EVP_DigestInit_ex2(h->ctx, md(), NULL) == 1);
}

void sha256_free(struct sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
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
