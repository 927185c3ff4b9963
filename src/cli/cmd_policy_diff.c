/*
 * cli/cmd_policy_diff.c - `flyball policy diff`: two documents compared in sentences. Needs a daemon only for what it
 * has in force.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/policy_text.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "policy/diff.h"

#define DIAGS_MAX 200
#define JSON_BYTES_MAX ((size_t)64 << 20)
#define DEPTH_MAX 16

/* One of the two; the caller unrefs *ret. */
static int read_document(struct cli *c, struct str what, const struct limits *limits, const struct known *known,
                         struct policy **ret)
{
    struct str text, file;
    struct diag_list diags;
    int r = policy_text_of(c, what, &text, &file);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    if (policy_parse(text, file, limits, known, &diags, ret) == 0)
        return CLI_DONE;
    settings_print_diags(c, c->err, &diags);
    return diags.n_errors ? CLI_FAILED : cli_fail(c, "the document cannot be read: " STR_FMT, STR_ARG(what));
}

static int say(struct cli *c, const struct policy *old, const struct policy *new)
{
    struct json diff;
    struct buf b;
    int r = CLI_DONE;
    buf_init(&b, JSON_BYTES_MAX);
    if (policy_diff_json(old, new, &b) < 0 || json_parse(&c->arena, buf_str(&b), DEPTH_MAX, &diff) < 0)
        r = cli_fail(c, "the documents are too large to be compared");
    else if (c->is_json)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    else
        policy_print_diff(c, diff);
    buf_deinit(&b);
    return r;
}

static int diff(struct cli *c)
{
    struct vendors_known vendors;
    struct document_files above;
    struct limits limits;
    struct policy *old = NULL, *new = NULL;
    limits_default(&limits);
    vendors_known_init(&vendors, &c->arena, &limits);
    int r = documents_init(&above, c, &limits, &vendors.known);
    if (r == 0)
        r = read_document(c, c->args[0], &limits, &vendors.known, &old);
    if (r == 0)
        r = read_document(c, c->args[1], &limits, &vendors.known, &new);
    if (r == 0)
        r = say(c, old, new);
    policy_unref(old);
    policy_unref(new);
    documents_deinit(&above);
    vendors_known_deinit(&vendors);
    return r;
}

static const struct option_spec options[] = {OPTION_EXTENDS, {NULL, NULL, NULL, false, NULL}};

const struct command cmd_policy_diff = {
    .name = "policy diff",
    .args = "OLD NEW",
    .args_min = 2,
    .args_max = 2,
    .summary = "compare two policy documents in sentences: what becomes permitted or forbidden, which limits change",
    .text = "Each is a file, or of the daemon: NAME for what is in force, NAME@VERSION for what was. Rules and limits "
            "are told apart by their ids.",
    .examples = "policy diff old.yaml new.yaml\npolicy diff default policy.yaml\n"
                "policy diff default@3 default@4 --json\npolicy diff team team.yaml --extends company.yaml",
    .options = options,
    .needs_daemon = true,
    .run = diff,
};
