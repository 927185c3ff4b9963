/*
 * admin/h_calls.c - what happened: calls, runs, spend, events. Reader threads answer; nothing here holds a call up.
 */
#include "admin/calls_file.h"
#include "admin/filters.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "admin/why.h"
#include "base/err.h"

#define RECORD_DEPTH_MAX 64

static void then_calls(struct request *r) { request_answer_page(r, STR("calls")); }

void admin_on_calls(struct request *r)
{
    static const struct str formats[] = {STR_INIT("json"), STR_INIT("ndjson"), STR_INIT("csv")};
    if (!filter_is_one_of(r, "format", request_param(r, STR("format")), formats, 3) || !filters_read(r, QUERY_CALLS))
        return;
    if (calls_file_wanted(r))
        calls_file_send(r, request_param(r, STR("limit")).n ? r->ask.q.rows_max : 0);
    else
        request_ask(r, then_calls);
}

/* The only row of an answer; false: there is none, answered. */
static bool one_row(struct request *r, struct json *ret)
{
    struct json rows, row;
    if (json_parse(&r->arena, buf_str(&r->ask.json), RECORD_DEPTH_MAX, &rows) < 0) {
        request_fail_err(r, -ERR_CORRUPT);
        return false;
    }
    row = json_type(rows) == JSON_ARRAY ? json_at(rows, 0) : rows;
    if (json_type(row) != JSON_OBJECT) {
        request_fail(r, 404, "not_found", "there is no call `" STR_FMT "`", STR_ARG(str_sub(r->args[0], 0, 64)));
        return false;
    }
    *ret = row;
    return true;
}

/* The text of the only row: an array of one without its brackets. */
static struct str row_text(const struct request *r)
{
    struct str s = str_trim(buf_str(&r->ask.json));
    return str_starts(s, STR("[")) ? str_sub(s, 1, s.n - 2) : s;
}

static void then_call(struct request *r)
{
    struct json row;
    if (!one_row(r, &row))
        return;
    (void)buf_add(&r->out, row_text(r)); /* noted in the buf */
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void admin_on_call(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_CALL, .id = r->args[0], .tenant = r->who.tenant, .rows_max = 1};
    request_ask(r, then_call);
}

static void then_why(struct request *r)
{
    struct json_writer w;
    struct json row;
    if (!one_row(r, &row))
        return;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_raw(&w, STR("call"), row_text(r));
    jw_key(&w, STR("explanation"));
    why_explain(&r->arena, row, &w);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void admin_on_why(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_CALL, .id = r->args[0], .tenant = r->who.tenant, .rows_max = 1};
    request_ask(r, then_why);
}

static void then_runs(struct request *r) { request_answer_page(r, STR("runs")); }

void admin_on_runs(struct request *r)
{
    if (filters_read(r, QUERY_RUNS))
        request_ask(r, then_runs);
}

static void then_run_calls(struct request *r)
{
    struct json_writer w;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_raw(&w, STR("run"), r->note); /* the run and its sums */
    jw_put_raw(&w, STR("calls"), buf_str(&r->ask.json));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

/* Several runs share the id: the answer lists them, so that the next question can choose. */
static void fail_with_runs(struct request *r)
{
    struct json_writer w;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_put_str(&w, STR("code"), STR("run_ambiguous"));
    jw_put_str(&w, STR("message"), STR("several runs have this id: choose one with agent and tenant"));
    jw_object_end(&w);
    jw_put_raw(&w, STR("runs"), buf_str(&r->ask.json));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 409);
}

/* The members of both objects in one: they have no name in common. */
static struct str joined(struct request *r, struct str a, struct str b)
{
    return arena_join(&r->arena, (struct str[]){str_sub(a, 0, a.n - 1), STR(","), str_sub(b, 1, b.n - 1)}, 3);
}

static void then_run_sum(struct request *r)
{
    r->note = joined(r, r->note, row_text(r));
    r->ask.q.kind = QUERY_RUN;
    r->ask.q.rows_max = r->admin->limits->query_rows_max;
    if (request_param(r, STR("limit")).n && !request_limit(r, &r->ask.q.rows_max))
        return;
    request_ask(r, then_run_calls);
}

static void then_run(struct request *r)
{
    struct json rows, row;
    struct str agent = request_param(r, STR("agent")), tenant = request_param(r, STR("tenant"));

    if (json_parse(&r->arena, buf_str(&r->ask.json), RECORD_DEPTH_MAX, &rows) < 0) {
        request_fail_err(r, -ERR_CORRUPT);
        return;
    }
    if (json_len(rows) > 1) {
        fail_with_runs(r);
        return;
    }
    row = json_at(rows, 0);
    if (json_type(row) != JSON_OBJECT) {
        request_fail(r, 404, "not_found", "there is no run `" STR_FMT "`%s", STR_ARG(str_sub(r->args[0], 0, 128)),
                     agent.n || tenant.n ? " of that agent and tenant" : "");
        return;
    }
    r->note = arena_str(&r->arena, row_text(r));
    (void)json_str(json_get(row, STR("agent")), &agent);
    (void)json_str(json_get(row, STR("tenant")), &tenant);
    r->ask.q = (struct query){
        .kind = QUERY_RUN_SUM, .run = r->args[0], .agent = agent, .tenant = tenant, .rows_max = INT64_MAX};
    request_ask(r, then_run_sum);
}

void admin_on_run(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_RUNS,
                              .run = r->args[0],
                              .agent = request_param(r, STR("agent")),
                              .tenant = request_param(r, STR("tenant")),
                              .rows_max = 100};
    if (!filters_keep_to_tenant(r, &r->ask.q))
        r->ask.q.run = STR(" "); /* which no run id is */
    request_ask(r, then_run);
}

static void then_spend(struct request *r) { request_answer_list(r, STR("spend")); }

static const struct str dimensions[] = {
    STR_INIT("day"),
#define SPEND_BY(name, member) STR_INIT(#member),
#include "call/spend_by.tbl.h"
#undef SPEND_BY
};

/* "model,day" as bits; false: refused, answered. */
static bool spend_by(struct request *r, unsigned *ret)
{
    struct str rest = request_param(r, STR("by"));
    for (bool is_more = rest.n > 0; is_more;) {
        struct str one = rest;
        is_more = str_cut(rest, ',', &one, &rest);
        if (!filter_is_one_of(r, "by", one.n ? one : STR(","), dimensions, SPEND_BY_COUNT))
            return false;
        for (enum spend_by i = 0; i < SPEND_BY_COUNT; i++)
            *ret |= str_eq(one, dimensions[i]) ? 1u << i : 0;
    }
    return true;
}

void admin_on_spend(struct request *r)
{
    if (!filters_read(r, QUERY_SPEND) || !spend_by(r, &r->ask.q.spend_by))
        return;
    if (!request_param(r, STR("limit")).n)
        r->ask.q.rows_max = r->admin->limits->query_rows_max;
    request_ask(r, then_spend);
}

static void then_events(struct request *r) { request_answer_list(r, STR("events")); }

void admin_on_events(struct request *r)
{
    if (filters_read(r, QUERY_EVENTS))
        request_ask(r, then_events);
}
