/*
 * proxy/duplicates.c - a map from a digest to the newest that was sent with it, behind which stand those before it; and
 * the order in which all came.
 */
#include "proxy/duplicates.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct list node;
    struct entry *before; /* of the same digest */
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
    d->n = 0;
}

static void drop(struct duplicates *d, struct entry *e)
{
    struct entry *newest = map_get(&d->map, key_of(e->digest)), **at = &newest;
    while (*at != e)
        at = &(*at)->before;
    *at = e->before;
    if (newest)
        check(map_put(&d->map, key_of(e->digest), newest, NULL) == 0); /* it is there */
    else
        (void)map_remove(&d->map, key_of(e->digest));
    list_remove(&e->node);
    free(e);
    d->n--;
}

void duplicates_deinit(struct duplicates *d)
{
    list_each_safe(n, tmp, &d->oldest)
        free(list_entry(n, struct entry, node));
    map_deinit(&d->map);
}

/* Of the newest or of one before it. */
static bool is_retry(const struct entry *e, const struct duplicate *q, wall_t now)
{
    for (; e; e = e->before)
        if (e->has_retry_key && q->has_retry_key && now < e->until &&
            memcmp(e->retry_key, q->retry_key, sizeof(e->retry_key)) == 0)
            return true;
    return false;
}

bool duplicates_find(struct duplicates *d, struct duplicate *q, wall_t now)
{
    struct entry *e = q->window_ms ? map_get(&d->map, key_of(q->digest)) : NULL;
    if (!e || now >= e->until || is_retry(e, q, now))
        return false;
    memcpy(q->first_call_id, e->call_id, sizeof(q->first_call_id));
    q->first_at = e->at;
    return true;
}

/* The newest of that digest that still counts; those that do not are dropped. */
static struct entry *newest_of(struct duplicates *d, const struct duplicate *q, wall_t now)
{
    struct entry *e;
    while ((e = map_get(&d->map, key_of(q->digest))) && now >= e->until)
        drop(d, e);
    return e;
}

void duplicates_put(struct duplicates *d, const struct duplicate *q, struct str call_id, wall_t now)
{
    if (!q->window_ms)
        return;
    if (is_retry(map_get(&d->map, key_of(q->digest)), q, now))
        return; /* the first one's time counts */
    if (d->n == d->map.n_max)
        drop(d, list_entry(list_first(&d->oldest), struct entry, node));
    struct entry *e = calloc(1, sizeof(*e));
    check(e && call_id.n < sizeof(e->call_id));
    e->before = newest_of(d, q, now);
    memcpy(e->digest, q->digest, sizeof(e->digest));
    e->has_retry_key = q->has_retry_key;
    memcpy(e->retry_key, q->retry_key, sizeof(e->retry_key));
    memcpy(e->call_id, call_id.p, call_id.n);
    e->at = now;
    e->until = now + q->window_ms * NS_PER_MS;
    list_init(&e->node);
    list_add_tail(&d->oldest, &e->node);
    check(map_put(&d->map, key_of(e->digest), e, NULL) == 0); /* there is room: one was dropped */
    d->n++;
}

void duplicates_forget(struct duplicates *d, const struct duplicate *q, struct str call_id)
{
    struct entry *e = q->window_ms ? map_get(&d->map, key_of(q->digest)) : NULL;
    while (e && !str_eq(str_c(e->call_id), call_id))
        e = e->before;
    if (e)
        drop(d, e);
}
