/*
 * store/rebuild.c - a fold over frames. Only calls that still hold something are kept in memory.
 */
#include "store/rebuild.h"

#include "base/check.h"
#include "base/err.h"
#include "call/window.h"

#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define LIVE_MAX ((size_t)1 << 32)

/* A call's holds that are not over. */
struct live {
    size_t n;
    struct live_charge {
        size_t i;
        struct tally_row *row;
        int64_t left;
    } charges[];
};

struct rebuild {
    int (*frame_at)(void *ctx, uint64_t seq, struct frame *ret);
    void *ctx;
    struct arena arena;
    struct tally counted; /* what the frames say; rows that were compared are zeroed */
    struct tally erased;  /* a row for each (counter, window start) with an erased bucket: counted minus stored */
    struct tally newest;  /* of fleeting windows: a row a bucket, one a counter; `settled` is the latest start */
    struct map live;      /* open_seq -> struct live */
    size_t n_different;
};

static struct str seq_key(const uint64_t *seq)
{
    return (struct str){(const char *)seq, sizeof *seq};
}

int rebuild_new(int (*frame_at)(void *ctx, uint64_t seq, struct frame *ret), void *ctx, struct rebuild **ret)
{
    struct rebuild *r = calloc(1, sizeof *r);
    if (!r)
        return err_trace(-ERR_NOMEM);
    r->frame_at = frame_at;
    r->ctx = ctx;
    arena_init(&r->arena, ARENA_BYTES_MAX);
    tally_init(&r->counted);
    tally_init(&r->erased);
    tally_init(&r->newest);
    map_init(&r->live, LIVE_MAX, NULL);
    *ret = r;
    return 0;
}

void rebuild_free(struct rebuild *r)
{
    if (!r)
        return;
    size_t i = 0;
    struct str key;
    void *live;
    while (map_next(&r->live, &i, &key, &live))
        free(live);
    map_deinit(&r->live);
    tally_deinit(&r->counted);
    tally_deinit(&r->erased);
    tally_deinit(&r->newest);
    arena_deinit(&r->arena);
    free(r);
}

static int note_newest(struct rebuild *r, struct hold_row h)
{
    wall_t start = h.window_start, oldest;
    if (!window_is_fleeting(h.window, start, &oldest))
        return 0;
    h.window_start = 0;
    for (int i = 0; i < 2; i++) {
        struct tally_row *row = tally_at(&r->newest, &h);
        if (!row)
            return err_trace(-ERR_NOMEM);
        row->settled = start > row->settled ? start : row->settled;
        h.bucket = STR_NONE;
    }
    return 0;
}

/* What is settled in the row's window may be gone from the store, for it can count no more. */
static bool is_fleeted(const struct rebuild *r, const struct tally_row *row)
{
    const struct tally_row *newest = tally_find(&r->newest, row->counter, row->bucket, 0);
    wall_t oldest;
    return newest && window_is_fleeting(row->window, newest->settled, &oldest) && row->window_start < oldest;
}

/* is_new: the hold is taken now; else it was, and is over by now. */
static int charge_add(struct rebuild *r, const struct hold_row *h, bool is_new, struct live_charge *ret)
{
    struct hold_row sum = *h;
    sum.bucket = STR_NONE;
    struct tally_row *row = tally_at(&r->counted, h);
    if (!row || (h->bucket.n == 0 && !tally_at(&r->erased, &sum)))
        return err_trace(-ERR_NOMEM);
    *ret = (struct live_charge){h->i, row, is_new ? h->n : 0};
    int x = note_newest(r, *h);
    return x == 0 && is_new ? tally_add(row, 0, h->n) : x;
}

static int live_add(struct rebuild *r, uint64_t open_seq, const struct call_open *o, bool is_new, struct live **ret)
{
    struct live *l = calloc(1, sizeof *l + o->n_holds * sizeof l->charges[0]);
    if (!l)
        return err_trace(-ERR_NOMEM);
    int x = 0;
    for (; l->n < o->n_holds && x == 0; l->n++)
        x = charge_add(r, &o->holds[l->n], is_new, &l->charges[l->n]);
    if (x == 0)
        x = map_put(&r->live, seq_key(&open_seq), l, NULL);
    if (x < 0) {
        free(l);
        return err_trace(x);
    }
    *ret = l;
    return 0;
}

static int on_open(struct rebuild *r, const struct frame *f)
{
    struct call_open o;
    struct live *l;
    int x = frame_read_open(&r->arena, f, &o);
    if (x == 0 && o.n_holds > 0)
        x = live_add(r, f->seq, &o, true, &l);
    return x;
}

static int live_find(struct rebuild *r, uint64_t open_seq, struct live **ret)
{
    struct frame f;
    struct call_open o;
    *ret = map_get(&r->live, seq_key(&open_seq));
    if (*ret)
        return 0;
    int x = r->frame_at(r->ctx, open_seq, &f);
    if (x == 0 && f.kind != FRAME_OPEN)
        x = err_trace(-ERR_CORRUPT);
    if (x == 0)
        x = frame_read_open(&r->arena, &f, &o);
    return x < 0 ? x : live_add(r, open_seq, &o, false, ret);
}

static void live_drop_if_over(struct rebuild *r, uint64_t open_seq, struct live *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->charges[i].left != 0)
            return;
    free(map_remove(&r->live, seq_key(&open_seq)));
}

static int on_move(struct rebuild *r, const struct move_row *m)
{
    struct live *l;
    int x = live_find(r, m->of, &l);
    if (x < 0)
        return x;
    x = -ERR_CORRUPT; /* a move of what was never held */
    for (size_t i = 0; i < l->n; i++) {
        if (l->charges[i].i != m->i)
            continue;
        x = tally_add(l->charges[i].row, m->settled, -m->released);
        l->charges[i].left -= m->released;
    }
    live_drop_if_over(r, m->of, l);
    return err_trace(x);
}

int rebuild_frame(struct rebuild *r, const struct frame *f)
{
    arena_reset(&r->arena);
    if (f->kind == FRAME_OPEN)
        return on_open(r, f);
    if (f->kind != FRAME_CLOSE)
        return 0;
    struct call_close c = {0};
    int x = frame_read_close(&r->arena, f, &c);
    for (size_t i = 0; i < c.n_moves && x == 0; i++)
        x = on_move(r, &c.moves[i]);
    return x;
}

/* --- comparing -----------------------------------------------------------------------------------------------------
 */

static void put_sums(struct json_writer *w, struct str key, int64_t settled, int64_t held)
{
    jw_key(w, key);
    jw_object(w);
    jw_put_i64(w, STR("settled"), settled);
    jw_put_i64(w, STR("held"), held);
    jw_object_end(w);
}

static void put_difference(struct rebuild *r, struct json_writer *w, const struct tally_row *row, int64_t settled,
                           int64_t held, int64_t counted_settled, int64_t counted_held)
{
    char text[WALL_TEXT_BYTES];
    r->n_different++;
    jw_object(w);
    jw_put_str(w, STR("counter"), row->counter);
    jw_put_str_or_null(w, STR("bucket"), row->bucket);
    jw_put_str_or_null(w, STR("window_start"), row->window_start ? wall_text(row->window_start, text) : STR_NONE);
    put_sums(w, STR("stored"), settled, held);
    put_sums(w, STR("counted"), counted_settled, counted_held);
    jw_object_end(w);
}

int rebuild_counter(struct rebuild *r, const struct tally_row *stored, struct json_writer *out)
{
    struct tally_row *sum = tally_find(&r->erased, stored->counter, STR_NONE, stored->window_start);
    if (sum)
        return tally_add(sum, is_fleeted(r, sum) ? 0 : -stored->settled, -stored->held);
    struct tally_row *row = tally_find(&r->counted, stored->counter, stored->bucket, stored->window_start);
    int64_t settled = row ? row->settled : 0, held = row ? row->held : 0;
    if (row && is_fleeted(r, row))
        settled = stored->settled;
    if (settled != stored->settled || held != stored->held)
        put_difference(r, out, stored, stored->settled, stored->held, settled, held);
    if (row)
        row->settled = row->held = 0;
    return 0;
}

int rebuild_end(struct rebuild *r, struct json_writer *out, size_t *ret_n)
{
    size_t i = 0;
    int x = 0;
    for (struct tally_row *row; x == 0 && (row = tally_next(&r->counted, &i));) {
        struct tally_row *sum = tally_find(&r->erased, row->counter, STR_NONE, row->window_start);
        int64_t settled = is_fleeted(r, sum ? sum : row) ? 0 : row->settled;
        if (sum)
            x = tally_add(sum, settled, row->held);
        else if (settled != 0 || row->held != 0)
            put_difference(r, out, row, 0, 0, settled, row->held);
    }
    i = 0;
    for (struct tally_row *row; x == 0 && (row = tally_next(&r->erased, &i));)
        if (row->settled != 0 || row->held != 0)
            put_difference(r, out, row, -row->settled, -row->held, 0, 0);
    *ret_n = r->n_different;
    return x;
}
