/*
 * policy/trial: the conformance suite and the examples of spec/agentpolicy pass; and tests that are wrong, or of wrong
 * form, are told so.
 */
#include <dirent.h>

#include "base/err.h"
#include "case.h"
#include "io/zoneinfo.h"
#include "policy/trial.h"

static const char *spec_dir;
static struct known known; /* time zones alone */

struct ran {
    struct arena a;
    struct diag_list diags;
    struct trials trials;
    int r;
};

static void try(struct ran *x, struct str text, const struct policy *given)
{
    struct limits limits;
    arena_init(&x->a, 64 << 20);
    diag_list_init(&x->diags, &x->a, 20);
    limits_default(&limits);
    x->trials = (struct trials){0};
    x->r = policy_try(text, STR("t.yaml"), given, &limits, &known, &x->a, &x->diags, &x->trials);
}

/* Runs a file; returns how many tests it has. */
static size_t run_file(const char *path)
{
    struct ran x;
    struct arena a;
    arena_init(&a, 1 << 20);
    try(&x, case_read(&a, path), NULL);
    if (x.r < 0)
        fail_msg("%s: %.*s", path, STR_ARG(x.diags.items[0].message));
    for (size_t i = 0; i < x.trials.n; i++) {
        const struct trial *t = &x.trials.items[i];
        if (!t->is_passed)
            fail_msg("%s:%d: " STR_FMT "\nwanted " STR_FMT "\ngot    " STR_FMT, path, t->line, STR_ARG(t->name),
                     STR_ARG(t->wanted), STR_ARG(t->got));
    }
    size_t n = x.trials.n;
    arena_deinit(&x.a);
    arena_deinit(&a);
    return n;
}

static size_t run_folder(const char *name, int *ret_files)
{
    char path[1024];
    struct dirent **names = NULL;
    size_t n_tests = 0;
    snprintf(path, sizeof path, "%s/%s", spec_dir, name);
    int n = scandir(path, &names, NULL, case_by_name);
    assert_true(n >= 0);
    *ret_files = 0;
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s/%.200s", spec_dir, name, names[i]->d_name);
            n_tests += run_file(path);
            ++*ret_files;
        }
        free(names[i]);
    }
    free(names);
    return n_tests;
}

static void the_conformance_suite_passes(void **state)
{
    int n_files;
    assert_true(run_folder("conformance", &n_files) >= 87);
    assert_true(n_files >= 6);
}

static void the_examples_pass_their_own_tests(void **state)
{
    int n_files;
    assert_true(run_folder("examples", &n_files) >= 24);
    assert_int_equal(n_files, 8);
}

#define DOCUMENT \
    "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\n" \
    "rules:\n  - {id: r, effect: permit, match: {operation: [v.a]}}\ntests:\n"

static void a_test_that_expects_something_else_fails_with_both_sides(void **state)
{
    struct ran x;
    try(&x, STR(DOCUMENT "  - {name: one, given: {request: {operation: v.a}}, expect: {decision: permit, rule: r}}\n"
                         "  - {name: two, given: {request: {operation: v.b}}, expect: {decision: permit, rule: r}}\n"),
        NULL);
    assert_int_equal(x.r, 0);
    assert_int_equal(x.trials.n, 2);
    assert_int_equal(x.trials.n_passed, 1);
    assert_true(x.trials.items[0].is_passed);
    assert_int_equal(x.trials.items[1].line, 8);
    assert_str(x.trials.items[1].name, "two");
    assert_str(x.trials.items[1].wanted, "decision: permit, rule: r");
    assert_true(str_starts(x.trials.items[1].got, STR("decision: deny, rule: none (No rule permits v.b")));
    arena_deinit(&x.a);
}

static void tests_of_another_file_are_about_the_policy_that_is_given(void **state)
{
    struct ran x;
    struct str tests = STR("apiVersion: agentpolicy/v1\nkind: PolicyTest\ntests:\n"
                           "  - {name: one, given: {request: {operation: v.a}}, expect: {decision: permit}}\n");
    struct arena a;
    struct diag_list diags;
    struct limits limits;
    struct policy *p;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 5);
    limits_default(&limits);
    assert_int_equal(policy_parse(STR(DOCUMENT "  []\n"), STR("p"), &limits, NULL, &diags, &p), 0);
    try(&x, tests, p);
    assert_int_equal(x.r, 0);
    assert_int_equal(x.trials.n_passed, 1);
    arena_deinit(&x.a);
    try(&x, tests, NULL);
    assert_int_equal(x.r, -ERR_INVALID);
    assert_string_equal(x.diags.items[0].code, "missing_key");
    arena_deinit(&x.a);
    policy_unref(p);
    arena_deinit(&a);
}

static void expect_fault(const char *test, int line, int col, const char *code)
{
    struct ran x;
    char text[1000];
    snprintf(text, sizeof text, DOCUMENT "  - %s\n", test);
    try(&x, str_c(text), NULL);
    assert_int_equal(x.r, -ERR_INVALID);
    assert_string_equal(x.diags.items[0].code, code);
    if (x.diags.items[0].line != line || x.diags.items[0].col != col)
        fail_msg("%s: %d:%d", test, x.diags.items[0].line, x.diags.items[0].col);
    arena_deinit(&x.a);
}

static void tests_of_wrong_form_are_refused_with_their_place(void **state)
{
    expect_fault("{given: {request: {operation: v.a}}, expect: {decision: permit}}", 7, 5, "missing_key");
    expect_fault("{name: t, given: {request: {operaton: v.a}}, expect: {decision: permit}}", 7, 33, "unknown_key");
    expect_fault("{name: t, given: {request: {operation: v.a}}, expect: {decision: permitted}}", 7, 70, "bad_value");
    expect_fault("{name: t, given: {request: {operation: v.a}}, expect: {}}", 7, 59, "missing_key");
    expect_fault("{name: t, given: {request: {operation: v.a, cost: free}}, expect: {decision: deny}}", 7, 55,
                 "bad_amount");
    expect_fault("{name: t, given: {request: {operation: v.a, class: money}}, expect: {decision: deny}}", 7, 56,
                 "bad_value");
    expect_fault("{name: t, given: {now: noon, request: {operation: v.a}}, expect: {decision: deny}}", 7, 28,
                 "bad_value");
    expect_fault("{name: t, given: {counters: {r: 1.5}, request: {operation: v.a}}, expect: {decision: deny}}", 7, 37,
                 "wrong_type");
    expect_fault("{name: t, given: {request: {operation: v.a, params: {x: 1.5}}}, expect: {decision: deny}}", 7, 61,
                 "wrong_type");
    expect_fault(
        "{name: t, given: {customer: {id: c, source: guess}, request: {operation: v.a}}, expect: {decision: deny}}", 7,
        49, "bad_value");
}

int main(int argc, char **argv)
{
    spec_dir = argc > 3 ? argv[3] : "spec/agentpolicy";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_conformance_suite_passes),
        cmocka_unit_test(the_examples_pass_their_own_tests),
        cmocka_unit_test(a_test_that_expects_something_else_fails_with_both_sides),
        cmocka_unit_test(tests_of_another_file_are_about_the_policy_that_is_given),
        cmocka_unit_test(tests_of_wrong_form_are_refused_with_their_place),
    };
    struct zoneinfo *files = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    known.zones = zoneinfo_zones(files);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    zoneinfo_free(files);
    return n_failed;
}
