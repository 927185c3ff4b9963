/* budget/ring: against every event kept and added up anew, as time moves by any step. */
#include "budget/ring.h"

#include "base/rand.h"
#include "unit.h"

enum { EVENTS = 4000, STEPS = 60000 };

struct event {
    wall_t at;
    int64_t n;
};
struct naive {
    struct event events[EVENTS];
    size_t n;
    wall_t newest;
    int64_t slot_ns;
};

/* All that is at most SLIDING_SLOTS slots before `at`. */
static int64_t naive_sum(const struct naive *m, wall_t at)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->events[i].at >= at - SLIDING_SLOTS * m->slot_ns)
            sum += m->events[i].n;
    return sum;
}

static void compare(const struct ring *r, const struct naive *m, struct rng *rng)
{
    wall_t later = m->newest + (wall_t)rng_below(rng, SLIDING_SLOTS + 3) * m->slot_ns;
    assert_int_equal(ring_sum(r, m->newest), naive_sum(m, m->newest));
    assert_int_equal(ring_sum(r, later), naive_sum(m, later));
    int64_t n = 1 + (int64_t)rng_below(rng, 2000), left = naive_sum(m, later);
    wall_t frees = ring_frees(r, later, n);
    if (n > left) {
        assert_int_equal(frees, 0);
        return;
    }
    assert_true(frees > later && left - naive_sum(m, frees) >= n);
    assert_true(left - naive_sum(m, frees - m->slot_ns) < n); /* not one slot later than need be */
}

static void sums_are_those_of_all_events_however_time_moves(void **state)
{
    static const int64_t lengths[] = {NS_PER_S, 7 * NS_PER_S, 60 * NS_PER_S, 3600 * NS_PER_S, SLIDING_NS_MAX};
    static struct naive m;
    struct ring r;
    struct rng rng;
    rng_seeded_init(&rng, 3);
    for (int step = 0; step < STEPS; step++) {
        if (step % EVENTS == 0) { /* another ring, some before 1970 */
            int64_t length = lengths[step / EVENTS % 5], slot_ns = sliding_slot_ns(length);
            m = (struct naive){.slot_ns = slot_ns, .newest = ((int64_t)rng_below(&rng, 2000) - 1000) * slot_ns};
            ring_init(&r, length, m.newest);
        }
        uint64_t what = rng_below(&rng, 10);
        if (what < 2)
            m.newest += (wall_t)rng_below(&rng, 8) * m.slot_ns;
        else if (what == 2 && rng_below(&rng, 8) == 0)
            m.newest += (wall_t)rng_below(&rng, 3 * SLIDING_SLOTS) * m.slot_ns;
        ring_roll(&r, m.newest);
        ring_roll(&r, m.newest - m.slot_ns * (wall_t)rng_below(&rng, 99)); /* back: nothing */
        wall_t at = m.newest - m.slot_ns * (wall_t)(rng_below(&rng, 2) ? 0 : rng_below(&rng, SLIDING_SLOTS + 20));
        struct event e = {at, (int64_t)rng_below(&rng, 50)};
        ring_add(&r, e.at, e.n);
        m.events[m.n++] = e;
        compare(&r, &m, &rng);
    }
}

static void the_oldest_slot_counts_whole_and_the_one_before_it_not_at_all(void **state)
{
    struct ring r;
    ring_init(&r, 60 * NS_PER_S, 0);
    ring_add(&r, 0, 5);
    assert_int_equal(ring_sum(&r, 60 * NS_PER_S), 5);
    assert_int_equal(ring_sum(&r, 61 * NS_PER_S), 0);
    assert_int_equal(ring_frees(&r, 30 * NS_PER_S, 1), 61 * NS_PER_S);
    assert_int_equal(ring_frees(&r, 30 * NS_PER_S, 6), 0);
    ring_roll(&r, 61 * NS_PER_S);
    ring_add(&r, 0, 7); /* a late settle of a slot that is gone */
    assert_int_equal(ring_sum(&r, 61 * NS_PER_S), 0);
}

static void sums_that_do_not_fit_stay_at_the_end(void **state)
{
    struct ring r;
    ring_init(&r, NS_PER_S * 60, 0);
    ring_add(&r, 0, INT64_MAX);
    ring_add(&r, 0, 5);
    ring_roll(&r, NS_PER_S);
    ring_add(&r, NS_PER_S, 9);
    assert_int_equal(ring_sum(&r, NS_PER_S), INT64_MAX);
    assert_int_equal(ring_sum(&r, 61 * NS_PER_S), 9); /* the rest is still what it was */
}

static void a_moment_is_in_the_slot_that_began_last(void **state)
{
    struct ring r;
    ring_init(&r, 60 * NS_PER_S, 0);
    assert_int_equal(ring_start(&r, NS_PER_S - 1), 0);
    assert_int_equal(ring_start(&r, NS_PER_S), NS_PER_S);
    assert_int_equal(ring_start(&r, -1), -NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_all_events_however_time_moves),
        cmocka_unit_test(the_oldest_slot_counts_whole_and_the_one_before_it_not_at_all),
        cmocka_unit_test(sums_that_do_not_fit_stay_at_the_end),
        cmocka_unit_test(a_moment_is_in_the_slot_that_began_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
