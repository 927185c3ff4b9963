/*
 * proxy/remotes.c - relations on file that are exchanged while calls ask them, and answers that are remembered.
 */
#include "proxy/remotes.h"

#include "base/err.h"

const struct relations *remotes_relations(struct remotes *r)
{
    pthread_mutex_lock(&r->mutex);
    const struct relations *now = r->embedded;
    relations_ref(now);
    pthread_mutex_unlock(&r->mutex);
    return now;
}

void remotes_put_relations(struct remotes *r, const struct relations *now)
{
    pthread_mutex_lock(&r->mutex);
    const struct relations *before = r->embedded;
    r->embedded = now;
    pthread_mutex_unlock(&r->mutex);
    relations_unref(before);
}

struct remote *remotes_source(struct remotes *r, struct str name)
{
    for (size_t i = 0; r && i < r->n_sources; i++)
        if (str_eq(r->items[i].name, name))
            return &r->items[i];
    return NULL;
}

/* No part has a line end: names, ids and relations are tokens, and what is none is asked anew. */
static struct str key_of(const struct question *q, struct arena *a)
{
    const struct str parts[] = {q->name, STR("\n"), q->subject, STR("\n"), q->about};
    return arena_join(a, parts, 5);
}

bool remote_remembers(struct remote *r, const struct question *q, mono_t now, struct arena *a, int64_t *ret_age_ms)
{
    struct str at;
    int64_t ns;
    if (!r->cache || !lookup_cache_get(r->cache, key_of(q, a), now, a, &at) || str_to_i64(at, &ns) < 0)
        return false;
    *ret_age_ms = (now - ns) / NS_PER_MS;
    return true;
}

void remote_remember(struct remote *r, const struct question *q, mono_t now)
{
    struct arena a;
    if (!r->cache || str_has(q->subject, '\n') || str_has(q->about, '\n'))
        return;
    arena_init(&a, 1u << 16);
    lookup_cache_put(r->cache, key_of(q, &a), arena_i64(&a, now), now);
    arena_deinit(&a);
}
