/*
 * proxy/forward.h - what answer.c needs of forward.c: the one place that says what a broken exchange means.
 */
#pragma once

#include "proxy/call.h"

/* call.up is released, hold and record are closed, the agent gets its refusal (or a cut stream). The call is gone
 * afterwards. */
void forward_failed(struct call *c, enum http_reset why);
