/*
 * daemon/secrets_key.h - where the key comes from that seals secrets in the store: the first of FLYBALL_SECRETS_KEY
 * (wiped from the environment), the systemd credential flyball-secrets-key, and secrets.key in the data folder.
 *
 * A key that is there and cannot be used is no reason not to start: its vendors refuse, and the reason is shown.
 */
#pragma once

#include "base/arena.h"
#include "crypto/keyring.h"

struct secrets_key {
    struct keyring *keyring; /* NULL: none; the caller's to free or to hand on */
    struct str problem;      /* why a key that is there cannot be used; empty: there is none, or it can */
    struct str path;         /* of secrets.key */
    bool may_make;           /* nothing names a key: the first secret makes secrets.key */
};

/* Texts live in `a`. While there is one thread. */
void secrets_key_load(struct str dir, struct arena *a, struct secrets_key *ret);
/* Makes secrets.key (0600), on disk when it returns. `ctx` is the struct secrets_key. */
int secrets_key_make(void *ctx, struct keyring **ret);
