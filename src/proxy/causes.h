/*
 * proxy/causes.h - what each run's models asked for, and which call carries it out.
 *
 *   (1) explicit: the agent names the tool call (x-agent-tool-call-id). It is believed; an id that no model of the run
 *       is known to have made up stays on record, without a call.
 *   (2) inferred: the agent names none, and the values of a tool call of the same run stand in the call
 *       (proxy/cause_fit.h). The newest answer with a tool call that fits is taken, and in it the one that fits best.
 *       There is no cause at all when two of that answer fit equally well, when an older one fits better, when the tool
 *       call is older than CAUSE_INFER_MS, or when it has been the cause of a call of this operation already.
 *   (3) no edge is better than a wrong one, and an inferred edge is never shown as a fact.
 *
 * In memory only, and bounded: by run_tool_calls_max a run and tool_calls_bytes_max in all; the oldest go first. A run
 * is (tenant, agent, run id). Behind a lock of its own: nothing here decides on a call, and looking for a cause takes
 * longer than anything that may be done under the ledger mutex. The two are never held together.
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "base/time.h"
#include "call/cause.h"
#include "call/facts.h"

#define CAUSE_INFER_MS (15 * 60 * 1000)
/* Newest tool calls of a run that are compared with a call: bounds the work that an agent can cause. */
#define CAUSE_LOOKS_MAX 64
/* Operations that one tool call can be inferred to have caused. */
#define CAUSE_OPERATIONS_MAX 8

struct causes;
struct causes *causes_new(const struct limits *limits, const uint8_t seed[16]); /* NULL: no memory */
void causes_free(struct causes *c);

/*
 * A model's answer (of call `call_id`) asked for these. Tell before the agent has the last byte of the answer: it may
 * act on it at once.
 */
void causes_learned(struct causes *c, struct str tenant, struct str agent, struct str run_id, struct str call_id,
                    const struct tool_call *calls, size_t n, wall_t now);
/* Of a call whose agent names a tool call: always CAUSE_EXPLICIT. Of `f`: tenant, agent, run_id. */
void causes_named(struct causes *c, const struct facts *f, struct str tool_call_id, struct arena *a, struct cause *ret);
/* Of a call whose agent names none: CAUSE_INFERRED or CAUSE_NONE. */
void causes_infer(struct causes *c, const struct facts *f, struct arena *a, struct cause *ret);
size_t causes_bytes(struct causes *c); /* in use */
