/*
 * import/litellm_team.c - what stands above LiteLLM's keys: teams as tenants, users, customers, budget objects.
 */
#include "import/litellm_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define BOOKS "LiteLLM's own books"

static const struct field_row team_rows[] = {
    {"team_id", BUCKET_EXACT, ""},
    {"team_alias", BUCKET_EXACT, ""},
    {"user_id", BUCKET_EXACT, ""},
    {"user_alias", BUCKET_CARRIED, BOOKS},
    {"user_email", BUCKET_CARRIED, BOOKS},
    {"user_role", BUCKET_CARRIED, "roles of people: `flyball admin create`"},
    {"budget_id", BUCKET_EXACT, ""},
    {"organization_id", BUCKET_CARRIED, "tenants are the level above agents here"},
    {"members*", BUCKET_CARRIED, "who is in a team: `--tenant` of `flyball key create`"},
    {"admins", BUCKET_CARRIED, "roles of people: `flyball admin create`"},
    {"teams", BUCKET_CARRIED, "who is in a team: `--tenant` of `flyball key create`"},
    {"team_memberships", BUCKET_CARRIED, "who is in a team: `--tenant` of `flyball key create`"},
    {"team_member_*", BUCKET_REFUSED, "a budget of each member: give members' keys budgets of their own"},
    {"max_budget_in_team", BUCKET_REFUSED, "a budget of each member: give members' keys budgets of their own"},
    {"sso_user_id", BUCKET_CARRIED, BOOKS},
    {"spend", BUCKET_APPROXIMATE, "counters begin at zero"},
    {"object_permission*", BUCKET_CARRIED, "grants what no rule of this document reaches"},
    {"model_id", BUCKET_CARRIED, BOOKS},
    {"model_aliases", BUCKET_CARRIED, "agents ask for models by their vendors' names"},
    {"metadata", BUCKET_CARRIED, BOOKS},
    {"tags", BUCKET_CARRIED, BOOKS},
    {"guardrails", BUCKET_CARRIED, "see `redact` for what is to be taken out of texts"},
    {"budget_reset_at", BUCKET_APPROXIMATE, "windows follow the clock and the calendar, not when a budget was made"},
    {"created_*", BUCKET_CARRIED, BOOKS},
    {"updated_*", BUCKET_CARRIED, BOOKS},
    {"litellm_*", BUCKET_CARRIED, BOOKS},
    {"keys", BUCKET_CARRIED, "give the keys' file as well"},
};

static void read_team(struct litellm *l, const struct yaml *team)
{
    struct scope s = {0};
    struct names models;
    struct str tenant = tenant_name(l, text_member(team, "team_id"));
    struct str id = arena_printf(l->x->a, "team-" STR_FMT, STR_ARG(tenant));
    names_add(l->x->a, &s.tenant, tenant);
    (void)models_read(l, team, &models); /* for its notes: the rules are the keys' */
    note_exact(l->x, yaml_get(team, STR("models")));
    note(l->x, yaml_get(team, STR("blocked")), BUCKET_EXACT, "its keys are forbidden everything, where it is");
    budget_read(l, team, id, &s);
    budget_read_shared(l, team, id, &s);
    note_rest(l->x, team, team_rows, N(team_rows));
}

/* LiteLLM counts a user's budget over those of the user's keys that are in no team. */
static void read_user(struct litellm *l, const struct yaml *user)
{
    struct scope s = {0};
    struct str id = text_member(user, "user_id");
    const struct yaml *models = yaml_get(user, STR("models"));
    for (size_t i = 0; id.n && i < l->keys.n; i++)
        if (str_eq(text_member(l->keys.items[i], "user_id"), id) && text_member(l->keys.items[i], "team_id").n == 0)
            names_add(l->x->a, &s.agent, l->agents.items[i]);
    if (s.agent.n) {
        struct str name = arena_printf(l->x->a, "user-" STR_FMT, STR_ARG(id));
        budget_read(l, user, name, &s);
        budget_read_shared(l, user, name, &s);
    }
    if (!is_unset(models))
        note(l->x, models, BUCKET_REFUSED, "models of a user are no rule here: give them to the user's keys");
    static const char *const budgets[] = {
        "max_budget",  "budget_duration",  "rpm_limit", "tpm_limit", "max_parallel_requests",
        "soft_budget", "model_max_budget", NULL};
    for (const char *const *name = budgets; *name; name++)
        if (!is_unset(yaml_get(user, str_c(*name))))
            note(l->x, yaml_get(user, str_c(*name)), BUCKET_CARRIED, "no key of these files is counted by it");
    note_rest(l->x, user, team_rows, N(team_rows));
}

static void read_customer(struct litellm *l, const struct yaml *customer)
{
    struct scope s = {0};
    struct str id = text_member(customer, "user_id");
    if (!name_fits(id))
        return; /* refused, as what nobody has marked */
    names_add(l->x->a, &s.customer, id);
    struct str name = arena_printf(l->x->a, "customer-" STR_FMT, STR_ARG(id));
    budget_read(l, customer, name, &s);
    budget_read_shared(l, customer, name, &s);
    if (read_truth(yaml_get(customer, STR("blocked"))))
        draft_rule(l->x, arena_printf(l->x->a, STR_FMT "-blocked", STR_ARG(name)), "forbid", &s,
                   STR("this customer was blocked in LiteLLM"), customer);
    note_exact(l->x, yaml_get(customer, STR("blocked")));
    note(l->x, yaml_get(customer, STR("user_id")), BUCKET_APPROXIMATE,
         "a customer who is proven by a token; LiteLLM goes by what the body says");
    static const struct field_row rows[] = {
        {"alias", BUCKET_CARRIED, BOOKS},
        {"default_model", BUCKET_CARRIED, "agents ask for models by their vendors' names"},
        {"allowed_model_region", BUCKET_REFUSED, "no rule looks at a vendor's region"},
        {"spend", BUCKET_APPROXIMATE, "counters begin at zero"},
        {"budget_id", BUCKET_EXACT, ""},
        {"litellm_*", BUCKET_CARRIED, BOOKS},
    };
    note_rest(l->x, customer, rows, N(rows));
}

/* A budget that nothing refers to says nothing; what refers to it has read it. */
static void read_budget(struct litellm *l, const struct yaml *budget)
{
    static const char *const names[] = {"max_budget", "soft_budget",           "budget_duration",  "rpm_limit",
                                        "tpm_limit",  "max_parallel_requests", "model_max_budget", NULL};
    for (const char *const *name = names; *name; name++)
        if (!is_unset(yaml_get(budget, str_c(*name))))
            note(l->x, yaml_get(budget, str_c(*name)), BUCKET_CARRIED, "nothing in these files has this budget");
    note_rest(l->x, budget, team_rows, N(team_rows));
}

void teams_read(struct litellm *l)
{
    for (size_t i = 0; i < l->teams.n; i++)
        read_team(l, l->teams.items[i]);
    for (size_t i = 0; i < l->users.n; i++)
        read_user(l, l->users.items[i]);
    for (size_t i = 0; i < l->customers.n; i++)
        read_customer(l, l->customers.items[i]);
    for (size_t i = 0; i < l->budgets.n; i++)
        read_budget(l, l->budgets.items[i]);
}
