/*
 * store/sqlite/calls_table.h - `calls` as SQL sees it: a virtual table over the rows of `call_blocks`, one row a call.
 *
 * Reads what the connection's transaction sees, and writes nothing. Bounds of open_seq are bounds of the walk, in
 * either order; any other condition is looked at row by row. A call by its id: sqlite_call_by_id().
 *
 * https://www.sqlite.org/vtab.html
 */
#pragma once

#include "store/sqlite/sql.h"

/* Its columns, in this order; sqlite_call_row() reads all of them. */
#define CALLS_COLUMNS                                                                                                  \
    "open_seq INTEGER, close_seq INTEGER, last_seq INTEGER, call_id TEXT, run_id TEXT, agent TEXT, tenant TEXT,"       \
    " key TEXT, vendor TEXT, mode TEXT, operation TEXT, class TEXT, verdict TEXT, code TEXT, outcome TEXT,"            \
    " started_at INTEGER, ended_at INTEGER, held_nano INTEGER, held_how INTEGER, settled_nano INTEGER,"                \
    " settled_how INTEGER, model TEXT"
#define CALLS_COLUMN_COUNT 22

/* Makes `calls` known to a connection. */
int calls_table_add(sqlite3 *db);

/* All columns of `calls` from the statement's column 0 on; texts are copied to `a`. */
struct arena;
struct call_row;
void calls_table_row(sqlite3_stmt *st, struct arena *a, struct call_row *ret);
