/*
 * import/litellm_budget.c - budgets and rates of LiteLLM, which keys, teams, users and budget objects share, as limits.
 *
 * LiteLLM refuses the call after the one that passed a budget; a limit refuses the one that would. Windows:
 * https://docs.litellm.ai/docs/proxy/budget_reset_and_tz
 */
#include "import/litellm_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

struct window_row {
    const char *duration, *window;
    enum import_bucket bucket;
    const char *text;
};

static const struct window_row windows[] = {
    {"1m", "{calendar: minute}", BUCKET_EXACT, ""},
    {"60s", "{calendar: minute}", BUCKET_EXACT, ""},
    {"1h", "{calendar: hour}", BUCKET_EXACT, ""},
    {"60m", "{calendar: hour}", BUCKET_EXACT, ""},
    {"1d", "{calendar: day}", BUCKET_EXACT, ""},
    {"24h", "{calendar: day}", BUCKET_EXACT, ""},
    {"7d", "{calendar: week}", BUCKET_APPROXIMATE, "a week begins on Monday here; LiteLLM's documents name Sunday too"},
    {"1w", "{calendar: week}", BUCKET_APPROXIMATE, "a week begins on Monday here; LiteLLM's documents name Sunday too"},
    {"30d", "{calendar: month}", BUCKET_EXACT, "from the first of a month, as LiteLLM has it"},
    {"1mo", "{calendar: month}", BUCKET_EXACT, ""},
};

const char *budget_window(struct import *x, const struct yaml *at)
{
    enum limit_window w;
    int64_t ns;
    struct str s;
    if (is_unset(at)) {
        note(x, at, BUCKET_EXACT, "it never resets");
        return "{lifetime: true}";
    }
    bool is_text = yaml_str(at, &s);
    for (size_t i = 0; is_text && i < N(windows); i++) {
        if (!str_eq(s, str_c(windows[i].duration)))
            continue;
        note(x, at, windows[i].bucket, "%s", windows[i].text);
        return windows[i].window;
    }
    if (!is_text || window_parse_short(s, &w, &ns) < 0 || w != WINDOW_SLIDING) {
        note(x, at, BUCKET_REFUSED, "no window here is so long: at most 31d, or a calendar month (30d, 1mo)");
        return NULL;
    }
    note(x, at, BUCKET_APPROXIMATE,
         "LiteLLM's windows stand one behind the other; here it holds in any " STR_FMT ", which is stricter",
         STR_ARG(s));
    return arena_printf(x->a, "{sliding: " STR_FMT "}", STR_ARG(s)).p;
}

static struct str joined(struct litellm *l, struct str id, const char *what)
{
    return arena_printf(l->x->a, STR_FMT "-%s", STR_ARG(id), what);
}

static void read_soft(struct litellm *l, const struct yaml *at, struct draft_limit *limit)
{
    if (!is_unset(at) && read_usd(l->x, at, &limit->soft))
        note(l->x, at, BUCKET_EXACT, "`soft`");
}

static void read_money(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s)
{
    const struct yaml *max = yaml_get(map, STR("max_budget")), *soft = yaml_get(map, STR("soft_budget"));
    const struct yaml *duration = yaml_get(map, STR("budget_duration"));
    struct draft_limit limit = {.meter = "usd"};
    if (is_unset(max)) {
        note(l->x, duration, BUCKET_EXACT, "there is no budget that it could reset");
        if (!is_unset(soft))
            note(l->x, soft, BUCKET_CARRIED, "a threshold without a budget stops nothing");
        return;
    }
    if (!read_usd(l->x, max, &limit.max))
        return;
    if (!(limit.window = budget_window(l->x, duration))) {
        note(l->x, max, BUCKET_REFUSED, "left out, with its window");
        return;
    }
    read_soft(l, soft, &limit);
    draft_limit(l->x, joined(l, id, "budget"), &limit, s, max);
    note(l->x, max, BUCKET_EXACT, "the call that would pass it is refused, not the one after");
}

static void read_window_budgets(struct litellm *l, const struct yaml *list, struct str id, const struct scope *s)
{
    static const struct field_row rows[] = {
        {"reset_at", BUCKET_APPROXIMATE, "windows follow the clock and the calendar, not when a budget was made"}};
    yaml_each(item, list) {
        read_money(l, item, id, s);
        note_rest(l->x, item, rows, N(rows));
    }
}

void budget_read_pair(struct litellm *l, const struct yaml *pair, struct str id, const struct scope *s)
{
    const struct yaml *max = yaml_get(pair, STR("budget_limit")), *duration = yaml_get(pair, STR("time_period"));
    struct draft_limit limit = {.meter = "usd"};
    max = max ? max : yaml_get(pair, STR("max_budget"));
    duration = duration ? duration : yaml_get(pair, STR("budget_duration"));
    if (!is_unset(max) && read_usd(l->x, max, &limit.max) && (limit.window = budget_window(l->x, duration))) {
        draft_limit(l->x, id, &limit, s, max);
        note_exact(l->x, max);
    }
    note_rest(l->x, pair, NULL, 0);
}

static void read_rate(struct litellm *l, const struct yaml *at, const char *meter, struct str id, const struct scope *s)
{
    struct draft_limit limit = {.meter = meter, .window = "{sliding: 60s}"};
    if (is_unset(at) || !read_count(l->x, at, &limit.max))
        return;
    draft_limit(l->x, id, &limit, s, at);
    note(l->x, at, BUCKET_APPROXIMATE,
         "LiteLLM counts from minute to minute; here it holds in any 60s, which is stricter");
}

static void read_rates(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s)
{
    const struct yaml *parallel = yaml_get(map, STR("max_parallel_requests"));
    struct draft_limit limit = {.meter = "concurrent", .window = "{instant: true}"};
    read_rate(l, yaml_get(map, STR("rpm_limit")), "requests", joined(l, id, "rpm"), s);
    read_rate(l, yaml_get(map, STR("tpm_limit")), l->token_meter, joined(l, id, "tpm"), s);
    if (!is_unset(parallel) && read_count(l->x, parallel, &limit.max)) {
        draft_limit(l->x, joined(l, id, "parallel"), &limit, s, parallel);
        note_exact(l->x, parallel);
    }
}

static void read_models(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s)
{
    const struct yaml *rpm = yaml_get(map, STR("model_rpm_limit")), *tpm = yaml_get(map, STR("model_tpm_limit"));
    struct scope one = *s;
    yaml_each(pair, yaml_get(map, STR("model_max_budget"))) {
        one.model = model_targets(l, pair->key);
        budget_read_pair(l, pair, arena_printf(l->x->a, STR_FMT "-" STR_FMT, STR_ARG(id), STR_ARG(pair->key)), &one);
    }
    yaml_each(n, rpm) {
        one.model = model_targets(l, n->key);
        read_rate(l, n, "requests", arena_printf(l->x->a, STR_FMT "-" STR_FMT "-rpm", STR_ARG(id), STR_ARG(n->key)),
                  &one);
    }
    yaml_each(n, tpm) {
        one.model = model_targets(l, n->key);
        read_rate(l, n, l->token_meter, arena_printf(l->x->a, STR_FMT "-" STR_FMT "-tpm", STR_ARG(id), STR_ARG(n->key)),
                  &one);
    }
}

void budget_read(struct litellm *l, const struct yaml *map, struct str id, const struct scope *s)
{
    read_money(l, map, id, s);
    read_window_budgets(l, yaml_get(map, STR("budget_limits")), id, s);
    read_models(l, map, id, s);
    read_rates(l, map, id, s);
}
