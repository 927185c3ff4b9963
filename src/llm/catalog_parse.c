/*
 * llm/catalog_parse.c - reads a catalog strictly: what is misspelt, doubled or no price is a fault with its place.
 *
 *   (1) what is null, of a model and not of a price, is not said: so `flyball prices list --json` writes it.
 *   (2) a price is a decimal of USD, written with or without quotes, at most PRICE_USD_MAX.
 *   (3) a name stands once for each vendor, whether as a model or as an alias.
 */
#include "llm/catalog_impl.h"

#include <stdlib.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/yaml.h"
#include "crypto/hash.h"

#define ARENA_BYTES_MAX (64u << 20)
#define PRICE_USD_MAX INT64_C(1000000) /* for a million tokens; keeps every product within 127 bits */
#define FACTOR_USD_MAX INT64_C(10)
#define VERSION_HASH_BYTES 6

struct parse {
    struct catalog *c;
    struct str file;
    struct diag_list *diags;
};

__attribute__((format(printf, 3, 4))) static void fault(struct parse *p, const struct yaml *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_vadd(p->diags, p->file, at->line, at->col, "catalog", fmt, ap);
    va_end(ap);
}

static void check_keys(struct parse *p, const struct yaml *map, const char *const *names, size_t n)
{
    struct str strs[16];
    for (size_t i = 0; i < n; i++)
        strs[i] = str_c(names[i]);
    yaml_check_keys(map, p->file, strs, n, p->diags);
}

static bool is_map(struct parse *p, const struct yaml *y, const char *what)
{
    if (yaml_is(y, YAML_MAP))
        return true;
    fault(p, y, "%s must be a map, not %s", what, yaml_type_name(y->type));
    return false;
}

/* ---- values ---- */

static const struct yaml *said(const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    return yaml_is(y, YAML_NULL) ? NULL : y;
}

static struct str text_of(struct parse *p, const struct yaml *map, const char *key, bool is_required)
{
    const struct yaml *y = said(map, key);
    struct str s = STR_NONE;
    if (!y && is_required)
        fault(p, map, "`%s` is missing", key);
    else if (y && (!yaml_str(y, &s) || !s.n))
        fault(p, y, "`%s` must be a text", key);
    return s.n ? arena_str(&p->c->arena, s) : STR_NONE;
}

static int64_t count_of(struct parse *p, const struct yaml *map, const char *key)
{
    const struct yaml *y = said(map, key);
    int64_t n = 0;
    if (y && (!yaml_i64(y, &n) || n < 1 || n > TOKENS_MAX)) {
        fault(p, y, "`%s` must be a number of tokens from 1 to %lld", key, (long long)TOKENS_MAX);
        return 0;
    }
    return n;
}

static money_t usd_of(struct parse *p, const struct yaml *y, money_t usd_max)
{
    struct str text;
    money_t usd;
    if (yaml_number_text(y, &text) && money_parse(text, &usd) == 0 && usd <= usd_max * MONEY_PER_USD)
        return usd;
    fault(p, y, "`" STR_FMT "` must be a decimal of USD up to %lld, with at most nine places", STR_ARG(y->key),
          (long long)usd_max);
    return PRICE_NONE;
}

static money_t usd_at(struct parse *p, const struct yaml *map, const char *key, money_t usd_max)
{
    const struct yaml *y = said(map, key);
    return y ? usd_of(p, y, usd_max) : PRICE_NONE;
}

/* ---- prices ---- */

static bool find_tier(struct str name, enum price_tier *ret)
{
    for (enum price_tier t = 0; t < TIER_COUNT; t++)
        if (str_eq(price_tier_text(t), name)) {
            *ret = t;
            return true;
        }
    return false;
}

static bool find_class(struct str name, enum token_class *ret)
{
    for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++)
        if (str_eq(token_class_text(c), name)) {
            *ret = c;
            return true;
        }
    return false;
}

static void unknown_name(struct parse *p, const struct yaml *y, const char *what, struct str (*text)(int i), int n)
{
    struct str names[TOKEN_CLASS_COUNT];
    for (int i = 0; i < n; i++)
        names[i] = text(i);
    diag_add_unknown(p->diags, p->file, y->key_line, y->key_col, "unknown_key", what, y->key, names, (size_t)n);
}

static struct str tier_text(int i) { return price_tier_text((enum price_tier)i); }
static struct str class_text_of(int i) { return token_class_text((enum token_class)i); }

static void parse_tier(struct parse *p, const struct yaml *map, money_t rates[TOKEN_CLASS_COUNT])
{
    if (!is_map(p, map, "the prices of a tier"))
        return;
    yaml_each (y, map) {
        enum token_class class;
        if (find_class(y->key, &class))
            rates[class] = usd_of(p, y, PRICE_USD_MAX);
        else
            unknown_name(p, y, "the class of token", class_text_of, TOKEN_CLASS_COUNT);
    }
}

static void no_prices(struct price_list *list)
{
    for (int t = 0; t < TIER_COUNT; t++)
        for (int c = 0; c < TOKEN_CLASS_COUNT; c++)
            list->usd[t][c] = PRICE_NONE;
}

static void parse_prices(struct parse *p, const struct yaml *map, struct price_list *ret)
{
    no_prices(ret);
    if (!map || !is_map(p, map, "`prices`"))
        return;
    yaml_each (y, map) {
        enum price_tier tier;
        if (find_tier(y->key, &tier))
            parse_tier(p, y, ret->usd[tier]);
        else
            unknown_name(p, y, "the tier", tier_text, TIER_COUNT);
    }
}

static void parse_long_context(struct parse *p, const struct yaml *map, struct model *m)
{
    static const char *const keys[] = {"above", "prices"};
    no_prices(&m->long_prices);
    if (!map || !is_map(p, map, "`long_context`"))
        return;
    check_keys(p, map, keys, 2);
    m->long_above = count_of(p, map, "above");
    if (!said(map, "above"))
        fault(p, map, "`above` is missing");
    parse_prices(p, said(map, "prices"), &m->long_prices);
}

/* ---- models ---- */

static void parse_aliases(struct parse *p, const struct yaml *list, struct model *m)
{
    if (!list)
        return;
    if (!yaml_is(list, YAML_SEQ)) {
        fault(p, list, "`aliases` must be a list of names");
        return;
    }
    m->aliases = arena_alloc(&p->c->arena, (list->n + 1) * sizeof(*m->aliases));
    yaml_each (y, list) {
        struct str s;
        if (yaml_str(y, &s) && s.n)
            m->aliases[m->n_aliases++] = arena_str(&p->c->arena, s);
        else
            fault(p, y, "an alias must be a text");
    }
}

static bool flag_of(struct parse *p, const struct yaml *map, const char *key)
{
    const struct yaml *y = said(map, key);
    bool is_true = false;
    if (y && (!yaml_is(y, YAML_BOOL) || !yaml_bool(y, &is_true)))
        fault(p, y, "`%s` must be true or false", key);
    return is_true;
}

static void parse_model(struct parse *p, const struct yaml *map, struct model *m)
{
    static const char *const keys[] = {"model",        "vendor",     "aliases",      "input_max",     "output_max",
                                       "image_tokens_max", "hides_reasoning", "prices", "long_context",
                                       "web_search", "us_inference", "priced_at", "deprecated_at", "source"};
    *m = (struct model){0};
    if (!is_map(p, map, "a model"))
        return;
    check_keys(p, map, keys, sizeof(keys) / sizeof(keys[0]));
    m->name = text_of(p, map, "model", true);
    m->vendor = text_of(p, map, "vendor", true);
    m->input_max = count_of(p, map, "input_max");
    m->output_max = count_of(p, map, "output_max");
    m->image_tokens_max = count_of(p, map, "image_tokens_max");
    m->hides_reasoning = flag_of(p, map, "hides_reasoning");
    m->web_search = usd_at(p, map, "web_search", PRICE_USD_MAX);
    m->priced_at = text_of(p, map, "priced_at", false);
    m->deprecated_at = text_of(p, map, "deprecated_at", false);
    m->source = text_of(p, map, "source", false);
    money_t factor = usd_at(p, map, "us_inference", FACTOR_USD_MAX);
    m->us_inference_ppm = factor < 0 ? 1000000 : factor / 1000;
    parse_aliases(p, said(map, "aliases"), m);
    parse_prices(p, said(map, "prices"), &m->prices);
    parse_long_context(p, said(map, "long_context"), m);
}

static void take_name(struct parse *p, const struct yaml *at, struct map *names, struct model *m, struct str name)
{
    struct str parts[] = {m->vendor, STR("/"), name};
    struct str full = arena_join(&p->c->arena, parts, 3);
    void *old = NULL;
    if (!name.n || !m->vendor.n)
        return;
    if (map_put(names, full, m, &old) == 0 && old)
        fault(p, at, "`" STR_FMT "` stands twice", STR_ARG(full));
}

static void check_names(struct parse *p, const struct yaml *list)
{
    struct map names;
    size_t i = 0;
    map_init(&names, SIZE_MAX / 2, NULL);
    yaml_each (y, list) {
        struct model *m = &p->c->models[i++];
        take_name(p, y, &names, m, m->name);
        for (size_t k = 0; k < m->n_aliases; k++)
            take_name(p, y, &names, m, m->aliases[k]);
    }
    map_deinit(&names);
}

/* `version` is of the catalog that a file was made from; a catalog's own is of its text. */
static void parse_root(struct parse *p, const struct yaml *root)
{
    static const char *const keys[] = {"version", "priced_at", "models"};
    if (!is_map(p, root, "a catalog"))
        return;
    check_keys(p, root, keys, 3);
    p->c->priced_at = text_of(p, root, "priced_at", true);
    const struct yaml *list = yaml_get(root, STR("models"));
    if (!yaml_is(list, YAML_SEQ)) {
        fault(p, list ? list : root, "`models` must be a list");
        return;
    }
    p->c->models = arena_alloc(&p->c->arena, (list->n + 1) * sizeof(*p->c->models));
    yaml_each (y, list)
        parse_model(p, y, &p->c->models[p->c->n_models++]);
    check_names(p, list);
}

static struct str version_of(struct arena *a, struct str date, struct str text)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * VERSION_HASH_BYTES];
    sha256(text, hash);
    struct str parts[] = {date, STR("-"), hex_encode(hash, VERSION_HASH_BYTES, hex)};
    return arena_join(a, parts, 3);
}

static int parse_text(struct catalog *c, struct str text, struct str file, struct diag_list *diags)
{
    struct parse p = {c, file, diags};
    struct arena tree;
    const struct yaml *root;
    size_t n_errors = diags->n_errors;
    arena_init(&tree, ARENA_BYTES_MAX);
    int r = yaml_parse(&tree, file, text, &yaml_limits_default, diags, &root);
    if (r == 0) {
        parse_root(&p, root);
        c->version = version_of(&c->arena, c->priced_at, text);
        r = diags->n_errors > n_errors ? err_trace(-ERR_INVALID) : catalog_index(c);
    }
    arena_deinit(&tree);
    return r;
}

int catalog_parse(struct str text, struct str file, const struct limits *limits, struct diag_list *diags,
                  struct catalog **ret)
{
    (void)limits; /* the bounds of a document are yaml.h's own: a catalog is not traffic */
    struct catalog *c = calloc(1, sizeof(*c));
    if (!c)
        return err_trace(-ERR_NOMEM);
    arena_init(&c->arena, ARENA_BYTES_MAX);
    int r = parse_text(c, text, file, diags);
    if (r < 0) {
        catalog_free(c);
        return r;
    }
    *ret = c;
    return 0;
}
