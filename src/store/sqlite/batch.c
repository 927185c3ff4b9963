/*
 * store/sqlite/batch.c - frames in, rows out: each row that a batch changes is written once.
 *
 * A call that opens and closes within one batch costs a few bytes of its block's row; holds that are over by its end
 * cost none. What is pending lives in the arena, and is written early (in the same transaction) when that grows.
 *
 *   (1) a pending call or hold is what the tables will say; the tables are looked at only for what is not pending.
 *   (2) sums (counters, runs, spend) are pending as differences.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/sqlite/batch.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define PENDING_MAX ((size_t)1 << 20)

int batch_new(struct sqlite *s, struct batch **ret)
{
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return err_trace(-ERR_NOMEM);
    b->s = s;
    arena_init(&b->arena, ARENA_BYTES_MAX);
    pack_init(&b->pack);
    buf_init(&b->frames, PACK_BYTES_MAX);
    buf_init(&b->personal, PACK_BYTES_MAX);
    tally_init(&b->counters);
    by_seq_init(&b->calls);
    by_seq_init(&b->holds);
    buf_init(&b->rows, CALL_ROWS_BYTES_MAX);
    map_init(&b->places, PENDING_MAX, NULL);
    map_init(&b->blocks, PENDING_MAX, NULL);
    map_init(&b->runs, PENDING_MAX, NULL);
    map_init(&b->spend, PENDING_MAX, NULL);
    batch_clear(b);
    int r = finds_init(&b->finds, s);
    if (r < 0) {
        batch_free(b);
        return r;
    }
    *ret = b;
    return 0;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    batch_clear(b);
    by_seq_deinit(&b->calls);
    by_seq_deinit(&b->holds);
    pack_deinit(&b->pack);
    buf_deinit(&b->frames);
    buf_deinit(&b->personal);
    buf_deinit(&b->rows);
    finds_deinit(&b->finds);
    arena_deinit(&b->arena);
    tally_deinit(&b->counters);
    free(b);
}

void batch_clear(struct batch *b)
{
    struct map *const maps[] = {&b->places, &b->blocks, &b->runs, &b->spend};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        map_deinit(maps[i]);
        map_init(maps[i], PENDING_MAX, NULL);
    }
    by_seq_clear(&b->calls);
    by_seq_clear(&b->holds);
    tally_clear(&b->counters);
    b->first_call = NULL;
    b->last_call = &b->first_call;
    b->last_open = b->last_close = NULL;
    b->last_holds = NULL;
    b->n_last_holds = 0;
    b->first_block = b->last_block = NULL;
    b->first_hold = NULL;
    b->last_hold = &b->first_hold;
    b->first_run = b->first_spend = NULL;
    b->last_run = b->last_spend = NULL;
    pack_reset(&b->pack);
    finds_reset(&b->finds);
    arena_reset(&b->arena);
}

/* --- what is pending
 * -------------------------------------------------------------------------------------------------- */

static struct pending_call *call_add(struct batch *b, struct pending_block *block, uint64_t open_seq)
{
    struct pending_call *c = arena_alloc(&b->arena, sizeof *c);
    c->block = block;
    return by_seq_put(&b->calls, open_seq, c) < 0 ? NULL : c;
}

/* What the batch opens or closes, each once. */
static void call_changes(struct batch *b, struct pending_call *c)
{
    if (c->is_changed)
        return;
    c->is_changed = c->block->is_changed = true;
    *b->last_call = c;
    b->last_call = &c->next;
}

/* The calls that stand in a block already. */
static int block_read(struct batch *b, struct pending_block *block)
{
    struct call_rows_iter it;
    struct call_row row;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_BLOCK_GET);
    sql_bind_int(st, 1, block->block);
    int r = sqlite_row(b->s, st);
    if (r != 0)
        return r == SQLITE_R_NONE ? 0 : r;
    call_rows_read(&it, (uint64_t)block->block * PLACE_SEQS, arena_str(&b->arena, sql_blob(st, 0)));
    (void)sqlite3_reset(st);
    while ((r = call_rows_next(&it, &row)) == 0) {
        struct pending_call *c = call_add(b, block, row.open_seq);
        if (!c)
            return err_trace(-ERR_NOMEM);
        c->row = row;
        c->before = rollup_of(&row);
        c->was = row.outcome;
    }
    return r == CALL_ROWS_R_END ? 0 : r;
}

static int block_get(struct batch *b, uint64_t seq, struct pending_block **ret)
{
    int64_t n = (int64_t)(seq / PLACE_SEQS);
    struct str key = {(const char *)&n, sizeof n};
    struct pending_block *block = b->last_block && b->last_block->block == n ? b->last_block : map_get(&b->blocks, key);
    *ret = b->last_block = block;
    if (block)
        return 0;
    block = arena_alloc(&b->arena, sizeof *block);
    *block = (struct pending_block){.block = n, .next = b->first_block};
    *ret = b->first_block = b->last_block = block;
    return map_put(&b->blocks, key, block, NULL) < 0 ? err_trace(-ERR_NOMEM) : block_read(b, block);
}

static int call_get(struct batch *b, uint64_t open_seq, struct pending_call **ret)
{
    struct pending_block *block;
    *ret = by_seq_get(&b->calls, open_seq);
    if (*ret)
        return 0;
    int r = block_get(b, open_seq, &block);
    *ret = r == 0 ? by_seq_get(&b->calls, open_seq) : NULL;
    return r < 0 || *ret ? r : err_trace(-ERR_CORRUPT); /* a CLOSE of what was never opened */
}

static struct pending_hold *hold_add(struct batch *b, uint64_t of)
{
    struct pending_hold *h = arena_alloc(&b->arena, sizeof *h);
    h->of = of;
    h->last = &h->first;
    *b->last_hold = h;
    b->last_hold = &h->next;
    return by_seq_put(&b->holds, of, h) < 0 ? NULL : h;
}

static struct pending_part *part_add(struct batch *b, struct pending_hold *h, const struct hold_row *row)
{
    struct pending_part *p = arena_alloc(&b->arena, sizeof *p);
    p->row = *row;
    *h->last = p;
    h->last = &p->next;
    return p;
}

static struct pending_part *part_find(const struct pending_hold *h, size_t i)
{
    struct pending_part *p = h->first;
    while (p && p->row.i != i)
        p = p->next;
    return p;
}

/* The parts that are not over: what most calls move that were opened in an earlier batch. */
static int parts_from_rows(struct batch *b, struct pending_hold *h)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_HOLDS_GET);
    sql_bind_int(st, 1, (int64_t)h->of);
    int r;
    while ((r = sqlite_row(b->s, st)) == 0) {
        struct pending_part *p = part_add(b, h, &(struct hold_row){.i = (size_t)sql_i64(st, 0),
                                                                   .counter = arena_str(&b->arena, sql_str(st, 1)),
                                                                   .bucket = arena_str(&b->arena, sql_str(st, 2)),
                                                                   .meter = arena_str(&b->arena, sql_str(st, 3)),
                                                                   .window = arena_str(&b->arena, sql_str(st, 4)),
                                                                   .window_start = sql_i64(st, 5),
                                                                   .n = sql_i64(st, 6)});
        p->left = sql_i64(st, 7);
        p->is_stored = true;
    }
    return r < 0 ? r : 0;
}

/* The other parts that the call took at first: from its OPEN frame. */
static int parts_from_frame(struct batch *b, struct pending_hold *h)
{
    struct frame f;
    struct call_open o;
    int r = packs_frame(&b->s->packs, h->of, &f);
    if (r == 0) {
        f.body = arena_str(&b->arena, f.body); /* rows point into them */
        f.personal = arena_str(&b->arena, f.personal);
    }
    if (r == 0)
        r = f.kind == FRAME_OPEN ? frame_read_open(&b->arena, &f, &o) : err_trace(-ERR_CORRUPT);
    packs_rest(&b->s->packs);
    if (r < 0)
        return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    for (size_t i = 0; i < o.n_holds; i++)
        if (!part_find(h, o.holds[i].i))
            part_add(b, h, &o.holds[i]);
    h->is_whole = true;
    return 0;
}

/* -ERR_CORRUPT: a move of what was never held. */
static int part_get(struct batch *b, uint64_t of, size_t i, struct pending_part **ret)
{
    struct pending_hold *h = by_seq_get(&b->holds, of);
    int r = 0;
    if (!h) {
        h = hold_add(b, of);
        r = h ? parts_from_rows(b, h) : err_trace(-ERR_NOMEM);
    }
    *ret = r == 0 ? part_find(h, i) : NULL;
    if (r < 0 || *ret)
        return r;
    if (!h->is_whole)
        r = parts_from_frame(b, h);
    *ret = r == 0 ? part_find(h, i) : NULL;
    return r < 0 || *ret ? r : err_trace(-ERR_CORRUPT);
}

static struct pending_sum *sum_at(struct batch *b, struct map *map, struct pending_sum **first, wall_t day,
                                  const struct str *names, size_t n)
{
    size_t bytes = sizeof day + n;
    for (size_t i = 0; i < n; i++)
        bytes += names[i].n;
    char *key = arena_alloc(&b->arena, bytes), *p = key;
    memcpy(p, &day, sizeof day);
    p += sizeof day;
    for (size_t i = 0; i < n; i++) {
        if (names[i].n)
            memcpy(p, names[i].p, names[i].n);
        p += names[i].n;
        *p++ = 0;
    }
    struct pending_sum *s = map_get(map, (struct str){key, bytes});
    if (s)
        return s;
    s = arena_alloc(&b->arena, sizeof *s);
    s->sum = ROLLUP_NONE;
    s->next = *first;
    *first = s;
    return map_put(map, (struct str){key, bytes}, s, NULL) < 0 ? NULL : s;
}

/* --- frames
 * ----------------------------------------------------------------------------------------------------------- */

/* A pack without personal values has no row of them. */
static bool has_personal(const struct pack *p)
{
    return p->personal.n > 4 * (size_t)(p->last - p->first + 1);
}

int batch_write_pack(struct batch *b)
{
    struct pack *p = &b->pack;
    if (p->last == 0)
        return 0;
    buf_reset(&b->frames);
    buf_reset(&b->personal);
    int r = pack_write(p, &b->frames, &b->personal);
    if (r < 0)
        return r;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_PACK_PUT);
    sql_bind_int(st, 1, (int64_t)p->first);
    sql_bind_int(st, 2, (int64_t)p->last);
    sql_bind_int(st, 3, p->at);
    sql_bind_blob(st, 4, b->frames.p, b->frames.n);
    r = sqlite_run(b->s, st);
    if (r == 0 && has_personal(p)) {
        st = sqlite_stmt(b->s, STMT_PERSONAL_PUT);
        sql_bind_int(st, 1, (int64_t)p->first);
        sql_bind_blob(st, 2, b->personal.p, b->personal.n);
        r = sqlite_run(b->s, st);
    }
    pack_reset(p);
    return r;
}

static int put_frame(struct batch *b, const struct frame *f)
{
    int r = pack_add(&b->pack, f);
    return r == 0 && pack_is_full(&b->pack) ? batch_write_pack(b) : r;
}

static int put_idempotency(struct batch *b, const struct frame *f, const struct call_open *o)
{
    if (o->idempotency_digest.n == 0 || o->ended_at != 0 || o->shares.n > 0)
        return 0;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_IDEMPOTENCY_PUT);
    sql_bind_str(st, 1, o->idempotency_scope);
    sql_bind_str(st, 2, o->idempotency_digest);
    sql_bind_int(st, 3, (int64_t)f->seq);
    sql_bind_str(st, 4, o->idempotency_body);
    sql_bind_int(st, 5, f->at);
    return sqlite_run(b->s, st);
}

static int put_link(struct batch *b, const struct frame *f, const struct call_open *o)
{
    if (!call_open_is_linked(o))
        return 0;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_RUN_LINK);
    sql_bind_int(st, 1, (int64_t)f->seq);
    sql_bind_str(st, 2, o->run_id);
    sql_bind_str(st, 3, o->tenant);
    sql_bind_str(st, 4, o->root_run_id);
    return sqlite_run(b->s, st);
}

static int count_part(struct batch *b, struct pending_part *p, int64_t settled, int64_t held)
{
    if (!p->counter)
        p->counter = tally_at(&b->counters, &p->row);
    return p->counter ? tally_add(p->counter, settled, held) : err_trace(-ERR_NOMEM);
}

struct naming {
    struct batch *b;
    uint64_t seq;
};

static int on_id(void *ctx, const struct find_value *v)
{
    struct naming *n = ctx;
    return finds_add(&n->b->finds, n->seq, v->id);
}

/* Neighbours mostly say the same. Said with the same bytes, it is known to be equal at once, and near at hand. */
static void share(struct str *text, struct str of_last)
{
    if (str_eq(*text, of_last))
        *text = of_last;
}

static void share_texts(struct call_row *row, const struct call_row *last)
{
    static const size_t TEXTS[] = {
        offsetof(struct call_row, run_id), offsetof(struct call_row, agent),     offsetof(struct call_row, tenant),
        offsetof(struct call_row, key),    offsetof(struct call_row, vendor),    offsetof(struct call_row, mode),
        offsetof(struct call_row, class),  offsetof(struct call_row, operation), offsetof(struct call_row, verdict),
        offsetof(struct call_row, model)};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        share((struct str *)(void *)((char *)row + TEXTS[i]),
              *(const struct str *)(const void *)((const char *)last + TEXTS[i]));
}

static int on_open(struct batch *b, const struct frame *f)
{
    struct call_open o;
    int r = frame_read_open_like(&b->arena, f, b->last_holds, b->n_last_holds, &o);
    if (r < 0)
        return r;
    if (o.n_holds) {
        b->last_holds = o.holds;
        b->n_last_holds = o.n_holds;
    }
    struct pending_block *block;
    r = block_get(b, f->seq, &block);
    if (r < 0)
        return r;
    struct pending_call *c = call_add(b, block, f->seq);
    struct pending_hold *h = o.n_holds ? hold_add(b, f->seq) : NULL;
    if (!c || (o.n_holds && !h))
        return err_trace(-ERR_NOMEM);
    call_row_open(&c->row, f, &o);
    if (b->last_open)
        share_texts(&c->row, &b->last_open->row);
    b->last_open = c;
    c->is_new = true;
    c->before = ROLLUP_NONE;
    call_changes(b, c);
    if (h)
        h->is_whole = true;
    for (size_t i = 0; i < o.n_holds && r == 0; i++) {
        struct pending_part *p = part_add(b, h, &o.holds[i]);
        p->left = p->row.n;
        r = count_part(b, p, 0, p->row.n);
    }
    if (r == 0)
        r = put_idempotency(b, f, &o);
    if (r == 0)
        r = put_link(b, f, &o);
    return r == 0 ? find_in_open(&o, on_id, &(struct naming){b, f->seq}) : r;
}

static int on_move(struct batch *b, const struct move_row *m)
{
    struct pending_part *p;
    int r = part_get(b, m->of, m->i, &p);
    if (r < 0)
        return r;
    p->left -= m->released;
    p->is_changed = true;
    return count_part(b, p, m->settled, -m->released);
}

static int put_object(struct batch *b, const struct call_row *c, const struct object_row *o)
{
    if (o->id.n == 0)
        return 0;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_OBJECT_PUT);
    struct str scope = arena_printf(&b->arena, STR_FMT "/" STR_FMT, STR_ARG(c->vendor), STR_ARG(c->mode));
    const struct str texts[] = {o->id, scope, o->type, o->customer, o->parent};
    const struct str by[] = {c->agent, c->key, c->run_id, c->call_id};
    for (int i = 0; i < 5; i++)
        sql_bind_str(st, 1 + i, texts[i]);
    sql_bind_int(st, 6, o->is_created);
    for (int i = 0; i < 4; i++)
        sql_bind_str(st, 7 + i, by[i]);
    sql_bind_int(st, 11, (int64_t)c->open_seq);
    return sqlite_run(b->s, st);
}

static int on_close(struct batch *b, const struct frame *f)
{
    struct call_close close;
    struct pending_call *c = NULL;
    int r = frame_read_close(&b->arena, f, &close);
    if (r == 0)
        r = call_get(b, close.open_seq, &c);
    if (r < 0)
        return r;
    call_row_close(&c->row, f, &close);
    if (b->last_close)
        share(&c->row.outcome, b->last_close->row.outcome);
    b->last_close = c;
    call_changes(b, c);
    for (size_t i = 0; i < close.n_moves && r == 0; i++)
        r = on_move(b, &close.moves[i]);
    for (size_t i = 0; i < close.n_objects && r == 0; i++)
        r = put_object(b, &c->row, &close.objects[i]);
    return r == 0 ? find_in_close(&close, on_id, &(struct naming){b, f->seq}) : r;
}

static int put_state(struct batch *b, const struct event_row *e, uint64_t seq)
{
    bool sets = e->does == EVENT_SETS;
    sqlite3_stmt *st = sqlite_stmt(b->s, sets ? STMT_STATE_SET : STMT_STATE_END);
    sql_bind_str(st, 1, e->kind);
    sql_bind_str(st, 2, e->id);
    sql_bind_int(st, 3, sets ? (int64_t)seq : e->at);
    return sqlite_run(b->s, st);
}

static int on_event(struct batch *b, const struct frame *f)
{
    struct event_row e;
    int r = frame_read_event(&b->arena, f, &e);
    if (r < 0)
        return r;
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_EVENT_PUT);
    sql_bind_int(st, 1, (int64_t)f->seq);
    sql_bind_int(st, 2, f->at);
    sql_bind_str(st, 3, e.event);
    r = sqlite_run(b->s, st);
    if (r == 0 && e.is_policy) {
        st = sqlite_stmt(b->s, STMT_POLICY_PUT);
        sql_bind_int(st, 1, (int64_t)f->seq);
        sql_bind_str(st, 2, e.id);
        sql_bind_int(st, 3, e.version);
        sql_bind_str(st, 4, e.digest);
        r = sqlite_run(b->s, st);
    }
    return r == 0 && e.does != EVENT_NOTHING ? put_state(b, &e, f->seq) : r;
}

int batch_frame(struct batch *b, const struct frame *f)
{
    by_seq_begin(&b->calls, f->seq);
    by_seq_begin(&b->holds, f->seq);
    int r = put_frame(b, f);
    if (r == 0 && f->kind == FRAME_OPEN)
        r = on_open(b, f);
    else if (r == 0 && f->kind == FRAME_CLOSE)
        r = on_close(b, f);
    else if (r == 0)
        r = on_event(b, f);
    if (r == 0 && b->arena.used_bytes > BATCH_ARENA_BYTES) {
        r = batch_flush(b);
        batch_clear(b);
    }
    return r;
}

/* --- sums of the pending calls
 * ------------------------------------------------------------------------------------------ */

static bool same_run(const struct call_row *a, const struct call_row *b)
{
    return str_eq(a->run_id, b->run_id) && str_eq(a->agent, b->agent) && str_eq(a->tenant, b->tenant);
}

static bool same_spend(const struct call_row *a, const struct call_row *b)
{
    return wall_day_start(a->started_at) == wall_day_start(b->started_at) && str_eq(a->vendor, b->vendor) &&
           str_eq(a->model, b->model) && str_eq(a->class, b->class) && str_eq(a->agent, b->agent) &&
           str_eq(a->key, b->key) && str_eq(a->tenant, b->tenant);
}

static int sum_run(struct batch *b, const struct pending_call *c, const struct rollup *after)
{
    const struct str names[] = {c->row.run_id, c->row.agent, c->row.tenant};
    struct pending_sum *s = b->last_run;
    if (!s || !same_run(&s->call->row, &c->row))
        s = sum_at(b, &b->runs, &b->first_run, 0, names, 3);
    if (!s)
        return err_trace(-ERR_NOMEM);
    b->last_run = s;
    if (!s->call || c->row.started_at < s->first_at)
        s->first_at = c->row.started_at;
    if (!s->call || c->row.started_at > s->last_at)
        s->last_at = c->row.started_at;
    if (!s->call || c->row.open_seq < s->first_seq)
        s->first_seq = c->row.open_seq;
    if (c->row.open_seq > s->last_seq)
        s->last_seq = c->row.open_seq;
    s->call = c;
    return rollup_change(&s->sum, &c->before, after);
}

static int sum_spend(struct batch *b, const struct pending_call *c, const struct rollup *after)
{
    const struct str names[] = {c->row.vendor, c->row.model, c->row.class,
                                c->row.agent,  c->row.key,   c->row.tenant};
    wall_t day = wall_day_start(c->row.started_at);
    struct pending_sum *s = b->last_spend;
    if (!s || !same_spend(&s->call->row, &c->row))
        s = sum_at(b, &b->spend, &b->first_spend, day, names, 6);
    if (!s)
        return err_trace(-ERR_NOMEM);
    b->last_spend = s;
    s->call = c;
    return rollup_change(&s->sum, &c->before, after);
}

int batch_sum(struct batch *b)
{
    int r = 0;
    for (struct pending_call *c = b->first_call; c && r == 0; c = c->next) {
        struct rollup after = rollup_of(&c->row);
        r = sum_run(b, c, &after);
        if (r == 0)
            r = sum_spend(b, c, &after);
    }
    return r;
}
