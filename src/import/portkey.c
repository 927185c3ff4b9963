/*
 * import/portkey.c - files of Portkey: config objects, usage and rate limit policies, API keys with limits.
 *
 * Which is which is told by what stands in the object. Portkey permits what no policy stops; a config names targets.
 */
#include "import/portkey_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define BOOKS "Portkey's own books"

static const struct field_row wrapper_rows[] = {
    {"data", BUCKET_EXACT, ""},    {"usage_limits", BUCKET_EXACT, ""}, {"rate_limits", BUCKET_EXACT, ""},
    {"configs", BUCKET_EXACT, ""}, {"api_keys", BUCKET_EXACT, ""},     {"config", BUCKET_EXACT, ""},
    {"*", BUCKET_CARRIED, BOOKS},
};
static const struct field_row key_rows[] = {
    {"name", BUCKET_EXACT, "the agent's name"},
    {"key", BUCKET_APPROXIMATE, "agents get keys of ours; this one is not copied"},
    {"usage_limits", BUCKET_EXACT, ""},
    {"rate_limits", BUCKET_EXACT, ""},
    {"expires_at", BUCKET_EXACT, "`--expires` of the key: see the steps"},
    {"scopes", BUCKET_CARRIED, "roles of people: `flyball admin create`"},
    {"defaults", BUCKET_CARRIED, "how Portkey routes; here an agent names the vendor"},
    {"*", BUCKET_CARRIED, BOOKS},
};

struct str portkey_vendor(struct str s) { return str_starts(s, STR("@")) ? str_sub(s, 1, s.n) : s; }

static struct str text_of(const struct yaml *map, const char *name)
{
    struct str s = STR_NONE;
    (void)yaml_str(yaml_get(map, str_c(name)), &s); /* absent is empty */
    return s;
}

static bool is_policy(const struct yaml *map)
{
    return yaml_get(map, STR("conditions")) || yaml_get(map, STR("credit_limit")) ||
           (yaml_get(map, STR("unit")) && yaml_get(map, STR("value")));
}

/* Limits that stand in the key itself have no conditions. */
static bool is_api_key(const struct yaml *map)
{
    const struct yaml *rates = yaml_get(map, STR("rate_limits")), *first = yaml_at(rates, 0);
    return yaml_is(yaml_get(map, STR("usage_limits")), YAML_MAP) || (first && !yaml_get(first, STR("conditions")));
}

static bool is_config(const struct yaml *map)
{
    return yaml_get(map, STR("targets")) || yaml_get(map, STR("provider")) || yaml_get(map, STR("strategy")) ||
           yaml_get(map, STR("virtual_key")) || yaml_get(map, STR("override_params"));
}

static void read_key(struct import *x, const struct yaml *map)
{
    struct str name = text_of(map, "name"), expires = text_of(map, "expires_at");
    struct str agent = names_slug(x->a, name.n ? name : text_of(map, "id"));
    const struct yaml *usage = yaml_get(map, STR("usage_limits"));
    if (yaml_is(usage, YAML_MAP))
        portkey_limit(x, usage, agent);
    yaml_each(one, yaml_is(usage, YAML_SEQ) ? usage : NULL)
        portkey_limit(x, one, agent);
    yaml_each(one, yaml_get(map, STR("rate_limits")))
        portkey_limit(x, one, agent);
    draft_step(x, "flyball key create --agent " STR_FMT " --policy " STR_FMT "%s" STR_FMT, STR_ARG(agent),
               STR_ARG(x->name), expires.n && str_is_token(expires, ":-.+", 40) ? " --expires " : "",
               STR_ARG(expires.n && str_is_token(expires, ":-.+", 40) ? expires : STR("")));
    note_rest(x, map, key_rows, N(key_rows));
}

static const char *const lists[] = {"data", "usage_limits", "rate_limits", "configs", "api_keys", NULL};

static bool is_wrapper_of_any(const struct yaml *map)
{
    bool is_wrapper = yaml_is(yaml_get(map, STR("config")), YAML_MAP);
    for (const char *const *list = lists; *list; list++)
        is_wrapper |= yaml_get(map, str_c(*list)) != NULL;
    return is_wrapper;
}

static bool is_any(const struct yaml *map)
{
    return is_policy(map) || is_api_key(map) || is_config(map) || is_wrapper_of_any(map);
}

/* Lists of objects may stand in an answer of Portkey's API; depth is bounded by the reader. True: a config was read. */
static bool read_any(struct import *x, const struct yaml *at, struct str id)
{
    bool has_config = false;
    if (at->type == YAML_SEQ) {
        yaml_each(child, at)
            has_config |= read_any(x, child, id);
    } else if (at->type != YAML_MAP) {
        note(x, at, BUCKET_REFUSED, "an object is expected here");
    } else if (is_policy(at)) {
        portkey_limit(x, at, STR_NONE);
    } else if (is_api_key(at)) {
        read_key(x, at);
    } else if (is_config(at)) {
        portkey_config(x, at, id);
        has_config = true;
    } else {
        struct str name = text_of(at, "name");
        if (yaml_is(yaml_get(at, STR("config")), YAML_MAP))
            has_config = read_any(x, yaml_get(at, STR("config")), name.n ? name : id);
        for (const char *const *list = lists; *list; list++) {
            const struct yaml *child = yaml_get(at, str_c(*list));
            has_config |= child && read_any(x, child, id);
        }
        if (is_wrapper_of_any(at))
            note_rest(x, at, wrapper_rows, N(wrapper_rows));
        else
            note(x, at, BUCKET_REFUSED, "this is no config, policy or API key of Portkey's");
    }
    return has_config;
}

void portkey_read(struct import *x)
{
    bool has_config = false;
    for (size_t i = 0; i < x->n_files; i++) {
        has_config |= read_any(x, x->files[i].root, STR("config"));
        if (x->files[i].root->type == YAML_MAP && !is_any(x->files[i].root))
            import_refuse(x, &x->files[i]);
    }
    if (!has_config)
        draft_rule(x, STR("all"), "permit", &(struct scope){0}, STR_NONE, x->files[0].root);
}
