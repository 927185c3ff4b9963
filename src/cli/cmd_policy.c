/*
 * cli/cmd_policy.c - `flyball policy check|apply|history`: the document that decides.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "codec/form.h"
#include "codec/json_write.h"
#include "policy/policy.h"

#define DIAGS_MAX 200

/* --- check -------------------------------------------------------------------------------------------------------- */

static int check_file(struct cli *c)
{
    struct str text;
    struct vendors_known vendors;
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;

    limits_default(&limits);
    int r = cli_read_file(c, c->args[0], (size_t)limits.policy_bytes_max, &text);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    vendors_known_init(&vendors, &c->arena, &limits);
    r = policy_parse(text, c->args[0], &limits, &vendors.known, &diags, &p);
    vendors_known_deinit(&vendors);
    if (c->is_json)
        settings_print_diags_json(c, &diags, r == 0);
    else
        settings_print_diags(c, c->out, &diags);
    if (r == 0) {
        cli_note(c, "ok: policy " STR_FMT ", digest " STR_FMT, STR_ARG(policy_name(p)), STR_ARG(policy_digest(p)));
        policy_unref(p);
        return CLI_DONE;
    }
    return diags.n_errors ? CLI_FAILED : cli_fail(c, "the document cannot be read");
}

const struct command cmd_policy_check = {
    .name = "policy check",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "read a policy document and say what is wrong with it: exit 0 or 1; needs no daemon",
    .text = "Prints `file:line:col: code: message`. Warnings are printed and change no exit code. FILE may be - for "
            "standard input.",
    .examples = "policy check policy.yaml\npolicy check policy.yaml --json",
    .run = check_file,
};

/* --- apply -------------------------------------------------------------------------------------------------------- */

static struct str document_json(struct cli *c, struct str text, struct str file)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 8 * text.n + 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("document"), text);
    jw_put_str(&w, STR("file"), file);
    jw_object_end(&w);
    struct str s = arena_str(&c->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* What the daemon found, in the same form as check; on err, because out carries the result. */
static void print_diags(struct cli *c, struct json diags)
{
    struct json d;
    int64_t line, col;
    for (struct json_iter it = json_each(diags); json_next(&it, NULL, &d);) {
        bool is_warning = false;
        line = col = 0;
        (void)json_i64(json_get(d, STR("line")), &line); /* absent: the document as a whole */
        (void)json_i64(json_get(d, STR("col")), &col);
        (void)json_bool(json_get(d, STR("is_warning")), &is_warning);
        print_safe(c->err, show_text(d, "file"));
        if (line)
            fprintf(c->err, ":%lld:%lld", (long long)line, (long long)col);
        fputs(is_warning ? ": warning: " : ": ", c->err);
        print_safe(c->err, show_text(d, "code"));
        fputs(": ", c->err);
        print_safe(c->err, show_text(d, "message"));
        fputc('\n', c->err);
    }
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
    r = client_request(c, "POST", STR("/api/v1/policies"), document_json(c, text, c->args[0]), &a);
    if (r)
        return r;
    struct json diags = json_get(a.json, STR("diags"));
    print_diags(c, diags);
    if (a.status != 200) {
        if (!json_len(diags))
            return client_say_failure(c, &a);
        if (c->is_json)
            client_print(c, &a);
        return cli_fail(c, "the document was not applied; what was in force stays");
    }
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Policy " STR_FMT " is in force: the next call obeys it. Digest " STR_FMT ".",
             STR_ARG(show_text(a.json, "name")), STR_ARG(show_text(a.json, "digest")));
    return CLI_DONE;
}

const struct command cmd_policy_apply = {
    .name = "policy apply",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "put a policy document in force",
    .text = "Returns when the next call obeys it. A document with an error is refused whole; what was in force stays.",
    .examples = "policy apply policy.yaml\npolicy apply - --json < policy.yaml",
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
    struct buf path;

    buf_init(&path, 4096);
    (void)buf_add(&path, STR("/api/v1/policies/"));
    (void)form_quote(&path, c->n_args ? c->args[0] : STR("default"));
    (void)buf_add(&path, STR("/history"));
    int r = client_call(c, "GET", buf_str(&path), STR_NONE, &a);
    buf_deinit(&path);
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
