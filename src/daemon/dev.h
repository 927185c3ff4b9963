/*
 * daemon/dev.h - what `flyball dev` adds to the daemon: simulated vendors, the starter policy, a key, a banner.
 */
#pragma once

#include "daemon/thread.h"
#include "daemon/vendors.h"

struct sandbox;

#define DEV_VENDORS_MAX 8

struct dev {
    struct loop_thread loop;
    struct sandbox *sandboxes[DEV_VENDORS_MAX];
    size_t n_sandboxes;
    struct key_text key, live_key;
    bool has_key, has_live_key;
};

/* Starts the simulated vendors on ports of their own; *ret_extra gets their names, addresses and made-up secrets. */
int dev_sandbox_start(struct dev *d, const struct limits *l, struct rng *r,
                      struct extra_vendor ret_extra[DEV_VENDORS_MAX], size_t *ret_n);
/* The starter policy, unless there is a document named default; and a test key for this start, and a live one where a
 * vendor takes only that. */
int dev_prepare(struct dev *d, struct core *c, const struct vendors *vendors);
/* At most 15 lines. */
void dev_banner(const struct dev *d, const struct vendors *vendors, struct str data_url, struct str ui_url,
                struct str dir);
/* The keys of this start are revoked, the sandbox stopped. */
void dev_stop(struct dev *d, struct core *c);
