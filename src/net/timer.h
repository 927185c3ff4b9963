/*
 * net/timer.h - a timer wheel a loop: arming, re-arming and cancelling are O(1), so a time-out a call costs nothing.
 *
 * Resolution 1 ms for near deadlines, coarser for far ones (never early; late by at most 1/64 of the delay + 2 ms).
 * A timer is embedded in what it guards and must be cancelled before that is freed.
 */
#pragma once

#include "base/list.h"
#include "net/loop.h"

struct timer {
    struct list node;
    mono_t at;
    void (*fn)(struct timer *t); /* called once, disarmed, on the loop's thread */
};

struct timer_wheel;

struct timer_wheel *timer_wheel_new(struct loop *l);
void timer_wheel_free(struct timer_wheel *w);
/* Fires what is due and sets the loop's next wake-up; the loop calls this. */
void timer_wheel_advance(struct timer_wheel *w, mono_t now);

void timer_init(struct timer *t, void (*fn)(struct timer *t));
/* Re-arms when armed. A delay of 0 fires on the next turn, in the order armed: "not inside this call". */
void timer_arm(struct loop *l, struct timer *t, int64_t delay_ms);
void timer_cancel(struct loop *l, struct timer *t);                /* fine when not armed */
bool timer_is_armed(const struct timer *t);

/* Checks the wheel's invariants, for tests. */
void timer_wheel_check(const struct timer_wheel *w);
