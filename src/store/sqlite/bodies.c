/*
 * store/sqlite/bodies.c - kept bodies: put, bounded, asked for.
 *
 * What is equal stands once, packed, under its hash; a content goes with the last row that names it (schema.sql.h).
 */
#include "base/err.h"
#include "codec/lz.h"
#include "crypto/hash.h"
#include "store/body.h"
#include "store/sqlite/sqlite_impl.h"

#define CONTENT_BYTES_MAX ((size_t)1 << 30)
#define OLD_AT_ONCE 1000

/* --- put ---------------------------------------------------------------------------------------------------------- */

static int put_content(struct sqlite *s, struct str content, const uint8_t hash[SHA256_BYTES], int64_t *ret_id)
{
    struct buf packed;
    buf_init(&packed, CONTENT_BYTES_MAX);
    int r = lz_pack(content, &packed);
    if (r == 0) {
        sqlite3_stmt *st = sqlite_stmt(s, STMT_CONTENT_PUT);
        sql_bind_blob(st, 1, hash, SHA256_BYTES);
        sql_bind_blob(st, 2, packed.p, packed.n);
        r = sqlite_run(s, st);
    }
    buf_deinit(&packed);
    if (r == 0)
        *ret_id = sqlite3_last_insert_rowid(s->db);
    return r;
}

/* The row of what is kept already, or a new one; 0 for what is empty. */
static int content_of(struct sqlite *s, struct str content, int64_t *ret_id)
{
    uint8_t hash[SHA256_BYTES];
    sqlite3_stmt *st = sqlite_stmt(s, STMT_CONTENT_FIND);
    *ret_id = 0;
    if (content.n == 0)
        return 0;
    sha256(content, hash);
    sql_bind_blob(st, 1, hash, SHA256_BYTES);
    int r = sqlite_row(s, st);
    if (r == SQLITE_R_NONE)
        return put_content(s, content, hash, ret_id);
    if (r == 0) {
        *ret_id = sql_i64(st, 0);
        (void)sqlite3_reset(st); /* says again what step said */
    }
    return r;
}

static int put_body(struct sqlite *s, const struct kept_body *b)
{
    int64_t content;
    int r = content_of(s, b->content, &content);
    if (r < 0)
        return r;
    sqlite3_stmt *st = sqlite_stmt(s, STMT_BODY_PUT);
    sql_bind_str(st, 1, b->call_id);
    sql_bind_int(st, 2, b->side);
    sql_bind_int(st, 3, b->at);
    sql_bind_str(st, 4, b->run_id);
    sql_bind_str(st, 5, b->agent);
    sql_bind_str(st, 6, b->tenant);
    sql_bind_str(st, 7, b->content_type);
    sql_bind_str(st, 8, b->encoding);
    sql_bind_int(st, 9, b->bytes);
    sql_bind_int(st, 10, b->is_cut);
    sql_bind_int(st, 11, b->lack);
    sql_bind_int(st, 12, content);
    return sqlite_run(s, st);
}

/* --- bounded ------------------------------------------------------------------------------------------------------ */

static int sum_of(struct sqlite *s, int64_t *ret)
{
    sqlite3_stmt *st = sqlite_stmt(s, STMT_BODIES_SUM);
    int r = sqlite_row(s, st);
    if (r == 0) {
        *ret = sql_i64(st, 0);
        (void)sqlite3_reset(st); /* says again what step said */
    }
    return r;
}

static int drop_old(struct sqlite *s, wall_t before, int64_t *ret_removed)
{
    sqlite3_stmt *st = sqlite_stmt(s, STMT_BODIES_OLD);
    int r = 0, n = OLD_AT_ONCE;
    while (r == 0 && n == OLD_AT_ONCE) {
        sql_bind_int(st, 1, before);
        sql_bind_int(st, 2, OLD_AT_ONCE);
        r = sqlite_run(s, st);
        n = sqlite3_changes(s->db);
        *ret_removed += r == 0 ? n : 0;
    }
    return r;
}

static int make_room(struct sqlite *s, int64_t bytes_max, int64_t *ret_removed)
{
    int64_t bytes = 0;
    int r = sum_of(s, &bytes);
    while (r == 0 && bytes > bytes_max) {
        r = sqlite_run(s, sqlite_stmt(s, STMT_BODY_OLDEST));
        *ret_removed += r == 0;
        if (r == 0)
            r = sum_of(s, &bytes);
    }
    return r;
}

static int keep_all(struct sqlite *s, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                    int64_t *ret_removed)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = put_body(s, &bodies[i]);
    if (r == 0 && bound->before)
        r = drop_old(s, bound->before, ret_removed);
    return r == 0 ? make_room(s, bound->bytes_max, ret_removed) : r;
}

int sqlite_keep(struct store *store, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                int64_t *ret_removed)
{
    struct sqlite *s = (struct sqlite *)store;
    int64_t n_removed = 0;
    if (s->has_failed)
        return err_trace(-ERR_IO);
    int r = sqlite_run(s, sqlite_stmt(s, STMT_BEGIN));
    if (r < 0)
        return r;
    r = keep_all(s, bodies, n, bound, &n_removed);
    if (r == 0)
        r = sqlite_run(s, sqlite_stmt(s, STMT_COMMIT));
    if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite_run(s, sqlite_stmt(s, STMT_ROLLBACK)); /* if that fails too, the next BEGIN does */
    if (r == 0)
        *ret_removed = n_removed;
    return r;
}

/* --- asked for ---------------------------------------------------------------------------------------------------- */

#define COLUMNS \
    "SELECT b.id, b.call_id, b.side, b.at, b.run_id, b.agent, b.tenant, b.type, b.encoding, b.bytes, b.is_cut," \
    " b.lack, c.packed FROM bodies b LEFT JOIN contents c ON c.id = b.content"

/* The row's texts are valid until the next step, its content until `unpacked` changes. */
static int read_body(sqlite3_stmt *st, struct buf *unpacked, struct kept_body *ret)
{
    int64_t side = sql_i64(st, 2), lack = sql_i64(st, 11);
    buf_reset(unpacked);
    if (side < 0 || side >= BODY_SIDES || lack < 0 || lack >= BODY_LACKS)
        return err_trace(-ERR_CORRUPT);
    if (!sql_is_null(st, 12) && lz_unpack(sql_blob(st, 12), unpacked) < 0)
        return err_trace(-ERR_CORRUPT);
    *ret = (struct kept_body){.call_id = sql_str(st, 1),
                              .side = (enum body_side)side,
                              .at = sql_i64(st, 3),
                              .run_id = sql_str(st, 4),
                              .agent = sql_str(st, 5),
                              .tenant = sql_str(st, 6),
                              .content_type = sql_str(st, 7),
                              .encoding = sql_str(st, 8),
                              .bytes = sql_i64(st, 9),
                              .is_cut = sql_i64(st, 10) != 0,
                              .lack = (enum body_lack)lack,
                              .content = buf_str(unpacked)};
    return 0;
}

int sqlite_ask_bodies(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    struct buf unpacked;
    sqlite3_stmt *st;
    struct kept_body b;
    int rc = SQLITE_DONE;
    int r = sql_prepare(reader->db,
                        STR(COLUMNS " WHERE b.call_id = ?1 AND ?2 IN ('', b.tenant) ORDER BY b.side, b.id"), &st);
    if (r < 0)
        return r;
    buf_init(&unpacked, CONTENT_BYTES_MAX);
    sql_bind_str(st, 1, q->id);
    sql_bind_str(st, 2, q->tenant);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        r = read_body(st, &unpacked, &b);
        if (r == 0)
            render_body(w, &b);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    buf_deinit(&unpacked);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* True: enough was looked at. */
static bool look(struct json_writer *w, const struct query *q, const struct body_words *bw, const struct kept_body *b,
                 int64_t *n_left, struct body_searched *s)
{
    s->bodies++;
    s->bytes += (int64_t)b->content.n;
    s->since = b->at;
    *n_left -= render_body_hit(w, b, bw);
    return *n_left == 0 || s->bytes >= q->search_bytes;
}

static int search(sqlite3_stmt *st, const struct query *q, const struct body_words *bw, struct json_writer *w)
{
    struct buf unpacked;
    struct kept_body b;
    struct body_searched s = {0};
    int64_t n_left = q->rows_max;
    int rc = SQLITE_DONE, r = 0;
    buf_init(&unpacked, CONTENT_BYTES_MAX);
    while (r == 0 && s.next == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        uint64_t id = (uint64_t)sql_i64(st, 0);
        r = read_body(st, &unpacked, &b);
        if (r == 0 && look(w, q, bw, &b, &n_left, &s) && id > 1)
            s.next = id;
    }
    if (r == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    buf_deinit(&unpacked);
    if (r == 0)
        render_body_searched(w, &s);
    return r;
}

int sqlite_ask_body_text(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    struct body_words bw;
    sqlite3_stmt *st;
    int r = body_words_init(&bw, q->text);
    if (r == 0)
        r = sql_prepare(reader->db,
                        STR(COLUMNS " WHERE b.content <> 0 AND ?1 IN ('', b.tenant) AND (?2 = 0 OR b.id < ?2)"
                                    " AND b.at >= ?3 AND (?4 = 0 OR b.at < ?4) ORDER BY b.id DESC"),
                        &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, q->tenant);
    sql_bind_int(st, 2, (int64_t)q->before_seq);
    sql_bind_int(st, 3, q->since);
    sql_bind_int(st, 4, q->until);
    r = search(st, q, &bw, w);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}
