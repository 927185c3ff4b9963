/*
 * identity/key.c - agent keys as text: minted, and read back without a look-up.
 *
 *   fb_live_a1B2c3D4e5_0123456789abcdef0123456789ABCDEF012345
 *      mode id(10)     secret(32)                      check(6)
 *
 * The check is CRC-32 of all that stands before it: it finds typing mistakes and cut-off copies, and proves nothing.
 */
#include "identity/key.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/base62.h"
#include "codec/crc32.h"
#include "crypto/hash.h"
#include "identity/run.h"

#define MODE_AT 3
#define ID_AT 8
#define SECRET_AT (ID_AT + KEY_ID_CHARS + 1)
#define CHECK_AT (SECRET_AT + KEY_SECRET_CHARS)
#define KEY_CHARS (CHECK_AT + BASE62_U32_BYTES)
#define DECORATION_CHARS_MAX 64

_Static_assert(KEY_CHARS < KEY_TEXT_BYTES, "a key and its NUL fit");

void key_hash(struct str key, uint8_t ret[KEY_HASH_BYTES])
{
    sha256(key, ret);
}

void key_mint(enum mode mode, struct rng *r, struct key_text *ret)
{
    check(mode == MODE_TEST || mode == MODE_LIVE);
    *ret = (struct key_text){0};
    char *t = ret->text;
    memcpy(t, mode == MODE_LIVE ? "fb_live_" : "fb_test_", ID_AT);
    base62_random(r, t + ID_AT, KEY_ID_CHARS);
    t[SECRET_AT - 1] = '_';
    base62_random(r, t + SECRET_AT, KEY_SECRET_CHARS);
    base62_u32(crc32_ieee(0, t, CHECK_AT), t + CHECK_AT);
    memcpy(ret->id, t + ID_AT, KEY_ID_CHARS);
    key_hash((struct str){t, KEY_CHARS}, ret->hash);
}

static int parse_mode(struct str key, enum mode *ret)
{
    struct str s = str_sub(key, MODE_AT, ID_AT - MODE_AT);
    if (!str_eq(s, STR("live_")) && !str_eq(s, STR("test_")))
        return -ERR_INVALID;
    *ret = s.p[0] == 'l' ? MODE_LIVE : MODE_TEST;
    return 0;
}

/* Decoration is what SDKs want to see: sk_live_, sk-ant-, re_. */
static bool is_decoration(struct str s)
{
    return s.n == 0 || str_is_token(s, "_-", DECORATION_CHARS_MAX);
}

int key_parse(struct str presented, struct key_presented *ret)
{
    size_t at;
    if (!str_find(str_sub(presented, 0, DECORATION_CHARS_MAX + MODE_AT), STR("fb_"), &at) ||
        !is_decoration(str_sub(presented, 0, at)))
        return -ERR_INVALID;
    struct str key = str_sub(presented, at, KEY_CHARS), rest = str_sub(presented, at + KEY_CHARS, SIZE_MAX);
    struct key_presented k = {
        .dress = str_sub(presented, 0, at), .key = key, .id = str_sub(key, ID_AT, KEY_ID_CHARS)};
    if (key.n != KEY_CHARS || parse_mode(key, &k.mode) < 0 || key.p[SECRET_AT - 1] != '_' || !base62_is(k.id) ||
        !base62_is(str_sub(key, SECRET_AT, SIZE_MAX)))
        return -ERR_INVALID;

    char expected[BASE62_U32_BYTES];
    base62_u32(crc32_ieee(0, key.p, CHECK_AT), expected);
    if (!bytes_equal(expected, key.p + CHECK_AT, sizeof expected))
        return -ERR_INVALID;

    if (rest.n > 0) {
        if (!str_starts(rest, STR(".run_")))
            return -ERR_INVALID;
        k.run_id = str_sub(rest, 5, SIZE_MAX);
        if (!run_id_is_valid(k.run_id))
            return -ERR_INVALID;
    }
    *ret = k;
    return 0;
}
