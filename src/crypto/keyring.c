/*
 * crypto/keyring.c - the operator's key, data keys, and what they seal.
 *
 * The key is kept as its hexadecimal text, because struct secret holds text; its bytes stand on the stack while one
 * value is sealed or opened, and are wiped there.
 */
#include "crypto/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/b64.h"
#include "codec/hex.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define FORMAT 1
#define NAME_BYTES_MAX 256

/* Offsets in what is sealed. */
enum {
    AT_ID = 1,
    AT_KEY_NONCE = AT_ID + KEYRING_ID_BYTES,
    AT_KEY = AT_KEY_NONCE + AEAD_NONCE_BYTES,
    AT_NONCE = AT_KEY + AEAD_KEY_BYTES + AEAD_TAG_BYTES,
    AT_VALUE = AT_NONCE + AEAD_NONCE_BYTES,
};

struct keyring {
    struct secret *hex;
    uint8_t id[KEYRING_ID_BYTES];
};

static struct str span(const uint8_t *p, size_t n) { return (struct str){(const char *)p, n}; }

/* --- the key ------------------------------------------------------------------------------------------------------ */

static int read_key(struct str text, uint8_t ret[KEYRING_KEY_BYTES])
{
    size_t n = 0;
    if (text.n == 2 * KEYRING_KEY_BYTES)
        return hex_decode(text, ret, KEYRING_KEY_BYTES);
    int r = b64_decode(text, ret, KEYRING_KEY_BYTES, &n);
    return r == 0 && n == KEYRING_KEY_BYTES ? 0 : -ERR_INVALID;
}

static void key_of(const struct keyring *k, uint8_t ret[KEYRING_KEY_BYTES])
{
    check(hex_decode(secret_reveal(k->hex), ret, KEYRING_KEY_BYTES) == 0);
}

int keyring_new(struct str text, struct keyring **ret)
{
    uint8_t key[KEYRING_KEY_BYTES], mac[SHA256_BYTES];
    char hex[2 * KEYRING_KEY_BYTES];
    struct keyring *k = calloc(1, sizeof *k);
    if (!k)
        return err_trace(-ERR_NOMEM);
    int r = read_key(text, key);
    if (r == 0)
        r = secret_new(hex_encode(key, sizeof key, hex), &k->hex);
    if (r == 0) {
        hmac_sha256(span(key, sizeof key), STR("flyball: id of a secrets key"), mac);
        memcpy(k->id, mac, sizeof k->id);
    }
    bytes_wipe(key, sizeof key);
    bytes_wipe(hex, sizeof hex);
    if (r < 0) {
        free(k);
        return err_trace(r);
    }
    *ret = k;
    return 0;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    secret_free(k->hex);
    free(k);
}

/* --- sealing ------------------------------------------------------------------------------------------------------ */

/* "<what>" 0x00, version as 8 bytes, name: what stands where is plain from the lengths. */
struct place_text {
    char p[32 + 8 + NAME_BYTES_MAX];
    size_t n;
};

static struct str place_text(const char *what, const struct seal_place *at, struct place_text *ret)
{
    size_t n = strlen(what) + 1;
    check(n <= 32 && at->name.n <= NAME_BYTES_MAX);
    memcpy(ret->p, what, n);
    for (int i = 0; i < 8; i++)
        ret->p[n++] = (char)((uint64_t)at->version >> (8 * i));
    memcpy(ret->p + n, at->name.p, at->name.n);
    ret->n = n + at->name.n;
    return (struct str){ret->p, ret->n};
}

#define PLACE_OF_KEY "flyball/secret/key/1"
#define PLACE_OF_VALUE "flyball/secret/value/1"

void keyring_seal(const struct keyring *k, struct rng *rng, const struct seal_place *at, struct str value,
                  uint8_t *out)
{
    uint8_t key[KEYRING_KEY_BYTES], data_key[AEAD_KEY_BYTES];
    struct place_text place;

    out[0] = FORMAT;
    memcpy(out + AT_ID, k->id, sizeof k->id);
    rng_fill(rng, out + AT_KEY_NONCE, AEAD_NONCE_BYTES);
    rng_fill(rng, out + AT_NONCE, AEAD_NONCE_BYTES);
    rng_fill(rng, data_key, sizeof data_key);
    key_of(k, key);
    aead_seal(key, out + AT_KEY_NONCE, place_text(PLACE_OF_KEY, at, &place), span(data_key, sizeof data_key),
              out + AT_KEY);
    aead_seal(data_key, out + AT_NONCE, place_text(PLACE_OF_VALUE, at, &place), value, out + AT_VALUE);
    bytes_wipe(key, sizeof key);
    bytes_wipe(data_key, sizeof data_key);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int unwrap(const struct keyring *k, const struct seal_place *at, const uint8_t *p,
                  uint8_t ret[AEAD_KEY_BYTES])
{
    uint8_t key[KEYRING_KEY_BYTES];
    struct place_text place;
    key_of(k, key);
    int r = aead_open(key, p + AT_KEY_NONCE, place_text(PLACE_OF_KEY, at, &place),
                      span(p + AT_KEY, AEAD_KEY_BYTES + AEAD_TAG_BYTES), ret);
    bytes_wipe(key, sizeof key);
    return r;
}

static int open_value(const struct keyring *k, const struct seal_place *at, struct str sealed, struct secret **ret)
{
    const uint8_t *p = (const uint8_t *)sealed.p;
    uint8_t data_key[AEAD_KEY_BYTES], value[SECRET_BYTES_MAX];
    struct str box = span(p + AT_VALUE, sealed.n - AT_VALUE);
    struct place_text place;

    int r = unwrap(k, at, p, data_key);
    if (r == 0)
        r = aead_open(data_key, p + AT_NONCE, place_text(PLACE_OF_VALUE, at, &place), box, value);
    if (r == 0)
        r = secret_new(span(value, box.n - AEAD_TAG_BYTES), ret);
    bytes_wipe(data_key, sizeof data_key);
    bytes_wipe(value, sizeof value);
    return r;
}

int keyring_open(const struct keyring *k, const struct seal_place *at, struct str sealed, struct secret **ret)
{
    if (sealed.n > 0 && sealed.p[0] != FORMAT)
        return err_trace(-ERR_UNSUPPORTED);
    if (sealed.n < KEYRING_SEALED_BYTES(0))
        return err_trace(-ERR_CORRUPT);
    if (sealed.n > KEYRING_SEALED_BYTES(SECRET_BYTES_MAX))
        return err_trace(-ERR_TOO_LARGE);
    if (memcmp(sealed.p + AT_ID, k->id, sizeof k->id) != 0)
        return KEYRING_R_OTHER_KEY;
    return open_value(k, at, sealed, ret);
}
