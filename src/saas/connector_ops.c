/*
 * saas/connector_ops.c - reads the `operations` of connector.yaml: one row an operation.
 *
 * A row is refused as a whole file is: every name that a row uses (parameters, tables) must be declared, every path
 * must be what match.c can meet, and no two rows may have the same method and path, so that an operation is never filed
 * twice.
 */
#include "saas/parse_impl.h"

#include <string.h>

static const struct {
    const char *text;
    enum param_type type;
} param_types[] = {
    {"text", PARAM_TEXT}, {"int", PARAM_INT},           {"signed", PARAM_SIGNED},
    {"bool", PARAM_BOOL}, {"currency", PARAM_CURRENCY}, {"id", PARAM_ID},
    {"content", PARAM_CONTENT}, {"list", PARAM_LIST}, {"addresses", PARAM_ADDRESSES},
};

static bool op_declares(const struct operation *op, struct str name)
{
    for (size_t i = 0; i < op->n_params; i++) {
        if (str_eq(op->params[i].name, name))
            return true;
    }
    return false;
}

void need_declared(struct parse *p, const struct yaml *at, const struct operation *op, const struct strs *names)
{
    for (size_t i = 0; i < names->n; i++) {
        if (!op_declares(op, names->items[i]))
            read_fault(p, at, "`" STR_FMT "` is not a parameter of `" STR_FMT "`", STR_ARG(names->items[i]),
                       STR_ARG(op->id));
    }
}

/* "POST /v1/charges/{charge}/capture": method, segments, and a parameter for each {name}. */
static void parse_route(struct parse *p, const struct yaml *at, struct str route, struct operation *op)
{
    if (!str_cut(route, ' ', &op->method, &op->path) || !str_starts(op->path, STR("/"))) {
        read_fault(p, at, "a route must read like `POST /v1/refunds`");
        return;
    }
    struct str rest = str_sub(op->path, 1, op->path.n);
    while (rest.n) {
        struct str seg = rest, after = STR_NONE;
        (void)str_cut(rest, '/', &seg, &after); /* the last one has none */
        rest = after;
        if (!seg.n || op->n_segs == CONNECTOR_SEGMENTS_MAX) {
            read_fault(p, at, "the route has an empty segment, or more than %d", CONNECTOR_SEGMENTS_MAX);
            return;
        }
        struct segment *s = &op->segs[op->n_segs++];
        s->text = seg;
        if (seg.p[0] == '{' && seg.n > 2 && str_cut(str_sub(seg, 1, seg.n), '}', &s->text, &s->suffix)) {
            s->is_param = true;
            s->is_free = strs_has(&p->c->free_ids, s->text) || strs_has(&p->c->free_ids, STR("*"));
        } else {
            op->n_literal++;
        }
    }
}

static void parse_params(struct parse *p, const struct yaml *map, struct operation *op)
{
    size_t n_max = op->n_segs + (map ? map->n : 0);
    op->params = arena_alloc(&p->c->arena, (n_max ? n_max : 1) * sizeof(*op->params));
    for (size_t i = 0; i < op->n_segs; i++) {
        const struct segment *s = &op->segs[i];
        if (s->is_param)
            op->params[op->n_params++] = (struct op_param){s->text, s->is_free ? PARAM_TEXT : PARAM_ID, true};
    }
    if (map && !yaml_is(map, YAML_MAP)) {
        read_fault(p, map, "`params` must be a mapping of names to types");
        return;
    }
    yaml_each(it, map)
    {
        size_t i = 0, n = sizeof(param_types) / sizeof(param_types[0]);
        while (i < n && !str_eq(it->text, str_c(param_types[i].text)))
            i++;
        if (i == n || !yaml_is(it, YAML_STR))
            read_fault(p, it, "the type of a parameter is one of text int signed bool currency id content list "
                              "addresses");
        else if (!op_declares(
                     op, it->key)) /* an alias has some of them in its path; as fields they are refused beside it */
            op->params[op->n_params++] = (struct op_param){it->key, param_types[i].type, false};
    }
}

static enum op_class parse_class(struct parse *p, const struct yaml *map)
{
    struct str s = parse_str(p, map, "class", true);
    enum op_class class = CLASS_AUTHORITY;
    if (s.n && class_parse(s, &class) < 0)
        read_fault(p, yaml_get(map, STR("class")), "there is no class `" STR_FMT "`", STR_ARG(s));
    return class;
}

static void parse_class_if(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"param", "equals", "class"};
    const struct yaml *list = yaml_get(row, STR("class_if"));
    size_t n = parse_list(p, list, sizeof(*op->class_rules), &op->class_rules);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 3);
        struct class_rule *r = &op->class_rules[op->n_class_rules++];
        r->param = parse_str(p, it, "param", true);
        r->has_equals = yaml_get(it, STR("equals")) != NULL;
        r->equals = parse_str(p, it, "equals", false);
        r->class = parse_class(p, it);
        need_declared(p, it, op, &(struct strs){&r->param, 1});
    }
}

static void parse_amounts(struct parse *p, const struct yaml *row, struct lookup *l)
{
    struct strs texts = parse_strs(p, row, "amount");
    l->amounts = arena_alloc(&p->c->arena, (texts.n ? texts.n : 1) * sizeof(*l->amounts));
    l->n_amounts = texts.n;
    for (size_t i = 0; i < texts.n; i++) {
        struct amount_expr *e = &l->amounts[i];
        e->plus = texts.items[i];
        if (str_cut(texts.items[i], '-', &e->plus, &e->minus))
            e->minus = str_trim(e->minus);
        e->plus = str_trim(e->plus);
    }
}

static void parse_lookups(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"with", "get", "amount", "currency", "customer"};
    const struct yaml *list = yaml_get(row, STR("lookup"));
    size_t n = parse_list(p, list, sizeof(*op->lookups), &op->lookups);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 5);
        struct lookup *l = &op->lookups[op->n_lookups++];
        l->with = parse_strs(p, it, "with");
        l->get = parse_str(p, it, "get", true);
        l->currency = parse_str(p, it, "currency", false);
        l->customers = parse_strs(p, it, "customer");
        parse_amounts(p, it, l);
        need_declared(p, it, op, &l->with);
        for (struct str rest = l->get, before, name; str_cut(rest, '{', &before, &rest);) {
            if (!str_cut(rest, '}', &name, &rest))
                read_fault(p, it, "`get` has a { without its }");
            else
                need_declared(p, it, op, &(struct strs){&name, 1});
        }
    }
}

static void parse_confirms(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"param", "path", "is", "outcome", "amount", "cumulative"};
    const struct yaml *list = yaml_get(row, STR("confirm"));
    size_t n = parse_list(p, list, sizeof(*op->confirms), &op->confirms);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 6);
        struct confirm_row *r = &op->confirms[op->n_confirms++];
        r->param = parse_str(p, it, "param", false);
        r->path = parse_str(p, it, "path", false);
        r->is = parse_strs(p, it, "is");
        r->amount = parse_str(p, it, "amount", false);
        r->is_cumulative = parse_bool(p, it, "cumulative", false);
        struct str o = parse_str(p, it, "outcome", true);
        if (outcome_parse(o, &r->outcome) < 0 || r->outcome == OUTCOME_NONE)
            read_fault(p, it, "`outcome` must be settled, released or unknown");
        if ((r->param.n || r->path.n) != (r->is.n > 0) || (r->param.n && r->path.n))
            read_fault(p, it, "a row has one of `param` and `path`, and `is` with it, or none of the three");
        if (r->param.n)
            need_declared(p, it, op, &(struct strs){&r->param, 1});
    }
}

static const struct currency_table *find_table(struct parse *p, const struct yaml *row)
{
    struct str name = parse_str(p, row, "currencies", false);
    for (size_t i = 0; name.n && i < p->c->n_tables; i++) {
        if (str_eq(p->c->tables[i].name, name))
            return &p->c->tables[i];
    }
    if (name.n)
        read_fault(p, row, "there is no currency table `" STR_FMT "`", STR_ARG(name));
    return NULL;
}

static struct str direction_of(struct parse *p, const struct yaml *row, enum op_class class)
{
    struct str d = row ? parse_str(p, row, "direction", false) : STR_NONE;
    if (d.n && !str_eq(d, STR("in")) && !str_eq(d, STR("out")))
        read_fault(p, row, "`direction` is `in` or `out`");
    if (d.n)
        return d;
    return class == CLASS_MONEY_IN                           ? STR("in")
           : class == CLASS_MONEY_OUT || class == CLASS_COST ? STR("out")
                                                             : STR_NONE;
}

static enum body_encoding encoding_of(struct parse *p, const struct operation *op)
{
    if (str_eq(op->method, STR("GET")) || str_eq(op->method, STR("DELETE")))
        return BODY_NONE;
    for (size_t i = 0; i < p->c->json_prefixes.n; i++) {
        if (str_starts(op->path, p->c->json_prefixes.items[i]))
            return BODY_JSON;
    }
    return p->c->encoding;
}

/* What a method, a path, an id and a class say: all that the rows of `known` have. */
static void parse_basics(struct parse *p, const struct yaml *at, struct str id, struct str route, struct operation *op)
{
    op->line = at->line;
    op->id = id;
    op->name = arena_printf(&p->c->arena, STR_FMT "." STR_FMT, STR_ARG(p->c->name), STR_ARG(id));
    op->confirm_currency = STR("currency");
    if (!str_is_token(id, "._", 100))
        read_fault(p, at, "an operation's id is letters, digits, dots and underscores");
    parse_route(p, at, route, op);
    op->encoding = encoding_of(p, op);
    op->takes_multipart = strs_has(&p->c->multipart, id);
    op->takes_idempotency_key =
        strs_has(&p->c->idempotency_methods, op->method) &&
        (!p->c->idempotency_operations.n || strs_has(&p->c->idempotency_operations, op->id));
}

/* What llm/ reads has no parameters here: what a person wrote beside the shape would be passed over. */
static void parse_shape(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const beside[] = {"id", "route", "alias", "class", "shape", "note"};
    op->shape = parse_str(p, row, "shape", false);
    if (!op->shape.n)
        return;
    read_keys(p, row, beside, sizeof(beside) / sizeof(beside[0]));
    if (!str_eq(p->c->layer, STR("llm")) || op->encoding != BODY_JSON)
        read_fault(p, row, "only a JSON body of a connector with `layer: llm` has a `shape`");
}

static void parse_operation(struct parse *p, const struct yaml *row, struct str route, struct operation *op)
{
    static const char *const keys[] = {"id",      "route",  "alias",   "class",           "class_if",
                                       "params",  "one_of", "amount",  "currency",        "customer",
                                       "subject", "lookup", "confirm", "currencies",      "direction",
                                       "creates", "tag",    "note",    "confirm_currency", "shape",
                                       "derive",  "price",  "settle",  "duplicates",      "items_max",
                                       "object",  "object_list"};
    read_keys(p, row, keys, sizeof(keys) / sizeof(keys[0]));
    parse_basics(p, row, parse_str(p, row, "id", true), route, op);
    op->class = parse_class(p, row);
    op->direction = direction_of(p, row, op->class);
    parse_shape(p, row, op);
    parse_params(p, yaml_get(row, STR("params")), op);
    parse_class_if(p, row, op);
    op->items_max = parse_i64(p, row, "items_max", 0, 1, 10000);
    parse_derive(p, row, op);
    parse_price(p, row, op);
    parse_settle(p, row, op);
    parse_duplicates(p, row, op);
    op->one_of = parse_strs(p, row, "one_of");
    op->amount = parse_str(p, row, "amount", false);
    op->currency = parse_str(p, row, "currency", false);
    op->customer = parse_strs(p, row, "customer");
    op->subject = parse_strs(p, row, "subject");
    need_declared(p, row, op, &op->one_of);
    need_declared(p, row, op, &op->customer);
    need_declared(p, row, op, &op->subject);
    need_declared(p, row, op, &(struct strs){&op->amount, op->amount.n > 0});
    need_declared(p, row, op, &(struct strs){&op->currency, op->currency.n > 0});
    op->currencies = find_table(p, row);
    parse_lookups(p, row, op);
    parse_confirms(p, row, op);
    if (yaml_get(row, STR("confirm_currency")))
        op->confirm_currency = parse_str(p, row, "confirm_currency", true);
    op->takes_tag = parse_bool(p, row, "tag", false);
    op->is_create = parse_bool(p, row, "creates", op->takes_tag);
    op->object = parse_str(p, row, "object", false);
    op->object_list = parse_str(p, row, "object_list", false);
    if (op->object_list.n && !op->items_max)
        read_fault(p, row, "an `object_list` needs `items_max`: how many one request can make");
    op->note = parse_str(p, row, "note", false);
}

/*
 * A row of `known` has no parameters of its own, but customers count everywhere: one in the path, else one that a
 * request to a collection names. (Beside another object's id the request's word would prove nothing.)
 */
static void parse_known_customer(struct parse *p, struct operation *op)
{
    struct connector *c = p->c;
    bool has_id = false;
    for (size_t i = 0; i < op->n_segs; i++) {
        has_id = has_id || op->segs[i].is_param;
        if (op->segs[i].is_param && strs_has(&c->customer_ids, op->segs[i].text))
            op->customer = op->subject = (struct strs){&op->segs[i].text, 1};
    }
    if (has_id || op->encoding == BODY_JSON || !c->customer_ids.n)
        return;
    op->params = arena_alloc(&c->arena, c->customer_ids.n * sizeof(*op->params));
    for (size_t i = 0; i < c->customer_ids.n; i++)
        op->params[op->n_params++] = (struct op_param){c->customer_ids.items[i], PARAM_ID, false};
    op->customer = op->one_of = c->customer_ids;
}

static void parse_known(struct parse *p, const struct yaml *at, struct str route, enum op_class class,
                        struct operation *op)
{
    parse_basics(p, at, at->key, route, op);
    op->class = class;
    op->direction = direction_of(p, NULL, class);
    parse_params(p, NULL, op);
    parse_known_customer(p, op);
}

/* Same method, same literals at the same places: a request could be either. */
static bool is_same_shape(const struct operation *a, const struct operation *b)
{
    if (a->n_segs != b->n_segs || !str_eq(a->method, b->method))
        return false;
    for (size_t i = 0; i < a->n_segs; i++) {
        if (a->segs[i].is_param != b->segs[i].is_param || !str_eq(a->segs[i].suffix, b->segs[i].suffix))
            return false;
        if (!a->segs[i].is_param && !str_eq(a->segs[i].text, b->segs[i].text))
            return false;
    }
    return true;
}

static void file_operation(struct parse *p, const struct yaml *at)
{
    struct connector *c = p->c;
    const struct operation *op = &c->ops[c->n_ops];
    uint32_t key = route_key(op->method, op->n_segs, operation_second(op)), *head = &c->route_heads[key % ROUTE_SLOTS];
    for (uint32_t i = *head; i; i = c->route_next[i - 1]) { /* the same shape has the same key */
        if (is_same_shape(&c->ops[i - 1], op))
            read_fault(p, at, "`" STR_FMT "` has the same route as line %d", STR_ARG(op->id), c->ops[i - 1].line);
    }
    c->route_keys[c->n_ops] = key;
    c->route_next[c->n_ops] = *head;
    *head = (uint32_t)++c->n_ops;
}

static size_t count_routes(const struct yaml *list, const struct yaml *known)
{
    size_t n = 0;
    yaml_each(row, list)
    {
        const struct yaml *alias = yaml_get(row, STR("alias"));
        n += 1 + (alias ? alias->n : 0);
    }
    yaml_each(class, known) yaml_each(it, class) n += yaml_is(it, YAML_SEQ) ? it->n : 1;
    return n;
}

static void check_multipart(struct parse *p, const struct yaml *at)
{
    const struct connector *c = p->c;
    for (size_t k = 0; k < c->multipart.n; k++) {
        size_t i = 0;
        while (i < c->n_ops && !str_eq(c->ops[i].id, c->multipart.items[k]))
            i++;
        if (i == c->n_ops || c->ops[i].encoding == BODY_NONE || c->ops[i].shape.n)
            read_fault(p, at, "`multipart` names `" STR_FMT "`, which is no operation with such a body",
                       STR_ARG(c->multipart.items[k]));
    }
}

void parse_operations(struct parse *p, const struct yaml *list, const struct yaml *known)
{
    struct connector *c = p->c;
    size_t n = count_routes(list, known);
    c->ops = arena_alloc(&c->arena, (n ? n : 1) * sizeof(*c->ops));
    c->route_keys = arena_alloc(&c->arena, (n ? n : 1) * sizeof(*c->route_keys));
    c->route_next = arena_alloc(&c->arena, (n ? n : 1) * sizeof(*c->route_next));
    yaml_each(row, yaml_is(list, YAML_SEQ) ? list : NULL)
    {
        parse_operation(p, row, parse_str(p, row, "route", true), &c->ops[c->n_ops]);
        file_operation(p, row);
        struct strs alias =
            yaml_is(yaml_get(row, STR("alias")), YAML_SEQ) ? parse_strs(p, row, "alias") : (struct strs){NULL, 0};
        for (size_t i = 0; i < alias.n; i++) {
            parse_operation(p, row, alias.items[i], &c->ops[c->n_ops]);
            file_operation(p, row);
        }
    }
    yaml_each(group, yaml_is(known, YAML_MAP) ? known : NULL)
    {
        enum op_class class = CLASS_AUTHORITY;
        if (class_parse(group->key, &class) < 0)
            read_fault(p, group, "there is no class `" STR_FMT "`", STR_ARG(group->key));
        yaml_each(it, yaml_is(group, YAML_MAP) ? group : NULL)
        {
            struct strs routes = parse_strs_node(p, it);
            for (size_t i = 0; i < routes.n; i++) {
                parse_known(p, it, routes.items[i], class, &c->ops[c->n_ops]);
                file_operation(p, it);
            }
        }
    }
    if (!c->n_ops)
        read_fault(p, list, "a connector without `operations` can do nothing");
    check_multipart(p, list);
}
