/*
 * proxy/issuer_keys.c - a slot behind its own short mutex.
 */
#include "proxy/issuer_keys.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>

struct issuer_keys {
    pthread_mutex_t mutex;
    struct jwk_set *now; /* NULL: none yet */
    wall_t at;
    int64_t stale_ms;
    bool stays, is_wanted;
    struct post_box *box; /* NULL: nobody fetches */
    struct post wake;
};

struct issuer_keys *issuer_keys_new(int64_t stale_ms)
{
    struct issuer_keys *k = calloc(1, sizeof *k);
    check(k != NULL);
    pthread_mutex_init(&k->mutex, NULL);
    k->stale_ms = stale_ms;
    return k;
}

void issuer_keys_free(struct issuer_keys *k)
{
    if (!k)
        return;
    jwk_set_unref(k->now);
    pthread_mutex_destroy(&k->mutex);
    free(k);
}

void issuer_keys_put(struct issuer_keys *k, struct jwk_set *set, wall_t at, bool stays)
{
    pthread_mutex_lock(&k->mutex);
    struct jwk_set *old = k->now;
    k->now = set;
    k->at = at;
    k->stays = stays;
    pthread_mutex_unlock(&k->mutex);
    jwk_set_unref(old);
}

void issuer_keys_renew(struct issuer_keys *k, wall_t at)
{
    pthread_mutex_lock(&k->mutex);
    k->at = at;
    pthread_mutex_unlock(&k->mutex);
}

struct jwk_set *issuer_keys_take(struct issuer_keys *k, wall_t now)
{
    pthread_mutex_lock(&k->mutex);
    bool is_fit = k->stays || now - k->at < k->stale_ms * NS_PER_MS;
    struct jwk_set *s = is_fit ? jwk_set_ref(k->now) : NULL;
    pthread_mutex_unlock(&k->mutex);
    return s;
}

void issuer_keys_on_want(struct issuer_keys *k, struct post_box *box, struct post p)
{
    pthread_mutex_lock(&k->mutex);
    k->box = box;
    k->wake = p;
    pthread_mutex_unlock(&k->mutex);
}

void issuer_keys_want(struct issuer_keys *k)
{
    pthread_mutex_lock(&k->mutex);
    if (!k->is_wanted && k->box) {
        k->is_wanted = true;
        post_send(k->box, k->wake);
    }
    pthread_mutex_unlock(&k->mutex);
}

void issuer_keys_asked(struct issuer_keys *k)
{
    pthread_mutex_lock(&k->mutex);
    k->is_wanted = false;
    pthread_mutex_unlock(&k->mutex);
}
