/*
 * store/sqlite/sqlite_impl.h - what the SQLite store's files share.
 */
#pragma once

#include "call/store.h"
#include "store/render.h"
#include "store/sqlite/sql.h"

#include <pthread.h>

enum stmt {
#define STMT(name, sql) STMT_##name,
#include "store/sqlite/write.tbl.h"
#undef STMT
    STMT_COUNT
};

struct batch;

struct sqlite {
    struct store store; /* first */
    struct str path;    /* owned, NUL-terminated */

    /* the thread that applies */
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct batch *batch;
    int checkpoint_pages; /* in the WAL, before the next checkpoint is tried */
    bool has_failed; /* a sync failed: nothing more is written */

    pthread_mutex_t lock; /* for what follows, which any thread reads */
    uint64_t seq, durable;
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
};

struct store_reader {
    struct sqlite *s;
    sqlite3 *db;
    struct arena arena;
};

/* A statement of the writer, ready to be bound. */
sqlite3_stmt *sqlite_stmt(struct sqlite *s, enum stmt which);
/* Steps it to its end and resets it. */
int sqlite_run(struct sqlite *s, sqlite3_stmt *st);
/* One row: 0, with the statement on it (sqlite3_reset afterwards); SQLITE_R_NONE. */
int sqlite_row(struct sqlite *s, sqlite3_stmt *st);
#define SQLITE_R_NONE 1

/* A read-only connection of its own, for readers and long walks. */
int sqlite_open_reader(const struct sqlite *s, sqlite3 **ret);
int sqlite_schema(sqlite3 *db); /* schema.c: creates or upgrades; -ERR_UNSUPPORTED: newer than we are */

/* batch.c: rows that a batch of frames changes, each written once. */
int batch_new(struct sqlite *s, struct batch **ret);
void batch_free(struct batch *b);
int batch_frame(struct batch *b, const struct frame *f);
int batch_flush(struct batch *b); /* writes what is pending */
void batch_clear(struct batch *b);

int sqlite_load(struct store *s, wall_t now, const struct store_loader *to);
int sqlite_ask(struct store_reader *r, const struct query *q, struct buf *ret_json);
int sqlite_rebuild(struct store *s, struct buf *ret_json);
