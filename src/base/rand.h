/*
 * base/rand.h - randomness as an argument. rng_system asks the kernel; rng_seeded repeats (simulation, tests).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
    void (*fill)(struct rng *r, void *p, size_t n); /* never fails; aborts if the kernel has none */
    uint64_t state[4];                              /* rng_seeded only */
};

void rng_system_init(struct rng *r);
void rng_seeded_init(struct rng *r, uint64_t seed);
static inline void rng_fill(struct rng *r, void *p, size_t n) { r->fill(r, p, n); }
uint64_t rng_below(struct rng *r, uint64_t n); /* uniform in [0, n), n > 0 */

/* The system's randomness, 1 KiB at a time: for one thread that needs a little of it for every call. Wiped as it is
 * used. */
#define RNG_BUFFER_BYTES 1024
struct rng_buffered {
    struct rng rng;
    size_t left;
    uint8_t bytes[RNG_BUFFER_BYTES];
};
void rng_buffered_init(struct rng_buffered *r);
