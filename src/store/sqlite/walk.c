/*
 * store/sqlite/walk.c - frames as they were written, a stretch at a time: between two stretches no snapshot is held, so
 * that a long walk keeps no checkpoint waiting.
 */
#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

static const char SQL[] =
    "SELECT f.frames, p.texts FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
    " WHERE f.seq >= max((SELECT coalesce(max(seq), 0) FROM packs WHERE seq <= ?1),"
    "  coalesce((SELECT seq FROM packs WHERE at < ?2 ORDER BY at DESC LIMIT 1), 0)) ORDER BY f.seq";

struct walk {
    uint64_t after;
    size_t n_left;
    int (*on_frame)(void *ctx, const struct frame *f);
    void *ctx;
};

/* 0: there is room for more. WALK_R_ENOUGH; what on_frame says. */
#define WALK_R_ENOUGH 4

static int walk_pack(struct walk *w, struct pack_iter *it)
{
    struct frame f;
    int r;
    while ((r = pack_next(it, &f)) == 0) {
        if (f.seq <= w->after)
            continue;
        r = w->on_frame(w->ctx, &f);
        if (r != 0)
            return r;
        if (--w->n_left == 0)
            return WALK_R_ENOUGH;
    }
    return r == PACK_R_END ? 0 : r;
}

static int walk_rows(struct store_reader *r, struct walk *w, sqlite3_stmt *st)
{
    struct pack_iter it;
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        int e = packs_row(&r->packs, st, 0, &it);
        if (e == 0)
            e = walk_pack(w, &it);
        if (e != 0)
            return e == WALK_R_ENOUGH ? 0 : e;
    }
    return rc == SQLITE_DONE ? STORE_R_END : sql_error(rc);
}

int sqlite_walk(struct store_reader *r, uint64_t after, wall_t since, size_t n_frames,
                int (*on_frame)(void *ctx, const struct frame *f), void *ctx)
{
    struct walk w = {.after = after, .n_left = n_frames ? n_frames : 1, .on_frame = on_frame, .ctx = ctx};
    sqlite3_stmt *st;
    int e = sql_prepare(r->db, str_c(SQL), &st);
    if (e < 0)
        return e;
    sql_bind_int(st, 1, (int64_t)after + 1);
    sql_bind_int(st, 2, since);
    e = walk_rows(r, &w, st);
    (void)sqlite3_finalize(st); /* says again what step said */
    packs_rest(&r->packs);
    return e;
}
