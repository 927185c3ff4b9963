/*
 * tests/cases/cel/run.c - the conformance suite of CEL: run SUITE_DIR PAGE [--write]. Evaluates every case of every
 * file, writes what passed and what was skipped, and why, as a page, and fails when a case fails or when the page is
 * not what PAGE says. With --write it becomes PAGE.
 */
#include "textproto.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "expr/expr.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define VARIABLES_MAX 8

/* Files of the suite: those we run, and why not the others. */
static const struct {
    const char *name, *why_not; /* NULL: run */
} files[] = {
    {"basic", NULL},
    {"bindings_ext", "an extension: cel.bind()"},
    {"block_ext", "an extension of optimisers: cel.block()"},
    {"comparisons", NULL},
    {"conversions", NULL},
    {"dynamic", "protobuf messages: google.protobuf.Value and its like"},
    {"encoders_ext", "an extension: base64"},
    {"enums", "protobuf enums"},
    {"fields", NULL},
    {"fp_math", NULL},
    {"integer_math", NULL},
    {"lists", NULL},
    {"logic", NULL},
    {"macros", NULL},
    {"macros2", NULL},
    {"math_ext", "an extension: math.greatest() and its like"},
    {"namespace", NULL},
    {"network_ext", "an extension: addresses and networks"},
    {"optionals", NULL},
    {"parse", NULL},
    {"plumbing", NULL},
    {"proto2", "protobuf messages"},
    {"proto2_ext", "protobuf extensions"},
    {"proto3", "protobuf messages"},
    {"string", NULL},
    {"string_ext", "an extension: charAt(), format() and their like"},
    {"timestamps", NULL},
    {"type_deduction", "names of types that a checker deduces; ours is gradual, and says no more than it must"},
    {"unknowns", "has no case"},
    {"wrappers", "protobuf messages: google.protobuf.Int64Value and its like"},
};

/* Cases by what they need and we have not. `in_expr`: a word of the expression; `field`: a field of the case. */
static const struct {
    const char *in_expr, *field, *why;
} needs[] = {
    {"TestAllTypes", NULL, "protobuf messages"},
    {"google.protobuf.Value", NULL, "protobuf messages"},
    {"google.protobuf.BoolValue", NULL, "protobuf messages"},
    {"google.protobuf.BytesValue", NULL, "protobuf messages"},
    {"google.protobuf.DoubleValue", NULL, "protobuf messages"},
    {"google.protobuf.FloatValue", NULL, "protobuf messages"},
    {"google.protobuf.Int32Value", NULL, "protobuf messages"},
    {"google.protobuf.Int64Value", NULL, "protobuf messages"},
    {"google.protobuf.StringValue", NULL, "protobuf messages"},
    {"google.protobuf.UInt32Value", NULL, "protobuf messages"},
    {"google.protobuf.UInt64Value", NULL, "protobuf messages"},
    {"Australia/Sydney", NULL, "time zones by name"},
    {"US/Central", NULL, "time zones by name"},
    {"America/St_Johns", NULL, "time zones by name"},
    {"Asia/Kathmandu", NULL, "time zones by name"},
    {NULL, "object_value", "protobuf messages"},
    {NULL, "container", "containers: a policy has no namespaces of its own"},
};

struct tally {
    int n_passed, n_skipped, n_failed;
};

struct bindings {
    struct expr_variable variables[VARIABLES_MAX];
    struct value values[VARIABLES_MAX];
    bool is_bound[VARIABLES_MAX];
    size_t n;
};

/* --- values and types of the suite as ours ------------------------------------------------------------------------ */

static bool to_value(struct arena *a, const struct field *v, struct value *ret);

static bool to_list(struct arena *a, const struct field *m, struct value *ret)
{
    struct value_list *list = arena_alloc(a, sizeof *list);
    struct value *items = arena_alloc(a, 64 * sizeof *items);
    for (const struct field *f = field_get(m, "values"); f; f = field_again(f))
        if (list->n == 64 || !to_value(a, f->first, &items[list->n++]))
            return false;
    list->items = items;
    *ret = (struct value){.kind = TYPE_LIST, .list = list};
    return true;
}

static bool to_map(struct arena *a, const struct field *m, struct value *ret)
{
    struct value_map *map = arena_alloc(a, sizeof *map);
    struct value_entry *entries = arena_alloc(a, 64 * sizeof *entries);
    for (const struct field *f = field_get(m, "entries"); f; f = field_again(f), map->n++)
        if (map->n == 64 || !to_value(a, field_get(f, "key")->first, &entries[map->n].key) ||
            !to_value(a, field_get(f, "value")->first, &entries[map->n].value))
            return false;
    map->entries = entries;
    *ret = (struct value){.kind = TYPE_MAP, .map = map};
    return true;
}

static bool to_type_value(struct str name, struct value *ret)
{
    for (enum type_kind k = TYPE_DYN + 1; k < TYPE_COUNT; k++)
        if (str_eq(type_kind_text(k), name)) {
            *ret = (struct value){.kind = TYPE_TYPE, .type = k};
            return true;
        }
    return false;
}

/* `v` is the one field of a Value: int64_value: 3. */
static bool to_value(struct arena *a, const struct field *v, struct value *ret)
{
    const char *text = v ? arena_str(a, v->text).p : NULL;
    if (!v)
        return false;
    if (str_eq(v->name, STR("int64_value")))
        *ret = value_int(strtoll(text, NULL, 0));
    else if (str_eq(v->name, STR("uint64_value")))
        *ret = (struct value){.kind = TYPE_UINT, .u = strtoull(text, NULL, 0)};
    else if (str_eq(v->name, STR("double_value")))
        *ret = (struct value){.kind = TYPE_DOUBLE, .d = strtod(text, NULL)};
    else if (str_eq(v->name, STR("bool_value")))
        *ret = value_bool(str_eq(v->text, STR("true")));
    else if (str_eq(v->name, STR("string_value")))
        *ret = value_str(v->text);
    else if (str_eq(v->name, STR("bytes_value")))
        *ret = (struct value){.kind = TYPE_BYTES, .s = v->text};
    else if (str_eq(v->name, STR("null_value")))
        *ret = (struct value){.kind = TYPE_NULL};
    else if (str_eq(v->name, STR("type_value")))
        return to_type_value(v->text, ret);
    else if (str_eq(v->name, STR("list_value")))
        return to_list(a, v, ret);
    else if (str_eq(v->name, STR("map_value")))
        return to_map(a, v, ret);
    else
        return false;
    return true;
}

static const struct type *to_type(struct arena *a, const struct field *t)
{
    static const struct {
        const char *name;
        enum type_kind kind;
    } plain[] = {{"BOOL", TYPE_BOOL},     {"INT64", TYPE_INT},    {"UINT64", TYPE_UINT},
                 {"DOUBLE", TYPE_DOUBLE}, {"STRING", TYPE_STRING}, {"BYTES", TYPE_BYTES}};
    if (field_get(t, "null"))
        return TYPE_PLAIN(TYPE_NULL);
    if (field_get(t, "list_type"))
        return type_list(a, to_type(a, field_get(field_get(t, "list_type"), "elem_type")));
    if (field_get(t, "map_type"))
        return type_map(a, to_type(a, field_get(field_get(t, "map_type"), "key_type")),
                        to_type(a, field_get(field_get(t, "map_type"), "value_type")));
    for (size_t i = 0; i < N(plain); i++)
        if (str_eq(field_text(t, "primitive"), str_c(plain[i].name)))
            return TYPE_PLAIN(plain[i].kind);
    return TYPE_PLAIN(TYPE_DYN);
}

static struct expr_variable *variable(struct bindings *b, struct str name)
{
    size_t i = 0;
    while (i < b->n && !str_eq(b->variables[i].name, name))
        i++;
    if (i == b->n)
        b->variables[b->n++] = (struct expr_variable){name, TYPE_PLAIN(TYPE_DYN), (unsigned)i};
    return &b->variables[i];
}

static bool bind_all(struct arena *a, const struct field *test, struct bindings *b)
{
    for (const struct field *f = field_get(test, "type_env"); f; f = field_again(f))
        variable(b, field_text(f, "name"))->type = to_type(a, field_get(field_get(f, "ident"), "type"));
    for (const struct field *f = field_get(test, "bindings"); f; f = field_again(f)) {
        unsigned slot = variable(b, field_text(f, "key"))->slot;
        b->is_bound[slot] = true;
        if (!to_value(a, field_get(field_get(f, "value"), "value")->first, &b->values[slot]))
            return false;
    }
    return true;
}

static bool get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    const struct bindings *b = ctx;
    *ret = b->values[slot];
    return b->is_bound[slot];
}

/* --- one case ----------------------------------------------------------------------------------------------------- */

static const char *why_skipped(const struct field *test)
{
    size_t at;
    for (size_t i = 0; i < N(needs); i++) {
        if (needs[i].in_expr && str_find(field_text(test, "expr"), str_c(needs[i].in_expr), &at))
            return needs[i].why;
        if (needs[i].field && field_has_inside(test, needs[i].field))
            return needs[i].why;
    }
    return NULL;
}

static bool is_same(const struct value *got, const struct value *want)
{
    if (got->kind == TYPE_DOUBLE && want->kind == TYPE_DOUBLE && isnan(want->d))
        return isnan(got->d);
    if (got->kind == TYPE_OPTIONAL && got->inside)
        got = got->inside;
    return got->kind == want->kind && value_eq(got, want);
}

/* What the case came to, in words, or NULL: as it should. A text that is refused when it is compiled is an error too.
 */
static const char *evaluate(struct arena *a, const struct field *test)
{
    static char text[512];
    struct bindings b = {.n = 0};
    struct value got, want;
    struct expr_fault fault;
    struct expr *e;
    if (!bind_all(a, test, &b))
        return "a binding that this runner does not know";
    struct expr_scope scope = {b.variables, b.n, {0}, 0, str_eq(field_text(test, "disable_check"), STR("true"))};
    struct expr_facts facts = {get, &b};
    bool wants_error = field_get(test, "eval_error") != NULL;
    if (expr_compile(a, field_text(test, "expr"), &scope, &e, &fault) < 0) {
        snprintf(text, sizeof text, "refused: %s: " STR_FMT, fault.code, STR_ARG(fault.message));
        return wants_error ? NULL : text;
    }
    expr_eval(e, &facts, a, &got);
    if (wants_error)
        return got.kind == TYPE_ERROR ? NULL : "a value where an error is wanted";
    if (got.kind == TYPE_ERROR) {
        snprintf(text, sizeof text, "error: " STR_FMT, STR_ARG(expr_error_text(e, &got, a)));
        return text;
    }
    const struct field *value = field_get(test, "value");
    if (!value)
        want = value_bool(true); /* a case without a value wants true */
    else if (!to_value(a, value->first, &want))
        return "a value that this runner does not know";
    return is_same(&got, &want) ? NULL : "another value";
}

static void run_case(struct arena *a, const char *file, struct str section, const struct field *test,
                     struct tally *tally, struct buf *skipped)
{
    struct str name = field_text(test, "name");
    const char *why = why_skipped(test), *wrong = why ? NULL : evaluate(a, test);
    if (why) {
        tally->n_skipped++;
        (void)buf_printf(skipped, "| %s | " STR_FMT " / " STR_FMT " | %s |\n", file, STR_ARG(section), STR_ARG(name),
                         why);
    } else if (wrong) {
        tally->n_failed++;
        fprintf(stderr, "%s / " STR_FMT " / " STR_FMT ": %s\n    " STR_FMT "\n", file, STR_ARG(section), STR_ARG(name),
                wrong, STR_ARG(field_text(test, "expr")));
    } else {
        tally->n_passed++;
    }
}

/* --- files and the page ------------------------------------------------------------------------------------------- */

static bool read_file(struct arena *a, const char *path, struct str *ret)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    char *text = arena_alloc(a, 1 << 20);
    *ret = (struct str){text, fread(text, 1, 1 << 20, f)};
    fclose(f);
    return true;
}

static void run_file(const char *dir, const char *name, struct tally *tally, struct buf *skipped)
{
    struct arena a;
    struct str text;
    int line;
    arena_init(&a, 256 << 20);
    const char *path = arena_printf(&a, "%s/%s.textproto", dir, name).p;
    const struct field *root = read_file(&a, path, &text) ? textproto_read(&a, text, &line) : NULL;
    if (!root) {
        fprintf(stderr, "%s cannot be read\n", path);
        tally->n_failed++;
    }
    for (const struct field *s = field_get(root, "section"); s; s = field_again(s))
        for (const struct field *t = field_get(s, "test"); t; t = field_again(t))
            run_case(&a, name, field_text(s, "name"), t, tally, skipped);
    arena_deinit(&a);
}

static void page_head(struct buf *page)
{
    (void)buf_add(page, STR("# CEL: what of the standard is there\n\n"
                            "`when:` of a policy is written in the Common Expression Language. This page is the result"
                            " of the standard's own\nconformance suite (cel-expr/cel-spec, commit b8622f1): every file"
                            " of it, every case that was skipped, and why. It is\nwritten by `build/tests/cases/cel/"
                            "cel_cases tests/cases/cel/suite spec/agentpolicy/cel-conformance.md --write`, and\na test"
                            " fails when it is not what the command would write, or when a case fails.\n\n"
                            "An expression that is refused when a document is loaded counts as an error where the suite"
                            " wants one. Cases that ask for\nno checking run with types unknown until they are"
                            " evaluated.\n\n"
                            "| file | passed | skipped | why not |\n|---|--:|--:|---|\n"));
}

int main(int argc, char **argv)
{
    struct buf page, skipped;
    struct tally sum = {0};
    if (argc < 3)
        return 2;
    buf_init(&page, 1 << 20);
    buf_init(&skipped, 1 << 20);
    page_head(&page);
    for (size_t i = 0; i < N(files); i++) {
        struct tally t = {0};
        if (files[i].why_not) {
            (void)buf_printf(&page, "| %s | | all | %s |\n", files[i].name, files[i].why_not);
            continue;
        }
        run_file(argv[1], files[i].name, &t, &skipped);
        (void)buf_printf(&page, "| %s | %d | %d | |\n", files[i].name, t.n_passed, t.n_skipped);
        sum.n_passed += t.n_passed;
        sum.n_skipped += t.n_skipped;
        sum.n_failed += t.n_failed;
    }
    (void)buf_printf(&page, "\n%d cases passed, %d skipped.\n\n## Cases that were skipped\n\n| file | case | why |\n"
                     "|---|---|---|\n" STR_FMT, sum.n_passed, sum.n_skipped, STR_ARG(buf_str(&skipped)));
    fprintf(stderr, "%d passed, %d skipped, %d failed\n", sum.n_passed, sum.n_skipped, sum.n_failed);
    if (argc > 3 && strcmp(argv[3], "--write") == 0) {
        FILE *f = fopen(argv[2], "wb");
        if (!f || fwrite(buf_str(&page).p, 1, buf_str(&page).n, f) != buf_str(&page).n || fclose(f) != 0)
            return 1;
    }
    struct arena a;
    struct str there;
    arena_init(&a, 4 << 20);
    bool is_page_right = read_file(&a, argv[2], &there) && str_eq(there, buf_str(&page));
    if (!is_page_right)
        fprintf(stderr, "%s is not what this run gave; write it anew with --write\n", argv[2]);
    arena_deinit(&a);
    buf_deinit(&page);
    buf_deinit(&skipped);
    return sum.n_failed == 0 && is_page_right ? 0 : 1;
}
