/*
 * policy/parse_rule.c - `rules` and the `approvals` that they name.
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
    {STR_INIT("when"), KEY_OPTIONAL},   {STR_INIT("scope"), KEY_OPTIONAL},     {STR_INIT("redact"), KEY_LATER},
    {STR_INIT("obligations"), KEY_LATER}};

static const struct key_row approval_keys[] = {
    {STR_INIT("backend"), KEY_REQUIRED}, {STR_INIT("ttl"), KEY_REQUIRED},         {STR_INIT("url"), KEY_OPTIONAL},
    {STR_INIT("quorum"), KEY_OPTIONAL},  {STR_INIT("allow_self"), KEY_OPTIONAL}};

/* In the order of enum effect. */
static const struct str effects[] = {STR_INIT("forbid"), STR_INIT("permit"), STR_INIT("approve")};

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

static void parse_rule_approval(struct parse *x, const struct yaml *map, struct rule *r)
{
    const struct yaml *y = yaml_get(map, STR("approval"));
    if (r->effect != EFFECT_APPROVE) {
        if (y)
            parse_fault(x, y, "bad_value", "`approval` belongs to a rule of effect approve");
        return;
    }
    if (!y) {
        parse_fault(x, map, "missing_key", "a rule of effect approve needs `approval`");
        return;
    }
    if (!parse_id(x, map, STR("approval"), &r->approval) || yaml_get(x->approvals, r->approval))
        return;
    struct str names[64];
    size_t n = 0;
    yaml_each(child, x->approvals)
        if (n < N(names))
            names[n++] = child->key;
    diag_add_unknown(x->diags, x->file, y->line, y->col, "unknown_approval", "approval", r->approval, names, n);
}

static void parse_rule(struct parse *x, const struct yaml *map, struct rule *r)
{
    r->line = map->line;
    r->col = map->col;
    parse_keys(x, map, "a rule", rule_keys, N(rule_keys));
    parse_id(x, map, STR("id"), &r->id);
    parse_reason(x, map, r);
    parse_mode(x, map);
    if (yaml_get(map, STR("match")))
        parse_match(x, yaml_get(map, STR("match")), &r->match);
    r->when = parse_when(x, map, &r->match);
    int effect = parse_word(x, map, STR("effect"), effects, N(effects), NULL, 0);
    if (effect < 0)
        return;
    r->effect = (enum effect)effect;
    parse_rule_approval(x, map, r);
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

/* --- approvals: checked whole, so that a document that loads today still loads when they act ---------------------- */

static void parse_approval(struct parse *x, const struct yaml *map)
{
    static const struct str backends[] = {STR_INIT("webhook"), STR_INIT("cli"), STR_INIT("ciba"), STR_INIT("arap")};
    struct str text;
    int64_t n, ns;
    parse_keys(x, map, "an approval", approval_keys, N(approval_keys));
    parse_word(x, map, STR("backend"), backends, N(backends), NULL, 0);
    if (parse_text(x, map, STR("ttl"), &text) && duration_parse(text, &ns) < 0)
        parse_fault(x, yaml_get(map, STR("ttl")), "bad_value", "`ttl` is a duration: 90s, 30m, 2h, 7d");
    parse_text(x, map, STR("url"), &text);
    const struct yaml *quorum = yaml_get(map, STR("quorum"));
    if (parse_type(x, quorum, YAML_INT, STR("quorum")) && yaml_i64(quorum, &n) && n < 1)
        parse_fault(x, quorum, "bad_value", "`quorum` is at least 1");
    const struct yaml *self = yaml_get(map, STR("allow_self"));
    bool is_allowed;
    if (parse_type(x, self, YAML_BOOL, STR("allow_self")) && yaml_bool(self, &is_allowed) && is_allowed)
        parse_fault(x, self, "bad_value", "`allow_self` can only be false: nobody approves an own call");
}

void parse_approvals(struct parse *x)
{
    if (!parse_type(x, x->approvals, YAML_MAP, STR("approvals"))) {
        x->approvals = NULL;
        return;
    }
    yaml_each(child, x->approvals) {
        if (!id_is_valid(child->key))
            diag_add(x->diags, x->file, child->key_line, child->key_col, "bad_id",
                     "an approval's name must be 1 to 64 of a-z 0-9 - _");
        if (parse_type(x, child, YAML_MAP, child->key))
            parse_approval(x, child);
    }
}
