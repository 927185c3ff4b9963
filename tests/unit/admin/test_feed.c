/* admin/feed.c: who watches is told everything once, in order, at their own pace, and never holds us up. */
#include "fake.h"

#include "admin/request.h"

#include "base/err.h"

#define TICK 200

static struct person ann;

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    ann = (struct person){.name = STR("ann"), .tenant = STR(""), .roles = ROLE_BIT(ROLE_VIEWER)};
    fake_core.person = &ann;
    fake_core.last_seq = 10;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static struct str told(struct fake *f) { return buf_str(&f->x->body); }

/* What was told since the last look. */
static const char *news(struct fake *f)
{
    static char text[8192];
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(told(f)));
    buf_reset(&f->x->body);
    return text;
}

static void has_come(uint64_t seq)
{
    fake_core.last_seq = seq;
    fake_pass(TICK);
}

#define CALL(seq)                                                                                                      \
    "{\"seq\":" #seq ",\"kind\":\"call\",\"row\":{\"call_id\":\"c" #seq "\",\"limits\":[{\"id\":\"}]\"}]}}"
#define EVENT(seq) "{\"seq\":" #seq ",\"kind\":\"event\",\"row\":{\"event\":\"kill\"}}"
#define END(seq) "{\"seq\":" #seq ",\"kind\":\"end\"}"

static void it_is_a_stream_that_no_one_keeps(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    assert_int_equal(f->x->status, 200);
    assert_string_equal(fake_field(f, "content-type", '\n'), "text/event-stream");
    assert_string_equal(fake_field(f, "cache-control", '\n'), "no-store");
    assert_string_equal(fake_field(f, "x-content-type-options", '\n'), "nosniff");
    assert_string_equal(news(f), ": alive\nid: 10\n\n");
    assert_null(fake_core.ask); /* there is nothing new */
    assert_false(f->x->is_finished);
}

static void what_comes_is_told_with_its_seq(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    (void)news(f);
    has_come(13);
    assert_int_equal(fake_core.ask->q.kind, QUERY_FEED);
    assert_int_equal(fake_core.ask->q.after_seq, 10);
    fake_answer(0, "[" CALL(11) "," EVENT(12) "," CALL(13) "," END(13) "]");
    assert_string_equal(news(f), "id: 11\nevent: call\ndata: {\"call_id\":\"c11\",\"limits\":[{\"id\":\"}]\"}]}\n\n"
                                 "id: 12\nevent: event\ndata: {\"event\":\"kill\"}\n\n"
                                 "id: 13\nevent: call\ndata: {\"call_id\":\"c13\",\"limits\":[{\"id\":\"}]\"}]}\n\n");
    fake_pass(TICK);
    assert_null(fake_core.ask); /* all was told */
    has_come(14);
    assert_int_equal(fake_core.ask->q.after_seq, 13);
    fake_answer(0, "[" END(14) "]");
    assert_string_equal(news(f), "");
}

#define COUNTED(seq, counters)                                                                                         \
    "{\"seq\":" #seq ",\"kind\":\"call\",\"counters\":[" counters "],\"row\":{\"call_id\":\"c" #seq "\"}}"
#define COUNTER(counter, bucket) "{\"counter\":\"" counter "\",\"bucket\":\"" bucket "\",\"max\":5000000000}"

static void counters_that_calls_changed_are_told_once_as_they_stand(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    (void)news(f);
    has_come(12);
    fake_answer(0, "[" COUNTED(11, COUNTER("default/cap/usd/day/key", "key=k1") "," COUNTER("x/y/usd/day/-", "gone"))
                   "," COUNTED(12, COUNTER("default/cap/usd/day/key", "key=k1") ","
                                   COUNTER("test:key/requests/minute", "key=k1")) "," END(12) "]");
    const char *said = strstr(news(f), "id: 12\nevent: limit");
    assert_non_null(said);
    assert_string_equal(said,
                        "id: 12\nevent: limit\ndata: {\"policy\":\"default\",\"key\":null,\"id\":\"cap\","
                        "\"meter\":\"usd\",\"window\":\"day\",\"mode\":\"live\",\"bucket\":\"key=k1\","
                        "\"settled\":\"2.000000000\","
                        "\"held\":\"1.000000000\",\"max\":\"5.000000000\",\"left\":\"2.000000000\","
                        "\"resets_at\":\"2001-09-09T01:46:40.000Z\"}\n\n"
                        "id: 12\nevent: limit\ndata: {\"policy\":null,\"key\":\"k1\",\"id\":\"key/requests/minute\","
                        "\"meter\":\"requests\",\"window\":\"minute\",\"mode\":\"test\",\"bucket\":\"key=k1\","
                        "\"settled\":2000000000,\"held\":1000000000,\"max\":5000000000,\"left\":2000000000,"
                        "\"resets_at\":\"2001-09-09T01:46:40.000Z\"}\n\n");
}

static void one_of_a_tenant_is_told_only_what_that_tenant_alone_counts(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    fake_send(f, "GET", "/api/v1/feed", "localhost", "Bearer " FAKE_PERSON_TOKEN, NULL, NULL);
    (void)news(f);
    has_come(11);
    fake_answer(0, "[" COUNTED(11, COUNTER("d/all/usd/day/-", "-") ","
                                   COUNTER("d/vendor/usd/day/vendor", "vendor=stripe") ","
                                   COUNTER("d/own/usd/day/tenant", "tenant=acme")) "," END(11) "]");
    const char *said = news(f);
    assert_non_null(strstr(said, "\"id\":\"own\""));
    assert_null(strstr(said, "\"id\":\"all\""));
    assert_null(strstr(said, "\"id\":\"vendor\""));
}

static void an_answer_that_was_cut_short_is_followed_by_the_next(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    has_come(500);
    fake_answer(0, "[" END(200) "]");
    assert_int_equal(fake_core.ask->q.after_seq, 200); /* at once */
    fake_answer(0, "[" END(500) "]");
    assert_null(fake_core.ask);
}

static void who_comes_back_goes_on_behind_what_they_have(void **state)
{
    struct fake *f = *state;
    struct http_field last[] = {{STR("Last-Event-ID"), STR("4")}};
    f->more = last;
    f->n_more = 1;
    fake_get(f, "/api/v1/feed?after=9");
    assert_int_equal(fake_core.ask->q.after_seq, 4);
    fake_answer(0, "[" END(10) "]");
    fake_leave(f);
    last[0].value = STR("4x");
    fake_get(f, "/api/v1/feed");
    assert_answer(f, 400, "Last-Event-ID");
    last[0].value = STR("11"); /* of another data folder */
    fake_get(f, "/api/v1/feed");
    assert_null(fake_core.ask);
    fake_leave(f);
    f->n_more = 0;
    fake_get(f, "/api/v1/feed?after=0");
    assert_int_equal(fake_core.ask->q.after_seq, 0);
    fake_answer(0, "[" END(10) "]");
}

static void filters_are_those_of_lists(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    fake_send(f, "GET", "/api/v1/feed?after=0&agent=a&verdict=deny", "localhost", "Bearer " FAKE_PERSON_TOKEN, NULL,
              NULL);
    assert_str(fake_core.ask->q.agent, "a");
    assert_str(fake_core.ask->q.verdict, "deny");
    assert_str(fake_core.ask->q.tenant, "acme");
    fake_answer(0, "[" END(10) "]");
    fake_leave(f);
    fake_get(f, "/api/v1/feed?verdict=denny");
    assert_answer(f, 400, "did you mean `deny`?");
}

static void silence_is_broken_by_a_sign_of_life(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed?agent=nobody");
    (void)news(f);
    has_come(12);
    fake_answer(0, "[" END(12) "]");
    fake_pass(f->limits.feed_heartbeat_ms - 1000);
    assert_string_equal(news(f), "");
    fake_pass(2000);
    assert_string_equal(news(f), ": alive\nid: 12\n\n");
}

static void a_watcher_that_takes_nothing_is_not_asked_for(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    has_come(11);
    f->x->queued = (size_t)f->limits.stream_window_bytes + 1;
    fake_answer(0, "[" CALL(11) "," END(11) "]");
    has_come(12);
    assert_null(fake_core.ask);
    f->x->queued = 0;
    fake_writable(f);
    assert_int_equal(fake_core.ask->q.after_seq, 11);
    fake_answer(0, "[" CALL(12) "," END(12) "]");
    assert_false(f->x->is_finished);
}

static void a_watcher_that_takes_nothing_for_long_is_dropped_with_a_gap(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    has_come(11);
    f->x->queued = (size_t)f->limits.stream_window_bytes + 1;
    fake_answer(0, "[" CALL(11) "," END(11) "]");
    (void)news(f);
    fake_core.last_seq = 99;
    fake_pass(f->limits.feed_stall_ms - 1000);
    assert_false(f->x->is_finished);
    fake_pass(2000);
    assert_string_equal(news(f), "id: 99\nevent: gap\ndata: {\"after\":11,\"to\":99}\n\n");
    assert_true(f->x->is_finished && f->x->is_released);
    assert_int_equal(f->admin->n_watchers, 0);
}

static void watchers_are_as_many_as_the_limit_allows(void **state)
{
    struct fake *f = *state;
    f->limits.feed_watchers_max = 1;
    fake_get(f, "/api/v1/feed");
    struct fake_exchange *first = f->x;
    f->x = NULL;
    fake_get(f, "/api/v1/feed");
    assert_answer(f, 503, "watchers_max");
    first->x.ev->on_reset(first->x.ev_ctx, HTTP_RESET_PEER_CLOSED);
    fake_get(f, "/api/v1/feed");
    assert_int_equal(f->x->status, 200);
    buf_deinit(&first->body);
    free(first);
}

static void who_leaves_while_the_store_works_is_forgotten(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    has_come(11);
    fake_leave(f);
    assert_int_equal(f->admin->n_watchers, 0);
    fake_answer(0, "[" CALL(11) "," END(11) "]");
    fake_pass(TICK);
    assert_null(fake_core.ask);
}

static void revoking_the_watcher_ends_the_feed(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/api/v1/feed", "localhost", "Bearer " FAKE_PERSON_TOKEN, NULL, NULL);
    assert_int_equal(f->x->status, 200);
    (void)news(f);
    fake_core.person_status = PERSON_R_REVOKED;
    has_come(11);
    assert_true(f->x->is_finished && f->x->is_released);
    assert_string_equal(news(f), "");
    assert_null(fake_core.ask);
}

static void a_store_that_fails_ends_the_feed_so_that_it_is_resumed(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/feed");
    has_come(11);
    fake_answer(-ERR_IO, "");
    assert_true(f->x->is_finished && f->x->is_released);
    fake_get(f, "/api/v1/feed");
    has_come(12);
    fake_answer(0, "[{\"seq\":12,\"kind\"");
    assert_true(f->x->is_finished && f->x->is_released);
}

static void on_drained(void *ctx) { *(bool *)ctx = true; }

static void a_drain_waits_for_no_watcher(void **state)
{
    struct fake *f = *state;
    bool is_drained = false;
    fake_get(f, "/api/v1/feed");
    admin_drain(f->admin, on_drained, &is_drained);
    assert_true(f->x->is_finished && is_drained);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_a_stream_that_no_one_keeps, setup, teardown),
        cmocka_unit_test_setup_teardown(what_comes_is_told_with_its_seq, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_that_calls_changed_are_told_once_as_they_stand, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_a_tenant_is_told_only_what_that_tenant_alone_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_was_cut_short_is_followed_by_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_goes_on_behind_what_they_have, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_are_those_of_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_is_broken_by_a_sign_of_life, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watcher_that_takes_nothing_is_not_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watcher_that_takes_nothing_for_long_is_dropped_with_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(watchers_are_as_many_as_the_limit_allows, setup, teardown),
        cmocka_unit_test_setup_teardown(who_leaves_while_the_store_works_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(revoking_the_watcher_ends_the_feed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_fails_ends_the_feed_so_that_it_is_resumed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_drain_waits_for_no_watcher, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
