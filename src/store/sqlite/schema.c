/*
 * store/sqlite/schema.c - makes the tables, and knows its own. No version before the first release is carried on.
 */
#include "store/sqlite/schema.sql.h"

#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdio.h>

static int create(sqlite3 *db)
{
    char stamp[96];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION_ID,
             SCHEMA_VERSION);
    int r = sql_exec(db, "BEGIN IMMEDIATE");
    if (r == 0)
        r = sql_exec(db, SCHEMA_SQL);
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
        return create(db);
    if (id != SCHEMA_APPLICATION_ID || version < 1)
        return err_trace(-ERR_CORRUPT); /* some other program's file */
    return version != SCHEMA_VERSION ? err_trace(-ERR_UNSUPPORTED) : 0;
}
