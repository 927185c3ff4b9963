/*
 * saas/connector.c - reads connector.yaml into a struct connector, and answers what others ask of one.
 *
 *   (1) a connector is whole or absent: any fault refuses the file, with the line of every fault that was found.
 *   (2) an unknown key is a fault: what a person wrote is obeyed or refused, never passed over.
 */
#include "saas/parse_impl.h"

#include "base/err.h"
#include "codec/json_write.h"
#include "saas/builtin_impl.h"

#include <stdlib.h>

#define CONNECTOR_BYTES_MAX (64 << 20)

static void parse_modes(struct parse *p, const struct yaml *list)
{
    static const char *const keys[] = {"prefix", "mode"};
    struct connector *c = p->c;
    size_t n = parse_list(p, list, sizeof(*c->modes), &c->modes);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 2);
        struct mode_prefix *m = &c->modes[c->n_modes++];
        m->prefix = parse_str(p, it, "prefix", true);
        if (mode_parse(parse_str(p, it, "mode", true), &m->mode) < 0)
            read_fault(p, it, "`mode` is live, test or any");
    }
}

static void parse_request(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"encoding",       "json_prefix",   "forward_headers", "refuse_headers",
                                       "refuse_fields",  "list_fields",   "field_more",      "path_more",
                                       "query_fields",   "multipart"};
    read_keys(p, map, keys, 10);
    struct str e = parse_str(p, map, "encoding", true);
    if (!str_eq(e, STR("form")) && !str_eq(e, STR("json")))
        read_fault(p, map, "`encoding` is `form` or `json`");
    p->c->encoding = str_eq(e, STR("json")) ? BODY_JSON : BODY_FORM;
    p->c->json_prefixes = parse_strs(p, map, "json_prefix");
    p->c->forward_headers = parse_strs(p, map, "forward_headers");
    p->c->refuse_headers = parse_strs(p, map, "refuse_headers");
    p->c->refuse_fields = parse_strs(p, map, "refuse_fields");
    p->c->query_fields = parse_strs(p, map, "query_fields");
    p->c->multipart = parse_strs(p, map, "multipart");
    p->c->list_fields = parse_strs(p, map, "list_fields");
    p->c->field_more = parse_str(p, map, "field_more", false);
    p->c->path_more = parse_str(p, map, "path_more", false);
    p->c->id_bytes = arena_printf(p->arena, "_-.~:" STR_FMT, STR_ARG(p->c->path_more)).p;
}

static void parse_idempotency(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"header", "methods", "operations", "replay_header"};
    read_keys(p, map, keys, 4);
    p->c->idempotency_header = parse_str(p, map, "header", false);
    p->c->idempotency_methods = parse_strs(p, map, "methods");
    p->c->idempotency_operations = parse_strs(p, map, "operations");
    p->c->replay_header = parse_str(p, map, "replay_header", false);
}

static void parse_tag(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"field", "fields_max"};
    read_keys(p, map, keys, 2);
    p->c->tag_field = parse_str(p, map, "field", false);
    p->c->tag_fields_max = parse_i64(p, map, "fields_max", 50, 1, 1000);
}

static void check_codes(struct parse *p, const struct yaml *at, const struct strs *codes)
{
    for (size_t i = 0; i < codes->n; i++) {
        int code = CODE_NONE + 1;
        while (code < CODE_COUNT && !str_eq(code_text((enum code)code), codes->items[i]))
            code++;
        if (code == CODE_COUNT)
            read_fault(p, at, "there is no code `" STR_FMT "`", STR_ARG(codes->items[i]));
    }
    if (codes->n && yaml_get(at, STR("from")))
        read_fault(p, at, "a row has `from` or `codes`, not both");
}

static void parse_errors(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"body", "types", "code", "type", "object"};
    static const char *const type_keys[] = {"from", "codes", "type"};
    struct connector *c = p->c;
    read_keys(p, map, keys, 5);
    c->error_body = parse_str(p, map, "body", true);
    c->error_code_path = parse_str(p, map, "code", false);
    c->error_type_path = parse_str(p, map, "type", false);
    c->error_object_path = parse_str(p, map, "object", false);
    const struct yaml *list = yaml_get(map, STR("types"));
    size_t n = parse_list(p, list, sizeof(*c->error_types), &c->error_types);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, type_keys, 3);
        struct error_type *t = &c->error_types[c->n_error_types++];
        t->codes = parse_strs(p, it, "codes");
        t->status_from = parse_i64(p, it, "from", 400, 400, 599);
        check_codes(p, it, &t->codes);
        t->type = parse_str(p, it, "type", true);
    }
}

static void parse_no_charge(struct parse *p, const struct yaml *list)
{
    struct connector *c = p->c;
    size_t n = parse_list(p, list, sizeof(*c->no_charge), &c->no_charge);
    yaml_each(it, n ? list : NULL)
    {
        int64_t status = 0;
        if (!yaml_i64(it, &status) || status < 400 || status > 499)
            read_fault(p, it, "only a status from 400 to 499 can prove that nothing was charged");
        c->no_charge[c->n_no_charge++] = status;
    }
}

static void parse_currency_rules(struct parse *p, const struct yaml *list, struct currency_table *t)
{
    static const char *const keys[] = {"exponent", "multiple_of", "codes"};
    size_t n = 0;
    yaml_each(it, list)
    {
        const struct yaml *codes = yaml_get(it, STR("codes"));
        n += codes ? codes->n : 0;
    }
    t->rules = arena_alloc(&p->c->arena, (n ? n : 1) * sizeof(*t->rules));
    yaml_each(it, list)
    {
        read_keys(p, it, keys, 3);
        struct strs codes = parse_strs(p, it, "codes");
        int64_t exponent = parse_i64(p, it, "exponent", 2, 0, 4);
        int64_t multiple_of = parse_i64(p, it, "multiple_of", 1, 1, 1000);
        for (size_t i = 0; i < codes.n && t->n < n; i++) {
            struct currency_rule *r = &t->rules[t->n++];
            r->exponent = (int)exponent;
            r->multiple_of = multiple_of;
            if (!currency_code(codes.items[i], r->code))
                read_fault(p, it, "`" STR_FMT "` is not a currency code", STR_ARG(codes.items[i]));
        }
    }
}

static void parse_currencies(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"exponent", "exceptions", "tables"};
    struct connector *c = p->c;
    read_keys(p, map, keys, 3);
    c->exponent_default = (int)parse_i64(p, map, "exponent", 2, 0, 4);
    parse_currency_rules(p, yaml_get(map, STR("exceptions")), &c->currencies);
    const struct yaml *tables = yaml_get(map, STR("tables"));
    c->tables = arena_alloc(&c->arena, (tables && tables->n ? tables->n : 1) * sizeof(*c->tables));
    yaml_each(it, tables)
    {
        struct currency_table *t = &c->tables[c->n_tables++];
        t->name = it->key;
        parse_currency_rules(p, it, t);
    }
}

static void parse_objects(struct parse *p, const struct yaml *list)
{
    static const char *const keys[] = {"type", "customer", "parent", "also"};
    static const char *const also_keys[] = {"path", "type"};
    struct connector *c = p->c;
    size_t n = parse_list(p, list, sizeof(*c->objects), &c->objects);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 4);
        struct object_type *o = &c->objects[c->n_objects++];
        o->type = parse_str(p, it, "type", true);
        o->customers = parse_strs(p, it, "customer");
        o->parents = parse_strs(p, it, "parent");
        const struct yaml *also = yaml_get(it, STR("also"));
        size_t n_also = parse_list(p, also, sizeof(*o->also), &o->also);
        yaml_each(one, n_also ? also : NULL)
        {
            read_keys(p, one, also_keys, 2);
            o->also[o->n_also++] =
                (struct object_also){parse_str(p, one, "path", true), parse_str(p, one, "type", true)};
        }
    }
}

static void parse_layer(struct parse *p, const struct yaml *root)
{
    p->c->layer = parse_str(p, root, "layer", false);
    if (!p->c->layer.n)
        p->c->layer = STR("saas");
    else if (!str_eq(p->c->layer, STR("saas")) && !str_eq(p->c->layer, STR("llm")))
        read_fault(p, root, "`layer` is `saas` or `llm`");
}

static void parse_hosts(struct parse *p, const struct yaml *list)
{
    static const char *const keys[] = {"prefix", "host", "kept"};
    struct connector *c = p->c;
    size_t n = parse_list(p, list, sizeof(*c->hosts), &c->hosts);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 3);
        struct host_row *h = &c->hosts[c->n_hosts++];
        h->prefix = parse_str(p, it, "prefix", true);
        h->host = parse_str(p, it, "host", true);
        h->is_kept = parse_bool(p, it, "kept", false);
        if (!str_starts(h->prefix, STR("/")) || str_ends(h->prefix, STR("/")))
            read_fault(p, it, "a prefix reads like `/lookups`");
    }
}

static void parse_secret(struct parse *p, const struct yaml *map)
{
    static const char *const keys[] = {"header", "prefix", "kind"};
    read_keys(p, map, keys, 3);
    struct str kind = parse_str(p, map, "kind", false);
    if (kind.n && !str_eq(kind, STR("basic")) && !str_eq(kind, STR("plain")))
        read_fault(p, map, "`kind` is `plain` or `basic`");
    p->c->secret = (struct secret_form){parse_str(p, map, "header", true), parse_str(p, map, "prefix", false),
                                        str_eq(kind, STR("basic"))};
}

static void parse_root(struct parse *p, const struct yaml *root)
{
    static const char *const keys[] = {
        "connector", "version", "layer", "base_url", "root_header", "root_agents", "root_keys", "modes",
        "secret", "request", "request_id_header", "idempotency", "tag", "error", "no_charge", "currencies",
        "free_ids", "customer_ids", "objects", "operations", "known", "hosts", "object_id", "scope"};
    struct connector *c = p->c;
    read_keys(p, root, keys, sizeof(keys) / sizeof(keys[0]));
    if (!yaml_is(root, YAML_MAP))
        return;
    c->name = parse_str(p, root, "connector", true);
    if (c->name.n && !str_is_token(c->name, "_-", 32))
        read_fault(p, root, "a connector's name is letters, digits, - and _, at most 32");
    (void)parse_i64(p, root, "version", 1, 1, 1); /* another version would be another grammar */
    parse_layer(p, root);
    c->base_url = parse_str(p, root, "base_url", true);
    c->root_header = parse_str(p, root, "root_header", false);
    c->root_agents = parse_strs(p, root, "root_agents");
    c->root_keys = parse_strs(p, root, "root_keys");
    c->request_id_header = parse_str(p, root, "request_id_header", false);
    parse_secret(p, yaml_get(root, STR("secret")));
    parse_hosts(p, yaml_get(root, STR("hosts")));
    c->object_id = parse_str(p, root, "object_id", false);
    if (!c->object_id.n)
        c->object_id = STR("id");
    c->free_ids = parse_strs(p, root, "free_ids");
    c->customer_ids = parse_strs(p, root, "customer_ids");
    parse_modes(p, yaml_get(root, STR("modes")));
    parse_request(p, yaml_get(root, STR("request")));
    parse_idempotency(p, yaml_get(root, STR("idempotency")));
    parse_tag(p, yaml_get(root, STR("tag")));
    parse_errors(p, yaml_get(root, STR("error")));
    parse_no_charge(p, yaml_get(root, STR("no_charge")));
    parse_currencies(p, yaml_get(root, STR("currencies")));
    parse_objects(p, yaml_get(root, STR("objects")));
    parse_scope_rules(p, yaml_get(root, STR("scope")));
    parse_operations(p, yaml_get(root, STR("operations")), yaml_get(root, STR("known")));
}

int connector_parse(struct str text, struct str file, const struct limits *limits, struct diag_list *diags,
                    struct connector **ret)
{
    (void)limits; /* the bounds of a document are yaml.h's own: a connector is not traffic */
    struct connector *c = calloc(1, sizeof(*c));
    if (!c)
        return err_trace(-ERR_NOMEM);
    arena_init(&c->arena, CONNECTOR_BYTES_MAX);
    c->prices = arena_alloc(&c->arena, PRICE_TABLES_MAX * sizeof(*c->prices));
    struct parse p = {c, file, diags, &c->arena};
    const struct yaml *root = NULL;
    size_t n_errors = diags->n_errors;
    int r = yaml_parse(&c->arena, file, text, &yaml_limits_default, diags, &root);
    if (r == 0) {
        parse_root(&p, root);
        r = diags->n_errors > n_errors ? -ERR_INVALID : 0;
    }
    if (r < 0) {
        connector_free(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}

void connector_free(struct connector *c)
{
    if (!c)
        return;
    arena_deinit(&c->arena);
    free(c);
}

bool connector_builtin(struct str name, struct str *ret_text)
{
    for (const struct embedded *e = connectors_builtin; e->name.n; e++) {
        if (str_eq(e->name, name)) {
            *ret_text = e->text;
            return true;
        }
    }
    return false;
}

const struct str *connector_builtin_names(void) { return connectors_builtin_names; }

struct str connector_name(const struct connector *c) { return c->name; }
struct str connector_layer(const struct connector *c) { return c->layer; }
struct str connector_base_url(const struct connector *c) { return c->base_url; }
struct str connector_root_header(const struct connector *c) { return c->root_header; }

static bool begins_with_one(struct str s, const struct strs *starts)
{
    for (size_t i = 0; i < starts->n; i++)
        if (str_starts(s, starts->items[i]))
            return true;
    return false;
}

bool connector_root_agent(const struct connector *c, struct str user_agent)
{
    return begins_with_one(user_agent, &c->root_agents);
}

bool connector_root_key(const struct connector *c, struct str dress) { return begins_with_one(dress, &c->root_keys); }

struct secret_form connector_secret_form(const struct connector *c) { return c->secret; }
struct str connector_request_id_header(const struct connector *c) { return c->request_id_header; }
struct str connector_replay_header(const struct connector *c) { return c->replay_header; }

bool connector_secret_mode(const struct connector *c, struct str secret, enum mode *ret)
{
    if (!c->n_modes) {
        *ret = MODE_ANY;
        return true;
    }
    for (size_t i = 0; i < c->n_modes; i++) {
        if (str_starts(secret, c->modes[i].prefix)) {
            *ret = c->modes[i].mode;
            return true;
        }
    }
    return false;
}

/* Names as they stand, or `x-stainless-*`: all that begin so. */
static bool has_header(const struct strs *l, struct str s)
{
    for (size_t i = 0; i < l->n; i++) {
        struct str name = l->items[i];
        bool is_open = name.n > 0 && name.p[name.n - 1] == '*';
        size_t n = name.n - is_open;
        if ((is_open ? s.n >= n : s.n == n) && str_eq_nocase((struct str){name.p, n}, (struct str){s.p, n}))
            return true;
    }
    return false;
}

bool connector_forwards_header(const struct connector *c, struct str name)
{
    return has_header(&c->forward_headers, name);
}
bool connector_refuses_header(const struct connector *c, struct str name)
{
    return has_header(&c->refuse_headers, name);
}

int connector_operations_json(const struct connector *c, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < c->n_ops; i++) {
        const struct operation *op = &c->ops[i];
        jw_object(&w);
        jw_put_str(&w, STR("operation"), op->name);
        jw_put_str(&w, STR("class"), class_text(op->class));
        jw_put_str(&w, STR("method"), op->method);
        jw_put_str(&w, STR("path"), op->path);
        jw_put_str_or_null(&w, STR("note"), op->note);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_end(&w);
    return err_trace(buf_ok(out));
}
