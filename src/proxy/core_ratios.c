/*
 * proxy/core_ratios.c - how full limits are, for /metrics: of each limit of a document its fullest counter, so that the
 * number of series is that of limits and no label names a person, an agent or a key.
 */
#include "proxy/core_limits.h"

#include "base/arena.h"
#include "proxy/core_impl.h"

#define ARENA_BYTES_MAX (8u << 20)
#define SERIES_MAX 2000
#define BASIS_POINTS 10000

struct fullest {
    struct str policy, id, counter;
    int64_t max;
    int64_t basis_points; /* of max; more than 10000 where it was lowered, or a call cost more than it held */
};

struct series {
    struct fullest *items;
    size_t n;
};

/* Texts are copied: documents may go once the mutex is free. */
static void add_policy(struct series *s, const struct policy *p, struct arena *a)
{
    struct limit_terms l;
    struct str id;
    for (size_t i = 0; policy_limit_at(p, i, &id, &l) && s->n < SERIES_MAX; i++)
        if (l.window != WINDOW_CALL)
            s->items[s->n++] = (struct fullest){.policy = arena_str(a, policy_name(p)), .id = arena_str(a, id),
                                                .counter = arena_str(a, l.counter), .max = l.max};
}

static int64_t part_of(int64_t n, int64_t max)
{
    if (n == 0)
        return 0;
    __int128 part = max ? (__int128)n * BASIS_POINTS / max : BASIS_POINTS;
    return part > INT64_MAX ? INT64_MAX : (int64_t)part;
}

static void read_counters(struct core *c, struct series *s)
{
    struct map by_counter;
    struct ledger_row row;
    wall_t now = c->clock->wall(c->clock->ctx), until;
    map_init(&by_counter, s->n + 1, NULL);
    for (size_t i = 0; i < s->n; i++)
        check(map_put(&by_counter, s->items[i].counter, &s->items[i], NULL) == 0);
    for (size_t i = 0; ledger_next(c->ledger, now, &i, &row);) {
        struct fullest *f = map_get(&by_counter, row.counter);
        if (!f)
            continue;
        int64_t n = row.held > INT64_MAX - row.settled ? INT64_MAX : row.settled + row.held;
        int64_t part = part_of(n, f->max + raises_of(&c->raises, row.counter, row.bucket, now, &until));
        if (part > f->basis_points)
            f->basis_points = part;
    }
    map_deinit(&by_counter);
}

void core_budget_metrics(struct core *c, struct buf *out)
{
    struct arena a;
    struct str name;
    void *v;
    arena_init(&a, ARENA_BYTES_MAX);
    struct series s = {arena_alloc(&a, SERIES_MAX * sizeof(struct fullest)), 0};
    core_lock(c);
    for (size_t i = 0; map_next(&c->policies, &i, &name, &v);)
        add_policy(&s, ((const struct policy_entry *)v)->policy, &a);
    read_counters(c, &s);
    core_unlock(c);
#define LIMIT_METRIC(name, type, labels, help) \
    if (s.n) \
        (void)buf_printf(out, "# HELP flyball_%s %s\n# TYPE flyball_%s %s\n", #name, help, #name, #type);
#include "proxy/limit_metric.tbl.h"
#undef LIMIT_METRIC
    for (size_t i = 0; i < s.n; i++)
        (void)buf_printf(out, "flyball_budget_used_ratio{policy=\"" STR_FMT "\",limit=\"" STR_FMT "\"} %lld.%04lld\n",
                         STR_ARG(s.items[i].policy), STR_ARG(s.items[i].id),
                         (long long)(s.items[i].basis_points / BASIS_POINTS),
                         (long long)(s.items[i].basis_points % BASIS_POINTS));
    arena_deinit(&a);
}
