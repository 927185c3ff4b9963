/*
 * budget/bucket.c - the table of buckets: found by counter and bucket value, made at first touch, dropped when full.
 *
 *   (1) never more than buckets_max; a full table drops a bucket only if that changes no later answer: one that says
 *       nothing, or one whose calendar window is past.
 *   (2) after a calendar bucket was dropped, no window before the latest one seen can be entered again by a first touch
 *       that falls into its window or an earlier one: a clock that steps back finds nothing reopened.
 *   (3) every step is O(1): the table is searched under the ledger mutex.
 */
#include "budget/ledger_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int64_t add_capped(int64_t a, int64_t b)
{
    money_t sum;
    return money_add(a, b, &sum) ? sum : INT64_MAX;
}

static bool is_calendar(enum limit_window w)
{
    return w == WINDOW_DAY || w == WINDOW_MONTH;
}

void bucket_evicted(struct ledger *l, enum limit_window w, wall_t start)
{
    if (start > l->evicted[w])
        l->evicted[w] = start;
    if (start > l->newest[w])
        l->newest[w] = start;
}

struct str bucket_counter(const struct bucket *b)
{
    return (struct str){b->key, b->counter_n};
}

struct str bucket_name(const struct bucket *b)
{
    return (struct str){b->key + b->counter_n + 1, b->key_n - b->counter_n - 1};
}

static int make_key(const struct ledger *l, struct str counter, struct str bucket, struct str *ret)
{
    buf_reset(l->key);
    int r = buf_add(l->key, counter);
    if (r == 0)
        r = buf_add_byte(l->key, '\n');
    if (r == 0)
        r = buf_add(l->key, bucket);
    if (r < 0)
        return r;
    *ret = buf_str(l->key);
    return 0;
}

struct bucket *bucket_find(const struct ledger *l, struct str counter, struct str bucket)
{
    struct str key;
    return make_key(l, counter, bucket, &key) == 0 ? map_get(&l->buckets, key) : NULL;
}

static void drop(struct ledger *l, struct bucket *b)
{
    check(b->n_open == 0 && b->held == 0);
    if (is_calendar(b->window))
        bucket_evicted(l, b->window, b->window_start);
    if (b->window == WINDOW_MONTH) /* a restored one may be of a day that begins a month */
        bucket_evicted(l, WINDOW_DAY, b->window_start);
    list_remove(&b->idle);
    check(map_remove(&l->buckets, (struct str){b->key, b->key_n}) == b);
    free(b);
}

/* Room for one more, if some bucket can go. */
static void make_room(struct ledger *l)
{
    struct list *node = list_first(&l->empty);
    if (node) {
        drop(l, list_entry(node, struct bucket, idle));
        return;
    }
    for (enum limit_window w = WINDOW_DAY; w <= WINDOW_MONTH; w++) {
        node = list_first(&l->spent[w]);
        struct bucket *b = node ? list_entry(node, struct bucket, idle) : NULL;
        if (b && b->window_start < l->newest[w]) {
            drop(l, b);
            return;
        }
    }
}

static int bucket_new(struct ledger *l, struct str key, size_t counter_n, struct bucket **ret)
{
    struct bucket *b = calloc(1, sizeof *b + key.n);
    if (!b)
        return -ERR_NOMEM;
    list_init(&b->idle);
    b->counter_n = counter_n;
    b->key_n = key.n;
    memcpy(b->key, key.p, key.n);
    if (l->buckets.n >= l->buckets.n_max)
        make_room(l);
    int r = map_put(&l->buckets, key, b, NULL);
    if (r < 0) {
        free(b);
        return r;
    }
    *ret = b;
    return 0;
}

int bucket_open(struct ledger *l, struct str counter, struct str bucket, enum limit_window window, wall_t window_start,
                struct bucket **ret)
{
    struct str key;
    int r = make_key(l, counter, bucket, &key);
    if (r < 0)
        return err_trace(r);
    struct bucket *b = map_get(&l->buckets, key);
    if (!b) {
        r = bucket_new(l, key, counter.n, &b);
        if (r < 0)
            return err_trace(r);
        b->window_start = window_start;
    }
    b->window = window;
    list_remove(&b->idle);
    b->n_open++;
    *ret = b;
    return 0;
}

void bucket_close(struct ledger *l, struct bucket *b)
{
    check(b->n_open > 0);
    if (--b->n_open > 0)
        return;
    check(b->held == 0);
    bucket_rest(l, b);
}

void bucket_rest(struct ledger *l, struct bucket *b)
{
    check(b->n_open == 0 && b->held == 0);
    list_remove(&b->idle);
    if (b->settled == 0)
        list_add_tail(&l->empty, &b->idle);
    else if (is_calendar(b->window))
        list_add_tail(&l->spent[b->window], &b->idle);
}

void bucket_roll(struct bucket *b, wall_t window_start)
{
    if (window_start <= b->window_start)
        return;
    b->window_start = window_start;
    b->settled = 0;
}

wall_t bucket_window(const struct ledger *l, const struct bucket *b, enum limit_window window, wall_t window_start)
{
    if (!b)
        return is_calendar(window) && window_start <= l->evicted[window] ? l->newest[window] : window_start;
    return window_start > b->window_start ? window_start : b->window_start;
}
