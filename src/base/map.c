/*
 * base/map.c - open addressing, linear probing, SipHash-1-3.
 *
 *   (1) n_slots is 0 or a power of two; n + n_dead <= 3/4 n_slots, so that every probe ends at an empty slot.
 *   (2) a removed entry leaves a dead slot, unless the next slot is empty; entries never move but in map_put.
 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/siphash.h"

#define SLOTS_MIN 16

struct map_slot {
    uint64_t hash;
    char *key; /* NULL: empty or dead */
    size_t key_n;
    void *value;
    bool is_dead;
};

void map_init(struct map *m, size_t n_max, const uint8_t seed[16])
{
    *m = (struct map){.n_max = n_max};
    if (seed)
        memcpy(m->seed, seed, 16);
}

void map_deinit(struct map *m)
{
    for (size_t i = 0; i < m->n_slots; i++)
        free(m->slots[i].key);
    free(m->slots);
    *m = (struct map){.n_max = m->n_max};
}

/* The slot of `key`, or NULL. */
static struct map_slot *find(const struct map *m, struct str key, uint64_t hash)
{
    if (m->n == 0)
        return NULL;
    size_t mask = m->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *s = &m->slots[i];
        if (s->key ? s->hash == hash && s->key_n == key.n && memcmp(s->key, key.p, key.n) == 0 : !s->is_dead)
            return s->key ? s : NULL;
    }
}

/* The first slot on the way of `hash` that holds nothing. */
static struct map_slot *find_free(const struct map *m, uint64_t hash)
{
    size_t mask = m->n_slots - 1, i = hash & mask;
    while (m->slots[i].key)
        i = (i + 1) & mask;
    return &m->slots[i];
}

/* Room for one more entry; sweeps dead slots on the way. */
static int grow(struct map *m)
{
    if ((m->n + m->n_dead + 1) * 4 <= m->n_slots * 3)
        return 0;
    size_t n_slots = SLOTS_MIN;
    while (n_slots < (m->n + 1) * 2)
        n_slots *= 2;
    struct map_slot *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -ERR_NOMEM;

    struct map old = *m;
    m->slots = slots;
    m->n_slots = n_slots;
    m->n_dead = 0;
    for (size_t i = 0; i < old.n_slots; i++)
        if (old.slots[i].key)
            *find_free(m, old.slots[i].hash) = old.slots[i];
    free(old.slots);
    return 0;
}

void *map_get(const struct map *m, struct str key)
{
    struct map_slot *s = m->n ? find(m, key, siphash(m->seed, key)) : NULL;
    return s ? s->value : NULL;
}

int map_put(struct map *m, struct str key, void *value, void **ret_old)
{
    check(value != NULL);
    uint64_t hash = siphash(m->seed, key);
    struct map_slot *s = find(m, key, hash);
    if (s) {
        if (ret_old)
            *ret_old = s->value;
        s->value = value;
        return 0;
    }
    if (m->n >= m->n_max)
        return -ERR_TOO_LARGE;

    int r = grow(m);
    if (r < 0)
        return r;
    char *copy = malloc(key.n ? key.n : 1);
    if (!copy)
        return -ERR_NOMEM;
    if (key.n)
        memcpy(copy, key.p, key.n);
    s = find_free(m, hash);
    m->n_dead -= s->is_dead;
    m->n++;
    *s = (struct map_slot){.hash = hash, .key = copy, .key_n = key.n, .value = value};
    if (ret_old)
        *ret_old = NULL;
    return 0;
}

/* Dead slots in front of an empty one serve no probe any more. */
static void sweep_back(struct map *m, size_t i)
{
    size_t mask = m->n_slots - 1, next = (i + 1) & mask;
    if (m->slots[next].key || m->slots[next].is_dead)
        return;
    for (; !m->slots[i].key && m->slots[i].is_dead; i = (i - 1) & mask) {
        m->slots[i].is_dead = false;
        m->n_dead--;
    }
}

void *map_remove(struct map *m, struct str key)
{
    struct map_slot *s = m->n ? find(m, key, siphash(m->seed, key)) : NULL;
    if (!s)
        return NULL;
    void *value = s->value;
    free(s->key);
    *s = (struct map_slot){.is_dead = true};
    m->n--;
    m->n_dead++;
    sweep_back(m, (size_t)(s - m->slots));
    return value;
}

bool map_next(const struct map *m, size_t *i, struct str *ret_key, void **ret_value)
{
    while (*i < m->n_slots) {
        const struct map_slot *s = &m->slots[(*i)++];
        if (!s->key)
            continue;
        *ret_key = (struct str){s->key, s->key_n};
        *ret_value = s->value;
        return true;
    }
    return false;
}
