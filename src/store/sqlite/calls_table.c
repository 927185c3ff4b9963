/*
 * store/sqlite/calls_table.c - walks the blocks of calls for SQLite.
 *
 * How a walk is bounded is settled when a statement is prepared (calls_best): one letter for each argument that the
 * walk then gets. A block is unpacked whole, so that it can be walked from either end.
 */
#include "store/sqlite/calls_table.h"

#include "base/err.h"
#include "store/sqlite/call_rows.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdlib.h>
#include <string.h>

#define COLUMN_OPEN_SEQ 0

/* Letters of a plan. */
#define BY_SEQ '='
#define BY_MIN '>' /* or equal: SQLite looks again */
#define BY_MAX '<'
#define ARGS_MAX 8

#define FROM_THE_END 1 /* idxNum */

/* What walks cost, in rows. */
#define COST_ONE 1.0
#define COST_SOME 1000.0
#define COST_ALL 1000000.0

struct calls_table {
    sqlite3_vtab base; /* first */
    sqlite3 *db;
};

struct calls_cursor {
    sqlite3_vtab_cursor base; /* first */
    sqlite3_stmt *blocks;     /* the block on it is unpacked in rows */
    uint64_t from, to;        /* open seqs, both in */
    bool is_backward, is_over;
    struct call_row *rows;
    size_t n, i, cap;
};

/* What SQLite calls an error of ours. */
static int code_of(int r)
{
    return r >= 0 ? SQLITE_OK : r == -ERR_NOMEM ? SQLITE_NOMEM : r == -ERR_CORRUPT ? SQLITE_CORRUPT : SQLITE_IOERR;
}

static int calls_connect(sqlite3 *db, void *ctx, int argc, const char *const *argv, sqlite3_vtab **ret, char **ret_text)
{
    int rc = sqlite3_declare_vtab(db, "CREATE TABLE calls(" CALLS_COLUMNS ")");
    struct calls_table *t = rc == SQLITE_OK ? sqlite3_malloc(sizeof *t) : NULL;
    if (!t)
        return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
    *t = (struct calls_table){.db = db};
    *ret = &t->base;
    return SQLITE_OK;
}

static int calls_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* The letter of a condition that bounds the walk, or 0. */
static char letter_of(const struct sqlite3_index_constraint *c)
{
    if (!c->usable || c->iColumn != COLUMN_OPEN_SEQ)
        return 0;
    switch (c->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return BY_SEQ;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
        return BY_MIN;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
        return BY_MAX;
    default:
        return 0;
    }
}

static double cost_of(const char *plan)
{
    if (strchr(plan, BY_SEQ))
        return COST_ONE;
    return strchr(plan, BY_MIN) && strchr(plan, BY_MAX) ? COST_SOME : COST_ALL;
}

static int calls_best(sqlite3_vtab *t, sqlite3_index_info *info)
{
    char plan[ARGS_MAX + 1];
    int n = 0;
    for (int i = 0; i < info->nConstraint && n < ARGS_MAX; i++) {
        char letter = letter_of(&info->aConstraint[i]);
        if (!letter)
            continue;
        plan[n++] = letter;
        info->aConstraintUsage[i].argvIndex = n;
    }
    plan[n] = 0;
    info->idxStr = sqlite3_mprintf("%s", plan);
    info->needToFreeIdxStr = 1;
    info->estimatedCost = cost_of(plan);
    info->estimatedRows = (sqlite3_int64)info->estimatedCost;
    if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn == COLUMN_OPEN_SEQ) {
        info->orderByConsumed = 1;
        info->idxNum = info->aOrderBy[0].desc ? FROM_THE_END : 0;
    }
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static int calls_open(sqlite3_vtab *t, sqlite3_vtab_cursor **ret)
{
    struct calls_cursor *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    *c = (struct calls_cursor){0};
    *ret = &c->base;
    return SQLITE_OK;
}

static int calls_close(sqlite3_vtab_cursor *cursor)
{
    struct calls_cursor *c = (struct calls_cursor *)cursor;
    (void)sqlite3_finalize(c->blocks); /* says again what step said */
    free(c->rows);
    sqlite3_free(c);
    return SQLITE_OK;
}

static int64_t seq_of(uint64_t seq) { return seq > INT64_MAX ? INT64_MAX : (int64_t)seq; }

static bool is_asked_for(const struct calls_cursor *c, const struct call_row *row)
{
    return row->open_seq >= c->from && row->open_seq <= c->to;
}

static int add_row(struct calls_cursor *c, const struct call_row *row)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 16;
        struct call_row *rows = realloc(c->rows, cap * sizeof *rows);
        if (!rows)
            return err_trace(-ERR_NOMEM);
        c->rows = rows;
        c->cap = cap;
    }
    c->rows[c->n++] = *row;
    return 0;
}

/* The rows of the block that the statement is on. */
static int unpack(struct calls_cursor *c)
{
    struct call_rows_iter it;
    struct call_row row;
    int r;
    c->n = 0;
    call_rows_read(&it, (uint64_t)sql_i64(c->blocks, 0) * PLACE_SEQS, sql_blob(c->blocks, 1));
    while ((r = call_rows_next(&it, &row)) == 0 && row.open_seq <= c->to) {
        r = is_asked_for(c, &row) ? add_row(c, &row) : 0;
        if (r < 0)
            return r;
    }
    c->i = c->is_backward ? c->n : 0;
    return r < 0 ? r : 0;
}

static bool has_row(const struct calls_cursor *c) { return c->is_backward ? c->i > 0 : c->i < c->n; }

/* To the next block that has a row to show. */
static int next_block(struct calls_cursor *c)
{
    while (!has_row(c)) {
        int rc = sqlite3_step(c->blocks);
        if (rc != SQLITE_ROW) {
            c->is_over = true;
            return rc == SQLITE_DONE ? SQLITE_OK : rc;
        }
        int r = unpack(c);
        if (r < 0)
            return code_of(r);
    }
    return SQLITE_OK;
}

static void bound(struct calls_cursor *c, char letter, int64_t n)
{
    uint64_t seq = n < 0 ? 0 : (uint64_t)n;
    if (letter != BY_MAX && seq > c->from)
        c->from = seq;
    if (letter != BY_MIN && seq < c->to)
        c->to = seq;
    c->is_over |= n < 0 && letter != BY_MIN;
}

static int calls_filter(sqlite3_vtab_cursor *cursor, int how, const char *plan, int argc, sqlite3_value **argv)
{
    static const char *const SQL[] = {
        "SELECT block, rows FROM call_blocks WHERE block BETWEEN ?1 AND ?2 ORDER BY block",
        "SELECT block, rows FROM call_blocks WHERE block BETWEEN ?1 AND ?2 ORDER BY block DESC",
    };
    struct calls_cursor *c = (struct calls_cursor *)cursor;
    c->from = 0;
    c->to = INT64_MAX;
    c->is_backward = how == FROM_THE_END;
    c->is_over = false;
    c->n = c->i = 0;
    for (int i = 0; i < argc; i++)
        bound(c, plan[i], sqlite3_value_int64(argv[i]));
    (void)sqlite3_finalize(c->blocks); /* says again what step said */
    c->blocks = NULL;
    if (c->is_over)
        return SQLITE_OK;
    int rc = sqlite3_prepare_v2(((struct calls_table *)cursor->pVtab)->db, SQL[c->is_backward], -1, &c->blocks, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sql_bind_int(c->blocks, 1, seq_of(c->from) / PLACE_SEQS);
    sql_bind_int(c->blocks, 2, seq_of(c->to) / PLACE_SEQS);
    return next_block(c);
}

static int calls_next(sqlite3_vtab_cursor *cursor)
{
    struct calls_cursor *c = (struct calls_cursor *)cursor;
    c->i = c->is_backward ? c->i - 1 : c->i + 1;
    return next_block(c);
}

static int calls_eof(sqlite3_vtab_cursor *cursor) { return ((struct calls_cursor *)cursor)->is_over; }

/* --- columns ------------------------------------------------------------------------------------------------------ */

static const struct call_row *row_of(const sqlite3_vtab_cursor *cursor)
{
    const struct calls_cursor *c = (const struct calls_cursor *)cursor;
    return &c->rows[c->is_backward ? c->i - 1 : c->i];
}

static int calls_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)row_of(cursor)->open_seq;
    return SQLITE_OK;
}

/* Text is copied: SQLite may keep it when the block is gone. */
static void show_text(sqlite3_context *ctx, struct str s)
{
    sqlite3_result_text64(ctx, s.n ? s.p : "", s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void show_nano(sqlite3_context *ctx, struct cost_row c)
{
    if (c.is_known)
        sqlite3_result_int64(ctx, c.nano);
    else
        sqlite3_result_null(ctx);
}

/* So that min() over rows is the weakest of those known. */
static void show_how(sqlite3_context *ctx, struct cost_row c)
{
    sqlite3_result_int(ctx, c.is_known ? c.how : HOW_PARSED);
}

static int calls_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int i)
{
    const struct call_row *row = row_of(cursor);
    const struct str texts[] = {row->call_id, row->run_id,    row->agent, row->tenant,  row->key,  row->vendor,
                                row->mode,    row->operation, row->class, row->verdict, row->code, row->outcome};
    const int64_t seqs[] = {(int64_t)row->open_seq, (int64_t)row->close_seq, (int64_t)row->last_seq};
    if (i < 3)
        sqlite3_result_int64(ctx, seqs[i]);
    else if (i < 15)
        show_text(ctx, texts[i - 3]);
    else if (i < 17)
        sqlite3_result_int64(ctx, i == 15 ? row->started_at : row->ended_at);
    else if (i == 21)
        show_text(ctx, row->model);
    else if (i % 2)
        show_nano(ctx, i == 17 ? row->held : row->settled);
    else
        show_how(ctx, i == 18 ? row->held : row->settled);
    return SQLITE_OK;
}

static struct cost_row cost_column(sqlite3_stmt *st, int i)
{
    if (sql_is_null(st, i))
        return (struct cost_row){0};
    return (struct cost_row){true, sql_i64(st, i), (enum how)sql_i64(st, i + 1)};
}

void calls_table_row(sqlite3_stmt *st, struct arena *a, struct call_row *ret)
{
    *ret = (struct call_row){
        .open_seq = (uint64_t)sql_i64(st, 0),
        .close_seq = (uint64_t)sql_i64(st, 1),
        .last_seq = (uint64_t)sql_i64(st, 2),
        .started_at = sql_i64(st, 15),
        .ended_at = sql_i64(st, 16),
        .held = cost_column(st, 17),
        .settled = cost_column(st, 19),
        .model = arena_str(a, sql_str(st, 21)),
    };
    struct str *const texts[] = {&ret->call_id, &ret->run_id,    &ret->agent, &ret->tenant,  &ret->key,  &ret->vendor,
                                 &ret->mode,    &ret->operation, &ret->class, &ret->verdict, &ret->code, &ret->outcome};
    for (int i = 0; i < 12; i++)
        *texts[i] = arena_str(a, sql_str(st, 3 + i));
}

/* Without xCreate it is there as soon as it is known, and stands in no schema. */
int calls_table_add(sqlite3 *db)
{
    static const sqlite3_module MODULE = {
        .xConnect = calls_connect, .xBestIndex = calls_best, .xDisconnect = calls_disconnect, .xOpen = calls_open,
        .xClose = calls_close,     .xFilter = calls_filter,  .xNext = calls_next,             .xEof = calls_eof,
        .xColumn = calls_column,   .xRowid = calls_rowid,
    };
    int rc = sqlite3_create_module(db, "calls", &MODULE, NULL);
    return rc == SQLITE_OK ? 0 : sql_error(rc);
}
