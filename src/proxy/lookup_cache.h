/*
 * proxy/lookup_cache.h - answers of look-ups, for lookup_cache_ms, one cache for all workers.
 *
 * A governed call that changes an object drops what was cached of it, so that an amount that shrank or grew is asked
 * anew. Has a lock of its own, never taken together with the ledger mutex.
 */
#pragma once

#include "base/arena.h"
#include "base/time.h"

struct lookup_cache;

struct lookup_cache *lookup_cache_new(int64_t keep_ms);
void lookup_cache_free(struct lookup_cache *lc);
bool lookup_cache_get(struct lookup_cache *lc, struct str key, mono_t now, struct arena *a, struct str *ret_body);
void lookup_cache_put(struct lookup_cache *lc, struct str key, struct str body, mono_t now);
/* Drops every entry whose key or body names the object. */
void lookup_cache_drop(struct lookup_cache *lc, struct str object_id);
