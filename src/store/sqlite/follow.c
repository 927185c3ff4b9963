/*
 * store/sqlite/follow.c - queries of those who follow along: what ended, what has become quiet, how far they had got.
 *
 * Packs are walked in order, so that following costs what is new, however long the history is.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"


#define PLACES_BYTES_MAX ((size_t)4 << 20)

/* A call that a frame ended: found in a pack, and read when the pack is done with. */
struct ended {
    uint64_t frame_seq, open_seq;
};

struct following {
    struct store_reader *r;
    const struct query *q;
    struct json_writer *w;
    struct arena found; /* of one pack */
    struct ended *ends;
    size_t n_ends;
    int64_t rows_left;
    uint64_t seen;
};

/* --- which call a frame ended ------------------------------------------------------------------------------------- */

static int end_of(struct following *f, const struct frame *frame, uint64_t *ret_open_seq)
{
    struct call_open open;
    struct call_close close;
    int r = 0;
    *ret_open_seq = 0;
    arena_reset(&f->r->arena);
    if (frame->kind == FRAME_OPEN) {
        r = frame_read_open(&f->r->arena, frame, &open);
        *ret_open_seq = r == 0 && open.ended_at ? frame->seq : 0;
    } else if (frame->kind == FRAME_CLOSE) {
        r = frame_read_close(&f->r->arena, frame, &close);
        *ret_open_seq = r == 0 ? close.open_seq : 0;
    }
    return r;
}

static int ends_of_pack(struct following *f, sqlite3_stmt *st, uint64_t after)
{
    struct pack_iter it;
    struct frame frame;
    size_t cap = (size_t)(sql_i64(st, 3) - sql_i64(st, 2)) + 1;
    int r = packs_row(&f->r->packs, st, 0, &it);
    arena_reset(&f->found);
    f->n_ends = 0;
    f->ends = arena_try_alloc(&f->found, cap * sizeof *f->ends);
    if (!f->ends)
        return err_trace(-ERR_TOO_LARGE);
    while (r == 0 && (r = pack_next(&it, &frame)) == 0) {
        uint64_t open_seq;
        if (frame.seq <= after)
            continue;
        r = end_of(f, &frame, &open_seq);
        if (r == 0 && open_seq && f->n_ends < cap)
            f->ends[f->n_ends++] = (struct ended){frame.seq, open_seq};
    }
    return r == PACK_R_END ? 0 : r;
}

/* --- the record --------------------------------------------------------------------------------------------------- */

static struct str body_of(void *ctx, struct str call_id)
{
    struct following *f = ctx;
    struct frame open;
    int64_t seq;
    bool is_known = sqlite_call_by_id(f->r->db, call_id, &seq) == 0 && sqlite_frame_at(f->r, seq, &open) == 0;
    return is_known ? open.body : STR_NONE;
}

/* A second CLOSE only corrects what was over already. */
static int put_ended(struct following *f, const struct ended *e)
{
    const struct call_row *row;
    struct call_texts texts;
    int r = blocks_call(&f->r->blocks, e->open_seq, &row);
    if (r < 0 || (row->close_seq && row->close_seq != e->frame_seq))
        return r;
    arena_reset(&f->r->arena);
    r = sqlite_texts_of_call(f->r, e->open_seq, &texts);
    if (r == 0)
        r = render_ended(&f->r->arena, f->w, &texts, body_of, f);
    f->rows_left--;
    return r;
}

static int put_pack(struct following *f, sqlite3_stmt *st)
{
    uint64_t last = (uint64_t)sql_i64(st, 3);
    int r = ends_of_pack(f, st, f->seen);
    for (size_t i = 0; i < f->n_ends && r == 0; i++) {
        if (f->rows_left == 0)
            return 0;
        f->seen = f->ends[i].frame_seq;
        r = put_ended(f, &f->ends[i]);
    }
    if (r == 0 && f->rows_left > 0)
        f->seen = last;
    return r;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static int walk(struct following *f)
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE;
    int r = sql_prepare(f->r->db,
                        STR("SELECT f.frames, p.texts, f.seq, f.last FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
                            " WHERE f.last > ?1 AND f.seq >= (SELECT coalesce(max(seq), 0) FROM packs WHERE seq <= ?1)"
                            " ORDER BY f.seq"),
                        &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, (int64_t)f->seen);
    while (r == 0 && f->rows_left > 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = put_pack(f, st);
    if (r == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

int sqlite_ask_ended(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    struct following f = {.r = reader, .q = q, .w = w, .rows_left = query_rows(q), .seen = q->after_seq};
    arena_init(&f.found, PLACES_BYTES_MAX);
    int r = walk(&f);
    render_seen(w, f.seen);
    arena_deinit(&f.found);
    return r;
}

/* --- runs and marks ----------------------------------------------------------------------------------------------- */

static void put_run(sqlite3_stmt *st, struct json_writer *w)
{
    struct run_row row = {
        .run_id = sql_str(st, 0),
        .agent = sql_str(st, 1),
        .tenant = sql_str(st, 2),
        .sum = {sql_i64(st, 3), sql_i64(st, 4), sql_i64(st, 5), sql_i64(st, 6), sql_i64(st, 8),
                (enum how)sql_i64(st, 7)},
        .first_at = sql_i64(st, 9),
        .last_at = sql_i64(st, 10),
        .first_seq = (uint64_t)sql_i64(st, 11),
        .last_seq = (uint64_t)sql_i64(st, 12),
    };
    render_quiet_run(w, &row, sql_i64(st, 13));
}

/* In the order of their last calls, up to the first that is not quiet yet. */
int sqlite_ask_quiet_runs(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    sqlite3_stmt *st;
    int rc;
    int r = sql_prepare(reader->db,
                        STR("SELECT r.run_id, r.agent, r.tenant, r.calls, r.denied, r.unknown, r.settled_nano,"
                            " r.settled_how, r.held_nano, r.first_at, r.last_at, r.first_seq, r.last_seq,"
                            " coalesce(c.ended_at, 0) FROM runs r LEFT JOIN calls c ON c.open_seq = r.last_seq"
                            " WHERE r.last_seq > ?1 ORDER BY r.last_seq LIMIT ?2"),
                        &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, (int64_t)q->after_seq);
    sql_bind_int(st, 2, query_rows(q));
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && (q->until == 0 || sql_i64(st, 10) < q->until))
        put_run(st, w);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

int sqlite_ask_marks(struct store_reader *reader, struct json_writer *w)
{
    sqlite3_stmt *st;
    int rc;
    int r = sql_prepare(reader->db, STR("SELECT name, seq FROM marks ORDER BY name"), &st);
    if (r < 0)
        return r;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        render_mark(w, sql_str(st, 0), (uint64_t)sql_i64(st, 1));
    if (rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}
