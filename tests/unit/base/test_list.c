/* base/list: order, removal while walking. */
#include "base/list.h"

#include "unit.h"

struct item {
    int n;
    struct list link;
};

static int as_number(const struct list *head)
{
    int n = 0;
    list_each(it, head)
        n = n * 10 + list_entry(it, struct item, link)->n;
    return n;
}

static void keeps_the_order_of_both_ends(void **state)
{
    struct list head;
    struct item a = {.n = 1}, b = {.n = 2}, c = {.n = 3};
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    list_add_tail(&head, &b.link);
    list_add_tail(&head, &c.link);
    list_add_head(&head, &a.link);
    assert_int_equal(as_number(&head), 123);
    assert_ptr_equal(list_first(&head), &a.link);
    list_remove(&b.link);
    assert_int_equal(as_number(&head), 13);
    assert_false(list_is_linked(&b.link));
    assert_true(list_is_linked(&a.link));
}

static void removing_twice_is_fine(void **state)
{
    struct list head;
    struct item a = {.n = 1};
    list_init(&head);
    list_add_tail(&head, &a.link);
    list_remove(&a.link);
    list_remove(&a.link);
    assert_true(list_is_empty(&head));
}

static void a_safe_walk_may_remove_what_it_stands_on(void **state)
{
    struct list head;
    struct item items[6];
    list_init(&head);
    for (int i = 0; i < 6; i++) {
        items[i].n = i;
        list_add_tail(&head, &items[i].link);
    }
    list_each_safe(it, next, &head) {
        if (list_entry(it, struct item, link)->n % 2)
            list_remove(it);
    }
    assert_int_equal(as_number(&head), 24);
}

static void a_zeroed_node_is_not_linked(void **state)
{
    struct item a = {0};
    assert_false(list_is_linked(&a.link));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_both_ends),
        cmocka_unit_test(removing_twice_is_fine),
        cmocka_unit_test(a_safe_walk_may_remove_what_it_stands_on),
        cmocka_unit_test(a_zeroed_node_is_not_linked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
