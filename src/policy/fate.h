/*
 * policy/fate.h - what becomes of the counters of limits when a document takes another's place. A counter goes on where
 * id, meter, window (with its zone) and `by` stay; else the limit begins at zero.
 */
#pragma once

#include "policy/policy.h"

enum fate { FATE_KEPT, FATE_RAISED, FATE_LOWERED, FATE_RESTARTED, FATE_ENDED, FATE_NEW, FATE_COUNT };
struct str fate_text(enum fate f);

struct limit_fate {
    enum fate fate;
    struct str id;
    enum limit_meter meter;
    char currency[CURRENCY_BYTES]; /* of METER_CURRENCY */
    struct str counter_before; /* empty: FATE_NEW */
    int64_t max_before, max;   /* of FATE_ENDED the second, of FATE_NEW the first says nothing */
};
/* Those of `before`, then new ones, each in id order. Texts live in the policies. NULL before: all are new. */
size_t policy_fates(const struct policy *before, const struct policy *p, struct arena *a,
                    const struct limit_fate **ret);
