/*
 * call/cause.h - which tool call of a model a later call carries out, and how that is known. A plain value.
 */
#pragma once

#include "call/names.h"

struct cause {
    enum cause_how how;      /* CAUSE_NONE: no cause is known, the rest means nothing */
    struct str call_id;      /* the call whose answer asked for it; empty: the run has no such call (explicit only) */
    struct str tool_call_id; /* as the model named it */
};
