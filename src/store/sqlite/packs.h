/*
 * store/sqlite/packs.h - frames by their seq, out of the packs that a connection sees.
 */
#pragma once

#include "store/sqlite/pack.h"
#include "store/sqlite/sql.h"

struct packs {
    sqlite3_stmt *get;
    struct pack pack;     /* that was read last */
    struct pack_iter row; /* all of it */
    uint64_t first, last; /* of that pack; `last` 0: there is none */
};

int packs_init(sqlite3 *db, struct packs *ret);
void packs_deinit(struct packs *p);
/* 0: *ret is valid until the next call or packs_rest(). -ERR_NOT_FOUND, -ERR_CORRUPT. */
int packs_frame(struct packs *p, uint64_t seq, struct frame *ret);
/* Forgets the pack: the next transaction may see another. */
void packs_rest(struct packs *p);

/* The row that `st` stands on, unpacked: columns i and i + 1 are its frames and its personal values. */
int packs_row(struct packs *p, sqlite3_stmt *st, int i, struct pack_iter *ret);
