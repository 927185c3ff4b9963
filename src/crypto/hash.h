/*
 * crypto/hash.h - SHA-256, HMAC-SHA-256 and comparing in constant time. Cannot fail: out of memory aborts.
 */
#pragma once

#include "base/str.h"

#define SHA256_BYTES 32

void sha256(struct str s, uint8_t ret[SHA256_BYTES]);
/* Of the parts joined, without joining them. `ret` may lie in a part. */
void sha256_parts(const struct str *parts, size_t n, uint8_t ret[SHA256_BYTES]);
void hmac_sha256(struct str key, struct str text, uint8_t ret[SHA256_BYTES]);

/* A key that many texts are hashed with: half of the work for short ones. The caller's memory; wiped by _deinit. */
struct hmac_sha256 {
    uint32_t state[2][28];
};
void hmac_sha256_init(struct hmac_sha256 *h, struct str key);
void hmac_sha256_parts(const struct hmac_sha256 *h, const struct str *parts, size_t n, uint8_t ret[SHA256_BYTES]);
void hmac_sha256_deinit(struct hmac_sha256 *h);

/* In pieces, in the caller's memory, within one function or what it calls. */
struct sha256_run {
    uint32_t state[28];
};
void sha256_run_init(struct sha256_run *r);
void sha256_run_add(struct sha256_run *r, struct str s);
void sha256_run_end(struct sha256_run *r, uint8_t ret[SHA256_BYTES]); /* over: only _init may follow */

/* In pieces, for bodies that stream. The caller owns it; free(NULL) is fine. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct str s);
void sha256_end(struct sha256 *h, uint8_t ret[SHA256_BYTES]); /* starts anew afterwards */
void sha256_free(struct sha256 *h);

/* True when all n bytes are equal; the time it takes does not depend on where they differ. */
bool bytes_equal(const void *a, const void *b, size_t n);
/* Zeroes memory, also where nobody reads it again. */
void bytes_wipe(void *p, size_t n);
