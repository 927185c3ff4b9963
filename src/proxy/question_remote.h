/*
 * proxy/question_remote.h - questions about relations and to sources, answered by whoever is configured.
 */
#pragma once

#include "proxy/call.h"

/* The answer without its question. It may be there at once: true. Else `done` comes, in the state CALL_DECIDING; or
 * never, when the agent has left by then and the call is over. */
typedef void (*answered_cb)(struct call *c, const struct scope_answer *answer);
bool ask_relation(struct call *c, const struct question *q, struct scope_answer *ret, answered_cb done);
bool ask_source(struct call *c, const struct question *q, struct scope_answer *ret, answered_cb done);
