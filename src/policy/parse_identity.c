/*
 * policy/parse_identity.c - `identity`: for which calls it must be proven for whom they are.
 */
#include "policy/policy_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define CHAIN_MAX 8

static const struct key_row identity_keys[] = {{STR_INIT("require"), KEY_REQUIRED}};

static const struct key_row require_keys[] = {
    {STR_INIT("match"), KEY_REQUIRED},         {STR_INIT("subject"), KEY_OPTIONAL},
    {STR_INIT("max_chain"), KEY_OPTIONAL},     {STR_INIT("max_token_ttl"), KEY_OPTIONAL},
    {STR_INIT("customer_from"), KEY_OPTIONAL}, {STR_INIT("actor"), KEY_LATER},
    {STR_INIT("pop"), KEY_LATER},              {STR_INIT("max_auth_age"), KEY_LATER},
    {STR_INIT("acr"), KEY_LATER}};

/* In the order of enum subject, and of enum customer_from behind its first. */
static const struct str subjects[] = {STR_INIT("any"), STR_INIT("user"), STR_INIT("agent")};
static const struct str customers[] = {STR_INIT("token"), STR_INIT("resolved")};
static const struct str later_customers[] = {STR_INIT("header"), STR_INIT("body")};

static void parse_chain(struct parse *x, const struct yaml *map, struct requirement *r)
{
    const struct yaml *y = yaml_get(map, STR("max_chain"));
    r->actors_max = -1;
    if (parse_type(x, y, YAML_INT, STR("max_chain")) && yaml_i64(y, &r->actors_max) &&
        (r->actors_max < 0 || r->actors_max > CHAIN_MAX))
        parse_fault(x, y, "bad_value", "`max_chain` is a number from 0 to %d", CHAIN_MAX);
}

static void parse_ttl(struct parse *x, const struct yaml *map, struct requirement *r)
{
    struct str text;
    int64_t ns = 0;
    if (parse_text(x, map, STR("max_token_ttl"), &text) && duration_parse(text, &ns) < 0)
        parse_fault(x, yaml_get(map, STR("max_token_ttl")), "bad_value",
                    "`max_token_ttl` is a duration: 90s, 10m, 1h");
    r->lifetime_s_max = ns / NS_PER_S;
}

static void parse_requirement(struct parse *x, const struct yaml *map, struct requirement *r)
{
    parse_keys(x, map, "an entry of `require`", require_keys, N(require_keys));
    if (yaml_get(map, STR("match")))
        parse_match(x, yaml_get(map, STR("match")), &r->match);
    int subject = parse_word(x, map, STR("subject"), subjects, N(subjects), NULL, 0);
    r->subject = subject < 0 ? SUBJECT_ANY : (enum subject)subject;
    int customer = parse_word(x, map, STR("customer_from"), customers, N(customers), later_customers,
                              N(later_customers));
    r->customer_from = (enum customer_from)(customer + 1);
    parse_chain(x, map, r);
    parse_ttl(x, map, r);
}

void parse_identity(struct parse *x, const struct yaml *map)
{
    struct policy *p = x->p;
    if (!parse_type(x, map, YAML_MAP, STR("identity")))
        return;
    parse_keys(x, map, "`identity`", identity_keys, N(identity_keys));
    const struct yaml *list = yaml_get(map, STR("require"));
    if (!parse_type(x, list, YAML_SEQ, STR("require")))
        return;
    if (list->n > POLICY_REQUIREMENTS_MAX) {
        parse_fault(x, list, "too_many", "%zu entries of `require`; at most %d", list->n, POLICY_REQUIREMENTS_MAX);
        return;
    }
    p->requirements = arena_alloc(&p->arena, (list->n + 1) * sizeof *p->requirements);
    yaml_each(item, list)
        if (parse_type(x, item, YAML_MAP, STR("require")))
            parse_requirement(x, item, &p->requirements[p->n_requirements++]);
}
