/*
 * cli/cmd_customer.c - `flyball customer`: every action of every agent on one customer's account, and how that is
 * known.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/form.h"

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

/* In a path a space is no plus. */
static void add_segment(struct buf *path, struct str s)
{
    struct buf quoted;
    buf_init(&quoted, 4096);
    (void)form_quote(&quoted, s); /* a full buf is found by its user */
    for (size_t i = 0; i < quoted.n; i++)
        (void)(quoted.p[i] == '+' ? buf_add(path, STR("%20")) : buf_add_byte(path, quoted.p[i]));
    buf_deinit(&quoted);
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
    struct str format = cli_option(c, "format");
    struct buf path;
    buf_init(&path, 8192);
    (void)buf_add(&path, STR("/api/v1/customers/"));
    add_segment(&path, c->args[0]);
    client_query(&path, "tenant", cli_option(c, "tenant"));
    client_query(&path, "limit", cli_option(c, "limit"));
    client_query(&path, "format", format);
    int r = format.n && !c->is_json ? client_copy(c, buf_str(&path)) : print_people(c, buf_str(&path));
    buf_deinit(&path);
    return r;
}

static const struct option_spec options[] = {
    {"format", "html|ndjson", "a page to hand over, or a line a row with the counts last", false},
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
