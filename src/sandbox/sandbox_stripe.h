/*
 * sandbox/sandbox_stripe.h - the simulated Stripe behind a listening socket, on one loop. What it answers is decided in
 * sandbox/stripe_state.h; this carries it, and the faults that a carrier can have.
 */
#pragma once

#include "base/limits.h"
#include "net/loop.h"
#include "sandbox/stripe_state.h"

struct sandbox_stripe;

/*
 * Listens on `addr` (port 0 picks one; loopback only, else -ERR_DENIED) and serves on `loop`, whose thread must make
 * every call here. `limits` outlives it. -ERR_ADDR_IN_USE, ...
 */
int sandbox_stripe_start(struct loop *loop, const struct net_addr *addr, const struct limits *limits,
                         struct sandbox_stripe **ret, struct net_addr *ret_bound);
/* Closes the listener and every connection, and frees it. NULL is fine. */
void sandbox_stripe_stop(struct sandbox_stripe *sb);
/* The state behind it, for tests. */
struct stripe_state *sandbox_stripe_state(struct sandbox_stripe *sb);
