/*
 * proxy/duplicates.h - what was sent a moment ago: finds requests that a vendor without idempotency keys would carry
 * out twice.
 *
 *   (1) bounded: at duplicates_max the oldest is forgotten.
 *   (2) in memory only; what is still within its window after a restart is learned again from the records (take_up.c).
 *   (3) where one was let through although it was sent before, both are remembered: should it do nothing after all, the
 *       one before it counts again.
 *
 * No clock, no lock: the core's mutex guards it (proxy/core.h), time is an argument.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/time.h"
#include "base/uuid.h"

#define DUPLICATE_DIGEST_BYTES 32

/* What makes a request the same as another; window_ms 0: nothing does. */
struct duplicate {
    uint8_t digest[DUPLICATE_DIGEST_BYTES]; /* of who asks (as the idempotency scope), what and of whom */
    int64_t window_ms;
    bool is_own_key; /* the request's own idempotency key makes it so */
    bool has_retry_key; /* with the same key again it is a retry, which the vendor knows itself, and no duplicate */
    uint8_t retry_key[DUPLICATE_DIGEST_BYTES];
    /* filled when another is found */
    char first_call_id[UUID_TEXT_BYTES];
    wall_t first_at;
};

struct duplicates {
    struct map map;
    struct list oldest; /* first: the oldest */
    size_t n;           /* of all, also those behind a newer one of the same digest */
};

void duplicates_init(struct duplicates *d, size_t n_max, const uint8_t seed[16]);
void duplicates_deinit(struct duplicates *d);
/* True: a request with that digest was remembered less than its window ago; *q says which. */
bool duplicates_find(struct duplicates *d, struct duplicate *q, wall_t now);
/* From now on, for its window. The retry of one that is there changes nothing. */
void duplicates_put(struct duplicates *d, const struct duplicate *q, struct str call_id, wall_t now);
/* The call did nothing, so the one before it counts again, or the next is the first; fine when it was forgotten. */
void duplicates_forget(struct duplicates *d, const struct duplicate *q, struct str call_id);
