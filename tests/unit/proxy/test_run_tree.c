/* proxy/run_tree: which run began a tree. */
#include "proxy/run_tree.h"

#include "unit.h"

static const uint8_t seed[16] = "run tree";

struct fixture {
    struct run_tree t;
    struct arena a;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    run_tree_init(&f->t, 3, seed);
    arena_init(&f->a, 65536);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    run_tree_deinit(&f->t);
    arena_deinit(&f->a);
    free(f);
    return 0;
}

static struct str root(struct fixture *f, const char *tenant, const char *run, const char *parent)
{
    return run_tree_root(&f->t, str_c(tenant), str_c(run), str_c(parent), &f->a);
}

static void all_runs_of_a_tree_have_its_first_run_as_root(void **state)
{
    struct fixture *f = *state;
    assert_str(root(f, "t", "a", ""), "a");
    assert_str(root(f, "t", "b", "a"), "a");
    assert_str(root(f, "t", "c", "b"), "a");
    assert_str(root(f, "t", "d", "c"), "a");
    assert_str(root(f, "t", "c", ""), "a"); /* once named is enough */
}

static void another_parent_later_changes_nothing(void **state)
{
    struct fixture *f = *state;
    assert_str(root(f, "t", "b", "a"), "a");
    assert_str(root(f, "t", "b", "z"), "a");
}

static void runs_that_name_each_other_make_no_loop(void **state)
{
    struct fixture *f = *state;
    assert_str(root(f, "t", "a", "b"), "b");
    assert_str(root(f, "t", "b", "a"), "b");
    assert_str(root(f, "t", "a", "a"), "b");
    assert_str(root(f, "t", "x", "x"), "x");
}

static void trees_do_not_cross_tenants(void **state)
{
    struct fixture *f = *state;
    assert_str(root(f, "t", "b", "a"), "a");
    assert_str(root(f, "u", "c", "b"), "b");
    assert_str(root(f, "", "c", "b"), "b");
}

static void at_the_maximum_the_oldest_link_is_forgotten(void **state)
{
    struct fixture *f = *state;
    assert_str(root(f, "t", "b", "a"), "a");
    assert_str(root(f, "t", "c", "b"), "a");
    assert_str(root(f, "t", "d", "c"), "a");
    assert_int_equal(f->t.links.n, 3);
    assert_str(root(f, "t", "b", ""), "a");
    assert_str(root(f, "t", "e", "b"), "a"); /* the link that it hangs on is the one that goes */
    assert_int_equal(f->t.links.n, 3);
    assert_str(root(f, "t", "b", ""), "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_runs_of_a_tree_have_its_first_run_as_root, setup, teardown),
        cmocka_unit_test_setup_teardown(another_parent_later_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_that_name_each_other_make_no_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(trees_do_not_cross_tenants, setup, teardown),
        cmocka_unit_test_setup_teardown(at_the_maximum_the_oldest_link_is_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
