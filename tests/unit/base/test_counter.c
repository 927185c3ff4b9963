/* base/counter: counts from several threads, names from the table. */
#include "base/counter.h"

#include <pthread.h>

#include "unit.h"

static void *count(void *ctx)
{
    for (int i = 0; i < 10000; i++)
        counter_add(COUNTER_requests, 3);
    return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
    uint64_t before = counter_get(COUNTER_requests), beside = counter_get(COUNTER_calls);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(counter_get(COUNTER_requests) - before, 120000);
    assert_int_equal(counter_get(COUNTER_calls), beside);
}

static void every_counter_has_a_name_and_a_help_text(void **state)
{
    assert_string_equal(counter_name(COUNTER_calls_denied), "calls_denied");
    for (int c = 0; c < COUNTER_COUNT; c++) {
        assert_true(str_is_token(str_c(counter_name(c)), "_", 60));
        assert_true(strlen(counter_help(c)) > 10);
        for (int other = 0; other < c; other++)
            assert_string_not_equal(counter_name(c), counter_name(other));
    }
}

static void name_no_counter(void *ctx)
{
    counter_name(COUNTER_COUNT);
}

static void a_counter_outside_the_table_aborts(void **state)
{
    assert_true(unit_aborts(name_no_counter, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_count_is_lost_between_threads),
        cmocka_unit_test(every_counter_has_a_name_and_a_help_text),
        cmocka_unit_test(a_counter_outside_the_table_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
