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
