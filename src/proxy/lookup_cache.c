/*
 * proxy/lookup_cache.c - a small ring of answers; the oldest makes room. 256 entries are found by walking them.
 */
#include "proxy/lookup_cache.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 256
#define BODY_BYTES_MAX 65536

struct entry {
    char *key, *body; /* one allocation each; key NULL: free */
    size_t n_key, n_body;
    mono_t at;
};

struct lookup_cache {
    pthread_mutex_t mutex;
    int64_t keep_ns;
    size_t i_next;
    size_t n; /* entries that were ever used, from the first on */
    struct entry entries[ENTRIES];
};

struct lookup_cache *lookup_cache_new(int64_t keep_ms)
{
    struct lookup_cache *lc = calloc(1, sizeof(*lc));
    if (!lc)
        return NULL;
    pthread_mutex_init(&lc->mutex, NULL);
    lc->keep_ns = keep_ms * NS_PER_MS;
    return lc;
}

static void drop(struct entry *e)
{
    free(e->key);
    free(e->body);
    *e = (struct entry){.key = NULL};
}

void lookup_cache_free(struct lookup_cache *lc)
{
    if (!lc)
        return;
    for (size_t i = 0; i < ENTRIES; i++)
        drop(&lc->entries[i]);
    pthread_mutex_destroy(&lc->mutex);
    free(lc);
}

static struct entry *find(struct lookup_cache *lc, struct str key)
{
    for (size_t i = 0; i < lc->n; i++) {
        struct entry *e = &lc->entries[i];
        if (e->key && e->n_key == key.n && memcmp(e->key, key.p, key.n) == 0)
            return e;
    }
    return NULL;
}

bool lookup_cache_get(struct lookup_cache *lc, struct str key, mono_t now, struct arena *a, struct str *ret_body)
{
    bool is_found = false;
    pthread_mutex_lock(&lc->mutex);
    struct entry *e = find(lc, key);
    if (e && now - e->at < lc->keep_ns)
        is_found = arena_try_str(a, (struct str){e->body, e->n_body}, ret_body) == 0;
    pthread_mutex_unlock(&lc->mutex);
    return is_found;
}

void lookup_cache_put(struct lookup_cache *lc, struct str key, struct str body, mono_t now)
{
    if (lc->keep_ns == 0 || body.n > BODY_BYTES_MAX || body.n == 0)
        return;
    char *k = malloc(key.n), *b = malloc(body.n);
    if (!k || !b) {
        free(k);
        free(b);
        return;
    }
    memcpy(k, key.p, key.n);
    memcpy(b, body.p, body.n);
    pthread_mutex_lock(&lc->mutex);
    struct entry *e = find(lc, key);
    if (!e) {
        e = &lc->entries[lc->i_next];
        lc->i_next = (lc->i_next + 1) % ENTRIES;
        lc->n += lc->n < ENTRIES;
    }
    drop(e);
    *e = (struct entry){.key = k, .body = b, .n_key = key.n, .n_body = body.n, .at = now};
    pthread_mutex_unlock(&lc->mutex);
}

void lookup_cache_drop(struct lookup_cache *lc, struct str id)
{
    if (id.n == 0)
        return;
    pthread_mutex_lock(&lc->mutex);
    for (size_t i = 0; i < lc->n; i++) {
        struct entry *e = &lc->entries[i];
        if (e->key && (memmem(e->key, e->n_key, id.p, id.n) || memmem(e->body, e->n_body, id.p, id.n)))
            drop(e);
    }
    pthread_mutex_unlock(&lc->mutex);
}
