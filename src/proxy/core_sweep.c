/*
 * proxy/core_sweep.c - tells everybody who has open streams to look again whether they may go on.
 */
#include "proxy/core_impl.h"

#include <stdlib.h>

int core_on_sweep(struct core *c, struct post_box *box, struct post p)
{
    int r = 0;
    pthread_mutex_lock(&c->bg_mutex);
    if (!c->sweeps)
        c->sweeps = calloc(SWEEP_LISTENERS_MAX, sizeof(*c->sweeps));
    check(c->sweeps != NULL);
    if (c->n_sweeps == SWEEP_LISTENERS_MAX)
        r = -ERR_TOO_LARGE;
    else
        c->sweeps[c->n_sweeps++] = (struct sweep_listener){box, p};
    pthread_mutex_unlock(&c->bg_mutex);
    return err_trace(r);
}

void core_sweep(struct core *c)
{
    pthread_mutex_lock(&c->bg_mutex);
    for (size_t i = 0; i < c->n_sweeps && !c->is_stopping; i++)
        post_send(c->sweeps[i].box, c->sweeps[i].post);
    pthread_mutex_unlock(&c->bg_mutex);
}
