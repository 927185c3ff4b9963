/*
 * policy/trial_given.c - `given` of a test: a call in words, as facts; and where the counters of limits stand.
 */
#include "policy/trial_impl.h"

#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define NANO_PER_CENT (MONEY_PER_USD / 100)

static const struct key_row given_keys[] = {
    {STR_INIT("now"), KEY_OPTIONAL},    {STR_INIT("principal"), KEY_OPTIONAL}, {STR_INIT("request"), KEY_REQUIRED},
    {STR_INIT("customer"), KEY_OPTIONAL}, {STR_INIT("run"), KEY_OPTIONAL},     {STR_INIT("counters"), KEY_OPTIONAL},
    {STR_INIT("customers"), KEY_OPTIONAL}, {STR_INIT("relations"), KEY_OPTIONAL},
    {STR_INIT("created_by"), KEY_OPTIONAL}, {STR_INIT("metadata"), KEY_OPTIONAL}, {STR_INIT("queries"), KEY_OPTIONAL}};
static const struct key_row principal_keys[] = {
    {STR_INIT("agent"), KEY_OPTIONAL}, {STR_INIT("key"), KEY_OPTIONAL},  {STR_INIT("owner"), KEY_OPTIONAL},
    {STR_INIT("tenant"), KEY_OPTIONAL}, {STR_INIT("user"), KEY_OPTIONAL}, {STR_INIT("labels"), KEY_OPTIONAL}};
static const struct key_row request_keys[] = {
    {STR_INIT("operation"), KEY_REQUIRED}, {STR_INIT("class"), KEY_OPTIONAL},  {STR_INIT("vendor"), KEY_OPTIONAL},
    {STR_INIT("layer"), KEY_OPTIONAL},     {STR_INIT("method"), KEY_OPTIONAL}, {STR_INIT("mode"), KEY_OPTIONAL},
    {STR_INIT("model"), KEY_OPTIONAL},     {STR_INIT("prompt"), KEY_OPTIONAL}, {STR_INIT("params"), KEY_OPTIONAL},
    {STR_INIT("cost"), KEY_OPTIONAL},      {STR_INIT("tokens"), KEY_OPTIONAL},
    {STR_INIT("idempotency_key"), KEY_OPTIONAL}, {STR_INIT("host"), KEY_OPTIONAL},
    {STR_INIT("amount"), KEY_OPTIONAL}};
static const struct key_row customer_keys[] = {{STR_INIT("id"), KEY_REQUIRED}, {STR_INIT("source"), KEY_OPTIONAL}};
static const struct key_row run_keys[] = {{STR_INIT("id"), KEY_REQUIRED},     {STR_INIT("parent"), KEY_OPTIONAL},
                                          {STR_INIT("root"), KEY_OPTIONAL},   {STR_INIT("trust"), KEY_OPTIONAL}};
static const struct key_row token_keys[] = {{STR_INIT("input"), KEY_REQUIRED}, {STR_INIT("output"), KEY_REQUIRED}};

static const struct str sources[] = {STR_INIT("key"), STR_INIT("request"), STR_INIT("lookup"), STR_INIT("learned")};
static const enum value_source source_values[] = {SOURCE_KEY, SOURCE_REQUEST, SOURCE_LOOKUP, SOURCE_LEARNED};
static const struct str modes[] = {STR_INIT("test"), STR_INIT("live")};

/* --- checks ------------------------------------------------------------------------------------------------------- */

static void check_texts(struct parse *x, const struct yaml *map, struct str name, const struct key_row *rows, size_t n)
{
    struct str text;
    if (!parse_type(x, map, YAML_MAP, name))
        return;
    parse_keys(x, map, "this", rows, n);
    for (size_t i = 0; i < n; i++)
        if (!str_eq(rows[i].name, STR("labels")))
            parse_text(x, map, rows[i].name, &text);
}

static void check_labels(struct parse *x, const struct yaml *map)
{
    if (parse_type(x, map, YAML_MAP, STR("labels")))
        yaml_each(label, map)
            parse_type(x, label, YAML_STR, label->key);
}

static void check_params(struct parse *x, const struct yaml *map)
{
    if (!parse_type(x, map, YAML_MAP, STR("params")))
        return;
    yaml_each(param, map) {
        if (yaml_is(param, YAML_SEQ))
            yaml_each(item, param)
                parse_type(x, item, YAML_STR, param->key);
        else if (!yaml_is(param, YAML_STR) && !yaml_is(param, YAML_INT) && !yaml_is(param, YAML_BOOL))
            parse_fault(x, param, "wrong_type", "a parameter is a text, an integer, true, false, or a list of texts");
    }
}

/* "12.50 EUR" */
static bool read_amount(struct str text, struct amount *ret)
{
    struct amount m = {.is_known = true, .exponent = 9};
    struct str number, currency;
    if (!str_cut(text, ' ', &number, &currency) || currency.n != sizeof m.currency - 1 ||
        money_parse(number, &m.minor) < 0 || m.minor < 0)
        return false;
    memcpy(m.currency, currency.p, currency.n);
    *ret = m;
    return true;
}

static void check_request(struct parse *x, const struct yaml *map)
{
    struct str text;
    enum op_class class;
    money_t usd;
    if (!parse_type(x, map, YAML_MAP, STR("request")))
        return;
    parse_keys(x, map, "`request`", request_keys, N(request_keys));
    for (size_t i = 0; i < N(request_keys); i++)
        if (!str_eq(request_keys[i].name, STR("params")) && !str_eq(request_keys[i].name, STR("tokens")))
            parse_text(x, map, request_keys[i].name, &text);
    if (yaml_str(yaml_get(map, STR("class")), &text) && !str_eq(text, STR("unknown")) && class_parse(text, &class) < 0)
        parse_fault(x, yaml_get(map, STR("class")), "bad_value", "class `" STR_FMT "` is not known", STR_ARG(text));
    if (yaml_str(yaml_get(map, STR("cost")), &text) && !str_eq(text, STR("unknown")))
        parse_amount(x, yaml_get(map, STR("cost")), text, &usd);
    struct amount amount;
    if (yaml_str(yaml_get(map, STR("amount")), &text) && !read_amount(text, &amount))
        parse_fault(x, yaml_get(map, STR("amount")), "bad_value",
                    "`amount` is a decimal and its currency: \"12.50 EUR\"");
    parse_word(x, map, STR("mode"), modes, N(modes), NULL, 0);
    check_params(x, yaml_get(map, STR("params")));
    const struct yaml *tokens = yaml_get(map, STR("tokens"));
    if (parse_type(x, tokens, YAML_MAP, STR("tokens"))) {
        parse_keys(x, tokens, "`tokens`", token_keys, N(token_keys));
        yaml_each(n, tokens)
            parse_type(x, n, YAML_INT, n->key);
    }
}

static void check_counters(struct parse *x, const struct yaml *map)
{
    money_t usd;
    if (!parse_type(x, map, YAML_MAP, STR("counters")))
        return;
    yaml_each(c, map) {
        if (yaml_is(c, YAML_STR))
            parse_amount(x, c, c->text, &usd);
        else
            parse_type(x, c, YAML_INT, c->key);
    }
}

void check_given(struct parse *x, const struct yaml *given)
{
    struct str text;
    wall_t now;
    parse_keys(x, given, "`given`", given_keys, N(given_keys));
    if (parse_text(x, given, STR("now"), &text) && wall_parse(text, &now) < 0)
        parse_fault(x, yaml_get(given, STR("now")), "bad_value", "`now` is a time: 2026-11-23T12:30:00Z");
    check_texts(x, yaml_get(given, STR("principal")), STR("principal"), principal_keys, N(principal_keys));
    check_labels(x, yaml_get(yaml_get(given, STR("principal")), STR("labels")));
    check_texts(x, yaml_get(given, STR("customer")), STR("customer"), customer_keys, N(customer_keys));
    parse_word(x, yaml_get(given, STR("customer")), STR("source"), sources, N(sources), NULL, 0);
    check_texts(x, yaml_get(given, STR("run")), STR("run"), run_keys, N(run_keys));
    check_request(x, yaml_get(given, STR("request")));
    check_counters(x, yaml_get(given, STR("counters")));
    check_given_scope(x, given);
}

/* --- facts -------------------------------------------------------------------------------------------------------- */

static struct str text_of(const struct yaml *map, const char *key, struct str otherwise)
{
    struct str s = otherwise;
    (void)yaml_str(yaml_get(map, str_c(key)), &s); /* absent: as it is otherwise */
    return s;
}

static struct str joined(const struct yaml *list, struct arena *a)
{
    struct str s = STR("");
    yaml_each(item, list)
        s = item == list->first ? item->text
                                : arena_printf(a, STR_FMT "," STR_FMT, STR_ARG(s), STR_ARG(item->text));
    return s;
}

static void read_params(const struct yaml *map, struct arena *a, struct facts *f)
{
    struct param *params = arena_alloc(a, ((map ? map->n : 0) + 1) * sizeof *params);
    yaml_each(y, map) {
        struct param p = {.name = y->key, .s = y->text, .i = y->i};
        if (yaml_is(y, YAML_SEQ)) {
            p.kind = KIND_LIST;
            p.s = joined(y, a);
        } else {
            p.kind = yaml_is(y, YAML_INT) ? KIND_INT : yaml_is(y, YAML_BOOL) ? KIND_BOOL : KIND_TEXT;
        }
        params[f->n_params++] = p;
    }
    f->params = params;
}

static void read_labels(const struct yaml *map, struct arena *a, struct facts *f)
{
    struct label *labels = arena_alloc(a, ((map ? map->n : 0) + 1) * sizeof *labels);
    yaml_each(y, map)
        labels[f->n_labels++] = (struct label){y->key, y->text};
    f->labels = labels;
}

/* The lowest class that the operation is known to have; `write` where nothing is known. */
static enum op_class class_of(const struct known *known, struct str operation)
{
    for (size_t i = 0; i < known->n_operations; i++)
        for (enum op_class c = 0; str_eq(known->operations[i].name, operation) && c < CLASS_COUNT; c++)
            if (known->operations[i].classes & 1u << c)
                return c;
    return str_ends(operation, STR(".unknown")) ? CLASS_UNKNOWN : CLASS_WRITE;
}

static void read_class(const struct yaml *request, const struct known *known, struct facts *f)
{
    struct str text;
    f->class = class_of(known, f->operation);
    if (!yaml_str(yaml_get(request, STR("class")), &text))
        return;
    if (str_eq(text, STR("unknown")))
        f->class = CLASS_UNKNOWN;
    else
        (void)class_parse(text, &f->class); /* checked */
}

/* `cost`; else an amount in dollars, which is cents. */
static void read_cost(const struct yaml *request, struct facts *f)
{
    (void)read_amount(text_of(request, "amount", STR("")), &f->amount); /* checked; absent: not known */
    const struct yaml *params = yaml_get(request, STR("params"));
    struct str text, currency = text_of(params, "currency", STR(""));
    int64_t cents;
    if (yaml_str(yaml_get(request, STR("cost")), &text)) {
        if (!str_eq(text, STR("unknown")) && money_parse(text, &f->cost.usd) == 0)
            f->cost.how = HOW_ESTIMATED;
    } else if (class_is_money(f->class) && str_eq_nocase(currency, STR("usd")) &&
               yaml_i64(yaml_get(params, STR("amount")), &cents) && cents >= 0 &&
               money_mul(NANO_PER_CENT, cents, &f->cost.usd)) {
        f->cost.how = HOW_ESTIMATED;
    }
}

static void read_request(const struct yaml *request, const struct known *known, struct arena *a, struct facts *f)
{
    struct str vendor = STR(""), rest;
    const struct yaml *tokens = yaml_get(request, STR("tokens"));
    f->operation = text_of(request, "operation", STR(""));
    (void)str_cut(f->operation, '.', &vendor, &rest);
    f->vendor = text_of(request, "vendor", vendor);
    f->model = text_of(request, "model", STR_NONE);
    f->layer = text_of(request, "layer", f->model.n ? STR("llm") : STR("saas"));
    f->method = text_of(request, "method", STR("POST"));
    f->host = text_of(request, "host", STR_NONE);
    f->prompt = text_of(request, "prompt", STR_NONE);
    f->mode = str_eq(text_of(request, "mode", STR("live")), STR("test")) ? MODE_TEST : MODE_LIVE;
    f->has_idempotency_key = yaml_get(request, STR("idempotency_key")) != NULL;
    read_class(request, known, f);
    read_params(yaml_get(request, STR("params")), a, f);
    read_cost(request, f);
    f->tokens = (struct token_bound){.input = -1, .output = -1};
    f->tokens.is_known = yaml_i64(yaml_get(tokens, STR("input")), &f->tokens.input) &&
                         yaml_i64(yaml_get(tokens, STR("output")), &f->tokens.output);
}

static void read_customer(const struct yaml *map, struct facts *f)
{
    struct str source = text_of(map, "source", STR("request"));
    f->customer = text_of(map, "id", STR_NONE);
    for (size_t i = 0; f->customer.n && i < N(sources); i++)
        if (str_eq(sources[i], source))
            f->customer_source = source_values[i];
}

void read_given(const struct yaml *given, const struct known *known, struct arena *a, struct given *ret)
{
    const struct yaml *principal = yaml_get(given, STR("principal")), *run = yaml_get(given, STR("run"));
    struct facts *f = &ret->facts;
    *ret = (struct given){.counters = {yaml_get(given, STR("counters"))}};
    f->agent = text_of(principal, "agent", STR("agent"));
    f->key = text_of(principal, "key", STR("key"));
    f->owner = text_of(principal, "owner", STR_NONE);
    f->tenant = text_of(principal, "tenant", STR_NONE);
    f->user = text_of(principal, "user", STR_NONE);
    read_labels(yaml_get(principal, STR("labels")), a, f);
    f->user_source = f->user.n ? SOURCE_TOKEN : SOURCE_NONE;
    f->run_id = text_of(run, "id", STR("run"));
    f->parent_run_id = text_of(run, "parent", STR_NONE);
    f->root_run_id = text_of(run, "root", f->parent_run_id.n ? f->parent_run_id : f->run_id);
    f->run_trust = str_eq(text_of(run, "trust", STR_NONE), STR("minted")) ? RUN_MINTED : RUN_CLAIMED;
    read_customer(yaml_get(given, STR("customer")), f);
    read_affected(given, a, f);
    (void)wall_parse(text_of(given, "now", STR("2026-01-01T12:00:00Z")), &f->now); /* checked */
    read_request(yaml_get(given, STR("request")), known, a, f);
}

/* --- counters ----------------------------------------------------------------------------------------------------- */

/* The values of a bucket, without what they are called: "agent=a,run=t/a/r" is "a,t/a/r". True: `want` is them. */
static bool is_bucket(struct str bucket, struct str want)
{
    struct str part, rest, name, value, wanted, more;
    for (bool is_last = false; !is_last; bucket = rest, want = more) {
        is_last = !str_cut(bucket, ',', &part, &rest);
        part = is_last ? bucket : part;
        if (str_cut(want, ',', &wanted, &more) == is_last)
            return false;
        wanted = is_last ? want : wanted;
        if (!str_cut(part, '=', &name, &value) || !str_eq(value, wanted))
            return false;
    }
    return true;
}

int64_t counter_of(const struct counters *c, const struct limit_need *need)
{
    yaml_each(y, c->map) {
        struct str id = y->key, bucket = STR_NONE;
        bool has_bucket = str_cut(y->key, ':', &id, &bucket);
        int64_t n = 0;
        if (!str_eq(id, need->id) || (has_bucket && !is_bucket(need->bucket, bucket)))
            continue;
        if (meter_is_money(need->meter) ? money_parse(y->text, &n) == 0 : yaml_i64(y, &n))
            return n;
    }
    return 0;
}
