/*
 * store/sqlite/flush.c - writes what is pending in a batch.
 */
#include "base/err.h"
#include "store/sqlite/batch.h"

#include <stdlib.h>

/* --- calls -------------------------------------------------------------------------------------------------------- */

static int block_write(struct batch *b, const struct pending_block *block)
{
    struct call_rows_writer w;
    uint64_t first = (uint64_t)block->block * PLACE_SEQS;
    buf_reset(&b->rows);
    call_rows_begin(&w, first, &b->rows);
    for (uint64_t seq = first; seq < first + PLACE_SEQS; seq++) {
        const struct pending_call *c = by_seq_get(&b->calls, seq);
        if (c)
            call_rows_put(&w, &c->row);
    }
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_BLOCK_PUT);
    sql_bind_int(st, 1, block->block);
    sql_bind_blob(st, 2, b->rows.p, b->rows.n);
    int r = buf_ok(&b->rows);
    return r == 0 ? sqlite_run(b->s, st) : err_trace(r);
}

static int flush_blocks(struct batch *b)
{
    int r = 0;
    for (const struct pending_block *block = b->first_block; block && r == 0; block = block->next)
        r = block->is_changed ? block_write(b, block) : 0;
    return r;
}

static bool is_odd(struct str outcome)
{
    return outcome.n == 0 || str_eq(outcome, STR("unknown")) || str_eq(outcome, STR("released"));
}

/* Those that are odd after the batch, and not as before it; and those that were. */
static int flush_odd(struct batch *b)
{
    int r = 0;
    for (const struct pending_call *c = b->first_call; c && r == 0; c = c->next) {
        bool was = !c->is_new && is_odd(c->was), is = is_odd(c->row.outcome);
        if (!was && !is)
            continue;
        sqlite3_stmt *st = sqlite_stmt(b->s, is ? STMT_ODD_PUT : STMT_ODD_DROP);
        sql_bind_int(st, 1, (int64_t)c->row.open_seq);
        if (is)
            sql_bind_str(st, 2, c->row.outcome);
        r = sqlite_run(b->s, st);
    }
    return r;
}

/* --- places ----------------------------------------------------------------------------------------------------- */

struct str place_term(struct arena *a, enum place p, struct str value)
{
    static const struct str NAMES[PLACE_COUNT] = {STR_INIT("run="), STR_INIT("agent="),     STR_INIT("tenant="),
                                                  STR_INIT("key="), STR_INIT("operation="), STR_INIT("model="),
                                                  STR_INIT("verdict=")};
    if (value.n == 0 || (p == PLACE_VERDICT && str_eq(value, STR("permit"))))
        return STR_NONE;
    return arena_join(a, (const struct str[]){NAMES[p], value}, 2);
}

static int place_insert(struct batch *b, struct str term, int64_t block)
{
    struct str block_text = {(const char *)&block, sizeof block};
    struct str key = arena_join(&b->arena, (const struct str[]){term, block_text}, 2);
    if (term.n == 0 || map_get(&b->places, key))
        return 0;
    int r = map_put(&b->places, key, b, NULL);
    if (r < 0)
        return err_trace(r);
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_PLACE_PUT);
    sql_bind_str(st, 1, term);
    sql_bind_int(st, 2, block);
    return sqlite_run(b->s, st);
}

/* Neighbours mostly have the same values: those are passed by before anything is looked up. */
static int flush_places(struct batch *b)
{
    struct str last[PLACE_COUNT] = {0};
    int64_t last_block = -1;
    int r = 0;
    for (const struct pending_call *c = b->first_call; c && r == 0; c = c->next) {
        const struct str values[PLACE_COUNT] = {
            [PLACE_RUN] = c->row.run_id, [PLACE_AGENT] = c->row.agent,         [PLACE_TENANT] = c->row.tenant,
            [PLACE_KEY] = c->row.key,    [PLACE_OPERATION] = c->row.operation, [PLACE_MODEL] = c->row.model,
            [PLACE_VERDICT] = c->row.verdict,
        };
        int64_t block = (int64_t)(c->row.open_seq / PLACE_SEQS);
        for (int i = 0; i < PLACE_COUNT && c->is_new && r == 0; i++) {
            if (block == last_block && str_eq(values[i], last[i]))
                continue;
            r = place_insert(b, place_term(&b->arena, i, values[i]), block);
            last[i] = values[i];
        }
        last_block = c->is_new ? block : last_block;
    }
    return r;
}

/* --- holds and sums ---------------------------------------------------------------------------------------------- */

static int part_insert(struct batch *b, uint64_t of, const struct pending_part *p)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_HOLD_PUT);
    sql_bind_int(st, 1, (int64_t)of);
    sql_bind_int(st, 2, (int64_t)p->row.i);
    sql_bind_str(st, 3, p->row.counter);
    sql_bind_str(st, 4, p->row.bucket);
    sql_bind_str(st, 5, p->row.meter);
    sql_bind_str(st, 6, p->row.window);
    sql_bind_int(st, 7, p->row.window_start);
    sql_bind_int(st, 8, p->row.n);
    sql_bind_int(st, 9, p->left);
    return sqlite_run(b->s, st);
}

static int part_write(struct batch *b, uint64_t of, const struct pending_part *p)
{
    if (!p->is_stored)
        return p->left != 0 ? part_insert(b, of, p) : 0;
    if (!p->is_changed)
        return 0;
    sqlite3_stmt *st = sqlite_stmt(b->s, p->left ? STMT_HOLD_SET : STMT_HOLD_DROP);
    sql_bind_int(st, 1, (int64_t)of);
    sql_bind_int(st, 2, (int64_t)p->row.i);
    if (p->left)
        sql_bind_int(st, 3, p->left);
    return sqlite_run(b->s, st);
}

static int flush_holds(struct batch *b)
{
    int r = 0;
    for (const struct pending_hold *h = b->first_hold; h && r == 0; h = h->next)
        for (const struct pending_part *p = h->first; p && r == 0; p = p->next)
            r = part_write(b, h->of, p);
    return r;
}

/*
 * Of windows that come and go, what can count no more goes, and the correction of what went already; what is held stays
 * until it is over.
 */
static int prune(struct batch *b, const struct tally_row *row)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_COUNTER_PRUNE);
    wall_t oldest;
    if (!window_is_fleeting(row->window, row->window_start, &oldest))
        return 0;
    sql_bind_str(st, 1, row->counter);
    sql_bind_str(st, 2, row->bucket);
    sql_bind_int(st, 3, oldest);
    return sqlite_run(b->s, st);
}

static int flush_counters(struct batch *b)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_COUNTER_ADD);
    size_t i = 0;
    int r = 0;
    for (const struct tally_row *row; r == 0 && (row = tally_next(&b->counters, &i));) {
        sql_bind_str(st, 1, row->counter);
        sql_bind_str(st, 2, row->bucket);
        sql_bind_int(st, 3, row->window_start);
        sql_bind_str(st, 4, row->meter);
        sql_bind_str(st, 5, row->window);
        sql_bind_int(st, 6, row->settled);
        sql_bind_int(st, 7, row->held);
        r = sqlite_run(b->s, st);
        if (r == 0)
            r = prune(b, row);
    }
    return r;
}

static void bind_rollup(sqlite3_stmt *st, int i, const struct rollup *r)
{
    sql_bind_int(st, i, r->calls);
    sql_bind_int(st, i + 1, r->denied);
    sql_bind_int(st, i + 2, r->unknown);
    sql_bind_int(st, i + 3, r->settled);
    sql_bind_int(st, i + 4, r->how);
    sql_bind_int(st, i + 5, r->held);
}

static int flush_runs(struct batch *b)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_RUN_ADD);
    int r = 0;
    for (const struct pending_sum *s = b->first_run; s && r == 0; s = s->next) {
        sql_bind_str(st, 1, s->call->row.run_id);
        sql_bind_str(st, 2, s->call->row.agent);
        sql_bind_str(st, 3, s->call->row.tenant);
        bind_rollup(st, 4, &s->sum);
        sql_bind_int(st, 10, s->first_at);
        sql_bind_int(st, 11, s->last_at);
        sql_bind_int(st, 12, (int64_t)s->first_seq);
        sql_bind_int(st, 13, (int64_t)s->last_seq);
        r = sqlite_run(b->s, st);
    }
    return r;
}

static int flush_spend(struct batch *b)
{
    sqlite3_stmt *st = sqlite_stmt(b->s, STMT_SPEND_ADD);
    int r = 0;
    for (const struct pending_sum *s = b->first_spend; s && r == 0; s = s->next) {
        const struct call_row *c = &s->call->row;
        sql_bind_int(st, 1, wall_day_start(c->started_at));
        sql_bind_str(st, 2, c->vendor);
        sql_bind_str(st, 3, c->model);
        sql_bind_str(st, 4, c->class);
        sql_bind_str(st, 5, c->agent);
        sql_bind_str(st, 6, c->key);
        sql_bind_str(st, 7, c->tenant);
        bind_rollup(st, 8, &s->sum);
        r = sqlite_run(b->s, st);
    }
    return r;
}

int batch_flush(struct batch *b)
{
    int r = batch_write_pack(b);
    if (r == 0)
        r = batch_sum(b);
    if (r == 0)
        r = flush_blocks(b);
    if (r == 0)
        r = flush_odd(b);
    if (r == 0)
        r = flush_places(b);
    if (r == 0)
        r = finds_write(&b->finds);
    if (r == 0)
        r = flush_holds(b);
    if (r == 0)
        r = flush_counters(b);
    if (r == 0)
        r = flush_runs(b);
    return r == 0 ? flush_spend(b) : r;
}
