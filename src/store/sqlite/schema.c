/*
 * store/sqlite/schema.c - makes the tables, or brings those of an older version up to date.
 */
#include "store/sqlite/schema.sql.h"

#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdio.h>

_Static_assert(sizeof SCHEMA_STEPS / sizeof SCHEMA_STEPS[0] == SCHEMA_VERSION - 1, "one step a version");

/* All of it, with the version that it leads to, or nothing. */
static int change(sqlite3 *db, const char *sql, int64_t version)
{
    char stamp[96];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %lld", SCHEMA_APPLICATION_ID,
             (long long)version);
    int r = sql_exec(db, "BEGIN IMMEDIATE");
    if (r == 0)
        r = sql_exec(db, sql);
    if (r == 0)
        r = sql_exec(db, stamp);
    if (r == 0)
        r = sql_exec(db, "COMMIT");
    if (r < 0)
        (void)sql_exec(db, "ROLLBACK"); /* the connection is closed next */
    return r;
}

int sqlite_schema(sqlite3 *db)
{
    int64_t version = 0, id = 0, n_tables = 0;
    int r = sql_int(db, "PRAGMA user_version", &version);
    if (r == 0)
        r = sql_int(db, "PRAGMA application_id", &id);
    if (r == 0)
        r = sql_int(db, "SELECT count(*) FROM sqlite_schema", &n_tables);
    if (r < 0)
        return r;
    if (n_tables == 0)
        return change(db, SCHEMA_SQL, SCHEMA_VERSION);
    if (id != SCHEMA_APPLICATION_ID || version < 1)
        return err_trace(-ERR_CORRUPT); /* some other program's file */
    if (version > SCHEMA_VERSION)
        return err_trace(-ERR_UNSUPPORTED);
    for (; version < SCHEMA_VERSION && r == 0; version++)
        r = change(db, SCHEMA_STEPS[version - 1], version + 1);
    return r;
}
