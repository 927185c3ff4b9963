/* tests/unit/relation/test_model.c - models and tuples that cannot be read say where and why. */
#include "base/err.h"
#include "relation/relation.h"
#include "unit.h"

static struct arena arena;
static struct buf said;

static int set_up(void **state)
{
    arena_init(&arena, 16u << 20);
    buf_init(&said, 65536);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    buf_deinit(&said);
    return 0;
}

/* What is said of it; empty when it is read. */
static struct str faults(const char *model, const char *tuples)
{
    struct diag_list diags;
    struct relations *r = NULL;
    diag_list_init(&diags, &arena, 20);
    buf_reset(&said);
    int err = relations_parse(str_c(model), STR("m"), str_c(tuples), STR("t"), &diags, &r);
    assert_true(err == 0 || err == -ERR_INVALID);
    assert_true(err == 0 || diags.n_errors > 0);
    (void)diag_list_text(&diags, &said);
    relations_unref(r);
    return buf_str(&said);
}

#define HEAD "model\n  schema 1.1\ntype user\n"
#define DOC HEAD "type doc\n  relations\n"

static void a_model_is_read(void **state)
{
    assert_str(faults(DOC "    define a: [user, user:*, doc#a with c]\n    define b: (a or b) but not a # remark\n"
                          "condition c(x: int, s: string) { x < 3 && s == '{' }\n",
                      "[]"),
               "");
    assert_str(faults(HEAD, ""), "");
}

static void what_is_wrong_with_a_model_is_said_with_its_place(void **state)
{
    assert_str(faults("", ""), "m:1:1: relation_model: `model` is needed here\n");
    assert_str(faults("model\n schema 1.0\n", ""), "m:2:9: relation_model: `1.1` is needed here\n");
    assert_str(faults(HEAD "typo doc\n", ""), "m:4:1: relation_model: `type` or `condition` is needed here\n");
    assert_str(faults(HEAD "type user\n", ""), "m:4:6: relation_model: two types are called `user`\n");
    assert_str(faults(DOC "define a: [user] or b and c\n", ""),
               "m:6:23: relation_model: `or`, `and` and `but not` stand together in parentheses only\n");
    assert_str(faults(DOC "define a: [user\n", ""), "m:7:1: relation_model: `]` is needed here\n");
    assert_str(faults(DOC "define a: [user]\ndefine a: [user]\n", ""),
               "m:7:8: relation_model: `doc` has two relations `a`\n");
    assert_str(faults(DOC "define a: b\n", ""), "m: relation_model: `doc#a`: no relation is called `b`\n");
    assert_str(faults(DOC "define a: [usr]\n", ""), "m: relation_model: `doc#a`: no type is called `usr`\n");
    assert_str(faults(DOC "define a: [user with c]\n", ""), "m: relation_model: `doc#a`: no condition is called `c`\n");
    assert_str(faults(HEAD "condition c(x: list<int>) { true }\n", ""),
               "m:4:16: relation_model: a condition's parameter is a bool, int, uint, double, string, timestamp or "
               "duration\n");
    assert_str(faults(HEAD "condition c(x: int) { x < 'a' }\n", ""),
               "m:4:1: expr_type: condition `c`: int is compared with string; a number is written without quotes\n");
}

static void what_is_wrong_with_tuples_is_said_with_its_place(void **state)
{
    const char *model = DOC "define a: [user]\n";
    assert_str(faults(model, "- {user: 'user:1', relation: a, object: 'doc:1'}\n"), "");
    assert_str(faults(model, "tuples:\n- {user: 'user:1', relation: a, object: 'doc:1'}\n"), "");
    assert_str(faults(model, "{\"tuple_keys\":[{\"user\":\"user:1\",\"relation\":\"a\",\"object\":\"doc:1\"}]}"), "");
    assert_str(faults(model, "- {user: 'user:1', object: 'doc:1'}\n"),
               "t:1:3: relation_tuple: a tuple has user, relation and object, and perhaps condition: {name, "
               "context}\n");
    assert_str(faults(model, "hello\n"),
               "t:1:1: relation_tuple: tuples are a list, or stand in one under `tuples`\n");
    assert_str(faults(model, "- {user: 'doc:1', relation: a, object: 'doc:1'}\n"),
               "t:1:3: warning: relation_tuple: the model does not allow `doc:1 a doc:1`, so it counts for nothing\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_model_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_a_model_is_said_with_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_tuples_is_said_with_its_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
