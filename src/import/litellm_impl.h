/*
 * import/litellm_impl.h - what the files about LiteLLM share: its model list, its keys and their teams.
 */
#pragma once

#include "import/import_impl.h"

struct deployment {
    struct str name;   /* as agents ask for it */
    struct str target; /* vendor/model */
    struct names groups;
};

struct nodes {
    const struct yaml **items;
    size_t n, cap;
};

struct litellm {
    struct import *x;
    struct deployment *deployments;
    size_t n_deployments, deployments_cap;
    const char *token_meter; /* what its tpm limits count */
    struct nodes keys, teams, users, budgets, customers;
    struct names agents; /* that there are, so that no two keys share one */
};

void nodes_add(struct arena *a, struct nodes *l, const struct yaml *at);

/* --- litellm_models.c --- */

void models_collect(struct litellm *l, const struct yaml *model_list);
/* What one name in a list of models stands for. False: a note says that nothing here is it. */
bool model_resolve(struct litellm *l, const struct yaml *name, struct names *ret);
/* The targets of a name that is a key of a map (model_rpm_limit: {gpt-4o: 10}). */
struct names model_targets(struct litellm *l, struct str name);
struct names models_all(struct litellm *l);

/* --- litellm_budget.c --- */

/* max_budget, soft_budget, budget_limits, rpm_limit and the like, as limits over `s`. `id` begins their ids. */
void budget_read(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s);
/* {budget_limit, time_period}. */
void budget_read_pair(struct litellm *l, const struct yaml *pair, struct str id, const struct scope *s);
/* A window for a duration of LiteLLM's; `at` may be NULL: it never resets. NULL: a note says that there is none. */
const char *budget_window(struct import *x, const struct yaml *at);

/* The same for the budget object that a map's budget_id names. */
void budget_read_shared(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s);

/* --- litellm_key.c --- */

struct str text_member(const struct yaml *map, const char *name); /* empty: not there, or no text */
/* The first whose member `name` is `id`, which may be empty; NULL: none. */
const struct yaml *nodes_find(const struct nodes *l, const char *name, struct str id);
struct str tenant_name(struct litellm *l, struct str team_id);
/* A map's `models`. False: they are not named, and *ret is all. */
bool models_read(struct litellm *l, const struct yaml *map, struct names *ret);
void keys_read(struct litellm *l);

/* --- litellm_team.c, litellm_config.c --- */

void teams_read(struct litellm *l); /* after the keys: a user's budget is over its keys */
void config_read(struct litellm *l, const struct yaml *root);
