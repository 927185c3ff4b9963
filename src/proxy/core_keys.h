/*
 * proxy/core_keys.h - one key in memory. Everything but is_revoked and the made run is fixed at creation; both change
 * under the ledger mutex only.
 */
#pragma once

#include "proxy/core.h"

struct key_entry {
    char id[KEY_ID_CHARS + 1];
    uint8_t hash[KEY_HASH_BYTES];
    enum mode mode;
    struct str agent, owner, tenant, policy; /* owned, never freed */
    wall_t created_at, expires_at;           /* 0: never */
    struct str *limit_specs;
    size_t n_limit_specs;
    struct key_limits *limits; /* NULL: none */
    bool is_revoked;
    wall_t revoked_at;
    char made_run[40];    /* run id for calls that carry none */
    wall_t made_run_seen;
};
