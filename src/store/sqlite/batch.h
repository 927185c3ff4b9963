/*
 * store/sqlite/batch.h - what is pending in a batch; shared by batch.c (frames in) and flush.c (rows out).
 */
#pragma once

#include "base/map.h"
#include "store/sqlite/by_seq.h"
#include "store/sqlite/call_rows.h"
#include "store/sqlite/finds.h"
#include "store/sqlite/sqlite_impl.h"

/* What is pending is written out, inside the transaction, when it takes more than this. */
#define BATCH_ARENA_BYTES ((size_t)16 << 20)

/* The calls of a block that the batch adds to or changes. */
struct pending_block {
    struct pending_block *next;
    int64_t block;
    bool is_changed;
};

struct pending_call {
    struct pending_call *next; /* of those that the batch opened or closed */
    struct pending_block *block;
    struct call_row row;
    struct rollup before;  /* what the sums have of it */
    struct str was;        /* its outcome as it stands in the block, when it stands there */
    bool is_new, is_changed;
};

struct pending_part {
    struct pending_part *next;
    struct hold_row row;
    struct tally_row *counter; /* that it counts on; NULL: not looked up yet */
    int64_t left;
    bool is_stored, is_changed;
};
struct pending_hold {
    struct pending_hold *next;
    uint64_t of;
    struct pending_part *first, **last;
    bool is_whole; /* all parts that the call took are here, those that are over too */
};

struct pending_sum {
    struct pending_sum *next;
    const struct pending_call *call; /* any of them: it has the names */
    struct rollup sum;
    wall_t first_at, last_at;
    uint64_t first_seq, last_seq;
};

struct batch {
    struct sqlite *s;
    struct arena arena;
    struct pack pack;            /* frames not yet written */
    struct buf frames, personal; /* the row that they become */
    struct by_seq calls, holds;                /* by open_seq */
    struct pending_call *first_call, **last_call; /* in the order in which they came */
    struct map blocks;
    struct pending_block *first_block, *last_block; /* the one looked at last */
    struct buf rows; /* of the block that is written */
    const struct pending_call *last_open, *last_close; /* NULL: none yet */
    const struct hold_row *last_holds; /* of the last call that took any */
    size_t n_last_holds;
    struct pending_hold *first_hold, **last_hold;
    struct tally counters; /* differences */
    struct map places; /* terms with their block */
    struct finds finds;
    struct map runs, spend;
    struct pending_sum *first_run, *first_spend;
    struct pending_sum *last_run, *last_spend; /* of the call before: neighbours mostly have the same names */
};

int batch_write_pack(struct batch *b);
/* Fills runs and spend from the pending calls. */
int batch_sum(struct batch *b);
