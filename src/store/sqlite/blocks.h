/*
 * store/sqlite/blocks.h - calls by their open seq, out of the blocks that a connection sees.
 */
#pragma once

#include "base/buf.h"
#include "store/call_row.h"
#include "store/sqlite/sql.h"

struct blocks {
    sqlite3_stmt *get;
    int64_t block; /* that was read last; -1: there is none */
    struct buf bytes;
    struct call_row *rows; /* of that block, in the order of their open seqs */
    size_t n, cap;
};

int blocks_init(sqlite3 *db, struct blocks *ret);
void blocks_deinit(struct blocks *b);
/* 0: *ret is valid until the next call or blocks_rest(). -ERR_CORRUPT, also when nothing was opened there. */
int blocks_call(struct blocks *b, uint64_t open_seq, const struct call_row **ret);
/* Forgets the block: the next transaction may see another. */
void blocks_rest(struct blocks *b);
