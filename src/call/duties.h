/*
 * call/duties.h - what the rules of a verdict ask of a call beside their yes: as values, in a fixed order.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

enum duty {
#define DUTY(name, text, help) DUTY_##name,
#include "call/duty.tbl.h"
#undef DUTY
    DUTY_COUNT
};

#define DUTY_NOTICES_MAX 16

struct duties {
    uint32_t redactors; /* bits: the document's redactors, by their order */
    uint32_t redactors_of_record; /* those, and for a call that is not permitted those of every rule that names it */
    bool needs_idempotency_key;
    struct str key_rule; /* the rule that asks for it */
    int64_t duplicate_ms; /* 0: no rule asks */
    bool may_repeat;      /* a rule asks, and none that is stricter */
    struct str duplicate_rule;
    struct str notices[DUTY_NOTICES_MAX]; /* names of events */
    size_t n_notices;
};
