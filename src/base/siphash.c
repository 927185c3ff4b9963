/*
 * base/siphash.c - SipHash-1-3: one round a word, and three at the end.
 */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* Stores keep hashes: they must not depend on the machine. */
static uint64_t load_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return le64toh(word);
}

/* The last n bytes of s, fewer than eight, the first in the lowest byte. */
static uint64_t load_rest(struct str s, size_t n)
{
    if (n && s.n >= 8)
        return load_word(s.p + s.n - 8) >> (64 - 8 * n);
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
    return x;
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* https://www.aumasson.jp/siphash/siphash.pdf, one round a word and three at the end. */
uint64_t siphash(const uint64_t seed[2], struct str s)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575ULL, seed[1] ^ 0x646f72616e646f6dULL,
                     seed[0] ^ 0x6c7967656e657261ULL, seed[1] ^ 0x7465646279746573ULL};
    size_t i = 0;
    for (; s.n - i >= 8; i += 8) {
        uint64_t word = load_word(s.p + i);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load_rest(s, s.n - i) | (uint64_t)s.n << 56;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int k = 0; k < 3; k++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
