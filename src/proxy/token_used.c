/*
 * proxy/token_used.c - a map of digests; what has expired is swept when there is no room, at most once a second.
 */
#include "proxy/token_used.h"

#include "base/check.h"
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

struct token_used {
    pthread_mutex_t mutex;
    struct map expiries; /* digest -> wall_t */
    wall_t swept_at;
};

struct token_used *token_used_new(size_t n_max)
{
    struct token_used *u = calloc(1, sizeof *u);
    check(u != NULL);
    pthread_mutex_init(&u->mutex, NULL);
    map_init(&u->expiries, n_max, NULL);
    return u;
}

void token_used_free(struct token_used *u)
{
    size_t i = 0;
    struct str key;
    void *v;
    if (!u)
        return;
    while (map_next(&u->expiries, &i, &key, &v))
        free(v);
    map_deinit(&u->expiries);
    pthread_mutex_destroy(&u->mutex);
    free(u);
}

static void sweep(struct token_used *u, wall_t now)
{
    size_t i = 0;
    struct str key;
    void *v;
    if (now - u->swept_at < NS_PER_S)
        return;
    u->swept_at = now;
    while (map_next(&u->expiries, &i, &key, &v)) {
        if (*(wall_t *)v > now)
            continue;
        map_remove(&u->expiries, key);
        free(v);
    }
}

static int add(struct token_used *u, struct str key, wall_t expires, wall_t now)
{
    wall_t *known = map_get(&u->expiries, key);
    if (known)
        return TOKEN_USED_R_REPLAYED;
    if (u->expiries.n == u->expiries.n_max)
        sweep(u, now);
    if (u->expiries.n == u->expiries.n_max)
        return TOKEN_USED_R_FULL;
    wall_t *e = malloc(sizeof *e);
    check(e != NULL);
    *e = expires;
    check(map_put(&u->expiries, key, e, NULL) == 0);
    return 0;
}

int token_used_add(struct token_used *u, const uint8_t digest[SHA256_BYTES], wall_t expires, wall_t now)
{
    pthread_mutex_lock(&u->mutex);
    int r = add(u, (struct str){(const char *)digest, SHA256_BYTES}, expires, now);
    pthread_mutex_unlock(&u->mutex);
    return r;
}
