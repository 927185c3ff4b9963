/*
 * The wheel against a naive list, with a clock of the test's own.
 */
#include "unit.h"

#include "base/rand.h"
#include "base/time.h"
#include "net/timer.h"

struct fake_loop {
    struct loop loop;
    mono_t now, wake;
};

static mono_t fake_now(struct loop *l) { return ((struct fake_loop *)(void *)l)->now; }
static void fake_wake_at(struct loop *l, mono_t at) { ((struct fake_loop *)(void *)l)->wake = at; }
static const struct loop_ops fake_ops = {.now = fake_now, .wake_at = fake_wake_at};

#define N_TIMERS 400

struct test_timer {
    struct timer timer;
    struct fake *f;
    mono_t due; /* INT64_MAX: not armed, by the naive list */
    size_t n_fired;
};

struct fake {
    struct fake_loop l;
    struct rng rng;
    struct test_timer t[N_TIMERS];
    size_t n_fired;
    bool rearms;
};

static int64_t some_delay(struct rng *r)
{
    static const int64_t scale[] = {1, 5, 64, 65, 1000, 4096, 60000, 300000, 100000000};

    return (int64_t)rng_below(r, (uint64_t)scale[rng_below(r, 9)] + 1);
}

static void arm(struct fake *f, struct test_timer *t)
{
    int64_t delay = some_delay(&f->rng);

    t->due = f->l.now + delay * NS_PER_MS;
    timer_arm(&f->l.loop, &t->timer, delay);
    assert_true(timer_is_armed(&t->timer));
}

static void on_fire(struct timer *timer)
{
    struct test_timer *t = list_entry(timer, struct test_timer, timer);
    struct fake *f = t->f;

    assert_true(t->due != INT64_MAX);      /* armed */
    assert_true(f->l.now >= t->due);       /* never early */
    assert_false(timer_is_armed(timer));   /* disarmed before it is called */
    t->due = INT64_MAX;
    f->n_fired++;
    if (f->rearms && rng_below(&f->rng, 2))
        arm(f, t);
    struct test_timer *other = &f->t[rng_below(&f->rng, N_TIMERS)];
    if (f->rearms && rng_below(&f->rng, 4) == 0) { /* also one that is due in this very turn */
        timer_cancel(&f->l.loop, &other->timer);
        other->due = INT64_MAX;
    }
}

static void begin(struct fake *f, uint64_t seed)
{
    memset(f, 0, sizeof(*f));
    rng_seeded_init(&f->rng, seed);
    f->l.loop.ops = &fake_ops;
    f->l.now = (mono_t)rng_below(&f->rng, 1ull << 50);
    f->l.wake = INT64_MAX;
    f->l.loop.wheel = timer_wheel_new(&f->l.loop);
    for (size_t i = 0; i < N_TIMERS; i++) {
        timer_init(&f->t[i].timer, on_fire);
        f->t[i].f = f;
        f->t[i].due = INT64_MAX;
    }
}

static mono_t first_due(const struct fake *f)
{
    mono_t first = INT64_MAX;

    for (size_t i = 0; i < N_TIMERS; i++)
        if (f->t[i].due < first)
            first = f->t[i].due;
    return first;
}

/* Nothing that the naive list calls due (to the millisecond) is still waiting. */
static void check_none_late(const struct fake *f)
{
    for (size_t i = 0; i < N_TIMERS; i++)
        assert_true(f->t[i].due == INT64_MAX || f->t[i].due + NS_PER_MS > f->l.now || f->t[i].due == f->l.now);
}

static void advance(struct fake *f)
{
    timer_wheel_advance(f->l.loop.wheel, f->l.now);
    timer_wheel_check(f->l.loop.wheel);
}

static void wheel_agrees_with_a_naive_list(void **state)
{
    static struct fake f;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        begin(&f, seed);
        f.rearms = seed % 2;
        for (int step = 0; step < 300; step++) {
            struct test_timer *t = &f.t[rng_below(&f.rng, N_TIMERS)];
            if (rng_below(&f.rng, 3)) {
                arm(&f, t); /* re-arms when armed */
            } else {
                timer_cancel(&f.l.loop, &t->timer);
                t->due = INT64_MAX;
                assert_false(timer_is_armed(&t->timer));
            }
            assert_true(f.l.wake - NS_PER_MS <= first_due(&f) || first_due(&f) == INT64_MAX);
            if (rng_below(&f.rng, 4) == 0) {
                f.l.now += some_delay(&f.rng) * NS_PER_MS + (mono_t)rng_below(&f.rng, NS_PER_MS);
                advance(&f);
                if (!f.rearms)
                    check_none_late(&f);
            }
        }
        f.rearms = false;
        while (f.l.wake != INT64_MAX) { /* as a loop would: only when woken */
            f.l.now = f.l.wake > f.l.now ? f.l.wake : f.l.now;
            advance(&f);
            check_none_late(&f);
        }
        assert_true(first_due(&f) == INT64_MAX);
        timer_wheel_free(f.l.loop.wheel);
    }
}

static void a_delay_of_zero_fires_at_the_next_advance_in_order(void **state)
{
    static struct fake f;

    begin(&f, 1);
    for (int i = 0; i < 3; i++) {
        f.t[i].due = f.l.now;
        timer_arm(&f.l.loop, &f.t[i].timer, 0);
    }
    assert_int_equal(f.n_fired, 0);
    assert_true(f.l.wake <= f.l.now);
    advance(&f);
    assert_int_equal(f.n_fired, 3);
    timer_wheel_free(f.l.loop.wheel);
}

static void again(struct timer *timer)
{
    struct test_timer *t = list_entry(timer, struct test_timer, timer);

    t->n_fired++;
    timer_arm(&t->f->l.loop, timer, 0);
}

static void a_timer_that_arms_itself_with_zero_does_not_keep_the_turn(void **state)
{
    static struct fake f;

    begin(&f, 1);
    timer_init(&f.t[0].timer, again);
    timer_arm(&f.l.loop, &f.t[0].timer, 0);
    for (size_t i = 1; i <= 5; i++) {
        advance(&f);
        assert_int_equal(f.t[0].n_fired, i);
    }
    timer_wheel_free(f.l.loop.wheel);
}

static void arming_far_timers_again_and_again_asks_for_no_wake_up(void **state)
{
    static struct fake f;

    begin(&f, 1);
    timer_arm(&f.l.loop, &f.t[0].timer, 10000);
    mono_t wake = f.l.wake;
    f.l.wake = 7; /* shows whether it is written */
    for (int i = 0; i < 1000; i++)
        timer_arm(&f.l.loop, &f.t[1 + i % 100].timer, 60000);
    assert_true(f.l.wake == 7 && wake != 7);
    timer_wheel_free(f.l.loop.wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_agrees_with_a_naive_list),
        cmocka_unit_test(a_delay_of_zero_fires_at_the_next_advance_in_order),
        cmocka_unit_test(a_timer_that_arms_itself_with_zero_does_not_keep_the_turn),
        cmocka_unit_test(arming_far_timers_again_and_again_asks_for_no_wake_up),
    };
    return cmocka_run_group_tests_name("net/timer", tests, NULL, NULL);
}
