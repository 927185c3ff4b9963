/*
 * proxy/core_agents.c - changed under the ledger mutex, written as EVENT first.
 *
 * Names of agents stand in the clear in every record of theirs; an owner is a person, and a personal value.
 */
#include "proxy/core_agents.h"

#include "codec/json_read.h"
#include "proxy/core_impl.h"
#include "proxy/core_members.h"

#include <stdlib.h>

static const struct str state_texts[] = {[AGENT_ACTIVE] = STR_INIT("active"), [AGENT_DISABLED] = STR_INIT("disabled"),
                                         [AGENT_OWNER_DISABLED] = STR_INIT("owner_disabled")};

struct str agent_state_text(enum agent_state s) { return state_texts[s]; }

static bool is_name(struct str s) { return str_is_token(s, "._:@/+-", 128); } /* as of keys */

/* --- how it stands ------------------------------------------------------------------------------------------------ */

static bool owner_is_disabled(const struct core *c, struct str owner)
{
    return owner.n && map_get(&c->disabled_owners, owner);
}

static enum agent_state state_of(const struct core *c, const struct agent_entry *a, struct str key_owner)
{
    if (a && a->is_disabled)
        return AGENT_DISABLED;
    if (owner_is_disabled(c, key_owner) || (a && owner_is_disabled(c, a->owner)))
        return AGENT_OWNER_DISABLED;
    return AGENT_ACTIVE;
}

enum agent_state core_agent_state(const struct core *c, const struct key_entry *k)
{
    if (c->n_disabled == 0)
        return AGENT_ACTIVE;
    return state_of(c, map_get(&c->agents, k->agent), k->owner);
}

/* A key of that agent, or (agent empty) of that owner; NULL: none. */
static const struct key_entry *find_key(struct core *c, struct str agent, struct str owner)
{
    size_t i = 0;
    struct str id;
    void *v;
    while (map_next(&c->keys_by_id, &i, &id, &v)) {
        const struct key_entry *k = v;
        if (agent.n ? str_eq(k->agent, agent) : str_eq(k->owner, owner))
            return k;
    }
    return NULL;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static struct agent_entry *entry_at(struct core *c, struct str name, wall_t now)
{
    struct agent_entry *a = map_get(&c->agents, name);
    if (a)
        return a;
    a = calloc(1, sizeof *a);
    check(a != NULL);
    a->name = (struct str){core_dup(name), name.n};
    a->created_at = a->changed_at = now;
    if (map_put(&c->agents, name, a, NULL) == 0)
        return a;
    free((char *)a->name.p);
    free(a);
    return NULL;
}

static void set_owner(struct agent_entry *a, struct str owner)
{
    if (str_eq(a->owner, owner))
        return;
    free((char *)a->owner.p);
    a->owner = (struct str){core_dup(owner), owner.n};
}

static int agent_event(struct core *c, const char *event, struct str name, struct str owner, bool is_disabled,
                       struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    member_str(&t, STR("agent"), name, false);
    struct json_writer w = member_begin(&t, STR("disabled"), false);
    jw_bool(&w, is_disabled);
    member_end(&t);
    member_str(&t, STR("owner"), owner, true);
    int r = is_disabled ? core_event_late(c, str_c(event), by, t.m, t.n, ret_seq)
                        : core_event(c, str_c(event), by, t.m, t.n, ret_seq);
    members_free(&t);
    return r;
}

static int create(struct core *c, struct str name, struct str owner, struct str by, uint64_t *ret_seq)
{
    const struct agent_entry *known = map_get(&c->agents, name);
    wall_t now = c->clock->wall(c->clock->ctx);
    if (!known && c->agents.n >= c->agents.n_max)
        return -ERR_TOO_LARGE;
    int r = agent_event(c, "agent.create", name, owner, known && known->is_disabled, by, ret_seq);
    if (r < 0)
        return r;
    struct agent_entry *a = entry_at(c, name, now);
    check(a != NULL);
    set_owner(a, owner);
    a->changed_at = now;
    return 0;
}

int core_agent_create(struct core *c, struct str name, struct str owner, struct str by, uint64_t *ret_seq)
{
    if (!is_name(name) || !is_name(owner))
        return err_trace(-ERR_INVALID);
    core_lock(c);
    int r = create(c, name, owner, by, ret_seq);
    core_unlock(c);
    return err_trace(r);
}

static int disable(struct core *c, struct str name, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    const struct agent_entry *known = map_get(&c->agents, name);
    const struct key_entry *key = known ? NULL : find_key(c, name, STR_NONE);
    if (!known && !key)
        return -ERR_NOT_FOUND;
    if (!known && c->agents.n >= c->agents.n_max)
        return -ERR_TOO_LARGE;
    struct str owner = known ? known->owner : key->owner;
    int r = agent_event(c, is_disabled ? "agent.disable" : "agent.enable", name, owner, is_disabled, by, ret_seq);
    if (r < 0 && !(is_disabled && r == -ERR_NO_SPACE))
        return r;
    struct agent_entry *a = entry_at(c, name, c->clock->wall(c->clock->ctx));
    check(a != NULL);
    set_owner(a, owner);
    a->changed_at = c->clock->wall(c->clock->ctx);
    c->n_disabled += (size_t)is_disabled;
    c->n_disabled -= (size_t)a->is_disabled;
    a->is_disabled = is_disabled;
    return r;
}

int core_agent_disable(struct core *c, struct str name, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    core_lock(c);
    int r = disable(c, name, is_disabled, by, ret_seq);
    core_unlock(c);
    return err_trace(r);
}

static bool has_owner(struct core *c, struct str owner)
{
    size_t i = 0;
    struct str name;
    void *v;
    while (map_next(&c->agents, &i, &name, &v))
        if (str_eq(((const struct agent_entry *)v)->owner, owner))
            return true;
    return map_get(&c->disabled_owners, owner) || find_key(c, STR_NONE, owner);
}

static void put_owner(struct core *c, struct str owner, bool is_disabled)
{
    bool was = map_get(&c->disabled_owners, owner) != NULL;
    if (is_disabled && !was) {
        check(map_put(&c->disabled_owners, owner, c, NULL) == 0);
        c->n_disabled++;
    } else if (!is_disabled && was) {
        map_remove(&c->disabled_owners, owner);
        c->n_disabled--;
    }
}

int core_owner_disable_locked(struct core *c, struct str owner, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    if (!owner.n || !has_owner(c, owner))
        return -ERR_NOT_FOUND;
    if (c->disabled_owners.n >= c->disabled_owners.n_max)
        return -ERR_TOO_LARGE;
    member_str(&t, STR("owner"), owner, true);
    int r = is_disabled ? core_event_late(c, STR("owner.disable"), by, t.m, t.n, ret_seq)
                        : core_event(c, STR("owner.enable"), by, t.m, t.n, ret_seq);
    members_free(&t);
    if (r == 0 || (is_disabled && r == -ERR_NO_SPACE))
        put_owner(c, owner, is_disabled);
    return r;
}

bool core_owner_is_disabled(struct core *c, struct str owner)
{
    core_lock(c);
    bool is = owner_is_disabled(c, owner);
    core_unlock(c);
    return is;
}

int core_owner_disable(struct core *c, struct str owner, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    core_lock(c);
    int r = core_owner_disable_locked(c, owner, is_disabled, by, ret_seq);
    core_unlock(c);
    return err_trace(r);
}

/* --- at start ----------------------------------------------------------------------------------------------------- */

int core_agent_load(struct core *c, struct json body, struct json personal)
{
    struct str name = STR_NONE, owner = STR_NONE, at = STR_NONE;
    bool is_disabled = false;
    wall_t when = 0;
    if (!json_str(json_get(body, STR("agent")), &name) || !json_bool(json_get(body, STR("disabled")), &is_disabled))
        return err_trace(-ERR_CORRUPT);
    (void)json_str(json_get(personal, STR("owner")), &owner); /* erased: empty */
    if (json_str(json_get(body, STR("at")), &at))
        (void)wall_parse(at, &when);
    struct agent_entry *a = entry_at(c, name, when);
    if (!a)
        return err_trace(-ERR_TOO_LARGE);
    set_owner(a, owner);
    c->n_disabled += (size_t)is_disabled;
    a->is_disabled = is_disabled;
    return 0;
}

int core_owner_load(struct core *c, struct json personal, bool is_enabled)
{
    struct str owner;
    if (json_str(json_get(personal, STR("owner")), &owner) && !is_enabled)
        put_owner(c, owner, true);
    return 0;
}

void core_agents_free(struct core *c)
{
    size_t i = 0;
    struct str name;
    void *v;
    while (map_next(&c->agents, &i, &name, &v)) {
        struct agent_entry *a = v;
        free((char *)a->name.p);
        free((char *)a->owner.p);
        free(a);
    }
    map_deinit(&c->agents);
    map_deinit(&c->disabled_owners);
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

/* What keys say of one agent. */
struct seen {
    struct str name, owner; /* the owner of one of its keys */
    int64_t n_keys;
};

/* One pass over all keys, and one entry an agent that has some; the caller frees *ret. */
static size_t see_keys(struct core *c, struct map *by_name, struct seen **ret)
{
    struct seen *all = calloc(c->keys_by_id.n + 1, sizeof *all);
    size_t i = 0, n = 0;
    struct str id;
    void *v;
    check(all != NULL);
    map_init(by_name, c->keys_by_id.n + 1, NULL);
    while (map_next(&c->keys_by_id, &i, &id, &v)) {
        const struct key_entry *k = v;
        struct seen *s = map_get(by_name, k->agent);
        if (k->is_revoked)
            continue;
        if (!s) {
            s = &all[n++];
            *s = (struct seen){.name = k->agent, .owner = k->owner};
            check(map_put(by_name, k->agent, s, NULL) == 0);
        }
        s->n_keys++;
    }
    *ret = all;
    return n;
}

static void put_agent(struct json_writer *w, const struct core *c, struct str name, const struct agent_entry *a,
                      const struct seen *s)
{
    char text[WALL_TEXT_BYTES];
    struct str owner = a ? a->owner : s->owner;
    jw_object(w);
    jw_put_str(w, STR("agent"), name);
    jw_put_str_or_null(w, STR("owner"), owner);
    jw_put_bool(w, STR("registered"), a != NULL);
    jw_put_str(w, STR("status"), agent_state_text(state_of(c, a, owner)));
    jw_put_i64(w, STR("keys"), s ? s->n_keys : 0);
    if (a && a->changed_at)
        jw_put_str(w, STR("changed_at"), wall_text(a->changed_at, text));
    else
        jw_put_null(w, STR("changed_at"));
    jw_object_end(w);
}

static void put_agents(struct json_writer *w, struct core *c, struct str only)
{
    struct map by_name;
    struct seen *all;
    size_t i = 0, n = see_keys(c, &by_name, &all);
    struct str key;
    void *v;
    while (map_next(&c->agents, &i, &key, &v))
        if (only.n == 0 || str_eq(only, key))
            put_agent(w, c, ((const struct agent_entry *)v)->name, v, map_get(&by_name, key));
    for (i = 0; i < n; i++)
        if (!map_get(&c->agents, all[i].name) && (only.n == 0 || str_eq(only, all[i].name)))
            put_agent(w, c, all[i].name, NULL, &all[i]);
    map_deinit(&by_name);
    free(all);
}

int core_agents_json(struct core *c, struct str name, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    put_agents(&w, c, name);
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
