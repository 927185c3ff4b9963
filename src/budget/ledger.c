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
    eras_init(l);
    return l;
}

void ledger_use_zones(struct ledger *l, const struct zones *zones)
{
    l->zones = zones;
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
        bucket_free(b);
    map_deinit(&l->buckets);
    eras_deinit(l);
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

/* When there is room for it, or else when what counts first counts no more. */
static wall_t sliding_resets_at(const struct bucket *b, const struct limit_need *need)
{
    int64_t lacking = need->is_short ? need->after - need->max : 1;
    wall_t at = b && b->ring ? ring_frees(b->ring, need->window_start, lacking > 0 ? lacking : 1) : 0;
    return at ? at : window_end(need->window, need->sliding_ns, need->zone, need->window_start);
}

/* `before` is the bucket of the need before it. Returns its own; NULL: none is there, or none is needed. */
static struct bucket *look(struct ledger *l, struct limit_need *needs, size_t i, const struct bucket *before)
{
    struct limit_need *need = &needs[i];
    check(need->n >= 0 && need->max >= 0);
    struct bucket *b = NULL;
    need->before = need->held = 0;
    if (need->counts_new)
        need->n = i > 0 && !before;
    if (need->window != WINDOW_CALL) {
        b = bucket_find_recent(l, i, need);
        need->window_start = bucket_window(l, b, need);
        if (b) {
            need->before = bucket_settled(b, need->window_start);
            need->held = b->held;
        }
        need->held = add_capped(need->held, taken_before(needs, i));
    }
    need->after = add_capped(add_capped(need->before, need->held), need->n);
    need->is_short = (need->after > need->max || need->after == INT64_MAX) && !(need->counts_new && need->n == 0);
    if (need->window == WINDOW_SLIDING)
        need->resets_at = sliding_resets_at(b, need);
    return b;
}

void ledger_look(struct ledger *l, struct limit_need *needs, size_t n_needs)
{
    const struct bucket *b = NULL;
    for (size_t i = 0; i < n_needs; i++)
        b = look(l, needs, i, b);
}

/* `b` NULL: it was not there when it was looked for, and is made. */
static int charge_one(struct ledger *l, struct hold *h, size_t i, const struct limit_need *need, struct bucket *b)
{
    int r = b ? bucket_open_found(b, need) : bucket_open(l, need, &b);
    if (r < 0)
        return err_trace(r);
    bucket_roll(b, need->window_start);
    if (need->window_start > b->era->newest)
        b->era->newest = need->window_start;
    hold_charge(h, i, b, need, need->n);
    return 0;
}

/* The buckets that are there come first: what the call was decided on makes no room for a new one in a full table. */
static int charge_all(struct ledger *l, struct hold *h, const struct limit_need *needs, struct bucket *const *found)
{
    int r = 0;
    for (size_t i = 0; i < h->n_charges && r == 0; i++)
        if (found[i])
            r = charge_one(l, h, i, &needs[i], found[i]);
    for (size_t i = 0; i < h->n_charges && r == 0; i++)
        if (needs[i].window != WINDOW_CALL && !found[i])
            r = charge_one(l, h, i, &needs[i], NULL);
    return r;
}

int ledger_hold(struct ledger *l, struct limit_need *needs, size_t n_needs, struct hold **ret_hold, size_t *ret_i_short)
{
    if (n_needs > MOVES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    struct bucket *found[MOVES_MAX];
    for (size_t i = 0; i < n_needs; i++)
        found[i] = look(l, needs, i, i > 0 ? found[i - 1] : NULL);
    for (size_t i = 0; i < n_needs; i++) {
        if (!needs[i].is_short)
            continue;
        *ret_i_short = i;
        return LEDGER_R_EXHAUSTED;
    }

    struct hold *h = hold_new(l, n_needs);
    if (!h)
        return err_trace(-ERR_NOMEM);
    int r = charge_all(l, h, needs, found);
    if (r < 0) {
        hold_abandon(h);
        return err_trace(r);
    }
    h->n_live = 1;
    check_slow(is_sound(l));
    *ret_hold = h;
    return 0;
}

bool ledger_soft_is_news(struct ledger *l, const struct limit_need *need)
{
    if (need->soft == 0 || need->after <= need->soft)
        return false;
    struct bucket *b = bucket_find(l, need->counter, need->bucket);
    if (!b || need->window_start < b->soft_told_until)
        return false;
    wall_t end = window_end(need->window, need->sliding_ns, need->zone, need->window_start);
    b->soft_told_until = end ? end : INT64_MAX;
    return true;
}

void ledger_restore_begin(struct ledger *l, wall_t now)
{
    eras_restore(l, now);
}

/*
 * What was counted is counted again, also where fewer buckets are allowed by now: else nothing could start. And nothing
 * goes for it: a hold that is restored later would find the bucket of its old window, and what is settled now
 * forgotten. The bucket stands in the window of the start, not in an older one of which the store left something out.
 */
static int reopen(struct ledger *l, const struct limit_need *need, struct bucket **ret)
{
    if (need->window == WINDOW_SLIDING && need->window_start % sliding_slot_ns(need->sliding_ns))
        return err_trace(-ERR_CORRUPT);
    if (l->buckets.n == l->buckets.n_max && !bucket_find(l, need->counter, need->bucket))
        l->buckets.n_max++;
    int r = bucket_open(l, need, ret);
    if (r == 0)
        bucket_roll(*ret, window_start(need->window, need->sliding_ns, need->zone, l->restored_at));
    return r;
}

int ledger_restore_settled(struct ledger *l, const struct limit_need *need, int64_t settled)
{
    struct bucket *b;
    if (settled < 0)
        return err_trace(-ERR_CORRUPT);
    int r = reopen(l, need, &b);
    if (r < 0)
        return err_trace(r);
    bucket_roll(b, need->window_start);
    bucket_settle(b, need->window_start, settled);
    if (need->window_start > b->era->newest)
        b->era->newest = need->window_start;
    bucket_close(l, b);
    return 0;
}

int ledger_restore_counter(struct ledger *l, const struct counter_row *r)
{
    struct limit_need place = {.counter = r->counter, .bucket = r->bucket, .window_start = r->window_start};
    struct str zone;
    bool is_found;
    if (window_parse(r->window, &place.window, &place.sliding_ns, &zone) < 0)
        return err_trace(-ERR_CORRUPT);
    place.zone = zone_find(l->zones, zone, &is_found); /* of one that is gone: no document can name it either */
    return ledger_restore_settled(l, &place, r->settled);
}

void ledger_correct(struct ledger *l, struct str counter, struct str bucket, wall_t window_start, int64_t by)
{
    struct bucket *b = bucket_find(l, counter, bucket);
    if (!b || window_start > b->window_start)
        return;
    bucket_settle(b, window_start, by);
    if (b->n_open == 0)
        bucket_rest(l, b);
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
                    : reopen(l, need, &b);
        if (r < 0) {
            hold_abandon(h);
            return err_trace(r);
        }
        bucket_roll(b, need->window_start);
        hold_charge(h, i, b, need, left[i]);
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
    *ret_settled = bucket_settled(b, window_start);
    *ret_held = b->held;
    return true;
}

static struct ledger_row row_at(const struct bucket *b, wall_t now)
{
    wall_t start = b->ring ? ring_start(b->ring, now) : window_start(b->era->window, 0, b->era->zone, now);
    if (start < b->window_start)
        start = b->window_start;
    return (struct ledger_row){
        .counter = bucket_counter(b),
        .bucket = bucket_name(b),
        .window = b->era->window,
        .zone = b->era->zone,
        .window_start = start,
        .resets_at = b->ring ? ring_frees(b->ring, start, 1) : bucket_end(b, start),
        .settled = bucket_settled(b, start),
        .held = b->held,
    };
}

bool ledger_row_of(const struct ledger *l, wall_t now, struct str counter, struct str bucket, struct ledger_row *ret)
{
    const struct bucket *b = bucket_find(l, counter, bucket);
    if (b)
        *ret = row_at(b, now);
    return b != NULL;
}

bool ledger_next(const struct ledger *l, wall_t now, size_t *i, struct ledger_row *ret)
{
    struct str key;
    void *p;
    if (!map_next(&l->buckets, i, &key, &p))
        return false;
    *ret = row_at(p, now);
    return true;
}
