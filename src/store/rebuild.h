/*
 * store/rebuild.h - counts all counters again from nothing but frames, and compares them with what a store has.
 *
 *   rebuild_new; rebuild_frame for each frame in order; rebuild_counter for each stored row; rebuild_end.
 *
 * Of minutes and slots that can count no more a store may have forgotten what is settled, so only what is held is
 * compared. Where a hold's bucket was erased only the sum over all buckets of that counter and window can be compared.
 */
#pragma once

#include "codec/json_write.h"
#include "store/tally.h"

struct rebuild;

/* `frame_at`: the OPEN frame with that seq; its texts are valid until the next call. Asked for late moves only. */
int rebuild_new(int (*frame_at)(void *ctx, uint64_t seq, struct frame *ret), void *ctx, struct rebuild **ret);
int rebuild_frame(struct rebuild *r, const struct frame *f);
/* `out` is inside an array: rows that differ are written there. */
int rebuild_counter(struct rebuild *r, const struct tally_row *stored, struct json_writer *out);
/* What was counted, but is not stored. *ret_n: rows that differ, over all. */
int rebuild_end(struct rebuild *r, struct json_writer *out, size_t *ret_n);
void rebuild_free(struct rebuild *r);
