/*
 * tests/sim/test_cut_off.c - the time for draining is over: what has not been decided or does not stand on the disk by
 * then does not go out any more, because nobody would be there for its answer.
 */
#include "small.h"

static void assert_refused(struct small *w, int n_posts)
{
    assert_null(w->x);
    assert_int_equal(w->status, 503);
    assert_string_equal(w->code, "overloaded");
    assert_int_equal(w->n_posts, n_posts);
    struct json call = json_at(small_ask(w, QUERY_CALLS), 0);
    assert_str(small_text(call, "code"), "overloaded");
}

static void a_request_whose_body_ends_behind_it_is_refused_and_holds_nothing(void **state)
{
    struct small w;
    small_setup(&w);
    small_begin(&w, "late", false);
    small_pass(&w, NS_PER_S);
    worker_cut_off(w.worker);
    small_send_rest(&w);
    small_pass(&w, NS_PER_S);
    assert_refused(&w, 0);
    assert_str(small_text(json_at(small_ask(&w, QUERY_CALLS), 0), "outcome"), "none");
    assert_int_equal(json_len(small_ask(&w, QUERY_COUNTERS)), 0);
    small_teardown(&w);
}

static void a_call_that_waits_for_the_disk_is_given_back_and_not_sent(void **state)
{
    struct small w;
    small_setup(&w);
    small_begin(&w, "held", true);
    small_pass_without_disk(&w, NS_PER_S);
    assert_non_null(w.x);
    worker_cut_off(w.worker);
    small_pass(&w, NS_PER_S);
    assert_refused(&w, 0);
    assert_str(small_text(json_at(small_ask(&w, QUERY_CALLS), 0), "outcome"), "released");
    assert_str(small_settled_on(&w, "2026-11-23"), "0.000000000");
    small_teardown(&w);
}

static void until_then_calls_are_sent_and_answered(void **state)
{
    struct small w;
    small_setup(&w);
    small_begin(&w, "in time", false);
    small_pass(&w, NS_PER_S);
    small_send_rest(&w);
    small_pass(&w, NS_PER_S);
    worker_cut_off(w.worker);
    assert_int_equal(w.status, 201);
    assert_int_equal(w.n_posts, 1);
    small_teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_whose_body_ends_behind_it_is_refused_and_holds_nothing),
        cmocka_unit_test(a_call_that_waits_for_the_disk_is_given_back_and_not_sent),
        cmocka_unit_test(until_then_calls_are_sent_and_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
