/*
 * proxy/vendor.h - one vendor as configured: where it is, what speaks for us there, how its traffic is read.
 *
 * Made at start from config and connector, immutable, shared by all workers.
 */
#pragma once

#include "call/names.h"
#include "crypto/secret.h"
#include "http/client.h"
#include "proxy/conceal.h"
#include "saas/call.h"

struct vendor {
    struct str name;
    const struct connector *connector;
    struct http_target target;
    struct str target_text; /* host:port, for records */
    const struct secret *secret; /* NULL: the vendor wants none */
    struct conceal_forms forms;  /* how the secret could come back in an answer */
    enum mode mode;
    struct saas_additions additions;
    struct http_timeouts timeouts, lookup_timeouts;
    bool forwards_run_id;
    bool is_simulated; /* a vendor of ours: gets the faults that the agent asks for (sandbox/host.h) */
    bool has_hosts; /* the target is the vendor's own, so its connector says which host serves a path */
    bool polls;     /* prices that come later are asked for */
};

struct vendors {
    struct vendor *items;
    size_t n;
};

const struct vendor *vendors_find(const struct vendors *v, struct str name);
/* Where a path of the connector is served, and the path as it is there. Points into vendor and path. */
struct http_target vendor_target(const struct vendor *v, struct str path, struct str *ret_path);
/* A test key never reaches a live secret (CONTRACT 3). */
bool vendor_allows_mode(const struct vendor *v, enum mode key_mode);
