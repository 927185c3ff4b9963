/*
 * budget/ring.h - what was settled in a sliding window, a sum for each slot. For this folder only.
 *
 * `at` is the start of a slot (call/window.h), as all times here. What is read is never changed by reading.
 */
#pragma once

#include "call/window.h"

struct ring {
    int64_t slot_ns;
    wall_t newest;                   /* the latest slot; those more than SLIDING_SLOTS before it are gone */
    int64_t slots[SLIDING_SLOTS + 1]; /* a slot's place is its number modulo their count */
};

void ring_init(struct ring *r, int64_t sliding_ns, wall_t at);
/* Into a later slot: those that leave are dropped. An earlier one changes nothing. */
void ring_roll(struct ring *r, wall_t at);
/*
 * Counts n in that slot, which is not later than the newest; less than nothing takes away, never below zero. A slot
 * that is gone takes nothing.
 */
void ring_add(struct ring *r, wall_t at, int64_t n);
/* The slot that t is in. */
wall_t ring_start(const struct ring *r, wall_t t);
/* What counts in the window that ends with that slot, the newest or a later one. */
int64_t ring_sum(const struct ring *r, wall_t at);
/* When at least n (1 or more) of that sum counts no more, if nothing is added; 0: it is not that much. */
wall_t ring_frees(const struct ring *r, wall_t at, int64_t n);
