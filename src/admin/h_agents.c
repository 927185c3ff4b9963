/*
 * admin/h_agents.c - agents with the people who answer for them, and the switch that turns either off.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "proxy/core_agents.h"

void admin_on_agents(struct request *r)
{
    int e = core_agents_json(r->admin->core, STR_NONE, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_list(r, STR("agents"));
}

static void answer_agent(struct request *r, int status, struct str name, uint64_t seq)
{
    buf_reset(&r->ask.json);
    int e = core_agents_json(r->admin->core, name, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_row(r, status, seq);
}

void admin_on_agent_create(struct request *r)
{
    static const struct str names[] = {STR_INIT("agent"), STR_INIT("owner")};
    struct str agent, owner;
    uint64_t seq = 0;
    if (!request_members_known(r, names, 2) || !request_member(r, STR("agent"), &agent) ||
        !request_member(r, STR("owner"), &owner))
        return;
    r->target = agent;
    int e = core_agent_create(r->admin->core, agent, owner, r->who.name, &seq);
    if (e == -ERR_INVALID)
        request_fail(r, 400, "request_invalid",
                     "`agent` and `owner` are both required: 1 to 128 of letters, digits and ._:@/+-");
    else if (e == -ERR_TOO_LARGE)
        request_fail(r, 403, "agents_max", "there are as many agents as agents_max allows");
    else if (e < 0)
        request_fail_err(r, e);
    else
        answer_agent(r, 201, agent, seq);
}

static void answer_switched(struct request *r, struct str agent, struct str owner, bool is_disabled, uint64_t seq)
{
    struct json_writer w;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str_or_null(&w, STR("agent"), agent);
    jw_put_str_or_null(&w, STR("owner"), owner);
    jw_put_bool(&w, STR("disabled"), is_disabled);
    jw_object_end(&w);
    jw_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer_synced(r, 200, seq);
}

/* `now`: streams that are open end too. */
static bool is_now(struct request *r)
{
    struct str now = request_param(r, STR("now"));
    return str_eq(now, STR("1")) || str_eq(now, STR("true"));
}

/* How it stands, for the record. `agent` empty: the owner. */
static struct str state_now(struct request *r, struct str agent, struct str owner)
{
    static const struct str names[] = {STR_INIT("status")};
    struct core *core = r->admin->core;
    if (!agent.n)
        return core_owner_is_disabled(core, owner) ? STR("{\"status\":\"disabled\"}") : STR("{\"status\":\"active\"}");
    buf_reset(&r->ask.json);
    return core_agents_json(core, agent, &r->ask.json) < 0 ? STR_NONE : request_row_members(r, names, 1);
}

static void switch_agent(struct request *r, bool is_disabled)
{
    static const struct str names[] = {STR_INIT("agent"), STR_INIT("owner")};
    struct core *core = r->admin->core;
    struct str agent, owner;
    uint64_t seq = 0;
    if (!request_members_known(r, names, 2) || !request_member(r, STR("agent"), &agent) ||
        !request_member(r, STR("owner"), &owner))
        return;
    if (!agent.n == !owner.n) {
        request_fail(r, 400, "request_invalid", "name either `agent` or `owner`");
        return;
    }
    r->target = agent.n ? agent : owner;
    r->is_target_personal = owner.n > 0;
    r->before = state_now(r, agent, owner);
    int e = agent.n ? core_agent_disable(core, agent, is_disabled, r->who.name, &seq)
                    : core_owner_disable(core, owner, is_disabled, r->who.name, &seq);
    if (e == -ERR_NOT_FOUND) {
        request_fail(r, 404, "not_found", "no agent %s `" STR_FMT "`; flyball agent list shows them",
                     agent.n ? "is called" : "has the owner", STR_ARG(str_sub(agent.n ? agent : owner, 0, 64)));
        return;
    }
    if (e < 0) {
        request_fail_stop(r, e);
        return;
    }
    if (is_disabled && is_now(r))
        core_sweep(core);
    r->after = state_now(r, agent, owner);
    answer_switched(r, agent, owner, is_disabled, seq);
}

void admin_on_agent_disable(struct request *r) { switch_agent(r, true); }
void admin_on_agent_enable(struct request *r) { switch_agent(r, false); }
