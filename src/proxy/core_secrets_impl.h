/*
 * proxy/core_secrets_impl.h - one secret in memory: sealed bytes only. For core_secrets*.c; all under the ledger mutex.
 */
#pragma once

#include "codec/json_read.h"
#include "proxy/core_impl.h"
#include "proxy/core_secrets.h"

struct sealed {
    int64_t version;
    char *p; /* NULL: none */
    size_t n;
};

struct secret_entry {
    struct str name; /* owned */
    struct sealed now, before;
    wall_t set_at, before_until;
    enum secret_status status; /* UNSET: it was removed */
};

void sealed_free(struct sealed *s);
void secret_entry_free(struct secret_entry *e);

/* Opens one; anything but SECRET_OK leaves *ret alone. */
enum secret_status secret_open(struct core *c, struct str name, const struct sealed *s, struct secret **ret);
/* From the record into the slots of its vendors; sets its status. */
void secret_publish(struct core *c, struct secret_entry *e, wall_t now);
/* At start: what the last event about one secret left. */
int core_secret_load(struct core *c, const struct state_row *r, struct json body, struct json personal);
