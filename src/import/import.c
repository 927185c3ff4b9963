/*
 * import/import.c - files in, one document and its notes out.
 */
#include "import/import.h"

#include "base/err.h"
#include "import/import_impl.h"

#define FILE_BYTES_MAX (4u << 20)
#define NODES_MAX 200000
#define DEPTH_MAX 64
#define TEXT_BYTES_MAX (8u << 20)

static const struct str source_texts[] = {
#define SOURCE(name, text) [IMPORT_##name] = STR_INIT(text),
#include "import/source.tbl.h"
#undef SOURCE
};
static const struct str bucket_texts[] = {
#define BUCKET(name, text, help) [BUCKET_##name] = STR_INIT(text),
#include "import/bucket.tbl.h"
#undef BUCKET
};

struct str import_source_text(enum import_source s) { return source_texts[s]; }

int import_source_parse(struct str s, enum import_source *ret)
{
    for (enum import_source i = 0; i < IMPORT_COUNT; i++) {
        if (!str_eq(source_texts[i], s))
            continue;
        *ret = i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

struct str import_bucket_text(enum import_bucket b) { return bucket_texts[b]; }

static int read_files(struct import *x, const struct import_file *files, size_t n)
{
    const struct yaml_limits bounds = {
        .bytes_max = FILE_BYTES_MAX, .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX, .is_foreign = true};
    size_t n_errors = x->diags->n_errors;
    x->files = arena_alloc(x->a, (n + 1) * sizeof *x->files);
    for (size_t i = 0; i < n; i++) {
        struct source_file *f = &x->files[i];
        f->name = files[i].name;
        for (size_t k = 0; k < i; k++)
            if (str_eq(x->files[k].name, f->name))
                diag_add(x->diags, f->name, 0, 0, "duplicate_file", "the same file is given twice");
        int r = yaml_parse(x->a, f->name, files[i].text, &bounds, x->diags, &f->root);
        if (r < 0)
            return r == -ERR_NOMEM ? r : -ERR_INVALID; /* said in diags */
        if (f->root->type != YAML_MAP && f->root->type != YAML_SEQ)
            diag_add(x->diags, f->name, f->root->line, f->root->col, "wrong_type",
                     "a file of " STR_FMT " is an object or a list, not %s", STR_ARG(import_source_text(x->source)),
                     yaml_type_name(f->root->type));
    }
    x->n_files = n;
    return x->diags->n_errors > n_errors ? -ERR_INVALID : 0;
}

static void init(struct import *x)
{
    map_init(&x->marks, 4 * NODES_MAX, NULL);
    map_init(&x->ids, 4 * NODES_MAX, NULL);
    buf_init(&x->rules, TEXT_BYTES_MAX);
    buf_init(&x->limits, TEXT_BYTES_MAX);
    buf_init(&x->carried, TEXT_BYTES_MAX);
}

static void deinit(struct import *x)
{
    map_deinit(&x->marks);
    map_deinit(&x->ids);
    buf_deinit(&x->rules);
    buf_deinit(&x->limits);
    buf_deinit(&x->carried);
}

static void convert(struct import *x)
{
    if (x->source == IMPORT_LITELLM)
        litellm_read(x);
    else
        portkey_read(x);
}

void import_refuse(struct import *x, const struct source_file *f)
{
    diag_add(x->diags, f->name, f->root->line, f->root->col, "not_known",
             "nothing at the top of it is known of " STR_FMT, STR_ARG(import_source_text(x->source)));
}

int import_read(enum import_source source, struct str name, const struct import_file *files, size_t n_files,
                const struct zones *zones, struct arena *a, struct diag_list *diags, struct imported *ret)
{
    struct import x = {.a = a, .diags = diags, .source = source, .name = name, .zones = zones};
    struct imported out = {0};
    init(&x);
    int r = read_files(&x, files, n_files);
    size_t n_errors = diags->n_errors;
    if (r == 0) {
        convert(&x);
        r = diags->n_errors > n_errors ? -ERR_INVALID : 0;
    }
    if (r == 0) {
        notes_gather(&x, &out);
        out.document = draft_text(&x);
        out.steps = x.steps.items;
        out.n_steps = x.steps.n;
        r = out.document.p ? 0 : -ERR_TOO_LARGE;
    }
    deinit(&x);
    if (r == 0)
        *ret = out;
    return r < 0 ? err_trace(r) : 0;
}
