/*
 * budget/bucket.c - the table of buckets: found by counter and bucket value, made at first touch, dropped when full.
 *
 *   (1) never more than buckets_max; a full table drops a bucket only if that changes no later answer: one that says
 *       nothing, or one whose window is past.
 *   (2) after a bucket of a window that moves was dropped, no window before the latest one seen can be entered again by
 *       a first touch that would count what it counted, or come before that: a clock that steps back finds nothing
 *       reopened.
 *   (3) every step is O(1), or O(slots) of one sliding window: the table is searched under the ledger mutex.
 */
#include "budget/ledger_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Sliding windows differ in length, so the first in their list may not be the first to end: so many are looked at. */
#define ROOM_LOOKS 16

struct str bucket_counter(const struct bucket *b)
{
    return (struct str){b->key, b->counter_n};
}

struct str bucket_name(const struct bucket *b)
{
    return (struct str){b->key + b->counter_n + 1, b->key_n - b->counter_n - 1};
}

bool bucket_key(struct str counter, struct str bucket, char out[BUCKET_KEY_BYTES_MAX], struct str *ret)
{
    char *at = out;
    if (counter.n >= BUCKET_KEY_BYTES_MAX || bucket.n >= BUCKET_KEY_BYTES_MAX - counter.n)
        return false;
    (void)str_put(&at, counter);
    *at++ = '\n';
    (void)str_put(&at, bucket);
    *ret = (struct str){out, (size_t)(at - out)};
    return true;
}

struct bucket *bucket_find(const struct ledger *l, struct str counter, struct str bucket)
{
    char text[BUCKET_KEY_BYTES_MAX];
    struct str key;
    return bucket_key(counter, bucket, text, &key) ? map_get(&l->buckets, key) : NULL;
}

static bool is_of(const struct bucket *b, const struct limit_need *need)
{
    return b->key_n == need->counter.n + 1 + need->bucket.n && str_eq(bucket_counter(b), need->counter) &&
           str_eq(bucket_name(b), need->bucket);
}

struct bucket *bucket_find_recent(struct ledger *l, size_t i, const struct limit_need *need)
{
    struct bucket **recent = &l->recent[i % LEDGER_RECENT];
    if (!*recent || !is_of(*recent, need))
        *recent = bucket_find(l, need->counter, need->bucket);
    return *recent;
}

wall_t bucket_end(const struct bucket *b, wall_t window_start)
{
    if (b->ring)
        return window_start + (SLIDING_SLOTS + 1) * b->ring->slot_ns;
    return window_end(b->era->window, 0, b->era->zone, window_start);
}

void bucket_free(struct bucket *b)
{
    free(b->ring);
    free(b);
}

static void drop(struct ledger *l, struct bucket *b)
{
    check(b->n_open == 0 && b->held == 0);
    if (b->ring && b->settled > 0) /* what its newest slot counted, touches of later ones would count too */
        era_evicted(b->era, bucket_end(b, b->window_start) - 1);
    else if (window_moves(b->era->window))
        era_evicted(b->era, b->window_start);
    list_remove(&b->idle);
    for (size_t i = 0; i < LEDGER_RECENT; i++)
        if (l->recent[i] == b)
            l->recent[i] = NULL;
    check(map_remove(&l->buckets, (struct str){b->key, b->key_n}) == b);
    bucket_free(b);
}

static bool is_past(const struct bucket *b)
{
    wall_t newest = b->era->newest;
    return b->ring ? bucket_end(b, b->window_start) <= newest : b->window_start < newest;
}

static struct bucket *find_past(struct era *e)
{
    struct list *node;
    for (int i = 0; i < ROOM_LOOKS && (node = list_first(&e->spent)); i++) {
        struct bucket *b = list_entry(node, struct bucket, idle);
        if (is_past(b))
            return b;
        if (e->window != WINDOW_SLIDING)
            return NULL; /* those behind it are no older */
        list_remove(node); /* the next look begins behind it */
        list_add_tail(&e->spent, node);
    }
    return NULL;
}

/* Room for one more, if some bucket can go. */
static void make_room(struct ledger *l)
{
    struct list *node = list_first(&l->empty);
    if (node) {
        drop(l, list_entry(node, struct bucket, idle));
        return;
    }
    for (struct era *e = NULL; era_next(l, &e);) {
        struct bucket *b = find_past(e);
        if (b) {
            drop(l, b);
            return;
        }
    }
}

static struct bucket *bucket_alloc(struct era *era, const struct limit_need *need, struct str key)
{
    struct bucket *b = calloc(1, sizeof *b + key.n);
    if (!b)
        return NULL;
    list_init(&b->idle);
    b->era = era;
    b->window_start = need->window_start;
    b->counter_n = need->counter.n;
    b->key_n = key.n;
    memcpy(b->key, key.p, key.n);
    if (need->window != WINDOW_SLIDING)
        return b;
    b->ring = malloc(sizeof *b->ring);
    if (!b->ring) {
        free(b);
        return NULL;
    }
    ring_init(b->ring, need->sliding_ns, need->window_start);
    return b;
}

static int bucket_new(struct ledger *l, const struct limit_need *need, struct str key, struct bucket **ret)
{
    struct era *era = era_of(l, need->window, need->zone);
    struct bucket *b = era ? bucket_alloc(era, need, key) : NULL;
    if (!b)
        return -ERR_NOMEM;
    if (l->buckets.n >= l->buckets.n_max)
        make_room(l);
    int r = map_put(&l->buckets, key, b, NULL);
    if (r < 0) {
        bucket_free(b);
        return r;
    }
    *ret = b;
    return 0;
}

int bucket_open_found(struct bucket *b, const struct limit_need *need)
{
    bool is_same = b->era->window == need->window && b->era->zone == need->zone;
    if (!is_same || (b->ring && b->ring->slot_ns != sliding_slot_ns(need->sliding_ns)))
        return err_trace(-ERR_CORRUPT); /* a counter's name tells its window */
    list_remove(&b->idle);
    b->n_open++;
    return 0;
}

int bucket_open(struct ledger *l, const struct limit_need *need, struct bucket **ret)
{
    char text[BUCKET_KEY_BYTES_MAX];
    struct str key;
    if (!bucket_key(need->counter, need->bucket, text, &key))
        return err_trace(-ERR_TOO_LARGE);
    struct bucket *b = map_get(&l->buckets, key);
    int r = b ? 0 : bucket_new(l, need, key, &b);
    if (r < 0)
        return err_trace(r);
    r = bucket_open_found(b, need);
    if (r == 0)
        *ret = b;
    return r;
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
    else if (window_moves(b->era->window))
        list_add_tail(&b->era->spent, &b->idle);
}

void bucket_roll(struct bucket *b, wall_t window_start)
{
    if (window_start <= b->window_start)
        return;
    b->settled = bucket_settled(b, window_start);
    b->window_start = window_start;
    if (b->ring)
        ring_roll(b->ring, window_start);
}

void bucket_settle(struct bucket *b, wall_t window_start, int64_t n)
{
    if (b->ring) {
        ring_add(b->ring, window_start, n);
        b->settled = ring_sum(b->ring, b->window_start);
    } else if (window_start == b->window_start) {
        b->settled = n < 0 && b->settled < -n ? 0 : add_capped(b->settled, n);
    }
}

int64_t bucket_settled(const struct bucket *b, wall_t window_start)
{
    if (window_start <= b->window_start)
        return b->settled;
    return b->ring ? ring_sum(b->ring, window_start) : 0;
}

wall_t bucket_window(const struct ledger *l, const struct bucket *b, const struct limit_need *need)
{
    enum limit_window w = need->window;
    wall_t start = need->window_start;
    if (b)
        return start > b->window_start ? start : b->window_start;
    const struct era *e = era_find(l, w, need->zone);
    if (!e || !window_moves(w) || start > e->evicted)
        return start;
    return w == WINDOW_SLIDING ? window_start(w, need->sliding_ns, NULL, e->newest) : e->newest;
}
