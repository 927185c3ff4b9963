/*
 * daemon/acceptor.c - the data listener. Costs one mailbox message a connection, nothing a request.
 */
#include "daemon/acceptor.h"

#include "base/err.h"

#include <stdlib.h>

struct handed {
    struct worker *worker;
    struct net_ticket ticket;
};

static void take(void *ctx)
{
    struct handed *h = ctx;
    worker_take(h->worker, h->ticket);
    free(h);
}

/* Fewest connections; on a tie the next in turn, so that idle workers share. */
static size_t choose(struct acceptor *a)
{
    size_t best = a->i_next % a->n_workers;
    for (size_t k = 1; k < a->n_workers; k++) {
        size_t i = (a->i_next + k) % a->n_workers;
        if (atomic_load(&a->workers[i]->n_connections) < atomic_load(&a->workers[best]->n_connections))
            best = i;
    }
    a->i_next = best + 1;
    return best;
}

static void on_accept(void *ctx, struct net_ticket t)
{
    struct acceptor *a = ctx;
    struct handed *h = malloc(sizeof(*h));
    if (!h) {
        a->thread.loop->ops->ticket_drop(t);
        return;
    }
    size_t i = choose(a);
    *h = (struct handed){a->workers[i], t};
    atomic_fetch_add(&a->workers[i]->n_connections, 1); /* corrected by the worker when it has taken it */
    loop_post(a->loops[i].loop, (struct post){take, h});
}

int acceptor_start(struct acceptor *a, const struct net_addr *addr, int backlog, struct net_addr *ret_bound)
{
    int r = loop_thread_new(&a->thread);
    if (r < 0)
        return err_trace(r);
    r = a->thread.loop->ops->listen(a->thread.loop, addr, backlog, on_accept, a, &a->listener, ret_bound);
    if (r < 0)
        return err_trace(r);
    return loop_thread_start(&a->thread, "accept");
}

static void close_listener(void *ctx)
{
    struct acceptor *a = ctx;
    a->thread.loop->ops->listener_close(a->listener);
    a->listener = NULL;
}

void acceptor_stop(struct acceptor *a)
{
    if (!a->thread.loop)
        return;
    if (a->listener)
        loop_thread_call(&a->thread, close_listener, a);
    loop_thread_stop(&a->thread);
}
