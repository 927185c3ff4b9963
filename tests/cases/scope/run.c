/*
 * tests/cases/scope/run.c - on whose accounts does each form of request act? The file says what comes in, what the
 * vendor would answer for an id, and what must come out. Usage: scope_cases VENDOR FILE AT_LEAST.
 */
#include "base/err.h"
#include "codec/yaml.h"
#include "saas/affected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)

static struct {
    struct arena arena;
    struct limits limits;
    struct connector *connector;
    const struct yaml *vendor;
    int n_faults;
} run;

static void fault(const struct yaml *form, const char *what, struct str got)
{
    fprintf(stderr, "line %d: " STR_FMT ": %s " STR_FMT "\n", form->line,
            STR_ARG(yaml_get(form, STR("name"))->text), what, STR_ARG(got));
    run.n_faults++;
}

static struct str text_of(const struct yaml *map, const char *key)
{
    struct str s = STR_NONE;
    (void)yaml_str(yaml_get(map, str_c(key)), &s); /* absent is empty */
    return s;
}

/* What the vendor answers for an object: its row as JSON, with its id where it names none. */
static struct str object_json(const struct saas_owner_get *get, uint16_t *ret_status)
{
    struct buf json;
    const struct yaml *o = yaml_get(run.vendor, get->id);
    *ret_status = o ? 200 : 404;
    if (!o)
        return STR("{}");
    buf_init(&json, 65536);
    if (yaml_canon(&run.arena, o, &json) < 0)
        abort();
    struct str s = buf_str(&json);
    bool has_id = yaml_get(o, STR("id")) != NULL;
    struct str text = has_id ? arena_str(&run.arena, s)
                             : arena_printf(&run.arena, "{\"id\":\"" STR_FMT "\"," STR_FMT, STR_ARG(get->id),
                                            STR_ARG(str_sub(s, 1, s.n)));
    buf_deinit(&json);
    return text;
}

static struct affected resolve(const struct yaml *form, const struct saas_call *call)
{
    struct saas_affected *sa = saas_affected_begin(call, &run.limits, &run.arena);
    struct saas_owner_get get;
    struct affected got;
    struct str customer;
    while (saas_affected_next(sa, &get)) {
        uint16_t status;
        struct str body = object_json(&get, &status);
        if (!str_ends(get.path, get.id) || !str_starts(get.path, STR("/v1/")))
            fault(form, "asks at", get.path);
        saas_affected_answer(sa, status, body, &customer);
    }
    saas_affected_result(sa, &got);
    return got;
}

static bool has_account(const struct affected *got, struct str want)
{
    struct str id = want, rest;
    bool is_customer = !str_cut(want, ' ', &id, &rest); /* "ch_1 of nobody" */
    for (size_t i = 0; i < got->n; i++)
        if (str_eq(got->items[i].id, id) && got->items[i].is_customer == is_customer)
            return true;
    return false;
}

static void compare(const struct yaml *form, const struct affected *got)
{
    const struct yaml *want = yaml_get(form, STR("acts_on"));
    struct str why = text_of(form, "untold");
    size_t at;
    if (why.n && (got->state != AFFECTED_UNTOLD || !str_find(got->why, why, &at)))
        fault(form, "is told, or for another reason:", got->why);
    if (want && got->state != AFFECTED_TOLD)
        fault(form, "is not told:", got->why);
    else if (want && got->n != want->n)
        fault(form, "acts on more or fewer, first on", got->items[0].id);
    else if (want)
        yaml_each(one, want)
            if (!has_account(got, one->text))
                fault(form, "does not act on", one->text);
    if (!want && !why.n)
        fault(form, "says nothing of what must come out", STR(""));
}

static void try_form(const struct yaml *form)
{
    struct saas_request r = {.body = text_of(form, "body")};
    struct saas_call call;
    struct saas_problem problem = {0};
    struct str path = STR_NONE;
    (void)str_cut(text_of(form, "request"), ' ', &r.method, &path);
    r.path = path;
    r.has_query = str_cut(path, '?', &r.path, &r.query);
    r.content_type = r.body.n ? STR("application/x-www-form-urlencoded") : STR_NONE;
    if (text_of(form, "json").n) {
        r.body = text_of(form, "json");
        r.content_type = STR("application/json");
    }
    int err = saas_read(run.connector, saas_find(run.connector, r.method, r.path), &r, &run.limits,
                        &run.arena, &call, &problem);
    bool wants_problem = yaml_get(form, STR("problem")) != NULL;
    if ((err != 0) != wants_problem) {
        fault(form, "is refused, or is not:", problem.text);
    } else if (err == 0) {
        struct affected got = resolve(form, &call);
        compare(form, &got);
    }
}

static const struct yaml *read_file(const char *path)
{
    char *text = arena_alloc(&run.arena, FILE_BYTES_MAX);
    const struct yaml *root = NULL;
    struct diag_list diags;
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, FILE_BYTES_MAX, f) : 0;
    if (f)
        fclose(f);
    diag_list_init(&diags, &run.arena, 20);
    if (yaml_parse(&run.arena, str_c(path), (struct str){text, n}, &yaml_limits_default, &diags, &root) < 0) {
        fprintf(stderr, "%s:%d: " STR_FMT "\n", path, diags.n ? diags.items[0].line : 0,
                STR_ARG(diags.n ? diags.items[0].message : STR("unreadable")));
        exit(1);
    }
    return root;
}

int main(int argc, char **argv)
{
    struct diag_list diags;
    struct str text;
    size_t n = 0;
    if (argc != 4)
        return 2;
    arena_init(&run.arena, 64u << 20);
    limits_default(&run.limits);
    diag_list_init(&diags, &run.arena, 20);
    if (!connector_builtin(str_c(argv[1]), &text) ||
        connector_parse(text, str_c(argv[1]), &run.limits, &diags, &run.connector) < 0)
        return 1;
    const struct yaml *root = read_file(argv[2]), *forms = yaml_get(root, STR("forms"));
    run.vendor = yaml_get(root, STR("vendor"));
    yaml_each(form, forms) {
        try_form(form);
        n++;
    }
    printf("%zu forms, %d faults\n", n, run.n_faults);
    connector_free(run.connector);
    arena_deinit(&run.arena);
    return run.n_faults || n < (size_t)atoi(argv[3]) ? 1 : 0;
}
