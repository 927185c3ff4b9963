/* tests/unit/relation/test_check.c - bounds of a check, and how long one takes. What answers are right, cases say. */
#include "base/err.h"
#include "base/time.h"
#include "relation/relation.h"
#include "unit.h"

#include <stdio.h>

#define MODEL \
    "model\n schema 1.1\ntype user\ntype group\n relations\n  define member: [user, group#member]\n" \
    "  define any: member or twice\n  define twice: member or member\n"

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, 256u << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static struct relations *parse(struct str tuples)
{
    struct diag_list diags;
    struct relations *r = NULL;
    diag_list_init(&diags, &arena, 20);
    assert_int_equal(relations_parse(STR(MODEL), STR("m"), tuples, STR("t"), &diags, &r), 0);
    return r;
}

static int ask(const struct relations *r, const char *relation, const char *object, const char **ret_why)
{
    const struct relation_ask q = {STR("user:ann"), str_c(relation), str_c(object), {.values = NULL}, NULL, 0};
    return relations_check(r, &q, &arena, ret_why);
}

/* group:0 has group:1's members, and so on; ann is a member of the last. */
static struct relations *chain(int n)
{
    struct buf b;
    buf_init(&b, 1u << 20);
    for (int i = 0; i + 1 < n; i++)
        buf_printf(&b, "- {user: 'group:%d#member', relation: member, object: 'group:%d'}\n", i + 1, i);
    buf_printf(&b, "- {user: 'user:ann', relation: member, object: 'group:%d'}\n", n - 1);
    struct relations *r = parse(buf_str(&b));
    buf_deinit(&b);
    return r;
}

static void a_way_of_25_relations_is_walked_and_of_26_is_an_error(void **state)
{
    const char *why;
    struct relations *r = chain(RELATION_DEPTH_MAX);
    assert_int_equal(ask(r, "member", "group:0", &why), RELATION_YES);
    relations_unref(r);
    r = chain(RELATION_DEPTH_MAX + 1);
    assert_int_equal(ask(r, "member", "group:0", &why), -ERR_INVALID);
    assert_string_equal(why, "it leads too deep");
    assert_int_equal(ask(r, "member", "group:1", &why), RELATION_YES);
    relations_unref(r);
}

/* Each of n groups has all groups behind it as members: 2^n ways to the end. */
static void a_check_that_would_take_too_many_steps_is_an_error(void **state)
{
    struct buf b;
    const char *why;
    buf_init(&b, 1u << 20);
    for (int i = 0; i < 20; i++)
        for (int k = i + 1; k < 20; k++)
            buf_printf(&b, "- {user: 'group:%d#member', relation: member, object: 'group:%d'}\n", k, i);
    struct relations *r = parse(buf_str(&b));
    assert_int_equal(ask(r, "any", "group:0", &why), -ERR_INVALID);
    assert_string_equal(why, "it takes too many steps");
    assert_int_equal(ask(r, "any", "group:12", &why), RELATION_NO);
    relations_unref(r);
    buf_deinit(&b);
}

static void a_customer_among_100000_is_found_at_once(void **state)
{
    struct buf b;
    const char *why;
    buf_init(&b, 16u << 20);
    for (int i = 0; i < 100000; i++)
        buf_printf(&b, "- {user: 'user:%s', relation: member, object: 'group:%d'}\n", i % 2 ? "ann" : "bob", i);
    struct relations *r = parse(buf_str(&b));
    assert_int_equal(relations_n_tuples(r), 100000);
    mono_t from = clock_system.mono(clock_system.ctx);
    for (int i = 0; i < 10000; i++) {
        char object[32];
        snprintf(object, sizeof object, "group:%d", i * 7 % 100000);
        assert_int_equal(ask(r, "any", object, &why), i * 7 % 2 ? RELATION_YES : RELATION_NO);
    }
    printf("bench: a check among 100,000 tuples: %lld ns\n",
           (long long)((clock_system.mono(clock_system.ctx) - from) / 10000));
    relations_unref(r);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_way_of_25_relations_is_walked_and_of_26_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_check_that_would_take_too_many_steps_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_customer_among_100000_is_found_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
