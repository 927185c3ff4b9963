/*
 * cli/vendors_known.h - what the connectors that are compiled in know, for commands that read a policy document without
 * a daemon.
 */
#pragma once

#include "cli/cli.h"
#include "io/zoneinfo.h"
#include "saas/connector.h"

#define VENDORS_KNOWN_MAX 32

struct vendors_known {
    struct str names[VENDORS_KNOWN_MAX];
    struct connector *connectors[VENDORS_KNOWN_MAX];
    size_t n;
    struct zoneinfo *zoneinfo;
    struct known known;
};

void vendors_known_init(struct vendors_known *v, struct arena *a, const struct limits *limits);
void vendors_known_deinit(struct vendors_known *v);
