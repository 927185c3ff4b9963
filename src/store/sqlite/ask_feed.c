/*
 * store/sqlite/ask_feed.c - the feed: along the packs behind a seq, and back to what each frame goes on from.
 *
 * The walk and the looks back have a pack at hand each, so that a call that was opened a while ago costs one unpacking
 * and not one for every frame.
 */
#include "base/err.h"
#include "store/feed.h"
#include "store/sqlite/sqlite_impl.h"

static const char WALK_SQL[] =
    "SELECT f.frames, p.texts FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
    " WHERE f.seq >= (SELECT coalesce(max(seq), 0) FROM packs WHERE seq <= ?1) ORDER BY f.seq";

static int source_frame(void *ctx, uint64_t seq, struct frame *ret)
{
    struct store_reader *r = ctx;
    struct frame f;
    int e = packs_frame(&r->packs, seq, &f);
    if (e < 0)
        return e == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : e;
    e = arena_try_str(&r->arena, f.body, &f.body);
    if (e == 0)
        e = arena_try_str(&r->arena, f.personal, &f.personal);
    if (e == 0)
        *ret = f;
    return e;
}

static int source_first_close(void *ctx, uint64_t open_seq, uint64_t *ret_seq)
{
    struct store_reader *r = ctx;
    const struct call_row *row;
    int e = blocks_call(&r->blocks, open_seq, &row);
    if (e == 0)
        *ret_seq = row->close_seq;
    return e;
}

/* The frames of one pack behind what was looked at. */
static int put_pack(struct feed_rows *f, struct packs *walk, sqlite3_stmt *st)
{
    struct pack_iter it;
    struct frame frame;
    int r = packs_row(walk, st, 0, &it);
    while (r == 0 && (r = pack_next(&it, &frame)) == 0) {
        if (frame.seq <= f->seq)
            continue;
        r = feed_rows_add(f, &frame);
        if (r == FEED_R_FULL)
            return r;
    }
    return r == PACK_R_END ? 0 : r;
}

static int put_packs(struct feed_rows *f, struct packs *walk, sqlite3_stmt *st)
{
    int rc, r = 0;
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = put_pack(f, walk, st);
    if (r != 0)
        return r < 0 ? r : 0; /* full */
    return rc == SQLITE_DONE ? 0 : sql_error(rc);
}

int sqlite_ask_feed(struct store_reader *r, const struct query *q, struct json_writer *w)
{
    struct feed_source from = {source_frame, source_first_close, r};
    struct feed_rows f;
    struct packs walk;
    sqlite3_stmt *st;
    feed_rows_init(&f, &r->arena, q, w, &from);
    int e = packs_init(r->db, &walk);
    if (e == 0)
        e = sql_prepare(r->db, str_c(WALK_SQL), &st);
    if (e == 0) {
        sql_bind_int(st, 1, (int64_t)q->after_seq + 1);
        e = put_packs(&f, &walk, st);
        (void)sqlite3_finalize(st); /* says again what step said */
    }
    packs_deinit(&walk);
    feed_rows_end(&f);
    return e;
}
