/*
 * call/duties.h - what the rules of a verdict ask of a call beside their yes: as values, in a fixed order.
 */
#pragma once

#include "call/approval.h"
#include "call/kept_body.h"

#include <stdbool.h>

enum duty {
#define DUTY(name, text, help) DUTY_##name,
#include "call/duty.tbl.h"
#undef DUTY
    DUTY_COUNT
};

#define DUTY_NOTICES_MAX 16

/* What becomes of a request that was made before; the later is the stricter. */
enum duplicate_then {
#define DUPLICATE_THEN(name, text) DUPLICATE_##name,
#include "call/duplicate.tbl.h"
#undef DUPLICATE_THEN
    DUPLICATE_THEN_COUNT
};
struct str duplicate_then_text(enum duplicate_then t);

struct duties {
    uint32_t redactors; /* bits: the document's redactors, by their order */
    uint32_t redactors_of_record; /* those, and for a call that is not permitted those of every rule that names it */
    bool needs_idempotency_key;
    struct str key_rule; /* the rule that asks for it */
    int64_t duplicate_ms; /* 0: no rule asks */
    enum duplicate_then duplicate_then; /* the strictest */
    struct approval_terms duplicate_approval; /* of APPROVE: the most persons, the shortest time */
    struct str duplicate_rule;
    struct str notices[DUTY_NOTICES_MAX]; /* names of events */
    size_t n_notices;
    unsigned bodies; /* kept: bits of enum body_side */
};
