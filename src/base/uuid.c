/*
 * base/uuid.c - UUIDs made and read.
 */
#include "base/uuid.h"

#include "base/err.h"

#include <string.h>

struct uuid uuid_v7(wall_t now, struct rng *r)
{
    struct uuid u;
    uint64_t ms = now < 0 ? 0 : (uint64_t)(now / NS_PER_MS);
    for (int i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(ms >> (8 * (5 - i)));
    rng_fill(r, u.b + 6, 10);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x70);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

static bool is_dash_at(size_t i)
{
    return (UINT64_C(1) << 8 | UINT64_C(1) << 13 | UINT64_C(1) << 18 | UINT64_C(1) << 23) >> i & 1;
}

struct str uuid_text(const struct uuid *u, char out[UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < sizeof u->b; i++) {
        if (is_dash_at(at))
            out[at++] = '-';
        out[at++] = hex[u->b[i] >> 4];
        out[at++] = hex[u->b[i] & 15];
    }
    out[at] = 0;
    return (struct str){out, at};
}

/* The value of a hex digit and 1; 0: it is none. */
static const uint8_t digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

int uuid_parse(struct str s, struct uuid *ret)
{
    struct uuid u;
    if (s.n != UUID_TEXT_BYTES - 1)
        return -ERR_INVALID;
    for (size_t at = 0, i = 0; at < s.n;) {
        if (is_dash_at(at)) {
            if (s.p[at++] != '-')
                return -ERR_INVALID;
            continue;
        }
        uint8_t high = digits[(unsigned char)s.p[at]], low = digits[(unsigned char)s.p[at + 1]];
        if (!high || !low)
            return -ERR_INVALID;
        u.b[i++] = (uint8_t)((high - 1) << 4 | (low - 1));
        at += 2;
    }
    *ret = u;
    return 0;
}

struct str uuid_digits(struct str text, char out[UUID_DIGITS])
{
    const char *p = text.p;
    if (text.n != UUID_TEXT_BYTES - 1 || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return STR_NONE;
    memcpy(out, p, 8);
    memcpy(out + 8, p + 9, 4);
    memcpy(out + 12, p + 14, 4);
    memcpy(out + 16, p + 19, 4);
    memcpy(out + 20, p + 24, 12);
    return (struct str){out, UUID_DIGITS};
}

wall_t uuid_v7_wall(const struct uuid *u)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | u->b[i];
    return ms > INT64_MAX / NS_PER_MS ? INT64_MAX : ms * NS_PER_MS;
}
