/*
 * proxy/core_keys.h - one key in memory. What is counted, the made run, the document once seen and is_revoked change,
 * under the ledger mutex only; the rest is fixed at creation.
 */
#pragma once

#include "call/label.h"
#include "proxy/core.h"

struct key_entry {
    char id[KEY_ID_CHARS + 1];
    uint8_t hash[KEY_HASH_BYTES];
    enum mode mode;
    struct str agent, owner, tenant, policy; /* owned; an entry stays until the core ends */
    const struct policy_entry *document;     /* of that name, which stays as long; NULL: not seen yet */
    wall_t created_at, expires_at;           /* 0: never */
    struct str *limit_specs;
    size_t n_limit_specs;
    struct key_limits *limits; /* NULL: none */
    struct label *labels;      /* owned, like their texts */
    size_t n_labels;
    bool is_revoked;
    wall_t revoked_at;
    size_t n_asked, n_waits; /* questions to persons that nobody answered yet, and calls that wait for an answer */
    char made_run[40];    /* run id for calls that carry none */
    wall_t made_run_seen;
};

/* NULL: there is none of that id. It stays for good; revoked ones too. */
const struct key_entry *core_key_named(struct core *c, struct str id);
