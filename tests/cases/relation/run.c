/*
 * tests/cases/relation/run.c - asks our checker what a file of models, tuples and checks asks, and compares; the form
 * is that of OpenFGA's public cases.
 *
 *     relation_cases --own FILE                 our own cases
 *     relation_cases --page PAGE [--write]      OpenFGA's: which of them, and how it went, is what PAGE says, or fails
 */
#include "base/err.h"
#include "relation/relation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (4u << 20)
#define PAGE_BYTES_MAX (1u << 20)
#define MORE_MAX 64

static const struct yaml_limits suite_limits = {.bytes_max = FILE_BYTES_MAX, .depth_max = 64, .nodes_max = 1000000};

struct tally {
    size_t n_tests, n_checks, n_skipped_tests;
    int n_faults;
    struct buf *page, *list; /* what was skipped; every test with its number of checks. NULL: nobody reads them */
};

static struct arena arena;

static struct str text_of(const struct yaml *map, const char *key)
{
    struct str s = STR_NONE;
    (void)yaml_str(yaml_get(map, str_c(key)), &s); /* absent is empty */
    return s;
}

static char *read_file(const char *path, size_t *ret_n)
{
    FILE *f = fopen(path, "r");
    char *text = f ? arena_alloc(&arena, FILE_BYTES_MAX) : NULL;
    *ret_n = f ? fread(text, 1, FILE_BYTES_MAX, f) : 0;
    if (f)
        fclose(f);
    return text;
}

/* --- one check ---------------------------------------------------------------------------------------------------- */

static size_t read_more(const struct yaml *list, struct relation_tuple ret[MORE_MAX])
{
    size_t n = 0;
    yaml_each(y, list) {
        const struct yaml *condition = yaml_get(y, STR("condition"));
        ret[n++] = (struct relation_tuple){text_of(y, "user"), text_of(y, "relation"), text_of(y, "object"),
                                           text_of(condition, "name"), yaml_get(condition, STR("context"))};
        if (n == MORE_MAX)
            break;
    }
    return n;
}

static const char *answer_text(int r) { return r < 0 ? "an error" : r == RELATION_YES ? "yes" : "no"; }

static void check_one(struct tally *t, struct str test, const struct relations *r, const struct yaml *assertion)
{
    const struct yaml *tuple = yaml_get(assertion, STR("tuple"));
    struct relation_tuple more[MORE_MAX];
    struct relation_ask q = {text_of(tuple, "user"), text_of(tuple, "relation"), text_of(tuple, "object"),
                             {.values = yaml_get(assertion, STR("context"))}, more, 0};
    const char *why;
    bool yes = false;
    q.n_more = read_more(yaml_get(assertion, STR("contextualTuples")), more);
    bool wants_error = yaml_get(assertion, STR("errorCode")) != NULL;
    (void)yaml_bool(yaml_get(assertion, STR("expectation")), &yes); /* absent with an error */
    int got = relations_check(r, &q, &arena, &why), want = wants_error ? -ERR_INVALID : yes;
    t->n_checks++;
    if (got == want)
        return;
    t->n_faults++;
    fprintf(stderr, "line %d: " STR_FMT ": " STR_FMT " " STR_FMT " " STR_FMT " is %s (%s), and must be %s\n",
            assertion->line, STR_ARG(test), STR_ARG(q.user), STR_ARG(q.relation), STR_ARG(q.object), answer_text(got),
            why ? why : "", answer_text(want));
}

/* --- one test ----------------------------------------------------------------------------------------------------- */

/* Tuples add up over the stages of a test. */
static struct str tuples_text(const struct yaml *stages, const struct yaml *last)
{
    struct buf text;
    struct str all;
    buf_init(&text, FILE_BYTES_MAX);
    buf_add(&text, STR("["));
    yaml_each(stage, stages) {
        yaml_each(tuple, yaml_get(stage, STR("tuples"))) {
            if (text.n > 1)
                buf_add(&text, STR(","));
            (void)yaml_canon(&arena, tuple, &text); /* a reader took it */
        }
        if (stage == last)
            break;
    }
    buf_add(&text, STR("]"));
    all = arena_str(&arena, buf_str(&text));
    buf_deinit(&text);
    return all;
}

/* Why a model is outside of what we have; NULL: it is inside, and should have been read. */
static const char *outside(struct str why_model)
{
    size_t at;
    if (str_find(why_model, STR("parameter is a"), &at))
        return "a condition with a parameter that is a list, a map or an address";
    return NULL;
}

static void run_stage(struct tally *t, const struct yaml *test, const struct yaml *stages, const struct yaml *stage,
                      struct relations **r)
{
    struct diag_list diags;
    struct buf text;
    struct str tuples = tuples_text(stages, stage), model = text_of(stage, "model");
    diag_list_init(&diags, &arena, 20);
    relations_unref(*r);
    *r = NULL;
    if (relations_parse(model, STR("model"), tuples, STR("tuples"), &diags, r) == 0) {
        yaml_each(assertion, yaml_get(stage, STR("checkAssertions")))
            check_one(t, text_of(test, "name"), *r, assertion);
        return;
    }
    buf_init(&text, 65536);
    (void)diag_list_text(&diags, &text);
    const char *why = outside(buf_str(&text));
    if (why) {
        t->n_skipped_tests++;
        buf_printf(t->page, "| " STR_FMT " | %s |\n", STR_ARG(text_of(test, "name")), why);
    } else {
        t->n_faults++;
        fprintf(stderr, "line %d: " STR_FMT ": not read: " STR_FMT "\n", stage->line, STR_ARG(text_of(test, "name")),
                STR_ARG(buf_str(&text)));
    }
    buf_deinit(&text);
}

/* Two ways of writing that our YAML refuses and other readers agree on: `True`, and numbers with an exponent. */
static struct str repaired(struct str text)
{
    struct buf b;
    struct str line, before, value, all;
    buf_init(&b, FILE_BYTES_MAX);
    for (; str_cut(text, '\n', &line, &text); buf_add(&b, STR("\n"))) {
        bool has_value = str_cut(line, ':', &before, &value);
        value = has_value ? str_trim(value) : STR_NONE;
        if (has_value && (str_eq(value, STR("True")) || str_eq(value, STR("False"))))
            buf_printf(&b, STR_FMT ": %s", STR_ARG(before), value.p[0] == 'T' ? "true" : "false");
        else if (has_value && str_ends(value, STR("e+309")))
            buf_printf(&b, STR_FMT ": \"" STR_FMT "\"", STR_ARG(before), STR_ARG(value));
        else
            buf_add(&b, line);
    }
    buf_add(&b, text);
    all = arena_str(&arena, buf_str(&b));
    buf_deinit(&b);
    return all;
}

static int run_file(struct tally *t, const char *path)
{
    struct diag_list diags;
    const struct yaml *root = NULL;
    size_t n;
    char *text = read_file(path, &n);
    if (!text)
        return 1;
    diag_list_init(&diags, &arena, 20);
    if (yaml_parse(&arena, str_c(path), repaired((struct str){text, n}), &suite_limits, &diags, &root) < 0) {
        fprintf(stderr, "%s:%d: " STR_FMT "\n", path, diags.items[0].line, STR_ARG(diags.items[0].message));
        t->n_faults++;
        return 0;
    }
    yaml_each(test, yaml_get(root, STR("tests"))) {
        struct relations *r = NULL;
        const struct yaml *stages = yaml_get(test, STR("stages"));
        size_t n_before = t->n_checks;
        t->n_tests++;
        yaml_each(stage, stages)
            run_stage(t, test, stages, stage, &r);
        relations_unref(r);
        if (t->list)
            buf_printf(t->list, "| " STR_FMT " | %zu |\n", STR_ARG(text_of(test, "name")), t->n_checks - n_before);
    }
    return 0;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const char *const suite[] = {"consolidated_1_1_tests.yaml", "abac_tests.yaml"};
#define N_SUITE (sizeof suite / sizeof suite[0])

static void page_head(struct buf *page)
{
    buf_add(page, STR("# Relations: what of OpenFGA is there\n\n"
                      "The embedded checker answers checks over models of OpenFGA's language (schema 1.1): direct "
                      "relations of types,\nwildcards and usersets, computed ones, `x from y`, `or`, `and`, `but not`, "
                      "conditions on tuples. This page is the result\nof OpenFGA's own cases (openfga/openfga, commit "
                      "da9354f7e): every check of every test, and each test that was skipped. It is\nwritten by "
                      "`build/tests/cases/relation/relation_cases --page spec/relations.md --write` where the cases "
                      "are there, and a test\nfails when it is not what the command would write, or when an answer is "
                      "wrong.\n\n"
                      "Not there: listing objects and users, modules, contextual tuples from outside, parameters of "
                      "conditions that are\nlists, maps or addresses. A question is answered within 25 relations of "
                      "depth and 20,000 steps, else it is an error.\n\n"
                      "| file | tests | checks answered right |\n|---|--:|--:|\n"));
}

/* 1: the files are not there. */
static int run_files(struct tally *t, const char *folder, struct buf *lines)
{
    for (size_t i = 0; i < N_SUITE; i++) {
        struct tally before = *t;
        struct str path = arena_printf(&arena, "%s/openfga/%s", folder, suite[i]);
        if (run_file(t, path.p) != 0)
            return 1;
        buf_printf(lines, "| %s | %zu | %zu |\n", suite[i], t->n_tests - before.n_tests,
                   t->n_checks - before.n_checks);
    }
    return 0;
}

static int run_suite(struct tally *t, const char *folder)
{
    struct buf skipped, lines, list;
    buf_init(&skipped, PAGE_BYTES_MAX);
    buf_init(&lines, PAGE_BYTES_MAX);
    buf_init(&list, PAGE_BYTES_MAX);
    page_head(&lines);
    struct buf *page = t->page;
    t->page = &skipped;
    t->list = &list;
    int r = run_files(t, folder, &lines);
    buf_printf(&lines, "\n%zu of %zu tests have something that is not there:\n\n| test | why |\n|---|---|\n",
               t->n_skipped_tests, t->n_tests);
    buf_add(&lines, buf_str(&skipped));
    buf_add(page, buf_str(&lines));
    buf_add(page, STR("\n| test | checks answered right |\n|---|--:|\n"));
    buf_add(page, buf_str(&list));
    t->page = page;
    buf_deinit(&skipped);
    buf_deinit(&lines);
    buf_deinit(&list);
    return r;
}

static int page_same(struct tally *t, const char *path, bool writes)
{
    size_t n;
    FILE *f;
    if (writes && (f = fopen(path, "w"))) {
        fwrite(t->page->p, 1, t->page->n, f);
        return fclose(f);
    }
    char *text = read_file(path, &n);
    if (text && str_eq((struct str){text, n}, buf_str(t->page)))
        return 0;
    fprintf(stderr, "%s is not what this run would write; write it again with --write\n", path);
    return 1;
}

int main(int argc, char **argv)
{
    struct buf page;
    struct tally t = {.page = &page};
    const char *folder = getenv("FLYBALL_SUITES") ? getenv("FLYBALL_SUITES") : SUITES_BESIDE;
    if (argc < 3)
        return 2;
    arena_init(&arena, 1u << 30);
    buf_init(&page, PAGE_BYTES_MAX);
    bool is_own = strcmp(argv[1], "--own") == 0;
    int r = is_own ? run_file(&t, argv[2]) : run_suite(&t, folder);
    bool is_skipped = r && !is_own;
    if (r == 0 && !is_own && t.n_faults == 0)
        r = page_same(&t, argv[2], argc > 3);
    if (is_skipped)
        printf("OpenFGA's cases are not in %s: skipped\n", folder);
    else
        printf("%zu tests, %zu checks, %d wrong, %zu tests skipped\n", t.n_tests, t.n_checks, t.n_faults,
               t.n_skipped_tests);
    buf_deinit(&page);
    arena_deinit(&arena);
    return is_skipped ? 77 : r || t.n_faults || t.n_checks == 0;
}
