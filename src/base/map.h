/*
 * base/map.h - a map from bytes to pointers, for keys that strangers choose (keyed hash).
 *
 *   (1) never holds more than n_max entries: map_put fails with -ERR_TOO_LARGE.
 *   (2) the map copies keys, and never touches values.
 */
#pragma once

#include "base/str.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t n, n_slots, n_dead, n_max;
    uint64_t seed[2];
};

/* `seed`: 16 random bytes, or NULL for zeros (maps whose keys are ours). */
void map_init(struct map *m, size_t n_max, const uint8_t seed[16]);
void map_deinit(struct map *m);
void *map_get(const struct map *m, struct str key); /* NULL: not there */
/* Sets or replaces; value not NULL. *ret_old (may be NULL) gets what stood there, or NULL. -ERR_TOO_LARGE, -ERR_NOMEM.
 */
int map_put(struct map *m, struct str key, void *value, void **ret_old);
void *map_remove(struct map *m, struct str key); /* the value, or NULL */
/* Start with *i = 0; false at the end. The map must not change meanwhile, but for removing the entry just given. */
bool map_next(const struct map *m, size_t *i, struct str *ret_key, void **ret_value);
