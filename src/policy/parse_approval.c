/*
 * policy/parse_approval.c - `approvals`: what a person's yes takes; and the rules and limits that name one.
 *
 * Where notices of it go is no matter of a document: the config file has the URL and its secret, under the same name.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row approval_keys[] = {
    {STR_INIT("backend"), KEY_OPTIONAL}, {STR_INIT("ttl"), KEY_REQUIRED},         {STR_INIT("url"), KEY_OPTIONAL},
    {STR_INIT("quorum"), KEY_OPTIONAL},  {STR_INIT("allow_self"), KEY_OPTIONAL}};

static void parse_ttl(struct parse *x, const struct yaml *map, struct approval_terms *t)
{
    const struct yaml *y = yaml_get(map, STR("ttl"));
    struct str text;
    if (!parse_text(x, map, STR("ttl"), &text))
        return;
    if (duration_parse(text, &t->ttl_ns) < 0 || t->ttl_ns > APPROVAL_TTL_NS_MAX)
        parse_fault(x, y, "bad_value", "`ttl` is a duration of 1s to 30d: 90s, 30m, 2h, 7d");
}

static void parse_quorum(struct parse *x, const struct yaml *map, struct approval_terms *t)
{
    const struct yaml *y = yaml_get(map, STR("quorum"));
    t->quorum = 1;
    if (parse_type(x, y, YAML_INT, STR("quorum")) &&
        (!yaml_i64(y, &t->quorum) || t->quorum < 1 || t->quorum > APPROVAL_QUORUM_MAX))
        parse_fault(x, y, "bad_value", "`quorum` is 1 to %d persons", APPROVAL_QUORUM_MAX);
}

static void parse_approval(struct parse *x, const struct yaml *map, struct approval_terms *t)
{
    static const struct str backends[] = {STR_INIT("webhook"), STR_INIT("cli")},
                            later[] = {STR_INIT("ciba"), STR_INIT("arap")};
    const struct yaml *self = yaml_get(map, STR("allow_self")), *url = yaml_get(map, STR("url"));
    struct str text;
    bool is_allowed;
    parse_keys(x, map, "an approval", approval_keys, N(approval_keys));
    parse_word(x, map, STR("backend"), backends, N(backends), later, N(later));
    parse_ttl(x, map, t);
    parse_quorum(x, map, t);
    if (parse_type(x, url, YAML_STR, STR("url")) && parse_text(x, map, STR("url"), &text))
        diag_warn(x->diags, x->file, url->line, url->col, "approval_url",
                  "`url` is not used: where notices go stands in the config, approvals." STR_FMT ".webhook",
                  STR_ARG(t->name));
    if (parse_type(x, self, YAML_BOOL, STR("allow_self")) && yaml_bool(self, &is_allowed) && is_allowed)
        parse_fault(x, self, "bad_value", "`allow_self` can only be false: nobody approves an own call");
}

void parse_approvals(struct parse *x, const struct yaml *map)
{
    struct policy *p = x->p;
    if (!parse_type(x, map, YAML_MAP, STR("approvals")))
        return;
    p->approvals = arena_try_alloc(&p->arena, (map->n + 1) * sizeof *p->approvals);
    if (!p->approvals) {
        parse_fault(x, map, "too_large", "the document's approvals are too large together");
        return;
    }
    yaml_each(child, map) {
        struct approval_terms *t = &p->approvals[p->n_approvals++];
        *t = (struct approval_terms){.name = arena_str(&p->arena, child->key)};
        if (!id_is_valid(child->key))
            diag_add(x->diags, x->file, child->key_line, child->key_col, "bad_id",
                     "an approval's name must be 1 to 64 of a-z 0-9 - _");
        if (parse_type(x, child, YAML_MAP, child->key))
            parse_approval(x, child, t);
    }
}

/* --- who names one ------------------------------------------------------------------------------------------------ */

void parse_approval_of(struct parse *x, const struct yaml *map, const char *what, bool is_wanted,
                       struct approval_terms *ret)
{
    const struct yaml *y = yaml_get(map, STR("approval"));
    struct str name, names[64];
    size_t n = 0;
    if (y && !is_wanted) {
        parse_fault(x, y, "bad_value", "`approval` belongs to a rule of effect approve, to `on_exceed: approve`, or to "
                                       "`then: approve`");
        return;
    }
    if (!y && is_wanted)
        parse_fault(x, map, "missing_key", "%s needs `approval`", what);
    if (!y || !parse_id(x, map, STR("approval"), &name))
        return;
    for (size_t i = 0; i < x->p->n_approvals; i++) {
        if (str_eq(x->p->approvals[i].name, name)) {
            *ret = x->p->approvals[i];
            return;
        }
        if (n < N(names))
            names[n++] = x->p->approvals[i].name;
    }
    diag_add_unknown(x->diags, x->file, y->line, y->col, "unknown_approval", "approval", name, names, n);
}
