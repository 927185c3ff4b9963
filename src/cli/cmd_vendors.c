/*
 * cli/cmd_vendors.c - `flyball vendors`: which APIs are behind us, and what their connectors know.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"

static void print_vendors(struct cli *c, struct json vendors)
{
    static const char *const titles[] = {"VENDOR", "CONNECTOR", "MODE", ">OPERATIONS", "ADDRESS"};
    struct table t;
    struct json v;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(vendors); json_next(&it, NULL, &v);) {
        table_add_styled(&t, show_text(v, "name"), STYLE_BOLD);
        table_add(&t, show_text(v, "connector"));
        table_add(&t, show_text(v, "mode"));
        table_add(&t, arena_printf(&c->arena, "%zu", json_len(json_get(v, STR("operations")))));
        table_add(&t, show_text(v, "target"));
    }
    table_print(&t);
}

static int print_operations(struct cli *c, struct json vendors, struct str name)
{
    static const char *const titles[] = {"OPERATION", "CLASS", "METHOD", "PATH"};
    struct table t;
    struct json v, o;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(vendors); json_next(&it, NULL, &v);) {
        if (!str_eq(show_text(v, "name"), name))
            continue;
        for (struct json_iter ops = json_each(json_get(v, STR("operations"))); json_next(&ops, NULL, &o);) {
            table_add(&t, show_text(o, "operation"));
            table_add(&t, show_text(o, "class"));
            table_add(&t, show_text(o, "method"));
            table_add(&t, show_text(o, "path"));
        }
        table_print(&t);
        return CLI_DONE;
    }
    struct str near = near_in(c, name, vendors, "name");
    return cli_fail(c, "there is no vendor `" STR_FMT "`" STR_FMT, STR_ARG(name),
                    STR_ARG(near.n ? near : STR("; `flyball vendors` lists them")));
}

static int run(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "GET", STR("/api/v1/vendors"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json vendors = json_get(a.json, STR("vendors"));
    if (c->n_args)
        return print_operations(c, vendors, c->args[0]);
    if (json_len(vendors))
        print_vendors(c, vendors);
    else
        cli_note(c, "No vendors; name them under `vendors:` in flyball.yaml.");
    return CLI_DONE;
}

const struct command cmd_vendors = {
    .name = "vendors",
    .args = "[VENDOR]",
    .args_max = 1,
    .summary = "list vendors, or the operations that one's connector knows",
    .examples = "vendors\nvendors stripe",
    .needs_daemon = true,
    .run = run,
};
