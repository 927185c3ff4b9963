/*
 * cli/cmd_spend.c - `flyball spend`: settled and held money by day, vendor, model, class, agent and key, or by some.
 */
#include "base/money.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"

static const struct dimension {
    const char *name, *title;
} dimensions[] = {
    {"day", "DAY"},
#define SPEND_BY(name, member) {#member, #name},
#include "call/spend_by.tbl.h"
#undef SPEND_BY
};
#define N_DIMENSIONS (sizeof(dimensions) / sizeof(dimensions[0]))

/* True when `by` ("model,day"; empty: everything) names it; the daemon has refused what it does not know. */
static bool is_by(struct str by, const char *name)
{
    struct str rest = by, one;
    bool is_more = true;
    while (is_more) {
        one = rest;
        is_more = str_cut(rest, ',', &one, &rest);
        if (str_eq(one, str_c(name)))
            return true;
    }
    return by.n == 0;
}

static void print_rows(struct cli *c, struct json rows, struct str by)
{
    const char *titles[N_DIMENSIONS + 3];
    const char *names[N_DIMENSIONS];
    struct table t;
    struct json row;
    size_t n = 0;
    for (size_t i = 0; i < N_DIMENSIONS; i++) {
        if (!is_by(by, dimensions[i].name))
            continue;
        titles[n] = dimensions[i].title;
        names[n++] = dimensions[i].name;
    }
    titles[n] = ">CALLS";
    titles[n + 1] = ">SETTLED";
    titles[n + 2] = ">STILL HELD";
    table_init(&t, c, titles, n + 3);
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        for (size_t i = 0; i < n; i++)
            table_add(&t, show_text(row, names[i]));
        table_add(&t, show_number(c, row, "calls"));
        table_add(&t, show_money(c, row, "settled"));
        table_add(&t, show_money(c, row, "held"));
    }
    table_print(&t);
}

static int run(struct cli *c)
{
    static const char *const names[] = {"by",    "agent", "tenant", "key",   "vendor",
                                        "model", "run",   "since",  "until", NULL};
    struct answer a;
    int r = cli_check_key_id(c, cli_option(c, "key"));
    r = r ? r : client_get(c, STR("/api/v1/spend"), names, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json rows = json_get(a.json, STR("spend"));
    if (json_len(rows))
        print_rows(c, rows, cli_option(c, "by"));
    else
        cli_note(c, "Nothing was spent.");
    if (!json_len(rows) && cli_has(c, "vendor"))
        near_say_vendor(c, cli_option(c, "vendor"));
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"by", "NAMES", "day, vendor, model, class, agent, key: one or more, with commas; all when not given", false},
    {"agent", "NAME", "only this agent", false},
    {"tenant", "NAME", "only this tenant", false},
    {"key", "ID", "only this key", false},
    {"vendor", "NAME", "only this vendor", false},
    {"model", "NAME", "only this model", false},
    {"run", "ID", "only this run", false},
    {"since", "WHEN", "a time (RFC 3339), or a duration back from now", false},
    {"until", "WHEN", "the same", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_spend = {
    .name = "spend",
    .args = "",
    .summary = "sum settled and held money by day, vendor, model, class, agent and key",
    .examples = "spend --since 7d\nspend --by model --since 30d\nspend --agent support --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
