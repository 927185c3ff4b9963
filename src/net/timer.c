/*
 * net/timer.c - hierarchical timer wheel: seven levels of 64 slots, ticks of one millisecond.
 *
 * A timer stands on the level of the highest 6-bit digit in which its tick differs from the current one, in the slot of
 * that digit. When the current tick reaches a slot's first tick, the slot's timers move down or become due.
 *
 *   (1) a slot of level L ahead of the current digit L holds only ticks that agree with `cur` in all higher digits.
 *   (2) every non-empty slot has its bit in `full`; a bit may outlive the slot's last timer (cancelled), which
 *       costs one empty visit.
 *   (3) a timer never fires before its time, and never from inside timer_arm(): a delay of 0 fires at the next advance.
 */
#include "net/timer.h"

#include "base/check.h"

#include <stdlib.h>

#define WHEEL_BITS 6
#define WHEEL_SLOTS 64
#define WHEEL_LEVELS 7 /* 2^42 ms: longer than any machine is up */
#define DELAY_MS_MAX (INT64_C(1) << 40)

struct timer_wheel {
    struct loop *loop;
    uint64_t cur; /* the last tick that was looked at */
    mono_t wake;  /* what the loop was last asked for; INT64_MAX: nothing */
    uint64_t full[WHEEL_LEVELS];
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
    struct list due; /* fire at the next advance */
};

static uint64_t tick_floor(mono_t t) { return (uint64_t)(t / NS_PER_MS); }
static uint64_t tick_ceil(mono_t t) { return (uint64_t)((t + NS_PER_MS - 1) / NS_PER_MS); }
static unsigned digit(uint64_t tick, unsigned level) { return (tick >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1); }

static unsigned level_of(uint64_t tick, uint64_t cur)
{
    return (63u - (unsigned)__builtin_clzll(tick ^ cur)) / WHEEL_BITS;
}

struct timer_wheel *timer_wheel_new(struct loop *l)
{
    struct timer_wheel *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->loop = l;
    w->cur = tick_floor(loop_now(l));
    w->wake = INT64_MAX;
    list_init(&w->due);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned i = 0; i < WHEEL_SLOTS; i++)
            list_init(&w->slots[level][i]);
    return w;
}

void timer_wheel_free(struct timer_wheel *w) { free(w); }

/* Puts a timer in its slot; returns the tick at which that slot has to be looked at. */
static uint64_t place(struct timer_wheel *w, struct timer *t)
{
    uint64_t tick = tick_ceil(t->at);

    if (tick <= w->cur) {
        list_add_tail(&w->due, &t->node);
        return w->cur;
    }
    unsigned level = level_of(tick, w->cur);
    check(level < WHEEL_LEVELS);
    unsigned i = digit(tick, level);
    w->full[level] |= UINT64_C(1) << i;
    list_add_tail(&w->slots[level][i], &t->node);
    return tick >> (level * WHEEL_BITS) << (level * WHEEL_BITS);
}

/* The next tick at which a slot has to be looked at; UINT64_MAX: none. A lower level always comes first. */
static uint64_t next_tick(const struct timer_wheel *w)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t ahead = w->full[level] & ~((UINT64_C(2) << digit(w->cur, level)) - 1);
        if (ahead) {
            unsigned shift = (level + 1) * WHEEL_BITS;
            return (w->cur >> shift << shift) | (uint64_t)__builtin_ctzll(ahead) << (level * WHEEL_BITS);
        }
    }
    return UINT64_MAX;
}

static void empty_slot(struct timer_wheel *w, unsigned level)
{
    unsigned i = digit(w->cur, level);
    struct list *slot = &w->slots[level][i];
    struct list *it;

    w->full[level] &= ~(UINT64_C(1) << i);
    while ((it = list_first(slot))) {
        list_remove(it);
        place(w, list_entry(it, struct timer, node));
    }
}

static void go_to(struct timer_wheel *w, uint64_t tick)
{
    w->cur = tick;
    for (unsigned level = WHEEL_LEVELS; level-- > 0;)
        if ((tick & ((UINT64_C(1) << (level * WHEEL_BITS)) - 1)) == 0)
            empty_slot(w, level);
}

static void ask_wake(struct timer_wheel *w, mono_t at)
{
    w->wake = at;
    w->loop->ops->wake_at(w->loop, at);
}

static void fire_due(struct timer_wheel *w)
{
    struct list firing, *it;

    /* Timers armed with delay 0 by these callbacks wait for the next advance: a chain of them starves nobody. */
    list_init(&firing);
    while ((it = list_first(&w->due))) {
        list_remove(it);
        list_add_tail(&firing, it);
    }
    while ((it = list_first(&firing))) {
        struct timer *t = list_entry(it, struct timer, node);
        list_remove(it);
        t->fn(t);
    }
}

void timer_wheel_advance(struct timer_wheel *w, mono_t now)
{
    uint64_t target = tick_floor(now), next;

    while ((next = next_tick(w)) <= target)
        go_to(w, next);
    if (target > w->cur)
        w->cur = target;
    w->wake = INT64_MAX;
    fire_due(w);
    next = list_is_empty(&w->due) ? next_tick(w) : w->cur;
    ask_wake(w, next == UINT64_MAX ? INT64_MAX : (mono_t)next * NS_PER_MS);
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
    list_init(&t->node);
    t->at = 0;
    t->fn = fn;
}

void timer_arm(struct loop *l, struct timer *t, int64_t delay_ms)
{
    struct timer_wheel *w = l->wheel;

    check(t->fn);
    list_remove(&t->node);
    if (delay_ms > DELAY_MS_MAX)
        delay_ms = DELAY_MS_MAX;
    uint64_t look;
    if (delay_ms <= 0) {
        t->at = loop_now(l);
        list_add_tail(&w->due, &t->node);
        look = w->cur;
    } else {
        t->at = loop_now(l) + delay_ms * NS_PER_MS;
        look = place(w, t);
    }
    if ((mono_t)look * NS_PER_MS < w->wake)
        ask_wake(w, (mono_t)look * NS_PER_MS);
}

void timer_cancel(struct loop *l, struct timer *t)
{
    (void)l; /* part of the contract: a wheel without lists would need it */
    list_remove(&t->node);
}

bool timer_is_armed(const struct timer *t) { return list_is_linked(&t->node); }

void timer_wheel_check(const struct timer_wheel *w)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        for (unsigned i = 0; i < WHEEL_SLOTS; i++) {
            list_each(it, &w->slots[level][i]) {
                uint64_t tick = tick_ceil(list_entry(it, struct timer, node)->at);
                check(w->full[level] >> i & 1);
                check(tick > w->cur && digit(tick, level) == i);
                check(level_of(tick, w->cur) == level && i > digit(w->cur, level));
            }
        }
    }
}
