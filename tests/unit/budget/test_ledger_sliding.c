/* budget/ledger: sliding windows, one behaviour a test. */
#include "budget/ledger.h"

#include "base/err.h"
#include "unit.h"

#define SECOND NS_PER_S
#define MINUTE (60 * SECOND)
#define NOON (1795262400LL * NS_PER_S)
#define AT(seconds) (NOON + (seconds) * SECOND)

static const uint8_t seed[16] = "ledger sliding";

struct fixture {
    struct ledger *l;
    struct move moves[MOVES_MAX];
    size_t n_moves;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->l = ledger_new(100, seed);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assert_true(ledger_check(f->l));
    ledger_free(f->l);
    free(f);
    return 0;
}

static struct limit_need per_minute(enum limit_meter meter, const char *bucket, wall_t now, int64_t n, int64_t max)
{
    return (struct limit_need){.counter = meter_text(meter, "", NULL), .bucket = str_c(bucket), .meter = meter,
                               .window = WINDOW_SLIDING, .sliding_ns = MINUTE, .n = n, .max = max,
                               .window_start = window_start(WINDOW_SLIDING, MINUTE, NULL, now)};
}

static struct hold *take(struct fixture *f, struct limit_need *need)
{
    struct hold *h = NULL;
    size_t i_short;
    assert_int_equal(ledger_hold(f->l, need, 1, &h, &i_short), 0);
    assert_true(ledger_check(f->l));
    return h;
}

static void use(struct fixture *f, struct hold *h, int64_t tokens)
{
    f->n_moves = 0;
    (void)hold_settle(h, true, &(struct used){0, tokens, 0}, f->moves, &f->n_moves);
}

/* A call that asks and uses n tokens at once. */
static void spend(struct fixture *f, const char *bucket, wall_t now, int64_t n)
{
    struct limit_need need = per_minute(METER_TOKENS, bucket, now, n, INT64_MAX - 1);
    use(f, take(f, &need), n);
}

static struct limit_need look(struct fixture *f, const char *bucket, wall_t now, int64_t n, int64_t max)
{
    struct limit_need need = per_minute(METER_TOKENS, bucket, now, n, max);
    ledger_look(f->l, &need, 1);
    return need;
}

static void what_is_used_counts_for_a_window_and_hardly_longer(void **state)
{
    struct fixture *f = *state;
    spend(f, "a", AT(0) + 500 * NS_PER_MS, 70);
    spend(f, "a", AT(30), 20);
    assert_int_equal(look(f, "a", AT(30), 1, 100).before, 90);
    assert_int_equal(look(f, "a", AT(60), 1, 100).before, 90); /* half of the first slot is still inside */
    assert_int_equal(look(f, "a", AT(61) - 1, 1, 100).before, 90);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 20);
    assert_int_equal(look(f, "a", AT(91), 1, 100).before, 0);
    assert_int_equal(look(f, "a", AT(100000), 1, 100).before, 0);
}

static void a_call_settles_in_the_slot_of_its_hold_however_long_it_takes(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = per_minute(METER_TOKENS, "a", AT(0), 50, 100);
    struct hold *h = take(f, &need);
    assert_int_equal(look(f, "a", AT(300), 1, 100).held, 50); /* held counts in every window */
    spend(f, "a", AT(40), 30);
    use(f, h, 45);
    assert_int_equal(look(f, "a", AT(40), 1, 100).before, 75);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 30);

    need = per_minute(METER_TOKENS, "a", AT(50), 50, 200);
    h = take(f, &need);
    spend(f, "a", AT(150), 7);
    use(f, h, 45); /* its slot is gone */
    assert_int_equal(look(f, "a", AT(150), 1, 100).before, 7);
}

static void it_says_when_there_is_room_again(void **state)
{
    struct fixture *f = *state;
    spend(f, "a", AT(0), 30);
    spend(f, "a", AT(10), 30);
    spend(f, "a", AT(20), 30);
    struct limit_need need = look(f, "a", AT(30), 10, 100);
    assert_false(need.is_short);
    assert_int_equal(need.resets_at, AT(61)); /* what counts first counts no more */
    need = look(f, "a", AT(30), 20, 100);
    assert_true(need.is_short);
    assert_int_equal(need.resets_at, AT(61));
    assert_int_equal(look(f, "a", AT(30), 41, 100).resets_at, AT(71));
    assert_int_equal(look(f, "a", AT(30), 100, 100).resets_at, AT(81));
    assert_false(look(f, "a", AT(71), 41, 100).is_short); /* and so it is */
    assert_true(look(f, "a", AT(71) - 1, 41, 100).is_short);
    assert_int_equal(look(f, "a", AT(30), 101, 100).resets_at, AT(91)); /* never by itself: when all is gone */
    assert_int_equal(look(f, "b", AT(30), 101, 100).resets_at, AT(91)); /* nothing was ever counted there */
}

static void a_request_counts_from_its_hold_on_and_a_refused_one_never(void **state)
{
    struct fixture *f = *state;
    struct hold *h[3];
    for (int i = 0; i < 3; i++) {
        struct limit_need need = per_minute(METER_REQUESTS, "k", AT(10 * i), 1, 3);
        h[i] = take(f, &need);
    }
    for (int i = 0; i < 5; i++) {
        struct limit_need need = per_minute(METER_REQUESTS, "k", AT(25), 1, 3);
        struct hold *none = NULL;
        size_t i_short;
        assert_int_equal(ledger_hold(f->l, &need, 1, &none, &i_short), LEDGER_R_EXHAUSTED);
    }
    for (int i = 0; i < 3; i++)
        hold_release(h[i], true, f->moves, &f->n_moves);
    struct limit_need need = per_minute(METER_REQUESTS, "k", AT(61), 1, 3);
    use(f, take(f, &need), 0); /* the first left, and the refused ones never came */
    struct limit_need next = per_minute(METER_REQUESTS, "k", AT(61), 1, 3);
    ledger_look(f->l, &next, 1);
    assert_true(next.is_short);
    assert_int_equal(next.resets_at, AT(71));
}

static void a_correction_counts_in_the_slot_that_was_settled(void **state)
{
    struct fixture *f = *state;
    spend(f, "a", AT(0), 30);
    spend(f, "a", AT(20), 10);
    ledger_correct(f->l, STR("tokens"), STR("a"), AT(0), 15);
    assert_int_equal(look(f, "a", AT(60), 1, 100).before, 55);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 10);
    ledger_correct(f->l, STR("tokens"), STR("a"), AT(20), -50); /* never below zero */
    assert_int_equal(look(f, "a", AT(60), 1, 100).before, 45);
    spend(f, "a", AT(70), 1);
    ledger_correct(f->l, STR("tokens"), STR("a"), AT(0), 7); /* gone */
    assert_int_equal(look(f, "a", AT(70), 1, 100).before, 1);
    assert_true(ledger_check(f->l));
}

static void a_release_gives_all_tokens_back(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = per_minute(METER_TOKENS, "a", AT(0), 100, 100);
    hold_release(take(f, &need), true, f->moves, &f->n_moves);
    assert_int_equal(look(f, "a", AT(0), 1, 100).before, 0);
    assert_int_equal(look(f, "a", AT(0), 1, 100).held, 0);
}

static void a_clock_that_steps_back_reopens_no_slot(void **state)
{
    struct fixture *f = *state;
    spend(f, "a", AT(0), 100);
    spend(f, "a", AT(60), 1);
    struct limit_need back = per_minute(METER_TOKENS, "a", AT(-50), 1, 100);
    ledger_look(f->l, &back, 1);
    assert_true(back.is_short);
    assert_int_equal(back.window_start, AT(60));
    struct limit_need free_one = per_minute(METER_TOKENS, "a", AT(-50), 0, 200);
    struct hold *h = take(f, &free_one);
    assert_int_equal(h->charges[0].window_start, AT(60));
    use(f, h, 5);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 6); /* counted where time had already been */
}

/* What the store brings: a row for each slot, in any order; what is past does nothing. */
static void a_restart_brings_the_slots_back(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t second, settled;
    } rows[] = {{30, 5}, {0, 40}, {-100, 1000}, {59, 3}, {10, 50}};
    ledger_restore_begin(f->l, AT(60));
    for (size_t i = 0; i < 5; i++) {
        struct counter_row row = {STR("tokens"), STR("a"), STR("sliding:1m"), AT(rows[i].second), rows[i].settled, 0};
        assert_int_equal(ledger_restore_counter(f->l, &row), 0);
    }
    struct limit_need held = per_minute(METER_TOKENS, "a", AT(0), 20, 100);
    struct hold *h;
    assert_int_equal(ledger_restore_hold(f->l, 7, &held, &(int64_t){20}, 1, &h), 0);
    assert_int_equal(look(f, "a", AT(60), 1, 100).before, 98);
    assert_int_equal(look(f, "a", AT(60), 1, 100).held, 20);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 58);
    hold_share(h);
    use(f, h, 2); /* in the slot of the hold */
    assert_int_equal(look(f, "a", AT(60), 1, 100).before, 100);
    assert_int_equal(look(f, "a", AT(61), 1, 100).before, 58);
    hold_unref(h);
}

static void slots_that_ended_before_the_start_stay_closed_when_the_clock_steps_back(void **state)
{
    struct fixture *f = *state;
    ledger_restore_begin(f->l, AT(600) + 7); /* the store left out what was spent at 0 */
    struct limit_need back = look(f, "a", AT(0), 1, 100);
    assert_int_equal(back.window_start, AT(600));
    assert_int_equal(look(f, "a", AT(600) + 8, 1, 100).window_start, AT(600));
    assert_int_equal(look(f, "a", AT(601), 1, 100).window_start, AT(601));
}

/* The store left out slot 20, which counts in slot 50 but not at the start: nobody may look from 50 again. */
static void a_bucket_that_is_restored_stands_where_the_daemon_started(void **state)
{
    struct fixture *f = *state;
    struct counter_row row = {STR("tokens"), STR("a"), STR("sliding:1m"), AT(50), 5, 0};
    ledger_restore_begin(f->l, AT(100) + 3);
    assert_int_equal(ledger_restore_counter(f->l, &row), 0);
    struct limit_need back = look(f, "a", AT(50), 1, 100);
    assert_int_equal(back.window_start, AT(100));
    assert_int_equal(back.before, 5);
}

static void past_buckets_make_room_whatever_their_length_and_are_not_reopened(void **state)
{
    struct ledger *l = ledger_new(3, seed);
    struct move moves[4];
    struct hold *h;
    size_t i_short;
    struct limit_need slow = per_minute(METER_TOKENS, "slow", AT(0), 5, 100);
    slow.counter = STR("slow");
    slow.sliding_ns = 31 * 1440 * MINUTE;
    slow.window_start = window_start(WINDOW_SLIDING, slow.sliding_ns, NULL, AT(0));
    struct limit_need needs[] = {slow, per_minute(METER_TOKENS, "a", AT(0), 5, 100),
                                 per_minute(METER_TOKENS, "b", AT(61), 5, 100),
                                 per_minute(METER_TOKENS, "c", AT(61), 5, 100)};
    for (int i = 0; i < 4; i++) {
        size_t n = 0;
        assert_int_equal(ledger_hold(l, &needs[i], 1, &h, &i_short), 0); /* `c` takes the place of `a` */
        (void)hold_settle(h, true, &(struct used){0, 5, 0}, moves, &n);
    }
    int64_t settled, held;
    assert_true(ledger_read(l, slow.counter, slow.bucket, slow.window_start, &settled, &held));
    assert_false(ledger_read(l, STR("tokens"), STR("a"), AT(0), &settled, &held));
    struct limit_need full = per_minute(METER_TOKENS, "d", AT(61), 5, 100);
    assert_int_equal(ledger_hold(l, &full, 1, &h, &i_short), -ERR_TOO_LARGE); /* none of the three is past */
    struct limit_need again = per_minute(METER_TOKENS, "a", AT(60), 5, 100);
    ledger_look(l, &again, 1);
    assert_int_equal(again.window_start, AT(61)); /* in slot 60 the forgotten 5 would count */
    ledger_free(l);
}

static void a_list_shows_what_counts_now_and_when_some_of_it_leaves(void **state)
{
    struct fixture *f = *state;
    struct ledger_row row;
    spend(f, "a", AT(0), 30);
    spend(f, "a", AT(10), 20);
    size_t i = 0;
    assert_true(ledger_next(f->l, AT(30), &i, &row));
    assert_int_equal(row.settled, 50);
    assert_int_equal(row.resets_at, AT(61));
    assert_false(ledger_next(f->l, AT(30), &i, &row));
    i = 0;
    assert_true(ledger_next(f->l, AT(65), &i, &row));
    assert_int_equal(row.settled, 20);
    assert_int_equal(row.resets_at, AT(71));
    i = 0;
    assert_true(ledger_next(f->l, AT(99), &i, &row));
    assert_int_equal(row.settled, 0);
    assert_int_equal(row.resets_at, 0);
}

static void a_list_shows_a_calendar_window_that_is_over_as_the_one_that_is_now(void **state)
{
    struct fixture *f = *state;
    struct ledger_row row;
    size_t i = 0;
    struct limit_need need = {.counter = STR("c"), .bucket = STR("-"), .meter = METER_TOKENS, .window = WINDOW_MINUTE,
                              .window_start = AT(0), .n = 9, .max = 9};
    use(f, take(f, &need), 9);
    struct limit_need open = need;
    open.window_start = AT(60);
    struct hold *h = take(f, &open);
    assert_true(ledger_next(f->l, AT(150), &i, &row));
    assert_int_equal(row.window_start, AT(120));
    assert_int_equal(row.resets_at, AT(180));
    assert_int_equal(row.settled, 0);
    assert_int_equal(row.held, 9);
    hold_release(h, true, f->moves, &f->n_moves);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_used_counts_for_a_window_and_hardly_longer),
        TEST(a_call_settles_in_the_slot_of_its_hold_however_long_it_takes),
        TEST(it_says_when_there_is_room_again),
        TEST(a_request_counts_from_its_hold_on_and_a_refused_one_never),
        TEST(a_correction_counts_in_the_slot_that_was_settled),
        TEST(a_release_gives_all_tokens_back),
        TEST(a_clock_that_steps_back_reopens_no_slot),
        TEST(a_restart_brings_the_slots_back),
        TEST(slots_that_ended_before_the_start_stay_closed_when_the_clock_steps_back),
        TEST(a_bucket_that_is_restored_stands_where_the_daemon_started),
        TEST(past_buckets_make_room_whatever_their_length_and_are_not_reopened),
        TEST(a_list_shows_what_counts_now_and_when_some_of_it_leaves),
        TEST(a_list_shows_a_calendar_window_that_is_over_as_the_one_that_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
