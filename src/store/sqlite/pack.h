/*
 * store/sqlite/pack.h - frames that came together, in one row. Bytes in, values out: no SQL here.
 *
 *   frames    for each frame: header 26 (frame_header_bytes), chain 32, body length u32, body
 *   personal  for each frame, in the same order: length u32, text; length 0: there is none, or it was erased
 *
 * Both are packed (codec/lz.h), each by itself: records repeat each other, and what is small is quickly written.
 *
 *   (1) little-endian. The first part is what the chain covers, byte for byte, and never changes.
 *   (2) personal values stand apart, so that erasing one rewrites its row of `personal` and nothing else.
 *   (3) reading trusts nothing: whatever the bytes are, it ends, inside them.
 */
#pragma once

#include "base/buf.h"
#include "call/frame.h"

/*
 * A pack is full with about as much as packs into a page of the file, going by the full one before it: no second row
 * finds room on its page, so that what it does not fill is written, and kept, for nothing. A call that is looked for
 * costs unpacking one: it is full at PACK_BYTES, however well it packs.
 */
#define PACK_PACKED_BYTES 15400
#define PACK_BYTES_LEAST 32768
#define PACK_BYTES 98304
/* No pack has more: a full one, and a frame of the highest frame_bytes_max on top. */
#define PACK_BYTES_MAX ((size_t)64 << 20)

struct pack {
    struct buf frames, personal;
    size_t full; /* bytes */
    uint64_t first, last; /* seqs; `last` 0: it is empty */
    wall_t at;            /* of the first frame */
};

void pack_init(struct pack *p);
void pack_deinit(struct pack *p);
void pack_reset(struct pack *p);
/* -ERR_TOO_LARGE. */
int pack_add(struct pack *p, const struct frame *f);
bool pack_is_full(const struct pack *p);

/* Appends what stands in the row. */
int pack_write(struct pack *p, struct buf *frames, struct buf *personal);

/* The frames of a row, one after the other. */
struct pack_iter {
    struct str frames, personal;
};
/*
 * Unpacks a row into `p`, where the frames stay valid until it is changed. Without `personal` (empty: its row is gone)
 * none has personal values. -ERR_CORRUPT.
 */
int pack_read(struct pack *p, struct str frames, struct str personal, struct pack_iter *ret);
/* 0: *ret is the next frame; PACK_R_END; -ERR_CORRUPT. */
int pack_next(struct pack_iter *it, struct frame *ret);
#define PACK_R_END 1
