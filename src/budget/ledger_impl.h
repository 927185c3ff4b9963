/*
 * budget/ledger_impl.h - what ledger.c, hold.c and bucket.c share: the table of buckets. For this folder only.
 */
#pragma once

#include "base/map.h"
#include "budget/ledger.h"
#include "budget/ring.h"

#define BUCKET_KEY_BYTES_MAX 8192

/* The windows of one kind in one zone: how far they have come. */
struct era {
    struct list node; /* in the ledger's list, where a zone is named */
    enum limit_window window;
    const struct zone *zone;
    struct list spent; /* idle buckets, of windows that move, longest untouched first */
    wall_t newest;     /* latest window start seen */
    wall_t evicted;    /* first touches up to here would find something forgotten */
};

/*
 * One counter for one bucket value. `held` counts over all windows, `settled` in the newest window only: sums of older
 * windows are the store's. Of a sliding window, window_start is the newest slot's, and `settled` the sum up to it.
 *
 *   open   n_open > 0: charges point at it; it stays.
 *   idle   n_open == 0: held is 0, and it stands in one of the ledger's idle lists, or (settled in a window that never
 *          ends) in none.
 */
struct bucket {
    struct list idle;
    struct era *era;
    wall_t window_start;
    int64_t settled, held;
    struct ring *ring; /* WINDOW_SLIDING; else NULL */
    wall_t soft_told_until; /* the passing of a soft threshold is no news before that */
    size_t n_open;
    int64_t sum_left; /* scratch of ledger_check */
    size_t sum_open;
    size_t counter_n; /* key is counter, '\n', bucket */
    size_t key_n;
    char key[];
};

#define LEDGER_RECENT 16

struct ledger {
    struct map buckets;
    struct bucket *recent[LEDGER_RECENT]; /* by a need's place: calls mostly count where the last did; NULL: none */
    struct list holds;             /* with an open charge */
    struct list empty;             /* idle buckets that say nothing: may go at any time */
    struct era eras[WINDOW_COUNT]; /* those of UTC, and of windows that have no zone */
    struct list zoned;             /* struct era: one a kind and zone that any limit ever named */
    const struct zones *zones;     /* NULL: UTC alone */
    wall_t restored_at;            /* ledger_restore_begin's now */
};

/* "counter\nbucket", under which both ledger and raises find what stands by it. False: too long to be real. */
bool bucket_key(struct str counter, struct str bucket, char out[BUCKET_KEY_BYTES_MAX], struct str *ret);
/* The bucket, or NULL; a key that is too long names no bucket. */
struct bucket *bucket_find(const struct ledger *l, struct str counter, struct str bucket);
/* The same for the need at place i of a call, sooner where the last call's was that one. */
struct bucket *bucket_find_recent(struct ledger *l, size_t i, const struct limit_need *need);
/* The need's bucket with one more open charge; made when it is not there. -ERR_TOO_LARGE, -ERR_NOMEM. */
int bucket_open(struct ledger *l, const struct limit_need *need, struct bucket **ret);
/* The same of a bucket that was found. */
int bucket_open_found(struct bucket *b, const struct limit_need *need);
/* A charge on it is over. */
void bucket_close(struct ledger *l, struct bucket *b);
/* Into a later window or slot: what is over counts no more. An earlier one changes nothing. */
void bucket_roll(struct bucket *b, wall_t window_start);
/* Counts n in that window or slot, if it counts still; less than nothing takes away, never below zero. */
void bucket_settle(struct bucket *b, wall_t window_start, int64_t n);
/* What is settled, read in that window or slot, or in the bucket's own when that is later. */
int64_t bucket_settled(const struct bucket *b, wall_t window_start);
/* When what is settled at window_start counts no more; 0: never. */
wall_t bucket_end(const struct bucket *b, wall_t window_start);
void bucket_free(struct bucket *b);
/* An idle bucket changed: puts it into the list where it belongs. */
void bucket_rest(struct ledger *l, struct bucket *b);
/* The window or slot in which a hold of that need would count; b NULL: first touch. */
wall_t bucket_window(const struct ledger *l, const struct bucket *b, const struct limit_need *need);
/* --- era.c --- */

void eras_init(struct ledger *l);
void eras_deinit(struct ledger *l);
/* NULL: nothing was ever counted in them. */
struct era *era_find(const struct ledger *l, enum limit_window w, const struct zone *zone);
/* Made where it is not there; NULL: no memory. */
struct era *era_of(struct ledger *l, enum limit_window w, const struct zone *zone);
/* Every era of which the store left something out begins at `now`. */
void eras_restore(struct ledger *l, wall_t now);
/* Start with *i NULL; false at the end. */
bool era_next(const struct ledger *l, struct era **i);
/* Something of that window is forgotten: first touches in it, or before it, count in the newest one. */
void era_evicted(struct era *e, wall_t start);
struct str bucket_counter(const struct bucket *b);
struct str bucket_name(const struct bucket *b);

/* A hold without charges yet, one reference; NULL: no memory. */
struct hold *hold_new(struct ledger *l, size_t n_charges);
/* Charge i starts: the bucket is open for it. */
void hold_charge(struct hold *h, size_t i, struct bucket *b, const struct limit_need *need, int64_t left);
/* Ends all charges without a move and frees it: a hold that is not taken after all, or holds nothing any more. */
void hold_abandon(struct hold *h);
