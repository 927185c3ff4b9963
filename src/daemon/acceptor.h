/*
 * daemon/acceptor.h - takes connections on the data listener and hands each to the least loaded worker.
 */
#pragma once

#include "daemon/thread.h"
#include "proxy/worker.h"

struct acceptor {
    struct loop_thread thread;
    struct net_listener *listener;
    struct loop_thread *loops; /* of the workers, same order */
    struct worker **workers;
    size_t n_workers, i_next;
};
int acceptor_start(struct acceptor *a, const struct net_addr *addr, int backlog, struct net_addr *ret_bound);
void acceptor_stop(struct acceptor *a); /* no connection is accepted after this */
