/*
 * saas/builtin_impl.h - the tables that tools/embed.py makes at build time, of connectors/<vendor>/connector.yaml and
 * of the tables of prices in catalog/.
 */
#pragma once

#include "base/str.h"

struct embedded {
    struct str name, text;
};

extern const struct embedded connectors_builtin[]; /* ends with an empty name */
extern const struct str connectors_builtin_names[];
extern const struct embedded prices_builtin[]; /* catalog/<name>.yaml */
extern const struct str prices_builtin_names[];
