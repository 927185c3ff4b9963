/*
 * budget/ledger.h - how much may still be spent.
 *
 * Cost (money, tokens) is held before a call leaves, for the most it can use, and settled with what it used when the
 * answer ends. In between it is neither spent nor free.
 *
 *   (1) a hold never takes a bucket past its max: settled + held + n <= max when the hold is taken.
 *   (2) every hold leaves once: settled, released, or unknown and still held. ledger_check() proves it.
 *   (3) all needs of a call are held, or none.
 *   (4) a hold counts in every window until it is over, and settles in the window it was taken in; in a sliding
 *       window, in the slot.
 *   (5) a clock that steps back never reopens a spent window.
 *
 * The caller owns the ledger mutex (DESIGN 6). No I/O, no clock, no wait: time is an argument, frames are the caller's.
 */
#pragma once

#include "base/list.h"
#include "base/money.h"
#include "call/limit.h"
#include "call/store.h"

struct ledger;

/* One limit's part of a hold: what was taken, what is still held. */
struct charge {
    struct bucket *bucket; /* NULL: nothing (more) to change: a per-call need, or the charge is over */
    enum limit_meter meter;
    char currency[CURRENCY_BYTES]; /* of METER_CURRENCY */
    wall_t window_start;
    int64_t n;    /* taken */
    int64_t left; /* still held; 0: over */
};

struct bucket;

/*
 * What one call holds. Read it freely; only the functions below change it, but for open_seq. Referenced by its call
 * while that is open, by the idempotency index, and by calls that share it. Freed with the last reference; a hold that
 * is still held when nobody refers to it stays in the ledger (unknown).
 */
struct hold {
    struct ledger *ledger; /* NULL once the ledger was freed */
    struct list node;      /* in the ledger's list while a charge is open */
    uint64_t open_seq; /* set by the caller once the OPEN frame has its seq */
    uint32_t n_refs;
    uint32_t n_live; /* calls in flight that may still cause the cost: the owner and sharers */
    bool is_unknown;  /* some call on it ended without a known outcome */
    bool is_settled;  /* the cost is settled */
    bool is_released; /* the cost was given back: the hold cannot be shared any more */
    money_t settled;  /* the money of it; valid when is_settled */
    size_t n_open; /* charges that are not over */
    size_t n_charges;
    struct charge charges[];
};

/* One change of one charge, for the CLOSE frame's "moves". */
struct move {
    uint64_t of; /* open_seq */
    size_t i;    /* index of the limit in that OPEN frame */
    int64_t released, settled;
};
#define MOVES_MAX 256

struct ledger *ledger_new(size_t buckets_max, const uint8_t seed[16]); /* NULL: no memory */
/* Where counters of the store that name a zone find it; before the first of them. They outlive the ledger. */
void ledger_use_zones(struct ledger *l, const struct zones *zones);
/* Holds that are still referenced are cut loose, and freed with their last reference. */
void ledger_free(struct ledger *l);

/*
 * Holds all needs of one call. WINDOW_CALL needs are only compared (no charge is made: charges[i].bucket NULL), so
 * charges stand in the order of needs. Fills before, held, after, is_short of every need (also on failure), and moves
 * window_start forward where the bucket is already in a later window (5): write the OPEN frame from the needs
 * afterwards. n and max are not negative. 0: held, *ret_hold has one reference and n_live 1. LEDGER_R_EXHAUSTED:
 * nothing changed, *ret_i_short is the first need without room. -ERR_TOO_LARGE: buckets_max reached, or more than
 * MOVES_MAX needs (fails closed). -ERR_NOMEM.
 */
int ledger_hold(struct ledger *l, struct limit_need *needs, size_t n_needs, struct hold **ret_hold,
                size_t *ret_i_short);
#define LEDGER_R_EXHAUSTED 1
/* The same look without holding: for dry runs and `limit list`. Fills the needs. */
void ledger_look(struct ledger *l, struct limit_need *needs, size_t n_needs);

/*
 * A need just held passed its soft threshold, and nobody was told yet in its window (a sliding one's length): true, and
 * false from now on.
 */
bool ledger_soft_is_news(struct ledger *l, const struct limit_need *need);

/*
 * A call joins a hold whose cost was not released (an idempotent retry; a settled one is fine, it costs nothing
 * again): n_live + 1, one more reference. Recovery and reconciliation join a restored hold so too, before they end it.
 */
void hold_share(struct hold *h);

/*
 * One call on the hold ends. The moves that follow are appended to moves[*n_moves...] (room for h->n_charges must be
 * there). is_owner: the call that took the hold; its requests are settled and its concurrent slots released now,
 * whatever the outcome.
 *   hold_settle: the vendor said what was used. The first settle books it: all charges of cost, each by its own meter,
 *   release what they held and settle what was used, also beyond what was held (returns HOLD_R_OVERRUN). Later ones
 *   change nothing. What is USED_UNKNOWN settles at what the charge holds.
 *   hold_release: proven that this call caused no cost. It is released when no other call in flight shares it and none
 *   ended unknown.
 *   hold_unknown: not known. The cost stays held.
 * Each takes the caller's live mark and its reference: do not touch h afterwards, but for what hold_ref kept.
 */
int hold_settle(struct hold *h, bool is_owner, const struct used *used, struct move *moves, size_t *n_moves);
int hold_release(struct hold *h, bool is_owner, struct move *moves, size_t *n_moves);
int hold_unknown(struct hold *h, bool is_owner, struct move *moves, size_t *n_moves);
#define HOLD_R_OVERRUN 1
/*
 * The OPEN frame of a hold just taken could not be written, so it never was: nothing settles, not even its request.
 * Takes the only reference.
 */
void hold_undo(struct hold *h);
/*
 * The process ends while a call is on this hold: takes the call's live mark and its reference, and says nothing of the
 * outcome. What is held stays so until the ledger is freed; the next start reads the truth from the frames.
 */
void hold_forget(struct hold *h);
/*
 * Found out later that no call on an unknown hold cost anything (reconciliation, a write-off): gives the cost back.
 * n_live must be 0; does nothing when it is settled or released. Takes no reference.
 */
void hold_clear(struct hold *h, struct move *moves, size_t *n_moves);
void hold_ref(struct hold *h);
void hold_unref(struct hold *h);

/*
 * From the store at start, in any order. A counter brings what is settled; what is held comes from the holds alone.
 * Restored holds are unknown, n_live 0, and have one reference (the caller's). For a call that was cut off in flight:
 * hold_share, then hold_unknown(is_owner): its requests count, its slots are free, its cost stays held.
 */
int ledger_restore_counter(struct ledger *l, const struct counter_row *r);
/* The same where a need says which counter it is, and in which zone its window. */
int ledger_restore_settled(struct ledger *l, const struct limit_need *need, int64_t settled);
/*
 * Once, before the others: the store leaves out windows and slots that ended before `now`, so a clock that steps back
 * finds none of them open (5). Restoring is not bound by buckets_max.
 */
void ledger_restore_begin(struct ledger *l, wall_t now);
int ledger_restore_hold(struct ledger *l, uint64_t open_seq, const struct limit_need *needs, const int64_t *left,
                        size_t n, struct hold **ret_hold);

/*
 * A settled call turned out to cost more or less: `by` is added to what its window has settled, never below zero. Only
 * the newest window of a bucket is in memory (of a sliding one, the slots that count); in older ones this changes
 * nothing, their sums are the store's.
 */
void ledger_correct(struct ledger *l, struct str counter, struct str bucket, wall_t window_start, int64_t by);

/* The open hold with that open_seq, or NULL (walks all open holds). No reference is taken. */
struct hold *ledger_find(const struct ledger *l, uint64_t open_seq);

/* True when every bucket's held is the sum of the charges left on it, and nothing is negative. */
bool ledger_check(const struct ledger *l);
size_t ledger_buckets(const struct ledger *l);
/* Settled in the bucket's current window and held in all; false when the bucket does not exist. For `limit list`. */
bool ledger_read(const struct ledger *l, struct str counter, struct str bucket, wall_t window_start,
                 int64_t *ret_settled, int64_t *ret_held);
/* One bucket as it stands at `now`, or in a later window that it was touched in. */
struct ledger_row {
    struct str counter, bucket;
    enum limit_window window;
    const struct zone *zone; /* of a calendar window; NULL: UTC */
    wall_t window_start;
    wall_t resets_at; /* 0: never. Sliding: when the oldest slot with something in it counts no more */
    int64_t settled, held;
};
/* False: there is no such bucket. */
bool ledger_row_of(const struct ledger *l, wall_t now, struct str counter, struct str bucket, struct ledger_row *ret);
/* Start with *i = 0; false at the end. For `limit list`. */
bool ledger_next(const struct ledger *l, wall_t now, size_t *i, struct ledger_row *ret);
