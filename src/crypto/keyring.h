/*
 * crypto/keyring.h - seals secrets for the record: each with a data key of its own, which the operator's key wraps.
 *
 *   (1) a sealed value opens under the name and version that it was sealed for, and nowhere else: two of them cannot be
 *       exchanged, an old one not put in the place of a new one.
 *   (2) each names the key that it needs (an id that gives nothing of the key away), so that a wrong key is told from
 *       changed bytes.
 *   (3) keys and values are in the open on wiped memory only, and in struct secret.
 *
 * Sealed bytes: format 1 | id of the key 8 | nonce 12 | wrapped data key 32 + 16 | nonce 12 | value n + 16.
 */
#pragma once

#include "base/rand.h"
#include "crypto/secret.h"

#define KEYRING_KEY_BYTES 32
#define KEYRING_ID_BYTES 8
#define KEYRING_SEALED_BYTES(n) (1 + KEYRING_ID_BYTES + 12 + 32 + 16 + 12 + (n) + 16)

struct keyring;

/* `text`: the key, 32 bytes in hexadecimal or base64. -ERR_INVALID: neither; -ERR_NOMEM. */
int keyring_new(struct str text, struct keyring **ret);
void keyring_free(struct keyring *k); /* NULL is fine */

/* What a value is sealed for. */
struct seal_place {
    struct str name;
    int64_t version;
};

/* Writes KEYRING_SEALED_BYTES(value.n) bytes. */
void keyring_seal(const struct keyring *k, struct rng *rng, const struct seal_place *at, struct str value,
                  uint8_t *out);
/*
 * 0; KEYRING_R_OTHER_KEY: sealed with another key; -ERR_CORRUPT: changed, cut off, or of another place;
 * -ERR_UNSUPPORTED: a format of a newer version; -ERR_TOO_LARGE; -ERR_NOMEM.
 */
int keyring_open(const struct keyring *k, const struct seal_place *at, struct str sealed, struct secret **ret);
#define KEYRING_R_OTHER_KEY 1
