/* store: what is taken up after a start: prices that are awaited, what makes duplicates. Every store says the same. */
#include "both.h"
#include "unit.h"

/* Of all that the story has by now. */
static struct json ask(struct both *s, struct query q)
{
    both_apply(s);
    return both_ask(s, q);
}

static struct str text(struct json v, const char *path)
{
    struct str t = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &t);
    return t;
}

static int64_t number(struct json v, const char *path)
{
    int64_t n = -1;
    (void)json_i64(json_path(v, str_c(path)), &n);
    return n;
}

static void a_price_is_awaited_until_a_later_close_knows_it(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    uint64_t open[3];
    c.limits[0] = (struct story_limit){"d/daily/usd/day/", "key=k1", wall_day_start(STORY_START), 500};
    c.n_limits = 1;
    for (int i = 0; i < 3; i++) {
        open[i] = story_open(&s->story, &c, NULL);
        struct story_close end = {.open_seq = open[i], .outcome = "settled", .settled = 300,
                                  .poll = i == 1 ? NULL : "/v1/prices/1"};
        story_close(&s->story, &end);
    }
    struct json rows = ask(s, (struct query){.kind = QUERY_POLLS, .vendor = STR("stripe"), .since = 1});
    assert_int_equal(json_len(rows), 2);
    assert_int_equal(number(rows, "[0].seq"), open[2]);
    assert_str(text(rows, "[0].poll"), "/v1/prices/1");
    assert_str(text(rows, "[0].settled.usd"), "0.000000300");
    assert_str(text(rows, "[0].limits[0].bucket"), "key=k1");
    assert_int_equal(number(rows, "[0].limits[0].n"), 500);
    assert_true(text(rows, "[0].ended_at").n > 0);

    struct story_close known = {.open_seq = open[2], .outcome = "settled", .settled = 200};
    story_close(&s->story, &known);
    rows = ask(s, (struct query){.kind = QUERY_POLLS});
    assert_int_equal(json_len(rows), 1);
    assert_int_equal(number(rows, "[0].seq"), open[0]);
    assert_int_equal(json_len(ask(s, (struct query){.kind = QUERY_POLLS, .vendor = STR("other")})), 0);
}

static void so_many_as_are_asked_for_are_given_the_newest_first(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        last = story_open(&s->story, &c, NULL);
        struct story_close end = {
            .open_seq = last, .outcome = "settled", .settled = 1, .poll = i == 4 ? NULL : "/v1/prices/1"};
        story_close(&s->story, &end);
    }
    struct json rows = ask(s, (struct query){.kind = QUERY_POLLS, .rows_max = 3});
    assert_int_equal(json_len(rows), 3);
    assert_int_equal(number(rows, "[0].seq"), last);
}

static void what_may_have_happened_makes_duplicates(void **state)
{
    static const char *const outcomes[] = {"settled", "released", "unknown", "none"};
    struct both *s = *state;
    struct story_call c = story_call();
    struct str open;
    c.duplicate = "{\"digest\":\"beef\",\"window_ms\":60000}";
    for (int i = 0; i < 4; i++) {
        struct story_close end = {.open_seq = story_open(&s->story, &c, NULL), .outcome = outcomes[i], .settled = -1};
        story_close(&s->story, &end);
    }
    story_open(&s->story, &c, &open);
    c.verdict = "deny";
    c.is_over = true;
    story_open(&s->story, &c, NULL);
    c = story_call(); /* no other is like it */
    story_open(&s->story, &c, NULL);
    struct json rows = ask(s, (struct query){.kind = QUERY_DUPLICATES, .operation = str_c(c.operation), .since = 1});
    assert_int_equal(json_len(rows), 4); /* open; carried out without a cost; unknown, settled */
    assert_true(str_eq(text(rows, "[0].call_id"), open));
    assert_str(text(rows, "[3].duplicate.digest"), "beef");
    assert_int_equal(number(rows, "[3].duplicate.window_ms"), 60000);
    assert_true(text(rows, "[0].started_at").n > 0);
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "taken_up");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(a_price_is_awaited_until_a_later_close_knows_it),
        TEST(so_many_as_are_asked_for_are_given_the_newest_first),
        TEST(what_may_have_happened_makes_duplicates),
    };
#undef TEST
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n_failed;
}
