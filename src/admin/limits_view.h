/*
 * admin/limits_view.h - limits as people ask for them: each limit of each document and key, with its buckets beneath
 * it.
 *
 * Joins what the core knows apart: limits of documents, limits of keys, and counters of the ledger. Pure: JSON in, JSON
 * out.
 */
#pragma once

#include "base/arena.h"
#include "call/limit.h"
#include "codec/json_read.h"
#include "codec/json_write.h"

/*
 * `core`: the answer of core_limits_json; `keys`: that of core_keys_json, revoked ones are left out. Writes one array:
 * [{policy, digest, in_force, documents, key, id, meter, window, by, max, match, buckets: [{mode, bucket, settled,
 * held, left, resets_at}]}].
 * Amounts of usd are decimal strings of nine digits, counts are integers. Money still held on a limit that no document
 * has any more is shown with policy and max null.
 * `tenant` not empty: only buckets that count what that tenant did and nobody else, and limits that have such; `keys`
 * are that tenant's. `key` not empty: only limits that count its calls: its own, its document's, and those of all above
 * that. False: there is no such key, and nothing was written.
 */
bool limits_view(struct arena *a, struct json core, struct json keys, struct str tenant, struct str key,
                 struct json_writer *w);

/* One member: money as a decimal string of nine digits, counts as integers. */
void limit_put_units(struct json_writer *w, struct str key, enum limit_meter meter, int64_t n);

/* Whether a bucket counts what one tenant did and nobody else; `own_keys`: ids of that tenant's
 * keys -> not NULL; NULL: all keys that it can name are. */
struct map;
bool bucket_is_of(struct str bucket, struct str tenant, const struct map *own_keys);
