/*
 * budget/ledger: failures that were reported of other budgets, each as a test that it cannot happen here. Concurrency
 * is in test_ledger_threads.c and tests/stress/.
 */
#include "budget/ledger.h"

#include "base/rand.h"
#include "unit.h"

#define SECOND NS_PER_S
#define MINUTE (60 * SECOND)
#define DAY (1440 * MINUTE)
#define USD(n) ((n) * MONEY_PER_USD)

static const uint8_t seed[16] = "ledger reported";

struct fixture {
    struct ledger *l;
    struct move moves[MOVES_MAX];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->l = ledger_new(1000, seed);
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

static wall_t at(const char *text)
{
    wall_t t;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static struct limit_need ask(enum limit_meter meter, enum limit_window w, wall_t now, int64_t n, int64_t max)
{
    static char names[WINDOW_COUNT][WINDOW_TEXT_BYTES];
    int64_t sliding_ns = w == WINDOW_SLIDING ? MINUTE : 0;
    return (struct limit_need){.counter = window_text(w, MINUTE, STR_NONE, names[w]),
                               .bucket = meter_text(meter, "", NULL),
                               .meter = meter, .window = w, .sliding_ns = sliding_ns,
                               .window_start = window_start(w, sliding_ns, NULL, now), .n = n, .max = max};
}

static bool fits(struct fixture *f, struct limit_need *needs, size_t n, struct hold **ret)
{
    size_t i_short;
    int r = ledger_hold(f->l, needs, n, ret, &i_short);
    assert_true(r == 0 || r == LEDGER_R_EXHAUSTED);
    return r == 0;
}

static void end(struct fixture *f, struct hold *h, int64_t usd, int64_t tokens)
{
    size_t n_moves = 0;
    (void)hold_settle(h, true, &(struct used){usd, tokens, 0}, f->moves, &n_moves);
}

/* A request that was held before midnight and settles after it emptied the new day's exhausted budget. */
static void a_call_across_the_boundary_leaves_the_new_window_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct rng r;
    rng_seeded_init(&r, 21);
    for (int i = 0; i < 3000; i++) {
        static const enum limit_window all[] = {WINDOW_MINUTE, WINDOW_HOUR, WINDOW_DAY, WINDOW_WEEK, WINDOW_MONTH};
        enum limit_window w = all[rng_below(&r, 5)];
        wall_t edge = window_start(w, 0, NULL,
                                   at("2028-02-28T00:00:00Z") + (wall_t)rng_below(&r, (uint64_t)(400 * DAY)));
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        struct hold *late, *full, *more;
        struct limit_need before = ask(METER_USD, w, edge - 1 - (wall_t)rng_below(&r, 5), USD(3), USD(10));
        struct limit_need after = ask(METER_USD, w, edge + (wall_t)rng_below(&r, 5), USD(7), USD(10)), next = after;
        before.bucket = after.bucket = next.bucket = str_c(name);
        assert_true(before.window_start < edge && after.window_start == edge);
        assert_true(fits(f, &before, 1, &late));
        assert_true(fits(f, &after, 1, &full)); /* 3 are still held beside 7 */
        next.n = 1;
        assert_false(fits(f, &next, 1, &more));
        end(f, full, USD(7), 0);
        assert_false(fits(f, &next, 1, &more));
        end(f, late, USD(3), 0); /* in the window before */
        next.n = USD(3);
        ledger_look(f->l, &next, 1);
        assert_int_equal(next.before, USD(7));
        assert_false(next.is_short);
        if (i % 500 == 499) { /* the table is bounded */
            ledger_free(f->l);
            f->l = ledger_new(1000, seed);
        }
    }
}

/* Spend became negative by overflow, and the budget endless. */
static void no_sum_becomes_negative(void **state)
{
    struct fixture *f = *state;
    wall_t now = at("2026-11-23T12:00:00Z");
    static const enum limit_window all[] = {WINDOW_DAY, WINDOW_SLIDING, WINDOW_LIFETIME};
    for (size_t i = 0; i < 3; i++) {
        struct hold *h, *none;
        for (int k = 0; k < 3; k++) {
            struct limit_need need = ask(METER_TOKENS, all[i], now, 0, INT64_MAX);
            if (fits(f, &need, 1, &h))
                end(f, h, 0, INT64_MAX - 5);
        }
        struct limit_need one = ask(METER_TOKENS, all[i], now, 1, INT64_MAX);
        assert_false(fits(f, &one, 1, &none));
        assert_true(one.before > 0 && one.after > 0);
    }
}

/* Failed answers gave the request back, so whoever only failed had no limit. */
static void an_answer_that_failed_still_was_a_request(void **state)
{
    struct fixture *f = *state;
    wall_t now = at("2026-11-23T12:00:00Z");
    struct hold *h;
    size_t n_moves = 0;
    for (int i = 0; i < 5; i++) {
        struct limit_need need = ask(METER_REQUESTS, WINDOW_SLIDING, now, 1, 5);
        assert_true(fits(f, &need, 1, &h));
        hold_release(h, true, f->moves, &n_moves);
    }
    struct limit_need sixth = ask(METER_REQUESTS, WINDOW_SLIDING, now, 1, 5);
    assert_false(fits(f, &sixth, 1, &h));
}

/* Requests that were refused counted against the limit, so that a client in a loop never got through again. */
static void a_refused_call_takes_nothing_of_any_limit(void **state)
{
    struct fixture *f = *state;
    wall_t now = at("2026-11-23T12:00:00Z");
    struct hold *h, *none;
    struct limit_need fill = ask(METER_TOKENS, WINDOW_MINUTE, now, 100, 100);
    assert_true(fits(f, &fill, 1, &h));
    for (int i = 0; i < 1000; i++) {
        struct limit_need needs[] = {ask(METER_REQUESTS, WINDOW_SLIDING, now, 1, 10),
                                     ask(METER_TOKENS, WINDOW_MINUTE, now, 10, 100),
                                     ask(METER_USD, WINDOW_DAY, now, USD(1), USD(10))};
        assert_false(fits(f, needs, 3, &none));
        assert_int_equal(needs[0].after, 1);
        assert_int_equal(needs[2].after, USD(1));
    }
    end(f, h, 0, 0);
}

/* 70 of 100 tokens a minute were all that a steady client ever got. */
static void a_steady_client_gets_what_the_limit_says(void **state)
{
    struct fixture *f = *state;
    wall_t start = at("2026-11-23T12:00:00Z");
    int64_t got = 0, minutes = 30, max = 60000;
    for (wall_t t = start; t < start + minutes * MINUTE; t += SECOND / 4) {
        struct limit_need need = ask(METER_TOKENS, WINDOW_SLIDING, t, 500, max); /* twice of what fits */
        struct hold *h;
        if (!fits(f, &need, 1, &h))
            continue;
        end(f, h, 0, 250); /* and half of it is used */
        got += 250;
    }
    assert_true(got <= (minutes + 1) * max);
    assert_true(got >= minutes * max * 97 / 100);
}

/* A tracker did not count what was still held by others: 5.135 were spent of 5. */
static void what_others_hold_is_not_free(void **state)
{
    struct fixture *f = *state;
    wall_t now = at("2026-11-23T12:00:00Z");
    struct hold *h[20];
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        struct limit_need need = ask(METER_USD, WINDOW_LIFETIME, now, USD(1) / 2, USD(5));
        n += fits(f, &need, 1, &h[n]);
    }
    assert_int_equal(n, 10);
    while (n > 0)
        end(f, h[--n], USD(1) / 2, 0);
    struct limit_need last = ask(METER_USD, WINDOW_LIFETIME, now, 1, USD(5));
    assert_false(fits(f, &last, 1, h));
}

/* A budget of 0 refused models that cost nothing. */
static void what_costs_nothing_fits_a_limit_of_nothing(void **state)
{
    struct fixture *f = *state;
    struct hold *h;
    struct limit_need nothing = ask(METER_USD, WINDOW_DAY, 0, 0, 0), something = ask(METER_USD, WINDOW_DAY, 0, 1, 0);
    assert_true(fits(f, &nothing, 1, &h));
    end(f, h, 0, 0);
    assert_false(fits(f, &something, 1, &h));
}

/* A limit of 30 days was a calendar month for some and not for others. */
static void thirty_days_slide_and_a_month_does_not(void **state)
{
    struct fixture *f = *state;
    wall_t late = at("2027-01-31T12:00:00Z"), next = at("2027-02-01T12:00:00Z");
    struct hold *h;
    struct limit_need needs[] = {ask(METER_USD, WINDOW_MONTH, late, USD(9), USD(10)),
                                 ask(METER_USD, WINDOW_SLIDING, late, USD(9), USD(10))};
    needs[1].sliding_ns = 30 * DAY;
    needs[1].window_start = window_start(WINDOW_SLIDING, 30 * DAY, NULL, late);
    assert_true(fits(f, needs, 2, &h));
    end(f, h, USD(9), 0);
    needs[0].window_start = window_start(WINDOW_MONTH, 0, NULL, next);
    needs[1].window_start = window_start(WINDOW_SLIDING, 30 * DAY, NULL, next);
    ledger_look(f->l, needs, 2);
    assert_false(needs[0].is_short);
    assert_true(needs[1].is_short);
    assert_true(needs[1].resets_at >= late + 30 * DAY && needs[1].resets_at <= late + 31 * DAY);
}

enum { LEVELS = 4, WIDTH = 3, CALLS = 4000 };

/* Caps of organisation, team, agent and run were each looked at alone. */
static void no_level_of_a_tree_of_caps_is_ever_passed(void **state)
{
    struct fixture *f = *state;
    struct rng r;
    struct hold *open[64];
    size_t n_open = 0, n_taken = 0;
    int64_t max[LEVELS][WIDTH * WIDTH * WIDTH];
    rng_seeded_init(&r, 4);
    for (int level = 0; level < LEVELS; level++)
        for (int i = 0; i < WIDTH * WIDTH * WIDTH; i++)
            max[level][i] = 20000 >> level << (rng_below(&r, 4) == 0);
    for (int k = 0; k < CALLS; k++) {
        struct limit_need needs[LEVELS];
        char names[LEVELS][16];
        int node = 0;
        int64_t n = (int64_t)rng_below(&r, 100);
        for (int level = 0; level < LEVELS; level++) {
            node = level ? node * WIDTH + (int)rng_below(&r, WIDTH) : 0;
            snprintf(names[level], sizeof names[level], "%d/%d", level, node);
            needs[level] = ask(METER_TOKENS, WINDOW_LIFETIME, 0, n, max[level][node]);
            needs[level].bucket = str_c(names[level]);
        }
        if (n_open < 64 && fits(f, needs, LEVELS, &open[n_open])) {
            n_open++;
            n_taken++;
            for (int level = 0; level < LEVELS; level++)
                assert_true(needs[level].before + needs[level].held + n <= needs[level].max);
        }
        if (n_open > 0 && rng_below(&r, 2)) {
            size_t i = rng_below(&r, n_open), n_moves = 0;
            if (rng_below(&r, 3))
                end(f, open[i], 0, (int64_t)rng_below(&r, 60));
            else
                hold_release(open[i], true, f->moves, &n_moves);
            open[i] = open[--n_open];
        }
    }
    assert_true(n_taken > CALLS / 10 && n_taken < CALLS);
    while (n_open > 0)
        end(f, open[--n_open], 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_across_the_boundary_leaves_the_new_window_as_it_is),
        TEST(no_sum_becomes_negative),
        TEST(an_answer_that_failed_still_was_a_request),
        TEST(a_refused_call_takes_nothing_of_any_limit),
        TEST(a_steady_client_gets_what_the_limit_says),
        TEST(what_others_hold_is_not_free),
        TEST(what_costs_nothing_fits_a_limit_of_nothing),
        TEST(thirty_days_slide_and_a_month_does_not),
        TEST(no_level_of_a_tree_of_caps_is_ever_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
