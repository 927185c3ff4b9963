/*
 * cli/cmd_limit.c - `flyball limit list`: how much is spent, held and left.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/limit_table.h"

static int run(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "GET", STR("/api/v1/limits"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    if (!limit_table_print(c, json_get(a.json, STR("limits")), NULL))
        cli_note(c, "No limits.");
    return CLI_DONE;
}

const struct command cmd_limit_list = {
    .name = "limit list",
    .args = "",
    .summary = "list limits with what is settled, held and left in each bucket",
    .examples = "limit list\nlimit list --json",
    .needs_daemon = true,
    .run = run,
};
