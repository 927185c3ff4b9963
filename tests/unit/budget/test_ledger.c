/* budget/ledger: holding and ending, one behaviour a test. */
#include "budget/ledger.h"

#include "base/err.h"
#include "unit.h"

#define DAY (86400 * NS_PER_S)
#define TODAY (20000 * DAY)
#define USD(n) ((n) * MONEY_PER_USD)
#define COST(n) (&(struct used){.usd = (n)})

static const uint8_t seed[16] = "ledger test seed";

static struct limit_need usd_day(const char *bucket, int64_t n, int64_t max)
{
    return (struct limit_need){.id = STR("usd-day"), .counter = STR("d/usd-day/usd/day/agent"), .bucket = str_c(bucket),
                               .meter = METER_USD, .window = WINDOW_DAY, .window_start = TODAY, .n = n, .max = max};
}

static struct limit_need requests(const char *bucket, int64_t max)
{
    return (struct limit_need){.id = STR("req"), .counter = STR("d/req/requests/lifetime/key"), .bucket = str_c(bucket),
                               .meter = METER_REQUESTS, .window = WINDOW_LIFETIME, .n = 1, .max = max};
}

static struct limit_need slots(const char *bucket, int64_t max)
{
    return (struct limit_need){.id = STR("slots"),
                               .counter = STR("d/slots/concurrent/instant/key"),
                               .bucket = str_c(bucket),
                               .meter = METER_CONCURRENT,
                               .window = WINDOW_INSTANT,
                               .n = 1,
                               .max = max};
}

static struct limit_need per_call(int64_t n, int64_t max)
{
    return (struct limit_need){.id = STR("call"), .counter = STR("d/call/usd/call/"), .bucket = STR("-"),
                               .meter = METER_USD, .window = WINDOW_CALL, .n = n, .max = max};
}

static struct limit_need tokens(enum limit_meter meter, int64_t n, int64_t max)
{
    return (struct limit_need){.counter = meter_text(meter, "", NULL), .bucket = STR("-"), .meter = meter,
                               .window = WINDOW_LIFETIME, .n = n, .max = max};
}

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

static struct hold *take(struct fixture *f, struct limit_need *needs, size_t n)
{
    struct hold *h = NULL;
    size_t i_short;
    assert_int_equal(ledger_hold(f->l, needs, n, &h, &i_short), 0);
    assert_non_null(h);
    assert_true(ledger_check(f->l));
    return h;
}

static void refuse(struct fixture *f, struct limit_need *needs, size_t n, size_t i_expected)
{
    struct hold *h = NULL;
    size_t i_short = 99;
    assert_int_equal(ledger_hold(f->l, needs, n, &h, &i_short), LEDGER_R_EXHAUSTED);
    assert_null(h);
    assert_int_equal(i_short, i_expected);
    assert_true(needs[i_short].is_short);
}

/* What stands on the bucket of a need, in the need's window. */
static void expect(struct fixture *f, struct limit_need need, int64_t settled, int64_t held)
{
    int64_t s = -1, h = -1;
    assert_true(ledger_read(f->l, need.counter, need.bucket, need.window_start, &s, &h));
    assert_int_equal(s, settled);
    assert_int_equal(h, held);
}

static void a_hold_fills_the_bucket_to_its_max_and_not_further(void **state)
{
    struct fixture *f = *state;
    struct limit_need a = usd_day("a", USD(60), USD(100)), b = usd_day("a", USD(40), USD(100)),
                      c = usd_day("a", 1, USD(100));
    struct hold *x = take(f, &a, 1), *y = take(f, &b, 1);
    assert_int_equal(b.before, 0);
    assert_int_equal(b.held, USD(60));
    assert_int_equal(b.after, USD(100));
    refuse(f, &c, 1, 0);
    assert_int_equal(c.held, USD(100));
    assert_int_equal(c.after, USD(100) + 1);
    hold_settle(x, true, COST(USD(60)), f->moves, &f->n_moves);
    hold_settle(y, true, COST(USD(39)), f->moves, &f->n_moves);
    struct limit_need last = usd_day("a", USD(1), USD(100));
    hold_settle(take(f, &last, 1), true, COST(USD(1)), f->moves, &f->n_moves);
    refuse(f, &c, 1, 0);
    expect(f, c, USD(100), 0);
}

static void all_needs_are_held_or_none(void **state)
{
    struct fixture *f = *state;
    struct limit_need fill = requests("k", 1);
    struct hold *h = take(f, &fill, 1);
    struct limit_need needs[] = {usd_day("a", USD(5), USD(10)), requests("k", 1), usd_day("b", USD(50), USD(10))};
    refuse(f, needs, 3, 1);
    assert_true(needs[2].is_short);
    assert_false(needs[0].is_short);
    assert_int_equal(ledger_buckets(f->l), 1);
    hold_release(h, true, f->moves, &f->n_moves);
    expect(f, fill, 1, 0);
}

static void settling_books_the_true_cost_and_frees_the_rest(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(10), USD(100)), requests("k", 9), slots("k", 2),
                                 per_call(USD(10), USD(10))};
    struct hold *h = take(f, needs, 4);
    h->open_seq = 77;
    assert_null(h->charges[3].bucket);
    expect(f, needs[2], 0, 1);
    assert_int_equal(hold_settle(h, true, COST(USD(7)), f->moves, &f->n_moves), 0);
    expect(f, needs[0], USD(7), 0);
    expect(f, needs[1], 1, 0);
    expect(f, needs[2], 0, 0);
    static const struct move expected[] = {{77, 1, 1, 1}, {77, 2, 1, 0}, {77, 0, USD(10), USD(7)}};
    assert_int_equal(f->n_moves, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(f->moves[i].of, expected[i].of);
        assert_int_equal(f->moves[i].i, expected[i].i);
        assert_int_equal(f->moves[i].released, expected[i].released);
        assert_int_equal(f->moves[i].settled, expected[i].settled);
    }
}

static void a_release_gives_money_back_but_the_request_counts(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(10), USD(10)), requests("k", 9), slots("k", 1)};
    struct hold *h = take(f, needs, 3);
    hold_release(h, true, f->moves, &f->n_moves);
    expect(f, needs[0], 0, 0);
    expect(f, needs[1], 1, 0);
    expect(f, needs[2], 0, 0);
    assert_int_equal(f->n_moves, 3);
}

static struct limit_need in_currency(const char *currency, int64_t n, int64_t max)
{
    struct limit_need need = {.counter = str_c(currency), .bucket = STR("-"), .meter = METER_CURRENCY,
                              .window = WINDOW_LIFETIME, .n = n, .max = max};
    memcpy(need.currency, currency, CURRENCY_BYTES);
    return need;
}

static void a_charge_in_a_currency_settles_by_that_currency_alone(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {in_currency("EUR", 50, 100), in_currency("GBP", 50, 100), usd_day("a", 60, 100)};
    struct used used = {.usd = 55, .amount = 40, .currency = "EUR"};
    assert_int_equal(hold_settle(take(f, needs, 3), true, &used, f->moves, &f->n_moves), 0);
    expect(f, needs[0], 40, 0);
    expect(f, needs[1], 0, 0);
    expect(f, needs[2], 55, 0);
    used.amount = USED_UNKNOWN; /* no number says how much: as much as was held */
    assert_int_equal(hold_settle(take(f, needs, 1), true, &used, f->moves, &f->n_moves), 0);
    expect(f, needs[0], 90, 0);
    refuse(f, needs, 1, 0);
    hold_release(take(f, &(struct limit_need){.counter = STR("EUR"), .bucket = STR("-"), .meter = METER_CURRENCY,
                                              .currency = "EUR", .window = WINDOW_LIFETIME, .n = 10, .max = 100}, 1),
                 true, f->moves, &f->n_moves);
    expect(f, needs[0], 90, 0);
}

static void an_overrun_is_booked_and_closes_the_limit(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(10), USD(20));
    assert_int_equal(hold_settle(take(f, &need, 1), true, COST(USD(25)), f->moves, &f->n_moves), HOLD_R_OVERRUN);
    expect(f, need, USD(25), 0);
    struct limit_need free_one = usd_day("a", 0, USD(20));
    refuse(f, &free_one, 1, 0);
    struct limit_need raised = usd_day("a", USD(1), USD(26));
    hold_release(take(f, &raised, 1), true, f->moves, &f->n_moves);
}

static void what_no_number_says_settles_at_what_each_limit_holds(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), usd_day("b", USD(6), USD(10))};
    struct hold *h = take(f, needs, 2);
    hold_ref(h);
    assert_int_equal(hold_settle(h, true, COST(USED_UNKNOWN), f->moves, &f->n_moves), 0);
    assert_int_equal(h->settled, USD(6));
    hold_unref(h);
    expect(f, needs[0], USD(4), 0);
    expect(f, needs[1], USD(6), 0);
}

static void each_meter_of_cost_settles_with_its_own_part(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), tokens(METER_TOKENS, 900, 1000),
                                 tokens(METER_INPUT_TOKENS, 500, 500), tokens(METER_OUTPUT_TOKENS, 400, 500)};
    const struct used used = {USD(3), 450, 50};
    assert_int_equal(hold_settle(take(f, needs, 4), true, &used, f->moves, &f->n_moves), 0);
    expect(f, needs[0], USD(3), 0);
    expect(f, needs[1], 500, 0);
    expect(f, needs[2], 450, 0);
    expect(f, needs[3], 50, 0);
    refuse(f, &needs[1], 1, 0);
    needs[1].n = 500;
    hold_release(take(f, &needs[1], 1), true, f->moves, &f->n_moves);
    expect(f, needs[1], 500, 0);
}

static void a_part_that_is_unknown_settles_at_its_hold_and_the_others_do_not(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), tokens(METER_TOKENS, 900, 1000),
                                 tokens(METER_INPUT_TOKENS, 500, 500), tokens(METER_OUTPUT_TOKENS, 400, 500)};
    const struct used used = {USD(3), 450, USED_UNKNOWN};
    hold_settle(take(f, needs, 4), true, &used, f->moves, &f->n_moves);
    expect(f, needs[0], USD(3), 0);
    expect(f, needs[1], 900, 0); /* a sum with an unknown part is unknown */
    expect(f, needs[2], 450, 0);
    expect(f, needs[3], 400, 0);
}

static void one_meter_beyond_its_hold_is_an_overrun(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), tokens(METER_OUTPUT_TOKENS, 400, 500)};
    const struct used used = {USD(1), 450, 401};
    assert_int_equal(hold_settle(take(f, needs, 2), true, &used, f->moves, &f->n_moves), HOLD_R_OVERRUN);
    expect(f, needs[0], USD(1), 0);
    expect(f, needs[1], 401, 0);
}

static void an_unknown_outcome_stays_held_when_nobody_refers_to_it(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(10), USD(10)), slots("k", 1)};
    struct hold *h = take(f, needs, 2);
    h->open_seq = 5;
    hold_unknown(h, true, f->moves, &f->n_moves);
    expect(f, needs[0], 0, USD(10));
    expect(f, needs[1], 0, 0);
    assert_int_equal(f->n_moves, 1);
    assert_ptr_equal(ledger_find(f->l, 5), h);
    assert_null(ledger_find(f->l, 6));
    struct limit_need tomorrow = usd_day("a", 1, USD(10));
    tomorrow.window_start += DAY; /* (4): it counts there too */
    refuse(f, &tomorrow, 1, 0);
}

static void an_unknown_hold_is_settled_later_or_cleared_later(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(4), USD(10));
    struct hold *x = take(f, &need, 1), *y = take(f, &need, 1);
    hold_ref(x);
    hold_ref(y);
    hold_unknown(x, true, f->moves, &f->n_moves);
    hold_unknown(y, true, f->moves, &f->n_moves);
    expect(f, need, 0, USD(8));
    hold_share(x); /* a retry with the same key learns the cost */
    hold_settle(x, false, COST(USD(3)), f->moves, &f->n_moves);
    expect(f, need, USD(3), USD(4));
    hold_clear(y, f->moves, &f->n_moves);
    hold_clear(y, f->moves, &f->n_moves);
    expect(f, need, USD(3), 0);
    assert_true(y->is_released);
    assert_int_equal(f->n_moves, 2);
    hold_unref(x);
    hold_unref(y);
}

static void a_shared_hold_is_released_by_the_last_call_only(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), requests("k", 5)};
    struct hold *h = take(f, needs, 2);
    hold_share(h);
    hold_release(h, true, f->moves, &f->n_moves);
    expect(f, needs[0], 0, USD(4));
    expect(f, needs[1], 1, 0); /* the owner's request is over at once */
    hold_release(h, false, f->moves, &f->n_moves);
    expect(f, needs[0], 0, 0);
}

static void one_unknown_sharer_keeps_the_money(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(4), USD(10));
    struct hold *h = take(f, &need, 1);
    hold_share(h);
    hold_unknown(h, true, f->moves, &f->n_moves);
    hold_release(h, false, f->moves, &f->n_moves);
    expect(f, need, 0, USD(4));
}

static void the_first_settle_counts_once(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), slots("k", 3)};
    struct hold *h = take(f, needs, 2);
    hold_share(h);
    assert_int_equal(hold_settle(h, false, COST(USD(2)), f->moves, &f->n_moves), 0);
    expect(f, needs[0], USD(2), 0);
    expect(f, needs[1], 0, 1); /* the owner is still there */
    hold_ref(h);
    assert_int_equal(hold_settle(h, true, COST(USD(9)), f->moves, &f->n_moves), 0);
    expect(f, needs[0], USD(2), 0);
    expect(f, needs[1], 0, 0);
    assert_int_equal(h->settled, USD(2));
    hold_share(h); /* the idempotency index still knows it: a late retry costs nothing */
    hold_settle(h, false, COST(USD(2)), f->moves, &f->n_moves);
    expect(f, needs[0], USD(2), 0);
    hold_unref(h);
}

static void a_new_day_starts_at_zero_and_a_late_settle_stays_in_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct limit_need monday = usd_day("a", USD(6), USD(10)), tuesday = monday, full = monday;
    tuesday.window_start = full.window_start = TODAY + DAY;
    struct hold *h = take(f, &monday, 1);
    tuesday.n = USD(4);
    struct hold *t = take(f, &tuesday, 1);
    assert_int_equal(tuesday.held, USD(6));
    full.n = 1;
    refuse(f, &full, 1, 0);
    hold_settle(h, true, COST(USD(6)), f->moves, &f->n_moves); /* in monday's window */
    expect(f, tuesday, 0, USD(4));
    hold_settle(t, true, COST(USD(4)), f->moves, &f->n_moves);
    expect(f, tuesday, USD(4), 0);
}

static void a_clock_that_steps_back_finds_the_later_window(void **state)
{
    struct fixture *f = *state;
    struct limit_need tuesday = usd_day("a", USD(10), USD(10)), monday = tuesday;
    tuesday.window_start += DAY;
    hold_settle(take(f, &tuesday, 1), true, COST(USD(9)), f->moves, &f->n_moves);
    monday.n = USD(2);
    refuse(f, &monday, 1, 0);
    monday.n = USD(1);
    struct hold *h = take(f, &monday, 1);
    assert_int_equal(monday.window_start, tuesday.window_start);
    assert_int_equal(h->charges[0].window_start, tuesday.window_start);
    hold_settle(h, true, COST(USD(1)), f->moves, &f->n_moves);
    expect(f, tuesday, USD(10), 0);
}

static void a_per_call_limit_is_compared_and_never_charged(void **state)
{
    struct fixture *f = *state;
    struct limit_need ok = per_call(USD(50), USD(50)), over = per_call(USD(50) + 1, USD(50));
    for (int i = 0; i < 3; i++)
        hold_settle(take(f, &ok, 1), true, COST(USD(50)), f->moves, &f->n_moves);
    refuse(f, &over, 1, 0);
    assert_int_equal(ledger_buckets(f->l), 0);
    assert_int_equal(f->n_moves, 0);
}

static void needs_on_one_bucket_add_up(void **state)
{
    struct fixture *f = *state;
    struct limit_need twice[] = {usd_day("a", USD(6), USD(10)), usd_day("a", USD(6), USD(10))};
    refuse(f, twice, 2, 1);
    twice[1].n = USD(4);
    struct hold *h = take(f, twice, 2);
    expect(f, twice[0], 0, USD(10));
    hold_release(h, true, f->moves, &f->n_moves);
    expect(f, twice[0], 0, 0);
}

static void a_sum_that_does_not_fit_leaves_no_room(void **state)
{
    struct fixture *f = *state;
    struct limit_need huge = usd_day("a", INT64_MAX - 1, INT64_MAX);
    struct hold *h = take(f, &huge, 1);
    refuse(f, &huge, 1, 0);
    assert_int_equal(huge.after, INT64_MAX);
    hold_settle(h, true, COST(INT64_MAX), f->moves, &f->n_moves);
    struct limit_need one = usd_day("a", 1, INT64_MAX);
    refuse(f, &one, 1, 0);
}

static void a_dry_run_fills_the_needs_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(6), USD(10));
    struct hold *h = take(f, &need, 1);
    struct limit_need look[] = {usd_day("a", USD(5), USD(10)), requests("k", 1)};
    ledger_look(f->l, look, 2);
    assert_true(look[0].is_short);
    assert_int_equal(look[0].held, USD(6));
    assert_false(look[1].is_short);
    assert_int_equal(ledger_buckets(f->l), 1);
    hold_release(h, true, f->moves, &f->n_moves);
}

static void a_full_table_refuses_new_buckets_and_undoes_half_a_hold(void **state)
{
    struct fixture *f = *state;
    struct ledger *l = ledger_new(2, seed);
    struct limit_need needs[] = {requests("a", 9), requests("b", 9), requests("c", 9)};
    struct hold *h = NULL;
    size_t i_short;
    assert_int_equal(ledger_hold(l, needs, 3, &h, &i_short), -ERR_TOO_LARGE);
    assert_null(h);
    assert_true(ledger_check(l));
    int64_t settled, held;
    assert_true(ledger_read(l, needs[0].counter, needs[0].bucket, 0, &settled, &held));
    assert_int_equal(held, 0);
    /* what half a hold left behind says nothing and makes room */
    assert_int_equal(ledger_hold(l, &needs[2], 1, &h, &i_short), 0);
    hold_settle(h, true, COST(0), f->moves, &f->n_moves);
    assert_int_equal(ledger_buckets(l), 2);
    /* lifetime counts are never dropped */
    assert_int_equal(ledger_hold(l, &needs[0], 1, &h, &i_short), 0);
    hold_settle(h, true, COST(0), f->moves, &f->n_moves);
    assert_int_equal(ledger_hold(l, &needs[1], 1, &h, &i_short), -ERR_TOO_LARGE);
    ledger_free(l);
}

static void past_windows_make_room_and_are_not_reopened(void **state)
{
    struct fixture *f = *state;
    struct ledger *l = ledger_new(2, seed);
    struct limit_need a = usd_day("a", USD(10), USD(10)), b = usd_day("b", USD(1), USD(10)),
                      c = usd_day("c", USD(1), USD(10));
    struct hold *h;
    size_t i_short;
    assert_int_equal(ledger_hold(l, &a, 1, &h, &i_short), 0);
    hold_settle(h, true, COST(USD(10)), f->moves, &f->n_moves);
    assert_int_equal(ledger_hold(l, &b, 1, &h, &i_short), 0);
    hold_settle(h, true, COST(USD(1)), f->moves, &f->n_moves);
    assert_int_equal(ledger_hold(l, &c, 1, &h, &i_short), -ERR_TOO_LARGE);
    b.window_start = c.window_start = TODAY + DAY;
    assert_int_equal(ledger_hold(l, &b, 1, &h, &i_short), 0);
    hold_settle(h, true, COST(USD(1)), f->moves, &f->n_moves);
    assert_int_equal(ledger_hold(l, &c, 1, &h, &i_short), 0); /* drops yesterday's `a` */
    hold_release(h, true, f->moves, &f->n_moves);
    int64_t x;
    assert_false(ledger_read(l, a.counter, a.bucket, TODAY, &x, &x));
    a.window_start = TODAY; /* the clock steps back: `a` was full there, so it counts in the latest day */
    ledger_look(l, &a, 1);
    assert_int_equal(a.window_start, TODAY + DAY);
    ledger_free(l);
}

/* The last call's buckets are found sooner: also when one of them went meanwhile, or the next call is another's. */
static void what_the_last_call_counted_in_is_found_only_while_it_is_there(void **state)
{
    struct fixture *f = *state;
    struct ledger *l = ledger_new(1, seed);
    struct hold *h;
    size_t i_short;
    for (size_t i = 0; i < 6; i++) {
        struct limit_need need = usd_day(i % 2 ? "a" : "b", USD(1), USD(1));
        assert_int_equal(ledger_hold(l, &need, 1, &h, &i_short), 0); /* drops the other's */
        struct limit_need other = usd_day(i % 2 ? "b" : "a", USD(1), USD(1));
        ledger_look(l, &other, 1);
        assert_int_equal(other.held, 0);
        ledger_look(l, &need, 1);
        assert_int_equal(need.held, USD(1));
        assert_true(need.is_short);
        hold_release(h, true, f->moves, &f->n_moves);
    }
    ledger_free(l);
}

/* A call that began before midnight and is held behind it: what yesterday counts is not dropped to count it. */
static void a_hold_makes_no_room_with_a_bucket_that_it_needs_itself(void **state)
{
    struct fixture *f = *state;
    struct ledger *l = ledger_new(3, seed);
    struct limit_need a = usd_day("a", USD(6), USD(10)), d = usd_day("d", USD(1), USD(10)),
                      b = usd_day("b", USD(1), USD(10));
    struct hold *h;
    size_t i_short;
    b.window_start = TODAY + DAY;
    const struct limit_need before[] = {a, d, b};
    for (size_t i = 0; i < 3; i++) {
        struct limit_need need = before[i];
        assert_int_equal(ledger_hold(l, &need, 1, &h, &i_short), 0);
        hold_settle(h, true, COST(need.n), f->moves, &f->n_moves);
    }
    struct limit_need late[] = {usd_day("c", USD(2), USD(10)), usd_day("a", USD(4), USD(10))};
    assert_int_equal(ledger_hold(l, late, 2, &h, &i_short), 0);
    int64_t settled, held;
    assert_true(ledger_read(l, a.counter, a.bucket, TODAY, &settled, &held));
    assert_int_equal(settled, USD(6));
    assert_int_equal(held, USD(4));
    assert_false(ledger_read(l, d.counter, d.bucket, TODAY, &settled, &held)); /* it made room */
    hold_release(h, true, f->moves, &f->n_moves);
    assert_true(ledger_check(l));
    ledger_free(l);
}

static void the_store_brings_back_counters_and_holds(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), requests("k", 9), slots("k", 1),
                                 per_call(USD(4), USD(5))};
    struct counter_row row = {needs[0].counter, needs[0].bucket, STR("day"), TODAY, USD(3), USD(4)};
    struct counter_row older = {needs[0].counter, needs[0].bucket, STR("day"), TODAY - DAY, USD(9), 0};
    assert_int_equal(ledger_restore_counter(f->l, &row), 0);
    assert_int_equal(ledger_restore_counter(f->l, &older), 0);
    struct hold *h;
    const int64_t left[] = {USD(4), 1, 1, 0};
    assert_int_equal(ledger_restore_hold(f->l, 42, needs, left, 4, &h), 0);
    assert_true(h->is_unknown);
    assert_int_equal(h->n_live, 0);
    assert_ptr_equal(ledger_find(f->l, 42), h);
    expect(f, needs[0], USD(3), USD(4));
    expect(f, needs[2], 0, 1);

    hold_share(h); /* cut off in flight */
    hold_unknown(h, true, f->moves, &f->n_moves);
    expect(f, needs[0], USD(3), USD(4));
    expect(f, needs[1], 1, 0);
    expect(f, needs[2], 0, 0);
    hold_share(h);
    assert_int_equal(hold_settle(h, false, COST(USD(2)), f->moves, &f->n_moves), 0);
    expect(f, needs[0], USD(5), 0);
    assert_int_equal(f->moves[f->n_moves - 1].of, 42);
    hold_unref(h);
}

static void counters_may_come_after_holds(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(4), USD(10));
    struct hold *h;
    assert_int_equal(ledger_restore_hold(f->l, 42, &need, &(int64_t){USD(1)}, 1, &h), 0);
    struct counter_row row = {need.counter, need.bucket, STR("day"), TODAY + DAY, USD(3), 0};
    assert_int_equal(ledger_restore_counter(f->l, &row), 0);
    need.window_start = TODAY + DAY;
    expect(f, need, USD(3), USD(1));
    hold_share(h);
    hold_settle(h, false, COST(USD(1)), f->moves, &f->n_moves); /* in yesterday's window */
    expect(f, need, USD(3), 0);
    row.settled = -1;
    assert_int_equal(ledger_restore_counter(f->l, &row), -ERR_CORRUPT);
    assert_int_equal(ledger_restore_hold(f->l, 43, &need, &(int64_t){-1}, 1, &h), -ERR_CORRUPT);
    hold_unref(h);
}

static void every_bucket_is_listed_once(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(4), USD(10)), requests("k", 9)};
    struct hold *h = take(f, needs, 2);
    size_t n = 0, i = 0;
    for (struct ledger_row row; ledger_next(f->l, TODAY, &i, &row); n++) {
        bool is_usd = str_eq(row.counter, needs[0].counter);
        assert_true(str_eq(row.bucket, is_usd ? STR("a") : STR("k")));
        assert_int_equal(row.held, is_usd ? USD(4) : 1);
    }
    assert_int_equal(n, 2);
    hold_release(h, true, f->moves, &f->n_moves);
}

static void too_many_needs_and_endless_names_fail_closed(void **state)
{
    struct fixture *f = *state;
    static struct limit_need many[MOVES_MAX + 1];
    static char name[10000];
    struct hold *h = NULL;
    size_t i_short;
    for (size_t i = 0; i <= MOVES_MAX; i++)
        many[i] = per_call(1, 1);
    assert_int_equal(ledger_hold(f->l, many, MOVES_MAX + 1, &h, &i_short), -ERR_TOO_LARGE);
    hold_release(take(f, many, MOVES_MAX), true, f->moves, &f->n_moves);
    struct limit_need need = requests("k", 1);
    for (size_t n = 8192; n <= sizeof name; n += sizeof name - 8192) { /* counter, a byte between, and bucket */
        need.bucket = (struct str){name, n - need.counter.n};
        assert_int_equal(ledger_hold(f->l, &need, 1, &h, &i_short), -ERR_TOO_LARGE);
        assert_null(h);
    }
    need.bucket.n = 8192 - 1 - need.counter.n;
    hold_release(take(f, &need, 1), true, f->moves, &f->n_moves);
}

static void a_hold_that_was_not_recorded_never_was(void **state)
{
    struct fixture *f = *state;
    struct limit_need needs[] = {usd_day("a", USD(5), USD(5)), requests("k", 1), slots("k", 1)};
    int64_t settled, held;
    hold_undo(take(f, needs, 3));
    assert_true(ledger_read(f->l, needs[1].counter, needs[1].bucket, 0, &settled, &held));
    assert_int_equal(settled, 0);
    assert_int_equal(held, 0);
    hold_undo(take(f, needs, 3));
}

static void calls_left_behind_by_the_process_cost_no_memory_and_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct limit_need need = usd_day("a", USD(5), USD(50)), nothing = usd_day("b", 0, USD(1));
    int64_t settled, held;
    struct hold *h = take(f, &need, 1);
    hold_share(h);
    hold_forget(h);
    hold_forget(h);
    hold_forget(take(f, &nothing, 1));
    assert_true(ledger_read(f->l, need.counter, need.bucket, TODAY, &settled, &held));
    assert_int_equal(settled, 0);
    assert_int_equal(held, USD(5));
}

static void windows_that_ended_before_the_start_stay_closed_when_the_clock_steps_back(void **state)
{
    struct fixture *f = *state;
    struct limit_need early = usd_day("spent yesterday", USD(1), USD(5));
    early.window_start = TODAY - DAY;
    ledger_restore_begin(f->l, TODAY + 7);
    hold_settle(take(f, &early, 1), true, COST(USD(1)), f->moves, &f->n_moves);
    assert_true(early.window_start == TODAY);
    early.window_start = TODAY - 40 * DAY;
    take(f, &early, 1);
    assert_true(early.window_start == TODAY);
    assert_int_equal(early.before, USD(1));
    hold_unknown(ledger_find(f->l, 0), true, f->moves, &f->n_moves);
}

static void a_row_without_a_window_that_is_known_is_corrupt(void **state)
{
    struct fixture *f = *state;
    struct counter_row row = {STR("d/usd-day/usd/day/agent"), STR("a"), STR("fortnight"), TODAY, 5, 0};
    assert_int_equal(ledger_restore_counter(f->l, &row), -ERR_CORRUPT);
    row.window = STR("sliding:1m");
    row.window_start = TODAY + 1; /* no slot starts there */
    assert_int_equal(ledger_restore_counter(f->l, &row), -ERR_CORRUPT);
    row.window_start = TODAY;
    assert_int_equal(ledger_restore_counter(f->l, &row), 0);
    row.window = STR("day"); /* one counter has one window */
    assert_int_equal(ledger_restore_counter(f->l, &row), -ERR_CORRUPT);
    row.window = STR("sliding:1h");
    assert_int_equal(ledger_restore_counter(f->l, &row), -ERR_CORRUPT);
}

static void more_is_restored_than_may_be_made(void **state)
{
    struct ledger *l = ledger_new(1, seed);
    struct counter_row rows[] = {{STR("c"), STR("a"), STR("lifetime"), 0, 5, 0},
                                 {STR("c"), STR("b"), STR("run"), 0, 6, 0}};
    struct limit_need need = usd_day("new", 1, 9);
    struct hold *h;
    size_t i_short;
    assert_int_equal(ledger_restore_counter(l, &rows[0]), 0);
    assert_int_equal(ledger_restore_counter(l, &rows[1]), 0);
    assert_int_equal(ledger_buckets(l), 2);
    assert_int_equal(ledger_hold(l, &need, 1, &h, &i_short), -ERR_TOO_LARGE);
    ledger_free(l);
}

/* The bucket's row is of today, its hold of yesterday; a row of another bucket comes between the two. */
static void nothing_restored_makes_way_for_what_is_restored_next(void **state)
{
    struct ledger *l = ledger_new(1, seed);
    struct counter_row mine = {STR("d/usd-day/usd/day/agent"), STR("a"), STR("day"), TODAY, USD(5), 0};
    struct counter_row other = {STR("d/usd-day/usd/day/agent"), STR("b"), STR("day"), TODAY + DAY, USD(1), 0};
    struct limit_need need = usd_day("a", USD(2), USD(9)), next = usd_day("a", USD(3), USD(9));
    struct hold *h;
    size_t i_short;
    need.window_start = TODAY - DAY;
    assert_int_equal(ledger_restore_counter(l, &mine), 0);
    assert_int_equal(ledger_restore_counter(l, &other), 0);
    assert_int_equal(ledger_restore_hold(l, 1, &need, &(int64_t){USD(2)}, 1, &h), 0);
    hold_unref(h);
    assert_int_equal(ledger_hold(l, &next, 1, &h, &i_short), LEDGER_R_EXHAUSTED); /* 5 + 2 + 3 > 9 */
    assert_int_equal(next.before, USD(5));
    ledger_free(l);
}

static void a_hold_may_outlive_its_ledger(void **state)
{
    struct fixture *f = *state;
    struct ledger *l = ledger_new(10, seed);
    struct limit_need need = usd_day("a", 1, 9);
    struct hold *h;
    size_t i_short;
    assert_int_equal(ledger_hold(l, &need, 1, &h, &i_short), 0);
    hold_ref(h);
    hold_unknown(h, true, f->moves, &f->n_moves);
    ledger_free(l);
    hold_unref(h);
    ledger_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hold_fills_the_bucket_to_its_max_and_not_further),
        TEST(all_needs_are_held_or_none),
        TEST(settling_books_the_true_cost_and_frees_the_rest),
        TEST(a_release_gives_money_back_but_the_request_counts),
        TEST(a_charge_in_a_currency_settles_by_that_currency_alone),
        TEST(an_overrun_is_booked_and_closes_the_limit),
        TEST(what_no_number_says_settles_at_what_each_limit_holds),
        TEST(each_meter_of_cost_settles_with_its_own_part),
        TEST(a_part_that_is_unknown_settles_at_its_hold_and_the_others_do_not),
        TEST(one_meter_beyond_its_hold_is_an_overrun),
        TEST(an_unknown_outcome_stays_held_when_nobody_refers_to_it),
        TEST(an_unknown_hold_is_settled_later_or_cleared_later),
        TEST(a_shared_hold_is_released_by_the_last_call_only),
        TEST(one_unknown_sharer_keeps_the_money),
        TEST(the_first_settle_counts_once),
        TEST(a_new_day_starts_at_zero_and_a_late_settle_stays_in_the_old_one),
        TEST(a_clock_that_steps_back_finds_the_later_window),
        TEST(a_per_call_limit_is_compared_and_never_charged),
        TEST(needs_on_one_bucket_add_up),
        TEST(a_sum_that_does_not_fit_leaves_no_room),
        TEST(a_dry_run_fills_the_needs_and_changes_nothing),
        TEST(a_full_table_refuses_new_buckets_and_undoes_half_a_hold),
        TEST(past_windows_make_room_and_are_not_reopened),
        TEST(what_the_last_call_counted_in_is_found_only_while_it_is_there),
        TEST(a_hold_makes_no_room_with_a_bucket_that_it_needs_itself),
        TEST(the_store_brings_back_counters_and_holds),
        TEST(counters_may_come_after_holds),
        TEST(every_bucket_is_listed_once),
        TEST(too_many_needs_and_endless_names_fail_closed),
        TEST(a_hold_that_was_not_recorded_never_was),
        TEST(calls_left_behind_by_the_process_cost_no_memory_and_change_nothing),
        TEST(windows_that_ended_before_the_start_stay_closed_when_the_clock_steps_back),
        TEST(a_row_without_a_window_that_is_known_is_corrupt),
        TEST(more_is_restored_than_may_be_made),
        TEST(nothing_restored_makes_way_for_what_is_restored_next),
        TEST(a_hold_may_outlive_its_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
