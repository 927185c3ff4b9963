/*
 * codec/base62.c - long division of the whole number, digit by digit: short inputs only.
 */
#include "codec/base62.h"

#include <string.h>

#include "base/check.h"

static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct str base62_encode(const void *p, size_t n, char *out)
{
    unsigned char number[BASE62_BYTES_MAX];
    check(n <= sizeof number);
    memcpy(number, p, n);
    size_t width = BASE62_SIZE(n);
    for (size_t i = width; i-- > 0;) {
        unsigned rest = 0;
        for (size_t k = 0; k < n; k++) {
            rest = rest << 8 | number[k];
            number[k] = (unsigned char)(rest / 62);
            rest %= 62;
        }
        out[i] = DIGITS[rest];
    }
    explicit_bzero(number, sizeof number); /* what is encoded here is mostly a secret */
    return (struct str){out, width};
}

struct str base62_u32(uint32_t n, char out[BASE62_U32_BYTES])
{
    _Static_assert(BASE62_SIZE(sizeof n) == BASE62_U32_BYTES, "the width of four bytes");
    for (size_t i = BASE62_U32_BYTES; i-- > 0; n /= 62)
        out[i] = DIGITS[n % 62];
    return (struct str){out, BASE62_U32_BYTES};
}

void base62_random(struct rng *r, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = DIGITS[rng_below(r, 62)];
}

bool base62_is(struct str s)
{
    return str_is_token(s, "", SIZE_MAX);
}
