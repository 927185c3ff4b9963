/*
 * store/sqlite/finds.h - which frames may name an id: a row for each block of PLACE_SEQS seqs, with four bytes for each
 * value of its frames.
 *
 *   entry   u32 little-endian: the place of the frame in its block (9 bits), and 23 bits of the keyed hash of the value
 *
 * A question reads all rows, newest first, and looks at the frames whose entries match: 20 bytes a call are read in no
 * time, and at a million calls less than one frame is looked at in vain.
 *
 *   (1) entries stand in the order of their frames; a batch adds to the row of its block and changes no other.
 *   (2) an entry is no answer: the frame is read, and what it does not say any more (erased) is not found.
 *   (3) the hash's key is the store's own (meta.find_key), so that no table made elsewhere turns entries into values.
 *       Erasing values of a frame takes its entries out of the row as well: who has the file and the key could else
 *       try guesses on it.
 */
#pragma once

#include "base/buf.h"
#include "store/find.h"
#include "store/sqlite/sql.h"

#define FIND_KEY_BYTES 16

struct finds_key {
    uint64_t seed[2];
};
int finds_key_read(sqlite3 *db, struct finds_key *ret);

/* The entry of an id without its place. */
uint32_t finds_mark(const struct finds_key *k, struct str id);

/* What a batch adds; the row being made is `block`. */
struct sqlite;
struct finds {
    struct sqlite *s;
    struct finds_key key;
    int64_t block;
    struct buf entries; /* all of the row */
};
int finds_init(struct finds *f, struct sqlite *s);
void finds_deinit(struct finds *f);
void finds_reset(struct finds *f); /* forgets what was not written */
/* Adds an id of frame `seq`; seqs never fall. Writes the row before when it begins another. */
int finds_add(struct finds *f, uint64_t seq, struct str id);
int finds_write(struct finds *f);

/* The frames of a row that may name the id, newest first: *i starts at the row's number of entries; false: no more. */
bool finds_next(struct str entries, int64_t block, uint32_t mark, size_t *i, uint64_t *ret_seq);
/* The i-th entry: the frame, and the mark of what it names. */
uint64_t finds_entry(struct str entries, size_t i, int64_t block, uint32_t *ret_mark);
/* For erasing: an entry more, all of a frame's taken out, and their order made good. */
int finds_put(struct buf *entries, const struct finds_key *k, uint64_t seq, struct str id);
void finds_drop(struct buf *entries, uint64_t seq);
void finds_sort(struct buf *entries);
bool finds_has(struct str entries, uint32_t mark); /* whether there is one */
static inline size_t finds_count(struct str entries) { return entries.n / 4; }
