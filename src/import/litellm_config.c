/*
 * import/litellm_config.c - LiteLLM's config.yaml: what of its settings is policy, and what the rest is.
 */
#include "import/litellm_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define ROUTING "how LiteLLM routes; here an agent names the vendor"
#define LOGS "where LiteLLM reports to; `exports` of flyball.yaml does that here"
#define CACHE "answers are never cached here"
#define RUNNING "how LiteLLM runs"
#define GUARDRAIL "see `redact` for what is to be taken out of texts"

static const struct field_row top_rows[] = {
    {"model_list", BUCKET_EXACT, ""},
    {"keys", BUCKET_EXACT, ""},
    {"teams", BUCKET_EXACT, ""},
    {"users", BUCKET_EXACT, ""},
    {"budgets", BUCKET_EXACT, ""},
    {"customers", BUCKET_EXACT, ""},
    {"litellm_settings", BUCKET_EXACT, ""},
    {"router_settings", BUCKET_EXACT, ""},
    {"general_settings", BUCKET_EXACT, ""},
    {"environment_variables", BUCKET_CARRIED,
     "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"include", BUCKET_REFUSED, "give the included files to this command as well"},
    {"callback_settings", BUCKET_CARRIED, LOGS},
    {"guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"mcp_servers", BUCKET_CARRIED, "no rule of this document reaches an MCP server"},
    {"mcp_tools", BUCKET_CARRIED, "no rule of this document reaches an MCP server"},
    {"vector_store_registry", BUCKET_CARRIED, "no rule of this document reaches a vector store"},
    {"search_tools", BUCKET_CARRIED, "no rule of this document reaches a search tool"},
    {"credential_list", BUCKET_CARRIED, "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"assistant_settings", BUCKET_CARRIED, ROUTING},
    {"files_settings", BUCKET_CARRIED, ROUTING},
    {"finetune_settings", BUCKET_CARRIED, ROUTING},
    {"prompts", BUCKET_CARRIED, "prompts stay with the agents"},
    {"litellm_license", BUCKET_CARRIED, RUNNING},
};

static const struct field_row litellm_rows[] = {
    {"callbacks", BUCKET_CARRIED, LOGS},
    {"success_callback", BUCKET_CARRIED, LOGS},
    {"failure_callback", BUCKET_CARRIED, LOGS},
    {"service_callback*", BUCKET_CARRIED, LOGS},
    {"audit_log_callbacks", BUCKET_CARRIED, LOGS},
    {"langfuse_*", BUCKET_CARRIED, LOGS},
    {"json_logs", BUCKET_CARRIED, LOGS},
    {"set_verbose", BUCKET_CARRIED, LOGS},
    {"telemetry", BUCKET_CARRIED, LOGS},
    {"prometheus_*", BUCKET_CARRIED, LOGS},
    {"custom_prometheus_*", BUCKET_CARRIED, LOGS},
    {"store_audit_logs", BUCKET_CARRIED, "every change is on record here, always"},
    {"turn_off_message_logging", BUCKET_CARRIED, "bodies are kept only where flyball.yaml says so"},
    {"redact_*", BUCKET_CARRIED, GUARDRAIL},
    {"guardrails", BUCKET_CARRIED, GUARDRAIL},
    {"cache", BUCKET_CARRIED, CACHE},
    {"cache_params", BUCKET_CARRIED, CACHE},
    {"enable_caching*", BUCKET_CARRIED, CACHE},
    {"num_retries", BUCKET_CARRIED, ROUTING},
    {"request_timeout", BUCKET_CARRIED, "`timeouts` of a vendor in flyball.yaml"},
    {"fallbacks", BUCKET_CARRIED, ROUTING},
    {"context_window_fallbacks", BUCKET_CARRIED, ROUTING},
    {"content_policy_fallbacks", BUCKET_CARRIED, ROUTING},
    {"default_fallbacks", BUCKET_CARRIED, ROUTING},
    {"allowed_fails", BUCKET_CARRIED, ROUTING},
    {"cooldown_time", BUCKET_CARRIED, ROUTING},
    {"model_group_alias*", BUCKET_CARRIED, ROUTING},
    {"drop_params", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"modify_params", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"custom_provider_map", BUCKET_CARRIED, ROUTING},
    {"force_ipv4", BUCKET_CARRIED, RUNNING},
    {"ssl_*", BUCKET_CARRIED, RUNNING},
    {"aws_*", BUCKET_CARRIED, ROUTING},
    {"public_model_groups*", BUCKET_CARRIED, RUNNING},
    {"enable_preview_features", BUCKET_CARRIED, RUNNING},
    {"enable_json_schema_validation", BUCKET_CARRIED, "answers are passed on as they are"},
    {"disable_end_user_cost_tracking*", BUCKET_CARRIED, LOGS},
    {"forward_*", BUCKET_CARRIED, "`forward_run_id` of a vendor in flyball.yaml"},
    {"priority_reservation*", BUCKET_CARRIED, ROUTING},
    {"cost_discount_config", BUCKET_CARRIED, "prices are those of the catalog: `flyball prices list`"},
    {"cost_margin_config", BUCKET_CARRIED, "prices are those of the catalog: `flyball prices list`"},
    {"default_key_generate_params", BUCKET_CARRIED,
     "keys that exist have them already; new ones are made by `flyball key create`"},
    {"upperbound_key_generate_params", BUCKET_CARRIED,
     "who may make keys is a matter of roles: `flyball admin create`"},
    {"key_generation_settings", BUCKET_CARRIED, "who may make keys is a matter of roles: `flyball admin create`"},
    {"default_internal_user_params", BUCKET_CARRIED, "users that exist have them already"},
    {"default_team_*", BUCKET_CARRIED, "teams that exist have them already"},
    {"max_ui_session_budget", BUCKET_CARRIED, "a session of a person here spends nothing"},
    {"max_internal_user_budget", BUCKET_REFUSED,
     "a budget for each user: give the users' file, with their budgets, as well"},
    {"internal_user_budget_duration", BUCKET_REFUSED, "a budget for each user: give the users' file as well"},
    {"tag_budget_config", BUCKET_REFUSED, "a tag is what an agent says of itself: no limit can hang on it"},
};

static const struct field_row general_rows[] = {
    {"master_key", BUCKET_APPROXIMATE, "people have names and roles here: `flyball admin create`"},
    {"database_*", BUCKET_CARRIED, RUNNING},
    {"use_redis_*", BUCKET_CARRIED, RUNNING},
    {"alert*", BUCKET_CARRIED, LOGS},
    {"slack_*", BUCKET_CARRIED, LOGS},
    {"proxy_b*", BUCKET_CARRIED, RUNNING},
    {"disable_*", BUCKET_CARRIED, RUNNING},
    {"store_model_in_db", BUCKET_CARRIED, RUNNING},
    {"store_prompts_in_*", BUCKET_CARRIED, "bodies are kept only where flyball.yaml says so"},
    {"maximum_spend_logs_retention_*", BUCKET_CARRIED, "`retention` of flyball.yaml"},
    {"background_health_checks", BUCKET_CARRIED, RUNNING},
    {"health_check_*", BUCKET_CARRIED, RUNNING},
    {"use_shared_health_check", BUCKET_CARRIED, RUNNING},
    {"completion_model", BUCKET_CARRIED, ROUTING},
    {"max_parallel_requests", BUCKET_CARRIED, "protects one deployment; no agent is limited by it"},
    {"infer_model_from_keys", BUCKET_CARRIED, ROUTING},
    {"litellm_key_header_name", BUCKET_CARRIED, "keys are taken from Authorization, x-api-key and x-goog-api-key"},
    {"litellm_jwtauth", BUCKET_CARRIED, "`issuers` of flyball.yaml"},
    {"enable_jwt_auth", BUCKET_CARRIED, "`issuers` of flyball.yaml"},
    {"enable_oauth2_*", BUCKET_CARRIED, "`issuers` of flyball.yaml"},
    {"custom_*", BUCKET_REFUSED, "code of your own decides there; write what it decides as rules"},
    {"key_management_*", BUCKET_CARRIED, "secrets stay where they are: `flyball secret set`, or env: in flyball.yaml"},
    {"pass_through_endpoints", BUCKET_CARRIED, "what no connector knows is not reached by this document"},
    {"forward_*", BUCKET_CARRIED, "requests go to the vendor as the agent wrote them"},
    {"ui_*", BUCKET_CARRIED, RUNNING},
    {"max_request_size_mb", BUCKET_APPROXIMATE, "`limits: body_bytes_max` of flyball.yaml"},
    {"max_response_size_mb", BUCKET_CARRIED, "answers are passed on whatever their size"},
    {"admin_only_routes", BUCKET_CARRIED, "who may administer is a matter of roles: `flyball admin create`"},
    {"public_routes", BUCKET_CARRIED, "nothing is open without a key here"},
    {"allowed_routes", BUCKET_REFUSED, "write it into the keys (`allowed_routes`), or as `operation` of a rule"},
    {"allowed_ips", BUCKET_REFUSED, "no rule looks at addresses; keep that in the firewall"},
    {"enforce_user_param", BUCKET_REFUSED, "`identity.require` asks for a user who is proven"},
    {"reject_*", BUCKET_REFUSED, "no rule looks at this field of a body"},
    {"user_header_*", BUCKET_CARRIED, "a header proves no user: `issuers` of flyball.yaml"},
    {"role_permissions", BUCKET_CARRIED, "`flyball admin create`"},
    {"enable_*", BUCKET_CARRIED, RUNNING},
};

static const struct field_row router_rows[] = {
    {"*", BUCKET_CARRIED, ROUTING},
};

/* --- what is policy ----------------------------------------------------------------------------------------------- */

static void read_zone(struct import *x, const struct yaml *at)
{
    struct str name;
    bool is_found = false;
    if (yaml_str(at, &name))
        (void)zone_find(x->zones, name, &is_found); /* there it is enough */
    if (is_found)
        x->tz = name;
    note(x, at, is_found ? BUCKET_EXACT : BUCKET_REFUSED, "%s", is_found ? "" : "no time zone is called so");
}

static void read_litellm(struct litellm *l, const struct yaml *map)
{
    const struct scope all = {0};
    const struct yaml *tz = yaml_get(map, STR("timezone")), *end_user = yaml_get(map, STR("max_end_user_budget"));
    struct draft_limit limit = {.meter = "usd", .window = "{lifetime: true}"};
    budget_read(l, map, STR("all"), &all);
    read_zone(l->x, tz);
    if (!is_unset(end_user) && read_usd(l->x, end_user, &limit.max)) {
        draft_limit(l->x, STR("end-user"), &limit, &(struct scope){.by = "[customer]"}, end_user);
        note(l->x, end_user, BUCKET_APPROXIMATE,
             "counted for a customer who is proven by a token; LiteLLM counts by what the body says");
    }
    note_rest(l->x, map, litellm_rows, N(litellm_rows));
}

static void read_general(struct litellm *l, const struct yaml *map)
{
    const struct yaml *parallel = yaml_get(map, STR("global_max_parallel_requests"));
    const struct yaml *type = yaml_get(map, STR("token_rate_limit_type"));
    const struct yaml *fail_open = yaml_get(map, STR("allow_requests_on_db_unavailable"));
    struct draft_limit limit = {.meter = "concurrent", .window = "{instant: true}"};
    struct str text;
    if (!is_unset(parallel) && read_count(l->x, parallel, &limit.max)) {
        draft_limit(l->x, STR("all-parallel"), &limit, &(struct scope){0}, parallel);
        note_exact(l->x, parallel);
    }
    if (yaml_str(type, &text)) {
        l->token_meter = str_eq(text, STR("input"))    ? "input_tokens"
                         : str_eq(text, STR("output")) ? "output_tokens"
                                                       : "tokens";
        note(l->x, type, BUCKET_EXACT, "the meter of every limit from a tpm");
    }
    if (fail_open && !is_unset(fail_open))
        note(l->x, fail_open, read_truth(fail_open) ? BUCKET_APPROXIMATE : BUCKET_EXACT,
             "what cannot be counted is refused, always");
    note_rest(l->x, map, general_rows, N(general_rows));
}

static void read_router(struct litellm *l, const struct yaml *map)
{
    const struct yaml *budgets = yaml_get(map, STR("provider_budget_config"));
    yaml_each(pair, budgets) {
        struct scope s = {0};
        if (!name_fits(pair->key))
            continue; /* refused, as what nobody has marked */
        names_add(l->x->a, &s.vendor, pair->key);
        budget_read_pair(l, pair, arena_printf(l->x->a, "vendor-" STR_FMT, STR_ARG(pair->key)), &s);
    }
    note_rest(l->x, budgets, NULL, 0);
    note(l->x, budgets, BUCKET_EXACT, "limits of the vendors");
    note_rest(l->x, map, router_rows, N(router_rows));
}

void config_read(struct litellm *l, const struct yaml *root)
{
    read_general(l, yaml_get(root, STR("general_settings"))); /* first: it says what a tpm counts */
    read_litellm(l, yaml_get(root, STR("litellm_settings")));
    read_router(l, yaml_get(root, STR("router_settings")));
    note_rest(l->x, root, top_rows, N(top_rows));
}
