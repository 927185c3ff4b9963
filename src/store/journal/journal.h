/*
 * store/journal/journal.h - the append-only journal: preallocated, recycled segments of CRC-checked frames.
 *
 *   (1) a frame is in the page cache when append returns, put there through a mapping of its segment or by one write;
 *       what a killed process appended is there, what fdatasync covered survives power loss.
 *   (2) seq has no gaps; the chain of a frame is chain_next() of crypto/chain.h.
 *   (3) a torn tail is cut at open; damage in front of frames that say it was durable, and missing segments, are
 *       -ERR_CORRUPT, never silently cut.
 *   (4) the first failed fdatasync is final: every later append and sync fails with -ERR_IO.
 *
 * Threads: append under the ledger mutex only; sync from the sync thread; recycle and readers from the store thread.
 * All three may run at once (the journal has its own small lock for its segment list, never held over a sync).
 */
#pragma once

#include "base/buf.h"
#include "base/limits.h"
#include "call/frame.h"
#include "io/files.h"

struct journal;
struct journal_reader;

/*
 * Opens or creates the journal in the folder `dir` (which exists), cuts a torn tail, starts a new epoch (last + 1).
 * `after`: what the store has (seq, chain, epoch), to continue from when the journal is empty, or behind the store
 * after a power loss. -ERR_CORRUPT (journal_check says where), -ERR_NO_SPACE, -ERR_IO and the errors of io.
 */
int journal_open(struct io *io, struct str dir, const struct limits *limits, uint32_t node, uint64_t after_seq,
                 const uint8_t after_chain[CHAIN_BYTES], uint32_t after_epoch, struct journal **ret);
/*
 * Fills version, node, epoch, seq and chain of *f and appends it. -ERR_NO_SPACE (disk full or journal_bytes_max:
 * nothing was appended, the journal stays usable), -ERR_TOO_LARGE, -ERR_IO (final). The body is not empty.
 */
int journal_append(struct journal *j, struct frame *f);
/* The same with SHA-256 of f->body, so that hashing long bodies need not happen under the ledger mutex. */
int journal_append_hashed(struct journal *j, struct frame *f, const uint8_t body_sha[32]);
uint64_t journal_last_seq(const struct journal *j);  /* any thread */
void journal_last_chain(const struct journal *j, uint8_t ret[CHAIN_BYTES]); /* under the ledger mutex */
uint32_t journal_epoch(const struct journal *j);     /* of this start; any thread */
/* Makes everything appended before the call durable; *ret_seq: the last seq that is. -ERR_IO is final. */
int journal_sync(struct journal *j, uint64_t *ret_seq);
uint64_t journal_synced_seq(const struct journal *j); /* any thread; 0 until the first sync after open */
/* Makes room for about `bytes` more ready to be written to, so that appending it meets no page fault under the ledger
 * mutex. Any one thread. */
void journal_warm(struct journal *j, uint64_t bytes);
/*
 * Frames up to and including seq are in the store, and durable there (store_ops.durable): whole segments below it are
 * recycled.
 */
int journal_recycle(struct journal *j, uint64_t seq);
/*
 * For erasing what stands in segments: the next frame begins a new one. Under the ledger mutex; errors as of append.
 */
int journal_turn_over(struct journal *j);
/*
 * Removes files that are kept for reuse, with all that older segments left in them. -ERR_BUSY: frames below `seq`
 * still stand in a segment that could not be recycled yet. In the store thread.
 */
int journal_scrub(struct journal *j, uint64_t seq);
uint64_t journal_bytes(const struct journal *j); /* in segments not yet recycled; any thread */
void journal_close(struct journal *j); /* all readers are freed; NULL is fine. Does not sync. */

/*
 * For doctor, on a journal that nobody has open: changes nothing, appends a few lines for people to `out` (segments,
 * seqs, what is damaged and where). 0: journal_open would succeed; -ERR_CORRUPT; errors of io.
 */
int journal_check(struct io *io, struct str dir, uint64_t after_seq, struct buf *out);

/* Reads frames behind `after_seq`, following the writer. -ERR_NOT_FOUND: they were recycled. */
int journal_reader_new(struct journal *j, uint64_t after_seq, struct journal_reader **ret);
/* 0: *ret is set, valid until the next call. JOURNAL_R_END: nothing more yet. -ERR_CORRUPT, -ERR_IO. */
int journal_reader_next(struct journal_reader *r, struct frame *ret);
/*
 * As many frames as lie side by side, up to n_max, and no further one when they have bytes_max together: all are valid
 * until the next call. JOURNAL_R_END: these (maybe none) are all that there were when it was called; 0: there are more.
 */
int journal_reader_take(struct journal_reader *r, size_t n_max, size_t bytes_max, struct frame *ret, size_t *ret_n);
void journal_reader_free(struct journal_reader *r);
#define JOURNAL_R_END 1
