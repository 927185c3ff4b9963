/*
 * cli/cmd_approvals.c - `flyball approvals list|approve|deny`: actions that wait for a person.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/json_write.h"

/* --- list --------------------------------------------------------------------------------------------------------- */

static enum style style_of_state(struct str state)
{
    return str_eq(state, STR("pending")) ? STYLE_WARN : str_eq(state, STR("denied")) ? STYLE_BAD : STYLE_PLAIN;
}

/* What is personal says more, unless it was erased. */
static struct str text_of(struct json row)
{
    struct str text = show_text(json_get(row, STR("who")), "text");
    return text.n ? text : show_text(json_get(row, STR("action")), "text");
}

static struct str yes_of(struct cli *c, struct json row)
{
    return arena_printf(&c->arena, STR_FMT " of " STR_FMT, STR_ARG(show_number(c, row, "yes")),
                        STR_ARG(show_number(c, row, "quorum")));
}

static void print_rows(struct cli *c, struct json rows)
{
    static const char *const titles[] = {"ID", "STATE", "YES", "UNTIL", "APPROVAL", "RUN", "WHAT"};
    struct table t;
    struct json row;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        struct str state = show_text(row, "state");
        table_add(&t, show_text(row, "id"));
        table_add_styled(&t, state, style_of_state(state));
        table_add(&t, yes_of(c, row));
        table_add(&t, show_time(c, row, "expires_at"));
        table_add(&t, show_text(row, "approval"));
        table_add(&t, show_text(json_get(row, STR("action")), "run_id"));
        table_add(&t, text_of(row));
    }
    table_print(&t);
}

static int list(struct cli *c)
{
    static const char *const names[] = {"all", "limit", NULL};
    struct answer a;
    int r = client_get(c, STR("/api/v1/approvals"), names, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json rows = json_get(a.json, STR("approvals"));
    if (json_len(rows))
        print_rows(c, rows);
    else
        cli_note(c, cli_has(c, "all") ? "Nobody was asked since the start." : "Nothing waits for a person.");
    return CLI_DONE;
}

static const struct option_spec list_options[] = {
    {"all", NULL, "also those that are decided or over, since the start", false},
    {"limit", "N", "rows at most, 1 to 10000; 100 when not given", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_approvals_list = {
    .name = "approvals list",
    .args = "",
    .summary = "list actions that wait for a person",
    .examples = "approvals list\napprovals list --all\napprovals list --json",
    .options = list_options,
    .needs_daemon = true,
    .run = list,
};

/* --- approve and deny --------------------------------------------------------------------------------------------- */

static int decide(struct cli *c, const char *verb, const char *note, struct answer *ret)
{
    struct json_writer w;
    struct buf body;
    buf_init(&body, 65536);
    jw_init(&w, &body);
    jw_object(&w);
    jw_put_str_or_null(&w, str_c(note), cli_option(c, note));
    jw_object_end(&w);
    int r = client_call(c, "POST", client_path(c, "/api/v1/approvals/", c->args[0], verb), buf_str(&body), ret);
    buf_deinit(&body);
    return r;
}

static void say(struct cli *c, struct json row)
{
    struct str state = show_text(row, "state");
    if (str_eq(state, STR("approved")))
        cli_note(c, "Approved: exactly this action may be made once, until " STR_FMT ".",
                 STR_ARG(show_time(c, row, "expires_at")));
    else if (str_eq(state, STR("denied")))
        cli_note(c, "Denied: the agent is told, and is not asked about again before " STR_FMT ".",
                 STR_ARG(show_time(c, row, "expires_at")));
    else
        cli_note(c, "Your yes counts: " STR_FMT "; another person's is wanted.", STR_ARG(yes_of(c, row)));
}

static int answer(struct cli *c, const char *verb, const char *note)
{
    struct answer a;
    int r = decide(c, verb, note, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_safe(c->out, text_of(a.json));
    fputc('\n', c->out);
    say(c, a.json);
    return CLI_DONE;
}

static int approve(struct cli *c) { return answer(c, "/approve", "note"); }

static int deny(struct cli *c) { return answer(c, "/deny", "reason"); }

static const struct option_spec approve_options[] = {{"note", "TEXT", "for the record", false},
                                                     {NULL, NULL, NULL, false}};
static const struct option_spec deny_options[] = {{"reason", "TEXT", "why not; the agent is told", false},
                                                  {NULL, NULL, NULL, false}};

const struct command cmd_approvals_approve = {
    .name = "approvals approve",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "say yes to exactly one action, as the person whose credential this is",
    .text = "It takes the role approver, and a credential of one's own (`flyball admin create NAME --role approver`): "
            "the token of\nthe data folder may be anybody's. Who stands behind the call does not decide it.",
    .examples = "approvals approve apr_0f3a61c2d9b84e57a1c0\n"
                "approvals approve apr_0f3a61c2d9b84e57a1c0 --note \"ticket 4711\"",
    .options = approve_options,
    .needs_daemon = true,
    .run = approve,
};
const struct command cmd_approvals_deny = {
    .name = "approvals deny",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "say no to it",
    .examples = "approvals deny apr_0f3a61c2d9b84e57a1c0 --reason \"the customer was refunded yesterday\"",
    .options = deny_options,
    .needs_daemon = true,
    .run = deny,
};
