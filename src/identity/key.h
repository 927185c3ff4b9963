/*
 * identity/key.h - agent keys: fb_<mode>_<id>_<secret+check>, and how a request presents them (CONTRACT 3).
 *
 * A key is shown once and stored as SHA-256 of its whole text from "fb_" on (190 bits of entropy need no slow hash).
 * What stands before "fb_" is decoration. A ".run_<id>" suffix carries the run.
 */
#pragma once

#include "base/rand.h"
#include "call/names.h"
#include "base/arena.h"

#define KEY_TEXT_BYTES 80
#define KEY_ID_CHARS 10
#define KEY_SECRET_CHARS 32
#define KEY_HASH_BYTES 32

struct key_text {
    char text[KEY_TEXT_BYTES]; /* "fb_test_<10>_<32 + 6 check>", NUL-terminated */
    char id[KEY_ID_CHARS + 1];
    uint8_t hash[KEY_HASH_BYTES];
};
/* mode is MODE_TEST or MODE_LIVE. */
void key_mint(enum mode mode, struct rng *r, struct key_text *ret);

struct key_presented {
    struct str dress;  /* what stands before "fb_": sk_live_, sk-ant-; may be empty */
    struct str key;    /* from "fb_", without suffix */
    struct str run_id; /* of the ".run_<id>" suffix; empty: none */
    struct str id;     /* the id part, not proven */
    enum mode mode;
};
/* -ERR_INVALID: not a key of ours, or its check does not fit (a typo, without a look-up); nothing of it is logged. */
int key_parse(struct str presented, struct key_presented *ret);
void key_hash(struct str key, uint8_t ret[KEY_HASH_BYTES]);
