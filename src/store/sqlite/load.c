/*
 * store/sqlite/load.c - what the next start needs, in time that does not grow with history: every query here goes
 * through an index on what is live. And the rebuild, which reads everything.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/rebuild.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdlib.h>

/* --- load
 * ------------------------------------------------------------------------------------------------------------- */

/* Runs on_row for each row. */
static int each_row(sqlite3 *db, struct str sql, const int64_t *args, int n_args,
                    int (*on_row)(sqlite3_stmt *st, void *ctx), void *ctx)
{
    sqlite3_stmt *st;
    int r = sql_prepare(db, sql, &st), rc;
    if (r < 0)
        return r;
    for (int i = 0; i < n_args; i++)
        sql_bind_int(st, 1 + i, args[i]);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && (r = on_row(st, ctx)) == 0)
        ;
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

struct counting {
    const struct store_loader *to;
    wall_t now;
};

static int on_counter(sqlite3_stmt *st, void *ctx)
{
    const struct counting *c = ctx;
    struct counter_row row = {sql_str(st, 0), sql_str(st, 1), sql_str(st, 2),
                              sql_i64(st, 3), sql_i64(st, 4), sql_i64(st, 5)};
    if (row.held == 0 && window_is_past(row.window, row.window_start, c->now))
        return 0;
    return c->to->on_counter(c->to->ctx, &row);
}

#define COUNTER_COLUMNS "counter, bucket, window, window_start, settled, held"

/*
 * Windows without a start are never over. Of those with one, none that counts still began before the longest sliding
 * one's oldest slot, or something is held in it.
 */
static int load_counters(sqlite3 *db, wall_t now, const struct store_loader *to)
{
    struct counting c = {to, now};
    const int64_t args[] = {now - (window_end(WINDOW_SLIDING, SLIDING_NS_MAX, NULL, now) - now)};
    int r = each_row(db, STR("SELECT " COUNTER_COLUMNS " FROM counters WHERE window_start = 0 AND held = 0"), NULL, 0,
                     on_counter, &c);
    if (r == 0)
        r = each_row(db, STR("SELECT " COUNTER_COLUMNS " FROM counters"
                             " WHERE window_start >= ?1 AND window_start <> 0 AND held = 0"), args, 1, on_counter, &c);
    if (r == 0)
        r = each_row(db, STR("SELECT " COUNTER_COLUMNS " FROM counters WHERE held <> 0"), NULL, 0, on_counter, &c);
    return r;
}

/* Rows that name a frame, and whom they go to. */
struct loading {
    struct sqlite *s;
    const struct store_loader *to;
    sqlite3_stmt *holds;
    struct arena arena;
};

static int on_state(sqlite3_stmt *st, void *ctx)
{
    struct loading *l = ctx;
    struct frame f = {0};
    int r = packs_frame(&l->s->packs, (uint64_t)sql_i64(st, 1), &f);
    if (r < 0)
        return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    struct state_row row = {sql_str(st, 0), f.body, f.personal, sql_i64(st, 2) != 0, sql_i64(st, 3)};
    return l->to->on_state(l->to->ctx, &row);
}

/* What was ended and never set has no event to show. */
static int load_states(sqlite3 *db, struct loading *l)
{
    return each_row(db, STR("SELECT kind, seq, is_over, over_at FROM states WHERE seq <> 0 ORDER BY seq"), NULL, 0,
                    on_state, l);
}

static int on_open(sqlite3_stmt *st, void *ctx)
{
    struct loading *l = ctx;
    struct open_row row = {.open_seq = (uint64_t)sql_i64(st, 0), .is_closed = sql_i64(st, 1) != 0};
    struct frame f = {0};
    struct json body;
    int rc, r = packs_frame(&l->s->packs, row.open_seq, &f);
    if (r < 0)
        return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    arena_reset(&l->arena);
    row.body = f.body;
    row.personal = f.personal;
    r = frame_parse(&l->arena, row.body, &body);
    if (r < 0)
        return r;
    row.n_left = json_len(json_get(body, STR("limits")));
    int64_t *left = arena_alloc(&l->arena, (row.n_left + 1) * sizeof *left);
    sql_bind_int(l->holds, 1, (int64_t)row.open_seq);
    while ((rc = sqlite3_step(l->holds)) == SQLITE_ROW) {
        size_t i = (size_t)sql_i64(l->holds, 0);
        if (i < row.n_left)
            left[i] = sql_i64(l->holds, 1);
    }
    (void)sqlite3_reset(l->holds); /* says again what step said */
    row.left = left;
    return rc == SQLITE_DONE ? l->to->on_open(l->to->ctx, &row) : sql_error(rc);
}

static int load_open(sqlite3 *db, struct loading *l)
{
    int r = sql_prepare(db, STR("SELECT i, remaining FROM holds WHERE open_seq = ?1"), &l->holds);
    if (r < 0)
        return r;
    r = each_row(db, STR("SELECT c.open_seq, c.close_seq FROM"
                         " (SELECT open_seq FROM odd_calls WHERE outcome = ''"
                         "  UNION SELECT open_seq FROM holds) live"
                         " JOIN calls c ON c.open_seq = live.open_seq ORDER BY 1"), NULL, 0, on_open, l);
    (void)sqlite3_finalize(l->holds); /* says again what step said */
    return r;
}

int sqlite_load(struct store *store, wall_t now, const struct store_loader *to)
{
    struct sqlite *s = (struct sqlite *)store;
    struct loading l = {.s = s, .to = to};
    arena_init(&l.arena, (size_t)1 << 30);
    int r = load_states(s->db, &l);
    if (r == 0)
        r = load_counters(s->db, now, to);
    if (r == 0)
        r = load_open(s->db, &l);
    packs_rest(&s->packs);
    arena_deinit(&l.arena);
    return r;
}

struct linking {
    int (*on_link)(void *ctx, const struct run_link_row *l);
    void *ctx;
};

static int on_link(sqlite3_stmt *st, void *ctx)
{
    const struct linking *l = ctx;
    const struct run_link_row row = {sql_str(st, 0), sql_str(st, 1), sql_str(st, 2)};
    return l->on_link(l->ctx, &row);
}

int sqlite_links(struct store *store, size_t n_max, int (*to)(void *ctx, const struct run_link_row *l), void *ctx)
{
    struct linking l = {to, ctx};
    const int64_t args[] = {(int64_t)n_max};
    return each_row(((struct sqlite *)store)->db,
                    STR("SELECT tenant, run_id, root FROM"
                        " (SELECT * FROM run_links ORDER BY open_seq DESC LIMIT ?1) ORDER BY open_seq"),
                    args, 1, on_link, &l);
}

/* --- rebuild
 * ---------------------------------------------------------------------------------------------------------- */

struct rebuilding {
    struct packs walk, late; /* all in order; those of moves that come late */
    struct rebuild *rebuild;
    struct json_writer w;
};

static int frame_at(void *ctx, uint64_t seq, struct frame *ret)
{
    struct rebuilding *b = ctx;
    int r = packs_frame(&b->late, seq, ret);
    return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
}

static int on_pack(sqlite3_stmt *st, void *ctx)
{
    struct rebuilding *b = ctx;
    struct pack_iter it;
    struct frame f;
    int r = packs_row(&b->walk, st, 0, &it);
    while (r == 0 && (r = pack_next(&it, &f)) == 0)
        if ((r = rebuild_frame(b->rebuild, &f)) < 0)
            return r;
    return r == PACK_R_END ? 0 : r;
}

static int on_stored(sqlite3_stmt *st, void *ctx)
{
    struct rebuilding *b = ctx;
    struct tally_row row = {
        .counter = sql_str(st, 0),
        .bucket = sql_str(st, 1),
        .window_start = sql_i64(st, 2),
        .settled = sql_i64(st, 3),
        .held = sql_i64(st, 4),
    };
    return rebuild_counter(b->rebuild, &row, &b->w);
}

static int quick_check_row(sqlite3_stmt *st, void *ctx)
{
    return str_eq(sql_str(st, 0), STR("ok")) ? 0 : err_trace(-ERR_CORRUPT);
}

static int rebuild_all(sqlite3 *db, struct rebuilding *b, size_t *ret_n)
{
    int r = each_row(db, STR("PRAGMA quick_check(1)"), NULL, 0, quick_check_row, NULL);
    if (r == 0)
        r = sql_exec(db, "BEGIN"); /* one snapshot of frames and counters */
    if (r == 0)
        r = packs_init(db, &b->walk);
    if (r == 0)
        r = packs_init(db, &b->late);
    if (r == 0)
        r = each_row(db, STR("SELECT f.frames, p.texts FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
                             " ORDER BY f.seq"), NULL, 0, on_pack, b);
    if (r == 0)
        r = each_row(db, STR("SELECT counter, bucket, window_start, settled, held FROM counters ORDER BY 1, 2, 3"),
                     NULL, 0, on_stored, b);
    return r == 0 ? rebuild_end(b->rebuild, &b->w, ret_n) : r;
}

int sqlite_rebuild(struct store *store, struct buf *ret_json)
{
    struct rebuilding b = {0};
    sqlite3 *db;
    size_t n = 0;
    int r = sqlite_open_reader((struct sqlite *)store, &db);
    if (r < 0)
        return r;
    jw_init(&b.w, ret_json);
    jw_array(&b.w);
    r = rebuild_new(frame_at, &b, &b.rebuild);
    if (r == 0)
        r = rebuild_all(db, &b, &n);
    jw_array_end(&b.w);
    rebuild_free(b.rebuild);
    packs_deinit(&b.walk);
    packs_deinit(&b.late);
    (void)sqlite3_close_v2(db);          /* ends the read transaction */
    if (r == 0)
        r = buf_ok(ret_json);
    return r < 0 ? r : n ? STORE_R_DIFFERS : 0;
}
