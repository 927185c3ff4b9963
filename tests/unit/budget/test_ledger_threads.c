/*
 * budget/ledger under one mutex, as the daemon uses it: 8 threads, five overlapping limits with different windows and
 * buckets, first-touch buckets included. Exactly k of 1,000 calls fit, no more and no fewer. Prints what a hold costs.
 */
#include "budget/ledger.h"

#include <pthread.h>

#include "base/rand.h"
#include "budget/raises.h"
#include "unit.h"

#define DAY (86400 * NS_PER_S)
#define PRICE (3 * MONEY_PER_USD)
#define NOW (20000 * DAY)

enum { N_THREADS = 8, N_CALLS = 1000, N_NEEDS = 5 };

struct race {
    struct ledger *l;
    pthread_mutex_t lock;
    int k;
    bool is_kept; /* calls end only after all have asked: holds, not settled sums, close the limit */
    int n_started, n_admitted, n_refused_early;
    int n_raised; /* room for so many more, given half-way */
    struct raises raises;
    struct hold *held[N_CALLS];
};

/* The tightest limit is worth k calls; the others are wider. Buckets of needs 3 and 4 are new with nearly every call.
 */
static void fill_needs(const struct race *race, int i_call, char names[2][24], struct limit_need needs[N_NEEDS])
{
    snprintf(names[0], 24, "run=r%d", i_call);
    snprintf(names[1], 24, "customer=c%d", i_call % 300);
    const int64_t k = race->k;
    needs[0] = (struct limit_need){.counter = STR("d/1/usd/day/agent"),
                                   .bucket = STR("agent=a"),
                                   .meter = METER_USD,
                                   .window = WINDOW_DAY,
                                   .window_start = 20000 * DAY,
                                   .n = PRICE,
                                   .max = k * PRICE + PRICE / 2};
    needs[1] = (struct limit_need){.counter = STR("d/2/usd/month/"),
                                   .bucket = STR("-"),
                                   .meter = METER_USD,
                                   .window = WINDOW_MONTH,
                                   .window_start = 19990 * DAY,
                                   .n = PRICE,
                                   .max = 2000 * PRICE};
    needs[2] = (struct limit_need){.counter = STR("d/3/requests/lifetime/key"),
                                   .bucket = STR("key=k"),
                                   .meter = METER_REQUESTS,
                                   .window = WINDOW_LIFETIME,
                                   .n = 1,
                                   .max = k};
    needs[3] = (struct limit_need){.counter = STR("d/4/usd/run/run"), .bucket = str_c(names[0]), .meter = METER_USD,
                                   .window = WINDOW_RUN, .n = PRICE, .max = PRICE};
    needs[4] = (struct limit_need){.counter = STR("d/5/concurrent/instant/customer"), .bucket = str_c(names[1]),
                                   .meter = METER_CONCURRENT, .window = WINDOW_INSTANT, .n = 1, .max = N_CALLS};
}

/* Under the mutex, as an operator does it while calls go on. */
static void raise_both(struct race *race)
{
    struct raise r = {.counter = STR("d/1/usd/day/agent"), .bucket = STR("agent=a"), .by = race->n_raised * PRICE,
                      .until = 20001 * DAY};
    assert_int_equal(raises_add(&race->raises, &r, NOW), 0);
    r.counter = STR("d/3/requests/lifetime/key");
    r.bucket = STR("key=k");
    r.by = race->n_raised;
    assert_int_equal(raises_add(&race->raises, &r, NOW), 0);
}

static void *run_calls(void *p)
{
    struct race *race = p;
    for (;;) {
        struct limit_need needs[N_NEEDS];
        char names[2][24];
        struct hold *h = NULL;
        size_t i_short;
        pthread_mutex_lock(&race->lock);
        int i_call = race->n_started++;
        if (i_call >= N_CALLS) {
            pthread_mutex_unlock(&race->lock);
            return NULL;
        }
        if (race->n_raised && i_call == N_CALLS / 2)
            raise_both(race);
        pthread_mutex_unlock(&race->lock);
        fill_needs(race, i_call, names, needs);

        pthread_mutex_lock(&race->lock);
        raises_apply(&race->raises, needs, N_NEEDS, NOW);
        int r = ledger_hold(race->l, needs, N_NEEDS, &h, &i_short);
        if (r == 0)
            race->held[race->n_admitted++] = h;
        else if (race->n_admitted < race->k)
            race->n_refused_early++;
        pthread_mutex_unlock(&race->lock);

        if (r == 0 && !race->is_kept) {
            struct move moves[N_NEEDS];
            size_t n_moves = 0;
            pthread_mutex_lock(&race->lock);
            hold_settle(h, true, &(struct used){.usd = PRICE}, moves, &n_moves);
            pthread_mutex_unlock(&race->lock);
        }
    }
}

static void race_for(int k, int n_raised, bool is_kept)
{
    static struct race race;
    pthread_t threads[N_THREADS];
    race = (struct race){.l = ledger_new(10000, NULL), .k = k, .is_kept = is_kept, .n_raised = n_raised,
                         .lock = PTHREAD_MUTEX_INITIALIZER};
    raises_init(&race.raises, 2, NULL);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_calls, &race), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);

    k += n_raised;
    assert_int_equal(race.n_admitted, k);
    assert_int_equal(race.n_refused_early, 0);
    assert_true(ledger_check(race.l));
    for (int i = 0; is_kept && i < k; i++) {
        struct move moves[N_NEEDS];
        size_t n_moves = 0;
        hold_release(race.held[i], true, moves, &n_moves);
    }
    int64_t held_sum = 0, settled = 0, held = 0;
    struct ledger_row row;
    for (size_t i = 0; ledger_next(race.l, 0, &i, &row);)
        held_sum += row.held;
    assert_int_equal(held_sum, 0);
    if (k > 0) {
        assert_true(ledger_read(race.l, STR("d/2/usd/month/"), STR("-"), 19990 * DAY, &settled, &held));
        assert_int_equal(settled, is_kept ? 0 : k * PRICE);
        assert_true(ledger_read(race.l, STR("d/3/requests/lifetime/key"), STR("key=k"), 0, &settled, &held));
        assert_int_equal(settled, k);
    }
    ledger_free(race.l);
    raises_deinit(&race.raises);
}

static void exactly_as_many_more_fit_as_are_raised_meanwhile(void **state)
{
    static const int raised[] = {1, 37, 200};
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++) {
        race_for(100, raised[i], false);
        race_for(100, raised[i], true);
    }
}

static void exactly_k_of_a_thousand_calls_fit(void **state)
{
    static const int ks[] = {0, 1, 37, 100, 1000};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
            race_for(ks[i], 0, false);
            race_for(ks[i], 0, true);
        }
}

static void bench_hold_and_settle(void **state)
{
    enum { ROUNDS = 200000 };
    struct race race = {.l = ledger_new(10000, NULL), .k = 1000000000};
    struct limit_need needs[N_NEEDS];
    char names[2][24];
    fill_needs(&race, 1, names, needs);
    needs[3].max = INT64_MAX;
    mono_t start = clock_system.mono(NULL);
    int rounds = ROUNDS;
#ifdef FLYBALL_CHECK_SLOW
    rounds /= 20;
#endif
    for (int i = 0; i < rounds; i++) {
        struct hold *h;
        struct move moves[N_NEEDS];
        size_t i_short, n_moves = 0;
        needs[1].max = INT64_MAX;
        assert_int_equal(ledger_hold(race.l, needs, N_NEEDS, &h, &i_short), 0);
        hold_settle(h, true, &(struct used){.usd = 1000}, moves, &n_moves);
    }
    print_message("bench: hold + settle with 5 limits: %lld ns\n",
                  (long long)(clock_system.mono(NULL) - start) / rounds);
    ledger_free(race.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_k_of_a_thousand_calls_fit),
        cmocka_unit_test(exactly_as_many_more_fit_as_are_raised_meanwhile),
        cmocka_unit_test(bench_hold_and_settle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
