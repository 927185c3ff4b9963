/* admin/openapi.c: valid JSON, every verb in it, and every reference leads somewhere. */
#include "../unit.h"

#include "admin/openapi.h"
#include "admin/verbs.h"
#include "codec/json_read.h"

struct document {
    struct arena a;
    struct buf text;
    struct json root;
};

static int setup(void **state)
{
    struct document *d = calloc(1, sizeof(*d));
    arena_init(&d->a, 64u << 20);
    buf_init(&d->text, 1u << 20);
    assert_int_equal(openapi_write(STR("1.2.3"), &d->text), 0);
    assert_int_equal(json_parse(&d->a, buf_str(&d->text), 64, &d->root), 0);
    *state = d;
    return 0;
}
static int teardown(void **state)
{
    struct document *d = *state;
    buf_deinit(&d->text);
    arena_deinit(&d->a);
    free(d);
    return 0;
}

static struct str text_at(struct json v, const char *key)
{
    struct str s = STR_NONE;
    (void)json_str(json_get(v, str_c(key)), &s);
    return s;
}

static void it_is_openapi_3_1(void **state)
{
    struct document *d = *state;
    assert_str(text_at(d->root, "openapi"), "3.1.0");
    assert_str(text_at(json_get(d->root, STR("info")), "version"), "1.2.3");
    assert_int_equal(json_type(json_path(d->root, STR("components.securitySchemes.token"))), JSON_OBJECT);
}

static void every_verb_is_in_it_once(void **state)
{
    struct document *d = *state;
    static const struct str methods[] = {STR_INIT("get"), STR_INIT("post"), STR_INIT("delete")};
    size_t n, n_found = 0;
    const struct verb *v = verbs_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct json path = json_get(json_get(d->root, STR("paths")), v[i].path);
        struct json op = json_get(path, methods[v[i].method]);
        assert_str(text_at(op, "operationId"), v[i].id);
        assert_true(text_at(op, "summary").n > 10);
        assert_int_equal(json_type(json_get(op, STR("requestBody"))), *v[i].request ? JSON_OBJECT : JSON_NONE);
        assert_int_equal(json_type(json_get(op, STR("security"))), v[i].role == ROLE_PUBLIC ? JSON_ARRAY : JSON_NONE);
    }
    struct json path;
    for (struct json_iter it = json_each(json_get(d->root, STR("paths"))); json_next(&it, NULL, &path);)
        n_found += json_len(path);
    assert_int_equal(n_found, n);
}

static void walk_refs(struct json root, struct json v, size_t *n)
{
    struct str key, ref;
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, &key, &child);) {
        if (str_eq(key, STR("$ref")) && json_str(child, &ref)) {
            struct str kind, name;
            assert_true(str_starts(ref, STR("#/components/")));
            assert_true(str_cut(str_sub(ref, 13, ref.n), '/', &kind, &name));
            struct json there = json_get(json_get(json_get(root, STR("components")), kind), name);
            if (json_type(there) != JSON_OBJECT)
                print_error("%.*s leads nowhere\n", (int)ref.n, ref.p);
            assert_int_equal(json_type(there), JSON_OBJECT);
            *n += 1;
        }
        walk_refs(root, child, n);
    }
}

static void every_reference_leads_to_a_schema(void **state)
{
    struct document *d = *state;
    size_t n = 0;
    walk_refs(d->root, d->root, &n);
    assert_true(n > 30);
}

static void path_parameters_are_declared(void **state)
{
    struct document *d = *state;
    struct json op =
        json_get(json_get(json_get(d->root, STR("paths")), STR("/api/v1/policies/{name}/history")), STR("get"));
    struct json p = json_at(json_get(op, STR("parameters")), 0);
    assert_str(text_at(p, "name"), "name");
    assert_str(text_at(p, "in"), "path");
    op = json_get(json_get(json_get(d->root, STR("paths")), STR("/api/v1/calls")), STR("get"));
    assert_int_equal(json_len(json_get(op, STR("parameters"))), 25);
}

static void optional_members_may_be_null_and_are_not_required(void **state)
{
    struct document *d = *state;
    struct json call = json_path(d->root, STR("components.schemas.Call")), name;
    assert_int_equal(json_type(json_path(call, STR("properties.ended_at.anyOf[1]"))), JSON_OBJECT);
    assert_int_equal(json_type(json_path(call, STR("properties.limits.anyOf[0].items"))), JSON_OBJECT);
    for (struct json_iter it = json_each(json_get(call, STR("required"))); json_next(&it, NULL, &name);) {
        struct str s;
        assert_true(json_str(name, &s));
        assert_false(str_eq(s, STR("ended_at")));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(it_is_openapi_3_1), T(every_verb_is_in_it_once),
                                       T(every_reference_leads_to_a_schema), T(path_parameters_are_declared),
                                       T(optional_members_may_be_null_and_are_not_required)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
