/*
 * cli/cmd_policy.c - `flyball policy check|apply|history|rollback`: the document that decides.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/policy_reach.h"
#include "cli/policy_text.h"
#include "cli/documents.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "codec/json_write.h"
#include "policy/policy.h"

#define DIAGS_MAX 200

/* --- check -------------------------------------------------------------------------------------------------------- */

static int check_file(struct cli *c)
{
    struct str text;
    struct vendors_known vendors;
    struct document_files above;
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;

    limits_default(&limits);
    int r = cli_read_file(c, c->args[0], (size_t)limits.policy_bytes_max, &text);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    vendors_known_init(&vendors, &c->arena, &limits);
    int e = documents_init(&above, c, &limits, &vendors.known);
    r = e ? -ERR_INVALID : policy_parse(text, c->args[0], &limits, &vendors.known, &diags, &p);
    bool is_reach = r == 0 && cli_has(c, "reach");
    if (is_reach)
        policy_print_reach(c, p, &vendors.known);
    documents_deinit(&above);
    vendors_known_deinit(&vendors);
    if (e)
        return e;
    if (c->is_json && !is_reach)
        settings_print_diags_json(c, &diags, r == 0);
    else if (!is_reach)
        settings_print_diags(c, c->out, &diags);
    if (r == 0) {
        cli_note(c, "ok: policy " STR_FMT ", digest " STR_FMT, STR_ARG(policy_name(p)), STR_ARG(policy_digest(p)));
        policy_unref(p);
        return CLI_DONE;
    }
    return diags.n_errors ? CLI_FAILED : cli_fail(c, "the document cannot be read");
}

static const struct option_spec check_options[] = {
    OPTION_EXTENDS,
    {"reach", NULL, "print, of each vendor that a rule permits something of, the operations that no rule reaches",
     false, NULL},
    {NULL, NULL, NULL, false, NULL}};

const struct command cmd_policy_check = {
    .name = "policy check",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "read a policy document and say what is wrong with it: exit 0 or 1; needs no daemon",
    .text = "Prints `file:line:col: code: message`. Warnings are printed and change no exit code. FILE may be - for "
            "standard input.",
    .examples = "policy check policy.yaml\npolicy check policy.yaml --json\n"
                "policy check team.yaml --extends company.yaml\npolicy check policy.yaml --reach",
    .options = check_options,
    .run = check_file,
};

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* What becomes of counters; those that are kept as they were need no word. */
static void print_fates(struct cli *c, struct json limits)
{
    struct json one;
    for (struct json_iter it = json_each(limits); json_next(&it, NULL, &one);)
        if (!str_eq(show_text(one, "counts"), STR("kept")))
            cli_note(c, "Limit " STR_FMT " " STR_FMT, STR_ARG(show_text(one, "id")), STR_ARG(show_text(one, "text")));
}

/* What would change, and nothing is changed. */
static int check_apply(struct cli *c, struct str text)
{
    struct answer a, checked;
    int r = client_request(c, "POST", STR("/api/v1/policies/check"),
                           policy_text_json(c, text, c->args[0], STR_NONE, STR_NONE), &a);
    if (r)
        return r;
    bool is_ok = false;
    policy_print_diags(c, json_get(a.json, STR("diags")));
    (void)json_bool(json_get(a.json, STR("ok")), &is_ok); /* absent: the request itself was refused */
    if (a.status != 200)
        return client_say_failure(c, &a);
    if (!is_ok && c->is_json)
        client_print(c, &a);
    if (!is_ok)
        return cli_fail(c, "the document would not be applied");
    checked = a;
    r = client_call(c, "POST", STR("/api/v1/policies/diff"),
                    policy_text_json(c, text, c->args[0], STR_NONE, STR_NONE), &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    policy_print_diff(c, a.json);
    print_fates(c, json_get(checked.json, STR("limits")));
    return CLI_DONE;
}

/* What a document of that mode does from now on. */
static const char *effect_of(struct str mode)
{
    if (str_eq(mode, STR("shadow")))
        return "is in shadow: it decides nothing, and calls record what it would have said (flyball calls)";
    if (str_eq(mode, STR("observe")))
        return "observes: calls of its vendors are allowed, and record what enforcement would say (flyball calls)";
    return "is in force: the next call obeys it";
}

static int apply(struct cli *c)
{
    struct answer a;
    struct str text;
    struct limits limits;

    limits_default(&limits);
    int r = cli_read_file(c, c->args[0], (size_t)limits.policy_bytes_max, &text);
    if (r)
        return r;
    if (cli_has(c, "check"))
        return check_apply(c, text);
    r = client_request(c, "POST", STR("/api/v1/policies"),
                       policy_text_json(c, text, c->args[0], STR_NONE, STR_NONE), &a);
    if (r)
        return r;
    struct json diags = json_get(a.json, STR("diags"));
    policy_print_diags(c, diags);
    if (a.status != 200) {
        if (!json_len(diags))
            return client_say_failure(c, &a);
        if (c->is_json)
            client_print(c, &a);
        return cli_fail(c, "the document was not applied; what was in force stays");
    }
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Policy " STR_FMT " %s. Digest " STR_FMT ".", STR_ARG(show_text(a.json, "name")),
             effect_of(show_text(a.json, "mode")), STR_ARG(show_text(a.json, "digest")));
    print_fates(c, json_get(a.json, STR("limits")));
    return CLI_DONE;
}

static const struct option_spec apply_options[] = {
    {"check", NULL, "say what would change, and change nothing; a viewer may", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_policy_apply = {
    .name = "policy apply",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "put a policy document in force",
    .text = "Returns when the next call obeys it. A document with an error is refused whole; what was in force stays.",
    .examples = "policy apply policy.yaml\npolicy apply policy.yaml --check\npolicy apply - --json < policy.yaml",
    .options = apply_options,
    .needs_daemon = true,
    .run = apply,
};

/* --- history ------------------------------------------------------------------------------------------------------ */

static int history(struct cli *c)
{
    static const char *const titles[] = {"APPLIED", "POLICY", ">VERSION", "IN FORCE", "BY", "DIGEST"};
    struct answer a;
    struct table t;
    struct json p;
    struct str name = c->n_args ? c->args[0] : STR("default");
    int r = client_call(c, "GET", client_path(c, "/api/v1/policies/", name, "/history"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(json_get(a.json, STR("policies"))); json_next(&it, NULL, &p);) {
        bool is_active = false;
        (void)json_bool(json_get(p, STR("is_active")), &is_active); /* absent is no */
        table_add(&t, show_time(c, p, "applied_at"));
        table_add(&t, show_text(p, "name"));
        table_add(&t, show_number(c, p, "version"));
        table_add_styled(&t, is_active ? STR("yes") : STR("no"), is_active ? STYLE_GOOD : STYLE_PLAIN);
        table_add(&t, show_text(p, "by"));
        table_add(&t, show_text(p, "digest"));
    }
    table_print(&t);
    return CLI_DONE;
}

const struct command cmd_policy_history = {
    .name = "policy history",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "list every version of a policy document, `default` when none is named",
    .examples = "policy history\npolicy history support --json",
    .needs_daemon = true,
    .run = history,
};

/* --- rollback ----------------------------------------------------------------------------------------------------- */

static int rollback(struct cli *c)
{
    struct answer a;
    struct str to = cli_option(c, "to"), wanted;
    bool is_digest = policy_text_is_digest(to);
    int64_t n = 0;
    if (!cli_has(c, "to"))
        return cli_usage(c, "--to is required: the number of a version, as flyball policy history shows it");
    if (!is_digest && str_to_i64(to, &n) < 0)
        return cli_usage(c, "--to takes the number of a version, as flyball policy history shows it, or eight digits "
                            "of its digest or more");
    wanted = is_digest ? arena_printf(&c->arena, "{\"digest\":\"" STR_FMT "\"}", STR_ARG(to))
                       : arena_printf(&c->arena, "{\"to\":%lld}", (long long)n);
    int r = client_call(c, "POST", client_path(c, "/api/v1/policies/", c->args[0], "/rollback"), wanted, &a);
    if (r)
        return r;
    policy_print_diags(c, json_get(a.json, STR("diags")));
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Policy " STR_FMT " says again what %s" STR_FMT " said, as a new version. Digest " STR_FMT ".",
             STR_ARG(show_text(a.json, "name")), is_digest ? "" : "version ", STR_ARG(to),
             STR_ARG(show_text(a.json, "digest")));
    print_fates(c, json_get(a.json, STR("limits")));
    return CLI_DONE;
}

static const struct option_spec rollback_options[] = {
    {"to", "N", "the version whose text is wanted again, or eight digits of its digest or more", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_policy_rollback = {
    .name = "policy rollback",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "put the text of an older version in force again, as a new version",
    .text = "Returns when the next call obeys it. What the limits have counted stays with those that keep id, meter, "
            "window and `by`; see first what would change: flyball policy diff NAME NAME@N. Several texts may have one "
            "number, since the file says it: N is the last of them that is not in force, and a digest is one "
            "for certain; what has no letter in it is a number.",
    .examples = "policy rollback default --to 3\npolicy rollback default --to 8f33c7db6da6",
    .options = rollback_options,
    .needs_daemon = true,
    .run = rollback,
};
