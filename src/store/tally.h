/*
 * store/tally.h - settled and held by (counter, bucket, window start), in memory.
 */
#pragma once

#include "base/map.h"
#include "store/frame_read.h"

struct tally_row {
    struct str counter, bucket, meter, window; /* owned by the tally */
    wall_t window_start;
    int64_t settled, held;
};

#define TALLY_RECENT 16

struct tally {
    struct map rows;
    struct tally_row *recent[TALLY_RECENT]; /* by a hold's place: neighbours mostly count on the same rows */
};

void tally_init(struct tally *t);
void tally_deinit(struct tally *t);
void tally_clear(struct tally *t);
/* The row that a hold counts on, made when it is not there; valid until the tally is cleared. NULL: no memory. */
struct tally_row *tally_at(struct tally *t, const struct hold_row *h);
/* NULL: not there. */
struct tally_row *tally_find(const struct tally *t, struct str counter, struct str bucket, wall_t window_start);
/* -ERR_OVERFLOW. */
int tally_add(struct tally_row *row, int64_t settled, int64_t held);
/* Start with *i = 0; NULL at the end. */
struct tally_row *tally_next(const struct tally *t, size_t *i);
/* All rows in order of counter, bucket, window start; the array is the caller's (free). NULL when there are none. */
struct tally_row **tally_sorted(const struct tally *t, size_t *ret_n);
