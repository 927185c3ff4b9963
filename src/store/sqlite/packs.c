/*
 * store/sqlite/packs.c - finds a frame's pack and reads along it. Neighbours are mostly asked for one after the other,
 * so the last pack is kept at hand.
 */
#include "store/sqlite/packs.h"

#include "base/err.h"

int packs_init(sqlite3 *db, struct packs *ret)
{
    *ret = (struct packs){0};
    pack_init(&ret->pack);
    return sql_prepare(db,
                       STR("SELECT f.seq, f.last, f.frames, p.texts FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
                           " WHERE f.seq <= ?1 ORDER BY f.seq DESC LIMIT 1"),
                       &ret->get);
}

void packs_deinit(struct packs *p)
{
    (void)sqlite3_finalize(p->get); /* says again what step said */
    p->get = NULL;
    pack_deinit(&p->pack);
}

void packs_rest(struct packs *p)
{
    p->last = 0;
}

static struct str blob(sqlite3_stmt *st, int i)
{
    const char *p = sqlite3_column_blob(st, i);
    return (struct str){p, (size_t)sqlite3_column_bytes(st, i)};
}

int packs_row(struct packs *p, sqlite3_stmt *st, int i, struct pack_iter *ret)
{
    packs_rest(p);
    return pack_read(&p->pack, blob(st, i), blob(st, i + 1), ret);
}

static int go_to(struct packs *p, uint64_t seq)
{
    sql_bind_int(p->get, 1, (int64_t)seq);
    int rc = sqlite3_step(p->get), r;
    if (rc != SQLITE_ROW) {
        r = rc == SQLITE_DONE ? -ERR_NOT_FOUND : sql_error(rc);
    } else if (seq > (uint64_t)sql_i64(p->get, 1)) {
        r = -ERR_NOT_FOUND;
    } else {
        r = packs_row(p, p->get, 2, &p->row);
        if (r == 0) {
            p->first = (uint64_t)sql_i64(p->get, 0);
            p->last = (uint64_t)sql_i64(p->get, 1);
        }
    }
    (void)sqlite3_reset(p->get); /* says again what step said */
    return r;
}

int packs_frame(struct packs *p, uint64_t seq, struct frame *ret)
{
    struct frame f;
    int r = p->last && p->first <= seq && seq <= p->last ? 0 : go_to(p, seq);
    if (r < 0)
        return r;
    struct pack_iter it = p->row;
    while ((r = pack_next(&it, &f)) == 0 && f.seq != seq)
        ;
    if (r == 0)
        *ret = f;
    return r == PACK_R_END ? err_trace(-ERR_CORRUPT) : r;
}
