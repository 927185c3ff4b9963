/*
 * cli/cmd_runs.c - `flyball runs list|show`: one execution of an agent, and what it did.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/show_run.h"
#include "cli/timeline.h"

static const char *const titles[] = {"LAST CALL", "RUN",     "AGENT",    "TENANT",
                                     ">CALLS",    ">DENIED", ">UNKNOWN", ">SETTLED"};

static void print_runs(struct cli *c, struct json runs)
{
    struct table t;
    struct json run;
    int64_t unknown;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(runs); json_next(&it, NULL, &run);) {
        unknown = 0;
        (void)json_i64(json_get(run, STR("unknown")), &unknown); /* absent: none */
        table_add(&t, show_time(c, run, "last"));
        table_add(&t, show_text(run, "run_id"));
        table_add(&t, show_text(run, "agent"));
        table_add(&t, show_text(run, "tenant"));
        table_add(&t, show_number(c, run, "calls"));
        table_add(&t, show_number(c, run, "denied"));
        table_add_styled(&t, show_number(c, run, "unknown"), unknown ? STYLE_WARN : STYLE_PLAIN);
        table_add(&t, show_money(c, run, "settled"));
    }
    table_print(&t);
}

static int run_list(struct cli *c)
{
    static const char *const names[] = {"agent", "tenant", "since", "limit", NULL};
    struct answer a;
    int r = client_get(c, STR("/api/v1/runs"), names, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json runs = json_get(a.json, STR("runs"));
    if (json_len(runs))
        print_runs(c, runs);
    else
        cli_note(c, "No runs.");
    return CLI_DONE;
}

int show_run(struct cli *c, struct str id, struct str agent, struct str tenant)
{
    struct answer a;
    struct str path = client_query(c, client_path(c, "/api/v1/runs/", id, ""), "agent", agent);
    int r = client_request(c, "GET", client_query(c, path, "tenant", tenant), STR_NONE, &a);
    if (r)
        return r;
    if (a.status != 200) {
        client_say_failure(c, &a);
        if (a.status == 409 && !c->is_json)
            print_runs(c, json_get(a.json, STR("runs")));
        return CLI_FAILED;
    }
    if (c->is_json)
        return client_print(c, &a);
    struct json run = json_get(a.json, STR("run"));
    size_t columns = print_columns(c);
    print_timeline(c, run, json_get(a.json, STR("calls")), columns);
    fputc('\n', c->out);
    print_run_sums(c, run, columns);
    return CLI_DONE;
}

static int run_show(struct cli *c)
{
    return show_run(c, c->args[0], cli_option(c, "agent"), cli_option(c, "tenant"));
}

static const struct option_spec list_options[] = {
    {"agent", "NAME", "only this agent", false},
    {"tenant", "NAME", "only this tenant", false},
    {"since", "WHEN", "a time (RFC 3339), or a duration back from now", false},
    {"limit", "N", "rows at most, 1 to 10000; 100 when not given", false},
    {NULL, NULL, NULL, false},
};
static const struct option_spec show_options[] = {
    {"agent", "NAME", "the agent, where several runs have this id", false},
    {"tenant", "NAME", "the tenant, where several runs have this id", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_runs_list = {
    .name = "runs list",
    .args = "",
    .summary = "list runs, newest first",
    .examples = "runs list\nruns list --agent support --since 24h",
    .options = list_options,
    .needs_daemon = true,
    .run = run_list,
};
const struct command cmd_runs_show = {
    .name = "runs show",
    .args = "RUN",
    .args_min = 1,
    .args_max = 1,
    .summary = "show a run as a timeline: models, tool calls, calls, verdicts, costs",
    .text = "Calls are listed oldest first; below a call to a model stands what the model asked for. `<-` is the tool "
            "call that a call carries out, as the agent named it in x-agent-tool-call-id; `<~` is only inferred from "
            "its values. At the end stands what the run cost by layer and vendor, and how far the limits are that "
            "count this run alone.",
    .examples = "runs show run_42\nruns show run_42 --agent support --json",
    .options = show_options,
    .needs_daemon = true,
    .run = run_show,
};
