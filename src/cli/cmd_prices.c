/*
 * cli/cmd_prices.c - `flyball prices list|check`: which models are known, and what they cost. Needs no daemon.
 *
 * Shown is what serve would use here and now: the catalog compiled in, with the file that `llm.catalog` names over it.
 */
#include "base/err.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "codec/json_write.h"
#include "llm/catalog.h"

#define CATALOG_BYTES_MAX (1u << 20)
#define DIAGS_MAX 200

/* ---- reading ---- */

/* 0, or what the command returns; the faults are in *diags, for the caller to print. */
static int parse(struct cli *c, struct str text, struct str file, struct diag_list *diags, struct catalog **ret)
{
    struct limits limits;
    limits_default(&limits);
    int r = catalog_parse(text, file, &limits, diags, ret);
    if (r < 0 && !diags->n_errors)
        return cli_fail(c, "the catalog cannot be read: %s", err_text(r));
    return r < 0 ? CLI_FAILED : 0;
}

static int parse_file(struct cli *c, struct str file, struct diag_list *diags, struct catalog **ret)
{
    struct str text;
    int r = cli_read_file(c, file, CATALOG_BYTES_MAX, &text);
    return r ? r : parse(c, text, file, diags, ret);
}

static int merge_own(struct cli *c, struct str file, struct catalog *into)
{
    struct diag_list diags;
    struct catalog *own;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    int r = parse_file(c, file, &diags, &own);
    settings_print_diags(c, c->err, &diags);
    if (r)
        return r;
    r = catalog_merge(into, own);
    return r < 0 ? cli_fail(c, "the catalogs cannot be merged: %s", err_text(r)) : 0;
}

static int load(struct cli *c, struct catalog **ret)
{
    const struct config *config;
    struct diag_list diags;
    struct catalog *catalog;
    int r = settings_load(c, false, NULL, &config);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    r = parse(c, catalog_builtin(), STR("catalog/models.yaml"), &diags, &catalog);
    if (r == 0 && config->llm_catalog.n) {
        r = merge_own(c, config->llm_catalog, catalog);
        if (r)
            catalog_free(catalog);
    }
    config_unref(config);
    if (r == 0)
        *ret = catalog;
    return r;
}

/* ---- as JSON ---- */

static void put_usd(struct json_writer *w, struct str key, money_t usd)
{
    char text[MONEY_TEXT_BYTES];
    if (usd >= 0)
        jw_put_str(w, key, money_text_short(usd, text));
    else
        jw_put_null(w, key);
}

static bool has_tier(const struct model *m, enum price_tier tier, bool is_long)
{
    for (enum token_class t = 0; t < TOKEN_CLASS_COUNT; t++)
        if (model_rate(m, tier, t, is_long) >= 0)
            return true;
    return false;
}

static void put_prices(struct json_writer *w, const struct model *m, bool is_long)
{
    jw_key(w, STR("prices"));
    jw_object(w);
    for (enum price_tier tier = 0; tier < TIER_COUNT; tier++) {
        if (!has_tier(m, tier, is_long))
            continue;
        jw_key(w, price_tier_text(tier));
        jw_object(w);
        for (enum token_class t = 0; t < TOKEN_CLASS_COUNT; t++)
            if (model_rate(m, tier, t, is_long) >= 0)
                put_usd(w, token_class_text(t), model_rate(m, tier, t, is_long));
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void put_count(struct json_writer *w, struct str key, int64_t n)
{
    if (n)
        jw_put_i64(w, key, n);
    else
        jw_put_null(w, key);
}

static void put_long_context(struct json_writer *w, const struct model *m)
{
    if (!model_long_above(m)) {
        jw_put_null(w, STR("long_context"));
        return;
    }
    jw_key(w, STR("long_context"));
    jw_object(w);
    jw_put_i64(w, STR("above"), model_long_above(m));
    put_prices(w, m, true);
    jw_object_end(w);
}

static void put_model(struct json_writer *w, const struct model *m)
{
    size_t n_aliases;
    const struct str *aliases = model_aliases(m, &n_aliases);
    jw_object(w);
    jw_put_str(w, STR("model"), model_name(m));
    jw_put_str(w, STR("vendor"), model_vendor(m));
    jw_key(w, STR("aliases"));
    jw_array(w);
    for (size_t i = 0; i < n_aliases; i++)
        jw_str(w, aliases[i]);
    jw_array_end(w);
    put_count(w, STR("input_max"), model_input_max(m));
    put_count(w, STR("output_max"), model_output_max(m));
    put_count(w, STR("image_tokens_max"), model_image_tokens_max(m));
    if (model_hides_reasoning(m))
        jw_put_bool(w, STR("hides_reasoning"), true);
    put_prices(w, m, false);
    put_long_context(w, m);
    put_usd(w, STR("web_search"), model_web_search(m));
    put_usd(w, STR("us_inference"), model_us_inference_ppm(m) * (MONEY_PER_USD / 1000000));
    jw_put_str_or_null(w, STR("priced_at"), model_priced_at(m));
    jw_put_str_or_null(w, STR("deprecated_at"), model_deprecated_at(m));
    jw_put_str_or_null(w, STR("source"), model_source(m));
    jw_object_end(w);
}

/* In the form that catalog_parse() reads, so that what is shown can be kept, changed and used as one's own. */
static void print_json(struct cli *c, const struct catalog *catalog, const struct model *const *models, size_t n)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 64u << 20);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("version"), catalog_version(catalog));
    jw_put_str(&w, STR("priced_at"), catalog_priced_at(catalog));
    jw_key(&w, STR("models"));
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        put_model(&w, models[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

/* ---- as tables ---- */

static struct str usd_cell(struct cli *c, money_t usd)
{
    char text[MONEY_TEXT_BYTES];
    return usd < 0 ? STR_NONE : arena_str(&c->arena, money_text_short(usd, text));
}

static struct str count_cell(struct cli *c, int64_t n)
{
    return n ? arena_printf(&c->arena, "%lld", (long long)n) : STR_NONE;
}

static void print_models(struct cli *c, const struct model *const *models, size_t n)
{
    static const char *const titles[] = {"MODEL",   "VENDOR",      ">INPUT",     ">CACHE READ", ">CACHE WRITE",
                                         ">OUTPUT", ">LONG ABOVE", ">INPUT MAX", ">OUTPUT MAX"};
    static const enum token_class classes[] = {TOKEN_INPUT, TOKEN_CACHE_READ, TOKEN_CACHE_WRITE_5M, TOKEN_OUTPUT};
    struct table t;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (size_t i = 0; i < n; i++) {
        const struct model *m = models[i];
        table_add_styled(&t, model_name(m), model_deprecated_at(m).n ? STYLE_DIM : STYLE_BOLD);
        table_add(&t, model_vendor(m));
        for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++)
            table_add(&t, usd_cell(c, model_rate(m, TIER_STANDARD, classes[k], false)));
        table_add(&t, count_cell(c, model_long_above(m)));
        table_add(&t, count_cell(c, model_input_max(m)));
        table_add(&t, count_cell(c, model_output_max(m)));
    }
    table_print(&t);
}

static void print_one(struct cli *c, const struct model *m)
{
    static const char *const titles[] = {"TIER", "TOKENS", ">USD A MILLION", ">LONG CONTEXT"};
    struct table t;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (enum price_tier tier = 0; tier < TIER_COUNT; tier++)
        for (enum token_class k = 0; k < TOKEN_CLASS_COUNT; k++) {
            money_t usd = model_rate(m, tier, k, false), usd_long = model_rate(m, tier, k, true);
            if (usd < 0 && usd_long < 0)
                continue;
            table_add(&t, price_tier_text(tier));
            table_add(&t, token_class_text(k));
            table_add(&t, usd_cell(c, usd));
            table_add(&t, model_long_above(m) ? usd_cell(c, usd_long) : STR_NONE);
        }
    table_print(&t);
    if (model_long_above(m))
        cli_note(c, "The long-context price holds for the whole call above %lld input tokens.",
                 (long long)model_long_above(m));
    cli_note(c, "Priced " STR_FMT ", source " STR_FMT, STR_ARG(model_priced_at(m)), STR_ARG(model_source(m)));
}

/* ---- commands ---- */

static size_t choose(struct cli *c, const struct catalog *catalog, const struct model **models)
{
    struct str vendor = cli_option(c, "vendor");
    size_t n = 0;
    if (c->n_args) {
        models[0] = catalog_find(catalog, vendor, c->args[0]);
        return models[0] != NULL;
    }
    for (size_t i = 0; i < catalog_models(catalog); i++)
        if (!vendor.n || str_eq(vendor, model_vendor(catalog_model(catalog, i))))
            models[n++] = catalog_model(catalog, i);
    return n;
}

static int say_no_vendor(struct cli *c, const struct catalog *catalog, struct str vendor)
{
    struct str *names = arena_alloc(&c->arena, (catalog_models(catalog) + 1) * sizeof(*names));
    for (size_t i = 0; i < catalog_models(catalog); i++)
        names[i] = model_vendor(catalog_model(catalog, i));
    return cli_fail(c, "no vendor of models is called `" STR_FMT "`" STR_FMT, STR_ARG(vendor),
                    STR_ARG(near_name(c, vendor, names, catalog_models(catalog))));
}

static int say_none(struct cli *c, const struct catalog *catalog)
{
    struct str *names = arena_alloc(&c->arena, (catalog_models(catalog) + 1) * sizeof(*names)), near;
    struct str vendor = cli_option(c, "vendor");
    size_t n = 0;
    for (size_t i = 0; i < catalog_models(catalog); i++)
        if (!vendor.n || str_eq(vendor, model_vendor(catalog_model(catalog, i))))
            names[n++] = model_name(catalog_model(catalog, i));
    if (!n)
        return say_no_vendor(c, catalog, vendor);
    near = near_name(c, c->args[0], names, n);
    return cli_fail(c, "no model is called `" STR_FMT "`, so its price is unknown" STR_FMT, STR_ARG(c->args[0]),
                    STR_ARG(near.n ? near : STR("; `flyball prices list` lists all")));
}

static int show(struct cli *c, const struct catalog *catalog)
{
    const struct model **models = arena_alloc(&c->arena, (catalog_models(catalog) + 1) * sizeof(const struct model *));
    size_t n = choose(c, catalog, models);
    if (!n && c->n_args)
        return say_none(c, catalog);
    if (!n && cli_has(c, "vendor"))
        return say_no_vendor(c, catalog, cli_option(c, "vendor"));
    if (c->is_json)
        print_json(c, catalog, models, n);
    else if (c->n_args)
        print_one(c, models[0]);
    else
        print_models(c, models, n);
    return CLI_DONE;
}

static int list(struct cli *c)
{
    struct catalog *catalog;
    int r = load(c, &catalog);
    if (r)
        return r;
    r = show(c, catalog);
    catalog_free(catalog);
    return r;
}

static int check_file(struct cli *c)
{
    struct diag_list diags;
    struct catalog *catalog;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    int r = c->n_args ? parse_file(c, c->args[0], &diags, &catalog)
                      : parse(c, catalog_builtin(), STR("catalog/models.yaml"), &diags, &catalog);
    if (c->is_json && (r == 0 || diags.n_errors))
        settings_print_diags_json(c, &diags, r == 0);
    else
        settings_print_diags(c, c->out, &diags);
    if (r)
        return r;
    cli_note(c, "ok: %zu models, version " STR_FMT, catalog_models(catalog), STR_ARG(catalog_version(catalog)));
    catalog_free(catalog);
    return CLI_DONE;
}

static const struct option_spec list_options[] = {
    {"vendor", "VENDOR", "only models of this vendor", false},
    {"config", "FILE", "the configuration file; else FLYBALL_CONFIG, else ./flyball.yaml", false},
    {"llm-catalog", "FILE", "your own models and prices", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_prices_list = {
    .name = "prices list",
    .args = "[MODEL]",
    .args_max = 1,
    .summary = "list models and their prices, or all prices of one; needs no daemon",
    .text = "USD per million tokens; a - is no price: what it would price is unknown. Without MODEL, those of the "
            "standard tier. MODEL may be an alias or a dated form. What --json prints is a catalog itself: change it, "
            "and name the file under llm.catalog.",
    .examples = "prices list --vendor anthropic\nprices list gpt-5.4\nprices list claude-sonnet-4-5 --json",
    .options = list_options,
    .run = list,
};
const struct command cmd_prices_check = {
    .name = "prices check",
    .args = "[FILE]",
    .args_max = 1,
    .summary = "read a catalog of models and say what is wrong with it: exit 0 or 1; needs no daemon",
    .text = "Without FILE, the catalog that is compiled in. FILE may be - for standard input.",
    .examples = "prices check\nprices check our-models.yaml --json",
    .run = check_file,
};
