/*
 * import/litellm_key.c - keys of LiteLLM as agents with rules and limits of their own; teams as tenants.
 *
 * A key's models lie within its team's: a rule gets what both permit. Budgets of key, team and user must all have room,
 * as every limit must.
 */
#include "import/litellm_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define NOT_GRANTED "grants what no rule of this document reaches"
#define BOOKS "LiteLLM's own books"
#define REPLACED "agents get keys of ours; this one is not copied"

static const struct field_row key_rows[] = {
    {"key", BUCKET_APPROXIMATE, REPLACED},
    {"token", BUCKET_APPROXIMATE, REPLACED},
    {"token_id", BUCKET_APPROXIMATE, REPLACED},
    {"key_name", BUCKET_APPROXIMATE, REPLACED},
    {"organization_id", BUCKET_CARRIED, "tenants are the level above agents here"},
    {"org_id", BUCKET_CARRIED, "tenants are the level above agents here"},
    {"project_id", BUCKET_CARRIED, "tenants are the level above agents here"},
    {"aliases", BUCKET_CARRIED, "agents ask for models by their vendors' names"},
    {"config", BUCKET_CARRIED, "settings of LiteLLM's own requests"},
    {"allowed_passthrough_routes", BUCKET_CARRIED, NOT_GRANTED},
    {"allowed_cache_controls", BUCKET_CARRIED, "answers are never cached here"},
    {"access_group_ids", BUCKET_REFUSED, "these groups are not in the file: add their models to the rule"},
    {"object_permission*", BUCKET_CARRIED, NOT_GRANTED},
    {"permissions", BUCKET_CARRIED, NOT_GRANTED},
    {"budget_fallbacks", BUCKET_APPROXIMATE,
     "where a budget is used up the call is refused; see `on_exceed: downgrade`"},
    {"throttle_on_budget_exceeded", BUCKET_APPROXIMATE,
     "where a budget is used up the call is refused, not slowed down"},
    {"default_estimated_output_tokens*", BUCKET_CARRIED, "the most that a call can use is held, by its own maximum"},
    {"rpm_limit_type", BUCKET_CARRIED, "limits hold at any load"},
    {"tpm_limit_type", BUCKET_CARRIED, "limits hold at any load"},
    {"tag_rpm_limit", BUCKET_REFUSED, "a tag is what an agent says of itself: no limit can hang on it"},
    {"tag_tpm_limit", BUCKET_REFUSED, "a tag is what an agent says of itself: no limit can hang on it"},
    {"mcp_rpm_limit", BUCKET_CARRIED, NOT_GRANTED},
    {"auto_rotate", BUCKET_CARRIED, "`flyball key rotate`"},
    {"rotation_*", BUCKET_CARRIED, "`flyball key rotate`"},
    {"key_rotation_at", BUCKET_CARRIED, "`flyball key rotate`"},
    {"send_invite_email", BUCKET_CARRIED, BOOKS},
    {"metadata", BUCKET_CARRIED, BOOKS},
    {"tags", BUCKET_CARRIED, BOOKS},
    {"enforced_params", BUCKET_REFUSED, "no rule asks for a field of a body to be there"},
    {"guardrails", BUCKET_CARRIED, "see `redact` for what is to be taken out of texts"},
    {"disable_global_guardrails", BUCKET_CARRIED, "see `redact` for what is to be taken out of texts"},
    {"policies", BUCKET_CARRIED, "see `redact` for what is to be taken out of texts"},
    {"prompts", BUCKET_CARRIED, "prompts stay with the agents"},
    {"enable_prompt_caching", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"router_settings", BUCKET_CARRIED, "how LiteLLM routes; here an agent names the vendor"},
    {"budget_reset_at", BUCKET_APPROXIMATE, "windows follow the clock and the calendar, not when a budget was made"},
    {"created_*", BUCKET_CARRIED, BOOKS},
    {"updated_*", BUCKET_CARRIED, BOOKS},
    {"last_*", BUCKET_CARRIED, BOOKS},
    {"model_spend", BUCKET_CARRIED, BOOKS},
    {"soft_budget_cooldown", BUCKET_CARRIED, BOOKS},
    {"litellm_*", BUCKET_CARRIED, BOOKS},
    {"user", BUCKET_CARRIED, BOOKS},
};

/* What a route of LiteLLM's is here. Paths: https://docs.litellm.ai/docs/supported_endpoints */
static const struct {
    const char *route, *operation;
} routes[] = {
    {"/chat/completions", "openai.chat.completions.create"},
    {"/v1/chat/completions", "openai.chat.completions.create"},
    {"/completions", "openai.completions.create"},
    {"/v1/completions", "openai.completions.create"},
    {"/embeddings", "openai.embeddings.create"},
    {"/v1/embeddings", "openai.embeddings.create"},
    {"/responses", "openai.responses.create"},
    {"/v1/responses", "openai.responses.create"},
    {"/v1/messages", "anthropic.messages.create"},
    {"/models", "openai.models.list"},
    {"/v1/models", "openai.models.list"},
};

struct str text_member(const struct yaml *map, const char *name)
{
    struct str s = STR_NONE;
    (void)yaml_str(yaml_get(map, str_c(name)), &s); /* absent is empty */
    return s;
}

const struct yaml *nodes_find(const struct nodes *l, const char *name, struct str id)
{
    for (size_t i = 0; id.n && i < l->n; i++)
        if (str_eq(text_member(l->items[i], name), id))
            return l->items[i];
    return NULL;
}

/* --- who ---------------------------------------------------------------------------------------------------------- */

struct str tenant_name(struct litellm *l, struct str team_id)
{
    struct str alias = text_member(nodes_find(&l->teams, "team_id", team_id), "team_alias");
    return team_id.n ? names_slug(l->x->a, alias.n ? alias : team_id) : STR_NONE;
}

static struct str agent_name(struct litellm *l, const struct yaml *key)
{
    static const char *const names[] = {"key_alias", "agent_id", "user_id"};
    struct str name = STR_NONE;
    for (size_t i = 0; name.n == 0 && i < N(names); i++)
        name = text_member(key, names[i]);
    struct str slug = name.n ? names_slug(l->x->a, name) : STR("agent"), one = slug;
    for (int i = 2; names_have(&l->agents, one); i++)
        one = arena_printf(l->x->a, STR_FMT "-%d", STR_ARG(slug), i);
    names_add(l->x->a, &l->agents, one);
    return one;
}

/* --- what --------------------------------------------------------------------------------------------------------- */

bool models_read(struct litellm *l, const struct yaml *map, struct names *ret)
{
    const struct yaml *list = yaml_get(map, STR("models"));
    *ret = (struct names){0};
    if (is_unset(list)) {
        note(l->x, list, BUCKET_EXACT, "an empty list is every model of model_list, and is written out");
        *ret = models_all(l);
        return false;
    }
    yaml_each(name, list)
        if (!str_eq(name->text, STR("all-team-models")))
            (void)model_resolve(l, name, ret); /* noted */
    return true;
}

/* "all-team-models" alone is what the team has. */
static bool is_all_of_team(const struct yaml *list)
{
    yaml_each(name, list)
        if (str_eq(name->text, STR("all-team-models")))
            return true;
    return false;
}

static struct names models_of(struct litellm *l, const struct yaml *key, const struct yaml *team)
{
    struct names own, shared;
    const struct yaml *list = yaml_get(key, STR("models"));
    bool is_named = models_read(l, key, &own);
    if (!team)
        return own;
    bool is_team_named = models_read(l, team, &shared);
    if (is_all_of_team(list)) {
        note(l->x, list, BUCKET_EXACT, "the team's models");
        return shared;
    }
    return is_team_named ? (is_named ? models_both(l->x->a, &own, &shared) : shared) : own;
}

/* Routes as operations; routes that stand for all of them are no restriction. */
static bool read_routes(struct litellm *l, const struct yaml *list, struct names *ret)
{
    bool has_all = is_unset(list);
    yaml_each(route, list) {
        size_t i = 0;
        while (i < N(routes) && !str_eq(str_c(routes[i].route), route->text))
            i++;
        if (str_eq(route->text, STR("llm_api_routes")) || str_eq(route->text, STR("openai_routes"))) {
            has_all = true;
        } else if (i < N(routes)) {
            names_add(l->x->a, ret, str_c(routes[i].operation));
            note_exact(l->x, route);
        } else {
            note(l->x, route, BUCKET_CARRIED, "no operation here is this route, and none is permitted for it");
        }
    }
    note_exact(l->x, list);
    if (has_all)
        *ret = (struct names){0};
    return has_all || ret->n > 0;
}

static bool is_for_models(struct litellm *l, const struct yaml *key)
{
    const struct yaml *type = yaml_get(key, STR("key_type"));
    struct str text = text_member(key, "key_type");
    if (text.n == 0 || str_eq(text, STR("llm_api")) || str_eq(text, STR("default"))) {
        note_exact(l->x, type);
        return true;
    }
    note(l->x, type, BUCKET_APPROXIMATE, "a key for administration: people have roles here: `flyball admin create`");
    return false;
}

static void write_rules(struct litellm *l, const struct yaml *key, const struct yaml *team, struct str agent)
{
    struct scope s = {0};
    const struct yaml *blocked = yaml_get(key, STR("blocked"));
    names_add(l->x->a, &s.agent, agent);
    if (read_truth(blocked) || read_truth(yaml_get(team, STR("blocked"))))
        draft_rule(l->x, arena_printf(l->x->a, STR_FMT "-blocked", STR_ARG(agent)), "forbid", &s,
                   STR("this key was blocked in LiteLLM"), key);
    note_exact(l->x, blocked);
    s.model = models_of(l, key, team);
    bool has_operations = read_routes(l, yaml_get(key, STR("allowed_routes")), &s.operation);
    if (is_for_models(l, key) && has_operations && s.model.n > 0)
        draft_rule(l->x, agent, "permit", &s, STR_NONE, key);
}

/* --- a key -------------------------------------------------------------------------------------------------------- */

void budget_read_shared(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s)
{
    const struct yaml *ref = yaml_get(map, STR("budget_id"));
    const struct yaml *budget = nodes_find(&l->budgets, "budget_id", text_member(map, "budget_id"));
    if (is_unset(ref))
        return;
    if (budget) {
        budget_read(l, budget, id, s);
        note_exact(l->x, ref);
    } else {
        note(l->x, ref, BUCKET_REFUSED, "this budget is not in the files: give the budgets' file as well");
    }
}

static void read_raise(struct litellm *l, const struct yaml *key, struct str agent)
{
    const struct yaml *more = yaml_get(key, STR("temp_budget_increase"));
    const struct yaml *until = yaml_get(key, STR("temp_budget_expiry"));
    struct str usd, time = text_member(key, "temp_budget_expiry");
    if (is_unset(more) || !read_usd(l->x, more, &usd))
        return;
    time = str_is_token(time, "", 8) ? time : STR("24h");
    draft_step(l->x, "flyball limit raise " STR_FMT "-budget --by " STR_FMT " --for " STR_FMT " --reason LiteLLM",
               STR_ARG(agent), STR_ARG(usd), STR_ARG(time));
    note(l->x, more, BUCKET_APPROXIMATE, "a step to take: `flyball limit raise`");
    note(l->x, until, BUCKET_APPROXIMATE, "`--for`, from when the step is taken");
}

static void write_step(struct litellm *l, const struct yaml *key, struct str agent)
{
    struct str tenant = tenant_name(l, text_member(key, "team_id")), owner = text_member(key, "user_id");
    struct str expires = text_member(key, "expires");
    owner = owner.n ? names_slug(l->x->a, owner) : owner;
    expires = expires.n ? expires : text_member(key, "duration");
    struct buf b;
    buf_init(&b, 4096);
    (void)buf_printf(&b, "flyball key create --agent " STR_FMT " --policy " STR_FMT, STR_ARG(agent),
                     STR_ARG(l->x->name));
    if (tenant.n)
        (void)buf_printf(&b, " --tenant " STR_FMT, STR_ARG(tenant));
    if (owner.n)
        (void)buf_printf(&b, " --owner " STR_FMT, STR_ARG(owner));
    if (expires.n && str_is_token(expires, ":-.+", 40))
        (void)buf_printf(&b, " --expires " STR_FMT, STR_ARG(expires));
    draft_step(l->x, STR_FMT, STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

static void note_identity(struct litellm *l, const struct yaml *key, const struct yaml *team)
{
    static const char *const names[] = {"key_alias", "agent_id", "user_id"};
    for (size_t i = 0; i < N(names); i++)
        note(l->x, yaml_get(key, str_c(names[i])), BUCKET_EXACT, "a name of the agent or of its owner: see the steps");
    const struct yaml *team_id = yaml_get(key, STR("team_id"));
    if (!is_unset(team_id))
        note(l->x, team_id, team ? BUCKET_EXACT : BUCKET_REFUSED, "%s",
             team ? "its tenant"
                  : "this team is not in the files, nor are its models and budgets: give the teams' file as well");
    note(l->x, yaml_get(key, STR("expires")), BUCKET_EXACT, "`--expires` of the key: see the steps");
    note(l->x, yaml_get(key, STR("duration")), BUCKET_EXACT, "`--expires` of the key: see the steps");
    const struct yaml *spend = yaml_get(key, STR("spend"));
    note(l->x, spend, BUCKET_APPROXIMATE, "counters begin at zero");
}

static void read_key(struct litellm *l, const struct yaml *key)
{
    struct scope s = {0};
    struct str agent = agent_name(l, key);
    const struct yaml *team = nodes_find(&l->teams, "team_id", text_member(key, "team_id"));
    names_add(l->x->a, &s.agent, agent);
    note_identity(l, key, team);
    write_rules(l, key, team, agent);
    budget_read(l, key, agent, &s);
    budget_read_shared(l, key, agent, &s);
    write_step(l, key, agent);
    read_raise(l, key, agent);
    note_rest(l->x, key, key_rows, N(key_rows));
}

/* Where there are no keys, whoever has one may ask for what model_list has. */
static void write_models(struct litellm *l)
{
    struct scope s = {.model = models_all(l)};
    if (l->n_deployments)
        draft_rule(l->x, STR("models"), "permit", &s, STR_NONE, l->x->files[0].root);
}

void keys_read(struct litellm *l)
{
    for (size_t i = 0; i < l->keys.n; i++)
        read_key(l, l->keys.items[i]);
    if (l->keys.n == 0)
        write_models(l);
}
