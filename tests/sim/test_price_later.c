/*
 * tests/sim/test_price_later.c - a price that the vendor knows hours after its answer: when it is asked for, what it
 * corrects, and what is never asked.
 */
#include "small.h"

static void assert_settled_is_estimate(struct small *w) { small_assert_settled(w, "0.014500000", "priced"); }

static void a_price_hours_later_corrects_the_day_of_the_call(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + 5 * HOUR_NS;
    w.price = "-0.00790";
    small_send(&w, "hi");
    assert_int_equal(w.status, 201);
    small_assert_settled(&w, "0.014500000", "priced");
    assert_str(small_settled_on(&w, "2026-11-23"), "0.014500000");
    small_pass(&w, HOUR_NS + 60 * NS_PER_S);
    assert_int_equal(w.n_polls, 4); /* after 5 s, 30 s, 5 min, 1 h */
    assert_string_equal(w.poll_path, MESSAGES "/SM1.json");
    assert_string_equal(w.authorization, "Basic QUMwMTIzOnRva2VuMDEyMzQ1Njc4OQ==");
    small_assert_settled(&w, "0.014500000", "priced");
    small_pass(&w, 6 * HOUR_NS);
    assert_int_equal(w.n_polls, 5);
    small_assert_settled(&w, "0.007900000", "parsed");
    assert_str(small_settled_on(&w, "2026-11-23"), "0.007900000");
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    small_pass(&w, 30 * HOUR_NS);
    assert_int_equal(w.n_polls, 5); /* asked and answered */
    small_teardown(&w);
}

static void a_price_of_the_next_day_counts_in_the_day_before(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + 20 * HOUR_NS;
    w.price = "-0.00830";
    small_send(&w, "hi");
    small_pass(&w, 23 * HOUR_NS);
    small_send(&w, "again");
    assert_str(small_settled_on(&w, "2026-11-24"), "0.008300000"); /* priced at once */
    small_pass(&w, 2 * HOUR_NS);
    assert_str(small_settled_on(&w, "2026-11-23"), "0.008300000");
    assert_str(small_settled_on(&w, "2026-11-24"), "0.008300000");
    small_teardown(&w);
}

static void a_price_that_never_comes_leaves_the_estimate(void **state)
{
    struct small w;
    small_setup(&w);
    small_send(&w, "hi");
    small_pass(&w, 48 * HOUR_NS);
    assert_int_equal(w.n_polls, 6);
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    small_assert_settled(&w, "0.014500000", "priced");
    small_teardown(&w);
}

static void errors_are_asked_again_and_what_is_gone_is_not(void **state)
{
    struct small w;
    small_setup(&w);
    w.poll_status = 500;
    small_send(&w, "hi");
    small_pass(&w, 60 * NS_PER_S);
    assert_int_equal(w.n_polls, 2);
    w.poll_status = 404;
    small_pass(&w, HOUR_NS);
    assert_int_equal(w.n_polls, 3);
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    small_assert_settled(&w, "0.014500000", "priced");
    small_teardown(&w);
}

static void another_currency_leaves_the_estimate(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + 10 * NS_PER_S;
    w.price = "-0.0079";
    w.unit = "EUR";
    small_send(&w, "hi");
    small_pass(&w, HOUR_NS);
    assert_int_equal(w.n_polls, 2);
    small_assert_settled(&w, "0.014500000", "priced");
    small_teardown(&w);
}

static void a_vendor_that_is_not_configured_so_is_never_asked(void **state)
{
    struct small w;
    small_setup(&w);
    w.vendor.polls = false;
    small_send(&w, "hi");
    small_pass(&w, 48 * HOUR_NS);
    assert_int_equal(w.n_polls, 0);
    small_teardown(&w);
}

static void beyond_the_limit_prices_stay_estimates(void **state)
{
    struct small w;
    small_setup(&w);
    w.limits.polls_max = 2;
    small_send(&w, "one");
    small_send(&w, "two");
    small_send(&w, "three");
    assert_int_equal(w.n_posts, 3);
    assert_int_equal(poller_waiting(w.worker->poller), 2);
    small_pass(&w, 10 * NS_PER_S);
    assert_int_equal(w.n_polls, 2);
    small_teardown(&w); /* and a stop forgets what waits */
}

static void a_price_that_was_awaited_when_the_process_died_is_asked_for_by_the_next_one(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + 4 * HOUR_NS;
    w.price = "-0.00790";
    small_send(&w, "hi");
    small_pass(&w, 10 * NS_PER_S);
    assert_int_equal(w.n_polls, 1);
    small_stop(&w);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    assert_int_equal(poller_waiting(w.worker->poller), 1);
    assert_int_equal(w.n_polls, 2); /* its time had come once: asked for at once, though that was answered */
    assert_settled_is_estimate(&w);
    small_pass(&w, 7 * HOUR_NS);
    assert_int_equal(w.n_polls, 6); /* after 30 s, 5 min, 1 h, 6 h */
    assert_string_equal(w.poll_path, MESSAGES "/SM1.json");
    small_assert_settled(&w, "0.007900000", "parsed");
    assert_str(small_settled_on(&w, "2026-11-23"), "0.007900000");
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    small_stop(&w);
    small_start(&w);
    small_pass(&w, 30 * HOUR_NS);
    assert_int_equal(w.n_polls, 6); /* known is known */
    small_teardown(&w);
}

static void what_came_due_while_nobody_ran_is_asked_for_at_once_and_counts_in_its_day(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + HOUR_NS;
    w.price = "-0.00830";
    small_send(&w, "hi");
    small_stop(&w);
    small_pass(&w, 26 * HOUR_NS);
    assert_int_equal(w.n_polls, 0);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    assert_int_equal(w.n_polls, 1);
    small_assert_settled(&w, "0.008300000", "parsed");
    assert_str(small_settled_on(&w, "2026-11-23"), "0.008300000");
    small_teardown(&w);
}

static void the_counter_that_the_next_call_sees_is_corrected_too(void **state)
{
    struct small w;
    small_setup(&w);
    w.priced_at = sim_wall(w.sim) + HOUR_NS;
    w.price = "-0.99000"; /* the day's limit is 1.00 */
    small_send(&w, "hi");
    small_stop(&w);
    small_pass(&w, HOUR_NS);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    small_send(&w, "more");
    assert_int_equal(w.status, 403);
    assert_string_equal(w.code, "limit_exceeded");
    small_teardown(&w);
}

static void what_is_older_than_twice_the_last_time_stays_an_estimate(void **state)
{
    struct small w;
    small_setup(&w);
    small_send(&w, "hi");
    small_stop(&w);
    small_pass(&w, 48 * HOUR_NS);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    assert_int_equal(w.n_polls, 0);
    assert_settled_is_estimate(&w);
    small_teardown(&w);
}

static void beyond_the_limit_no_more_is_taken_up(void **state)
{
    struct small w;
    small_setup(&w);
    small_send(&w, "one");
    small_send(&w, "two");
    small_send(&w, "three");
    small_stop(&w);
    w.limits.polls_max = 2;
    small_start(&w);
    small_pass(&w, NS_PER_S);
    assert_int_equal(poller_waiting(w.worker->poller), 2);
    small_teardown(&w);
}

static void the_same_message_within_a_minute_is_sent_once(void **state)
{
    struct small w;
    small_setup(&w);
    small_send(&w, "hi");
    small_send(&w, "hi");
    assert_int_equal(w.status, 403);
    assert_int_equal(w.n_posts, 1);
    assert_str(small_text(json_at(small_ask(&w, QUERY_CALLS), 0), "code"), "duplicate");
    small_pass(&w, 60 * NS_PER_S);
    small_send(&w, "hi");
    assert_int_equal(w.status, 201);
    assert_int_equal(w.n_posts, 2);
    small_teardown(&w);
}

static void behind_a_restart_too(void **state)
{
    struct small w;
    small_setup(&w);
    small_send(&w, "hi");
    small_stop(&w);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    small_send(&w, "hi");
    assert_int_equal(w.status, 403);
    assert_string_equal(w.code, "duplicate");
    small_send(&w, "other");
    assert_int_equal(w.status, 201);
    small_pass(&w, 60 * NS_PER_S);
    small_stop(&w);
    small_start(&w);
    small_pass(&w, NS_PER_S);
    small_send(&w, "hi");
    assert_int_equal(w.status, 201);
    assert_int_equal(w.n_posts, 3);
    small_teardown(&w);
}

static void a_message_of_which_nobody_knows_what_became_is_not_sent_again_after_a_restart(void **state)
{
    struct small w;
    small_setup(&w);
    w.is_mute = true;
    small_begin(&w, "hi", true);
    small_pass(&w, NS_PER_S);
    assert_int_equal(w.n_posts, 1);
    small_stop(&w); /* as by kill -9, while the vendor has it */
    w.is_mute = false;
    small_start(&w);
    small_pass(&w, NS_PER_S);
    small_send(&w, "hi");
    assert_string_equal(w.code, "duplicate");
    assert_int_equal(w.n_posts, 1);
    small_teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_hours_later_corrects_the_day_of_the_call),
        cmocka_unit_test(a_price_of_the_next_day_counts_in_the_day_before),
        cmocka_unit_test(a_price_that_never_comes_leaves_the_estimate),
        cmocka_unit_test(errors_are_asked_again_and_what_is_gone_is_not),
        cmocka_unit_test(another_currency_leaves_the_estimate),
        cmocka_unit_test(a_vendor_that_is_not_configured_so_is_never_asked),
        cmocka_unit_test(beyond_the_limit_prices_stay_estimates),
        cmocka_unit_test(a_price_that_was_awaited_when_the_process_died_is_asked_for_by_the_next_one),
        cmocka_unit_test(what_came_due_while_nobody_ran_is_asked_for_at_once_and_counts_in_its_day),
        cmocka_unit_test(the_counter_that_the_next_call_sees_is_corrected_too),
        cmocka_unit_test(what_is_older_than_twice_the_last_time_stays_an_estimate),
        cmocka_unit_test(beyond_the_limit_no_more_is_taken_up),
        cmocka_unit_test(the_same_message_within_a_minute_is_sent_once),
        cmocka_unit_test(behind_a_restart_too),
        cmocka_unit_test(a_message_of_which_nobody_knows_what_became_is_not_sent_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
