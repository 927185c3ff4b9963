/*
 * store/sqlite/sql.c - SQLite's result codes end here.
 *
 * Binding cannot fail in ways that matter: a wrong index is a programmer's error, and no memory shows when the
 * statement is stepped with a null where the schema takes none.
 */
#include "store/sqlite/sql.h"

#include "base/check.h"
#include "base/err.h"

#include <string.h>

int sql_error(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return err_trace(-ERR_NO_SPACE);
    case SQLITE_NOMEM:
        return err_trace(-ERR_NOMEM);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_trace(-ERR_BUSY);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* rows of ours that contradict each other */
        return err_trace(-ERR_CORRUPT);
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return err_trace(-ERR_DENIED);
    case SQLITE_TOOBIG:
        return err_trace(-ERR_TOO_LARGE);
    default:
        return err_trace(-ERR_IO);
    }
}

bool sql_is_fatal(int rc)
{
    /* A failed sync may have dropped pages that a later one reports as written: SQLite goes on, we do not. */
    return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC || rc == SQLITE_IOERR_TRUNCATE;
}

int sql_exec(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sql_error(rc);
}

int sql_prepare(sqlite3 *db, struct str sql, sqlite3_stmt **ret)
{
    int rc = sqlite3_prepare_v3(db, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    return rc == SQLITE_OK ? 0 : sql_error(rc);
}

int sql_int(sqlite3 *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *st;
    int r = sql_prepare(db, str_c(sql), &st);
    if (r < 0)
        return r;
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sql_i64(st, 0);
    else
        r = rc == SQLITE_DONE ? -ERR_NOT_FOUND : sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

void sql_bind_str(sqlite3_stmt *st, int i, struct str s)
{
    (void)sqlite3_bind_text64(st, i, s.n ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

void sql_bind_blob(sqlite3_stmt *st, int i, const void *p, size_t n)
{
    (void)sqlite3_bind_blob64(st, i, p, n, SQLITE_STATIC);
}

struct str sql_str(sqlite3_stmt *st, int i)
{
    const char *p = (const char *)sqlite3_column_text(st, i);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(st, i) : 0};
}

struct str sql_blob(sqlite3_stmt *st, int i)
{
    const char *p = sqlite3_column_blob(st, i);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(st, i) : 0};
}
