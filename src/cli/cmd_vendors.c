/*
 * cli/cmd_vendors.c - `flyball vendors`: which APIs are behind us, and what their connectors know.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "codec/json_write.h"

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

static void print_operations(struct cli *c, struct json vendor)
{
    static const char *const titles[] = {"OPERATION", "CLASS", "METHOD", "PATH"};
    struct table t;
    struct json o;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter ops = json_each(json_get(vendor, STR("operations"))); json_next(&ops, NULL, &o);) {
        table_add(&t, show_text(o, "operation"));
        table_add(&t, show_text(o, "class"));
        table_add(&t, show_text(o, "method"));
        table_add(&t, show_text(o, "path"));
    }
    table_print(&t);
}

/* In the form of the list. */
static void print_json(struct cli *c, const struct answer *a, struct json vendor)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a->body.n + 1024); /* it is a part of that */
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("vendors"));
    jw_array(&w);
    jw_json(&w, vendor);
    jw_array_end(&w);
    jw_object_end(&w);
    fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

static int print_one(struct cli *c, const struct answer *a, struct str name)
{
    struct json vendors = json_get(a->json, STR("vendors")), v;
    for (struct json_iter it = json_each(vendors); json_next(&it, NULL, &v);) {
        if (!str_eq(show_text(v, "name"), name))
            continue;
        if (c->is_json)
            print_json(c, a, v);
        else
            print_operations(c, v);
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
    if (c->n_args)
        return print_one(c, &a, c->args[0]);
    if (c->is_json)
        return client_print(c, &a);
    struct json vendors = json_get(a.json, STR("vendors"));
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
