/*
 * crypto/aead.c - AES-256-GCM through OpenSSL (NIST SP 800-38D).
 */
#include "crypto/aead.h"

#include <limits.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "base/err.h"
#include "crypto/hash.h"

static const unsigned char *bytes_of(struct str s) { return (const unsigned char *)s.p; }

void aead_seal(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], struct str ad,
               struct str text, uint8_t *out)
{
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    check(ctx != NULL && text.n <= INT_MAX && ad.n <= INT_MAX);
    check(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1); /* a nonce of 96 bits is the default */
    check(ad.n == 0 || EVP_EncryptUpdate(ctx, NULL, &n, bytes_of(ad), (int)ad.n) == 1);
    check(text.n == 0 || EVP_EncryptUpdate(ctx, out, &n, bytes_of(text), (int)text.n) == 1);
    check(EVP_EncryptFinal_ex(ctx, out + text.n, &n) == 1 && n == 0);
    check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out + text.n) == 1);
    EVP_CIPHER_CTX_free(ctx); /* wipes */
}

int aead_open(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], struct str ad,
              struct str sealed, uint8_t *out)
{
    int n = 0;
    if (sealed.n < AEAD_TAG_BYTES || sealed.n > INT_MAX)
        return err_trace(-ERR_CORRUPT);
    size_t n_text = sealed.n - AEAD_TAG_BYTES;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    check(ctx != NULL && ad.n <= INT_MAX);
    check(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1);
    check(ad.n == 0 || EVP_DecryptUpdate(ctx, NULL, &n, bytes_of(ad), (int)ad.n) == 1);
    check(n_text == 0 || EVP_DecryptUpdate(ctx, out, &n, bytes_of(sealed), (int)n_text) == 1);
    check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, (void *)(sealed.p + n_text)) == 1);
    bool is_genuine = EVP_DecryptFinal_ex(ctx, out + n_text, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!is_genuine)
        bytes_wipe(out, n_text);
    return is_genuine ? 0 : err_trace(-ERR_CORRUPT);
}
