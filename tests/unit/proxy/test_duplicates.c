/* proxy/duplicates: what counts as sent a moment ago, for how long, and how many are remembered. */
#include "unit.h"

#include "proxy/duplicates.h"

static struct duplicates d;
static const wall_t at = 1795440734 * NS_PER_S;

static int set_up(void **state)
{
    duplicates_init(&d, 3, NULL);
    return 0;
}

static int tear_down(void **state)
{
    duplicates_deinit(&d);
    return 0;
}

static struct duplicate of(int i, int64_t window_ms)
{
    return (struct duplicate){.digest = {(uint8_t)i}, .window_ms = window_ms};
}

static void a_second_one_is_found_until_the_window_ends(void **state)
{
    struct duplicate q = of(1, 60000);
    assert_false(duplicates_find(&d, &q, at));
    duplicates_put(&d, &q, STR("call-1"), at);
    assert_true(duplicates_find(&d, &q, at));
    assert_string_equal(q.first_call_id, "call-1");
    assert_int_equal(q.first_at, at);
    assert_true(duplicates_find(&d, &q, at + 60000 * NS_PER_MS - 1));
    assert_false(duplicates_find(&d, &q, at + 60000 * NS_PER_MS));
    struct duplicate other = of(2, 60000);
    assert_false(duplicates_find(&d, &other, at));
}

static void after_its_window_another_takes_the_place(void **state)
{
    struct duplicate q = of(1, 1000);
    duplicates_put(&d, &q, STR("call-1"), at);
    duplicates_put(&d, &q, STR("call-2"), at + 2 * NS_PER_S);
    assert_true(duplicates_find(&d, &q, at + 2 * NS_PER_S));
    assert_string_equal(q.first_call_id, "call-2");
}

static void without_a_window_nothing_is_remembered(void **state)
{
    struct duplicate q = of(1, 0);
    duplicates_put(&d, &q, STR("call-1"), at);
    assert_false(duplicates_find(&d, &q, at));
    assert_int_equal(d.map.n, 0);
    duplicates_forget(&d, &q, STR("call-1"));
}

static void what_did_nothing_is_forgotten_by_its_own_call_only(void **state)
{
    struct duplicate q = of(1, 60000);
    duplicates_put(&d, &q, STR("call-1"), at);
    duplicates_forget(&d, &q, STR("call-2"));
    assert_true(duplicates_find(&d, &q, at));
    duplicates_forget(&d, &q, STR("call-1"));
    assert_false(duplicates_find(&d, &q, at));
    duplicates_forget(&d, &q, STR("call-1"));
}

/* A second and a third were let through, with a yes each. */
static void behind_one_that_did_nothing_the_one_before_it_counts_again(void **state)
{
    struct duplicate q = of(1, 60000);
    duplicates_put(&d, &q, STR("call-1"), at);
    duplicates_put(&d, &q, STR("call-2"), at + 1);
    duplicates_put(&d, &q, STR("call-3"), at + 2);
    assert_true(duplicates_find(&d, &q, at + 3));
    assert_string_equal(q.first_call_id, "call-3");
    duplicates_forget(&d, &q, STR("call-2"));
    assert_true(duplicates_find(&d, &q, at + 3));
    assert_string_equal(q.first_call_id, "call-3");
    duplicates_forget(&d, &q, STR("call-3"));
    assert_true(duplicates_find(&d, &q, at + 3));
    assert_string_equal(q.first_call_id, "call-1");
    assert_int_equal(q.first_at, at);
    duplicates_forget(&d, &q, STR("call-1"));
    assert_false(duplicates_find(&d, &q, at + 3));
    assert_int_equal(d.n, 0);
}

static void those_of_one_request_are_counted_too(void **state)
{
    struct duplicate q = of(1, 60000), other = of(2, 60000);
    duplicates_put(&d, &q, STR("call-1"), at);
    duplicates_put(&d, &q, STR("call-2"), at + 1);
    duplicates_put(&d, &other, STR("call-3"), at + 2);
    duplicates_put(&d, &q, STR("call-4"), at + 3); /* call-1 makes room */
    assert_int_equal(d.n, 3);
    duplicates_forget(&d, &q, STR("call-4"));
    duplicates_forget(&d, &q, STR("call-2"));
    assert_false(duplicates_find(&d, &q, at + 4));
    assert_true(duplicates_find(&d, &other, at + 4));
}

static void one_more_than_fit_forgets_the_oldest(void **state)
{
    for (int i = 1; i <= 3; i++) {
        struct duplicate q = of(i, 60000);
        duplicates_put(&d, &q, STR("call"), at + i);
    }
    struct duplicate first = of(1, 60000), second = of(2, 60000), fourth = of(4, 60000);
    assert_true(duplicates_find(&d, &first, at + 4));
    duplicates_put(&d, &fourth, STR("call"), at + 4);
    assert_false(duplicates_find(&d, &first, at + 4));
    assert_true(duplicates_find(&d, &second, at + 4));
    assert_true(duplicates_find(&d, &fourth, at + 4));
    assert_int_equal(d.n, 3);
}

static void the_same_key_again_is_a_retry_and_begins_no_new_window(void **state)
{
    struct duplicate q = of(1, 60000);
    q.has_retry_key = true;
    q.retry_key[0] = 7;
    struct duplicate other_key = q, no_key = of(1, 60000);
    other_key.retry_key[0] = 8;
    duplicates_put(&d, &q, STR("call-1"), at);
    assert_false(duplicates_find(&d, &q, at + NS_PER_S));
    duplicates_put(&d, &q, STR("call-2"), at + NS_PER_S);
    assert_true(duplicates_find(&d, &other_key, at + NS_PER_S));
    assert_string_equal(other_key.first_call_id, "call-1");
    assert_true(duplicates_find(&d, &no_key, at + NS_PER_S));
    assert_false(duplicates_find(&d, &other_key, at + 60000 * NS_PER_MS));
    duplicates_put(&d, &other_key, STR("call-3"), at + 2 * NS_PER_S); /* let through: either key is a retry now */
    assert_false(duplicates_find(&d, &q, at + 2 * NS_PER_S));
    assert_false(duplicates_find(&d, &other_key, at + 2 * NS_PER_S));
    assert_true(duplicates_find(&d, &no_key, at + 2 * NS_PER_S));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_same_key_again_is_a_retry_and_begins_no_new_window),
        T(a_second_one_is_found_until_the_window_ends),
        T(after_its_window_another_takes_the_place),
        T(without_a_window_nothing_is_remembered),
        T(what_did_nothing_is_forgotten_by_its_own_call_only),
        T(behind_one_that_did_nothing_the_one_before_it_counts_again),
        T(those_of_one_request_are_counted_too),
        T(one_more_than_fit_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
