/*
 * budget/ledger.c - how much may still be spent: looking, holding, restoring, proving.
 *
 * A hold is taken in two steps under the caller's mutex: all needs are compared, then all are charged. Nothing is
 * changed before every need fits, and what fails later (memory, a full table) is undone before it returns.
 */
#include "budget/ledger_impl.h"

#include <stdlib.h>

#include "base/err.h"

/* The whole walk, in debug builds, where the ledger is small enough for it. */
#define CHECK_BUCKETS_MAX 2000
#define is_sound(l) ((l)->buckets.n > CHECK_BUCKETS_MAX || ledger_check(l))

struct ledger *ledger_new(size_t buckets_max, const uint8_t seed[16])
{
    struct ledger *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    map_init(&l->buckets, buckets_max, seed);
    list_init(&l->holds);
    list_init(&l->empty);
    for (size_t w = 0; w < N_WINDOWS; w++)
        list_init(&l->spent[w]);
    l->key = &l->key_buf;
    buf_init(l->key, BUCKET_KEY_BYTES_MAX);
    return l;
}

/* A hold whose ledger goes: freed, or left to those who still refer to it, with nothing open. */
static void cut_loose(struct hold *h)
{
    list_remove(&h->node);
    for (size_t i = 0; i < h->n_charges; i++) {
        h->charges[i].bucket = NULL;
        h->charges[i].left = 0;
    }
    h->n_open = 0;
    h->ledger = NULL;
    if (h->n_refs == 0)
        free(h);
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    list_each_safe(node, tmp, &l->holds)
        cut_loose(list_entry(node, struct hold, node));
    struct str key;
    void *b;
    for (size_t i = 0; map_next(&l->buckets, &i, &key, &b);)
        free(b);
    map_deinit(&l->buckets);
    buf_deinit(l->key);
    free(l);
}

/* What earlier needs of the same call take from the same bucket. */
static int64_t taken_before(const struct limit_need *needs, size_t i)
{
    int64_t sum = 0;
    for (size_t k = 0; k < i; k++)
        if (needs[k].window != WINDOW_CALL && str_eq(needs[k].counter, needs[i].counter) &&
            str_eq(needs[k].bucket, needs[i].bucket))
            sum = add_capped(sum, needs[k].n);
    return sum;
}

static void look(const struct ledger *l, struct limit_need *needs, size_t i)
{
    struct limit_need *need = &needs[i];
    check(need->n >= 0 && need->max >= 0);
    need->before = need->held = 0;
    if (need->window != WINDOW_CALL) {
        const struct bucket *b = bucket_find(l, need->counter, need->bucket);
        need->window_start = bucket_window(l, b, need->window, need->window_start);
        if (b) {
            need->before = need->window_start > b->window_start ? 0 : b->settled;
            need->held = b->held;
        }
        need->held = add_capped(need->held, taken_before(needs, i));
    }
    need->after = add_capped(add_capped(need->before, need->held), need->n);
    need->is_short = need->after > need->max || need->after == INT64_MAX;
}

void ledger_look(struct ledger *l, struct limit_need *needs, size_t n_needs)
{
    for (size_t i = 0; i < n_needs; i++)
        look(l, needs, i);
}

static int charge_all(struct ledger *l, struct hold *h, const struct limit_need *needs)
{
    for (size_t i = 0; i < h->n_charges; i++) {
        const struct limit_need *need = &needs[i];
        if (need->window == WINDOW_CALL)
            continue;
        struct bucket *b;
        int r = bucket_open(l, need->counter, need->bucket, need->window, need->window_start, &b);
        if (r < 0)
            return err_trace(r);
        bucket_roll(b, need->window_start);
        if (need->window_start > l->newest[need->window])
            l->newest[need->window] = need->window_start;
        hold_charge(h, i, b, need->meter, need->n, need->n);
    }
    return 0;
}

int ledger_hold(struct ledger *l, struct limit_need *needs, size_t n_needs, struct hold **ret_hold, size_t *ret_i_short)
{
    if (n_needs > MOVES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    ledger_look(l, needs, n_needs);
    for (size_t i = 0; i < n_needs; i++) {
        if (!needs[i].is_short)
            continue;
        *ret_i_short = i;
        return LEDGER_R_EXHAUSTED;
    }

    struct hold *h = hold_new(l, n_needs);
    if (!h)
        return err_trace(-ERR_NOMEM);
    int r = charge_all(l, h, needs);
    if (r < 0) {
        hold_abandon(h);
        return err_trace(r);
    }
    h->n_live = 1;
    check_slow(is_sound(l));
    *ret_hold = h;
    return 0;
}

void ledger_restore_begin(struct ledger *l, wall_t now)
{
    bucket_evicted(l, WINDOW_DAY, wall_day_start(now) - 1);
    bucket_evicted(l, WINDOW_MONTH, wall_month_start(now) - 1);
    l->newest[WINDOW_DAY] = wall_day_start(now);
    l->newest[WINDOW_MONTH] = wall_month_start(now);
}

/*
 * What was counted is counted again, also where fewer buckets are allowed by now: else nothing could start. And nothing
 * goes for it: a hold that is restored later would find the bucket of its old window, and what is settled now
 * forgotten.
 */
static int reopen(struct ledger *l, struct str counter, struct str bucket, enum limit_window window, wall_t start,
                  struct bucket **ret)
{
    if (l->buckets.n == l->buckets.n_max && !bucket_find(l, counter, bucket))
        l->buckets.n_max++;
    return bucket_open(l, counter, bucket, window, start, ret);
}

int ledger_restore_counter(struct ledger *l, const struct counter_row *r)
{
    struct bucket *b = bucket_find(l, r->counter, r->bucket);
    if (b && r->window_start < b->window_start)
        return 0;
    if (r->settled < 0)
        return err_trace(-ERR_CORRUPT);

    /* The row does not say which calendar it is in: the longer one drops no bucket early. */
    enum limit_window window = WINDOW_LIFETIME;
    if (r->window_start != 0)
        window = r->window_start == wall_month_start(r->window_start) ? WINDOW_MONTH : WINDOW_DAY;
    int e = reopen(l, r->counter, r->bucket, b ? b->window : window, r->window_start, &b);
    if (e < 0)
        return err_trace(e);
    bucket_roll(b, r->window_start);
    b->settled = r->settled;
    if (r->window_start > l->newest[b->window])
        l->newest[b->window] = r->window_start;
    bucket_close(l, b);
    return 0;
}

int ledger_restore_hold(struct ledger *l, uint64_t open_seq, const struct limit_need *needs, const int64_t *left,
                        size_t n, struct hold **ret_hold)
{
    if (n > MOVES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    struct hold *h = hold_new(l, n);
    if (!h)
        return err_trace(-ERR_NOMEM);
    h->open_seq = open_seq;
    h->is_unknown = true;
    for (size_t i = 0; i < n; i++) {
        const struct limit_need *need = &needs[i];
        if (need->window == WINDOW_CALL || left[i] == 0)
            continue;
        struct bucket *b;
        int r = left[i] < 0 || need->n < 0
                    ? -ERR_CORRUPT
                    : reopen(l, need->counter, need->bucket, need->window, need->window_start, &b);
        if (r < 0) {
            hold_abandon(h);
            return err_trace(r);
        }
        bucket_roll(b, need->window_start);
        hold_charge(h, i, b, need->meter, need->n, left[i]);
        h->charges[i].window_start = need->window_start;
    }
    check_slow(is_sound(l));
    *ret_hold = h;
    return 0;
}

struct hold *ledger_find(const struct ledger *l, uint64_t open_seq)
{
    list_each(node, &l->holds) {
        struct hold *h = list_entry(node, struct hold, node);
        if (h->open_seq == open_seq)
            return h;
    }
    return NULL;
}

/* What (2) says of one hold; adds its charges to the sums of their buckets. */
static bool is_hold_sound(const struct hold *h)
{
    size_t n_open = 0;
    for (size_t i = 0; i < h->n_charges; i++) {
        const struct charge *c = &h->charges[i];
        if (c->left < 0 || (!c->bucket && c->left != 0))
            return false;
        if (!c->bucket)
            continue;
        if (c->window_start > c->bucket->window_start)
            return false;
        n_open++;
        c->bucket->sum_left += c->left;
        c->bucket->sum_open++;
    }
    return n_open > 0 && n_open == h->n_open && (h->n_refs > 0 || h->n_live == 0);
}

bool ledger_check(const struct ledger *l)
{
    struct str key;
    void *p;
    for (size_t i = 0; map_next(&l->buckets, &i, &key, &p);) {
        struct bucket *b = p;
        b->sum_left = 0;
        b->sum_open = 0;
    }
    list_each(node, &l->holds)
        if (!is_hold_sound(list_entry(node, struct hold, node)))
            return false;
    for (size_t i = 0; map_next(&l->buckets, &i, &key, &p);) {
        const struct bucket *b = p;
        if (b->held != b->sum_left || b->n_open != b->sum_open || b->held < 0 || b->settled < 0)
            return false;
        if (b->n_open > 0 && list_is_linked(&b->idle))
            return false;
    }
    return true;
}

size_t ledger_buckets(const struct ledger *l)
{
    return l->buckets.n;
}

bool ledger_read(const struct ledger *l, struct str counter, struct str bucket, wall_t window_start,
                 int64_t *ret_settled, int64_t *ret_held)
{
    const struct bucket *b = bucket_find(l, counter, bucket);
    if (!b)
        return false;
    *ret_settled = window_start > b->window_start ? 0 : b->settled;
    *ret_held = b->held;
    return true;
}

bool ledger_next(const struct ledger *l, size_t *i, struct counter_row *ret)
{
    struct str key;
    void *p;
    if (!map_next(&l->buckets, i, &key, &p))
        return false;
    const struct bucket *b = p;
    *ret = (struct counter_row){bucket_counter(b), bucket_name(b), b->window_start, b->settled, b->held};
    return true;
}
