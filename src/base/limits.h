/*
 * base/limits.h - the values of limits.tbl.h in one struct, filled with defaults and then by the config.
 */
#pragma once

#include "base/str.h"

struct limits {
#define LIMIT(name, def, least, most, unit, help) int64_t name;
#include "base/limits.tbl.h"
#undef LIMIT
};

struct limit_info {
    struct str name;
    size_t offset; /* of the int64_t in struct limits */
    int64_t def, least, most;
    const char *unit, *help;
};

void limits_default(struct limits *l);
const struct limit_info *limits_table(size_t *ret_n);
/* 0; -ERR_NOT_FOUND: no such name; -ERR_OVERFLOW: outside least..most. */
int limits_set(struct limits *l, struct str name, int64_t value);
