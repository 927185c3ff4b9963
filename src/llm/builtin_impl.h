/* llm/builtin_impl.h - the table that tools/embed.py makes at build time, of catalog/models.yaml. */
#pragma once

#include "base/str.h"

struct embedded {
    struct str name, text;
};

extern const struct embedded catalog_builtin_table[]; /* one entry, and an empty one */
extern const struct str catalog_builtin_table_names[];
