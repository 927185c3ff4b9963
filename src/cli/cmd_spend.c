/*
 * cli/cmd_spend.c - `flyball spend`: settled and held money by day, vendor, class, agent and key.
 */
#include "base/money.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

static const char *const titles[] = {"DAY", "VENDOR", "CLASS", "AGENT", "KEY", ">CALLS", ">SETTLED", ">STILL HELD"};

static void print_rows(struct cli *c, struct json rows)
{
    struct table t;
    struct json row;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        struct str day = show_text(row, "day");
        table_add(&t, str_sub(day, 0, 10));
        table_add(&t, show_text(row, "vendor"));
        table_add(&t, show_text(row, "class"));
        table_add(&t, show_text(row, "agent"));
        table_add(&t, show_text(row, "key"));
        table_add(&t, show_number(c, row, "calls"));
        table_add(&t, show_money(c, row, "settled"));
        table_add(&t, show_money(c, row, "held"));
    }
    table_print(&t);
}

static int run(struct cli *c)
{
    static const char *const names[] = {"agent", "tenant", "key", "vendor", "run", "since", "until"};
    struct answer a;
    struct buf path;
    buf_init(&path, 4096);
    (void)buf_add(&path, STR("/api/v1/spend"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        client_query(&path, names[i], cli_option(c, names[i]));
    int r = client_call(c, "GET", buf_str(&path), STR_NONE, &a);
    buf_deinit(&path);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json rows = json_get(a.json, STR("spend"));
    if (json_len(rows))
        print_rows(c, rows);
    else
        cli_note(c, "Nothing was spent.");
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"agent", "NAME", "only this agent", false},
    {"tenant", "NAME", "only this tenant", false},
    {"key", "ID", "only this key", false},
    {"vendor", "NAME", "only this vendor", false},
    {"run", "ID", "only this run", false},
    {"since", "WHEN", "a time (RFC 3339), or a duration back from now", false},
    {"until", "WHEN", "the same", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_spend = {
    .name = "spend",
    .args = "",
    .summary = "sum settled and held money by day, vendor, class, agent and key",
    .examples = "spend --since 7d\nspend --agent support --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
