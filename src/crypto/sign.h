/*
 * crypto/sign.h - Ed25519 signatures (RFC 8032): the daemon signs checkpoints of its record with a key of its own.
 */
#pragma once

#include "base/str.h"

#define SIGN_PUBLIC_BYTES 32
#define SIGN_SEED_BYTES 32
#define SIGN_BYTES 64

struct sign_key;

/* From the 32 secret bytes, which the caller wipes. NULL: no memory. */
struct sign_key *sign_key_new(const uint8_t seed[SIGN_SEED_BYTES]);
void sign_key_free(struct sign_key *k); /* NULL is fine */
void sign_key_public(const struct sign_key *k, uint8_t ret[SIGN_PUBLIC_BYTES]);
void sign(const struct sign_key *k, struct str text, uint8_t ret[SIGN_BYTES]);
/* False: not signed by that key, or not a key. */
bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct str text, const uint8_t signature[SIGN_BYTES]);
