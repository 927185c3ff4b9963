/*
 * store/sqlite/by_id.c - the call with an id: the marks of frames (finds.h) lead to it. An id of ours says when it was
 * made, and its call was opened soon behind that: there is looked first.
 */
#include "base/err.h"
#include "base/uuid.h"
#include "store/sqlite/finds.h"
#include "store/sqlite/sqlite_impl.h"

#define SOON_NS NS_PER_S

struct looking {
    sqlite3 *db;
    struct str id;
    uint32_t mark;
    sqlite3_stmt *call; /* its id, by open_seq */
};

/* 1: it is that call. */
static int is_it(struct looking *l, uint64_t seq)
{
    sql_bind_int(l->call, 1, (int64_t)seq);
    int rc = sqlite3_step(l->call);
    bool is = rc == SQLITE_ROW && str_eq(sql_str(l->call, 0), l->id);
    (void)sqlite3_reset(l->call); /* says again what step said */
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? is : sql_error(rc);
}

/* 1: found in that block. */
static int look_in_block(struct looking *l, int64_t block, struct str entries, int64_t *ret_open_seq)
{
    size_t i = finds_has(entries, l->mark) ? finds_count(entries) : 0;
    uint64_t seq;
    int r = 0;
    while (r == 0 && finds_next(entries, block, l->mark, &i, &seq))
        r = is_it(l, seq);
    if (r > 0)
        *ret_open_seq = (int64_t)seq;
    return r;
}

/* 1: found in one of the blocks, newest first. */
static int look(struct looking *l, int64_t from, int64_t to, int64_t *ret_open_seq)
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE;
    int r = sql_prepare(l->db,
                        STR("SELECT block, entries FROM finds WHERE block BETWEEN ?1 AND ?2 ORDER BY block DESC"), &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, from);
    sql_bind_int(st, 2, to);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = look_in_block(l, sql_i64(st, 0), sql_blob(st, 1), ret_open_seq);
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* In which blocks the frames are that were written soon behind the time of an id; all, when it says none. */
static int blocks_of(struct looking *l, int64_t *ret_from, int64_t *ret_to)
{
    struct uuid u;
    sqlite3_stmt *st;
    *ret_from = 0;
    *ret_to = INT64_MAX;
    if (uuid_parse(l->id, &u) < 0)
        return 0;
    int r = sql_prepare(l->db,
                        STR("SELECT coalesce((SELECT seq FROM packs WHERE at <= ?1 ORDER BY at DESC LIMIT 1), 0),"
                            " (SELECT seq FROM packs WHERE at > ?2 ORDER BY at LIMIT 1)"), &st);
    if (r < 0)
        return r;
    wall_t at = uuid_v7_wall(&u);
    sql_bind_int(st, 1, at);
    sql_bind_int(st, 2, at > INT64_MAX - SOON_NS ? INT64_MAX : at + SOON_NS);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *ret_from = sql_i64(st, 0) / PLACE_SEQS;
        *ret_to = sql_is_null(st, 1) ? INT64_MAX : sql_i64(st, 1) / PLACE_SEQS;
    } else {
        r = sql_error(rc);
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int find(struct looking *l, int64_t *ret_open_seq)
{
    struct finds_key key;
    int64_t from, to;
    int r = finds_key_read(l->db, &key);
    if (r < 0)
        return r;
    l->mark = finds_mark(&key, l->id);
    r = blocks_of(l, &from, &to);
    if (r == 0)
        r = look(l, from, to, ret_open_seq);
    if (r == 0 && from > 0)
        r = look(l, 0, from - 1, ret_open_seq);
    if (r == 0 && to < INT64_MAX)
        r = look(l, to + 1, INT64_MAX, ret_open_seq);
    return r < 0 ? r : r == 0 ? SQLITE_R_NONE : 0;
}

int sqlite_call_by_id(sqlite3 *db, struct str id, int64_t *ret_open_seq)
{
    struct looking l = {.db = db, .id = id};
    int r = sql_prepare(db, STR("SELECT call_id FROM calls WHERE open_seq = ?1"), &l.call);
    if (r == 0)
        r = find(&l, ret_open_seq);
    (void)sqlite3_finalize(l.call); /* says again what step said */
    return r;
}
