/*
 * import/litellm_models.c - LiteLLM's model_list: what agents ask for, and what that is.
 *
 * Agents of ours ask a vendor for its own model; a name that is no vendor's (an alias) means its targets.
 */
#include "import/litellm_impl.h"

#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct field_row param_rows[] = {
    {"rpm", BUCKET_CARRIED, "guides LiteLLM's choice between deployments; no agent is limited by it"},
    {"tpm", BUCKET_CARRIED, "guides LiteLLM's choice between deployments; no agent is limited by it"},
    {"weight", BUCKET_CARRIED, "guides LiteLLM's choice between deployments"},
    {"order", BUCKET_CARRIED, "guides LiteLLM's choice between deployments"},
    {"input_cost_per_token", BUCKET_CARRIED, "prices are those of the catalog: `flyball prices list`"},
    {"output_cost_per_token", BUCKET_CARRIED, "prices are those of the catalog: `flyball prices list`"},
    {"api_*", BUCKET_CARRIED, "how a vendor is reached stands under `vendors` of flyball.yaml"},
    {"*", BUCKET_CARRIED, "a setting of LiteLLM's own requests; here agents send their own"},
};
static const struct field_row info_rows[] = {
    {"*", BUCKET_CARRIED, "describes the model to LiteLLM"},
};
static const struct field_row item_rows[] = {
    {"litellm_params", BUCKET_EXACT, ""},
    {"model_info", BUCKET_EXACT, ""},
};

/* `gpt-4o` alone is OpenAI's, as LiteLLM reads it. */
static struct str target_of(struct import *x, struct str model)
{
    if (str_has(model, '/') || str_eq(model, STR("*")))
        return model;
    if (str_starts(model, STR("claude-")))
        return arena_printf(x->a, "anthropic/" STR_FMT, STR_ARG(model));
    return arena_printf(x->a, "openai/" STR_FMT, STR_ARG(model));
}

static struct str bare(struct str model)
{
    struct str vendor, rest;
    return str_cut(model, '/', &vendor, &rest) ? rest : model;
}

static void add_deployment(struct litellm *l, const struct deployment *d)
{
    if (l->n_deployments == l->deployments_cap) {
        size_t cap = l->deployments_cap ? 2 * l->deployments_cap : 16;
        struct deployment *all = arena_alloc(l->x->a, cap * sizeof *all);
        if (l->n_deployments)
            memcpy(all, l->deployments, l->n_deployments * sizeof *all);
        l->deployments = all;
        l->deployments_cap = cap;
    }
    l->deployments[l->n_deployments++] = *d;
}

static void note_name(struct import *x, const struct yaml *at, const struct deployment *d)
{
    bool is_same = str_eq(d->name, d->target) || str_eq(d->name, bare(d->target)) || str_eq(d->name, STR("*"));
    if (is_same)
        note_exact(x, at);
    else
        note(x, at, BUCKET_APPROXIMATE, "a name of LiteLLM's: agents ask for `" STR_FMT "` here", STR_ARG(d->target));
}

static void collect_one(struct litellm *l, const struct yaml *item)
{
    const struct yaml *name = yaml_get(item, STR("model_name")), *params = yaml_get(item, STR("litellm_params"));
    const struct yaml *model = yaml_get(params, STR("model")), *info = yaml_get(item, STR("model_info"));
    const struct yaml *groups = yaml_get(info, STR("access_groups"));
    struct deployment d = {0};
    struct str text;
    if (!yaml_str(name, &d.name) || !yaml_str(model, &text)) {
        note(l->x, item, BUCKET_REFUSED, "a model has a `model_name` and a `litellm_params.model`");
        return;
    }
    d.target = str_eq(text, STR("*")) && str_has(d.name, '/') ? d.name : target_of(l->x, text);
    if (!name_fits(d.target)) {
        note(l->x, model, BUCKET_REFUSED, "no rule can name a model so");
        return;
    }
    yaml_each(group, groups)
        if (group->type == YAML_STR)
            names_add(l->x->a, &d.groups, group->text);
    add_deployment(l, &d);
    note_name(l->x, name, &d);
    note_exact(l->x, model);
    note(l->x, groups, BUCKET_EXACT, "its models stand where a key names the group");
    note_rest(l->x, params, param_rows, N(param_rows));
    note_rest(l->x, info, info_rows, N(info_rows));
    note_rest(l->x, item, item_rows, N(item_rows));
}

void models_collect(struct litellm *l, const struct yaml *model_list)
{
    yaml_each(item, model_list)
        collect_one(l, item);
}

struct names models_all(struct litellm *l)
{
    struct names all = {0};
    for (size_t i = 0; i < l->n_deployments; i++)
        names_add(l->x->a, &all, l->deployments[i].target);
    if (l->n_deployments == 0)
        names_add(l->x->a, &all, STR("*")); /* an empty list means all: said, so that nobody takes it for none */
    return all;
}

static bool group_models(struct litellm *l, struct str group, struct names *ret)
{
    struct names of = {0};
    for (size_t i = 0; i < l->n_deployments; i++)
        if (names_have(&l->deployments[i].groups, group))
            names_add(l->x->a, &of, l->deployments[i].target);
    *ret = of;
    return of.n > 0;
}

struct names model_targets(struct litellm *l, struct str name)
{
    struct names of = {0};
    for (size_t i = 0; i < l->n_deployments; i++)
        if (str_eq(l->deployments[i].name, name))
            names_add(l->x->a, &of, l->deployments[i].target);
    if (of.n == 0 && !group_models(l, name, &of))
        names_add(l->x->a, &of, str_ends(name, STR("*")) ? name : target_of(l->x, name));
    return of;
}

bool model_resolve(struct litellm *l, const struct yaml *name, struct names *ret)
{
    struct names of = {0};
    if (name->type != YAML_STR) {
        note(l->x, name, BUCKET_REFUSED, "the name of a model is a text");
        return false;
    }
    if (str_eq(name->text, STR("no-default-models"))) {
        note(l->x, name, BUCKET_EXACT, "no model");
        return true;
    }
    if (str_eq(name->text, STR("all-proxy-models")) || str_eq(name->text, STR("*")))
        of = models_all(l);
    else
        of = model_targets(l, name->text);
    if (of.n && !name_fits(of.items[0])) {
        note(l->x, name, BUCKET_REFUSED, "no rule can name a model so");
        return false;
    }
    for (size_t i = 0; i < of.n; i++)
        names_add(l->x->a, ret, of.items[i]);
    note_exact(l->x, name);
    return true;
}
