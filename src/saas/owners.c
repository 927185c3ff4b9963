/*
 * saas/owners.c - the `scope` section of connector.yaml: which ids belong to customers, and where a vendor says to
 * whom.
 */
#include "saas/parse_impl.h"

#define STRANGE_TAIL_CHARS_MIN 8 /* of what could be an id; words of APIs have no digits in their last part */

static const struct str kinds[] = {
#define OWNER(name, text, help) STR_INIT(text),
#include "saas/owner.tbl.h"
#undef OWNER
};

static void parse_owner(struct parse *p, const struct yaml *it, struct owner_row *o)
{
    static const char *const keys[] = {"kind", "prefix", "named", "get", "customer", "via", "keeps", "unowned"};
    read_keys(p, it, keys, sizeof(keys) / sizeof(keys[0]));
    struct str kind = parse_str(p, it, "kind", true), unowned = parse_str(p, it, "unowned", false);
    size_t k = 0, at;
    while (k < OWNER_COUNT && !str_eq(kinds[k], kind))
        k++;
    if (k == OWNER_COUNT)
        read_fault(p, it, "`kind` is one of customer, object, shared and elsewhere");
    o->kind = (enum owner_kind)k;
    o->prefixes = parse_strs(p, it, "prefix");
    o->named = parse_strs(p, it, "named");
    o->get = parse_str(p, it, "get", k == OWNER_OBJECT);
    o->customers = parse_strs(p, it, "customer");
    o->via = parse_strs(p, it, "via");
    o->is_kept = parse_bool(p, it, "keeps", false);
    o->may_be_free = str_eq(unowned, STR("free"));
    if (unowned.n && !o->may_be_free)
        read_fault(p, it, "`unowned` is `free`, or left out");
    if (!o->prefixes.n && !o->named.n)
        read_fault(p, it, "a row has `prefix`, `named` or both");
    if (o->get.n && !str_find(o->get, STR("{id}"), &at))
        read_fault(p, it, "`get` has an {id}");
    if (k == OWNER_OBJECT && !o->customers.n && !o->via.n)
        read_fault(p, it, "an object has `customer`, `via` or both");
}

void parse_scope_rules(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"owners", "ignored", "expand", "nobody"};
    struct scope_rules *s = &p->c->scope;
    const struct yaml *list = yaml_get(map, STR("owners"));
    read_keys(p, map, keys, sizeof(keys) / sizeof(keys[0]));
    s->ignored = parse_strs(p, map, "ignored");
    s->expands = parse_strs(p, map, "expand");
    s->nobody = parse_strs(p, map, "nobody");
    size_t n = parse_list(p, list, sizeof(*s->owners), &s->owners);
    yaml_each(it, n ? list : NULL)
        parse_owner(p, it, &s->owners[s->n_owners++]);
}

const struct owner_row *owner_of_field(const struct connector *c, struct str key)
{
    for (size_t i = 0; i < c->scope.n_owners; i++)
        if (strs_has(&c->scope.owners[i].named, key))
            return &c->scope.owners[i];
    return NULL;
}

static bool has_digit_or_capital(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return true;
    return false;
}

const struct owner_row *owner_of_id(const struct connector *c, struct str id)
{
    for (size_t i = 0; i < c->scope.n_owners; i++) {
        const struct owner_row *o = &c->scope.owners[i];
        for (size_t k = 0; k < o->prefixes.n; k++) {
            struct str rest = str_sub(id, o->prefixes.items[k].n, id.n);
            if (str_starts(id, o->prefixes.items[k]) && str_is_token(rest, "_", 255) && has_digit_or_capital(rest))
                return o;
        }
    }
    return NULL;
}

bool is_strange_id(struct str s)
{
    struct str head = s, tail = STR_NONE, rest;
    if (!str_is_token(s, "_", 255) || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    while (str_cut(tail.n ? tail : s, '_', &head, &rest) && rest.n)
        tail = rest;
    return tail.n >= STRANGE_TAIL_CHARS_MIN && has_digit_or_capital(tail);
}

/* `payouts.*` takes all below payouts, `*.search` all that end so. */
static bool takes(struct str pattern, struct str id)
{
    if (str_ends(pattern, STR(".*")))
        return str_starts(id, str_sub(pattern, 0, pattern.n - 1));
    if (str_starts(pattern, STR("*.")))
        return str_ends(id, str_sub(pattern, 1, pattern.n));
    return str_eq(pattern, id);
}

bool acts_on_nobody(const struct connector *c, const struct operation *op)
{
    for (size_t i = 0; i < c->scope.nobody.n; i++)
        if (takes(c->scope.nobody.items[i], op->id))
            return true;
    return false;
}
