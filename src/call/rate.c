/*
 * call/rate.c - the binding limit of each kind, as header fields.
 */
#include "call/rate.h"

struct rate_row {
    enum rate_dialect dialect;
    unsigned meters; /* bits of enum limit_meter */
    struct str limit, remaining, reset;
};

#define BIT(meter) (1u << METER_##meter)
static const struct rate_row rows[] = {
#define RATE(dialect, meters, limit, remaining, reset) \
    {RATE_##dialect, meters, STR_INIT(limit), STR_INIT(remaining), STR_INIT(reset)},
#include "call/rate.tbl.h"
#undef RATE
};
#undef BIT
#define N_ROWS (sizeof rows / sizeof rows[0])

static bool speaks_for(const struct rate_row *row, const struct limit_need *need)
{
    return row->meters & 1u << need->meter && need->window != WINDOW_CALL && !need->is_shadow;
}

static int64_t left_of(const struct limit_need *need, bool is_held)
{
    int64_t most = INT64_MAX - need->before, held = need->held < most ? need->held : most;
    int64_t used = is_held ? need->after : need->before + held;
    return used < need->max ? need->max - used : 0;
}

/* a has less left than b, in proportion to their maxima; nothing is the least of all. */
static bool is_tighter(const struct limit_need *a, const struct limit_need *b, bool is_held)
{
    if (a->max == 0 || b->max == 0)
        return a->max == 0 && b->max != 0;
    return (__int128)left_of(a, is_held) * b->max < (__int128)left_of(b, is_held) * a->max;
}

static const struct limit_need *binding(const struct rate_row *row, const struct limit_need *needs, size_t n,
                                        bool is_held)
{
    const struct limit_need *tightest = NULL;
    for (size_t i = 0; i < n; i++)
        if (speaks_for(row, &needs[i]) && (!tightest || is_tighter(&needs[i], tightest, is_held)))
            tightest = &needs[i];
    return tightest;
}

/* Whole seconds, rounded up: who waits so long does not come too early. "1s", "6m0s", "1h0m0s" */
static struct str duration_of(int64_t ns, struct arena *a)
{
    long long s = ns > 0 ? (ns + NS_PER_S - 1) / NS_PER_S : 0;
    if (s < 60)
        return arena_join(a, (struct str[]){arena_i64(a, s), STR("s")}, 2);
    if (s < 3600)
        return arena_printf(a, "%lldm%llds", s / 60, s % 60);
    return arena_printf(a, "%lldh%lldm%llds", s / 3600, s / 60 % 60, s % 60);
}

static struct str reset_of(const struct limit_need *need, enum rate_dialect d, wall_t now, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    if (d == RATE_OPENAI)
        return duration_of(need->resets_at - now, a);
    wall_text(need->resets_at + NS_PER_S - 1, text);
    return arena_printf(a, "%.19sZ", text);
}

size_t rate_fields(const struct limit_need *needs, size_t n, bool is_held, enum rate_dialect d, wall_t now,
                   struct arena *a, struct rate_field ret[RATE_FIELDS_MAX])
{
    size_t n_ret = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct rate_row *row = &rows[i];
        const struct limit_need *need = row->dialect == d ? binding(row, needs, n, is_held) : NULL;
        if (!need)
            continue;
        int64_t left = left_of(need, is_held);
        ret[n_ret++] = (struct rate_field){row->limit, arena_i64(a, need->max)};
        ret[n_ret++] = (struct rate_field){row->remaining, arena_i64(a, left)};
        if (need->resets_at)
            ret[n_ret++] = (struct rate_field){row->reset, reset_of(need, d, now, a)};
    }
    return n_ret;
}

bool rate_replaces(const struct limit_need *needs, size_t n, enum rate_dialect d, struct str name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct rate_row *row = &rows[i];
        if (row->dialect == d && (str_eq_nocase(name, row->limit) || str_eq_nocase(name, row->remaining) ||
                                  str_eq_nocase(name, row->reset)))
            return binding(row, needs, n, false) != NULL;
    }
    return false;
}
