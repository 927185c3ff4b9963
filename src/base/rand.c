/*
 * base/rand.c - the kernel's randomness, and xoshiro256** (https://prng.di.unimi.it/) for runs that must repeat.
 */
#include "base/rand.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"

static void system_fill(struct rng *r, void *p, size_t n)
{
    char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        check(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
}

void rng_system_init(struct rng *r)
{
    *r = (struct rng){.fill = system_fill};
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t seeded_next(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

static void seeded_fill(struct rng *r, void *p, size_t n)
{
    char *at = p;
    while (n > 0) {
        uint64_t x = seeded_next(r->state);
        size_t take = n < sizeof x ? n : sizeof x;
        memcpy(at, &x, take);
        at += take;
        n -= take;
    }
}

/* splitmix64 spreads a small seed over the state, which must not be all zero. */
void rng_seeded_init(struct rng *r, uint64_t seed)
{
    r->fill = seeded_fill;
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        r->state[i] = z ^ z >> 31;
    }
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    check(n > 0);
    uint64_t x, n_skipped = (0 - n) % n; /* 2^64 mod n: below it the remainders are not even */
    do
        rng_fill(r, &x, sizeof x);
    while (x < n_skipped);
    return x % n;
}

static void buffered_fill(struct rng *r, void *p, size_t n)
{
    struct rng_buffered *b = (struct rng_buffered *)(void *)r; /* rng is its first member */
    if (n > RNG_BUFFER_BYTES) {
        system_fill(r, p, n);
        return;
    }
    if (n > b->left) {
        system_fill(r, b->bytes, RNG_BUFFER_BYTES);
        b->left = RNG_BUFFER_BYTES;
    }
    b->left -= n;
    memcpy(p, b->bytes + b->left, n);
    memset(b->bytes + b->left, 0, n);
}

void rng_buffered_init(struct rng_buffered *r)
{
    *r = (struct rng_buffered){.rng = {.fill = buffered_fill}};
}
