/*
 * store/sqlite/ask.c - queries. Texts of users are bound, never put into SQL.
 *
 * Lists go by open_seq from the newest on and stop at their limit, so that a page of a long history costs what the page
 * costs. Windows of time are turned into bounds of open_seq first: calls are numbered when they are held, which is
 * within SLACK_NS of when they started, unless the clock was set back by more.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/sqlite/batch.h"

#include <string.h>

#define ARGS_MAX 24
#define SQL_BYTES_MAX 8192
#define SLACK_NS (3600 * NS_PER_S)

/* One question: SQL and its arguments in the making, then the answer. */
struct asking {
    struct store_reader *r;
    const struct query *q;
    struct json_writer w;
    struct buf sql;
    struct arg {
        bool is_int;
        int64_t n;
        struct str s;
    } args[ARGS_MAX];
    int n_args;
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

/* Runs the SQL; the arena is empty for each row. */
static int run(struct asking *a, int (*on_row)(struct asking *a, sqlite3_stmt *st))
{
    sqlite3_stmt *st;
    int rc, r = buf_ok(&a->sql);
    if (r == 0)
        r = sql_prepare(a->r->db, buf_str(&a->sql), &st);
    if (r < 0)
        return r;
    for (int i = 0; i < a->n_args; i++) {
        if (a->args[i].is_int)
            sql_bind_int(st, 1 + i, a->args[i].n);
        else
            sql_bind_str(st, 1 + i, a->args[i].s);
    }
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        arena_reset(&a->r->arena);
        r = on_row(a, st);
        if (r < 0)
            break;
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* --- calls
 * ------------------------------------------------------------------------------------------------------------- */

/* A bound of open_seq from a time, by the index on it; `fallback` when no call is on that side. */
static int seq_bound(struct asking *a, const char *sql, wall_t at, int64_t *bound)
{
    sqlite3_stmt *st;
    int r = sql_prepare(a->r->db, str_c(sql), &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, at);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *bound = sql_i64(st, 0);
    else if (rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* The inner query: open_seq of the calls that fit, `order` ASC or DESC. */
static int select_calls(struct asking *a, const char *order)
{
    const struct query *q = a->q;
    int64_t from = 0, to = INT64_MAX;
    int r = 0;
    if (q->since) {
        from = INT64_MAX;
        r = seq_bound(a, "SELECT open_seq FROM calls WHERE started_at >= ?1 ORDER BY started_at LIMIT 1",
                      q->since - SLACK_NS, &from);
    }
    if (r == 0 && q->until) {
        to = 0;
        r = seq_bound(a, "SELECT open_seq FROM calls WHERE started_at < ?1 ORDER BY started_at DESC LIMIT 1",
                      q->until + SLACK_NS, &to);
    }
    if (r < 0)
        return r;

    sql_add(a, "SELECT open_seq, close_seq, last_seq FROM calls WHERE 1");
    filter(a, "call_id", q->id);
    filter(a, "run_id", q->run);
    filter(a, "agent", q->agent);
    if (q->tenant.n)
        sql_add(a, " AND tenant <> ''");
    filter(a, "tenant", q->tenant);
    filter(a, "key", q->key);
    filter(a, "+vendor", q->vendor);
    filter(a, "+model", q->model);
    filter(a, "operation", q->operation);
    if (q->verdict.n && !str_eq(q->verdict, STR("permit")))
        sql_add(a, " AND verdict <> 'permit'");
    filter(a, "verdict", q->verdict);
    if (str_eq(q->outcome, STR("open")))
        sql_add(a, " AND outcome = '' AND outcome IN ('', 'unknown', 'released')");
    else if (str_eq(q->outcome, STR("unknown")) || str_eq(q->outcome, STR("released")))
        sql_add(a, " AND outcome IN ('', 'unknown', 'released')");
    if (!str_eq(q->outcome, STR("open")))
        filter(a, "outcome", q->outcome);
    filter_int(a, "open_seq <", (int64_t)q->before_seq, q->before_seq != 0);
    filter_int(a, "open_seq >", (int64_t)q->after_seq, q->after_seq != 0);
    filter_int(a, "open_seq >=", from, q->since != 0);
    filter_int(a, "open_seq <=", to, q->until != 0);
    filter_int(a, "+started_at >=", q->since, q->since != 0);
    filter_int(a, "+started_at <", q->until, q->until != 0);
    (void)buf_printf(&a->sql, " ORDER BY open_seq %s", order);
    limit(a);
    return 0;
}

static int put_call(struct asking *a, sqlite3_stmt *st, bool is_full)
{
    struct call_texts t = {(uint64_t)sql_i64(st, 0), (uint64_t)sql_i64(st, 1), (uint64_t)sql_i64(st, 2)};
    const void *chain = sqlite3_column_blob(st, 3);
    if (!chain || sqlite3_column_bytes(st, 3) != CHAIN_BYTES)
        return err_trace(-ERR_CORRUPT);
    memcpy(t.chain, chain, CHAIN_BYTES);
    t.open = sql_str(st, 4);
    t.open_personal = sql_str(st, 5);
    t.close = sql_str(st, 6);
    t.close_personal = sql_str(st, 7);
    t.last = sql_str(st, 8);
    t.last_personal = sql_str(st, 9);
    return render_call(&a->r->arena, &a->w, &t, is_full);
}

static int on_call(struct asking *a, sqlite3_stmt *st)
{
    return put_call(a, st, false);
}

static const char CALL_TEXTS[] =
    "SELECT c.open_seq, c.close_seq, c.last_seq, o.chain, o.body, po.body, f.body, pf.body, l.body, pl.body FROM (";
static const char CALL_JOINS[] =
    ") c JOIN frames o ON o.seq = c.open_seq LEFT JOIN personal po ON po.seq = c.open_seq"
    " LEFT JOIN frames f ON f.seq = c.close_seq LEFT JOIN personal pf ON pf.seq = c.close_seq"
    " LEFT JOIN frames l ON l.seq = c.last_seq LEFT JOIN personal pl ON pl.seq = c.last_seq ORDER BY c.open_seq ";

static int ask_list(struct asking *a, const char *order)
{
    sql_add(a, CALL_TEXTS);
    int r = select_calls(a, order);
    sql_add(a, CALL_JOINS);
    sql_add(a, order);
    return r == 0 ? run(a, on_call) : r;
}

static int ask_calls(struct asking *a)
{
    return ask_list(a, "DESC");
}

static int ask_run(struct asking *a)
{
    return ask_list(a, "ASC");
}

/* --- one call, and the events around it
 * ---------------------------------------------------------------------------------- */

static int on_event(struct asking *a, sqlite3_stmt *st)
{
    return render_event(&a->r->arena, &a->w, (uint64_t)sql_i64(st, 0), sql_i64(st, 1), sql_str(st, 2), sql_str(st, 3));
}

static const char EVENT_JOINS[] =
    " JOIN frames f ON f.seq = e.seq LEFT JOIN personal p ON p.seq = e.seq ORDER BY e.seq ";

static int put_events_around(struct asking *a, int64_t open_seq, int64_t end_seq)
{
    restart(a);
    sql_add(a, "SELECT e.seq, f.at, f.body, p.body FROM (SELECT * FROM"
               " (SELECT seq FROM events WHERE seq < ? ORDER BY seq DESC LIMIT 5)"
               " UNION ALL SELECT * FROM (SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 20)) e");
    sql_add(a, EVENT_JOINS);
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
    a->n_args = 0;
    arg_int(a, open_seq);
    arg_int(a, last_seq ? last_seq : close_seq ? close_seq : open_seq);
    return r;
}

static int ask_call(struct asking *a)
{
    if (a->q->id.n == 0)
        return 0;
    sql_add(a, CALL_TEXTS);
    sql_add(a, "SELECT open_seq, close_seq, last_seq FROM calls WHERE 1");
    filter(a, "call_id", a->q->id);
    sql_add(a, CALL_JOINS);
    int r = run(a, on_full_call);
    if (r < 0 || a->n_args != 2) /* one argument: no row was found */
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
static void select_spend(struct asking *a, bool has_sums)
{
    sql_add(a, !spend_is_by(a->q, SPEND_BY_DAY) ? "SELECT 0" : has_sums ? "SELECT day" : "SELECT " DAY_OF_START);
#define SPEND_BY(name, member) sql_add(a, spend_is_by(a->q, SPEND_BY_##name) ? ", " #member : ", ''");
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    if (has_sums)
        sql_add(a, ", sum(calls), sum(denied), sum(unknown), sum(settled_nano), min(settled_how), sum(held_nano)"
                   " FROM spend WHERE 1");
    else
        sql_add(a, ", count(*), sum(verdict <> 'permit'), sum(outcome = 'unknown'), coalesce(sum(settled_nano), 0),"
                   " min(settled_how), coalesce(sum(iif(outcome IN ('', 'unknown'), held_nano, 0)), 0)"
                   " FROM calls WHERE 1");
}

static int ask_spend(struct asking *a)
{
    const struct query *q = a->q;
    bool has_sums = q->run.n == 0 && q->operation.n == 0 && q->verdict.n == 0 && q->outcome.n == 0 && q->id.n == 0;
    select_spend(a, has_sums);
    filter(a, "call_id", q->id);
    filter(a, "run_id", q->run);
    filter(a, "agent", q->agent);
    filter(a, "tenant", q->tenant);
    filter(a, "key", q->key);
    filter(a, "vendor", q->vendor);
    filter(a, "model", q->model);
    filter(a, "operation", q->operation);
    filter(a, "verdict", q->verdict);
    if (str_eq(q->outcome, STR("open")))
        sql_add(a, " AND outcome = ''");
    else
        filter(a, "outcome", q->outcome);
    filter_int(a, has_sums ? "day >=" : DAY_OF_START " >=", wall_day_start(q->since), q->since != 0);
    filter_int(a, has_sums ? "day <" : DAY_OF_START " <", q->until, q->until != 0);
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
    sql_add(a, "SELECT e.seq, f.at, f.body, p.body FROM (SELECT seq FROM events WHERE 1");
    filter(a, "event", q->id);
    filter_int(a, "seq <", (int64_t)q->before_seq, q->before_seq != 0);
    filter_int(a, "seq >", (int64_t)q->after_seq, q->after_seq != 0);
    filter_int(a, "at >=", q->since, q->since != 0);
    filter_int(a, "at <", q->until, q->until != 0);
    sql_add(a, " ORDER BY seq DESC");
    limit(a);
    sql_add(a, ") e");
    sql_add(a, EVENT_JOINS);
    sql_add(a, "DESC");
    return run(a, on_event);
}

static int on_policy(struct asking *a, sqlite3_stmt *st)
{
    return render_policy(&a->r->arena, &a->w, (uint64_t)sql_i64(st, 0), sql_i64(st, 1), sql_str(st, 2),
                         sql_i64(st, 3) != 0, a->q->id.n > 0);
}

static int ask_policies(struct asking *a)
{
    sql_add(a, "SELECT y.seq, f.at, f.body, s.seq IS NOT NULL FROM policies y JOIN frames f ON f.seq = y.seq LEFT JOIN "
               "states s"
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
    sqlite_call_row(st, &a->r->arena, &call);
    const int n = CALL_COLUMNS;
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

static int on_frame(struct asking *a, sqlite3_stmt *st)
{
    struct frame f;
    int r = sql_frame(st, 0, &f);
    if (r == 0)
        render_frame(&a->w, &f, !sql_is_null(st, 8));
    return r;
}

static int ask_audit(struct asking *a)
{
    sql_add(a, "SELECT f.seq, f.kind, f.version, f.node, f.epoch, f.at, f.chain, f.body, p.body FROM frames f"
               " LEFT JOIN personal p ON p.seq = f.seq WHERE f.seq > ? ORDER BY f.seq");
    arg_int(a, (int64_t)a->q->after_seq);
    limit(a);
    return run(a, on_frame);
}

/* --- all of them
 * ------------------------------------------------------------------------------------------------------------ */

int sqlite_ask(struct store_reader *reader, const struct query *q, struct buf *ret_json)
{
    static int (*const ASK[QUERY_COUNT])(struct asking *a) = {
        [QUERY_CALLS] = ask_calls,       [QUERY_CALL] = ask_call,         [QUERY_RUNS] = ask_runs,
        [QUERY_RUN] = ask_run,           [QUERY_SPEND] = ask_spend,       [QUERY_COUNTERS] = ask_counters,
        [QUERY_EVENTS] = ask_events,     [QUERY_POLICIES] = ask_policies, [QUERY_OBJECT] = ask_object,
        [QUERY_IDEMPOTENCY] = ask_idempotency, [QUERY_AUDIT] = ask_audit,
    };
    check((size_t)q->kind < QUERY_COUNT);
    struct asking a = {.r = reader, .q = q};
    buf_init(&a.sql, SQL_BYTES_MAX);
    jw_init(&a.w, ret_json);
    jw_array(&a.w);
    int r = sql_exec(reader->db, "BEGIN"); /* one snapshot for all of the answer */
    if (r == 0) {
        r = ASK[q->kind](&a);
        (void)sql_exec(reader->db, "COMMIT"); /* nothing was written */
    }
    jw_array_end(&a.w);
    buf_deinit(&a.sql);
    arena_reset(&reader->arena);
    return r < 0 ? r : err_trace(buf_ok(ret_json));
}
