/*
 * llm/counts.c - reading counts that may be anything, and what both dialects share of the normal form.
 */
#include "llm/counts_impl.h"

void counts_init(struct counts *c)
{
    for (size_t i = 0; i < COUNT_COUNT; i++)
        c->n[i] = -1;
}

bool counts_read(struct counts *c, struct json usage, const struct count_place *places)
{
    bool is_good = true;
    struct json in = usage;
    struct str of = STR("");
    for (const struct count_place *p = places; p->name.n; p++) {
        int64_t n;
        if (!str_eq(p->of, of)) {
            of = p->of;
            in = json_get(usage, of);
        }
        struct json v = json_get(in, p->name);
        if (json_type(v) == JSON_NONE || json_type(v) == JSON_NULL)
            continue;
        if (json_i64(v, &n) && n >= 0 && n <= TOKENS_MAX)
            c->n[p->count] = n;
        else
            is_good = false;
    }
    return is_good;
}

int64_t counts_or_0(const struct counts *c, enum count i)
{
    return counts_has(c, i) ? c->n[i] : 0;
}

bool counts_add(struct counts *c, struct json usage, const struct count_place *places)
{
    struct counts more;
    counts_init(&more);
    bool is_good = counts_read(&more, usage, places);
    for (size_t i = 0; i < COUNT_COUNT; i++) {
        int64_t sum = counts_or_0(c, (enum count)i) + counts_or_0(&more, (enum count)i);
        c->n[i] = sum < TOKENS_MAX ? sum : TOKENS_MAX;
    }
    return is_good;
}

int64_t counts_take(int64_t part, int64_t *rest)
{
    int64_t n = part < *rest ? part : *rest;
    *rest -= n;
    return n;
}
