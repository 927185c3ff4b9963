/*
 * The packs of a store file as plain rows, for tests that change one frame or one value behind the store's back:
 * temp.frames(seq, kind, version, node, epoch, at, chain, body) and temp.personal(seq, body).
 */
#pragma once

#include "store/sqlite/pack.h"
#include "store/sqlite/sql.h"
#include "unit.h"

static void unpacked_run(sqlite3 *db, const char *text)
{
    char *error = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", text, error);
}

static void unpacked_step(sqlite3_stmt *st)
{
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    assert_int_equal(sqlite3_reset(st), SQLITE_OK);
}

static void unpacked_put(sqlite3_stmt *frame, sqlite3_stmt *personal, const struct frame *f)
{
    const int64_t numbers[] = {(int64_t)f->seq, f->kind, f->version, f->node, f->epoch, f->at};
    for (int i = 0; i < 6; i++)
        sql_bind_int(frame, 1 + i, numbers[i]);
    sql_bind_blob(frame, 7, f->chain, CHAIN_BYTES);
    sql_bind_str(frame, 8, f->body);
    unpacked_step(frame);
    if (f->personal.n == 0)
        return;
    sql_bind_int(personal, 1, (int64_t)f->seq);
    sql_bind_str(personal, 2, f->personal);
    unpacked_step(personal);
}

/* Makes the two tables. */
static void unpack(sqlite3 *db)
{
    sqlite3_stmt *rows, *frame, *personal;
    struct pack pack;
    struct pack_iter it;
    struct frame f;
    unpacked_run(db, "CREATE TEMP TABLE frames(seq INTEGER PRIMARY KEY, kind, version, node, epoch, at, chain, body);"
                     "CREATE TEMP TABLE personal(seq INTEGER PRIMARY KEY, body)");
    pack_init(&pack);
    assert_int_equal(sql_prepare(db, STR("SELECT f.frames, p.texts FROM packs f LEFT JOIN main.personal p USING (seq)"),
                                 &rows), 0);
    assert_int_equal(sql_prepare(db, STR("INSERT INTO temp.frames VALUES(?, ?, ?, ?, ?, ?, ?, ?)"), &frame), 0);
    assert_int_equal(sql_prepare(db, STR("INSERT INTO temp.personal VALUES(?, ?)"), &personal), 0);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        struct str texts[2];
        for (int i = 0; i < 2; i++)
            texts[i] = (struct str){sqlite3_column_blob(rows, i), (size_t)sqlite3_column_bytes(rows, i)};
        assert_int_equal(pack_read(&pack, texts[0], texts[1], &it), 0);
        while (pack_next(&it, &f) == 0)
            unpacked_put(frame, personal, &f);
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(frame);
    sqlite3_finalize(personal);
    pack_deinit(&pack);
}

static void unpacked_write(sqlite3_stmt *put, sqlite3_stmt *put_personal, struct pack *p)
{
    struct buf frames, personal;
    buf_init(&frames, PACK_BYTES_MAX);
    buf_init(&personal, PACK_BYTES_MAX);
    assert_int_equal(pack_write(p, &frames, &personal), 0);
    sql_bind_int(put, 1, (int64_t)p->first);
    sql_bind_int(put, 2, (int64_t)p->last);
    sql_bind_int(put, 3, p->at);
    sql_bind_blob(put, 4, frames.p, frames.n);
    unpacked_step(put);
    sql_bind_int(put_personal, 1, (int64_t)p->first);
    sql_bind_blob(put_personal, 2, personal.p, personal.n);
    unpacked_step(put_personal);
    pack_reset(p);
    buf_deinit(&frames);
    buf_deinit(&personal);
}

/* Writes the two tables back, n frames a pack. */
static void repack(sqlite3 *db, size_t n)
{
    sqlite3_stmt *rows, *put, *put_personal;
    struct pack p;
    size_t i = 0;
    pack_init(&p);
    unpacked_run(db, "BEGIN; DELETE FROM packs; DELETE FROM main.personal");
    assert_int_equal(sql_prepare(db, STR("SELECT f.*, p.body FROM temp.frames f LEFT JOIN temp.personal p USING (seq)"
                                         " ORDER BY f.seq"), &rows), 0);
    assert_int_equal(sql_prepare(db, STR("INSERT INTO packs VALUES(?, ?, ?, ?)"), &put), 0);
    assert_int_equal(sql_prepare(db, STR("INSERT INTO main.personal VALUES(?, ?)"), &put_personal), 0);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        struct frame f = {.kind = (enum frame_kind)sql_i64(rows, 1), .version = (uint8_t)sql_i64(rows, 2),
                          .node = (uint32_t)sql_i64(rows, 3), .epoch = (uint32_t)sql_i64(rows, 4),
                          .seq = (uint64_t)sql_i64(rows, 0), .at = sql_i64(rows, 5),
                          .body = sql_str(rows, 7), .personal = sql_str(rows, 8)};
        memcpy(f.chain, sqlite3_column_blob(rows, 6), CHAIN_BYTES);
        assert_int_equal(pack_add(&p, &f), 0);
        if (++i % n == 0)
            unpacked_write(put, put_personal, &p);
    }
    if (p.last)
        unpacked_write(put, put_personal, &p);
    sqlite3_finalize(rows);
    sqlite3_finalize(put);
    sqlite3_finalize(put_personal);
    pack_deinit(&p);
    unpacked_run(db, "COMMIT");
}
