/*
 * store/sqlite/call_rows.h - what lists know of the calls of one block, in one row. Bytes in, values out: no SQL here.
 *
 *   rows    for each call, in the order of their open seqs:
 *             varint  open seq, less that of the row before (the first: less that of the block's first place)
 *             u8      what follows of the optional ones: 1 ended, 2 held, 4 settled
 *             zigzag  close_seq less open_seq, or 0: none; the same of last_seq
 *             zigzag  started_at, less that of the row before
 *             zigzag  ended_at less started_at, when it ended
 *             zigzag  held nano-USD and a byte how it is known, when it is; the same of settled
 *             varint  one bit for each text: it differs from that of the row before
 *             for each of these: varint length, bytes
 *
 *   (1) varints have 7 bits a byte, the lowest first, and a set highest bit while more follow (LEB128); zigzag as
 *       Protocol Buffers has it.
 *   (2) a row leans on those before it, so a block is written whole; its calls are those of one batch or few.
 *   (3) reading trusts nothing: whatever the bytes are, it ends, inside them.
 */
#pragma once

#include "base/buf.h"
#include "store/call_row.h"

/* No block has more: PLACE_SEQS calls, each with all texts new and none longer than a record lets it be. */
#define CALL_ROWS_BYTES_MAX ((size_t)64 << 20)

struct call_rows_writer {
    struct buf *out;
    struct call_row last;
};

/* `first_seq`: of the block. */
void call_rows_begin(struct call_rows_writer *w, uint64_t first_seq, struct buf *out);
/* Open seqs rise. What fails is noted in the buf. Texts must stay until the next one is put. */
void call_rows_put(struct call_rows_writer *w, const struct call_row *row);

struct call_rows_iter {
    struct str rest;
    uint64_t end_seq; /* behind the block */
    bool is_begun;
    struct call_row last;
};

void call_rows_read(struct call_rows_iter *it, uint64_t first_seq, struct str rows);
/* 0: *ret is the next row, its texts in `rows`; CALL_ROWS_R_END; -ERR_CORRUPT. */
int call_rows_next(struct call_rows_iter *it, struct call_row *ret);
#define CALL_ROWS_R_END 1
