/*
 * import/portkey_config.c - Portkey's config object: which models its targets are.
 *
 * A target inherits what stands above it. Which target takes a call is routing; that it may be any of them is policy.
 */
#include "import/portkey_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define ROUTING "how Portkey routes; here an agent names the vendor"
#define GUARDRAIL "see `redact` for what is to be taken out of texts"
#define REACHING "how a vendor is reached stands under `vendors` of flyball.yaml"

static const struct field_row config_rows[] = {
    {"strategy", BUCKET_CARRIED, ROUTING},
    {"targets", BUCKET_EXACT, ""},
    {"name", BUCKET_CARRIED, ROUTING},
    {"weight", BUCKET_CARRIED, ROUTING},
    {"index", BUCKET_CARRIED, ROUTING},
    {"retry", BUCKET_CARRIED, ROUTING},
    {"on_status_codes", BUCKET_CARRIED, ROUTING},
    {"cb_config", BUCKET_CARRIED, ROUTING},
    {"cache", BUCKET_CARRIED, "answers are never cached here"},
    {"cache_*", BUCKET_CARRIED, "answers are never cached here"},
    {"request_timeout", BUCKET_CARRIED, "`timeouts` of a vendor in flyball.yaml"},
    {"api_key", BUCKET_CARRIED, "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"virtual_key", BUCKET_CARRIED, "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"authorization", BUCKET_CARRIED, "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"default_params", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"drop_params", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"override_params", BUCKET_EXACT, ""},
    {"custom_host", BUCKET_CARRIED, REACHING},
    {"forward_headers", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"input_guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"output_guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"default_input_guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"default_output_guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"before_request_hooks", BUCKET_CARRIED, GUARDRAIL},
    {"after_request_hooks", BUCKET_CARRIED, GUARDRAIL},
    {"strict_open_ai_compliance", BUCKET_CARRIED, "answers are passed on as they are"},
    {"passthrough", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"prompt_id", BUCKET_CARRIED, "prompts stay with the agents"},
    {"aws_*", BUCKET_CARRIED, REACHING},
    {"azure_*", BUCKET_CARRIED, REACHING},
    {"vertex_*", BUCKET_CARRIED, REACHING},
    {"openai_*", BUCKET_CARRIED, REACHING},
    {"anthropic_*", BUCKET_CARRIED, REACHING},
    {"mistral_*", BUCKET_CARRIED, REACHING},
    {"huggingface_*", BUCKET_CARRIED, REACHING},
    {"workers_ai_*", BUCKET_CARRIED, REACHING},
    {"resource_name", BUCKET_CARRIED, REACHING},
    {"deployment_id", BUCKET_CARRIED, REACHING},
    {"api_version", BUCKET_CARRIED, REACHING},
};
static const struct field_row override_rows[] = {
    {"*", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
};

/* What a target inherits, and what becomes of it. */
struct target {
    struct str vendor, model;
    struct str output_max; /* empty: none */
};

static struct str model_name(struct import *x, const struct target *t)
{
    struct str model = portkey_vendor(t->model);
    if (str_starts(t->model, STR("@")) && str_has(model, '/'))
        return model;
    if (t->vendor.n == 0)
        return model.n ? model : STR("*");
    return arena_printf(x->a, STR_FMT "/" STR_FMT, STR_ARG(t->vendor), STR_ARG(model.n ? model : STR("*")));
}

static void read_provider(struct import *x, const struct yaml *map, struct target *t)
{
    const struct yaml *provider = yaml_get(map, STR("provider"));
    struct str text;
    if (!yaml_str(provider, &text))
        return;
    t->vendor = portkey_vendor(text);
    if (!name_fits(t->vendor))
        note(x, provider, BUCKET_REFUSED, "no rule can name a vendor so");
    if (str_starts(text, STR("@")))
        note(x, provider, BUCKET_APPROXIMATE,
             "a name of Portkey's, taken for the vendor's: a vendor called `" STR_FMT "` must stand in flyball.yaml",
             STR_ARG(t->vendor));
    else
        note_exact(x, provider);
}

static void read_overrides(struct import *x, const struct yaml *map, struct target *t)
{
    static const char *const maxima[] = {"max_tokens", "max_completion_tokens", "max_output_tokens"};
    const struct yaml *over = yaml_get(map, STR("override_params")), *model = yaml_get(over, STR("model"));
    if (yaml_str(model, &t->model))
        note(x, model, name_fits(model_name(x, t)) ? BUCKET_EXACT : BUCKET_REFUSED, "%s",
             name_fits(model_name(x, t)) ? "" : "no rule can name a model so");
    for (size_t i = 0; i < N(maxima); i++) {
        const struct yaml *max = yaml_get(over, str_c(maxima[i]));
        if (!is_unset(max) && read_count(x, max, &t->output_max))
            note(x, max, BUCKET_APPROXIMATE, "an agent may ask for less; Portkey asks for exactly so many");
    }
    note_rest(x, over, override_rows, N(override_rows));
}

static void read_strategy(struct import *x, const struct yaml *map)
{
    const struct yaml *strategy = yaml_get(map, STR("strategy")), *mode = yaml_get(strategy, STR("mode"));
    struct str text;
    if (!yaml_str(mode, &text))
        return;
    if (str_eq(text, STR("single")))
        note_exact(x, mode);
    else
        note(x, mode, BUCKET_APPROXIMATE, "an agent may use every target; which one is its own choice here");
}

static void read_target(struct import *x, const struct yaml *map, struct target t, struct str id, struct names *models)
{
    const struct yaml *targets = yaml_get(map, STR("targets"));
    read_provider(x, map, &t);
    read_overrides(x, map, &t);
    read_strategy(x, map);
    yaml_each(child, targets) {
        if (child->type == YAML_MAP)
            read_target(x, child, t, id, models);
        else
            note(x, child, BUCKET_REFUSED, "a target is an object");
    }
    note_rest(x, map, config_rows, N(config_rows));
    if (targets && targets->n)
        return;
    struct scope s = {0};
    struct str model = model_name(x, &t);
    if (!name_fits(model))
        return; /* refused where it stands */
    names_add(x->a, models, model);
    names_add(x->a, &s.model, model);
    struct draft_limit limit = {
        .meter = "output_tokens", .max = t.output_max, .window = "{call: true}", .on_exceed = "clamp"};
    if (t.output_max.n)
        draft_limit(x, arena_printf(x->a, STR_FMT "-answer", STR_ARG(id)), &limit, &s, map);
}

void portkey_config(struct import *x, const struct yaml *map, struct str id)
{
    struct scope s = {0};
    read_target(x, map, (struct target){0}, id, &s.model);
    if (s.model.n)
        draft_rule(x, id, "permit", &s, STR_NONE, map);
}
