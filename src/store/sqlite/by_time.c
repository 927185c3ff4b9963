/*
 * store/sqlite/by_time.c - open seqs from times, by the packs: calls are numbered when they are held, which is within
 * SLACK_NS of when they started, unless the clock was set back by more.
 */
#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

#define SLACK_NS (3600 * NS_PER_S)

/* Untouched when no pack is on that side. */
static int bound(sqlite3 *db, const char *sql, wall_t at, int64_t *bound)
{
    sqlite3_stmt *st;
    int r = sql_prepare(db, str_c(sql), &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, at);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *bound = sql_i64(st, 0);
    else if (rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

int sqlite_seqs_between(sqlite3 *db, wall_t since, wall_t until, int64_t *ret_from, int64_t *ret_to)
{
    int r = 0;
    *ret_from = 0;
    *ret_to = INT64_MAX;
    if (since)
        r = bound(db, "SELECT seq FROM packs WHERE at < ?1 ORDER BY at DESC LIMIT 1", since - SLACK_NS, ret_from);
    if (r == 0 && until)
        r = bound(db, "SELECT seq FROM packs WHERE at >= ?1 ORDER BY at LIMIT 1", until + SLACK_NS, ret_to);
    return r;
}
