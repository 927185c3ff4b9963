/* admin/verbs.c: every line of the table is reachable, and nothing else is. */
#include "../unit.h"

#include "admin/verbs.h"
#include "base/err.h"

static const struct verb *find(const char *method, const char *path, struct str args[VERB_ARGS_MAX], int want)
{
    const struct verb *v = NULL;
    unsigned allow = 0;
    assert_int_equal(verb_find(str_c(method), str_c(path), &v, args, &allow), want);
    return v;
}

static void every_verb_is_found_by_its_own_path(void **state)
{
    size_t n;
    const struct verb *v = verbs_table(&n);
    assert_true(n > 25);
    for (size_t i = 0; i < n; i++) {
        struct str args[VERB_ARGS_MAX];
        const struct verb *got = NULL;
        unsigned allow;
        char path[128];
        size_t k = 0;
        for (size_t p = 0; p < v[i].path.n; p++) {
            if (v[i].path.p[p] == '{' || v[i].path.p[p] == '}')
                continue;
            path[k++] = v[i].path.p[p];
        }
        assert_int_equal(verb_find(str_c(method_text(v[i].method)), (struct str){path, k}, &got, args, &allow), 0);
        assert_ptr_equal(got, &v[i]);
        assert_non_null(v[i].handle);
    }
}

static void segments_become_arguments(void **state)
{
    struct str args[VERB_ARGS_MAX];
    const struct verb *v = find("GET", "/api/v1/calls/abc/why", args, 0);
    assert_string_equal(v->id, "why");
    assert_str(args[0], "abc");
    v = find("POST", "/api/v1/policies/check", args, 0);
    assert_string_equal(v->id, "policy_check");
}

static void near_misses_are_not_found(void **state)
{
    struct str args[VERB_ARGS_MAX];
    static const char *const paths[] = {
        "/api/v1/call",   "/api/v1/calls/", "/api/v1/calls//why", "/api/v1/calls/a/b", "/api/v1/calls/a/why/",
        "", "/ui/x",
        "//api/v1/calls", "/api/v1",        "api/v1/calls",       "/API/v1/calls"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        find("GET", paths[i], args, -ERR_NOT_FOUND);
}

static void a_known_path_says_which_methods_it_has(void **state)
{
    const struct verb *v;
    struct str args[VERB_ARGS_MAX];
    unsigned allow = 0;
    assert_int_equal(verb_find(STR("PUT"), STR("/api/v1/keys"), &v, args, &allow), VERB_R_METHOD);
    assert_int_equal(allow, 1u << METHOD_GET | 1u << METHOD_POST);
    assert_int_equal(verb_find(STR("get"), STR("/api/v1/keys"), &v, args, &allow), VERB_R_METHOD);
    assert_int_equal(verb_find(STR("GET"), STR("/api/v1/kill"), &v, args, &allow), VERB_R_METHOD);
    assert_int_equal(allow, 1u << METHOD_POST);
}

static void params_are_known_by_whole_name(void **state)
{
    struct str args[VERB_ARGS_MAX];
    const struct verb *v = find("GET", "/api/v1/calls", args, 0);
    assert_true(verb_has_param(v, STR("run")));
    assert_true(verb_has_param(v, STR("until"))); /* the last one */
    assert_false(verb_has_param(v, STR("ru")));
    assert_false(verb_has_param(v, STR("run agent")));
    assert_false(verb_has_param(v, STR("")));
    v = find("GET", "/api/v1/keys", args, 0);
    assert_false(verb_has_param(v, STR("run")));
    assert_false(verb_has_param(v, STR("")));
}

static void what_changes_things_needs_more_than_viewer(void **state)
{
    size_t n;
    const struct verb *v = verbs_table(&n);
    for (size_t i = 0; i < n; i++) {
        bool is_own = str_starts(v[i].path, STR("/api/v1/session")) || /* of whoever asks, and nobody else's */
                      str_starts(v[i].path, STR("/api/v1/sign-in"));
        if (verb_is_action(&v[i]) && !is_own)
            assert_true(v[i].role > ROLE_VIEWER);
        if (v[i].role == ROLE_PUBLIC && !is_own)
            assert_true(!str_starts(v[i].path, STR("/api/v1/")) || str_ends(v[i].path, STR("openapi.json")));
    }
}

static void an_action_is_what_changes_something(void **state)
{
    struct str args[VERB_ARGS_MAX];
    assert_false(verb_is_action(find("GET", "/api/v1/keys", args, 0)));
    assert_false(verb_is_action(find("POST", "/api/v1/policies/check", args, 0)));
    assert_false(verb_is_action(find("POST", "/api/v1/policies/diff", args, 0)));
    assert_true(verb_is_action(find("POST", "/api/v1/policies", args, 0)));
    assert_true(verb_is_action(find("POST", "/api/v1/policies/p/rollback", args, 0)));
    assert_true(verb_is_action(find("POST", "/api/v1/session", args, 0)));
    assert_true(verb_is_action(find("DELETE", "/api/v1/session", args, 0)));
}

static void what_nobody_thought_of_tenants_for_is_for_all_of_them_only(void **state)
{
    static const char *const whole[] = {"POST /api/v1/kill",          "POST /api/v1/unkill",      "GET /api/v1/secrets",
                                        "GET /api/v1/audit/verify",   "GET /api/v1/audit/export", "GET /api/v1/config",
                                        "GET /api/v1/policies",       "POST /api/v1/policies",    "GET /api/v1/health",
                                        "GET /api/v1/doctor",         "POST /api/v1/reload"};
    struct str args[VERB_ARGS_MAX], method, path;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        assert_true(str_cut(str_c(whole[i]), ' ', &method, &path));
        char m[8] = {0};
        memcpy(m, method.p, method.n);
        assert_false(verb_keeps_tenant(find(m, path.p, args, 0)));
    }
    assert_true(verb_keeps_tenant(find("GET", "/api/v1/calls", args, 0)));
    assert_true(verb_keeps_tenant(find("GET", "/api/v1/feed", args, 0)));
}

static void every_role_has_a_word_of_its_own(void **state)
{
    struct str args[VERB_ARGS_MAX];
    assert_string_equal(role_text(ROLE_PUBLIC), "public");
    assert_string_equal(role_text(ROLE_SECRETS), "secrets");
    assert_string_equal(role_text(ROLE_OWNER), "owner");
    assert_string_equal(role_text(find("POST", "/api/v1/secrets", args, 0)->role), "secrets");
    assert_string_equal(role_text(find("GET", "/api/v1/audit/export", args, 0)->role), "owner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_is_found_by_its_own_path),
        cmocka_unit_test(segments_become_arguments),
        cmocka_unit_test(near_misses_are_not_found),
        cmocka_unit_test(a_known_path_says_which_methods_it_has),
        cmocka_unit_test(params_are_known_by_whole_name),
        cmocka_unit_test(what_changes_things_needs_more_than_viewer),
        cmocka_unit_test(an_action_is_what_changes_something),
        cmocka_unit_test(what_nobody_thought_of_tenants_for_is_for_all_of_them_only),
        cmocka_unit_test(every_role_has_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
