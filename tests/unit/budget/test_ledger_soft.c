/* budget/ledger: thresholds that only tell, and needs that count buckets never touched before. */
#include "budget/ledger.h"

#include "base/err.h"
#include "unit.h"

#define MINUTE (60 * NS_PER_S)
#define DAY (24 * 60 * MINUTE)
#define NOON (1795262400LL * NS_PER_S)

static const uint8_t seed[16] = "ledger soft new";

static int setup(void **state)
{
    *state = ledger_new(100, seed);
    return 0;
}

static int teardown(void **state)
{
    assert_true(ledger_check(*state));
    ledger_free(*state);
    return 0;
}

static struct limit_need need_of(enum limit_window w, int64_t sliding_ns, wall_t now, int64_t n)
{
    return (struct limit_need){.counter = STR("c"), .bucket = STR("-"), .meter = METER_USD, .window = w,
                               .sliding_ns = sliding_ns, .n = n, .max = 100, .soft = 50,
                               .window_start = window_start(w, sliding_ns, NULL, now)};
}

static int take(struct ledger *l, struct limit_need *needs, size_t n)
{
    struct move moves[MOVES_MAX];
    struct hold *h;
    size_t i_short, n_moves = 0;
    int r = ledger_hold(l, needs, n, &h, &i_short);
    if (r == 0)
        (void)hold_settle(h, true, &(struct used){needs[0].n, 0, 0}, moves, &n_moves);
    return r;
}

/* Spends n at that time; true: the threshold was passed, and nobody knew. */
static bool passes(struct ledger *l, enum limit_window w, int64_t sliding_ns, wall_t now, int64_t n)
{
    struct limit_need need = need_of(w, sliding_ns, now, n);
    assert_int_equal(take(l, &need, 1), 0);
    return ledger_soft_is_news(l, &need);
}

static void a_soft_threshold_is_told_once_in_a_window_when_it_is_passed(void **state)
{
    struct ledger *l = *state;
    assert_false(passes(l, WINDOW_DAY, 0, NOON, 50)); /* reached is not passed */
    assert_true(passes(l, WINDOW_DAY, 0, NOON, 1));
    assert_false(passes(l, WINDOW_DAY, 0, NOON, 1));
    assert_false(passes(l, WINDOW_DAY, 0, NOON + DAY, 50));
    assert_true(passes(l, WINDOW_DAY, 0, NOON + DAY, 50));
    assert_false(passes(l, WINDOW_DAY, 0, NOON + DAY, 0));
}

static void of_a_sliding_window_it_is_told_again_after_its_length(void **state)
{
    struct ledger *l = *state;
    assert_true(passes(l, WINDOW_SLIDING, MINUTE, NOON, 60));
    assert_false(passes(l, WINDOW_SLIDING, MINUTE, NOON + 30 * NS_PER_S, 1));
    assert_false(passes(l, WINDOW_SLIDING, MINUTE, NOON + 61 * NS_PER_S, 1));
    assert_true(passes(l, WINDOW_SLIDING, MINUTE, NOON + 62 * NS_PER_S, 60));
}

static void of_a_lifetime_it_is_told_once(void **state)
{
    struct ledger *l = *state;
    assert_true(passes(l, WINDOW_LIFETIME, 0, NOON, 60));
    assert_false(passes(l, WINDOW_LIFETIME, 0, NOON + 1000 * DAY, 1));
}

static void it_refuses_nothing(void **state)
{
    struct ledger *l = *state;
    assert_true(passes(l, WINDOW_DAY, 0, NOON, 99));
    struct limit_need last = need_of(WINDOW_DAY, 0, NOON, 1), over = need_of(WINDOW_DAY, 0, NOON, 1);
    assert_int_equal(take(l, &last, 1), 0);
    assert_int_equal(take(l, &over, 1), LEDGER_R_EXHAUSTED);
}

/* A call of that run; 2 new runs a minute are allowed. */
static int call_of(struct ledger *l, const char *run, wall_t now)
{
    struct limit_need needs[2] = {need_of(WINDOW_RUN, 0, now, 1)};
    needs[0].bucket = str_c(run);
    needs[1] = (struct limit_need){.counter = STR("c.runs"), .bucket = STR("key=k"), .meter = METER_REQUESTS,
                                   .window = WINDOW_SLIDING, .sliding_ns = MINUTE, .n = 1, .max = 2, .counts_new = true,
                                   .window_start = window_start(WINDOW_SLIDING, MINUTE, NULL, now)};
    return take(l, needs, 2);
}

static void new_runs_are_counted_and_known_ones_are_not(void **state)
{
    struct ledger *l = *state;
    assert_int_equal(call_of(l, "run=1", NOON), 0);
    assert_int_equal(call_of(l, "run=1", NOON), 0);
    assert_int_equal(call_of(l, "run=2", NOON), 0);
    assert_int_equal(call_of(l, "run=3", NOON), LEDGER_R_EXHAUSTED);
    assert_int_equal(call_of(l, "run=3", NOON), LEDGER_R_EXHAUSTED); /* a refusal makes nobody known */
    assert_int_equal(call_of(l, "run=2", NOON), 0);                  /* goes on although there is no room for more */
    assert_int_equal(call_of(l, "run=3", NOON + 61 * NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_soft_threshold_is_told_once_in_a_window_when_it_is_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_sliding_window_it_is_told_again_after_its_length, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_lifetime_it_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(it_refuses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(new_runs_are_counted_and_known_ones_are_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
