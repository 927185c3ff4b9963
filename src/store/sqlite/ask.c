/*
 * store/sqlite/ask.c - queries. Texts of users are bound, never put into SQL.
 *
 * Lists go by open_seq from the newest on and stop at their limit, so that a page of a long history costs what the page
 * costs. What they filter by names the blocks of seqs that can have such calls (`places`). Windows of time are turned
 * into bounds of open_seq first (by_time.c).
 */
#include "base/check.h"
#include "base/err.h"
#include "store/run_sum.h"
#include "store/sqlite/calls_table.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdio.h>
#include <string.h>

#define ARGS_MAX 32
#define SQL_BYTES_MAX 8192
#define TERMS_BYTES_MAX ((size_t)1 << 20)
#define LOOKS_MAX 16384 /* frames of calls looked at for one answer: a tenth of a second */

#define ROW_R_ENOUGH 1 /* of on_row: the answer is whole */

/* One question: SQL and its arguments in the making, then the answer. */
struct asking {
    struct store_reader *r;
    const struct query *q;
    struct json_writer w;
    struct buf sql;
    struct arena terms; /* lives as long as the question */
    struct arg {
        bool is_int;
        int64_t n;
        struct str s;
    } args[ARGS_MAX];
    int n_args;
    int64_t n_looked; /* rows looked at for what only their frames say */
    int64_t n_left; /* rows still wanted, where SQL does not count them */
    struct run_sum *sum; /* of ask_run_sum */
    bool is_found;       /* of ask_call */
};

static void sql_add(struct asking *a, const char *text)
{
    (void)buf_add_c(&a->sql, text); /* noted in the buf, found by run() */
}

static void arg_int(struct asking *a, int64_t n)
{
    check(a->n_args < ARGS_MAX);
    a->args[a->n_args++] = (struct arg){.is_int = true, .n = n};
}

/* " AND column = ?" when the filter says something. */
static void filter(struct asking *a, const char *column, struct str want)
{
    if (want.n == 0)
        return;
    check(a->n_args < ARGS_MAX);
    (void)buf_printf(&a->sql, " AND %s = ?", column);
    a->args[a->n_args++] = (struct arg){.s = want};
}

static void filter_int(struct asking *a, const char *condition, int64_t n, bool is_set)
{
    if (!is_set)
        return;
    (void)buf_printf(&a->sql, " AND %s ?", condition);
    arg_int(a, n);
}

static void limit(struct asking *a)
{
    sql_add(a, " LIMIT ?");
    arg_int(a, query_rows(a->q));
}

static void restart(struct asking *a)
{
    buf_reset(&a->sql);
    a->n_args = 0;
}

typedef int (*row_cb)(struct asking *a, sqlite3_stmt *st);

static int prepare(struct asking *a, sqlite3_stmt **ret)
{
    int r = buf_ok(&a->sql);
    if (r == 0)
        r = sql_prepare(a->r->db, buf_str(&a->sql), ret);
    if (r < 0)
        return r;
    for (int i = 0; i < a->n_args; i++) {
        if (a->args[i].is_int)
            sql_bind_int(*ret, 1 + i, a->args[i].n);
        else
            sql_bind_str(*ret, 1 + i, a->args[i].s);
    }
    return 0;
}

/* The arena is empty for each row. on_row: positive ends it early, and is passed up. */
static int step_rows(struct asking *a, sqlite3_stmt *st, row_cb on_row)
{
    int rc, r = 0;
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        arena_reset(&a->r->arena);
        r = on_row(a, st);
    }
    return r == 0 && rc != SQLITE_DONE ? sql_error(rc) : r;
}

/* Runs the SQL. */
static int run(struct asking *a, row_cb on_row)
{
    sqlite3_stmt *st;
    int r = prepare(a, &st);
    if (r < 0)
        return r;
    r = step_rows(a, st, on_row);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r < 0 ? r : 0;
}

static int frame_of(struct asking *a, int64_t seq, struct frame *ret) { return sqlite_frame_at(a->r, seq, ret); }

/* --- calls
 * ------------------------------------------------------------------------------------------------------------- */

/* Open, unknown and released calls are few, and have a table of their own. */
static bool is_odd(struct str outcome)
{
    return str_eq(outcome, STR("open")) || str_eq(outcome, STR("unknown")) || str_eq(outcome, STR("released"));
}

/* The terms of what is asked for; a question for one call or odd ones has a shorter way. */
static size_t terms_of(struct asking *a, struct str terms[PLACE_COUNT])
{
    const struct query *q = a->q;
    const struct str values[PLACE_COUNT] = {
        [PLACE_RUN] = q->run, [PLACE_AGENT] = q->agent,         [PLACE_TENANT] = q->tenant,
        [PLACE_KEY] = q->key, [PLACE_OPERATION] = q->operation, [PLACE_MODEL] = q->model,
        [PLACE_VERDICT] = q->verdict,
    };
    size_t n = 0;
    if (q->id.n || is_odd(q->outcome))
        return 0;
    for (int i = 0; i < PLACE_COUNT; i++) {
        struct str term = place_term(&a->terms, i, values[i]);
        if (term.n)
            terms[n++] = term;
    }
    return n;
}

static void arg_str(struct asking *a, struct str s)
{
    check(a->n_args < ARGS_MAX);
    a->args[a->n_args++] = (struct arg){.s = s};
}

static void add_terms(struct asking *a, const struct str *terms, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        sql_add(a, " AND EXISTS (SELECT 1 FROM places o WHERE o.term = ? AND o.block = p.block)");
        arg_str(a, terms[i]);
    }
}

/* " FROM calls WHERE ...": with terms, only the blocks in which all of them are found are looked at. */
static void from_calls(struct asking *a, int64_t from, int64_t to)
{
    struct str terms[PLACE_COUNT];
    size_t n = terms_of(a, terms);
    if (n == 0) {
        sql_add(a, " FROM calls WHERE open_seq >= ? AND open_seq <= ?");
        arg_int(a, from);
        arg_int(a, to);
        return;
    }
    (void)buf_printf(&a->sql,
                     " FROM places p CROSS JOIN calls ON open_seq BETWEEN p.block * %d AND p.block * %d + %d"
                     " WHERE p.term = ? AND p.block BETWEEN ? AND ? AND open_seq BETWEEN ? AND ?",
                     PLACE_SEQS, PLACE_SEQS, PLACE_SEQS - 1);
    arg_str(a, terms[0]);
    arg_int(a, from / PLACE_SEQS);
    arg_int(a, to / PLACE_SEQS);
    arg_int(a, from);
    arg_int(a, to);
    add_terms(a, terms, n);
}

/* What the terms only promise, and the rest. */
static void filter_calls(struct asking *a)
{
    const struct query *q = a->q;
    filter(a, "call_id", q->id);
    filter(a, "run_id", q->run);
    filter(a, "agent", q->agent);
    filter(a, "tenant", q->tenant);
    filter(a, "key", q->key);
    filter(a, "vendor", q->vendor);
    filter(a, "model", q->model);
    filter(a, "operation", q->operation);
    filter(a, "verdict", q->verdict);
    filter(a, "class", q->class);
    filter(a, "code", q->code);
    filter_int(a, "coalesce(settled_nano, held_nano) >=", q->min_usd, q->min_usd != 0);
    if (is_odd(q->outcome))
        sql_add(a, " AND open_seq IN (SELECT open_seq FROM odd_calls)");
    if (str_eq(q->outcome, STR("open")))
        sql_add(a, " AND outcome = ''");
    else
        filter(a, "outcome", q->outcome);
}

/* --- lists
 * ------------------------------------------------------------------------------------------------------------- */

static int seq_range(struct asking *a, int64_t *ret_from, int64_t *ret_to)
{
    int64_t from, to;
    int r = sqlite_seqs_between(a->r->db, a->q->since, a->q->until, &from, &to);
    if (r < 0)
        return r;
    *ret_from = (int64_t)a->q->after_seq >= from ? (int64_t)a->q->after_seq + 1 : from;
    *ret_to = a->q->before_seq && (int64_t)a->q->before_seq <= to ? (int64_t)a->q->before_seq - 1 : to;
    return 0;
}

/* The calls that fit among those of a range of open seqs, which are the first two arguments; `more` is SQL. */
static void select_fitting(struct asking *a, const char *more, const char *order)
{
    sql_add(a, "SELECT open_seq, close_seq, last_seq FROM calls WHERE open_seq BETWEEN ? AND ?");
    arg_int(a, 0);
    arg_int(a, INT64_MAX);
    filter_calls(a);
    filter_int(a, "started_at >=", a->q->since, a->q->since != 0);
    filter_int(a, "started_at <", a->q->until, a->q->until != 0);
    (void)buf_printf(&a->sql, "%s ORDER BY open_seq %s", more, order);
}

static int rows_between(struct asking *a, sqlite3_stmt *st, int64_t from, int64_t to, row_cb on_row)
{
    sql_bind_int(st, 1, from);
    sql_bind_int(st, 2, to);
    int r = step_rows(a, st, on_row);
    (void)sqlite3_reset(st); /* says again what step said */
    return r;
}

/* Block by block of those in which all terms are found. */
static int rows_in_places(struct asking *a, sqlite3_stmt *st, const struct str *terms, size_t n, int64_t from,
                          int64_t to, const char *order, row_cb on_row)
{
    sqlite3_stmt *blocks;
    int rc = SQLITE_DONE, r;
    restart(a);
    sql_add(a, "SELECT p.block FROM places p WHERE p.block BETWEEN ? AND ? AND p.term = ?");
    arg_int(a, from / PLACE_SEQS);
    arg_int(a, to / PLACE_SEQS);
    arg_str(a, terms[0]);
    add_terms(a, terms, n);
    (void)buf_printf(&a->sql, " ORDER BY p.block %s", order);
    r = prepare(a, &blocks);
    if (r < 0)
        return r;
    while (r == 0 && (rc = sqlite3_step(blocks)) == SQLITE_ROW) {
        int64_t first = sql_i64(blocks, 0) * PLACE_SEQS, last = first + PLACE_SEQS - 1;
        r = rows_between(a, st, from > first ? from : first, to < last ? to : last, on_row);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(blocks); /* says again what step said */
    return r;
}

/*
 * The calls that fit, in `order` ("ASC" or "DESC" of their open seqs), until on_row has enough. With terms, only the
 * blocks in which all of them are found are looked at.
 */
static int walk_calls(struct asking *a, const char *more, const char *order, row_cb on_row)
{
    struct str terms[PLACE_COUNT];
    sqlite3_stmt *st;
    int64_t from, to;
    size_t n = terms_of(a, terms);
    int r = seq_range(a, &from, &to);
    if (r < 0)
        return r;
    select_fitting(a, more, order);
    r = prepare(a, &st);
    if (r < 0)
        return r;
    a->n_left = query_rows(a->q);
    r = n ? rows_in_places(a, st, terms, n, from, to, order, on_row) : rows_between(a, st, from, to, on_row);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r < 0 ? r : 0;
}

/* The row is of open_seq, close_seq, last_seq. */
static int texts_of(struct asking *a, sqlite3_stmt *st, struct call_texts *ret)
{
    return sqlite_call_texts(a->r, sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), ret);
}

static int put_call(struct asking *a, sqlite3_stmt *st, bool is_full)
{
    struct call_texts t;
    int r = texts_of(a, st, &t);
    return r < 0 ? r : render_call(&a->r->arena, &a->w, &t, is_full);
}

/* 0 or ROW_R_ENOUGH. */
static int one_less(struct asking *a) { return --a->n_left == 0 ? ROW_R_ENOUGH : 0; }

static int on_call(struct asking *a, sqlite3_stmt *st)
{
    int r = put_call(a, st, false);
    return r < 0 ? r : one_less(a);
}

/* Rows of which the columns do not say enough: as many as are wanted. */
static int on_perhaps_call(struct asking *a, sqlite3_stmt *st)
{
    struct call_texts t;
    struct call_row row;
    int r = texts_of(a, st, &t);
    if (r == 0)
        r = call_row_of(&a->r->arena, &t, &row);
    if (r == 0 && call_row_fits(a->q, &row)) {
        r = render_call(&a->r->arena, &a->w, &t, false);
        a->n_left--;
    }
    if (r < 0 || a->n_left == 0)
        return r < 0 ? r : ROW_R_ENOUGH;
    if (++a->n_looked < LOOKS_MAX || !a->q->ret_stopped_at)
        return 0;
    *a->q->ret_stopped_at = t.open_seq;
    return ROW_R_ENOUGH;
}

static int ask_calls(struct asking *a)
{
    int64_t from, to;
    int r = 0;
    if (!query_needs_frames(a->q))
        return walk_calls(a, "", "DESC", on_call);
    if (sqlite_is_named(a->q)) {
        r = seq_range(a, &from, &to);
        return r == 0 ? sqlite_ask_named(a->r, a->q, from, to, &a->w) : r;
    }
    return walk_calls(a, "", "DESC", on_perhaps_call);
}

static int ask_run(struct asking *a)
{
    return walk_calls(a, "", "ASC", on_call);
}

/* Newest first, as far as they have something to show. */
static int show(struct asking *a, sqlite3_stmt *st,
                int (*render)(struct arena *arena, struct json_writer *w, const struct call_texts *t))
{
    struct call_texts t;
    int r = texts_of(a, st, &t);
    if (r == 0)
        r = render(&a->r->arena, &a->w, &t);
    a->n_left -= r == 0;
    return r < 0 ? r : a->n_left == 0;
}

static int on_poll(struct asking *a, sqlite3_stmt *st) { return show(a, st, render_poll); }

static int ask_polls(struct asking *a)
{
    char unpriced[96]; /* as call_row_is_unpriced() */
    snprintf(unpriced, sizeof(unpriced), " AND outcome = 'settled' AND (settled_nano IS NULL OR settled_how <> %d)",
             HOW_PARSED);
    return walk_calls(a, unpriced, "DESC", on_poll);
}

static int on_duplicate(struct asking *a, sqlite3_stmt *st) { return show(a, st, render_duplicate); }

static int ask_duplicates(struct asking *a) /* as call_row_may_have_happened() */
{
    return walk_calls(a, " AND (outcome IN ('', 'settled', 'unknown') OR (outcome = 'none' AND close_seq <> 0))",
                      "DESC", on_duplicate);
}

static int on_call_of_sum(struct asking *a, sqlite3_stmt *st)
{
    struct call_texts t;
    int r = texts_of(a, st, &t);
    if (r == 0)
        r = run_sum_add(a->sum, &a->r->arena, &t);
    return r < 0 ? r : one_less(a);
}

static int look(void *ctx, const struct run_limit *l, int64_t *ret_settled, int64_t *ret_held)
{
    static const char SQL[] =
        "SELECT settled, held FROM counters WHERE counter = ?1 AND bucket = ?2 AND window_start = 0";
    struct asking *a = ctx;
    sqlite3_stmt *st;
    int r = sql_prepare(a->r->db, str_c(SQL), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, l->counter);
    sql_bind_str(st, 2, l->bucket);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *ret_settled = sql_i64(st, 0);
        *ret_held = sql_i64(st, 1);
    } else if (rc != SQLITE_DONE) {
        r = sql_error(rc);
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int ask_run_sum(struct asking *a)
{
    struct run_sum sum;
    run_sum_init(&sum);
    a->sum = &sum;
    int r = walk_calls(a, "", "ASC", on_call_of_sum);
    if (r == 0)
        r = run_sum_render(&sum, &a->w, look, a);
    run_sum_deinit(&sum);
    return r;
}

/* --- one call, and the events around it
 * ---------------------------------------------------------------------------------- */

static int on_event(struct asking *a, sqlite3_stmt *st)
{
    struct frame f;
    struct event_row e;
    int r = frame_of(a, sql_i64(st, 0), &f);
    if (r == 0 && a->q->tenant.n)
        r = frame_read_event(&a->r->arena, &f, &e);
    if (r < 0 || (a->q->tenant.n && !str_eq(e.tenant, a->q->tenant)))
        return r;
    r = render_event(&a->r->arena, &a->w, f.seq, f.at, f.body, f.personal);
    return r < 0 ? r : --a->n_left == 0 ? ROW_R_ENOUGH : 0;
}

static int put_events_around(struct asking *a, int64_t open_seq, int64_t end_seq)
{
    restart(a);
    sql_add(a, "SELECT seq FROM (SELECT * FROM (SELECT seq FROM events WHERE seq < ? ORDER BY seq DESC LIMIT 5)"
               " UNION ALL SELECT * FROM (SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 20))"
               " ORDER BY seq");
    arg_int(a, open_seq);
    arg_int(a, open_seq);
    arg_int(a, end_seq);
    jw_key(&a->w, STR("events"));
    jw_array(&a->w);
    int r = run(a, on_event);
    jw_array_end(&a->w);
    return r;
}


static int on_full_call(struct asking *a, sqlite3_stmt *st)
{
    int64_t open_seq = sql_i64(st, 0), close_seq = sql_i64(st, 1), last_seq = sql_i64(st, 2);
    int r = put_call(a, st, true);
    a->is_found = true;
    a->n_args = 0;
    arg_int(a, open_seq);
    arg_int(a, last_seq ? last_seq : close_seq ? close_seq : open_seq);
    return r;
}

static int ask_call(struct asking *a)
{
    int64_t seq;
    int r = a->q->id.n ? sqlite_call_by_id(a->r->db, a->q->id, &seq) : SQLITE_R_NONE;
    if (r != 0)
        return r == SQLITE_R_NONE ? 0 : r;
    sql_add(a, "SELECT open_seq, close_seq, last_seq FROM calls WHERE open_seq = ?");
    arg_int(a, seq);
    filter(a, "tenant", a->q->tenant);
    r = run(a, on_full_call);
    if (r < 0 || !a->is_found)
        return r;
    r = put_events_around(a, a->args[0].n, a->args[1].n);
    jw_object_end(&a->w);
    return r;
}

/* --- sums
 * ---------------------------------------------------------------------------------------------------------------- */

static struct rollup rollup_columns(sqlite3_stmt *st, int i)
{
    return (struct rollup){sql_i64(st, i),     sql_i64(st, i + 1), sql_i64(st, i + 2),
                           sql_i64(st, i + 3), sql_i64(st, i + 5), (enum how)sql_i64(st, i + 4)};
}

static int on_run(struct asking *a, sqlite3_stmt *st)
{
    struct run_row r = {
        .run_id = sql_str(st, 0),
        .agent = sql_str(st, 1),
        .tenant = sql_str(st, 2),
        .sum = rollup_columns(st, 3),
        .first_at = sql_i64(st, 9),
        .last_at = sql_i64(st, 10),
        .first_seq = (uint64_t)sql_i64(st, 11),
        .last_seq = (uint64_t)sql_i64(st, 12),
    };
    render_run(&a->w, &r);
    return 0;
}

static int ask_runs(struct asking *a)
{
    const struct query *q = a->q;
    sql_add(
        a,
        "SELECT run_id, agent, tenant, calls, denied, unknown, settled_nano, settled_how, held_nano, first_at, last_at,"
        " first_seq, last_seq FROM runs WHERE 1");
    filter(a, "run_id", q->run);
    filter(a, "agent", q->agent);
    filter(a, "tenant", q->tenant);
    filter_int(a, "last_seq <", (int64_t)q->before_seq, q->before_seq != 0);
    filter_int(a, "last_at >=", q->since, q->since != 0);
    filter_int(a, "first_at <", q->until, q->until != 0);
    sql_add(a, " ORDER BY last_seq DESC");
    limit(a);
    return run(a, on_run);
}

static int on_spend(struct asking *a, sqlite3_stmt *st)
{
    struct spend_row s = {
        .day = sql_i64(st, 0),
#define SPEND_BY(name, member) .member = sql_str(st, SPEND_BY_##name),
#include "call/spend_by.tbl.h"
#undef SPEND_BY
        .sum = rollup_columns(st, SPEND_BY_COUNT),
    };
    render_spend(&a->w, &s);
    return 0;
}

#define DAY_OF_START "(started_at - (started_at % 86400000000000 + 86400000000000) % 86400000000000)"

/* The kept sums answer what they have columns for; anything else is added up from the calls. */
static bool has_sums(const struct query *q)
{
    return q->run.n == 0 && q->operation.n == 0 && q->verdict.n == 0 && q->outcome.n == 0 && q->id.n == 0;
}

/* What the rows are told apart by; `day` says where it comes from. */
static void select_names(struct asking *a, const char *day)
{
    sql_add(a, spend_is_by(a->q, SPEND_BY_DAY) ? day : "SELECT 0");
#define SPEND_BY(name, member) sql_add(a, spend_is_by(a->q, SPEND_BY_##name) ? ", " #member : ", ''");
#include "call/spend_by.tbl.h"
#undef SPEND_BY
}

static int select_sums(struct asking *a)
{
    const struct query *q = a->q;
    select_names(a, "SELECT day");
    sql_add(a, ", sum(calls), sum(denied), sum(unknown), sum(settled_nano), min(settled_how), sum(held_nano)"
               " FROM spend WHERE 1");
    filter(a, "agent", q->agent);
    filter(a, "tenant", q->tenant);
    filter(a, "key", q->key);
    filter(a, "vendor", q->vendor);
    filter(a, "model", q->model);
    filter_int(a, "day >=", wall_day_start(q->since), q->since != 0);
    filter_int(a, "day <", q->until, q->until != 0);
    return 0;
}

static int add_up_calls(struct asking *a)
{
    const struct query *q = a->q;
    int64_t from, to;
    wall_t since = q->since ? wall_day_start(q->since) : 0;
    wall_t until = q->until ? wall_day_start(q->until) + 86400 * NS_PER_S : 0;
    int r = sqlite_seqs_between(a->r->db, since, until, &from, &to);
    if (r < 0)
        return r;
    select_names(a, "SELECT " DAY_OF_START);
    sql_add(a, ", count(*), sum(verdict <> 'permit'), sum(outcome = 'unknown'), coalesce(sum(settled_nano), 0),"
               " min(settled_how), coalesce(sum(iif(outcome IN ('', 'unknown'), held_nano, 0)), 0)");
    from_calls(a, from, to);
    filter_calls(a);
    filter_int(a, DAY_OF_START " >=", wall_day_start(q->since), q->since != 0);
    filter_int(a, DAY_OF_START " <", q->until, q->until != 0);
    return 0;
}

static int ask_spend(struct asking *a)
{
    int r = has_sums(a->q) ? select_sums(a) : add_up_calls(a);
    if (r < 0)
        return r;
    sql_add(a, " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1 DESC, 2, 3, 4, 5, 6");
    limit(a);
    return run(a, on_spend);
}

static int on_counter(struct asking *a, sqlite3_stmt *st)
{
    struct tally_row row = {
        .counter = sql_str(st, 0),
        .bucket = sql_str(st, 1),
        .meter = sql_str(st, 2),
        .window = sql_str(st, 3),
        .window_start = sql_i64(st, 4),
        .settled = sql_i64(st, 5),
        .held = sql_i64(st, 6),
    };
    render_counter(&a->w, &row);
    return 0;
}

static int ask_counters(struct asking *a)
{
    sql_add(a, "SELECT counter, bucket, meter, window, window_start, settled, held FROM counters WHERE 1");
    filter(a, "counter", a->q->id);
    sql_add(a, " ORDER BY counter, bucket, window_start");
    limit(a);
    return run(a, on_counter);
}

/* --- events, policies, single things
 * --------------------------------------------------------------------------------------- */

static int ask_events(struct asking *a)
{
    const struct query *q = a->q;
    sql_add(a, "SELECT seq FROM events WHERE 1");
    filter(a, "event", q->id);
    filter_int(a, "seq <", (int64_t)q->before_seq, q->before_seq != 0);
    filter_int(a, "seq >", (int64_t)q->after_seq, q->after_seq != 0);
    filter_int(a, "at >=", q->since, q->since != 0);
    filter_int(a, "at <", q->until, q->until != 0);
    sql_add(a, " ORDER BY seq DESC");
    a->n_left = query_rows(q);
    return run(a, on_event);
}

static int on_policy(struct asking *a, sqlite3_stmt *st)
{
    struct frame f;
    int r = frame_of(a, sql_i64(st, 0), &f);
    if (r < 0)
        return r;
    return render_policy(&a->r->arena, &a->w, f.seq, f.at, f.body, sql_i64(st, 1) != 0, a->q->id.n > 0);
}

static int ask_policies(struct asking *a)
{
    sql_add(a, "SELECT y.seq, s.seq IS NOT NULL FROM policies y LEFT JOIN states s"
               " ON s.kind = 'policy' AND s.id = y.name AND s.seq = y.seq AND NOT s.is_over WHERE 1");
    filter(a, "y.name", a->q->id);
    sql_add(a, " ORDER BY y.seq DESC");
    limit(a);
    return run(a, on_policy);
}

static int on_object(struct asking *a, sqlite3_stmt *st)
{
    struct object_full o = {
        .object = {sql_str(st, 0), sql_str(st, 2), sql_str(st, 3), sql_str(st, 4), sql_i64(st, 5) != 0},
        .scope = sql_str(st, 1),
        .agent = sql_str(st, 6),
        .key = sql_str(st, 7),
        .run_id = sql_str(st, 8),
        .call_id = sql_str(st, 9),
    };
    render_object(&a->w, &o);
    return 0;
}

static int ask_object(struct asking *a)
{
    sql_add(a,
            "SELECT id, scope, type, customer, parent, created, agent, key, run_id, call_id FROM objects WHERE id = ?");
    a->args[a->n_args++] = (struct arg){.s = a->q->id};
    filter(a, "scope", object_scope(a->q->scope));
    sql_add(a, " ORDER BY scope");
    limit(a);
    return run(a, on_object);
}

static int on_idempotency(struct asking *a, sqlite3_stmt *st)
{
    struct call_row call;
    calls_table_row(st, &a->r->arena, &call);
    const int n = CALLS_COLUMN_COUNT;
    struct idempotency_row row = {sql_str(st, n), sql_str(st, n + 1), sql_str(st, n + 2), sql_i64(st, n + 3), &call};
    render_idempotency(&a->w, &row);
    return 0;
}

static int ask_idempotency(struct asking *a)
{
    sql_add(a, "SELECT c.*, i.scope, i.key, i.body, i.at FROM idempotency i JOIN calls c ON c.open_seq = i.open_seq"
               " WHERE i.scope = ? AND i.key = ?");
    a->args[a->n_args++] = (struct arg){.s = a->q->scope};
    a->args[a->n_args++] = (struct arg){.s = a->q->id};
    return run(a, on_idempotency);
}

/* Frames of a pack behind `after_seq`, as long as rows are wanted. */
static int on_pack(struct asking *a, sqlite3_stmt *st)
{
    struct pack_iter it;
    struct frame f;
    int r = packs_row(&a->r->packs, st, 0, &it);
    while (r == 0 && (r = pack_next(&it, &f)) == 0) {
        if (f.seq <= a->q->after_seq)
            continue;
        render_frame(&a->w, &f, f.personal.n > 0);
        if (--a->n_left == 0)
            return PACK_R_END;
    }
    return r == PACK_R_END ? 0 : r;
}

static int ask_audit(struct asking *a)
{
    a->n_left = query_rows(a->q);
    sql_add(a, "SELECT f.frames, p.texts FROM packs f LEFT JOIN personal p ON p.seq = f.seq"
               " WHERE f.seq >= (SELECT coalesce(max(seq), 0) FROM packs WHERE seq <= ?) ORDER BY f.seq");
    arg_int(a, (int64_t)a->q->after_seq + 1);
    return run(a, on_pack);
}

static int ask_find(struct asking *a) { return sqlite_find(a->r, a->q, &a->w); }

/* --- for those who follow along (follow.c)
 * ------------------------------------------------------------------------------------ */

static int ask_ended(struct asking *a) { return sqlite_ask_ended(a->r, a->q, &a->w); }
static int ask_quiet_runs(struct asking *a) { return sqlite_ask_quiet_runs(a->r, a->q, &a->w); }
static int ask_customer(struct asking *a) { return sqlite_ask_customer(a->r, a->q, &a->w); }
static int ask_marks(struct asking *a) { return sqlite_ask_marks(a->r, &a->w); }
static int ask_bodies(struct asking *a) { return sqlite_ask_bodies(a->r, a->q, &a->w); }
static int ask_body_text(struct asking *a) { return sqlite_ask_body_text(a->r, a->q, &a->w); }
static int ask_feed(struct asking *a) { return sqlite_ask_feed(a->r, a->q, &a->w); }

/* --- all of them
 * ------------------------------------------------------------------------------------------------------------ */

int sqlite_ask(struct store_reader *reader, const struct query *q, struct buf *ret_json)
{
    static int (*const ASK[QUERY_COUNT])(struct asking *a) = {
        [QUERY_CALLS] = ask_calls,       [QUERY_CALL] = ask_call,         [QUERY_RUNS] = ask_runs,
        [QUERY_RUN] = ask_run,           [QUERY_SPEND] = ask_spend,       [QUERY_COUNTERS] = ask_counters,
        [QUERY_EVENTS] = ask_events,     [QUERY_POLICIES] = ask_policies, [QUERY_OBJECT] = ask_object,
        [QUERY_IDEMPOTENCY] = ask_idempotency, [QUERY_AUDIT] = ask_audit, [QUERY_RUN_SUM] = ask_run_sum,
        [QUERY_FIND] = ask_find,
        [QUERY_ENDED] = ask_ended,       [QUERY_QUIET_RUNS] = ask_quiet_runs, [QUERY_MARKS] = ask_marks,
        [QUERY_POLLS] = ask_polls,       [QUERY_DUPLICATES] = ask_duplicates,
        [QUERY_FEED] = ask_feed,
        [QUERY_CUSTOMER] = ask_customer,
        [QUERY_BODIES] = ask_bodies,     [QUERY_BODY_TEXT] = ask_body_text,
    };
    check((size_t)q->kind < QUERY_COUNT);
    struct asking a = {.r = reader, .q = q};
    buf_init(&a.sql, SQL_BYTES_MAX);
    arena_init(&a.terms, TERMS_BYTES_MAX);
    jw_init(&a.w, ret_json);
    jw_array(&a.w);
    int r = sql_exec(reader->db, "BEGIN"); /* one snapshot for all of the answer */
    if (r == 0) {
        r = ASK[q->kind](&a);
        packs_rest(&reader->packs);
        blocks_rest(&reader->blocks);
        (void)sql_exec(reader->db, "COMMIT"); /* nothing was written */
    }
    jw_array_end(&a.w);
    buf_deinit(&a.sql);
    arena_deinit(&a.terms);
    arena_reset(&reader->arena);
    return r < 0 ? r : err_trace(buf_ok(ret_json));
}
