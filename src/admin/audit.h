/*
 * admin/audit.h - is every frame in the store what was written? Recomputes the chain, and the digests of values still kept.
 *
 * Pure but for the reader it asks; runs on a reader's thread, beside calls.
 */
#pragma once

#include "call/store.h"

struct audit {
    uint64_t n_frames, last_seq;
    uint8_t chain[CHAIN_BYTES];
    uint64_t n_erased; /* values that are gone, as `erase` may do */
    bool has_fault;
    char fault[200]; /* the first frame that does not fit, and how */
};

/*
 * Reads frames 1 to `until_seq` (0: to the end of what the reader sees). 0 whether or not there is a fault; negative when
 * the store cannot be read.
 */
int audit_run(const struct store_ops *ops, struct store_reader *reader, uint64_t until_seq, struct audit *ret);

/* {"ok":..,"frames":..,"last_seq":..,"chain":"..","erased":..,"fault":..|null} */
int audit_json(const struct audit *a, struct buf *out);

/* Text of one member of an object as it was written (no white space between tokens); false: not there. */
bool audit_member_text(struct str object, struct str name, struct str *ret_value);
