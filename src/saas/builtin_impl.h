/*
 * saas/builtin_impl.h - the table that tools/embed.py makes of connectors/<vendor>/connector.yaml at build time.
 */
#pragma once

#include "base/str.h"

struct embedded {
    struct str name, text;
};

extern const struct embedded connectors_builtin[]; /* ends with an empty name */
extern const struct str connectors_builtin_names[];
