/*
 * cli/cmd_policy_import.c - `flyball policy import`: files of LiteLLM or Portkey as a policy document.
 *
 * The document goes to `out`, what became of each value to `err`: it can be piped into `policy check -`.
 */
#include "base/check.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/vendors_known.h"
#include "codec/json_write.h"
#include "import/import.h"
#include "policy/policy.h"

#define DIAGS_MAX 200
#define FILE_BYTES_MAX (4u << 20)
#define JSON_BYTES_MAX (64u << 20)

static void print_note(struct cli *c, const struct import_note *n)
{
    print_safe(c->err, n->file);
    fprintf(c->err, ":%d:%d: ", n->line, n->col);
    print_safe(c->err, import_bucket_text(n->bucket));
    fputs(": ", c->err);
    print_safe(c->err, n->path);
    if (n->text.n) {
        fputs(n->path.n ? ": " : "", c->err);
        print_safe(c->err, n->text);
    }
    fputc('\n', c->err);
}

static void print_result(struct cli *c, const struct imported *got)
{
    fwrite(got->document.p, 1, got->document.n, c->out);
    for (size_t i = 0; i < got->n_notes; i++)
        if (got->notes[i].bucket != BUCKET_EXACT || cli_has(c, "all"))
            print_note(c, &got->notes[i]);
    for (enum import_bucket b = 0; b < BUCKET_COUNT; b++)
        fprintf(c->err, "%s%zu " STR_FMT, b ? ", " : "", got->n_of[b], STR_ARG(import_bucket_text(b)));
    fputs(".\n", c->err);
    if (got->n_steps)
        fputs("The keys, each as its agent gets it:\n", c->err);
    for (size_t i = 0; i < got->n_steps; i++) {
        fputs("  ", c->err);
        print_safe(c->err, got->steps[i]);
        fputc('\n', c->err);
    }
}

static void put_note(struct json_writer *w, const struct import_note *n)
{
    jw_object(w);
    jw_put_str(w, STR("bucket"), import_bucket_text(n->bucket));
    jw_put_str(w, STR("file"), n->file);
    jw_put_i64(w, STR("line"), n->line);
    jw_put_i64(w, STR("col"), n->col);
    jw_put_str(w, STR("path"), n->path);
    jw_put_str(w, STR("text"), n->text);
    jw_object_end(w);
}

static int print_json(struct cli *c, const struct imported *got)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, JSON_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("document"), got->document);
    for (enum import_bucket i = 0; i < BUCKET_COUNT; i++)
        jw_put_i64(&w, import_bucket_text(i), (int64_t)got->n_of[i]);
    jw_key(&w, STR("notes"));
    jw_array(&w);
    for (size_t i = 0; i < got->n_notes; i++)
        put_note(&w, &got->notes[i]);
    jw_array_end(&w);
    jw_key(&w, STR("steps"));
    jw_array(&w);
    for (size_t i = 0; i < got->n_steps; i++)
        jw_str(&w, got->steps[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    int r = buf_ok(&b);
    if (r == 0)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
    return r < 0 ? cli_fail(c, "the report is too large") : CLI_DONE;
}

/* What was written must load: if it does not, that is our fault, and nothing is printed that someone could apply. */
static bool does_load(struct str document, const struct limits *limits, const struct known *known,
                      struct diag_list *diags)
{
    struct policy *p = NULL;
    int r = policy_parse(document, STR("(the document)"), limits, known, diags, &p);
    if (r == 0)
        policy_unref(p);
    return r == 0;
}

static int read_all(struct cli *c, struct import_file **ret)
{
    size_t n = c->n_args - 1;
    struct import_file *files = arena_alloc(&c->arena, n * sizeof *files);
    for (size_t i = 0; i < n; i++) {
        files[i].name = c->args[i + 1];
        int r = cli_read_file(c, files[i].name, FILE_BYTES_MAX, &files[i].text);
        if (r)
            return r;
    }
    *ret = files;
    return 0;
}

static int import(struct cli *c)
{
    enum import_source source;
    struct import_file *files;
    struct imported got;
    struct diag_list diags;
    struct vendors_known vendors;
    struct limits limits;
    struct str name = cli_has(c, "name") ? cli_option(c, "name") : STR("default");
    check(import_source_parse(c->args[0], &source) == 0); /* one of arg_words */
    if (!id_is_valid(name))
        return cli_usage(c, "--name is 1 to 64 of a-z 0-9 - _, and begins with a letter or digit");
    int r = read_all(c, &files);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    limits_default(&limits);
    vendors_known_init(&vendors, &c->arena, &limits);
    r = import_read(source, name, files, c->n_args - 1, vendors.known.zones, &c->arena, &diags, &got);
    bool is_loaded = r == 0 && does_load(got.document, &limits, &vendors.known, &diags);
    vendors_known_deinit(&vendors);
    if (r < 0) {
        settings_print_diags(c, c->err, &diags);
        return cli_fail(c, diags.n_errors ? "nothing was imported" : "the document would be too large");
    }
    if (!is_loaded) {
        settings_print_diags(c, c->err, &diags);
        return cli_fail(c, "what was imported makes no document that loads; please report this with the file");
    }
    if (!c->is_json)
        print_result(c, &got);
    else if ((r = print_json(c, &got)))
        return r;
    return got.n_of[BUCKET_REFUSED] ? CLI_FAILED : CLI_DONE;
}

static const struct option_spec options[] = {
    {"name", "NAME", "the document's name; `default` when not given", false, NULL},
    {"all", NULL, "say what became of every value, not only of those that mean something else here", false, NULL},
    {NULL, NULL, NULL, false, NULL}};

const struct command cmd_policy_import = {
    .name = "policy import",
    .args = "litellm|portkey FILE...",
    .arg_words = "litellm portkey",
    .args_min = 2,
    .args_max = 16,
    .summary = "files of LiteLLM or Portkey as a policy document; needs no daemon",
    .text =
        "LiteLLM: config.yaml, and what /key/list, /team/list, /user/list and /budget/list answer (lists under `keys`, "
        "`teams`, `users`, `budgets`, `customers`). Portkey: config objects, usage and rate limit policies, API keys. "
        "Prints the document, and on standard error what became of each value: exact, approximate, carried or refused. "
        "Exit 1 when something that narrows was refused. No secret is copied.",
    .examples = "policy import litellm config.yaml keys.json > policy.yaml\n"
                "policy import portkey config.json limits.json --name models --all",
    .options = options,
    .run = import,
};
