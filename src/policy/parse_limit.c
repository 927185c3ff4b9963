/*
 * policy/parse_limit.c - `limits`: meter x window x bucket, and how much.
 */
#include "policy/policy_impl.h"

#include <stdlib.h>

#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row limit_keys[] = {
    {STR_INIT("id"), KEY_REQUIRED},        {STR_INIT("meter"), KEY_REQUIRED},        {STR_INIT("max"), KEY_REQUIRED},
    {STR_INIT("window"), KEY_REQUIRED},    {STR_INIT("tz"), KEY_OPTIONAL},           {STR_INIT("by"), KEY_OPTIONAL},
    {STR_INIT("soft"), KEY_OPTIONAL},      {STR_INIT("runs"), KEY_OPTIONAL},         {STR_INIT("match"), KEY_OPTIONAL},
    {STR_INIT("on_exceed"), KEY_OPTIONAL}, {STR_INIT("unknown_cost"), KEY_OPTIONAL}, {STR_INIT("mode"), KEY_OPTIONAL},
    {STR_INIT("when"), KEY_OPTIONAL},      {STR_INIT("approval"), KEY_OPTIONAL}};

static const struct key_row window_keys[] = {
    {STR_INIT("calendar"), KEY_OPTIONAL}, {STR_INIT("call"), KEY_OPTIONAL},    {STR_INIT("run"), KEY_OPTIONAL},
    {STR_INIT("lifetime"), KEY_OPTIONAL}, {STR_INIT("instant"), KEY_OPTIONAL}, {STR_INIT("sliding"), KEY_OPTIONAL}};

/* False when there is none that can be used. */
static bool parse_meter(struct parse *x, const struct yaml *map, struct limit *l)
{
    static const char any[CURRENCY_BYTES] = "EUR"; /* as words say it: "currency:EUR" */
    const struct yaml *y = yaml_get(map, STR("meter"));
    char text[METER_TEXT_BYTES];
    struct str words[METER_COUNT];
    if (yaml_is(y, YAML_STR) && meter_parse(y->text, &l->meter, l->currency) == 0)
        return true;
    if (yaml_is(y, YAML_STR) && str_starts(y->text, STR("currency:"))) {
        parse_fault(x, y, "bad_value",
                    "`" STR_FMT "`: a currency is three capitals, currency:EUR; dollars are counted by `meter: usd`",
                    STR_ARG(y->text));
        return false;
    }
    for (enum limit_meter m = 0; m < METER_COUNT; m++)
        words[m] = meter_text(m, any, text);
    (void)parse_word(x, map, STR("meter"), words, N(words), NULL, 0); /* says what is wrong */
    return false;
}

static bool parse_calendar(struct parse *x, const struct yaml *window, enum limit_window *ret)
{
    static const enum limit_window calendars[] = {WINDOW_MINUTE, WINDOW_HOUR, WINDOW_DAY, WINDOW_WEEK, WINDOW_MONTH};
    struct str words[N(calendars)];
    for (size_t i = 0; i < N(calendars); i++)
        words[i] = window_text(calendars[i], 0, STR_NONE, NULL);
    int i = parse_word(x, window, STR("calendar"), words, N(words), NULL, 0);
    if (i >= 0)
        *ret = calendars[i];
    return i >= 0;
}

static bool parse_sliding(struct parse *x, const struct yaml *at, struct limit *l)
{
    if (!parse_type(x, at, YAML_STR, at->key))
        return false;
    if (window_parse_short(at->text, &l->window, &l->sliding_ns) == 0 && l->window == WINDOW_SLIDING)
        return true;
    parse_fault(x, at, "bad_window", "a sliding window is 1s to 31d long: 60s, 15m, 24h, 7d");
    return false;
}

#define WINDOWS "{calendar: day}, {sliding: 60s}, {run: true}, {call: true}, {lifetime: true}, {instant: true}"

static bool parse_window(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct yaml *window = yaml_get(map, STR("window"));
    size_t n_errors = x->diags->n_errors;
    if (window && window->type == YAML_STR)
        parse_fault(x, window, "wrong_type", "`window` must be a map, not a string: " WINDOWS);
    else if (parse_type(x, window, YAML_MAP, STR("window")))
        parse_keys(x, window, "a window", window_keys, N(window_keys));
    if (!window || x->diags->n_errors > n_errors)
        return false;
    if (window->n != 1) {
        parse_fault(x, window, "bad_window", "a window is exactly one of " WINDOWS);
        return false;
    }
    const struct yaml *only = window->first;
    if (str_eq(only->key, STR("calendar")))
        return parse_calendar(x, window, &l->window);
    if (str_eq(only->key, STR("sliding")))
        return parse_sliding(x, only, l);
    bool is_true;
    if (!parse_type(x, only, YAML_BOOL, only->key))
        return false;
    if (yaml_bool(only, &is_true) && !is_true) {
        parse_fault(x, only, "bad_value", "`" STR_FMT "` can only be true", STR_ARG(only->key));
        return false;
    }
    struct str zone;
    return window_parse(only->key, &l->window, &l->sliding_ns, &zone) == 0;
}

/* The limit's own, or the document's; a window that follows no clock on a wall has none. */
static void parse_own_zone(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct zone *zone = x->zone;
    if (parse_zone(x, map, &zone) && !window_is_calendar(l->window))
        parse_fault(x, yaml_get(map, STR("tz")), "bad_value", "`tz` is for calendar windows: {calendar: day}");
    if (window_is_calendar(l->window))
        l->zone = zone;
}

static void check_meter_and_window(struct parse *x, const struct yaml *map, const struct limit *l)
{
    const struct yaml *at = yaml_get(map, STR("window"));
    if (l->meter == METER_CONCURRENT && l->window != WINDOW_INSTANT)
        parse_fault(x, at, "bad_window", "a limit of concurrent calls has the window {instant: true}");
    else if (l->meter != METER_CONCURRENT && l->window == WINDOW_INSTANT)
        parse_fault(x, at, "bad_window", "the window {instant: true} is for concurrent calls only");
    else if (l->meter == METER_REQUESTS && l->window == WINDOW_CALL)
        parse_fault(x, at, "bad_window", "every call is one request: a limit of requests has no window {call: true}");
}

/* An amount of what the limit counts: `max`, `soft`. */
static bool parse_units(struct parse *x, const struct yaml *y, struct str name, enum limit_meter meter, int64_t *ret)
{
    struct str text;
    if (!meter_is_money(meter)) {
        if (!parse_type(x, y, YAML_INT, name) || !yaml_i64(y, ret))
            return false;
        if (*ret < 0)
            parse_fault(x, y, "bad_count", "`" STR_FMT "` is a count of 0 or more", STR_ARG(name));
        return *ret >= 0;
    }
    if (y && !yaml_is(y, YAML_STR) && yaml_number_text(y, &text)) {
        parse_fault(x, y, "amount_not_text",
                    "an amount of money is text, so that no reader rounds it: " STR_FMT ": \"" STR_FMT "\"",
                    STR_ARG(name), STR_ARG(text));
        return false;
    }
    return parse_type(x, y, YAML_STR, name) && parse_amount(x, y, y->text, ret);
}

static void parse_max(struct parse *x, const struct yaml *map, struct limit *l)
{
    (void)parse_units(x, yaml_get(map, STR("max")), STR("max"), l->meter, &l->max); /* said in diags */
}

/* A threshold that only tells: beyond it something is said, and nothing is refused. */
static void parse_soft(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct yaml *y = yaml_get(map, STR("soft"));
    int64_t soft;
    if (!y || !parse_units(x, y, STR("soft"), l->meter, &soft))
        return;
    if (l->window == WINDOW_CALL || l->window == WINDOW_INSTANT)
        parse_fault(x, y, "bad_value", "`soft` is for windows in which calls add up");
    else if (soft < 1 || soft >= l->max)
        parse_fault(x, y, "bad_value", "`soft` is more than 0 and less than `max`");
    else
        l->soft = soft;
}

static const struct key_row runs_keys[] = {{STR_INIT("max_new"), KEY_REQUIRED}, {STR_INIT("per"), KEY_REQUIRED}};

/* How many runs a key may begin by naming them: without it, an agent that takes a new name has a full limit again. */
static void parse_runs(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct yaml *runs = yaml_get(map, STR("runs"));
    struct limit *n = arena_alloc(&x->p->arena, sizeof *n);
    *n = (struct limit){.meter = METER_REQUESTS, .window = WINDOW_SLIDING, .by = 1u << BY_KEY};
    if (!parse_type(x, runs, YAML_MAP, STR("runs")))
        return;
    parse_keys(x, runs, "`runs`", runs_keys, N(runs_keys));
    if (!(l->by & (1u << BY_RUN | 1u << BY_ROOT_RUN)))
        parse_fault(x, runs, "bad_value", "`runs` is for limits by run or root_run");
    const struct yaml *per = yaml_get(runs, STR("per"));
    if (parse_units(x, yaml_get(runs, STR("max_new")), STR("max_new"), METER_REQUESTS, &n->max) && per &&
        parse_sliding(x, per, n))
        l->runs = n;
}

/* What a call holds when nobody knows how much it can use: an amount, or a count of tokens. */
static bool parse_hold(struct parse *x, const struct yaml *y, struct str text, struct limit *l)
{
    if (meter_is_money(l->meter))
        return parse_amount(x, y, text, &l->unknown_hold);
    if (str_to_i64(text, &l->unknown_hold) == 0)
        return true;
    parse_fault(x, y, "bad_count", "what is held of tokens is a whole number: \"hold:20000\"");
    return false;
}

static void parse_unknown_cost(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct yaml *y = yaml_get(map, STR("unknown_cost"));
    struct str text;
    if (!parse_text(x, map, STR("unknown_cost"), &text))
        return;
    if (!meter_is_cost(l->meter)) {
        parse_fault(x, y, "bad_value", "`unknown_cost` is for limits of money or tokens: every call is one request");
    } else if (str_starts(text, STR("hold:"))) {
        l->is_unknown_held = parse_hold(x, y, str_sub(text, 5, SIZE_MAX), l);
    } else if (!str_eq(text, STR("deny"))) {
        parse_fault(x, y, "bad_value", "`unknown_cost` is deny, or hold:<amount>: \"hold:50.00\", \"hold:20000\"");
    }
}

/* Clamp lowers what a model may answer: that is no help where other things are counted. */
static bool can_clamp(enum limit_meter m)
{
    return m == METER_USD || (meter_is_tokens(m) && m != METER_INPUT_TOKENS);
}

static void parse_on_exceed(struct parse *x, const struct yaml *map, struct limit *l)
{
    static const struct str words[] = {STR_INIT("deny"), STR_INIT("clamp"), STR_INIT("approve")};
    const struct yaml *y = yaml_get(map, STR("on_exceed"));
    if (yaml_is(y, YAML_STR) && str_starts(y->text, STR("downgrade:"))) {
        if (l->meter != METER_USD)
            parse_fault(x, y, "bad_value", "`on_exceed: downgrade:<route>` is for limits of usd: a cheaper model "
                                           "uses no fewer tokens");
        l->downgrade = parse_downgrade(x, y, str_sub(y->text, 10, SIZE_MAX), l);
        return;
    }
    int word = parse_word(x, map, STR("on_exceed"), words, N(words), NULL, 0);
    l->may_clamp = word == 1;
    parse_approval_of(x, map, "a limit with `on_exceed: approve`", word == 2, &l->approval);
    if (l->may_clamp && !can_clamp(l->meter))
        parse_fault(x, y, "bad_value",
                    "`on_exceed: clamp` lowers what a model may answer: it is for limits of usd, tokens and "
                    "output_tokens");
}

static void add_by(struct parse *x, const struct yaml *item, unsigned *by)
{
    struct str names[BY_COUNT];
    for (enum by b = 0; b < BY_COUNT; b++) {
        names[b] = by_text(b);
        if (!str_eq(names[b], item->text))
            continue;
        if (*by & 1u << b)
            parse_fault(x, item, "duplicate_value", "`by` names " STR_FMT " twice", STR_ARG(names[b]));
        *by |= 1u << b;
        return;
    }
    diag_add_unknown(x->diags, x->file, item->line, item->col, "bad_value", "`by` value", item->text, names, BY_COUNT);
}

static void parse_by(struct parse *x, const struct yaml *map, struct limit *l)
{
    const struct yaml *list = yaml_get(map, STR("by"));
    if (!parse_type(x, list, YAML_SEQ, STR("by")))
        return;
    yaml_each(item, list)
        if (parse_type(x, item, YAML_STR, STR("by")))
            add_by(x, item, &l->by);
}

static void parse_limit(struct parse *x, const struct yaml *map, struct limit *l)
{
    l->line = map->line;
    l->col = map->col;
    parse_keys(x, map, "a limit", limit_keys, N(limit_keys));
    parse_id(x, map, STR("id"), &l->id);
    parse_by(x, map, l);
    l->is_shadow = parse_is_shadow(x, map);
    if (yaml_get(map, STR("match")))
        parse_match(x, yaml_get(map, STR("match")), &l->match);
    l->when = parse_when(x, map, &l->match);
    bool has_window = parse_window(x, map, l);
    if (has_window)
        parse_own_zone(x, map, l);
    if (l->window == WINDOW_RUN)
        l->by |= 1u << BY_RUN;
    parse_runs(x, map, l);
    if (!parse_meter(x, map, l))
        return; /* what the others may be depends on it */
    parse_max(x, map, l);
    parse_soft(x, map, l);
    parse_unknown_cost(x, map, l);
    parse_on_exceed(x, map, l);
    if (has_window)
        check_meter_and_window(x, map, l);
}

static int by_id(const void *a, const void *b)
{
    return str_cmp(((const struct limit *)a)->id, ((const struct limit *)b)->id);
}

void parse_limits(struct parse *x, const struct yaml *list)
{
    struct policy *p = x->p;
    if (!parse_type(x, list, YAML_SEQ, STR("limits")))
        return;
    if ((int64_t)list->n > x->limits->policy_limits_max) {
        parse_fault(x, list, "too_many", "%zu limits; policy_limits_max is %lld", list->n,
                    (long long)x->limits->policy_limits_max);
        return;
    }
    p->limits = arena_try_alloc(&p->arena, (list->n + 1) * sizeof *p->limits);
    if (!p->limits) {
        parse_fault(x, list, "too_large", "the document's limits are too large together");
        return;
    }
    yaml_each(item, list) {
        if (!parse_type(x, item, YAML_MAP, STR("limits")))
            continue;
        struct limit *l = &p->limits[p->n_limits];
        *l = (struct limit){0};
        parse_limit(x, item, l);
        for (size_t i = 0; l->id.n && i < p->n_limits; i++)
            if (str_eq(p->limits[i].id, l->id))
                parse_fault(x, yaml_get(item, STR("id")), "duplicate_id", "two limits are called `" STR_FMT "`",
                            STR_ARG(l->id));
        p->n_limits++;
    }
    if (p->n_limits > 1)
        qsort(p->limits, p->n_limits, sizeof *p->limits, by_id);
}
