/*
 * store/sqlite/by_seq.h - what belongs to a frame, by its seq: a batch's own stand in an array, older ones in a map.
 */
#pragma once

#include "base/map.h"

struct by_seq {
    uint64_t first; /* of the array; 0: not begun */
    void **at;
    size_t cap;
    struct map older; /* and any that are far ahead */
};

void by_seq_init(struct by_seq *b);
void by_seq_deinit(struct by_seq *b);
void by_seq_clear(struct by_seq *b); /* keeps the array's memory */
/* The batch has frames from this one on; only the first call counts, until it is cleared. */
void by_seq_begin(struct by_seq *b, uint64_t seq);
/* seq > 0. NULL: nothing was put there. */
void *by_seq_get(const struct by_seq *b, uint64_t seq);
/* -ERR_NOMEM, -ERR_TOO_LARGE; `what` is not NULL. */
int by_seq_put(struct by_seq *b, uint64_t seq, void *what);
