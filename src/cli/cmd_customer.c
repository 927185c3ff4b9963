/*
 * cli/cmd_customer.c - `flyball customer`: every action of every agent on one customer's account, and how that is
 * known.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

static void print_rows(struct cli *c, struct json rows)
{
    static const char *const titles[] = {"TIME",     "AGENT", "OPERATION", "VERDICT", "OUTCOME",
                                         ">SETTLED", "KNOWN", "FROM",      "CALL"};
    struct table t;
    struct json row;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        struct str known = show_text(row, "attribution");
        table_add(&t, show_time(c, row, "started_at"));
        table_add(&t, show_text(row, "agent"));
        table_add(&t, show_text(row, "operation"));
        table_add_styled(&t, show_text(row, "verdict"), style_of_verdict(show_text(row, "verdict")));
        table_add_styled(&t, show_text(row, "outcome"), style_of_outcome(show_text(row, "outcome")));
        table_add(&t, show_money(c, row, "settled"));
        table_add_styled(&t, known, str_eq(known, STR("proven")) ? STYLE_GOOD : STYLE_WARN);
        table_add_styled(&t, show_text(row, "source"), STYLE_DIM);
        table_add(&t, show_text(row, "call_id"));
    }
    table_print(&t);
}

static void print_counts(struct cli *c, struct json summary)
{
    fprintf(c->out, STR_FMT " proven, " STR_FMT " inferred, " STR_FMT " unattributed in the same runs\n",
            STR_ARG(show_number(c, summary, "proven")), STR_ARG(show_number(c, summary, "inferred")),
            STR_ARG(show_number(c, summary, "unattributed")));
}

static int print_people(struct cli *c, struct str path)
{
    struct answer a;
    int r = client_call(c, "GET", path, STR_NONE, &a);
    if (r)
        return r;
    struct json rows = json_get(a.json, STR("calls"));
    if (c->is_json)
        return client_print(c, &a);
    if (json_len(rows))
        print_rows(c, rows);
    print_counts(c, json_get(a.json, STR("customer")));
    return CLI_DONE;
}

static int run(struct cli *c)
{
    static const char *const names[] = {"tenant", "limit", "format", NULL};
    struct str path = client_options(c, client_path(c, "/api/v1/customers/", c->args[0], ""), names);
    if (cli_has(c, "format") && c->is_json)
        return cli_usage(c, "--format and --json are forms of the same: name one");
    return cli_has(c, "format") ? client_copy(c, path) : print_people(c, path);
}

static const struct option_spec options[] = {
    {"format", "html|ndjson", "a page to hand over, or a line a row with the counts last", false, "html ndjson"},
    {"tenant", "NAME", "only calls of this tenant", false},
    {"limit", "N", "rows at most, 1 to 10000; 100 when not given", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_customer = {
    .name = "customer",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "every action of every agent on one customer's account, and how that is known",
    .text =
        "Proven: the request, a token, a look-up or the vendor's answer names the customer. Inferred: the call names "
        "something that\nis the customer's, or its customer was concluded from what other answers said. "
        "Unattributed: calls of the same runs of which\nnobody knows the customer; counted, never shown. Nothing "
        "of other customers is in the answer.",
    .examples = "customer cus_9\ncustomer cus_9 --limit 10000 --format html > cus_9.html\ncustomer cus_9 --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
