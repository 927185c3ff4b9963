/* store links: which run began the tree that a run is of, from both stores. */
#include "both.h"
#include "unit.h"

#include "base/err.h"

struct said {
    const char *tenant, *run, *parent, *root;
};

static int on_link(void *ctx, const struct run_link_row *l)
{
    buf_printf(ctx, STR_FMT "/" STR_FMT "<" STR_FMT " ", STR_ARG(l->tenant), STR_ARG(l->run_id),
               STR_ARG(l->root_run_id));
    return 0;
}

static int stop_at_link(void *ctx, const struct run_link_row *l) { return -ERR_TOO_LARGE; }

static void call(struct both *b, const struct said *said)
{
    struct story_call c = story_call();
    c.tenant = said->tenant;
    c.run_id = said->run;
    c.parent_run_id = said->parent;
    c.root_run_id = said->root;
    story_open(&b->story, &c, NULL);
}

static void assert_links(struct both *b, size_t n_max, const char *want)
{
    for (int i = 0; i < STORES; i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(b->store[i]->ops->links(b->store[i], n_max, on_link, &text), 0);
        assert_str(buf_str(&text), want);
        buf_deinit(&text);
    }
}

static void the_first_link_of_a_run_stays_and_is_its_tenants(void **state)
{
    static const struct said FIRST[] = {{"acme", "r1", NULL, NULL}, {"acme", "r1", "r1", "r1"},
                                        {"acme", "r2", "r1", "r1"}, {"acme", "r3", "r2", "r1"}};
    static const struct said LATER[] = {{"acme", "r2", "r9", "r9"}, {"acme", "r2", NULL, "r1"},
                                        {"bolt", "r2", "r8", "r8"}};
    struct both *b = *state;
    for (size_t i = 0; i < sizeof FIRST / sizeof FIRST[0]; i++)
        call(b, &FIRST[i]);
    both_apply(b);
    for (size_t i = 0; i < sizeof LATER / sizeof LATER[0]; i++)
        call(b, &LATER[i]);
    both_apply(b);
    assert_links(b, 100, "acme/r2<r1 acme/r3<r1 bolt/r2<r8 ");
}

static void the_newest_links_are_given_oldest_first(void **state)
{
    static const struct said ALL[] = {{"acme", "a", "r", "r"}, {"acme", "c", "r", "r"}, {"acme", "b", "a", "r"}};
    struct both *b = *state;
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++)
        call(b, &ALL[i]);
    both_apply(b);
    assert_links(b, 3, "acme/a<r acme/c<r acme/b<r ");
    assert_links(b, 2, "acme/c<r acme/b<r ");
    for (int i = 0; i < STORES; i++)
        assert_int_equal(b->store[i]->ops->links(b->store[i], 3, stop_at_link, NULL), -ERR_TOO_LARGE);
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "run_links");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(the_first_link_of_a_run_stays_and_is_its_tenants),
        TEST(the_newest_links_are_given_oldest_first),
    };
    int n = cmocka_run_group_tests_name("store/run_links", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
