/*
 * proxy/issuer_keys.h - the keys of one issuer as they are known now; exchanged while calls verify with them.
 *
 *   (1) a call takes a reference, so an exchange moves no call that is under way.
 *   (2) keys that could not be renewed for jwks_stale_ms are not given out any more: it fails closed.
 *   (3) who wants newer keys waits for nothing, and wakes the fetcher once, however many want them until it asks.
 *
 * From any thread. Times are the wall clock's.
 */
#pragma once

#include "base/post.h"
#include "base/time.h"
#include "crypto/jwk.h"

struct issuer_keys;

struct issuer_keys *issuer_keys_new(int64_t stale_ms); /* empty; aborts without memory */
void issuer_keys_free(struct issuer_keys *k);          /* NULL is fine */

/* Puts new keys in force, read at `at`; takes the reference over. `stays`: from a file, they do not get stale. */
void issuer_keys_put(struct issuer_keys *k, struct jwk_set *set, wall_t at, bool stays);
/* The issuer gave the keys again that are in force. */
void issuer_keys_renew(struct issuer_keys *k, wall_t at);
/* A reference; NULL: there are none, or they are too old. */
struct jwk_set *issuer_keys_take(struct issuer_keys *k, wall_t now);

/* Whom to tell that newer keys are wanted; `box` NULL: nobody any more. */
void issuer_keys_on_want(struct issuer_keys *k, struct post_box *box, struct post p);
void issuer_keys_want(struct issuer_keys *k);
void issuer_keys_asked(struct issuer_keys *k); /* the fetcher asks now: the next want wakes it again */
