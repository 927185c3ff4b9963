/*
 * import/portkey_limit.c - usage limit and rate limit policies of Portkey, as limits.
 *
 * A limit whose condition cannot be said here would hold for too much or for too little: the whole policy is refused.
 */
#include "import/portkey_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define BOOKS "Portkey's own books"

static const struct field_row limit_rows[] = {
    {"id", BUCKET_CARRIED, BOOKS},
    {"object", BUCKET_CARRIED, BOOKS},
    {"name", BUCKET_EXACT, "the limit's id"},
    {"status", BUCKET_EXACT, "it is in force"},
    {"workspace_id", BUCKET_CARRIED, BOOKS},
    {"organisation_id", BUCKET_CARRIED, BOOKS},
    {"is_exhausted*", BUCKET_CARRIED, BOOKS},
    {"alert_*", BUCKET_CARRIED, BOOKS},
    {"last_*", BUCKET_CARRIED, BOOKS},
    {"created_*", BUCKET_CARRIED, BOOKS},
    {"updated_*", BUCKET_CARRIED, BOOKS},
    {"current_usage", BUCKET_APPROXIMATE, "counters begin at zero"},
    {"value_key_usage_map", BUCKET_APPROXIMATE, "counters begin at zero"},
};
static const struct field_row part_rows[] = {
    {"key", BUCKET_EXACT, ""},
    {"value", BUCKET_EXACT, ""},
    {"excludes", BUCKET_EXACT, ""},
};

enum dimension { DIMENSION_AGENT, DIMENSION_TENANT, DIMENSION_VENDOR, DIMENSION_MODEL, DIMENSION_COUNT };
static const struct {
    const char *key, *by;
    const char *variable; /* in a condition */
    enum import_bucket bucket;
    const char *text;
} dimensions[DIMENSION_COUNT] = {
    [DIMENSION_AGENT] = {"api_key", "agent", "principal.agent", BUCKET_APPROXIMATE,
                         "the agent that used this API key must be called so here"},
    [DIMENSION_TENANT] = {"workspace_id", "tenant", NULL, BUCKET_EXACT, "a tenant of that name"},
    [DIMENSION_VENDOR] = {"provider", "vendor", "vendor", BUCKET_EXACT, ""},
    [DIMENSION_MODEL] = {"model", "model", "vendor + '/' + model", BUCKET_EXACT, ""},
};

static bool dimension_of(const struct yaml *part, enum dimension *ret)
{
    struct str key;
    for (enum dimension d = 0; yaml_str(yaml_get(part, STR("key")), &key) && d < DIMENSION_COUNT; d++) {
        if (!str_eq(key, str_c(dimensions[d].key)))
            continue;
        *ret = d;
        return true;
    }
    return false;
}

static struct names *names_of(struct scope *s, enum dimension d)
{
    struct names *const all[DIMENSION_COUNT] = {&s->agent, &s->tenant, &s->vendor, &s->model};
    return all[d];
}

static struct str value_of(struct import *x, enum dimension d, struct str text)
{
    if (d == DIMENSION_AGENT || d == DIMENSION_TENANT)
        return str_eq(text, STR("*")) ? text : names_slug(x->a, text);
    return portkey_vendor(text);
}

/* One text, or a list of them. */
static void add_values(struct import *x, enum dimension d, const struct yaml *at, struct names *ret)
{
    struct str text;
    if (yaml_str(at, &text))
        names_add(x->a, ret, value_of(x, d, text));
    yaml_each(one, yaml_is(at, YAML_SEQ) ? at : NULL)
        if (yaml_str(one, &text))
        names_add(x->a, ret, value_of(x, d, text));
}

/* A text of CEL can be written from these alone. */
static bool is_plain(struct str s) { return str_is_token(s, "-_.:/@", 200); }

static bool add_excludes(struct import *x, enum dimension d, const struct yaml *at, struct scope *s)
{
    struct names out = {0};
    add_values(x, d, at, &out);
    for (size_t i = 0; i < out.n; i++) {
        bool is_prefix = str_ends(out.items[i], STR("*"));
        struct str value = is_prefix ? str_sub(out.items[i], 0, out.items[i].n - 1) : out.items[i];
        const char *variable = dimensions[d].variable;
        if (!variable || !is_plain(value))
            return false;
        struct str one = arena_printf(x->a, is_prefix ? "!(%s).startsWith('" STR_FMT "')" : "%s != '" STR_FMT "'",
                                      variable, STR_ARG(value));
        s->when = s->when.n ? arena_printf(x->a, STR_FMT " && " STR_FMT, STR_ARG(s->when), STR_ARG(one)) : one;
    }
    return true;
}

static bool read_condition(struct import *x, const struct yaml *part, struct scope *s)
{
    enum dimension d;
    struct names values = {0};
    if (!dimension_of(part, &d) || names_of(s, d)->n || !add_excludes(x, d, yaml_get(part, STR("excludes")), s))
        return false;
    add_values(x, d, yaml_get(part, STR("value")), &values);
    for (size_t i = 0; i < values.n; i++)
        if (!name_fits(values.items[i]))
            return false;
    if (!names_have(&values, STR("*")))
        *names_of(s, d) = values;
    return true;
}

static bool read_group(struct import *x, const struct yaml *list, struct scope *s)
{
    enum dimension d;
    struct str by = STR("");
    yaml_each(part, list) {
        if (!dimension_of(part, &d))
            return false;
        by = by.n ? arena_printf(x->a, STR_FMT ", %s", STR_ARG(by), dimensions[d].by) : str_c(dimensions[d].by);
    }
    s->by = by.n ? arena_printf(x->a, "[" STR_FMT "]", STR_ARG(by)).p : NULL;
    return true;
}

static void note_parts(struct import *x, const struct yaml *list)
{
    enum dimension d;
    yaml_each(part, list) {
        if (dimension_of(part, &d))
            note(x, yaml_get(part, STR("value")), dimensions[d].bucket, "%s", dimensions[d].text);
        note_rest(x, part, part_rows, N(part_rows));
    }
    note_exact(x, list);
}

/* --- what is counted ---------------------------------------------------------------------------------------------- */

/* NULL: no meter of ours. */
static const char *meter_of(const struct yaml *map)
{
    struct str type = STR_NONE;
    (void)yaml_str(yaml_get(map, STR("type")), &type); /* absent: the default of Portkey's */
    if (str_eq(type, STR("tokens")))
        return "tokens";
    if (str_eq(type, STR("requests")) || (type.n == 0 && yaml_get(map, STR("unit"))))
        return "requests";
    return type.n == 0 || str_eq(type, STR("cost")) ? "usd" : NULL;
}

static const char *rate_window(const struct yaml *unit)
{
    static const struct {
        const char *unit, *window;
    } rates[] = {{"rpm", "{sliding: 60s}"},
                 {"rph", "{sliding: 1h}"},
                 {"rpd", "{sliding: 24h}"},
                 {"rpw", "{sliding: 7d}"},
                 {"rps", "{sliding: 1s}"}};
    for (size_t i = 0; yaml_is(unit, YAML_STR) && i < N(rates); i++)
        if (str_eq(unit->text, str_c(rates[i].unit)))
            return rates[i].window;
    return NULL;
}

static const char *usage_window(struct import *x, const struct yaml *map)
{
    const struct yaml *reset = yaml_get(map, STR("periodic_reset")), *days = yaml_get(map, STR("periodic_reset_days"));
    int64_t n;
    if (yaml_i64(days, &n))
        return n >= 1 && n <= 31 ? arena_printf(x->a, "{sliding: %dd}", (int)n).p : NULL;
    if (is_unset(reset))
        return "{lifetime: true}";
    return str_eq(reset->text, STR("monthly"))  ? "{calendar: month}"
           : str_eq(reset->text, STR("weekly")) ? "{calendar: week}"
                                                : NULL;
}

static bool read_max(struct import *x, const struct yaml *at, bool is_usd, struct str *ret)
{
    if (is_unset(at))
        return false;
    return is_usd ? read_usd(x, at, ret) : read_count(x, at, ret);
}

static void note_counting(struct import *x, const struct yaml *map, bool is_rate)
{
    static const char *const names[] = {"type", "unit", "value", "credit_limit", "alert_threshold"};
    for (size_t i = 0; i < N(names); i++)
        note_exact(x, yaml_get(map, str_c(names[i])));
    note(x, yaml_get(map, STR("periodic_reset")), BUCKET_EXACT, "%s", is_rate ? "" : "weeks begin on Monday");
    note(x, yaml_get(map, STR("periodic_reset_days")), BUCKET_APPROXIMATE,
         "Portkey's windows stand one behind the other; here it holds in any so many days, which is stricter");
}

static bool is_archived(const struct yaml *map)
{
    const struct yaml *status = yaml_get(map, STR("status"));
    return yaml_is(status, YAML_STR) && str_eq(status->text, STR("archived"));
}

static bool read_scope(struct import *x, const struct yaml *map, struct str agent, struct scope *s)
{
    names_add(x->a, &s->agent, agent);
    yaml_each(part, yaml_get(map, STR("conditions")))
        if (!read_condition(x, part, s))
            return false;
    return read_group(x, yaml_get(map, STR("group_by")), s);
}

void portkey_limit(struct import *x, const struct yaml *map, struct str agent)
{
    struct scope s = {0};
    const struct yaml *unit = yaml_get(map, STR("unit")), *soft = yaml_get(map, STR("alert_threshold"));
    struct draft_limit limit = {.meter = meter_of(map)};
    struct str name = agent.n ? agent : STR("limit");
    if (is_archived(map)) {
        note(x, map, BUCKET_CARRIED, "archived: it holds no longer");
        return;
    }
    if (!read_scope(x, map, agent, &s)) {
        note(x, map, BUCKET_REFUSED,
             "its conditions or groups cannot be said here (api_key, workspace_id, provider and "
             "model can), and without them it would hold for other calls");
        return;
    }
    limit.window = unit ? rate_window(unit) : usage_window(x, map);
    bool is_usd = limit.meter && str_eq(str_c(limit.meter), STR("usd"));
    if (!limit.meter || !limit.window ||
        !read_max(x, yaml_get(map, unit ? STR("value") : STR("credit_limit")), is_usd, &limit.max)) {
        note(x, map, BUCKET_REFUSED, "what it counts, or over what time, cannot be said here");
        return;
    }
    if (!is_unset(soft))
        (void)read_max(x, soft, is_usd, &limit.soft);  /* refused by a note where it is no number */
    (void)yaml_str(yaml_get(map, STR("name")), &name); /* else as it is */
    draft_limit(x, name, &limit, &s, map);
    note_parts(x, yaml_get(map, STR("conditions")));
    note_parts(x, yaml_get(map, STR("group_by")));
    note_counting(x, map, unit != NULL);
    note_rest(x, map, limit_rows, N(limit_rows));
}
