/*
 * store/sqlite/sqlite_impl.h - what the SQLite store's files share.
 */
#pragma once

#include "call/store.h"
#include "base/map.h"
#include "store/render.h"
#include "store/sqlite/blocks.h"
#include "store/sqlite/packs.h"

#include <pthread.h>

enum stmt {
#define STMT(name, sql) STMT_##name,
#include "store/sqlite/write.tbl.h"
#undef STMT
    STMT_COUNT
};

/* What lists look for calls by: a term is "<name>=<value>", and stands in `places` with the blocks it is found in. */
enum place {
    PLACE_RUN,
    PLACE_AGENT,
    PLACE_TENANT,
    PLACE_KEY,
    PLACE_OPERATION,
    PLACE_MODEL,
    PLACE_VERDICT,
    PLACE_COUNT
};
#define PLACE_SEQS 512
/* The term, in the arena; empty: `value` is not looked for ("permit": nearly every call has it). */
struct str place_term(struct arena *a, enum place p, struct str value);

struct batch;

struct sqlite {
    struct store store; /* first */
    struct str path;    /* owned, NUL-terminated */

    /* the thread that applies */
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct batch *batch;
    struct packs packs; /* what this connection has written */
    int wal_pages;        /* after the last commit */
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
    struct packs packs;
    struct blocks blocks;
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
int sqlite_schema(sqlite3 *db); /* schema.c: creates; -ERR_UNSUPPORTED: of another version than ours */

/* batch.c: rows that a batch of frames changes, each written once. */
int batch_new(struct sqlite *s, struct batch **ret);
void batch_free(struct batch *b);
int batch_frame(struct batch *b, const struct frame *f);
int batch_flush(struct batch *b); /* writes what is pending */
void batch_clear(struct batch *b);

int sqlite_load(struct store *s, wall_t now, const struct store_loader *to);
int sqlite_links(struct store *s, size_t n_max, int (*on_link)(void *ctx, const struct run_link_row *l), void *ctx);
int sqlite_ask(struct store_reader *r, const struct query *q, struct buf *ret_json);
int sqlite_walk(struct store_reader *r, uint64_t after, wall_t since, size_t n_frames,
                int (*on_frame)(void *ctx, const struct frame *f), void *ctx); /* walk.c */
/* by_time.c: [from, to] has the open seqs of all calls that started in [since, until); 0: without that end. */
int sqlite_seqs_between(sqlite3 *db, wall_t since, wall_t until, int64_t *ret_from, int64_t *ret_to);
/* by_id.c: the call with that id. 0; SQLITE_R_NONE; errors of SQLite. */
int sqlite_call_by_id(sqlite3 *db, struct str id, int64_t *ret_open_seq);
/* The calls of q->customer or q->user among these open_seqs, newest first. */
bool sqlite_is_named(const struct query *q);
int sqlite_ask_named(struct store_reader *r, const struct query *q, int64_t from, int64_t to, struct json_writer *w);
/* A frame that a row names; texts are copied to the reader's arena, because the next one may stand in another pack. */
int sqlite_frame_at(struct store_reader *r, int64_t seq, struct frame *ret);
/* The frames of a call, in the reader's arena. */
int sqlite_call_texts(struct store_reader *r, int64_t open_seq, int64_t close_seq, int64_t last_seq,
                      struct call_texts *ret);
/* The same of the call that was opened there. */
int sqlite_texts_of_call(struct store_reader *r, uint64_t open_seq, struct call_texts *ret);
/* The rows of QUERY_FIND, inside the transaction and the array of sqlite_ask. */
int sqlite_find(struct store_reader *r, const struct query *q, struct json_writer *w);
int sqlite_ask_feed(struct store_reader *r, const struct query *q, struct json_writer *w);
int sqlite_rebuild(struct store *s, struct buf *ret_json);

/* erase.c */
int sqlite_erase(struct store *s, const struct erasure *e, struct erased *ret);
int sqlite_erase_pending(struct store *s, struct arena *a, struct erasure *ret, struct erased *ret_done);
int sqlite_erase_scrub(struct store *s);
int sqlite_erase_end(struct store *s);
/* store_sqlite.c: nothing is left in the WAL. -ERR_BUSY: a reader is in the way. */
int sqlite_truncate_wal(struct sqlite *s);

/* bodies.c */
int sqlite_keep(struct store *s, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                int64_t *ret_removed);
int sqlite_ask_bodies(struct store_reader *r, const struct query *q, struct json_writer *w);
int sqlite_ask_body_text(struct store_reader *r, const struct query *q, struct json_writer *w);
/* erase_bodies.c: in the transaction of an erasure, of these calls (open seqs); `set`: what else names it. */
struct erase_set;
int sqlite_erase_bodies(struct sqlite *s, const struct erasure *what, const struct erase_set *set,
                        const struct map *const calls[2], int64_t *ret_n);

/* follow.c: the elements of an array that is open. */
int sqlite_ask_ended(struct store_reader *r, const struct query *q, struct json_writer *w);
int sqlite_ask_quiet_runs(struct store_reader *r, const struct query *q, struct json_writer *w);
int sqlite_ask_customer(struct store_reader *r, const struct query *q, struct json_writer *w); /* ask_customer.c */
int sqlite_ask_marks(struct store_reader *r, struct json_writer *w);
