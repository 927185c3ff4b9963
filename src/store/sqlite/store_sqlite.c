/*
 * store/sqlite/store_sqlite.c - the connection that writes: opening, applying, checkpoints.
 *
 *   (1) a batch is one transaction, and the position is in it.
 *   (2) commits are not synced (synchronous = NORMAL): a killed process loses none, a power loss may take the newest.
 *       `durable` follows the checkpoints, which sync, and the journal keeps what is behind it.
 *   (3) checkpoints are made here only, between batches. The WAL stays short, because a start after a kill reads it
 * all. (4) the first failed sync is final.
 */
#include "store/sqlite/store_sqlite.h"

#include "base/check.h"
#include "base/err.h"
#include "io/files.h"
#include "store/sqlite/calls_table.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdlib.h>
#include <string.h>

#define CHECKPOINT_PAGES 200
#define WAL_PAGES_LONG (8 * CHECKPOINT_PAGES)
#define BUSY_MS 200

static const char WRITER_PRAGMAS[] =
    "PRAGMA page_size = 16384;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA cache_size = -8192;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;";

static const char READER_PRAGMAS[] =
    "PRAGMA query_only = ON;"
    "PRAGMA cache_size = -2048;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;";

/* --- statements -----------------------------------------------------------------------------------------------------
 */

sqlite3_stmt *sqlite_stmt(struct sqlite *s, enum stmt which)
{
    return s->stmts[which];
}

static int failure(struct sqlite *s, int rc)
{
    if (sql_is_fatal(sqlite3_extended_errcode(s->db)))
        s->has_failed = true;
    return sql_error(rc);
}

int sqlite_run(struct sqlite *s, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    int r = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failure(s, rc);
    (void)sqlite3_reset(st); /* says again what step said */
    return r;
}

int sqlite_row(struct sqlite *s, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 0;
    int r = rc == SQLITE_DONE ? SQLITE_R_NONE : failure(s, rc);
    (void)sqlite3_reset(st);
    return r;
}

static int prepare_all(struct sqlite *s)
{
    static const char *const SQL[] = {
#define STMT(name, sql) sql,
#include "store/sqlite/write.tbl.h"
#undef STMT
    };
    int r = 0;
    for (size_t i = 0; i < STMT_COUNT && r == 0; i++)
        r = sql_prepare(s->db, str_c(SQL[i]), &s->stmts[i]);
    return r;
}

/* --- checkpoints ----------------------------------------------------------------------------------------------------
 */

static void set_durable(struct sqlite *s)
{
    pthread_mutex_lock(&s->lock);
    s->durable = s->seq;
    pthread_mutex_unlock(&s->lock);
}

/* Readers in the way make it end early; the next one gets further. */
static int checkpoint(struct sqlite *s, int mode)
{
    int n_log = 0, n_done = 0;
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, &n_log, &n_done);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        return failure(s, rc);
    if (n_done == n_log)
        set_durable(s);
    s->checkpoint_pages = n_done == n_log ? CHECKPOINT_PAGES : n_log + CHECKPOINT_PAGES;
    return 0;
}

int sqlite_truncate_wal(struct sqlite *s)
{
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if ((rc & 0xff) == SQLITE_BUSY)
        return -ERR_BUSY;
    if (rc != SQLITE_OK)
        return failure(s, rc);
    set_durable(s);
    s->wal_pages = 0;
    s->checkpoint_pages = CHECKPOINT_PAGES;
    return 0;
}

/* After a commit. Waits for readers only when they have let it grow long. */
static int checkpoint_if_due(struct sqlite *s)
{
    if (s->wal_pages < s->checkpoint_pages)
        return 0;
    return checkpoint(s, s->wal_pages < WAL_PAGES_LONG ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART);
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int n_pages)
{
    *(int *)ctx = n_pages;
    return SQLITE_OK;
}

/* --- apply ----------------------------------------------------------------------------------------------------------
 */

static int put_meta(struct sqlite *s, const struct frame *last)
{
    sqlite3_stmt *st = sqlite_stmt(s, STMT_META_PUT);
    sql_bind_int(st, 1, (int64_t)last->seq);
    sql_bind_blob(st, 2, last->chain, CHAIN_BYTES);
    sql_bind_int(st, 3, last->epoch);
    return sqlite_run(s, st);
}

static int apply_rows(struct sqlite *s, const struct frame *frames, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (frames[i].seq != s->seq + 1 + i)
            return err_trace(-ERR_CORRUPT);
        int r = batch_frame(s->batch, &frames[i]);
        if (r < 0)
            return r;
    }
    int r = batch_flush(s->batch);
    return r == 0 ? put_meta(s, &frames[n - 1]) : r;
}

static int apply_transaction(struct sqlite *s, const struct frame *frames, size_t n)
{
    int r = sqlite_run(s, sqlite_stmt(s, STMT_BEGIN));
    if (r < 0)
        return r;
    r = apply_rows(s, frames, n);
    batch_clear(s->batch);
    if (r == 0)
        r = sqlite_run(s, sqlite_stmt(s, STMT_COMMIT));
    if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite_run(s, sqlite_stmt(s, STMT_ROLLBACK)); /* if that fails too, the next BEGIN does */
    return r;
}

static int sqlite_apply(struct store *store, const struct frame *frames, size_t n)
{
    struct sqlite *s = (struct sqlite *)store;
    if (s->has_failed)
        return err_trace(-ERR_IO);
    while (n > 0 && frames[0].seq <= s->seq) {
        frames++;
        n--;
    }
    if (n == 0)
        return 0;
    int r = apply_transaction(s, frames, n);
    if (r < 0)
        return r;
    const struct frame *last = &frames[n - 1];
    pthread_mutex_lock(&s->lock);
    s->seq = last->seq;
    s->epoch = last->epoch;
    memcpy(s->chain, last->chain, CHAIN_BYTES);
    pthread_mutex_unlock(&s->lock);
    return checkpoint_if_due(s);
}

static uint64_t sqlite_position(struct store *store, uint8_t ret_chain[CHAIN_BYTES], uint32_t *ret_epoch)
{
    struct sqlite *s = (struct sqlite *)store;
    pthread_mutex_lock(&s->lock);
    uint64_t seq = s->seq;
    memcpy(ret_chain, s->chain, CHAIN_BYTES);
    *ret_epoch = s->epoch;
    pthread_mutex_unlock(&s->lock);
    return seq;
}

static uint64_t sqlite_durable(struct store *store)
{
    struct sqlite *s = (struct sqlite *)store;
    pthread_mutex_lock(&s->lock);
    uint64_t seq = s->durable;
    pthread_mutex_unlock(&s->lock);
    return seq;
}

static int sqlite_make_durable(struct store *store)
{
    struct sqlite *s = (struct sqlite *)store;
    return s->has_failed ? err_trace(-ERR_IO) : checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
}

static int sqlite_mark(struct store *store, struct str name, uint64_t seq)
{
    struct sqlite *s = (struct sqlite *)store;
    sqlite3_stmt *st = sqlite_stmt(s, STMT_MARK_PUT);
    if (s->has_failed)
        return err_trace(-ERR_IO);
    sql_bind_str(st, 1, name);
    sql_bind_int(st, 2, (int64_t)seq);
    return sqlite_run(s, st);
}

/* --- opening and closing ---------------------------------------------------------------------------------------------
 */

static int open_db(struct str path, int flags, sqlite3 **ret)
{
    sqlite3 *db = NULL;
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* counts nobody reads, under a mutex; refused after the first */
    int rc = sqlite3_open_v2(path.p, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        (void)sqlite3_close_v2(db);
        return sql_error(rc);
    }
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int r = calls_table_add(db);
    if (r < 0) {
        (void)sqlite3_close_v2(db);
        return r;
    }
    *ret = db;
    return 0;
}

int sqlite_open_reader(const struct sqlite *s, sqlite3 **ret)
{
    sqlite3 *db = NULL;
    int r = open_db(s->path, SQLITE_OPEN_READONLY, &db);
    if (r < 0)
        return r;
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    r = sql_exec(db, READER_PRAGMAS);
    if (r < 0) {
        (void)sqlite3_close_v2(db);
        return r;
    }
    *ret = db;
    return 0;
}

static int read_position(struct sqlite *s)
{
    sqlite3_stmt *st;
    int r = sql_prepare(s->db, STR("SELECT seq, chain, epoch FROM meta"), &st);
    if (r < 0)
        return r;
    r = sqlite_row(s, st);
    if (r == 0 && sqlite3_column_bytes(st, 1) == CHAIN_BYTES) {
        s->seq = (uint64_t)sql_i64(st, 0);
        memcpy(s->chain, sqlite3_column_blob(st, 1), CHAIN_BYTES);
        s->epoch = (uint32_t)sql_i64(st, 2);
    } else if (r >= 0) {
        r = err_trace(-ERR_CORRUPT);
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* SQLite would make it readable for others where the umask lets it. */
static int make_private(struct str path)
{
    struct io_file *f;
    int r = io_open(io_system(), path, IO_READ | IO_WRITE | IO_CREATE, &f);
    if (r < 0)
        return err_trace(r);
    io_close(f);
    return 0;
}

static int open_all(struct sqlite *s)
{
    int r = make_private(s->path);
    if (r == 0)
        r = open_db(s->path, SQLITE_OPEN_READWRITE, &s->db);
    if (r == 0)
        r = sql_exec(s->db, WRITER_PRAGMAS);
    if (r == 0)
        r = sqlite_schema(s->db);
    if (r == 0)
        r = read_position(s);
    if (r == 0)
        r = prepare_all(s);
    if (r == 0)
        (void)sqlite3_wal_hook(s->db, on_commit, &s->wal_pages); /* there was none before */
    if (r == 0)
        r = packs_init(s->db, &s->packs);
    return r == 0 ? batch_new(s, &s->batch) : r;
}

static void sqlite_close(struct store *store)
{
    struct sqlite *s = (struct sqlite *)store;
    if (s->db && s->batch && !s->has_failed)
        (void)checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE); /* a WAL that stays is read at the next start */
    batch_free(s->batch);
    packs_deinit(&s->packs);
    for (size_t i = 0; i < STMT_COUNT; i++)
        (void)sqlite3_finalize(s->stmts[i]); /* says again what step said */
    (void)sqlite3_close_v2(s->db);
    pthread_mutex_destroy(&s->lock);
    free((char *)s->path.p);
    free(s);
}

static int sqlite_reader_new(struct store *store, struct store_reader **ret)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r)
        return err_trace(-ERR_NOMEM);
    r->s = (struct sqlite *)store;
    int x = sqlite_open_reader(r->s, &r->db);
    if (x == 0)
        x = packs_init(r->db, &r->packs);
    if (x == 0)
        x = blocks_init(r->db, &r->blocks);
    if (x < 0) {
        blocks_deinit(&r->blocks);
        packs_deinit(&r->packs);
        (void)sqlite3_close_v2(r->db);
        free(r);
        return x;
    }
    arena_init(&r->arena, (size_t)1 << 30);
    *ret = r;
    return 0;
}

static void sqlite_reader_free(struct store_reader *r)
{
    if (!r)
        return;
    arena_deinit(&r->arena);
    packs_deinit(&r->packs);
    blocks_deinit(&r->blocks);
    (void)sqlite3_close_v2(r->db);
    free(r);
}

static const struct store_ops OPS = {
    .apply = sqlite_apply,
    .position = sqlite_position,
    .durable = sqlite_durable,
    .make_durable = sqlite_make_durable,
    .mark = sqlite_mark,
    .keep = sqlite_keep,
    .erase = sqlite_erase,
    .erase_pending = sqlite_erase_pending,
    .erase_scrub = sqlite_erase_scrub,
    .erase_end = sqlite_erase_end,
    .load = sqlite_load,
    .links = sqlite_links,
    .reader_new = sqlite_reader_new,
    .ask = sqlite_ask,
    .walk = sqlite_walk,
    .reader_free = sqlite_reader_free,
    .rebuild = sqlite_rebuild,
    .close = sqlite_close,
};

int store_sqlite_open(struct str path, struct store **ret)
{
    struct sqlite *s = calloc(1, sizeof *s);
    char *p = malloc(path.n + 1);
    if (!s || !p) {
        free(s);
        free(p);
        return err_trace(-ERR_NOMEM);
    }
    memcpy(p, path.p, path.n);
    p[path.n] = 0;
    s->path = (struct str){p, path.n};
    s->store.ops = &OPS;
    s->checkpoint_pages = CHECKPOINT_PAGES;
    pthread_mutex_init(&s->lock, NULL);
    int r = open_all(s);
    if (r < 0) {
        sqlite_close(&s->store);
        return r;
    }
    *ret = &s->store;
    return 0;
}
