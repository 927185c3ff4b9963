/*
 * proxy/core_notice.c - the event of a rule's `notify`.
 */
#include "base/err.h"
#include "proxy/core_call.h"
#include "proxy/core_impl.h"
#include "proxy/core_members.h"

int core_notice(struct core *c, const struct policy_notice *n)
{
    struct member_text t = {.n = 0};
    uint64_t seq;
    member_str(&t, STR("name"), n->name, false);
    member_str(&t, STR("call_id"), n->call_id, false);
    member_str(&t, STR("agent"), n->agent, false);
    member_str(&t, STR("operation"), n->operation, false);
    member_str(&t, STR("rule"), n->rule, false);
    member_str(&t, STR("policy"), n->policy, false);
    core_lock(c);
    int r = core_event(c, STR("policy.notice"), STR("policy"), t.m, t.n, &seq);
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}
