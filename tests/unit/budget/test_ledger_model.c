/*
 * budget/ledger against a model without cleverness: every charge of every hold in an array, sums made anew each time.
 * 100,000 random steps; after each one all answers and all buckets are compared, and the ledger proves itself. What was
 * settled in a sliding window is kept event by event.
 */
#include "budget/ledger.h"

#include "base/rand.h"
#include "unit.h"

#define DAY (86400 * NS_PER_S)
#define MONTH (32 * DAY)

enum { N_LIMITS = 11, N_NAMES = 3, N_HOLDS = 24, N_PAST = 4096, N_BUCKETS = N_LIMITS * N_NAMES, STEPS = 100000 };

struct limit_row {
    const char *counter;
    enum limit_meter meter;
    enum limit_window window;
    int64_t max;
    int64_t sliding_ns;
};
static const struct limit_row limits[N_LIMITS] = {
    {"d/a/usd/day/agent", METER_USD, WINDOW_DAY, 4000},
    {"d/b/usd/month/agent", METER_USD, WINDOW_MONTH, 30000},
    {"d/c/usd/lifetime/", METER_USD, WINDOW_LIFETIME, 30000000},
    {"d/g/tokens/day/agent", METER_TOKENS, WINDOW_DAY, 6000},
    {"d/h/input_tokens/month/", METER_INPUT_TOKENS, WINDOW_MONTH, 60000},
    {"d/i/output_tokens/day/agent", METER_OUTPUT_TOKENS, WINDOW_DAY, 3000},
    {"d/j/usd/sliding:31d/agent", METER_USD, WINDOW_SLIDING, 15000, SLIDING_NS_MAX},
    {"d/k/requests/sliding:1h/", METER_REQUESTS, WINDOW_SLIDING, 12, 3600 * NS_PER_S},
    {"d/l/tokens/sliding:7d/", METER_TOKENS, WINDOW_SLIDING, 14000, 7 * DAY},
    {"d/e/requests/run/run", METER_REQUESTS, WINDOW_DAY, 30},
    {"d/f/concurrent/instant/key", METER_CONCURRENT, WINDOW_INSTANT, 6},
};
static const char *const names[N_NAMES] = {"-", "agent=x", "agent=y"};

struct model_event {
    wall_t at;
    int64_t n;
};
struct model_bucket {
    bool is_there;
    wall_t window;
    int64_t settled;
    struct model_event past[N_PAST]; /* of a sliding window */
    size_t n_past;
};
struct model_charge {
    bool is_open;
    int i_bucket;
    wall_t window;
    int64_t n, left;
};
struct model_hold {
    struct hold *h; /* NULL: free row */
    uint64_t open_seq;
    int n_live;      /* marks the test holds */
    bool is_owner_live, is_index, is_unknown, is_settled, is_released;
    struct model_charge charges[N_LIMITS];
};
struct model {
    struct ledger *l;
    struct rng r;
    wall_t day, now; /* now: some time of the day */
    uint64_t seq;
    struct model_bucket buckets[N_BUCKETS];
    struct model_hold holds[N_HOLDS];
    int64_t unreferenced[N_BUCKETS]; /* held for good: unknown, and forgotten by everyone */
    long taken, refused, overruns, restored;
};

static int64_t held_in(const struct model *m, int i_bucket)
{
    int64_t sum = m->unreferenced[i_bucket];
    for (int k = 0; k < N_HOLDS; k++)
        for (int i = 0; m->holds[k].h && i < N_LIMITS; i++)
            if (m->holds[k].charges[i].is_open && m->holds[k].charges[i].i_bucket == i_bucket)
                sum += m->holds[k].charges[i].left;
    return sum;
}

static int64_t slot_of(int i)
{
    return (limits[i].sliding_ns + 59) / 60;
}

/* What counts on the bucket of limit i when it is looked at in the window or slot of `start`. */
static int64_t settled_in(const struct model_bucket *b, int i, wall_t start)
{
    int64_t sum = 0;
    if (!b->is_there || (limits[i].window != WINDOW_SLIDING && start > b->window))
        return 0;
    if (limits[i].window != WINDOW_SLIDING)
        return b->settled;
    start = start > b->window ? start : b->window;
    for (size_t k = 0; k < b->n_past; k++)
        if (b->past[k].at + 61 * slot_of(i) > start)
            sum += b->past[k].n;
    return sum;
}

static bool is_cost(int i)
{
    return limits[i].meter != METER_REQUESTS && limits[i].meter != METER_CONCURRENT;
}

/* As used_of(), written anew. Unknown: the charge settles at what it holds. */
static int64_t part_of(int i, const struct used *u, int64_t left)
{
    bool has_in = limits[i].meter == METER_TOKENS || limits[i].meter == METER_INPUT_TOKENS;
    bool has_out = limits[i].meter == METER_TOKENS || limits[i].meter == METER_OUTPUT_TOKENS;
    if (limits[i].meter == METER_USD)
        return u->usd < 0 ? left : u->usd;
    if ((has_in && u->input_tokens < 0) || (has_out && u->output_tokens < 0))
        return left;
    return (has_in ? u->input_tokens : 0) + (has_out ? u->output_tokens : 0);
}

static struct limit_need need_of(struct model *m, int i, int i_bucket, const struct used *ask)
{
    const struct limit_row *row = &limits[i];
    wall_t start = row->window == WINDOW_DAY       ? m->day
                   : row->window == WINDOW_MONTH   ? m->day / MONTH * MONTH
                   : row->window == WINDOW_SLIDING ? m->now / slot_of(i) * slot_of(i)
                                                   : 0;
    return (struct limit_need){.counter = str_c(row->counter),
                               .bucket = str_c(names[i_bucket % N_NAMES]),
                               .meter = row->meter,
                               .window = row->window,
                               .sliding_ns = row->sliding_ns,
                               .window_start = start,
                               .max = row->max,
                               .n = is_cost(i) ? part_of(i, ask, 0) : 1};
}

static void compare(struct model *m)
{
    assert_true(ledger_check(m->l));
    size_t n = 0;
    for (int b = 0; b < N_BUCKETS; b++) {
        int64_t settled = -1, held = -1;
        const struct model_bucket *want = &m->buckets[b];
        n += want->is_there;
        bool is_there = ledger_read(m->l, str_c(limits[b / N_NAMES].counter), str_c(names[b % N_NAMES]), want->window,
                                    &settled, &held);
        assert_int_equal(is_there, want->is_there);
        if (!is_there)
            continue;
        assert_int_equal(settled, settled_in(want, b / N_NAMES, want->window));
        assert_int_equal(held, held_in(m, b));
    }
    assert_int_equal(ledger_buckets(m->l), n);
}

static void touch(struct model_bucket *b, wall_t window)
{
    if (b->is_there && window <= b->window)
        return;
    b->is_there = true;
    b->window = window;
    b->settled = 0;
}

static void settle(struct model_bucket *b, int i, wall_t window, int64_t n)
{
    size_t n_kept = 0;
    if (b->window == window)
        b->settled += n;
    for (size_t k = 0; k < b->n_past; k++) /* what is long past is forgotten, so that the rest has room */
        if (b->past[k].at + 200 * slot_of(i) > b->window)
            b->past[n_kept++] = b->past[k];
    b->n_past = n_kept;
    assert_true(n_kept < N_PAST);
    if (limits[i].window == WINDOW_SLIDING)
        b->past[b->n_past++] = (struct model_event){window, n};
}

static void end_charge(struct model *m, struct model_charge *c, int64_t settled, struct move want, struct move *moves,
                       size_t *n)
{
    want.released = c->left;
    want.settled = settled;
    moves[(*n)++] = want;
    settle(&m->buckets[c->i_bucket], c->i_bucket / N_NAMES, c->window, settled);
    c->is_open = false;
    c->left = 0;
}

static struct model_hold *free_row(struct model *m)
{
    for (int k = 0; k < N_HOLDS; k++)
        if (!m->holds[k].h)
            return &m->holds[k];
    return NULL;
}

static void step_hold(struct model *m)
{
    struct model_hold *row = free_row(m);
    if (!row)
        return;
    struct limit_need needs[N_LIMITS];
    int i_buckets[N_LIMITS], i_short_want = -1;
    const struct used ask = {(int64_t)rng_below(&m->r, 400), (int64_t)rng_below(&m->r, 400),
                             (int64_t)rng_below(&m->r, 300)};
    for (int i = 0; i < N_LIMITS; i++) {
        int b = i_buckets[i] = i * N_NAMES + (int)rng_below(&m->r, N_NAMES);
        needs[i] = need_of(m, i, b, &ask);
        int64_t settled = settled_in(&m->buckets[b], i, needs[i].window_start);
        if (settled + held_in(m, b) + needs[i].n > needs[i].max && i_short_want < 0)
            i_short_want = i;
    }
    struct hold *h = NULL;
    size_t i_short = 99;
    int r = ledger_hold(m->l, needs, N_LIMITS, &h, &i_short);
    if (i_short_want >= 0) {
        assert_int_equal(r, LEDGER_R_EXHAUSTED);
        assert_int_equal(i_short, i_short_want);
        m->refused++;
        return;
    }
    assert_int_equal(r, 0);
    m->taken++;
    h->open_seq = ++m->seq;
    *row = (struct model_hold){.h = h, .open_seq = m->seq, .n_live = 1, .is_owner_live = true};
    for (int i = 0; i < N_LIMITS; i++) {
        struct model_bucket *b = &m->buckets[i_buckets[i]];
        touch(b, needs[i].window_start);
        assert_int_equal(needs[i].window_start, b->window);
        row->charges[i] = (struct model_charge){true, i_buckets[i], b->window, needs[i].n, needs[i].n};
    }
    if (rng_below(&m->r, 2)) {
        hold_ref(h);
        row->is_index = true;
    }
}

static void forget_if_unreferenced(struct model *m, struct model_hold *row)
{
    if (row->n_live > 0 || row->is_index)
        return;
    for (int i = 0; i < N_LIMITS; i++)
        if (row->charges[i].is_open)
            m->unreferenced[row->charges[i].i_bucket] += row->charges[i].left;
    row->h = NULL;
}

static void expect_moves(const struct move *got, size_t n_got, const struct move *want, size_t n_want)
{
    assert_int_equal(n_got, n_want);
    for (size_t i = 0; i < n_got; i++) {
        assert_int_equal(got[i].of, want[i].of);
        assert_int_equal(got[i].i, want[i].i);
        assert_int_equal(got[i].released, want[i].released);
        assert_int_equal(got[i].settled, want[i].settled);
    }
}

static int64_t some_or_unknown(struct model *m, uint64_t n)
{
    return rng_below(&m->r, 8) ? (int64_t)rng_below(&m->r, n) : USED_UNKNOWN;
}

/* 0 settle, 1 release, 2 unknown */
static void step_end(struct model *m, struct model_hold *row)
{
    int how = (int)rng_below(&m->r, 3);
    bool is_owner = row->is_owner_live && (row->n_live == 1 || rng_below(&m->r, 2));
    const struct used used = {some_or_unknown(m, 500), some_or_unknown(m, 450), some_or_unknown(m, 350)};
    bool is_overrun = false;
    struct move want[N_LIMITS], got[N_LIMITS];
    size_t n_want = 0, n_got = 0;
    row->n_live--;
    row->is_owner_live &= !is_owner;
    for (int i = 0; i < N_LIMITS && is_owner; i++)
        if (row->charges[i].is_open && !is_cost(i))
            end_charge(m, &row->charges[i], limits[i].meter == METER_REQUESTS ? row->charges[i].left : 0,
                       (struct move){row->open_seq, (size_t)i, 0, 0}, want, &n_want);
    bool is_over = row->is_settled || row->is_released;
    bool is_first = how == 0 && !is_over;
    row->is_unknown |= how == 2;
    bool is_given_back = how == 1 && !is_over && row->n_live == 0 && !row->is_unknown;
    for (int i = 0; i < N_LIMITS && (is_first || is_given_back); i++) {
        if (!row->charges[i].is_open || !is_cost(i))
            continue;
        int64_t n = part_of(i, &used, row->charges[i].left);
        is_overrun |= is_first && n > row->charges[i].n;
        end_charge(m, &row->charges[i], is_first ? n : 0, (struct move){row->open_seq, (size_t)i, 0, 0}, want,
                   &n_want);
    }
    row->is_settled |= is_first;
    row->is_released |= is_given_back;

    int r = how == 0   ? hold_settle(row->h, is_owner, &used, got, &n_got)
            : how == 1 ? hold_release(row->h, is_owner, got, &n_got)
                       : hold_unknown(row->h, is_owner, got, &n_got);
    assert_int_equal(r, is_overrun ? HOLD_R_OVERRUN : 0);
    m->overruns += r == HOLD_R_OVERRUN;
    expect_moves(got, n_got, want, n_want);
    forget_if_unreferenced(m, row);
}

static void step_share_or_drop(struct model *m, struct model_hold *row)
{
    if (!row->is_released && rng_below(&m->r, 2)) {
        hold_share(row->h);
        row->n_live++;
    } else if (row->is_index) {
        hold_unref(row->h);
        row->is_index = false;
        forget_if_unreferenced(m, row);
    }
}

/* The rows of one bucket: one, or one a slot, in any order. */
static void restore_bucket(struct model *m, int b)
{
    const struct model_bucket *mb = &m->buckets[b];
    const struct limit_row *limit = &limits[b / N_NAMES];
    char text[WINDOW_TEXT_BYTES];
    struct counter_row row = {str_c(limit->counter), str_c(names[b % N_NAMES]),
                              window_text(limit->window, limit->sliding_ns, STR_NONE, text), mb->window, 0, 123};
    if (!mb->is_there)
        return;
    if (limit->window != WINDOW_SLIDING)
        row.settled = mb->settled;
    size_t first = mb->n_past ? rng_below(&m->r, mb->n_past) : 0;
    assert_int_equal(ledger_restore_counter(m->l, &row), 0);
    for (size_t k = 0; k < mb->n_past; k++) {
        const struct model_event *e = &mb->past[(first + k) % mb->n_past];
        row.window_start = e->at;
        row.settled = e->n;
        assert_int_equal(ledger_restore_counter(m->l, &row), 0);
    }
}

/* A restart: what the store would have is put into a new ledger. */
static void step_restart(struct model *m)
{
    for (int k = 0; k < N_HOLDS; k++) {
        struct model_hold *row = &m->holds[k];
        struct move moves[N_LIMITS];
        size_t n_moves = 0;
        if (row->h && row->is_index)
            hold_unref(row->h);
        while (row->h && row->n_live > 0) { /* their calls die with the process */
            hold_unknown(row->h, false, moves, &n_moves);
            row->n_live--;
        }
    }
    ledger_free(m->l);
    m->l = ledger_new(1000, NULL);
    m->restored++;
    memset(m->unreferenced, 0, sizeof m->unreferenced); /* written off between the runs */

    for (int b = 0; b < N_BUCKETS; b++)
        restore_bucket(m, b);
    for (int k = 0; k < N_HOLDS; k++) {
        struct model_hold *row = &m->holds[k];
        struct limit_need needs[N_LIMITS];
        int64_t left[N_LIMITS], sum = 0;
        for (int i = 0; row->h && i < N_LIMITS; i++) {
            struct model_charge *c = &row->charges[i];
            needs[i] = need_of(m, i, c->i_bucket, &(struct used){0, 0, 0});
            needs[i].window_start = c->window;
            needs[i].n = c->n;
            left[i] = c->is_open ? c->left : 0;
            c->is_open &= left[i] > 0;
            sum += left[i];
        }
        if (!row->h || sum == 0) {
            row->h = NULL;
            continue;
        }
        assert_int_equal(ledger_restore_hold(m->l, row->open_seq, needs, left, N_LIMITS, &row->h), 0);
        *row = (struct model_hold){.h = row->h, .open_seq = row->open_seq, .is_index = true, .is_unknown = true};
        for (int i = 0; i < N_LIMITS; i++)
            row->charges[i] = (struct model_charge){left[i] > 0, 0, needs[i].window_start, needs[i].n, left[i]};
        for (int i = 0; i < N_LIMITS; i++)
            for (int nm = 0; nm < N_NAMES; nm++)
                if (str_eq(needs[i].bucket, str_c(names[nm])))
                    row->charges[i].i_bucket = i * N_NAMES + nm;
        /* as recovery does: the cut-off call counts, its slot is free, its money stays */
        struct move moves[N_LIMITS], want[N_LIMITS];
        size_t n_moves = 0, n_want = 0;
        hold_share(row->h);
        hold_unknown(row->h, true, moves, &n_moves);
        for (int i = 0; i < N_LIMITS; i++)
            if (row->charges[i].is_open && !is_cost(i))
                end_charge(m, &row->charges[i], limits[i].meter == METER_REQUESTS ? row->charges[i].left : 0,
                           (struct move){row->open_seq, (size_t)i, 0, 0}, want, &n_want);
        expect_moves(moves, n_moves, want, n_want);
    }
}

static void agrees_with_a_naive_model_over_random_steps(void **state)
{
    static struct model m;
    m.l = ledger_new(1000, NULL);
    m.day = 640 * MONTH;
    rng_seeded_init(&m.r, 7);
    for (int step = 0; step < STEPS; step++) {
        struct model_hold *row = &m.holds[rng_below(&m.r, N_HOLDS)];
        m.now = m.day + (wall_t)rng_below(&m.r, DAY);
        uint64_t what = rng_below(&m.r, 100);
        if (what < 45)
            step_hold(&m);
        else if (what < 85 && row->h && row->n_live > 0)
            step_end(&m, row);
        else if (what < 98 && row->h)
            step_share_or_drop(&m, row);
        else if (what == 98)
            m.day += rng_below(&m.r, 4) ? DAY : -DAY; /* the clock may step back */
        else if (what == 99 && rng_below(&m.r, 10) == 0)
            step_restart(&m);
        compare(&m);
    }
    /* the test went everywhere */
    assert_true(m.taken > 5000 && m.refused > 1000 && m.overruns > 500 && m.restored > 50);
    for (int k = 0; k < N_HOLDS; k++) {
        struct move moves[N_LIMITS * 4];
        while (m.holds[k].h && m.holds[k].n_live-- > 0) {
            size_t n = 0;
            hold_release(m.holds[k].h, false, moves, &n);
        }
        if (m.holds[k].h && m.holds[k].is_index)
            hold_unref(m.holds[k].h);
    }
    ledger_free(m.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_a_naive_model_over_random_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
