/*
 * cli/cmd_policy_explain.c - `flyball policy explain`: a verdict, and how every rule came out.
 */
#include <unistd.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/limit_table.h"
#include "cli/policy_text.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "codec/json_write.h"
#include "policy/trial.h"

#define DIAGS_MAX 200
#define JSON_BYTES_MAX ((size_t)16 << 20)
#define DEPTH_MAX 16

static void print_member(struct cli *c, const char *before, struct str text)
{
    if (!text.n)
        return;
    fputs(before, c->out);
    print_safe(c->out, text);
}

static void print_limit(struct cli *c, struct json l)
{
    bool fits = true;
    (void)json_bool(json_get(l, STR("fits")), &fits); /* always there */
    print_member(c, "  limit ", show_text(l, "id"));
    print_member(c, " of ", show_text(l, "bucket"));
    static const char *const names[] = {"asks", "before", "held", "max"};
    for (size_t i = 0; i < 4; i++)
        fprintf(c->out, "%s %s " STR_FMT, i ? "," : ":", names[i],
                STR_ARG(limit_amount(c, show_text(l, "meter"), l, names[i])));
    print_styled(c, fits ? STYLE_GOOD : STYLE_BAD, fits ? STR(": fits") : STR(": does not fit"));
    fputc('\n', c->out);
}

static void print_rule(struct cli *c, struct json rule)
{
    struct str result = show_text(rule, "result");
    bool is_no = str_eq(result, STR("no"));
    fputs("  ", c->out);
    print_styled(c, is_no ? STYLE_DIM : STYLE_BOLD, result);
    print_member(c, "  ", show_text(rule, "effect"));
    print_member(c, " ", show_text(rule, "id"));
    print_member(c, ": ", show_text(rule, "why"));
    fputc('\n', c->out);
}

static void print_explained(struct cli *c, struct json j)
{
    struct json v = json_get(j, STR("verdict")), near = json_get(j, STR("nearest")), one;
    print_styled(c, style_of_verdict(show_text(v, "decision")), show_text(v, "decision"));
    print_member(c, " by rule ", show_text(v, "rule"));
    print_member(c, " (", show_text(v, "code"));
    fputs(show_text(v, "code").n ? ")\n" : "\n", c->out);
    print_member(c, "", show_text(v, "reason"));
    fputs(show_text(v, "reason").n ? "\n" : "", c->out);
    if (json_type(near) == JSON_OBJECT) {
        print_member(c, "The nearest rule is ", show_text(near, "rule"));
        print_member(c, ": ", show_text(near, "why"));
        fputc('\n', c->out);
    }
    fputs("Rules:\n", c->out);
    for (struct json_iter it = json_each(json_get(j, STR("rules"))); json_next(&it, NULL, &one);)
        print_rule(c, one);
    if (json_len(json_get(v, STR("limits"))))
        fputs("Limits:\n", c->out);
    for (struct json_iter it = json_each(json_get(v, STR("limits"))); json_next(&it, NULL, &one);)
        print_limit(c, one);
}

/* --- offline: a request and a document ------------------------------------------------------------------------- */

static int say(struct cli *c, const struct policy *p, struct str text, const struct limits *limits,
               const struct known *known)
{
    struct diag_list diags;
    struct json j;
    struct buf b;
    buf_init(&b, JSON_BYTES_MAX);
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    int r = policy_explain_given(p, text, c->args[0], limits, known, &c->arena, &diags, &b);
    settings_print_diags(c, c->err, &diags);
    if (r < 0)
        r = diags.n_errors ? CLI_FAILED : cli_fail(c, "the request cannot be read");
    else if (c->is_json)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    else if (json_parse(&c->arena, buf_str(&b), DEPTH_MAX, &j) == 0)
        print_explained(c, j);
    buf_deinit(&b);
    return r;
}

static int explain_request(struct cli *c, struct str document, struct str file)
{
    struct vendors_known vendors;
    struct document_files above;
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    struct str text;
    limits_default(&limits);
    int r = cli_read_file(c, c->args[0], (size_t)limits.policy_bytes_max, &text);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    vendors_known_init(&vendors, &c->arena, &limits);
    r = documents_init(&above, c, &limits, &vendors.known);
    if (r == 0 && policy_parse(document, file, &limits, &vendors.known, &diags, &p) == 0) {
        r = say(c, p, text, &limits, &vendors.known);
    } else if (r == 0) {
        settings_print_diags(c, c->err, &diags);
        r = cli_fail(c, "the document cannot be read: " STR_FMT, STR_ARG(file));
    }
    policy_unref(p);
    documents_deinit(&above);
    vendors_known_deinit(&vendors);
    return r;
}

/* --- a recorded call ------------------------------------------------------------------------------------------- */

static int explain_call(struct cli *c, struct str document, struct str file)
{
    struct json_writer w;
    struct answer a;
    struct buf b;
    buf_init(&b, 8 * document.n + 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("call"), c->args[0]);
    if (document.n) {
        jw_put_str(&w, STR("document"), document);
        jw_put_str(&w, STR("file"), file);
    }
    jw_object_end(&w);
    int r = client_call(c, "POST", STR("/api/v1/policies/explain"), buf_str(&b), &a);
    buf_deinit(&b);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_explained(c, a.json);
    return CLI_DONE;
}

static int explain(struct cli *c)
{
    struct str document = STR_NONE, file = STR_NONE, what = c->args[0];
    bool is_file = str_eq(what, STR("-")) || str_has(what, '/') || str_has(what, '.') ||
                   access(arena_str(&c->arena, what).p, F_OK) == 0; /* no call's id has a dot */
    int r = CLI_DONE;
    if (!is_file && cli_has(c, "extends"))
        return cli_usage(c, "--extends is for a FILE: of a recorded call the daemon decides, by the documents it has");
    if (cli_has(c, "policy"))
        r = policy_text_of(c, cli_option(c, "policy"), &document, &file);
    else if (is_file)
        r = policy_text_of(c, STR("default"), &document, &file);
    if (r)
        return r;
    return is_file ? explain_request(c, document, file) : explain_call(c, document, file);
}

static const struct option_spec options[] = {
    {"policy", "POLICY", "decide by this document: a file, NAME or NAME@VERSION", false, NULL},
    OPTION_EXTENDS,
    {NULL, NULL, NULL, false, NULL},
};

const struct command cmd_policy_explain = {
    .name = "policy explain",
    .args = "CALL|FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "a verdict with every rule's result, the limits, and the nearest permit of a denial",
    .text = "CALL is a recorded call: it is decided on again, by the version that decided then, or by --policy. FILE "
            "holds a request in the form of a test's `given` (JSON or YAML; - for standard input), decided on by "
            "--policy, else by what is in force as `default`. Sends nothing and counts nothing.",
    .examples = "policy explain request.json --policy policy.yaml\n"
                "policy explain request.json --policy team.yaml --extends company.yaml\n"
                "policy explain 019ac3f2-7d10-7c6e-9b1e-2f6f0e2f8a11 --json",
    .options = options,
    .needs_daemon = true,
    .run = explain,
};
