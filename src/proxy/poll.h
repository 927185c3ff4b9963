/*
 * proxy/poll.h - asks vendors later for prices that their answers did not have yet (connector: `settle`), and corrects
 * what was settled.
 *
 *   (1) only of vendors that are configured so (poll: true): no other background request goes to a vendor.
 *   (2) bounded: polls_max prices wait at once, one is asked for at a time, poll_spacing_ms lie between two. What does
 *       not fit, or fails to the end, stays settled as it was, as an estimate.
 *   (3) a price counts in the window in which the call was held, whenever it comes (core_correct).
 *   (4) what was awaited when the process ended is taken up by the next one (take_up.h).
 *
 * One poller a worker, on its loop.
 */
#pragma once

#include "proxy/call.h"

struct poller;

struct poller *poller_new(struct worker *w); /* NULL: no memory */
void poller_free(struct poller *p);          /* what waits is on record; before the worker's pool is freed */
/* The call is settled, and `path` will know its price. */
void poll_later(struct poller *p, const struct call *c, struct str path);
size_t poller_waiting(const struct poller *p);
