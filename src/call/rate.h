/*
 * call/rate.h - how near its limits a call came, in the header fields that the vendors' SDKs know.
 *
 * Of each kind (requests, tokens) the binding limit is told: the one with the least left, in proportion. Limits of one
 * call, on calls at once, and on money have no such field.
 */
#pragma once

#include "base/arena.h"
#include "call/limit.h"

enum rate_dialect {
    RATE_OPENAI,   /* x-ratelimit-*; times as durations: 6m0s */
    RATE_ANTHROPIC /* anthropic-ratelimit-*; times by RFC 3339 */
};

struct rate_field {
    struct str name, value;
};
#define RATE_FIELDS_MAX 12
/*
 * From a verdict's needs after the ledger has filled them. is_held: they were held, so what the call holds is not left;
 * false for a refusal. A limit that never resets has no field for the reset. Values live in `a`. Returns how many.
 */
size_t rate_fields(const struct limit_need *needs, size_t n, bool is_held, enum rate_dialect d, wall_t now,
                   struct arena *a, struct rate_field ret[RATE_FIELDS_MAX]);
/* A field of the vendor's with that name would contradict ours: it tells of a kind that some need limits. */
bool rate_replaces(const struct limit_need *needs, size_t n, enum rate_dialect d, struct str name);
