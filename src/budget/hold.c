/*
 * budget/hold.c - what one call holds, from the moment it is taken to the moment it is over.
 *
 *   charge:  open --(owner ends: requests settle, slots return)--> over
 *            open --(first settle: cost)--> over
 *            open --(last live call ends, none unknown, none settled: cost)--> over
 *
 *   (1) a charge is over once and for good: its bucket pointer is NULL, nothing is left on it.
 *   (2) a hold stands in its ledger's list exactly while a charge is open.
 *   (3) it lives while someone refers to it, or while something is held by calls whose outcome nobody knows.
 */
#include "budget/ledger_impl.h"

#include <stdlib.h>
#include <string.h>

struct hold *hold_new(struct ledger *l, size_t n_charges)
{
    /* calloc() passes by what its thread keeps at hand (glibc 2.36): it takes ten times as long */
    struct hold *h = malloc(sizeof *h + n_charges * sizeof h->charges[0]);
    if (!h)
        return NULL;
    *h = (struct hold){.ledger = l, .n_refs = 1, .n_charges = n_charges};
    memset(h->charges, 0, n_charges * sizeof h->charges[0]);
    list_init(&h->node);
    return h;
}

void hold_charge(struct hold *h, size_t i, struct bucket *b, const struct limit_need *need, int64_t left)
{
    struct charge *c = &h->charges[i];
    check(!c->bucket && need->n >= 0 && left >= 0 && i < h->n_charges);
    *c = (struct charge){
        .bucket = b, .meter = need->meter, .window_start = b->window_start, .n = need->n, .left = left};
    memcpy(c->currency, need->currency, sizeof c->currency);
    b->held = add_capped(b->held, left);
    if (h->n_open++ == 0)
        list_add_tail(&h->ledger->holds, &h->node);
}

/* Ends charge i without a move. */
static void hold_drop_charge(struct hold *h, size_t i)
{
    struct charge *c = &h->charges[i];
    struct bucket *b = c->bucket;
    check(b && b->held >= c->left && h->n_open > 0);
    b->held -= c->left;
    c->left = 0;
    c->bucket = NULL;
    if (--h->n_open == 0)
        list_remove(&h->node);
    bucket_close(h->ledger, b);
}

void hold_abandon(struct hold *h)
{
    for (size_t i = 0; i < h->n_charges; i++)
        if (h->charges[i].bucket)
            hold_drop_charge(h, i);
    free(h);
}

/* The charge is over: what is left on it returns, `settled` counts in the window it was taken in. */
static void charge_end(struct hold *h, size_t i, int64_t settled, struct move *moves, size_t *n_moves)
{
    struct charge *c = &h->charges[i];
    struct bucket *b = c->bucket;
    check(b && settled >= 0 && c->window_start <= b->window_start);
    moves[(*n_moves)++] = (struct move){.of = h->open_seq, .i = i, .released = c->left, .settled = settled};
    bucket_settle(b, c->window_start, settled);
    hold_drop_charge(h, i);
}

static void end_owner_part(struct hold *h, struct move *moves, size_t *n_moves)
{
    for (size_t i = 0; i < h->n_charges; i++) {
        const struct charge *c = &h->charges[i];
        if (c->bucket && !meter_is_cost(c->meter))
            charge_end(h, i, c->meter == METER_REQUESTS ? c->left : 0, moves, n_moves);
    }
}

/* The most that a charge of money holds. */
static money_t money_held(const struct hold *h)
{
    money_t most = 0;
    for (size_t i = 0; i < h->n_charges; i++)
        if (h->charges[i].bucket && h->charges[i].meter == METER_USD && h->charges[i].left > most)
            most = h->charges[i].left;
    return most;
}

/* Each charge of cost settles by its own meter. True when some charge was too small for what was used. */
static bool end_cost_part(struct hold *h, const struct used *used, struct move *moves, size_t *n_moves)
{
    bool is_overrun = false;
    for (size_t i = 0; i < h->n_charges; i++) {
        const struct charge *c = &h->charges[i];
        if (!c->bucket || !meter_is_cost(c->meter))
            continue;
        int64_t n = used_of(used, c->meter, c->currency);
        check(n >= 0 || n == USED_UNKNOWN);
        is_overrun |= n > c->n;
        charge_end(h, i, n == USED_UNKNOWN ? c->left : n, moves, n_moves);
    }
    return is_overrun;
}

static void release_cost(struct hold *h, struct move *moves, size_t *n_moves)
{
    end_cost_part(h, &(struct used){0, 0, 0}, moves, n_moves);
    h->is_released = true;
}

void hold_share(struct hold *h)
{
    check(!h->is_released);
    h->n_live++;
    hold_ref(h);
}

/* One call ends, whatever its outcome: its live mark, and what the owner alone holds. */
static void end_call(struct hold *h, bool is_owner, struct move *moves, size_t *n_moves)
{
    check(h->n_live > 0 && h->n_refs > 0);
    h->n_live--;
    if (is_owner)
        end_owner_part(h, moves, n_moves);
}

int hold_settle(struct hold *h, bool is_owner, const struct used *used, struct move *moves, size_t *n_moves)
{
    int r = 0;
    end_call(h, is_owner, moves, n_moves);
    if (!h->is_settled && !h->is_released) {
        money_t booked = used->usd == USED_UNKNOWN ? money_held(h) : used->usd;
        r = end_cost_part(h, used, moves, n_moves) ? HOLD_R_OVERRUN : 0;
        h->is_settled = true;
        h->settled = booked;
    }
    hold_unref(h);
    return r;
}

int hold_release(struct hold *h, bool is_owner, struct move *moves, size_t *n_moves)
{
    end_call(h, is_owner, moves, n_moves);
    if (h->n_live == 0 && !h->is_unknown && !h->is_settled && !h->is_released)
        release_cost(h, moves, n_moves);
    hold_unref(h);
    return 0;
}

int hold_unknown(struct hold *h, bool is_owner, struct move *moves, size_t *n_moves)
{
    end_call(h, is_owner, moves, n_moves);
    h->is_unknown = true;
    hold_unref(h);
    return 0;
}

void hold_undo(struct hold *h)
{
    check(h->n_refs == 1 && h->n_live == 1 && !h->is_unknown && !h->is_settled && !h->is_released);
    hold_abandon(h);
}

void hold_forget(struct hold *h)
{
    check(h->n_live > 0);
    h->n_live--;
    hold_unref(h);
}

void hold_clear(struct hold *h, struct move *moves, size_t *n_moves)
{
    check(h->n_live == 0);
    if (!h->is_settled && !h->is_released)
        release_cost(h, moves, n_moves);
}

void hold_ref(struct hold *h)
{
    check(h->n_refs < UINT32_MAX);
    h->n_refs++;
}

static bool holds_anything(const struct hold *h)
{
    for (size_t i = 0; i < h->n_charges; i++)
        if (h->charges[i].left > 0)
            return true;
    return false;
}

void hold_unref(struct hold *h)
{
    if (!h)
        return;
    check(h->n_refs > 0);
    if (--h->n_refs > 0)
        return;
    check(h->n_live == 0);
    if (!holds_anything(h)) /* else unknown: stays in the ledger's list */
        hold_abandon(h);
}
