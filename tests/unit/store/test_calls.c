/* store: calls over many blocks, closed in other batches than they were opened in, are the same to both stores. */
#include "both.h"
#include "unit.h"

#include <stdio.h>

#define N_CALLS 1500 /* and as many closes: about six blocks */

static const char *const AGENTS[] = {"rare", "often", "often", "often", "often", "often", "often"};

static uint64_t open_one(struct both *s, int i, struct str *ret_id)
{
    struct story_call c = story_call();
    char run[32], agent_of[] = "mid";
    snprintf(run, sizeof run, "run-%d", i / 40);
    c.agent = i == 3 || i == N_CALLS - 3 ? AGENTS[0] : i % 11 == 0 ? agent_of : AGENTS[1 + i % 6];
    c.run_id = run;
    c.verdict = i % 50 == 0 ? "deny" : "permit";
    c.is_over = i % 50 == 0;
    return story_open(&s->story, &c, ret_id);
}

/* Opens all, and closes each `lag` calls later; batches of `step` frames or so. */
static void live(struct both *s, int lag, int step, uint64_t *open, struct str *ids)
{
    for (int i = 0; i < N_CALLS + lag; i++) {
        if (i < N_CALLS)
            open[i] = open_one(s, i, &ids[i]);
        int k = i - lag;
        if (k >= 0 && k % 50 && k % 97)
            story_close(&s->story, &(struct story_close){.open_seq = open[k], .outcome = k % 89 ? "settled" : "unknown",
                                                         .settled = 2000000000}); /* nano-USD */
        if (i % step == 0)
            both_apply(s);
    }
    both_apply(s);
}

static size_t rows_of(struct both *s, struct query q)
{
    return json_len(both_ask(s, q)); /* which fails when the stores differ */
}

static void ask_everything(struct both *s)
{
    static const char *const OUTCOMES[] = {"", "open", "unknown", "settled", "none"};
    const int64_t seqs[] = {0, 1, 511, 512, 513, 1024, 2000};
    for (size_t i = 0; i < sizeof OUTCOMES / sizeof OUTCOMES[0]; i++)
        for (size_t k = 0; k < sizeof seqs / sizeof seqs[0]; k++) {
            struct query q = {.kind = QUERY_CALLS, .outcome = str_c(OUTCOMES[i]), .before_seq = (uint64_t)seqs[k]};
            rows_of(s, q);
            q.agent = STR("mid");
            q.rows_max = 7;
            rows_of(s, q);
            q.verdict = STR("deny");
            rows_of(s, q);
            q = (struct query){.kind = QUERY_CALLS, .agent = STR("rare"), .after_seq = (uint64_t)seqs[k]};
            rows_of(s, q);
        }
    for (int i = 0; i < N_CALLS / 40; i += 5) {
        char run[32];
        snprintf(run, sizeof run, "run-%d", i);
        assert_int_equal(rows_of(s, (struct query){.kind = QUERY_RUN, .run = str_c(run), .rows_max = 1000}), 40);
        assert_int_equal(rows_of(s, (struct query){.kind = QUERY_RUN, .run = str_c(run), .rows_max = 9}), 9);
    }
    rows_of(s, (struct query){.kind = QUERY_SPEND, .verdict = STR("deny")});
    rows_of(s, (struct query){.kind = QUERY_SPEND, .run = STR("run-3")});
    rows_of(s, (struct query){.kind = QUERY_POLLS});
    rows_of(s, (struct query){.kind = QUERY_DUPLICATES});
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_CALLS, .agent = STR("rare")}), 2);
}

static void check_life(struct both *s, int lag, int step)
{
    static uint64_t open[N_CALLS];
    static struct str ids[N_CALLS];
    live(s, lag, step, open, ids);
    ask_everything(s);
    for (int i = 0; i < N_CALLS; i += 37) {
        struct json found = both_ask(s, (struct query){.kind = QUERY_CALL, .id = ids[i]});
        assert_int_equal(json_len(found), 1);
        found = both_ask(s, (struct query){.kind = QUERY_FIND, .id = ids[i]});
        assert_int_equal(json_len(found), 1);
    }
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_CALL, .id = STR("nobody")}), 0);
    struct query nobody = {.kind = QUERY_CALL, .id = STR("01a2261c-b67b-76dc-90c4-9f0c802fceee")};
    assert_int_equal(rows_of(s, nobody), 0);
}

static void calls_closed_at_once(void **state) { check_life(*state, 0, 200); }

static void calls_closed_in_a_later_batch(void **state) { check_life(*state, 60, 25); }

static void calls_closed_blocks_later(void **state) { check_life(*state, 900, 150); }

static void every_frame_a_batch(void **state) { check_life(*state, 3, 1); }

/* An id of ours says when it was made; one that lies about that is found all the same. */
static void an_id_of_another_time_is_found(void **state)
{
    static const char *const IDS[] = {"00000000-0000-7000-8000-000000000001", "ffffffff-ffff-7fff-bfff-ffffffffffff",
                                      "not-a-uuid"};
    struct both *s = *state;
    story_random(&s->story, 31, 900);
    for (size_t i = 0; i < 3; i++) {
        struct story_call c = story_call();
        c.call_id = IDS[i];
        story_open(&s->story, &c, NULL);
        story_random(&s->story, 32 + i, 300);
    }
    both_apply(s);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rows_of(s, (struct query){.kind = QUERY_CALL, .id = str_c(IDS[i])}), 1);
}

/* Its marks go with what it named, but not that of its own id. */
static void an_erased_call_is_found_by_its_id(void **state)
{
    struct both *s = *state;
    struct str id, other;
    struct story_call c = story_call();
    c.run_id = "run-to-go";
    c.customer = "cus_gone";
    uint64_t open = story_open(&s->story, &c, &id);
    story_close(&s->story, &(struct story_close){.open_seq = open, .outcome = "settled", .settled = 0});
    c.run_id = "run-to-stay";
    c.customer = "cus_there";
    story_open(&s->story, &c, &other);
    both_apply(s);
    for (int i = 0; i < STORES; i++) {
        struct erasure e = {.what = ERASE_RUN, .value = STR("run-to-go")};
        struct erased done;
        assert_int_equal(s->store[i]->ops->erase(s->store[i], &e, &done), 0);
        assert_int_equal(done.calls, 1);
    }
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_FIND, .id = STR("cus_gone")}), 0);
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_FIND, .id = STR("cus_there")}), 1);
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_CALL, .id = id}), 1);
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_FIND, .id = id}), 1);
    assert_int_equal(rows_of(s, (struct query){.kind = QUERY_CALL, .id = other}), 1);
}

/* What a question has at hand of a block is forgotten behind it. */
static void a_reader_sees_what_changed_between_two_questions(void **state)
{
    struct both *s = *state;
    struct query mine = {.kind = QUERY_CALLS, .customer = STR("cus_mine")}, ended = {.kind = QUERY_ENDED};
    struct story_call c = story_call();
    c.customer = "cus_mine";
    uint64_t open = story_open(&s->story, &c, NULL);
    both_apply(s);
    struct str text = STR_NONE;
    assert_false(json_str(json_get(json_at(both_ask(s, mine), 0), STR("outcome")), &text)); /* null: open */
    story_close(&s->story, &(struct story_close){.open_seq = open, .outcome = "settled", .settled = 0});
    both_apply(s);
    assert_true(json_str(json_get(json_at(both_ask(s, mine), 0), STR("outcome")), &text));
    assert_str(text, "settled");
    rows_of(s, ended);
    story_open(&s->story, &c, NULL); /* in the same block */
    both_apply(s);
    assert_int_equal(rows_of(s, mine), 2);
}

static struct json flag(struct both *s, struct str id, const char *name)
{
    both_apply(s);
    return json_get(json_at(both_ask(s, (struct query){.kind = QUERY_CALL, .id = id}), 0), str_c(name));
}

static bool is_true(struct json v)
{
    bool b = false;
    return json_bool(v, &b) && b;
}

/* A price that is corrected may bring a call back within what it held; what its agent got stays what it was. */
static void flags_are_of_the_frame_that_decides_on_them(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    struct str id;
    uint64_t open = story_open(&s->story, &c, &id);
    assert_int_equal(json_type(flag(s, id, "overrun")), JSON_NULL);
    assert_int_equal(json_type(flag(s, id, "replay")), JSON_NULL);
    struct story_close end = {
        .open_seq = open, .outcome = "settled", .settled = 6000000000, .is_overrun = true, .is_replay = true};
    story_close(&s->story, &end);
    assert_true(is_true(flag(s, id, "overrun")));
    assert_true(is_true(flag(s, id, "replay")));
    struct story_close corrected = {.open_seq = open, .outcome = "settled", .settled = 4000000000};
    story_close(&s->story, &corrected);
    assert_int_equal(json_type(flag(s, id, "overrun")), JSON_BOOL);
    assert_false(is_true(flag(s, id, "overrun")));
    assert_true(is_true(flag(s, id, "replay")));
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "calls");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(calls_closed_at_once), TEST(calls_closed_in_a_later_batch),  TEST(calls_closed_blocks_later),
        TEST(every_frame_a_batch),  TEST(an_id_of_another_time_is_found), TEST(an_erased_call_is_found_by_its_id),
        TEST(a_reader_sees_what_changed_between_two_questions), TEST(flags_are_of_the_frame_that_decides_on_them),
    };
    int n = cmocka_run_group_tests_name("store/calls", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
