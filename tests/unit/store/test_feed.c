/* store/feed.c and what a tenant sees: each frame told once as things stood then, by both stores in the same words. */
#include "both.h"
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"

static struct str text(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s);
    return s;
}

static int64_t number(struct json v, const char *path)
{
    int64_t n = INT64_MIN;
    (void)json_i64(json_path(v, str_c(path)), &n);
    return n;
}

static bool is_null(struct json v, const char *path) { return json_type(json_path(v, str_c(path))) == JSON_NULL; }

static struct json feed(struct both *s, struct query q)
{
    q.kind = QUERY_FEED;
    return both_ask(s, q);
}

static void the_feed_tells_each_frame_once_as_things_stood_then(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    uint64_t open = story_open(&s->story, &c, NULL);
    struct story_close lost = {.open_seq = open, .outcome = "unknown", .settled = -1};
    uint64_t unknown = story_close(&s->story, &lost);
    uint64_t event = story_event(&s->story, "kill", "\"reason\":\"x\"", NULL, NULL);
    uint64_t late = story_close(&s->story, &(struct story_close){.open_seq = open, .outcome = "settled", .settled = 7});
    both_apply(s);
    struct json rows = feed(s, (struct query){.rows_max = 100});
    assert_int_equal(json_len(rows), 5);
    const uint64_t seqs[] = {open, unknown, event, late, late};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(number(json_at(rows, i), "seq"), seqs[i]);
    assert_true(is_null(json_at(rows, 0), "row.outcome"));
    assert_str(text(json_at(rows, 1), "row.outcome"), "unknown");
    assert_true(is_null(json_at(rows, 1), "row.settled"));
    assert_str(text(json_at(rows, 2), "kind"), "event");
    assert_str(text(json_at(rows, 2), "row.event"), "kill");
    assert_str(text(json_at(rows, 3), "row.outcome"), "settled");
    assert_str(text(json_at(rows, 4), "kind"), "end");

    rows = feed(s, (struct query){.after_seq = unknown, .rows_max = 100});
    assert_int_equal(json_len(rows), 3);
    assert_int_equal(number(json_at(rows, 0), "seq"), event);
    rows = feed(s, (struct query){.after_seq = late, .rows_max = 100});
    assert_int_equal(json_len(rows), 1);
    assert_int_equal(number(json_at(rows, 0), "seq"), late);
}

static void the_feed_in_pieces_is_the_feed_in_one(void **state)
{
    struct both *s = *state;
    story_random(&s->story, 7, 60);
    both_apply(s);
    struct json all = feed(s, (struct query){.rows_max = 10000}), piece;
    size_t n = 0;
    uint64_t after = 0;
    do {
        piece = feed(s, (struct query){.after_seq = after, .rows_max = 7});
        for (size_t i = 0; i + 1 < json_len(piece); i++, n++)
            assert_int_equal(number(json_at(piece, i), "seq"), number(json_at(all, n), "seq"));
        after = (uint64_t)number(json_at(piece, json_len(piece) - 1), "seq");
    } while (json_len(piece) > 1);
    assert_int_equal(n, json_len(all) - 1);
    assert_int_equal(after, s->story.seq);
}

static void the_feed_is_filtered_and_goes_on_behind_what_does_not_fit(void **state)
{
    struct both *s = *state;
    struct story_call acme = story_call(), globex = story_call();
    acme.tenant = "acme";
    acme.agent = "a";
    globex.tenant = "globex";
    (void)story_open(&s->story, &acme, NULL);
    (void)story_open(&s->story, &globex, NULL);
    (void)story_event(&s->story, "key.revoke", "\"id\":\"k1\"", "tenant", "acme");
    uint64_t last = story_event(&s->story, "key.revoke", "\"id\":\"k2\"", "tenant", "globex");
    both_apply(s);
    struct json rows = feed(s, (struct query){.tenant = STR("acme"), .rows_max = 100});
    assert_int_equal(json_len(rows), 3);
    assert_str(text(json_at(rows, 0), "row.tenant"), "acme");
    assert_str(text(json_at(rows, 1), "row.id"), "k1");
    assert_int_equal(number(json_at(rows, 2), "seq"), last);
    rows = feed(s, (struct query){.agent = STR("a"), .rows_max = 100});
    assert_int_equal(json_len(rows), 2); /* who asks for certain calls is not told of events */
    rows = feed(s, (struct query){.tenant = STR("nobody"), .rows_max = 100});
    assert_int_equal(json_len(rows), 1);
}

static void one_tenant_sees_neither_calls_nor_events_of_another(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    struct str id;
    c.tenant = "globex";
    (void)story_event(&s->story, "key.revoke", "\"id\":\"k1\"", "tenant", "acme");
    (void)story_event(&s->story, "unkill", "", NULL, NULL);
    (void)story_open(&s->story, &c, &id);
    both_apply(s);
    assert_int_equal(json_len(both_ask(s, (struct query){.kind = QUERY_CALL, .id = id})), 1);
    assert_int_equal(json_len(both_ask(s, (struct query){.kind = QUERY_CALL, .id = id, .tenant = STR("acme")})), 0);
    struct json call = json_at(both_ask(s, (struct query){.kind = QUERY_CALL, .id = id, .tenant = STR("globex")}), 0);
    assert_int_equal(json_len(json_get(call, STR("events"))), 0);
    struct json events = both_ask(s, (struct query){.kind = QUERY_EVENTS, .tenant = STR("acme"), .rows_max = 1});
    assert_int_equal(json_len(events), 1);
    assert_str(text(json_at(events, 0), "id"), "k1");
    assert_int_equal(json_len(both_ask(s, (struct query){.kind = QUERY_EVENTS, .tenant = STR("globex")})), 0);
}

/* --- filters that the columns of a list do not have --------------------------------------------------------------- */

static size_t n_calls(struct both *s, struct query q)
{
    q.kind = QUERY_CALLS;
    return json_len(both_ask(s, q));
}

static void calls_are_found_by_any_value_of_their_record(void **state)
{
    struct both *s = *state;
    for (int i = 0; i < 30; i++) {
        struct story_call c = story_call();
        c.customer = i % 3 ? "cus_a" : "cus_b";
        c.class = i % 2 ? "money_out" : "cost";
        uint64_t seq = story_open(&s->story, &c, NULL);
        struct story_close end = {.open_seq = seq, .outcome = "settled", .settled = i * 1000000000LL};
        if (i < 20)
            (void)story_close(&s->story, &end);
    }
    struct story_call late = story_call();
    late.customer = "cus_a";
    struct story_close learned = {
        .open_seq = story_open(&s->story, &late, NULL), .outcome = "settled", .settled = 1, .customer = "cus_late"};
    (void)story_close(&s->story, &learned);
    both_apply(s);
    assert_int_equal(n_calls(s, (struct query){.customer = STR("cus_b")}), 10);
    assert_int_equal(n_calls(s, (struct query){.customer = STR("cus_a")}), 20);
    assert_int_equal(n_calls(s, (struct query){.customer = STR("cus_late")}), 1);
    assert_int_equal(n_calls(s, (struct query){.customer = STR("cus_b"), .rows_max = 4}), 4);
    assert_int_equal(n_calls(s, (struct query){.class = STR("cost"), .customer = STR("cus_b")}), 5);
    assert_int_equal(n_calls(s, (struct query){.customer = STR("nobody")}), 0);
    /* What is settled counts, and what is held where nothing is settled: 5.00. */
    assert_int_equal(n_calls(s, (struct query){.min_usd = 19000000000}), 1);
    assert_int_equal(n_calls(s, (struct query){.min_usd = 5000000000}), 15 + 10);
    assert_int_equal(n_calls(s, (struct query){.min_usd = 5000000001}), 14);
}

/* Ends come late, over many blocks of marks, and some name the customer only then. */
static void calls_of_a_customer_are_the_same_however_they_are_looked_for(void **state)
{
    static const char *const CUSTOMERS[] = {"cus_0", "cus_1", "cus_2", "cus_3", "cus_rare"};
    struct both *s = *state;
    struct rng r;
    uint64_t open[400];
    rng_seeded_init(&r, 11);
    for (size_t i = 0; i < 2400; i++) {
        size_t k = rng_below(&r, 400);
        struct story_call c = story_call();
        c.customer = CUSTOMERS[rng_below(&r, i % 100 ? 4 : 5)];
        if (i >= 400) {
            struct story_close end = {.open_seq = open[k], .outcome = "settled", .settled = 1};
            end.customer = rng_below(&r, 8) ? NULL : CUSTOMERS[rng_below(&r, 5)];
            (void)story_close(&s->story, &end);
        }
        open[i < 400 ? i : k] = story_open(&s->story, &c, NULL);
    }
    both_apply(s);
    for (size_t i = 0; i < 5; i++) {
        struct query q = {.kind = QUERY_CALLS, .customer = str_c(CUSTOMERS[i]), .rows_max = 37};
        struct json page;
        size_t n = 0;
        do { /* ask() compares the two stores */
            page = both_ask(s, q);
            n += json_len(page);
            q.before_seq = (uint64_t)number(json_at(page, json_len(page) - 1), "seq");
        } while (json_len(page) == 37);
        assert_true(n > 20);
        q.before_seq = 3000;
        q.after_seq = 500;
        (void)both_ask(s, q);
    }
}

/* Only the store that looks into records one by one stops short. */
static void a_search_of_records_stops_short_and_says_where(void **state)
{
    struct both *s = *state;
    struct store_reader *reader = s->reader[1];
    uint64_t stopped_at = 0;
    size_t n = 0, n_questions = 0;
    for (int i = 0; i < 20000; i++) {
        struct story_call c = story_call();
        c.is_over = true;
        (void)story_open(&s->story, &c, NULL);
    }
    both_apply(s);
    struct query q = {.kind = QUERY_CALLS, .status = 418, .rows_max = 10, .ret_stopped_at = &stopped_at};
    do {
        q.before_seq = stopped_at;
        stopped_at = 0;
        buf_reset(&s->json[1]);
        assert_int_equal(s->store[1]->ops->ask(reader, &q, &s->json[1]), 0);
        assert_str(buf_str(&s->json[1]), "[]");
        n += 20000 - stopped_at - n;
        n_questions++;
    } while (stopped_at);
    assert_int_equal(n, 20000);
    assert_int_equal(n_questions, 2);
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "feed");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(the_feed_tells_each_frame_once_as_things_stood_then),
        TEST(the_feed_in_pieces_is_the_feed_in_one),
        TEST(the_feed_is_filtered_and_goes_on_behind_what_does_not_fit),
        TEST(one_tenant_sees_neither_calls_nor_events_of_another),
        TEST(calls_are_found_by_any_value_of_their_record),
        TEST(calls_of_a_customer_are_the_same_however_they_are_looked_for),
        TEST(a_search_of_records_stops_short_and_says_where),
    };
    int n = cmocka_run_group_tests_name("store/feed", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
