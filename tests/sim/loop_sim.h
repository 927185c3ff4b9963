/*
 * tests/sim/loop_sim.h - many loops in one thread: virtual time, a seeded queue of events, and a network in memory.
 *
 *   (1) nothing happens by itself: sim_step() runs the next event, and the same seed gives the same events.
 *   (2) time stands still during an event and jumps to the next one; the wall clock follows it, and may be set.
 *   (3) posts to a loop arrive in the order one sender sent them, after a random delay.
 *   (4) bytes of a stream arrive in order and whole, in pieces and at moments drawn from the seed, or the connection
 *       breaks: then a part of what was on its way is lost, and each end learns of it when it reads or writes.
 *   (5) what a loop of the simulation allows, a loop of the system allows too: net/stream.h and net/loop.h are the
 *       contract, and a stream used after its close ends the process.
 */
#pragma once

#include "base/rand.h"
#include "net/stream.h"

struct sim;

/* How the network behaves. Chances are out of a million. */
struct sim_net {
    int64_t delay_ns_max; /* of most deliveries, posts and connects */
    int64_t slow_ns_max;  /* of the others */
    uint32_t slow_ppm;    /* how many those are */
    uint32_t reset_ppm;   /* deliveries at which the connection breaks */
    uint32_t hole_ppm;    /* deliveries after which nothing arrives any more, in either direction */
    uint32_t refuse_ppm;  /* connects that are refused */
    size_t
        window_bytes_max; /* bytes a connection takes before its writer has to wait; each draws its own, at least 64 */
};

struct sim *sim_new(uint64_t seed, const struct sim_net *net); /* never fails; `net` is copied */
void sim_set_net(struct sim *s, const struct sim_net *net);
void sim_free(struct sim *s); /* and its loops that were not freed */

mono_t sim_now(const struct sim *s);
wall_t sim_wall(const struct sim *s);
void sim_set_wall(struct sim *s, wall_t t);
const struct clock *sim_clock(struct sim *s);
struct rng *sim_rng(struct sim *s);
/* Uniform in [0, n); n > 0. */
uint64_t sim_below(struct sim *s, uint64_t n);
bool sim_chance(struct sim *s, uint32_t ppm);

/* An event of no loop: background threads, and what tests do from outside. */
void sim_after(struct sim *s, int64_t delay_ns, struct post p);
/* Runs the next event. False: there is none. */
bool sim_step(struct sim *s);
uint64_t sim_steps(const struct sim *s); /* so far */
/* Changes with every event, by what it was and when: two runs with equal sums did the same. */
uint64_t sim_trace(const struct sim *s);

/* Sees what is written to connections that were opened to `to`, at the moment of writing, before any of it leaves. */
void sim_tap(struct sim *s, void (*fn)(void *ctx, const struct net_addr *to, struct str bytes), void *ctx);

/* A name that loops can resolve, and its addresses in order; any other fails, and sometimes (refuse_ppm) this one. */
void sim_name(struct sim *s, const char *name, const struct net_addrs *addrs);

int sim_loop_new(struct sim *s, struct loop **ret_loop);
/*
 * The process of this loop ends: its streams and listeners end as the system's would (`is_silent`: the whole machine is
 * gone, and the other side hears nothing), its posts and timers never come. What is left of the loop's users may then
 * be freed: their calls into loop and streams do nothing. Free the loop itself with loop_free(). A dead loop stays
 * dead.
 */
void sim_loop_kill(struct loop *l, bool is_silent);
/* Streams and listeners of that loop which their owners have not closed. */
size_t sim_loop_open_handles(const struct loop *l);
