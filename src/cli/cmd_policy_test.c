/*
 * cli/cmd_policy_test.c - `flyball policy test`: runs the tests of a document without a daemon.
 */
#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "codec/json_write.h"
#include "policy/trial.h"

#define DIAGS_MAX 200
#define JSON_BYTES_MAX (16u << 20)

struct testing {
    struct cli *c;
    struct limits limits;
    struct vendors_known vendors;
    struct document_files above;
    struct policy *policy; /* of the first file; NULL: it has none of its own */
    struct diag_list diags;
    struct json_writer w;
    size_t n_passed, n_failed;
};

static void put_json(struct testing *t, struct str file, const struct trial *it)
{
    jw_object(&t->w);
    jw_put_str(&t->w, STR("file"), file);
    jw_put_i64(&t->w, STR("line"), it->line);
    jw_put_str(&t->w, STR("name"), it->name);
    jw_put_bool(&t->w, STR("passed"), it->is_passed);
    jw_put_str(&t->w, STR("wanted"), it->wanted);
    jw_put_str(&t->w, STR("got"), it->got);
    jw_put_raw(&t->w, STR("verdict"), it->verdict);
    jw_object_end(&t->w);
}

static void print_one(struct testing *t, struct str file, const struct trial *it)
{
    FILE *f = t->c->out;
    print_styled(t->c, it->is_passed ? STYLE_GOOD : STYLE_BAD, it->is_passed ? STR("ok     ") : STR("FAILED "));
    print_safe(f, it->name);
    if (!it->is_passed) {
        fputs("\n       ", f);
        print_safe(f, file);
        fprintf(f, ":%d\n       wanted ", it->line);
        print_safe(f, it->wanted);
        fputs("\n       got    ", f);
        print_safe(f, it->got);
    }
    fputc('\n', f);
}

/* 0; or the command's status, when it is said. */
static int test_file(struct testing *t, struct str file, bool is_first)
{
    struct cli *c = t->c;
    struct trials trials;
    struct str text;
    int r = cli_read_file(c, file, (size_t)t->limits.policy_bytes_max, &text);
    if (r)
        return r;
    r = policy_try(text, file, t->policy, &t->limits, &t->vendors.known, &c->arena, &t->diags, &trials);
    settings_print_diags(c, c->err, &t->diags);
    if (r < 0)
        return t->diags.n_errors ? CLI_FAILED : cli_fail(c, "the tests cannot be run: " STR_FMT, STR_ARG(file));
    for (size_t i = 0; i < trials.n; i++) {
        if (c->is_json)
            put_json(t, file, &trials.items[i]);
        else
            print_one(t, file, &trials.items[i]);
    }
    t->n_passed += trials.n_passed;
    t->n_failed += trials.n - trials.n_passed;
    diag_list_init(&t->diags, &c->arena, DIAGS_MAX);
    if (is_first && policy_parse(text, file, &t->limits, &t->vendors.known, &t->diags, &t->policy) < 0)
        t->policy = NULL; /* a file of tests: the next ones have documents of their own */
    diag_list_init(&t->diags, &c->arena, DIAGS_MAX);
    return 0;
}

static int run_tests(struct cli *c)
{
    struct testing t = {.c = c};
    struct buf json;
    int r = 0;
    buf_init(&json, JSON_BYTES_MAX);
    jw_init(&t.w, &json);
    jw_object(&t.w);
    jw_key(&t.w, STR("tests"));
    jw_array(&t.w);
    limits_default(&t.limits);
    diag_list_init(&t.diags, &c->arena, DIAGS_MAX);
    vendors_known_init(&t.vendors, &c->arena, &t.limits);
    r = documents_init(&t.above, c, &t.limits, &t.vendors.known);
    for (size_t i = 0; r == 0 && i < c->n_args; i++)
        r = test_file(&t, c->args[i], i == 0 && c->n_args > 1);
    jw_array_end(&t.w);
    jw_put_i64(&t.w, STR("passed"), (int64_t)t.n_passed);
    jw_put_i64(&t.w, STR("failed"), (int64_t)t.n_failed);
    jw_object_end(&t.w);
    jw_end(&t.w);
    if (r == 0 && c->is_json)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&json)));
    else if (r == 0)
        cli_note(c, "%zu passed, %zu failed%s", t.n_passed, t.n_failed,
                 t.n_passed + t.n_failed ? "" : ": there are no `tests` to run");
    buf_deinit(&json);
    policy_unref(t.policy);
    documents_deinit(&t.above);
    vendors_known_deinit(&t.vendors);
    return r ? r : t.n_failed ? CLI_FAILED : CLI_DONE;
}

static const struct option_spec options[] = {OPTION_EXTENDS, {NULL, NULL, NULL, false, NULL}};

const struct command cmd_policy_test = {
    .name = "policy test",
    .args = "FILE [FILE...]",
    .args_min = 1,
    .args_max = 16,
    .summary = "run the tests of a policy document: exit 0 or 1; needs no daemon",
    .text = "A document's own `tests` are run, and those of every further file of `kind: PolicyTest`; such a file "
            "without a document of its own is about the first one. Nothing is sent and nothing is counted.",
    .examples = "policy test policy.yaml\npolicy test policy.yaml refunds_test.yaml --json",
    .options = options,
    .run = run_tests,
};
