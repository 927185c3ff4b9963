/*
 * daemon/vendors.h - from the config's vendors to what the pipeline uses: connector read, secret loaded, target known.
 */
#pragma once

#include "call/known.h"
#include "config/config.h"
#include "io/zoneinfo.h"
#include "proxy/vendor.h"

struct vendor_set {
    struct vendors vendors;
    struct connector **connectors; /* one a vendor */
    struct str *names;
    struct zoneinfo *zoneinfo;
    struct known known;            /* what policies may name */
    struct tls_sessions *sessions; /* NULL: no vendor speaks TLS */
    struct arena arena;
};

/* A vendor that is not in the config: the sandbox's. */
struct extra_vendor {
    struct str name;
    struct net_addr addr;
    struct secret *secret; /* taken over */
};

/* 0, or a negative code with one sentence an operator can act on in `error`. Wipes secrets from the environment. */
int vendor_set_load(const struct config *c, const struct extra_vendor *extra, size_t n_extra, struct buf *error,
                    struct vendor_set *ret);
void vendor_set_free(struct vendor_set *v);
/* Which keys may use a vendor with that secret: as configured, else as the secret says; it may be NULL. */
int vendor_secret_mode(const struct vendor *v, struct str configured, const struct secret *secret, enum mode *ret);
/* Names, modes, targets and operations, for the admin API; and under `data_url`, what agents call. */
int vendor_set_json(const struct vendor_set *v, struct str data_url, struct buf *out);
