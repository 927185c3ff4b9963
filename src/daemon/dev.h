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
    struct key_text key;
    bool has_key;
};

/* Starts the simulated vendors on ports of their own; *ret_extra gets their names, addresses and made-up secrets. */
int dev_sandbox_start(struct dev *d, const struct limits *l, struct rng *r,
                      struct extra_vendor ret_extra[DEV_VENDORS_MAX], size_t *ret_n);
/* The starter policy, unless there is a document named default; and a key for this start. */
int dev_prepare(struct dev *d, struct core *c);
void dev_banner(const struct dev *d, struct str data_url, struct str admin_url, struct str dir);
/* The key of this start is revoked, the sandbox stopped. */
void dev_stop(struct dev *d, struct core *c);
