/*
 * cli/timeline.c - one function a kind of row.
 */
#include "cli/timeline.h"

#include "base/map.h"
#include "base/money.h"
#include "base/time.h"
#include "cli/flow.h"
#include "cli/tokens.h"
#include "cli/whom.h"

#include <stdlib.h>

#define TOOLS_MAX ((size_t)1 << 22) /* names kept for edges; a run has as many calls as one answer of the API */

struct timeline {
    struct cli *cli;
    size_t columns;
    wall_t start;
    struct map tools; /* tool call id -> its name, as a struct str in the arena */
    bool has_inferred;
    struct str whom; /* of the call before */
};

/* --- parts -------------------------------------------------------------------------------------------------------- */

/* "+0.531" after the run's first call. */
static struct str since_start(const struct timeline *t, struct json call)
{
    wall_t at;
    if (wall_parse(show_text(call, "started_at"), &at) < 0)
        return STR("?");
    int64_t ms = (at - t->start) / NS_PER_MS;
    return arena_printf(&t->cli->arena, "%s%lld.%03lld", ms < 0 ? "-" : "+", (long long)llabs(ms) / 1000,
                        (long long)llabs(ms) % 1000);
}

static void begin(struct flow *f, const struct timeline *t, struct str when, const char *kind)
{
    flow_begin(f, t->cli, t->columns,
               arena_printf(&t->cli->arena, "%9.*s  %-5s  ", STR_ARG(when), kind));
}

static struct str amount(struct cli *c, struct json call)
{
    int64_t minor, exponent = 2, unit = 1;
    struct str currency = show_text(call, "currency");
    if (!json_i64(json_get(call, STR("amount")), &minor))
        return STR_NONE;
    (void)json_i64(json_get(call, STR("exponent")), &exponent); /* 2 unless the record says otherwise */
    for (int64_t i = 0; i < exponent && i < 9; i++)
        unit *= 10;
    if (unit == 1)
        return arena_printf(&c->arena, "%lld " STR_FMT, (long long)minor, STR_ARG(currency));
    return arena_printf(&c->arena, "%lld.%0*lld " STR_FMT, (long long)(minor / unit), (int)exponent,
                        (long long)(minor % unit), STR_ARG(currency));
}

static void add_verdict(struct flow *f, struct json call)
{
    struct str verdict = show_text(call, "verdict"), code = show_text(call, "code");
    flow_add(f, style_of_verdict(verdict), verdict);
    flow_add(f, STYLE_BAD, code);
}

/* What it cost; else what stands held, and why. */
static void add_cost(struct flow *f, struct json call)
{
    struct cli *c = f->cli;
    struct str settled = show_money(c, call, "settled"), held = show_money(c, call, "held");
    struct str outcome = show_text(call, "outcome");
    bool is_unknown = str_eq(outcome, STR("unknown"));
    flow_add(f, STYLE_PLAIN, settled);
    if (is_unknown || !outcome.n) {
        flow_add(f, STYLE_WARN, is_unknown ? STR("outcome unknown") : STR("open"));
        if (held.n)
            flow_add(f, STYLE_WARN, arena_printf(&c->arena, "held " STR_FMT, STR_ARG(held)));
    } else if (str_eq(outcome, STR("released"))) {
        flow_add(f, STYLE_PLAIN, STR("cost nothing"));
    }
}

/* Which tool call it carries out: the arrow says whether that is known. */
static void add_edge(struct flow *f, struct timeline *t, struct json call)
{
    struct json cause = json_get(call, STR("caused_by"));
    struct str id = show_text(cause, "tool_call_id"), how = show_text(cause, "how");
    if (!how.n)
        return;
    const struct str *name = map_get(&t->tools, id);
    bool is_inferred = str_eq(how, STR("inferred"));
    t->has_inferred |= is_inferred;
    flow_add(f, is_inferred ? STYLE_WARN : STYLE_PLAIN,
             arena_printf(&t->cli->arena, "%s " STR_FMT "%s" STR_FMT " (" STR_FMT "%s)", is_inferred ? "<~" : "<-",
                          STR_ARG(name ? *name : STR("")), name && name->n ? " " : "", STR_ARG(id), STR_ARG(how),
                          name ? "" : ", not seen in this run"));
}

static void put_reason(const struct timeline *t, struct json call)
{
    struct flow f;
    struct str reason = show_text(call, "reason");
    if (!reason.n || str_eq(show_text(call, "verdict"), STR("permit")))
        return;
    begin(&f, t, STR(""), "");
    flow_words(&f, STYLE_PLAIN, reason);
    flow_end(&f);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void add_end_of_stream(struct flow *f, struct json call)
{
    struct str end = show_text(call, "stream_end");
    if (end.n && !str_eq(end, STR("complete")))
        flow_add(f, STYLE_WARN, arena_printf(&f->cli->arena, "stream " STR_FMT, STR_ARG(end)));
}

/* For whom, where that is another than on the line before. */
static void add_whom(struct flow *f, struct timeline *t, struct json call)
{
    struct str whom = show_text(call, "user").n ? whom_of(t->cli, call) : STR_NONE;
    if (whom.n && !str_eq(whom, t->whom))
        flow_add(f, STYLE_PLAIN, arena_printf(&t->cli->arena, "for " STR_FMT, STR_ARG(whom)));
    t->whom = whom;
}

static void put_model(struct timeline *t, struct json call)
{
    struct flow f;
    struct str sent = show_text(call, "model_sent"), first_token = show_first_token(t->cli, call);
    begin(&f, t, since_start(t, call), "model");
    flow_add(&f, STYLE_BOLD, sent.n ? sent : show_text(call, "model_asked"));
    flow_add(&f, STYLE_PLAIN, show_tokens(t->cli, call));
    add_whom(&f, t, call);
    if (first_token.n)
        flow_add(&f, STYLE_PLAIN, arena_printf(&t->cli->arena, "first token " STR_FMT, STR_ARG(first_token)));
    add_end_of_stream(&f, call);
    add_verdict(&f, call);
    add_cost(&f, call);
    flow_add(&f, STYLE_DIM, show_text(call, "call_id"));
    flow_end(&f);
}

/* What the model decided: kept, so that the calls that carry it out can name it. */
static void put_tool_calls(struct timeline *t, struct json call)
{
    struct json tool;
    for (struct json_iter it = json_each(json_get(call, STR("tool_calls"))); json_next(&it, NULL, &tool);) {
        struct flow f;
        struct str *name = arena_alloc(&t->cli->arena, sizeof(*name)), id = show_text(tool, "id");
        *name = show_text(tool, "name");
        if (id.n)
            (void)map_put(&t->tools, id, name, NULL); /* without room an edge shows the id alone */
        begin(&f, t, STR(""), "tool");
        flow_add(&f, STYLE_PLAIN, *name);
        flow_add(&f, STYLE_DIM, id);
        flow_end(&f);
    }
}

static void put_call(struct timeline *t, struct json call)
{
    struct flow f;
    struct str operation = show_text(call, "operation");
    begin(&f, t, since_start(t, call), "call");
    flow_add(&f, STYLE_BOLD, operation.n ? operation : show_text(call, "vendor"));
    flow_add(&f, STYLE_PLAIN, amount(t->cli, call));
    add_whom(&f, t, call);
    add_edge(&f, t, call);
    add_verdict(&f, call);
    add_cost(&f, call);
    flow_add(&f, STYLE_DIM, show_text(call, "call_id"));
    flow_end(&f);
}

static void put_row(struct timeline *t, struct json call)
{
    if (show_text(call, "model_asked").n) {
        put_model(t, call);
        put_reason(t, call);
        put_tool_calls(t, call);
    } else {
        put_call(t, call);
        put_reason(t, call);
    }
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void put_title(const struct timeline *t, struct json run)
{
    struct cli *c = t->cli;
    struct str tenant = show_text(run, "tenant");
    struct flow f;
    flow_begin(&f, c, t->columns, STR(""));
    flow_add(&f, STYLE_BOLD, show_text(run, "run_id"));
    flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "agent " STR_FMT, STR_ARG(show_text(run, "agent"))));
    if (tenant.n)
        flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "tenant " STR_FMT, STR_ARG(tenant)));
    flow_add(&f, STYLE_DIM, show_time(c, run, "first"));
    flow_end(&f);
}

void print_timeline(struct cli *c, struct json run, struct json calls, size_t columns)
{
    struct timeline t = {.cli = c, .columns = columns};
    struct json call;
    map_init(&t.tools, TOOLS_MAX, NULL);
    (void)wall_parse(show_text(json_at(calls, 0), "started_at"), &t.start); /* no calls: nothing is shown */
    put_title(&t, run);
    fputc('\n', c->out);
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call);)
        put_row(&t, call);
    if (t.has_inferred) {
        struct flow f;
        begin(&f, &t, STR(""), "");
        flow_words(&f, STYLE_DIM, STR("<~ is inferred: the values fit, and nobody said so."));
        flow_end(&f);
    }
    map_deinit(&t.tools);
}
