/*
 * proxy/core_causes.c - the core's doors to causes.h, which has a lock of its own: none takes the ledger mutex.
 */
#include "proxy/core_impl.h"

void core_tool_calls_learned(struct core *c, struct str tenant, struct str agent, struct str run_id,
                             struct str call_id, const struct tool_call *calls, size_t n, wall_t now)
{
    causes_learned(c->causes, tenant, agent, run_id, call_id, calls, n, now);
}

void core_cause_find(struct core *c, const struct facts *f, struct str tool_call_id, struct arena *a,
                     struct cause *ret)
{
    if (tool_call_id.n)
        causes_named(c->causes, f, tool_call_id, a, ret);
    else
        causes_infer(c->causes, f, a, ret);
}
