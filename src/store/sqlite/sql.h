/*
 * store/sqlite/sql.h - a thin skin over SQLite: our errors, our strings. The only files that see sqlite3.h are in here.
 */
#pragma once

#include "base/money.h"
#include "call/frame.h"

#include <sqlite3.h>

/* -ERR_x for a result code that is no success. */
int sql_error(int rc);
/* True for a failure after which nobody knows what is on the disk. */
bool sql_is_fatal(int rc);

/* Statements without results. */
int sql_exec(sqlite3 *db, const char *sql);
int sql_prepare(sqlite3 *db, struct str sql, sqlite3_stmt **ret);
/* The first column of the first row of a query, as an integer. -ERR_NOT_FOUND. */
int sql_int(sqlite3 *db, const char *sql, int64_t *ret);

/* The bytes must stay until the statement was stepped. STR_NONE binds ''. */
void sql_bind_str(sqlite3_stmt *st, int i, struct str s);
void sql_bind_blob(sqlite3_stmt *st, int i, const void *p, size_t n);
static inline void sql_bind_int(sqlite3_stmt *st, int i, int64_t n) { (void)sqlite3_bind_int64(st, i, n); }
static inline void sql_bind_null(sqlite3_stmt *st, int i) { (void)sqlite3_bind_null(st, i); }

/* Valid until the next step or reset; '' and null are empty. */
struct str sql_str(sqlite3_stmt *st, int i);
struct str sql_blob(sqlite3_stmt *st, int i);
static inline int64_t sql_i64(sqlite3_stmt *st, int i) { return sqlite3_column_int64(st, i); }
static inline bool sql_is_null(sqlite3_stmt *st, int i) { return sqlite3_column_type(st, i) == SQLITE_NULL; }
