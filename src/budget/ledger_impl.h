/*
 * budget/ledger_impl.h - what ledger.c, hold.c and bucket.c share: the table of buckets. For this folder only.
 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "budget/ledger.h"

#define BUCKET_KEY_BYTES_MAX 8192
#define N_WINDOWS (WINDOW_INSTANT + 1)

/*
 * One counter for one bucket value. `held` counts over all windows, `settled` in the newest window only: sums of older
 * windows are the store's.
 *
 *   open   n_open > 0: charges point at it; it stays.
 *   idle   n_open == 0: held is 0, and it stands in one of the ledger's idle lists, or (settled in a window that never
 *          ends) in none.
 */
struct bucket {
    struct list idle;
    enum limit_window window;
    wall_t window_start;
    int64_t settled, held;
    size_t n_open;
    int64_t sum_left; /* scratch of ledger_check */
    size_t sum_open;
    size_t counter_n; /* key is counter, '\n', bucket */
    size_t key_n;
    char key[];
};

struct ledger {
    struct map buckets;
    struct list holds;             /* with an open charge */
    struct list empty;             /* idle buckets that say nothing: may go at any time */
    struct list spent[N_WINDOWS];  /* idle buckets of calendar windows, longest untouched first */
    wall_t newest[N_WINDOWS];      /* latest window start seen */
    wall_t evicted[N_WINDOWS];     /* latest window start of a bucket that was dropped */
    struct buf key_buf, *key;      /* where keys are put together */
};

/* The bucket, or NULL; a key that is too long names no bucket. */
struct bucket *bucket_find(const struct ledger *l, struct str counter, struct str bucket);
/* The bucket with one more open charge; made when it is not there. -ERR_TOO_LARGE, -ERR_NOMEM. */
int bucket_open(struct ledger *l, struct str counter, struct str bucket, enum limit_window window, wall_t window_start,
                struct bucket **ret);
/* A charge on it is over. */
void bucket_close(struct ledger *l, struct bucket *b);
/* Into a later window: nothing is settled there yet. An earlier one changes nothing. */
void bucket_roll(struct bucket *b, wall_t window_start);
/* An idle bucket changed: puts it into the list where it belongs. */
void bucket_rest(struct ledger *l, struct bucket *b);
/* The window in which a hold taken now would count; b NULL: first touch. */
wall_t bucket_window(const struct ledger *l, const struct bucket *b, enum limit_window window, wall_t window_start);
/* A bucket of that calendar window is forgotten: first touches in it, or before it, count in the newest one. */
void bucket_evicted(struct ledger *l, enum limit_window w, wall_t start);
struct str bucket_counter(const struct bucket *b);
struct str bucket_name(const struct bucket *b);

/* a + b of two counts, not beyond INT64_MAX: a sum that does not fit leaves no room. */
int64_t add_capped(int64_t a, int64_t b);
/* A hold without charges yet, one reference; NULL: no memory. */
struct hold *hold_new(struct ledger *l, size_t n_charges);
/* Charge i starts: the bucket is open for it. */
void hold_charge(struct hold *h, size_t i, struct bucket *b, enum limit_meter meter, int64_t n, int64_t left);
/* Ends all charges without a move and frees it: a hold that is not taken after all, or holds nothing any more. */
void hold_abandon(struct hold *h);
