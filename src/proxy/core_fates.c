/*
 * proxy/core_fates.c - what a document that would be applied does to the counters of the one in force, with how much
 * stands on them now.
 */
#include "proxy/core_limits.h"

#include "base/arena.h"
#include "codec/json_write.h"
#include "policy/fate.h"
#include "proxy/core_impl.h"

#define ARENA_BYTES_MAX (8u << 20)

/* What the buckets of one counter hold together, and the fullest of them. */
struct use {
    size_t n_buckets, n_over; /* over the new max */
    int64_t most;             /* settled and held */
    struct str most_bucket;
};

static void count_bucket(struct use *u, const struct limit_fate *f, const struct ledger_row *row, struct arena *a)
{
    int64_t n = row->held > INT64_MAX - row->settled ? INT64_MAX : row->settled + row->held;
    if (n == 0)
        return;
    u->n_buckets++;
    u->n_over += n > f->max;
    if (n <= u->most)
        return;
    u->most = n;
    u->most_bucket = arena_str(a, row->bucket);
}

/* One pass over all buckets: those of live calls, whose counters have no mode before their name. */
static void use_counters(struct core *c, const struct limit_fate *fates, struct use *uses, size_t n, struct arena *a)
{
    struct map by_counter;
    struct ledger_row row;
    wall_t now = c->clock->wall(c->clock->ctx);
    map_init(&by_counter, n + 1, NULL);
    for (size_t i = 0; i < n; i++)
        if (fates[i].counter_before.n)
            check(map_put(&by_counter, fates[i].counter_before, &uses[i], NULL) == 0);
    for (size_t i = 0; ledger_next(c->ledger, now, &i, &row);) {
        struct use *u = map_get(&by_counter, row.counter);
        if (u)
            count_bucket(u, &fates[u - uses], &row, a);
    }
    map_deinit(&by_counter);
}

static struct str units(struct arena *a, const struct limit_fate *f, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    struct str number = meter_is_money(f->meter) ? money_text_short(n, text) : arena_i64(a, n);
    return arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(number), STR_ARG(meter_unit(f->meter, f->currency)));
}

static struct str in_use(struct arena *a, const struct limit_fate *f, const struct use *u)
{
    if (u->n_buckets == 0)
        return STR("nothing is counted now");
    return arena_printf(a, "%zu counters in use, the fullest (" STR_FMT ") at " STR_FMT, u->n_buckets,
                        STR_ARG(u->most_bucket), STR_ARG(units(a, f, u->most)));
}

static struct str sentence(struct arena *a, const struct limit_fate *f, const struct use *u)
{
    struct str use = in_use(a, f, u), before = units(a, f, f->max_before), max = units(a, f, f->max);
    switch (f->fate) {
    case FATE_KEPT:
        return arena_printf(a, "keeps what it counted: " STR_FMT " of " STR_FMT ".", STR_ARG(use), STR_ARG(max));
    case FATE_RAISED:
        return arena_printf(a, "keeps what it counted and is raised from " STR_FMT " to " STR_FMT ": " STR_FMT ".",
                            STR_ARG(before), STR_ARG(max), STR_ARG(use));
    case FATE_LOWERED:
        return arena_printf(a,
                            "keeps what it counted and is lowered from " STR_FMT " to " STR_FMT ": " STR_FMT
                            "; %zu have no room left.",
                            STR_ARG(before), STR_ARG(max), STR_ARG(use), u->n_over);
    case FATE_RESTARTED:
        return arena_printf(a, "starts at zero, because its meter, window or `by` changed: " STR_FMT " count no more.",
                            STR_ARG(use));
    case FATE_ENDED:
        return arena_printf(a, "ends: " STR_FMT ".", STR_ARG(use));
    default:
        return arena_printf(a, "is new and starts at zero, of " STR_FMT ".", STR_ARG(max));
    }
}

static void put_fate(struct json_writer *w, const struct limit_fate *f, const struct use *u, struct arena *a)
{
    jw_object(w);
    jw_put_str(w, STR("id"), f->id);
    jw_put_str(w, STR("counts"), fate_text(f->fate));
    jw_put_i64(w, STR("n_buckets"), (int64_t)u->n_buckets);
    jw_put_str_or_null(w, STR("bucket"), u->most_bucket);
    jw_put_str(w, STR("text"), sentence(a, f, u));
    jw_object_end(w);
}

int core_fates_json(struct core *c, const struct policy *p, struct buf *out)
{
    const struct limit_fate *fates;
    struct arena a;
    struct json_writer w;
    arena_init(&a, ARENA_BYTES_MAX);
    core_lock(c);
    const struct policy_entry *old = map_get(&c->policies, policy_name(p));
    const struct policy *before = old ? old->policy : NULL;
    size_t n = policy_fates(before, p, &a, &fates);
    struct use *uses = arena_alloc(&a, (n + 1) * sizeof *uses);
    if (before)
        policy_ref(before); /* its texts are read behind the lock */
    use_counters(c, fates, uses, n, &a);
    core_unlock(c);
    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        put_fate(&w, &fates[i], &uses[i], &a);
    jw_array_end(&w);
    jw_end(&w);
    policy_unref(before);
    arena_deinit(&a);
    return buf_ok(out);
}
