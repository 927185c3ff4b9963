/* base/buf: growth, the maximum, the sticky failure. */
#include "base/buf.h"

#include "base/err.h"
#include "unit.h"

static void grows_to_its_maximum_and_not_a_byte_further(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_add_byte(&b, (char)('a' + i % 26)), 0);
    assert_int_equal(buf_ok(&b), 0);
    assert_int_equal(buf_add_byte(&b, 'x'), -ERR_TOO_LARGE);
    assert_int_equal(b.n, 1000);
    assert_true(b.cap <= 1000);
    assert_int_equal(b.p[999], 'a' + 999 % 26);
    buf_deinit(&b);
}

static void a_failed_append_changes_nothing_and_is_remembered(void **state)
{
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(buf_add(&b, STR("abc")), 0);
    assert_int_equal(buf_add(&b, STR("de")), -ERR_TOO_LARGE);
    assert_str(buf_str(&b), "abc");
    assert_int_equal(buf_add(&b, STR("d")), 0);
    assert_int_equal(buf_ok(&b), -ERR_TOO_LARGE);
    buf_reset(&b);
    assert_int_equal(buf_ok(&b), 0);
    assert_int_equal(buf_str(&b).n, 0);
    buf_deinit(&b);
}

static void sizes_near_the_end_of_size_t_do_not_wrap(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_add_c(&b, "abc"), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), -ERR_TOO_LARGE);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -ERR_TOO_LARGE);
    assert_int_equal(buf_reserve(&b, 97), 0);
    assert_int_equal(buf_reserve(&b, 98), -ERR_TOO_LARGE);
    buf_deinit(&b);
}

static void printf_counts_its_text_but_not_the_nul(void **state)
{
    struct buf b;
    buf_init(&b, 2000);
    assert_int_equal(buf_printf(&b, "%s=%d;", "n", 5), 0);
    assert_str(buf_str(&b), "n=5;");
    assert_int_equal(buf_printf(&b, "%01996d", 7), 0); /* longer than the text on the stack */
    assert_int_equal(b.n, 2000);
    assert_int_equal(b.p[1999], '7');
    assert_int_equal(buf_printf(&b, "%c", 'x'), -ERR_TOO_LARGE);
    assert_int_equal(buf_printf(&b, "%s", ""), 0);
    buf_deinit(&b);
}

static void drop_moves_the_rest_to_the_front(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    buf_drop(&b, 0);
    assert_int_equal(buf_add(&b, STR("head:body")), 0);
    buf_drop(&b, 5);
    assert_str(buf_str(&b), "body");
    buf_drop(&b, 4);
    assert_str(buf_str(&b), "");
    buf_deinit(&b);
}

static void drop_too_much(void *ctx)
{
    buf_drop(ctx, 3);
}

static void dropping_more_than_there_is_aborts(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_add(&b, STR("ab")), 0);
    assert_true(unit_aborts(drop_too_much, &b));
    buf_deinit(&b);
}

static void empty_appends_need_no_memory(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(buf_add(&b, STR_NONE), 0);
    assert_null(b.p);
    assert_int_equal(buf_add_byte(&b, 'x'), -ERR_TOO_LARGE);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_maximum_and_not_a_byte_further),
        cmocka_unit_test(a_failed_append_changes_nothing_and_is_remembered),
        cmocka_unit_test(sizes_near_the_end_of_size_t_do_not_wrap),
        cmocka_unit_test(printf_counts_its_text_but_not_the_nul),
        cmocka_unit_test(drop_moves_the_rest_to_the_front),
        cmocka_unit_test(dropping_more_than_there_is_aborts),
        cmocka_unit_test(empty_appends_need_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
