/*
 * proxy/vendor.h - one vendor as configured: where it is, what speaks for us there, how its traffic is read.
 *
 * Made at start from config and connector, immutable but for the credential in its slot, shared by all workers.
 */
#pragma once

#include "call/names.h"
#include "http/client.h"
#include "proxy/credential.h"
#include "saas/call.h"

struct vendor {
    struct str name;
    const struct connector *connector;
    struct http_target target;
    struct str target_text; /* host:port, for records */
    struct credential_slot *credential; /* NULL: the vendor wants none */
    struct str secret_name;             /* of the store; empty: the credential came from the environment or a file */
    enum mode mode;                     /* as configured, or as the secret said at start */
    bool mode_follows_secret;           /* `mode` is not used: the secret may be exchanged for one of another mode */
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
/* Which keys may use it now: of the secret in force where the mode follows it. */
enum mode vendor_mode(const struct vendor *v);
/* A test key never reaches a live secret (CONTRACT 3). */
bool vendor_allows_mode(enum mode vendor_mode, enum mode key_mode);
