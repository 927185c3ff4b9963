/*
 * base/uuid.c - UUIDs made and read.
 */
#include "base/uuid.h"

#include "base/err.h"

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
    return i == 8 || i == 13 || i == 18 || i == 23;
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

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

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
        int high = hex_value(s.p[at]), low = hex_value(s.p[at + 1]);
        if (high < 0 || low < 0)
            return -ERR_INVALID;
        u.b[i++] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    *ret = u;
    return 0;
}

struct str uuid_digits(struct str text, char out[UUID_DIGITS])
{
    size_t n = 0;
    if (text.n != UUID_TEXT_BYTES - 1)
        return STR_NONE;
    for (size_t at = 0; at < text.n; at++) {
        char c = text.p[at];
        bool is_good = is_dash_at(at) ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (!is_good)
            return STR_NONE;
        if (c != '-')
            out[n++] = c;
    }
    return (struct str){out, n};
}

wall_t uuid_v7_wall(const struct uuid *u)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | u->b[i];
    return ms > INT64_MAX / NS_PER_MS ? INT64_MAX : ms * NS_PER_MS;
}
