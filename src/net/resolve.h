/*
 * net/resolve.h - names to addresses: asked off the loop, remembered, shared by all who wait for the same name.
 *
 *   (1) a numeric address is itself, and localhost is 127.0.0.1 and ::1 (RFC 6761 6.3): nobody is asked.
 *   (2) of one name there is one look-up at a time.
 *   (3) an answer is used as it is for resolve_fresh_ms. An older one is still used, and asked for again behind the
 *       caller's back; one older than resolve_stale_ms is waited for.
 *   (4) a failed look-up keeps the old answer; without one, all who wait hear of it, and who asks within
 *       resolve_failed_ms hears the same.
 *
 * One a loop, used on the loop's thread. Names are those of the configuration: they are few, and stay.
 */
#pragma once

#include "base/limits.h"
#include "net/loop.h"

struct resolver;

struct resolve_wait {
    struct list node;
    /* Once, on the loop's thread, from outside of any call. `addrs` is NULL when err is negative. */
    void (*fn)(struct resolve_wait *w, int err, const struct net_addrs *addrs);
};

#define RESOLVE_R_WAIT 1

int resolver_new(struct loop *l, const struct limits *limits, struct resolver **ret);
/* 0: *ret_addrs is set, in the system's order of preference, ports 0. RESOLVE_R_WAIT: w->fn comes. -ERR_RESOLVE. */
int resolver_ask(struct resolver *r, struct str name, struct resolve_wait *w, struct net_addrs *ret_addrs);
void resolve_cancel(struct resolve_wait *w); /* w->fn does not come any more; fine when it was not waiting */
void resolver_free(struct resolver *r);      /* nobody may be waiting */
