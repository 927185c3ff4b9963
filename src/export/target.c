/*
 * export/target.c - one target's way along the record.
 */
#include "export/target_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "export/retry.h"

#define ANSWER_BYTES_MAX 65536
#define RECORDS_BYTES_MAX ((size_t)128 << 20)
#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define RECORD_DEPTH_MAX 64
#define GZIP_MORE_BYTES 4096

static void ask_next(struct target *g);

/* --- what is shown ------------------------------------------------------------------------------------------------ */

static void show_failure(struct target *g, const char *why)
{
    bool is_news;
    pthread_mutex_lock(&g->lock);
    is_news = g->shown.state != EXPORT_FAILING;
    g->shown.state = EXPORT_FAILING;
    g->shown.failures++;
    g->shown.last_status = g->status;
    (void)snprintf(g->shown.error, sizeof g->shown.error, "%s", why); /* cut at the end */
    pthread_mutex_unlock(&g->lock);
    if (is_news)
        log_at(LOG_WARN, "export_failing",
               "target=" STR_FMT " status=%u next=\"will retry; nothing is lost meanwhile\"", STR_ARG(g->t->name),
               g->status);
}

static void show_sent(struct target *g, int64_t n_rejected)
{
    pthread_mutex_lock(&g->lock);
    bool is_news = g->shown.state == EXPORT_FAILING;
    g->shown.state = EXPORT_OK;
    g->shown.requests++;
    g->shown.calls_sent += g->n_calls;
    g->shown.spans_sent += g->n_spans;
    g->shown.spans_rejected += n_rejected > 0 ? (uint64_t)n_rejected : 0;
    g->shown.last_status = g->status;
    g->shown.last_sent_at = loop_wall(g->set->loop);
    pthread_mutex_unlock(&g->lock);
    if (is_news)
        log_at(LOG_INFO, "export_recovered", "target=" STR_FMT, STR_ARG(g->t->name));
}

static void show_rejected(struct target *g, uint64_t n_spans, struct str why)
{
    pthread_mutex_lock(&g->lock);
    g->shown.spans_rejected += n_spans;
    (void)snprintf(g->shown.error, sizeof g->shown.error, STR_FMT, STR_ARG(str_sub(why, 0, 200)));
    pthread_mutex_unlock(&g->lock);
    log_at(LOG_WARN, "export_rejected", "target=" STR_FMT " status=%u", STR_ARG(g->t->name), g->status);
}

static void show_seq(struct target *g)
{
    pthread_mutex_lock(&g->lock);
    g->shown.seq = g->calls_seq;
    if (g->shown.state == EXPORT_STARTING)
        g->shown.state = EXPORT_OK;
    pthread_mutex_unlock(&g->lock);
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

static void rest(struct target *g, int64_t ms)
{
    if (!g->set->is_stopping)
        timer_arm(g->set->loop, &g->timer, ms);
}

static void mark(struct target *g, struct str name, uint64_t seq) { g->set->feed.mark(g->set->feed.ctx, name, seq); }

/* What was on its way is there: the mark moves. */
static void move_on(struct target *g)
{
    if (g->step == STEP_CALLS && g->next_seq > g->calls_seq) {
        g->calls_seq = g->next_seq;
        mark(g, g->mark_calls, g->calls_seq);
    } else if (g->step == STEP_RUNS && g->next_seq > g->runs_seq) {
        g->runs_seq = g->next_seq;
        mark(g, g->mark_runs, g->runs_seq);
    }
    show_seq(g);
    if (!g->is_full) {
        bool is_round_over = g->step == STEP_RUNS;
        g->step = is_round_over ? STEP_CALLS : STEP_RUNS;
        if (is_round_over) {
            rest(g, g->set->limits->export_interval_ms);
            return;
        }
    }
    ask_next(g);
}

/* --- after sending ------------------------------------------------------------------------------------------------ */

static void back_off(struct target *g, const char *why)
{
    const struct limits *l = g->set->limits;
    g->n_failures++;
    int64_t ms = retry_backoff_ms(l->export_backoff_ms, l->export_backoff_ms_max, g->n_failures, g->set->rng);
    if (g->retry_after_ms >= 0)
        ms = g->retry_after_ms < l->export_retry_after_ms_max ? g->retry_after_ms : l->export_retry_after_ms_max;
    show_failure(g, why);
    rest(g, ms);
}

void target_failed(struct target *g, const char *why) { back_off(g, why); }

/* Half of it may be fine; what is refused alone is left out. */
static void leave_out(struct target *g, const char *why)
{
    if (g->n_rows > 1) {
        g->calls_max = (int64_t)(g->n_rows / 2);
        ask_next(g);
        return;
    }
    show_rejected(g, g->n_spans, str_c(why));
    g->calls_max = g->set->limits->export_calls_max;
    move_on(g);
}

static void accepted(struct target *g)
{
    struct otlp_answer a = {.n_rejected = 0};
    if (!g->is_answer_cut)
        (void)otlp_read(g->t->protocol, &g->arena, buf_str(&g->answer), &a); /* a 2xx is a yes, whatever it says */
    g->n_failures = 0;
    g->calls_max = g->set->limits->export_calls_max;
    show_sent(g, a.n_rejected);
    if (a.n_rejected > 0)
        show_rejected(g, 0, a.message);
    move_on(g);
}

void target_answered(struct target *g)
{
    char why[64];
    switch (retry_verdict_of(g->status)) {
    case RETRY_SENT:
        accepted(g);
        return;
    case RETRY_SMALLER:
        leave_out(g, "the target refused it as malformed");
        return;
    case RETRY_LATER:
        (void)snprintf(why, sizeof why, "answered with status %u", g->status);
        back_off(g, why);
        return;
    }
}

/* --- the store's answer ------------------------------------------------------------------------------------------- */

static int64_t seq_at(struct json v, struct str name)
{
    int64_t n = 0;
    (void)json_i64(json_get(v, name), &n); /* absent is 0 */
    return n;
}

/* Where we stand; a target that was never here begins now, or at the start. */
static void take_marks(struct target *g, struct json rows)
{
    struct json row;
    struct str name;
    uint64_t begin = g->t->is_from_start ? 0 : g->set->feed.seq(g->set->feed.ctx);
    g->calls_seq = g->runs_seq = begin;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        if (!json_str(json_get(row, STR("name")), &name))
            continue;
        if (str_eq(name, g->mark_calls))
            g->calls_seq = (uint64_t)seq_at(row, STR("seq"));
        else if (str_eq(name, g->mark_runs))
            g->runs_seq = (uint64_t)seq_at(row, STR("seq"));
    }
    mark(g, g->mark_calls, g->calls_seq);
    mark(g, g->mark_runs, g->runs_seq);
    g->step = STEP_CALLS;
    show_seq(g);
    ask_next(g);
}

static void take_calls(struct target *g, struct json rows, struct spans *spans)
{
    struct json row;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        int64_t seen = seq_at(row, STR("seen_seq"));
        if (seen) {
            g->next_seq = (uint64_t)seen;
            continue;
        }
        g->n_calls++;
        if (trace_call(&g->t->trace, row, spans) < 0)
            show_rejected(g, 1, STR("a record could not be read"));
    }
}

static void take_runs(struct target *g, struct json rows, struct spans *spans)
{
    struct json row;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        g->next_seq = (uint64_t)seq_at(row, STR("seq"));
        if (trace_run(&g->t->trace, row, spans) < 0)
            show_rejected(g, 1, STR("a run could not be read"));
    }
}

static void take_rows(struct target *g, struct json rows)
{
    struct otlp_resource resource = g->set->resource;
    struct spans spans;
    g->n_rows = json_len(rows) - (g->step == STEP_CALLS);
    spans_init(&spans, &g->arena);
    g->n_calls = 0;
    g->next_seq = g->step == STEP_CALLS ? g->calls_seq : g->runs_seq;
    g->is_full = (int64_t)g->n_rows >= g->calls_max;
    if (g->step == STEP_CALLS)
        take_calls(g, rows, &spans);
    else
        take_runs(g, rows, &spans);
    g->n_spans = spans.n;
    resource.schema_url = semconv_schema_url(g->t->trace.semconv);
    buf_reset(&g->body);
    if (otlp_write(g->t->protocol, &resource, &spans, &g->body) < 0)
        leave_out(g, "larger than export_bytes_max");
    else if (spans.n == 0)
        move_on(g);
    else
        target_send(g);
}

static void on_rows(void *ctx)
{
    struct target *g = ctx;
    struct json rows;
    g->is_asking = false;
    if (g->set->is_stopping)
        return;
    int r = g->ask.result;
    if (r == 0)
        r = json_parse(&g->arena, buf_str(&g->ask.json), RECORD_DEPTH_MAX, &rows);
    if (r < 0)
        back_off(g, err_text(r));
    else if (g->step == STEP_MARKS)
        take_marks(g, rows);
    else
        take_rows(g, rows);
}

static void ask_next(struct target *g)
{
    const struct limits *l = g->set->limits;
    arena_reset(&g->arena);
    buf_reset(&g->ask.json);
    g->status = 0;
    g->retry_after_ms = -1;
    g->ask.q = (struct query){.kind = QUERY_MARKS};
    if (g->step == STEP_CALLS)
        g->ask.q = (struct query){.kind = QUERY_ENDED, .after_seq = g->calls_seq, .rows_max = g->calls_max};
    else if (g->step == STEP_RUNS)
        g->ask.q = (struct query){.kind = QUERY_QUIET_RUNS,
                                  .after_seq = g->runs_seq,
                                  .rows_max = g->calls_max,
                                  .until = loop_wall(g->set->loop) - l->export_quiet_ms * NS_PER_MS};
    g->is_asking = true;
    g->set->feed.ask(g->set->feed.ctx, &g->ask);
}

/* --- birth and death ---------------------------------------------------------------------------------------------- */

static void on_timer(struct timer *t) { ask_next(list_entry(t, struct target, timer)); }

void target_init(struct target *g, struct exports *set, const struct export_target *t)
{
    const struct limits *l = set->limits;
    *g = (struct target){.set = set, .t = t, .calls_max = l->export_calls_max};
    pthread_mutex_init(&g->lock, NULL);
    arena_init(&g->arena, ARENA_BYTES_MAX);
    buf_init(&g->ask.json, RECORDS_BYTES_MAX);
    buf_init(&g->body, (size_t)l->export_bytes_max);
    buf_init(&g->packed, (size_t)l->export_bytes_max + GZIP_MORE_BYTES);
    buf_init(&g->answer, ANSWER_BYTES_MAX);
    timer_init(&g->timer, on_timer);
    g->ask.box = &set->loop->box;
    g->ask.done = (struct post){on_rows, g};
}

void target_start(struct target *g) { rest(g, 0); }

void target_stop(struct target *g)
{
    timer_cancel(g->set->loop, &g->timer);
    target_give_up(g);
}

void target_deinit(struct target *g)
{
    arena_deinit(&g->arena);
    buf_deinit(&g->ask.json);
    buf_deinit(&g->body);
    buf_deinit(&g->packed);
    buf_deinit(&g->answer);
    pthread_mutex_destroy(&g->lock);
}
