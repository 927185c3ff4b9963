/*
 * proxy/duplicates.c - a map of digests, and the order in which they came.
 */
#include "proxy/duplicates.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct list node;
    uint8_t digest[DUPLICATE_DIGEST_BYTES];
    bool has_retry_key;
    uint8_t retry_key[DUPLICATE_DIGEST_BYTES];
    char call_id[UUID_TEXT_BYTES];
    wall_t at, until;
};

static struct str key_of(const uint8_t digest[DUPLICATE_DIGEST_BYTES])
{
    return (struct str){(const char *)digest, DUPLICATE_DIGEST_BYTES};
}

void duplicates_init(struct duplicates *d, size_t n_max, const uint8_t seed[16])
{
    map_init(&d->map, n_max, seed);
    list_init(&d->oldest);
}

static void drop(struct duplicates *d, struct entry *e)
{
    (void)map_remove(&d->map, key_of(e->digest));
    list_remove(&e->node);
    free(e);
}

void duplicates_deinit(struct duplicates *d)
{
    list_each_safe(n, tmp, &d->oldest)
        free(list_entry(n, struct entry, node));
    map_deinit(&d->map);
}

static bool is_retry(const struct entry *e, const struct duplicate *q)
{
    return e->has_retry_key && q->has_retry_key && memcmp(e->retry_key, q->retry_key, sizeof(e->retry_key)) == 0;
}

bool duplicates_find(struct duplicates *d, struct duplicate *q, wall_t now)
{
    struct entry *e = q->window_ms ? map_get(&d->map, key_of(q->digest)) : NULL;
    if (!e || now >= e->until || is_retry(e, q))
        return false;
    memcpy(q->first_call_id, e->call_id, sizeof(q->first_call_id));
    q->first_at = e->at;
    return true;
}

void duplicates_put(struct duplicates *d, const struct duplicate *q, struct str call_id, wall_t now)
{
    if (!q->window_ms)
        return;
    struct entry *e = map_get(&d->map, key_of(q->digest));
    if (e && is_retry(e, q) && now < e->until)
        return; /* the first one's time counts */
    if (e)
        drop(d, e);
    else if (d->map.n == d->map.n_max)
        drop(d, list_entry(list_first(&d->oldest), struct entry, node));
    e = calloc(1, sizeof(*e));
    check(e && call_id.n < sizeof(e->call_id));
    memcpy(e->digest, q->digest, sizeof(e->digest));
    e->has_retry_key = q->has_retry_key;
    memcpy(e->retry_key, q->retry_key, sizeof(e->retry_key));
    memcpy(e->call_id, call_id.p, call_id.n);
    e->at = now;
    e->until = now + q->window_ms * NS_PER_MS;
    list_init(&e->node);
    list_add_tail(&d->oldest, &e->node);
    check(map_put(&d->map, key_of(e->digest), e, NULL) == 0); /* there is room: one was dropped */
}

void duplicates_forget(struct duplicates *d, const struct duplicate *q, struct str call_id)
{
    struct entry *e = q->window_ms ? map_get(&d->map, key_of(q->digest)) : NULL;
    if (e && str_eq(str_c(e->call_id), call_id))
        drop(d, e);
}
