/* budget/raises: what is added, for how long; and with the ledger, that nothing ever passes max and raises. */
#include "budget/raises.h"

#include "base/err.h"
#include "base/rand.h"
#include "budget/ledger.h"
#include "unit.h"

#define HOUR (3600 * NS_PER_S)
#define NOON (1795262400LL * NS_PER_S)
#define RAISES_MAX 8
#define SEQUENCES 2000
#define STEPS 60
#define LIMITS 4
#define MAX_HELD 16

static const uint8_t seed[16] = "raises";

static int setup(void **state)
{
    struct raises *r = calloc(1, sizeof *r);
    raises_init(r, RAISES_MAX, seed);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    raises_deinit(*state);
    free(*state);
    return 0;
}

static struct raise raise_of(const char *counter, const char *bucket, int64_t by, wall_t until)
{
    return (struct raise){.id = STR("id"), .counter = str_c(counter), .bucket = str_c(bucket), .limit = STR("l"),
                          .reason = STR("why"), .who = STR("ann"), .by = by, .until = until};
}

static int add(struct raises *r, const char *counter, const char *bucket, int64_t by, wall_t until, wall_t now)
{
    struct raise raise = raise_of(counter, bucket, by, until);
    return raises_add(r, &raise, now);
}

static int64_t sum(const struct raises *r, const char *counter, const char *bucket, wall_t now)
{
    wall_t until;
    return raises_of(r, str_c(counter), str_c(bucket), now, &until);
}

static void a_raise_counts_until_its_end_for_its_own_counter(void **state)
{
    struct raises *r = *state;
    wall_t until;
    assert_int_equal(add(r, "c", "a", 5, NOON + HOUR, NOON), 0);
    assert_int_equal(add(r, "c", "a", 7, NOON + 2 * HOUR, NOON), 0);
    assert_int_equal(raises_of(r, STR("c"), STR("a"), NOON, &until), 12);
    assert_int_equal(until, NOON + HOUR);
    assert_int_equal(sum(r, "c", "a", NOON + HOUR - 1), 12);
    assert_int_equal(raises_of(r, STR("c"), STR("a"), NOON + HOUR, &until), 7);
    assert_int_equal(until, NOON + 2 * HOUR);
    assert_int_equal(raises_of(r, STR("c"), STR("a"), NOON + 2 * HOUR, &until), 0);
    assert_int_equal(until, 0);
    assert_int_equal(sum(r, "c", "b", NOON), 0);
    assert_int_equal(sum(r, "test:c", "a", NOON), 0);
}

static void needs_are_raised_and_again_is_no_more(void **state)
{
    struct raises *r = *state;
    struct limit_need needs[] = {{.counter = STR("c"), .bucket = STR("a"), .max = 10},
                                 {.counter = STR("c"), .bucket = STR("b"), .max = 10},
                                 {.counter = STR("c"), .bucket = STR("a"), .max = INT64_MAX - 2}};
    assert_int_equal(add(r, "c", "a", 5, NOON + HOUR, NOON), 0);
    for (int i = 0; i < 3; i++) {
        raises_apply(r, needs, 3, NOON);
        assert_int_equal(needs[0].max, 15);
        assert_int_equal(needs[0].raised, 5);
        assert_int_equal(needs[0].raised_until, NOON + HOUR);
        assert_int_equal(needs[1].max, 10);
        assert_int_equal(needs[2].max, INT64_MAX);
    }
    raises_apply(r, needs, 3, NOON + HOUR);
    assert_int_equal(needs[0].max, 10);
    assert_int_equal(needs[0].raised, 0);
    assert_int_equal(needs[2].max, INT64_MAX - 2);
}

static void so_many_are_in_force_at_once_and_past_ones_make_room(void **state)
{
    struct raises *r = *state;
    for (int i = 0; i < RAISES_MAX; i++)
        assert_int_equal(add(r, "c", i % 2 ? "a" : "b", 1, NOON + (i ? 2 * HOUR : HOUR), NOON), 0);
    assert_int_equal(add(r, "c", "a", 1, NOON + 2 * HOUR, NOON), -ERR_TOO_LARGE);
    assert_int_equal(add(r, "c", "a", 1, NOON + 2 * HOUR, NOON + HOUR), 0);
    assert_int_equal(r->n, RAISES_MAX);
    assert_int_equal(sum(r, "c", "b", NOON + HOUR), RAISES_MAX / 2 - 1);
}

static void what_together_is_no_number_is_refused(void **state)
{
    struct raises *r = *state;
    assert_int_equal(add(r, "c", "a", INT64_MAX / 4, NOON + HOUR, NOON), 0);
    assert_int_equal(add(r, "c", "a", 1, NOON + HOUR, NOON), -ERR_OVERFLOW);
    assert_int_equal(add(r, "c", "b", INT64_MAX / 4 + 1, NOON + HOUR, NOON), -ERR_OVERFLOW);
    assert_int_equal(sum(r, "c", "a", NOON), INT64_MAX / 4);
}

static void what_was_added_last_can_be_taken_back(void **state)
{
    struct raises *r = *state;
    assert_int_equal(add(r, "c", "a", 5, NOON + HOUR, NOON), 0);
    assert_int_equal(add(r, "c", "a", 7, NOON + HOUR, NOON), 0);
    raises_undo(r);
    assert_int_equal(sum(r, "c", "a", NOON), 5);
    raises_undo(r);
    assert_int_equal(sum(r, "c", "a", NOON), 0);
    assert_int_equal(r->by_bucket.n, 0);
}

static void all_that_are_in_force_can_be_listed(void **state)
{
    struct raises *r = *state;
    const struct list *i = NULL;
    assert_null(raises_next(r, NOON, &i));
    assert_int_equal(add(r, "c", "a", 5, NOON + HOUR, NOON), 0);
    assert_int_equal(add(r, "d", "b", 6, NOON + 2 * HOUR, NOON), 0);
    i = NULL;
    assert_str(raises_next(r, NOON, &i)->counter, "c");
    const struct raise *second = raises_next(r, NOON, &i);
    assert_str(second->reason, "why");
    assert_str(second->who, "ann");
    assert_null(raises_next(r, NOON, &i));
    i = NULL;
    assert_str(raises_next(r, NOON + HOUR, &i)->counter, "d");
}

/* --- any sequence of holds, ends, raises, changed documents and jumps of the clock ------------------------------- */

struct run {
    struct rng rng;
    struct ledger *l;
    struct raises raises;
    wall_t now;
    int64_t max[LIMITS];
    struct hold *held[MAX_HELD];
    int64_t held_n[MAX_HELD];
    size_t n_held;
};

static const enum limit_window windows[LIMITS] = {WINDOW_DAY, WINDOW_SLIDING, WINDOW_LIFETIME, WINDOW_HOUR};
static const char *const counters[LIMITS] = {"a", "b", "c", "d"};

static struct limit_need need_of(const struct run *x, size_t i, int64_t n)
{
    int64_t sliding = windows[i] == WINDOW_SLIDING ? HOUR : 0;
    return (struct limit_need){.id = str_c(counters[i]), .counter = str_c(counters[i]), .bucket = STR("-"),
                               .meter = METER_USD, .window = windows[i], .sliding_ns = sliding, .n = n,
                               .max = x->max[i], .window_start = window_start(windows[i], sliding, NULL, x->now)};
}

static int64_t most(const struct run *x, size_t i)
{
    wall_t until;
    return x->max[i] + raises_of(&x->raises, str_c(counters[i]), STR("-"), x->now, &until);
}

/* A call of n on all limits, in that order; what was taken fits, and what did not fit changed nothing. */
static int take(struct run *x, const size_t order[LIMITS], int64_t n, struct hold **ret)
{
    struct limit_need needs[LIMITS];
    size_t i_short;
    for (size_t i = 0; i < LIMITS; i++)
        needs[i] = need_of(x, order[i], n);
    raises_apply(&x->raises, needs, LIMITS, x->now);
    int r = ledger_hold(x->l, needs, LIMITS, ret, &i_short);
    for (size_t i = 0; r == 0 && i < LIMITS; i++)
        assert_true(needs[i].before + needs[i].held + n <= most(x, order[i]));
    return r;
}

static void shuffle(struct rng *rng, size_t order[LIMITS])
{
    for (size_t i = 0; i < LIMITS; i++)
        order[i] = i;
    for (size_t i = LIMITS - 1; i > 0; i--) {
        size_t k = rng_below(rng, i + 1), was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
}

/* The same call in two orders gives the same answer: the first is taken back before the second is tried. */
static void hold_one(struct run *x)
{
    size_t plain[LIMITS] = {0, 1, 2, 3}, order[LIMITS];
    struct hold *first, *second;
    int64_t n = (int64_t)rng_below(&x->rng, 40);
    shuffle(&x->rng, order);
    int r = take(x, plain, n, &first);
    if (r == 0)
        hold_undo(first);
    assert_int_equal(take(x, order, n, &second), r);
    if (r != 0)
        return;
    if (x->n_held == MAX_HELD) {
        hold_undo(second);
        return;
    }
    x->held_n[x->n_held] = n;
    x->held[x->n_held++] = second;
}

static void end_one(struct run *x)
{
    struct move moves[MOVES_MAX];
    size_t n_moves = 0;
    if (x->n_held == 0)
        return;
    size_t i = rng_below(&x->rng, x->n_held);
    struct used used = {(int64_t)rng_below(&x->rng, (uint64_t)x->held_n[i] + 1), 0, 0};
    if (rng_below(&x->rng, 3))
        (void)hold_settle(x->held[i], true, &used, moves, &n_moves);
    else
        (void)hold_release(x->held[i], true, moves, &n_moves);
    x->held[i] = x->held[--x->n_held];
    x->held_n[i] = x->held_n[x->n_held];
}

static void step(struct run *x)
{
    switch (rng_below(&x->rng, 10)) {
    case 0:
        (void)add(&x->raises, counters[rng_below(&x->rng, LIMITS)], "-", 1 + (int64_t)rng_below(&x->rng, 50),
                  x->now + 1 + (wall_t)rng_below(&x->rng, (uint64_t)(3 * HOUR)), x->now); /* or there are enough */
        break;
    case 1:
        x->max[rng_below(&x->rng, LIMITS)] = (int64_t)rng_below(&x->rng, 200);
        break;
    case 2:
        x->now += (wall_t)rng_below(&x->rng, (uint64_t)(5 * HOUR)) - HOUR; /* forward, and sometimes back */
        break;
    case 3:
    case 4:
    case 5:
        end_one(x);
        break;
    default:
        hold_one(x);
    }
    assert_true(ledger_check(x->l));
}

static void no_sequence_passes_a_max_and_no_order_of_limits_matters(void **state)
{
    for (uint64_t i = 0; i < SEQUENCES; i++) {
        struct run x = {.now = NOON, .max = {100, 100, 100, 100}};
        rng_seeded_init(&x.rng, i);
        x.l = ledger_new(100, seed);
        raises_init(&x.raises, RAISES_MAX, seed);
        for (int k = 0; k < STEPS; k++)
            step(&x);
        while (x.n_held)
            end_one(&x);
        raises_deinit(&x.raises);
        ledger_free(x.l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_raise_counts_until_its_end_for_its_own_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(needs_are_raised_and_again_is_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_are_in_force_at_once_and_past_ones_make_room, setup, teardown),
        cmocka_unit_test_setup_teardown(what_together_is_no_number_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_added_last_can_be_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_are_in_force_can_be_listed, setup, teardown),
        cmocka_unit_test(no_sequence_passes_a_max_and_no_order_of_limits_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
