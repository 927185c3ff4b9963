/*
 * proxy/token_cache.c - a map and a list in the order of use, behind one mutex.
 */
#include "proxy/token_cache.h"

#include "base/check.h"
#include "base/list.h"
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One allocation: the texts of `proven` stand behind it. */
struct entry {
    struct list node;
    uint8_t digest[SHA256_BYTES];
    struct jwk_set *keys;
    wall_t expires;
    struct proven proven;
    char texts[];
};

struct token_cache {
    pthread_mutex_t mutex;
    struct map entries; /* digest -> entry */
    struct list used;   /* longest ago first */
    size_t n_max;
};

static struct str key_of(const uint8_t digest[SHA256_BYTES])
{
    return (struct str){(const char *)digest, SHA256_BYTES};
}

struct token_cache *token_cache_new(size_t n_max)
{
    struct token_cache *c = calloc(1, sizeof *c);
    check(c != NULL);
    pthread_mutex_init(&c->mutex, NULL);
    map_init(&c->entries, n_max + 1, NULL); /* digests: nobody chooses them */
    list_init(&c->used);
    c->n_max = n_max;
    return c;
}

static void entry_free(struct token_cache *c, struct entry *e)
{
    check(map_remove(&c->entries, key_of(e->digest)) == e);
    list_remove(&e->node);
    jwk_set_unref(e->keys);
    free(e);
}

void token_cache_free(struct token_cache *c)
{
    if (!c)
        return;
    list_each_safe(n, tmp, &c->used)
        entry_free(c, list_entry(n, struct entry, node));
    map_deinit(&c->entries);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Every text of *p, one after the other. */
static size_t texts_of(struct proven *p, struct str *ret[4 + TOKEN_AGENTS_MAX + 1])
{
    size_t n = 0;
    ret[n++] = &p->user;
    ret[n++] = &p->tenant;
    ret[n++] = &p->customer;
    ret[n++] = &p->id;
    for (size_t i = 0; i < p->n_agents; i++)
        ret[n++] = &p->agents[i];
    return n;
}

static struct entry *entry_new(const struct proven *from)
{
    struct proven p = *from; /* issuer: a name of the config, which outlives this */
    struct str *texts[4 + TOKEN_AGENTS_MAX + 1];
    size_t n = texts_of(&p, texts), n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += texts[i]->n;
    struct entry *e = calloc(1, sizeof *e + n_bytes + 1);
    check(e != NULL);
    char *to = e->texts;
    for (size_t i = 0; i < n; i++) {
        if (texts[i]->n)
            memcpy(to, texts[i]->p, texts[i]->n);
        texts[i]->p = to;
        to += texts[i]->n;
    }
    e->proven = p;
    return e;
}

static void copy_out(const struct entry *e, struct arena *a, struct proven *ret)
{
    struct str *texts[4 + TOKEN_AGENTS_MAX + 1];
    *ret = e->proven;
    size_t n = texts_of(ret, texts);
    for (size_t i = 0; i < n; i++)
        *texts[i] = texts[i]->n ? arena_str(a, *texts[i]) : STR_NONE;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

struct jwk_set *token_cache_get(struct token_cache *c, const uint8_t digest[SHA256_BYTES], wall_t now, struct arena *a,
                                struct proven *ret)
{
    struct jwk_set *keys = NULL;
    pthread_mutex_lock(&c->mutex);
    struct entry *e = map_get(&c->entries, key_of(digest));
    if (e && now < e->expires) {
        list_remove(&e->node);
        list_add_tail(&c->used, &e->node);
        copy_out(e, a, ret);
        keys = jwk_set_ref(e->keys);
    }
    pthread_mutex_unlock(&c->mutex);
    return keys;
}

void token_cache_put(struct token_cache *c, const uint8_t digest[SHA256_BYTES], struct jwk_set *keys, wall_t expires,
                     const struct proven *p)
{
    if (c->n_max == 0)
        return;
    struct entry *e = entry_new(p);
    memcpy(e->digest, digest, SHA256_BYTES);
    e->keys = jwk_set_ref(keys);
    e->expires = expires;
    pthread_mutex_lock(&c->mutex);
    struct entry *old = map_get(&c->entries, key_of(digest));
    if (old)
        entry_free(c, old);
    else if (c->entries.n == c->n_max)
        entry_free(c, list_entry(list_first(&c->used), struct entry, node));
    check(map_put(&c->entries, key_of(digest), e, NULL) == 0);
    list_add_tail(&c->used, &e->node);
    pthread_mutex_unlock(&c->mutex);
}
