/*
 * base/limits.c - the table behind `limits:` in the config file.
 */
#include "base/limits.h"

#include "base/err.h"

static const struct limit_info infos[] = {
#define LIMIT(name, def, least, most, unit, help) \
    {STR_INIT(#name), offsetof(struct limits, name), def, least, most, unit, help},
#include "base/limits.tbl.h"
#undef LIMIT
};

#define N_INFOS (sizeof infos / sizeof infos[0])

static int64_t *limit_at(struct limits *l, const struct limit_info *info)
{
    return (int64_t *)(void *)((char *)l + info->offset);
}

void limits_default(struct limits *l)
{
    for (size_t i = 0; i < N_INFOS; i++)
        *limit_at(l, &infos[i]) = infos[i].def;
}

const struct limit_info *limits_table(size_t *ret_n)
{
    *ret_n = N_INFOS;
    return infos;
}

int limits_set(struct limits *l, struct str name, int64_t value)
{
    for (size_t i = 0; i < N_INFOS; i++) {
        if (!str_eq(infos[i].name, name))
            continue;
        if (value < infos[i].least || value > infos[i].most)
            return -ERR_OVERFLOW;
        *limit_at(l, &infos[i]) = value;
        return 0;
    }
    return -ERR_NOT_FOUND;
}
