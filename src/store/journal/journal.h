/*
 * store/journal/journal.h - the append-only journal: preallocated, recycled segments of CRC-checked frames.
 *
 *   (1) a frame is one write; what a killed process appended is there, what fdatasync covered survives power loss.
 *   (2) seq has no gaps; the chain of a frame is SHA-256(previous chain, header, body): frame_chain() in call.
 *   (3) a torn tail is cut at open; damage in front of later frames is -ERR_CORRUPT, never silently cut.
 *   (4) the first failed fdatasync is final: every later append and sync fails with -ERR_IO.
 *
 * Threads: append under the ledger mutex only; sync from the sync thread; readers from the store thread. All three may
 * run at once (the journal has its own small lock for its segment list).
 */
#pragma once

#include "base/limits.h"
#include "call/frame.h"
#include "io/files.h"

struct journal;
struct journal_reader;

/* Opens or creates `dir`, cuts a torn tail, starts a new epoch (last + 1). `after`: what the store has (seq, chain), to continue from when the journal is empty. */
int journal_open(struct io *io, struct str dir, const struct limits *limits, uint32_t node, uint64_t after_seq,
                 const uint8_t after_chain[CHAIN_BYTES], uint32_t after_epoch, struct journal **ret);
/*
 * Fills version, node, epoch, seq and chain of *f and appends it. -ERR_NO_SPACE (disk full or journal_bytes_max: nothing
 * was written, the journal stays usable), -ERR_TOO_LARGE, -ERR_IO (final).
 */
int journal_append(struct journal *j, struct frame *f);
uint64_t journal_last_seq(const struct journal *j);  /* any thread */
void journal_last_chain(const struct journal *j, uint8_t ret[CHAIN_BYTES]); /* under the ledger mutex */
/* Makes everything appended before the call durable; *ret_seq: the last seq that is. -ERR_IO is final. */
int journal_sync(struct journal *j, uint64_t *ret_seq);
uint64_t journal_synced_seq(const struct journal *j); /* any thread */
/* Frames up to and including seq are in the store: whole segments below it are recycled (call from the store thread). */
int journal_recycle(struct journal *j, uint64_t seq);
uint64_t journal_bytes(const struct journal *j); /* in segments not yet recycled */
void journal_close(struct journal *j);

/* Reads frames behind `after_seq`, following the writer. */
int journal_reader_new(struct journal *j, uint64_t after_seq, struct journal_reader **ret);
/* 0: *ret is set, valid until the next call. JOURNAL_R_END: nothing more yet. -ERR_CORRUPT, -ERR_IO. */
int journal_reader_next(struct journal_reader *r, struct frame *ret);
void journal_reader_free(struct journal_reader *r);
#define JOURNAL_R_END 1
