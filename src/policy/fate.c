/*
 * policy/fate.c - pairs the limits of two documents by their ids.
 */
#include "policy/fate.h"

#include <string.h>

#include "base/check.h"
#include "policy/policy_impl.h"

static const struct str texts[FATE_COUNT] = {
    [FATE_KEPT] = STR_INIT("kept"),           [FATE_RAISED] = STR_INIT("raised"), [FATE_LOWERED] = STR_INIT("lowered"),
    [FATE_RESTARTED] = STR_INIT("restarted"), [FATE_ENDED] = STR_INIT("ended"),   [FATE_NEW] = STR_INIT("new")};

struct str fate_text(enum fate f)
{
    check(f < FATE_COUNT);
    return texts[f];
}

static const struct limit *limit_of(const struct policy *p, struct str id)
{
    for (size_t i = 0; p && i < p->n_limits; i++)
        if (str_eq(p->limits[i].id, id))
            return &p->limits[i];
    return NULL;
}

static struct limit_fate fate_of(const struct limit *before, const struct limit *l)
{
    struct limit_fate f = {.fate = FATE_ENDED, .id = before->id, .meter = before->meter,
                           .counter_before = before->counter, .max_before = before->max};
    memcpy(f.currency, before->currency, sizeof f.currency);
    if (!l)
        return f;
    f.max = l->max;
    f.fate = !str_eq(before->counter, l->counter) ? FATE_RESTARTED
             : l->max > before->max               ? FATE_RAISED
             : l->max < before->max               ? FATE_LOWERED
                                                  : FATE_KEPT;
    return f;
}

size_t policy_fates(const struct policy *before, const struct policy *p, struct arena *a,
                    const struct limit_fate **ret)
{
    size_t n_before = before ? before->n_limits : 0, n = 0;
    struct limit_fate *fates = arena_alloc(a, (n_before + p->n_limits + 1) * sizeof *fates);
    for (size_t i = 0; i < n_before; i++)
        fates[n++] = fate_of(&before->limits[i], limit_of(p, before->limits[i].id));
    for (size_t i = 0; i < p->n_limits; i++) {
        const struct limit *l = &p->limits[i];
        if (limit_of(before, l->id))
            continue;
        fates[n] = (struct limit_fate){.fate = FATE_NEW, .id = l->id, .meter = l->meter, .max = l->max};
        memcpy(fates[n++].currency, l->currency, CURRENCY_BYTES);
    }
    *ret = fates;
    return n;
}
