/*
 * store/sqlite/ask_named.c - the calls of one customer or user: the marks of frames (finds.h) lead to them, so that few
 * calls in a long history cost what reading its marks costs.
 *
 * A call may name its customer in a later frame only. A frame stands behind the one that opened its call: so once
 * enough calls are known that were opened behind a block, no block before it can add a newer one.
 */
#include "base/err.h"
#include "base/map.h"
#include "store/find.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/sqlite/finds.h"

#include <stdlib.h>

#define CALLS_MAX ((size_t)1 << 20) /* looked at by one question: more than any page has */

struct named {
    struct store_reader *r;
    const struct query *q;
    int64_t from, to;   /* open_seqs that are asked for */
    struct map looked;  /* open_seqs that were looked at */
    int64_t *fitting;
    size_t n, cap;
};

bool sqlite_is_named(const struct query *q)
{
    struct str name = q->customer.n ? q->customer : q->user;
    return name.n > 0 && name.n <= FIND_BYTES_MAX;
}

static int keep(struct named *m, int64_t open_seq)
{
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 256;
        int64_t *p = realloc(m->fitting, cap * sizeof *p);
        if (!p)
            return err_trace(-ERR_NOMEM);
        m->fitting = p;
        m->cap = cap;
    }
    m->fitting[m->n++] = open_seq;
    return 0;
}

static bool time_fits(const struct query *q, wall_t at)
{
    return (q->since == 0 || at >= q->since) && (q->until == 0 || at < q->until);
}

/* The call, unless it was looked at before. */
static int look_at_call(struct named *m, int64_t open_seq)
{
    struct str key = {(const char *)&open_seq, sizeof open_seq};
    struct call_texts t;
    struct call_row row;
    if (open_seq < m->from || open_seq > m->to || map_get(&m->looked, key))
        return 0;
    int r = map_put(&m->looked, key, m, NULL);
    if (r == 0)
        r = sqlite_texts_of_call(m->r, (uint64_t)open_seq, &t);
    if (r == 0)
        r = call_row_of(&m->r->arena, &t, &row);
    if (r < 0 || !call_row_fits(m->q, &row) || !time_fits(m->q, row.started_at))
        return err_trace(r);
    return keep(m, open_seq);
}

static int look_at_frame(struct named *m, uint64_t seq)
{
    struct frame frame;
    struct call_close close;
    arena_reset(&m->r->arena);
    int r = packs_frame(&m->r->packs, seq, &frame);
    if (r < 0)
        return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    if (frame.kind == FRAME_OPEN)
        return look_at_call(m, (int64_t)seq);
    if (frame.kind != FRAME_CLOSE)
        return 0;
    r = frame_read_close(&m->r->arena, &frame, &close);
    return r < 0 ? r : look_at_call(m, (int64_t)close.open_seq);
}

static bool has_enough_behind(const struct named *m, int64_t seq)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        n += m->fitting[i] >= seq;
    return n >= query_rows(m->q);
}

static int look_at_blocks(struct named *m)
{
    struct finds_key key;
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = finds_key_read(m->r->db, &key);
    if (r == 0)
        r = sql_prepare(m->r->db, STR("SELECT block, entries FROM finds WHERE block >= ?1 ORDER BY block DESC"), &st);
    if (r < 0)
        return r;
    uint32_t mark = finds_mark(&key, m->q->customer.n ? m->q->customer : m->q->user);
    sql_bind_int(st, 1, m->from / PLACE_SEQS);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct str entries = sql_blob(st, 1);
        int64_t block = sql_i64(st, 0);
        size_t i = finds_has(entries, mark) ? finds_count(entries) : 0;
        uint64_t seq;
        while (r == 0 && finds_next(entries, block, mark, &i, &seq))
            r = look_at_frame(m, seq);
        if (r == 0 && has_enough_behind(m, block * PLACE_SEQS))
            break;
    }
    if (r == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int newest_first(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a < b) - (a > b);
}

static int put_all(struct named *m, struct json_writer *w)
{
    struct call_texts t;
    int r = 0;
    if (m->n)
        qsort(m->fitting, m->n, sizeof *m->fitting, newest_first);
    for (size_t i = 0; i < m->n && (int64_t)i < query_rows(m->q) && r == 0; i++) {
        arena_reset(&m->r->arena);
        r = sqlite_texts_of_call(m->r, (uint64_t)m->fitting[i], &t);
        if (r == 0)
            r = render_call(&m->r->arena, w, &t, false);
    }
    return r;
}

int sqlite_ask_named(struct store_reader *reader, const struct query *q, int64_t from, int64_t to,
                     struct json_writer *w)
{
    struct named m = {.r = reader, .q = q, .from = from, .to = to};
    map_init(&m.looked, CALLS_MAX, NULL);
    int r = look_at_blocks(&m);
    if (r == 0)
        r = put_all(&m, w);
    map_deinit(&m.looked);
    free(m.fitting);
    return r;
}
