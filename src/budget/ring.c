/*
 * budget/ring.c - a ring of slots: O(1) to add, O(slots) to read or to move on.
 */
#include "budget/ring.h"

#include "base/check.h"
#include "base/money.h"

#include <string.h>

#define N_SLOTS (SLIDING_SLOTS + 1)

static size_t place_of(const struct ring *r, wall_t at)
{
    int64_t i = at / r->slot_ns % N_SLOTS;
    check(at % r->slot_ns == 0);
    return (size_t)(i < 0 ? i + N_SLOTS : i);
}

static size_t next_place(size_t i)
{
    return i + 1 < N_SLOTS ? i + 1 : 0;
}

/* The first slot that counts in the window that ends with `at`. */
static wall_t oldest_of(const struct ring *r, wall_t at)
{
    return at - SLIDING_SLOTS * r->slot_ns;
}

void ring_init(struct ring *r, int64_t sliding_ns, wall_t at)
{
    *r = (struct ring){.slot_ns = sliding_slot_ns(sliding_ns), .newest = at};
}

void ring_roll(struct ring *r, wall_t at)
{
    if (at <= r->newest)
        return;
    if (oldest_of(r, at) > r->newest)
        memset(r->slots, 0, sizeof r->slots);
    else
        for (size_t i = place_of(r, r->newest), last = place_of(r, at); i != last;)
            r->slots[i = next_place(i)] = 0;
    r->newest = at;
}

void ring_add(struct ring *r, wall_t at, int64_t n)
{
    check(at <= r->newest);
    if (at < oldest_of(r, r->newest))
        return;
    int64_t *slot = &r->slots[place_of(r, at)];
    *slot = n < 0 && *slot < -n ? 0 : add_capped(*slot, n);
}

wall_t ring_start(const struct ring *r, wall_t t)
{
    int64_t over = t % r->slot_ns;
    return t - over - (over < 0 ? r->slot_ns : 0);
}

int64_t ring_sum(const struct ring *r, wall_t at)
{
    int64_t sum = 0;
    check(at >= r->newest);
    size_t i = place_of(r, oldest_of(r, at));
    for (wall_t t = oldest_of(r, at); t <= r->newest; t += r->slot_ns, i = next_place(i))
        sum = add_capped(sum, r->slots[i]);
    return sum;
}

wall_t ring_frees(const struct ring *r, wall_t at, int64_t n)
{
    int64_t freed = 0;
    check(at >= r->newest && n > 0);
    size_t i = place_of(r, oldest_of(r, at));
    for (wall_t t = oldest_of(r, at); t <= r->newest; t += r->slot_ns, i = next_place(i)) {
        freed = add_capped(freed, r->slots[i]);
        if (freed >= n)
            return t + N_SLOTS * r->slot_ns;
    }
    return 0;
}
