/*
 * store/frame_read_event.c - reads frames of events, as trees: there are few, and their members differ.
 */
#include "store/frame_read.h"

#include "base/err.h"

/* Events that the next start must know of. `id` names the member that says which one; empty: there is one only. */
static const struct event_rule {
    struct str event, kind, id;
    enum event_does does;
} EVENT_RULES[] = {
    {STR_INIT("key.create"), STR_INIT("key"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("key.revoke"), STR_INIT("key"), STR_INIT("id"), EVENT_ENDS},
    {STR_INIT("policy.apply"), STR_INIT("policy"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("policy.shadow"), STR_INIT("policy_shadow"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("policy.remove"), STR_INIT("policy"), STR_INIT("name"), EVENT_ENDS},
    {STR_INIT("kill"), STR_INIT("kill"), STR_INIT(""), EVENT_SETS},
    {STR_INIT("unkill"), STR_INIT("kill"), STR_INIT(""), EVENT_ENDS},
    {STR_INIT("secret.set"), STR_INIT("secret"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("secret.rotate"), STR_INIT("secret"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("secret.remove"), STR_INIT("secret"), STR_INIT("name"), EVENT_ENDS},
    {STR_INIT("person.create"), STR_INIT("person"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("person.revoke"), STR_INIT("person"), STR_INIT("name"), EVENT_ENDS},
    {STR_INIT("limit.raise"), STR_INIT("raise"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("run.stop"), STR_INIT("run"), STR_INIT("run_id"), EVENT_SETS},
    {STR_INIT("run.stop_of"), STR_INIT("run"), STR_INIT("of"), EVENT_SETS},
    {STR_INIT("run.resume"), STR_INIT("run"), STR_INIT("run_id"), EVENT_ENDS},
    {STR_INIT("agent.create"), STR_INIT("agent"), STR_INIT("agent"), EVENT_SETS},
    {STR_INIT("agent.disable"), STR_INIT("agent"), STR_INIT("agent"), EVENT_SETS},
    {STR_INIT("agent.enable"), STR_INIT("agent"), STR_INIT("agent"), EVENT_SETS},
    {STR_INIT("owner.disable"), STR_INIT("owner"), STR_INIT("owner"), EVENT_SETS},
    {STR_INIT("owner.enable"), STR_INIT("owner"), STR_INIT("owner"), EVENT_ENDS},
    {STR_INIT("approval.ask"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.approve"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.deny"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.notice"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.notice_failed"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.back"), STR_INIT("approval"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("approval.use"), STR_INIT("approval"), STR_INIT("id"), EVENT_ENDS},
    {STR_INIT("approval.expire"), STR_INIT("approval"), STR_INIT("id"), EVENT_ENDS},
    {STR_INIT("tenant.revoke"), STR_INIT("tenant"), STR_INIT("tenant"), EVENT_SETS},
};

static const struct event_rule *event_rule(struct str event)
{
    for (size_t i = 0; i < sizeof EVENT_RULES / sizeof EVENT_RULES[0]; i++)
        if (str_eq(EVENT_RULES[i].event, event))
            return &EVENT_RULES[i];
    return NULL;
}

int frame_read_event(struct arena *a, const struct frame *f, struct event_row *ret)
{
    struct json body, personal;
    int r = frame_parse_both(a, f->body, f->personal, &body, &personal);
    if (r < 0)
        return r;

    struct event_row e = {.at = f->at};
    if (!json_str(json_get(body, STR("event")), &e.event) || e.event.n == 0)
        return err_trace(-ERR_CORRUPT);
    (void)json_str(json_get(body, STR("by")), &e.by); /* absent: empty */
    (void)json_str(json_get(personal, STR("tenant")), &e.tenant);
    const struct event_rule *rule = event_rule(e.event);
    if (rule) {
        e.does = rule->does;
        e.kind = rule->kind;
        bool has_id = rule->id.n == 0 || json_str(json_get(body, rule->id), &e.id) ||
                      json_str(json_get(personal, rule->id), &e.id);
        if (!has_id)
            e.does = EVENT_NOTHING; /* names nothing: shown like any other event */
    }
    e.is_policy = e.does == EVENT_SETS && str_eq(e.kind, STR("policy"));
    (void)json_i64(json_get(body, STR("version")), &e.version); /* absent: 0 */
    (void)json_str(json_get(body, STR("digest")), &e.digest);   /* absent: empty */
    *ret = e;
    return 0;
}
