/*
 * policy/parse_scope.c - a rule's `scope`: exactly one predicate over the customers whose accounts a call acts on.
 */
#include "policy/policy_impl.h"

#define RELATION_BYTES_MAX 50 /* as OpenFGA has it */
#define FIELD_BYTES_MAX 40    /* as Stripe has it */
#define LITERAL_BYTES_MAX 256
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row scope_keys[] = {{STR_INIT("customer"), KEY_REQUIRED}};
static const struct key_row customer_keys[] = {{STR_INIT("in"), KEY_OPTIONAL},
                                               {STR_INIT("created_by"), KEY_OPTIONAL},
                                               {STR_INIT("metadata"), KEY_OPTIONAL},
                                               {STR_INIT("relation"), KEY_OPTIONAL},
                                               {STR_INIT("query"), KEY_OPTIONAL}};
static const struct key_row relation_keys[] = {
    {STR_INIT("name"), KEY_REQUIRED}, {STR_INIT("user_relation"), KEY_OPTIONAL}, {STR_INIT("engine"), KEY_OPTIONAL}};
static const struct key_row query_keys[] = {{STR_INIT("source"), KEY_REQUIRED}};
static const struct str creators[] = {STR_INIT("key"), STR_INIT("agent"), STR_INIT("run")}; /* as enum creator */
static const struct str engines[] = {STR_INIT("embedded"), STR_INIT("openfga")};

static void parse_name(struct parse *x, const struct yaml *map, struct str key, struct str *ret)
{
    struct str text;
    if (!parse_text(x, map, key, &text))
        return;
    if (!str_is_token(text, "_-", RELATION_BYTES_MAX))
        parse_fault(x, yaml_get(map, key), "bad_value", "`" STR_FMT "` is 1 to %d letters, digits, - and _",
                    STR_ARG(key), RELATION_BYTES_MAX);
    else
        *ret = arena_str(&x->p->arena, text);
}

static void parse_relation(struct parse *x, const struct yaml *map, struct rule_scope *s)
{
    if (!parse_type(x, map, YAML_MAP, STR("relation")))
        return;
    parse_keys(x, map, "a relation", relation_keys, N(relation_keys));
    s->kind = SCOPE_RELATION;
    parse_name(x, map, STR("name"), &s->relation);
    parse_name(x, map, STR("user_relation"), &s->user_relation);
    int engine = parse_word(x, map, STR("engine"), engines, N(engines), NULL, 0);
    if (engine >= 0)
        s->source = engines[engine];
}

static void parse_query(struct parse *x, const struct yaml *map, struct rule_scope *s)
{
    if (!parse_type(x, map, YAML_MAP, STR("query")))
        return;
    parse_keys(x, map, "a query", query_keys, N(query_keys));
    s->kind = SCOPE_QUERY;
    parse_id(x, map, STR("source"), &s->source);
}

/* A value of the caller's, or a literal. */
static void parse_wanted(struct parse *x, const struct yaml *y, struct field_test *t)
{
    struct str names[PRINCIPAL_COUNT];
    t->principal = PRINCIPAL_LITERAL;
    t->literal = arena_str(&x->p->arena, y->text);
    if (!str_starts(y->text, STR("principal.")))
        return;
    for (enum principal_value v = 0; v < PRINCIPAL_COUNT; v++) {
        names[v] = principal_text(v);
        if (str_eq(names[v], y->text))
            t->principal = v;
    }
    if (t->principal == PRINCIPAL_LITERAL)
        diag_add_unknown(x->diags, x->file, y->line, y->col, "bad_value", "value of the caller", y->text, names,
                         PRINCIPAL_COUNT);
}

static void parse_metadata(struct parse *x, const struct yaml *map, struct rule_scope *s)
{
    if (!parse_type(x, map, YAML_MAP, STR("metadata")))
        return;
    s->kind = SCOPE_METADATA;
    s->tests = arena_try_alloc(&x->p->arena, (map->n + 1) * sizeof *s->tests);
    if (!s->tests || map->n == 0) {
        parse_fault(x, map, "bad_value", "`metadata` names at least one field and what it must be");
        return;
    }
    yaml_each(y, map) {
        struct field_test t = {.field = arena_str(&x->p->arena, y->key)};
        if (!parse_type(x, y, YAML_STR, y->key))
            continue;
        if (!str_is_token(y->key, "_- ", FIELD_BYTES_MAX) || y->text.n == 0 || y->text.n > LITERAL_BYTES_MAX)
            parse_fault(x, y, "bad_value", "a metadata field has a name of 1 to %d letters, digits, spaces, - and _, "
                                           "and a text of 1 to %d bytes",
                        FIELD_BYTES_MAX, LITERAL_BYTES_MAX);
        parse_wanted(x, y, &t);
        s->tests[s->n_tests++] = t;
    }
}

static void parse_created_by(struct parse *x, const struct yaml *map, struct rule_scope *s)
{
    int who = parse_word(x, map, STR("created_by"), creators, N(creators), NULL, 0);
    if (who < 0)
        return;
    s->kind = SCOPE_CREATED_BY;
    s->creator = (enum creator)who;
}

static void parse_predicate(struct parse *x, const struct yaml *map, struct rule_scope *s)
{
    const struct yaml *in = yaml_get(map, STR("in"));
    if (in) {
        s->kind = SCOPE_IN;
        parse_literals(x, in, STR("in"), &s->in);
    }
    parse_created_by(x, map, s);
    parse_metadata(x, yaml_get(map, STR("metadata")), s);
    parse_relation(x, yaml_get(map, STR("relation")), s);
    parse_query(x, yaml_get(map, STR("query")), s);
}

void parse_scope(struct parse *x, const struct yaml *map, struct rule *r)
{
    const struct yaml *y = yaml_get(map, STR("scope")), *customer = yaml_get(y, STR("customer"));
    if (!parse_type(x, y, YAML_MAP, STR("scope")))
        return;
    parse_keys(x, y, "a scope", scope_keys, N(scope_keys));
    if (r->effect == EFFECT_DENY) {
        parse_fault(x, y, "bad_value",
                    "`scope` narrows what is allowed; a forbid names customers in `match` or in `when`");
        return;
    }
    if (!parse_type(x, customer, YAML_MAP, STR("customer")))
        return;
    parse_keys(x, customer, "`customer`", customer_keys, N(customer_keys));
    if (customer->n != 1) {
        parse_fault(x, customer, "bad_value",
                    "`customer` has exactly one of in, created_by, metadata, relation and query");
        return;
    }
    parse_predicate(x, customer, &r->scope);
}
