/*
 * tests/sim/vendor_sim.h - a vendor that keeps its book right and its manners badly: it answers late, twice, in part or
 * never, breaks connections before and after the money moved, and says 500 about what it did.
 *
 * It reads requests off raw streams and writes raw bytes, so that nothing of ours stands between its faults and us.
 */
#pragma once

#include "book.h"
#include "loop_sim.h"

struct vendor_sim;

struct vendor_manners {
    uint32_t bad_ppm;        /* requests that meet with one of the bad ways */
    int64_t think_ns_max;    /* until it runs a request, and again until it answers */
    int64_t late_ns_max;     /* the same for those it is late with: beyond our time-outs */
};

struct vendor_sim_hooks {
    /* A whole request came. */
    void (*on_request)(void *ctx, const struct book_request *q, struct str head);
    void *ctx;
};

/* All outlive it. */
struct vendor_sim *vendor_sim_new(struct sim *s, struct loop *l, struct book *b, const struct net_addr *addr,
                                  const struct vendor_manners *m, const struct vendor_sim_hooks *h);
/* From now on every request is answered as it should be. */
void vendor_sim_behave(struct vendor_sim *v);
size_t vendor_sim_busy(const struct vendor_sim *v); /* requests that it is not done with */
void vendor_sim_free(struct vendor_sim *v); /* outside of any turn */
