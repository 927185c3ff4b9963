/*
 * policy/parse_rule.c - `rules`.
 */
#include "policy/policy_impl.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"

#define REASON_BYTES_MAX 200
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row rule_keys[] = {
    {STR_INIT("id"), KEY_REQUIRED},     {STR_INIT("effect"), KEY_REQUIRED}, {STR_INIT("match"), KEY_REQUIRED},
    {STR_INIT("approval"), KEY_OPTIONAL}, {STR_INIT("reason"), KEY_OPTIONAL}, {STR_INIT("mode"), KEY_OPTIONAL},
    {STR_INIT("when"), KEY_OPTIONAL},   {STR_INIT("scope"), KEY_OPTIONAL},     {STR_INIT("redact"), KEY_OPTIONAL},
    {STR_INIT("obligations"), KEY_OPTIONAL}};

/* In the order of enum effect. */
static const struct str effects[] = {STR_INIT("forbid"), STR_INIT("permit"), STR_INIT("approve")};

/* How other languages of policies say it. */
static const struct {
    struct str word, meant;
} foreign_effects[] = {{STR_INIT("allow"), STR_INIT("permit")}, {STR_INIT("deny"), STR_INIT("forbid")},
                       {STR_INIT("block"), STR_INIT("forbid")}, {STR_INIT("ask"), STR_INIT("approve")}};

static int parse_effect(struct parse *x, const struct yaml *map)
{
    const struct yaml *y = yaml_get(map, STR("effect"));
    for (size_t i = 0; y && y->type == YAML_STR && i < N(foreign_effects); i++)
        if (str_eq(y->text, foreign_effects[i].word)) {
            parse_fault(x, y, "bad_value", "value of `effect` `" STR_FMT "` is not known; did you mean `" STR_FMT "`?",
                        STR_ARG(y->text), STR_ARG(foreign_effects[i].meant));
            return -1;
        }
    return parse_word(x, map, STR("effect"), effects, N(effects), NULL, 0);
}

static void parse_reason(struct parse *x, const struct yaml *map, struct rule *r)
{
    struct str reason;
    if (!parse_text(x, map, STR("reason"), &reason))
        return;
    bool is_line = true;
    for (size_t i = 0; i < reason.n; i++)
        is_line &= (unsigned char)reason.p[i] >= 0x20 && reason.p[i] != 0x7f;
    if (reason.n > REASON_BYTES_MAX || !is_line)
        parse_fault(x, yaml_get(map, STR("reason")), "bad_value", "`reason` is one line of at most %d bytes",
                    REASON_BYTES_MAX);
    else
        r->reason = arena_str(&x->p->arena, reason);
}

static void parse_rule(struct parse *x, const struct yaml *map, struct rule *r)
{
    r->line = map->line;
    r->col = map->col;
    parse_keys(x, map, "a rule", rule_keys, N(rule_keys));
    parse_id(x, map, STR("id"), &r->id);
    parse_reason(x, map, r);
    r->is_shadow = parse_is_shadow(x, map);
    if (yaml_get(map, STR("match")))
        parse_match(x, yaml_get(map, STR("match")), &r->match);
    r->when = parse_when(x, map, &r->match);
    int effect = parse_effect(x, map);
    if (effect < 0)
        return;
    r->effect = (enum effect)effect;
    parse_approval_of(x, map, "a rule of effect approve", r->effect == EFFECT_APPROVE, &r->approval);
    parse_rule_redact(x, yaml_get(map, STR("redact")), r);
    parse_rule_obligations(x, yaml_get(map, STR("obligations")), r);
    parse_scope(x, map, r);
}

static int by_id(const void *a, const void *b)
{
    return str_cmp(((const struct rule *)a)->id, ((const struct rule *)b)->id);
}

void parse_rules(struct parse *x, const struct yaml *list)
{
    if (!parse_type(x, list, YAML_SEQ, STR("rules")))
        return;
    if ((int64_t)list->n > x->limits->policy_rules_max) {
        parse_fault(x, list, "too_many", "%zu rules; policy_rules_max is %lld", list->n,
                    (long long)x->limits->policy_rules_max);
        return;
    }
    struct policy *p = x->p;
    struct map ids;
    map_init(&ids, list->n + 1, NULL);
    p->rules = arena_try_alloc(&p->arena, (list->n + 1) * sizeof *p->rules);
    if (!p->rules)
        parse_fault(x, list, "too_large", "the document's rules are too large together");
    yaml_each(item, list) {
        if (!p->rules || !parse_type(x, item, YAML_MAP, STR("rules")))
            continue;
        struct rule *r = &p->rules[p->n_rules++];
        *r = (struct rule){0};
        parse_rule(x, item, r);
        if (r->id.n && map_get(&ids, r->id))
            parse_fault(x, yaml_get(item, STR("id")), "duplicate_id", "two rules are called `" STR_FMT "`",
                        STR_ARG(r->id));
        else if (r->id.n && map_put(&ids, r->id, r, NULL) < 0)
            parse_fault(x, item, "too_large", "out of memory");
    }
    map_deinit(&ids);
    if (p->n_rules > 1)
        qsort(p->rules, p->n_rules, sizeof *p->rules, by_id);
}
