/*
 * proxy/rates.c - a table behind a mutex.
 */
#include "proxy/rates.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>

struct rates {
    pthread_mutex_t mutex;
    bool has_table;
    struct fx_table table;
};

struct rates *rates_new(void)
{
    struct rates *r = calloc(1, sizeof *r);
    check(r != NULL);
    pthread_mutex_init(&r->mutex, NULL);
    return r;
}

void rates_free(struct rates *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

void rates_put(struct rates *r, const struct fx_table *t)
{
    pthread_mutex_lock(&r->mutex);
    r->has_table = t != NULL;
    if (t)
        r->table = *t;
    pthread_mutex_unlock(&r->mutex);
}

struct cost rates_to_usd(struct rates *r, const struct amount *m, wall_t now, struct fx_use *ret)
{
    if (!r)
        return fx_to_usd(NULL, m, now, ret);
    pthread_mutex_lock(&r->mutex);
    struct cost cost = fx_to_usd(r->has_table ? &r->table : NULL, m, now, ret);
    pthread_mutex_unlock(&r->mutex);
    return cost;
}
