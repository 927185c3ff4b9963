/*
 * cli/cmd_find.c - `flyball find`: the run and the call behind an id that stands in a log, a vendor's dashboard or a
 * customer's letter.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

static void print_found(struct cli *c, struct json rows)
{
    static const char *const titles[] = {"WHAT", "HOW", "TIME", "AGENT", "TENANT", "RUN", "CALL", "ID"};
    struct table t;
    struct json row;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        table_add(&t, show_text(row, "kind"));
        table_add_styled(&t, show_text(row, "how"), STYLE_DIM);
        table_add(&t, show_time(c, row, "at"));
        table_add(&t, show_text(row, "agent"));
        table_add(&t, show_text(row, "tenant"));
        table_add(&t, show_text(row, "run_id"));
        table_add(&t, show_text(row, "call_id"));
        table_add(&t, show_text(row, "id"));
    }
    table_print(&t);
}

/* What to ask next, of the first row. */
static void print_next(struct cli *c, struct json row)
{
    struct str run = show_text(row, "run_id"), call = show_text(row, "call_id");
    if (!call.n)
        return;
    cli_note(c, "Next: flyball why " STR_FMT, STR_ARG(call));
    if (run.n)
        cli_note(c, "      flyball runs show " STR_FMT, STR_ARG(run));
}

static void print_quotes(struct cli *c, struct json rows)
{
    static const char *const titles[] = {"TIME", "SIDE", "AGENT", "TENANT", "RUN", "CALL", "QUOTE"};
    struct table t;
    struct json row;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        table_add(&t, show_time(c, row, "at"));
        table_add(&t, show_text(row, "side"));
        table_add(&t, show_text(row, "agent"));
        table_add(&t, show_text(row, "tenant"));
        table_add(&t, show_text(row, "run_id"));
        table_add(&t, show_text(row, "call_id"));
        table_add(&t, show_text(row, "quote"));
    }
    table_print(&t);
}

/* How far it looked, and how to go on. */
static void print_searched(struct cli *c, struct json searched, bool is_found)
{
    struct str next = show_number(c, searched, "next");
    cli_note(c, "Searched " STR_FMT " kept bodies, " STR_FMT " bytes: %s", STR_ARG(show_number(c, searched, "bodies")),
             STR_ARG(show_number(c, searched, "bytes")), next.n ? "there are older ones." : "all that there is.");
    if (next.n)
        cli_note(c, "To go on: add --before " STR_FMT, STR_ARG(next));
    else if (!is_found)
        cli_note(c, "None has these words in it; bodies are kept where a rule asks for it (obligation `log`).");
}

static int find_text(struct cli *c)
{
    static const char *const names[] = {"text", "tenant", "limit", "before", NULL};
    struct answer a;
    int r = client_get(c, STR("/api/v1/bodies"), names, &a);
    if (r)
        return r;
    struct json rows = json_get(a.json, STR("found"));
    if (c->is_json)
        (void)client_print(c, &a);
    else if (json_len(rows))
        print_quotes(c, rows);
    print_searched(c, json_get(a.json, STR("searched")), json_len(rows) > 0);
    return json_len(rows) ? CLI_DONE : CLI_FAILED;
}

static int run(struct cli *c)
{
    static const char *const names[] = {"tenant", "limit", NULL};
    struct answer a;
    struct str text = cli_option(c, "text"), id = c->n_args ? c->args[0] : STR_NONE;
    if ((text.n > 0) == (id.n > 0))
        return cli_usage(c, "name one thing to find: an ID, or --text QUOTE");
    if (text.n)
        return find_text(c);
    if (cli_has(c, "before"))
        return cli_usage(c, "--before goes on with a search for --text; an ID is looked up among all");
    int r = client_get(c, client_path(c, "/api/v1/find?q=", id, ""), names, &a);
    if (r)
        return r;
    struct json rows = json_get(a.json, STR("found"));
    if (c->is_json)
        (void)client_print(c, &a);
    else if (json_len(rows))
        print_found(c, rows);
    if (json_len(rows) == 0) {
        cli_note(c, "Nothing here is named " STR_FMT ".", STR_ARG(id));
        return CLI_FAILED;
    }
    print_next(c, json_at(rows, 0));
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"text", "QUOTE", "instead of an ID: words of a body, where bodies are kept; takes the role bodies", false},
    {"tenant", "NAME", "only what is this tenant's", false},
    {"limit", "N", "rows at most, 1 to 10000; 100 when not given", false},
    {"before", "N", "of --text: go on where the last search stopped", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_find = {
    .name = "find",
    .args = "[ID]",
    .args_max = 1,
    .summary = "find the run and the call behind any id; exit 1 when nothing has it",
    .text = "ID is a vendor's object (ch_..., re_..., SM..., an e-mail's id), response (chatcmpl-..., msg_..., "
            "resp_...), request or tool\ncall; an idempotency key; a call, run, trace, key (its first 4 characters "
            "do), agent, tenant, user or customer; an address\nor number that a request named.",
    .examples = "find re_3QfLq2eZvKYlo2C1\nfind chatcmpl-Bx7 --json\nfind cus_9 --tenant acme --limit 20\n"
                "find --text \"the money back\"",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
