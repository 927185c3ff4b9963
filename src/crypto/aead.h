/*
 * crypto/aead.h - AES-256-GCM: bytes that only the holder of a key can read, and nobody can change unnoticed.
 *
 *   (1) what `ad` says is not hidden, but what was sealed opens only where the same is said again: it ties the bytes to
 *       their place.
 *   (2) one key and nonce seal one text, ever: the caller draws 96 random bits for each, and seals few texts with one
 *       key.
 *   (3) a text that does not open leaves no byte of it behind.
 */
#pragma once

#include "base/str.h"

#define AEAD_KEY_BYTES 32
#define AEAD_NONCE_BYTES 12
#define AEAD_TAG_BYTES 16

/* Writes text.n + AEAD_TAG_BYTES to `out`, which must not lie in `text`. Cannot fail: out of memory aborts. */
void aead_seal(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], struct str ad,
               struct str text, uint8_t *out);
/* Writes sealed.n - AEAD_TAG_BYTES to `out`. -ERR_CORRUPT: another key, nonce or `ad`, or bytes that were changed. */
int aead_open(const uint8_t key[AEAD_KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], struct str ad,
              struct str sealed, uint8_t *out);
