/* cli/demo_runaway: what a rate of loss comes to in another time. */
#include "cli/demo.h"
#include "unit.h"

#include "base/time.h"

static void a_loss_grows_with_the_time_it_has(void **state)
{
    assert_int_equal(demo_lost_in(3 * MONEY_PER_USD, 1500 * NS_PER_MS, 45 * NS_PER_S), 90 * MONEY_PER_USD);
    assert_int_equal(demo_lost_in(3 * MONEY_PER_USD, 1500 * NS_PER_MS, 192 * NS_PER_S), 384 * MONEY_PER_USD);
    assert_int_equal(demo_lost_in(0, 1, 192 * NS_PER_S), 0);
    assert_int_equal(demo_lost_in(2, 3, 2), 1); /* down, not up */
}

static void a_loss_that_fits_no_number_is_the_largest(void **state)
{
    assert_int_equal(demo_lost_in(INT64_MAX / 2, 1, 2), INT64_MAX - 1);
    assert_int_equal(demo_lost_in(INT64_MAX / 2 + 1, 1, 2), INT64_MAX);
    assert_int_equal(demo_lost_in(INT64_MAX, 1, INT64_MAX), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_grows_with_the_time_it_has),
        cmocka_unit_test(a_loss_that_fits_no_number_is_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
