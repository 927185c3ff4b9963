/*
 * tests/fuzz/fuzz_catalog.c - catalogs of models: a refusal says why; of an accepted one every model is found by name,
 * every price is none or in its range, no cost is negative, and merging it over another loses no model.
 */
#include "fuzz.h"
#include "llm/catalog.h"

#define PRICE_MOST INT64_C(1000000000000000) /* a dollar a token */

static int parse(struct arena *a, struct str text, struct catalog **ret)
{
    struct diag_list diags;
    struct limits limits;
    limits_default(&limits);
    diag_list_init(&diags, a, 20);
    int r = catalog_parse(text, STR("f"), &limits, &diags, ret);
    fuzz_check((r == 0) == (diags.n_errors == 0));
    return r;
}

static void check_costs(const struct model *m, enum price_tier tier)
{
    static const int64_t amounts[] = {0, 1, 1000000, TOKENS_MAX};
    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
        struct usage u = {.is_us_inference = i & 1, .web_searches = (int64_t)i};
        struct price_ask ask = {.tier = tier, .input = amounts[i], .output = amounts[i], .is_us_inference = i & 1};
        money_t usd = 0, most = 0;
        u.tokens[TOKEN_INPUT] = u.tokens[TOKEN_OUTPUT] = amounts[i];
        if (model_price(m, tier, &u, &usd))
            fuzz_check(usd >= 0);
        u.web_searches = 0;
        if (model_price_most(m, &ask, &most) && model_price(m, tier, &u, &usd))
            fuzz_check(usd <= most); /* the hold covers what input and output turn out to cost */
    }
}

static void check_model(const struct catalog *c, const struct model *m)
{
    const struct model *found = catalog_find(c, model_vendor(m), model_name(m));
    fuzz_check(found == m || model_vendor(m).n + model_name(m).n > 500);
    for (enum price_tier t = 0; t < TIER_COUNT; t++) {
        for (enum token_class k = 0; k < TOKEN_CLASS_COUNT; k++) {
            money_t rate = model_rate(m, t, k, false), rate_long = model_rate(m, t, k, true);
            fuzz_check(rate >= -1 && rate <= PRICE_MOST && rate_long >= -1 && rate_long <= PRICE_MOST);
        }
        check_costs(m, t);
    }
}

static void check_merge(struct arena *a, struct catalog *over)
{
    struct catalog *c = NULL;
    size_t n = catalog_models(over);
    struct str text = STR("priced_at: \"d\"\nmodels:\n  - {model: m, vendor: v, aliases: [a]}\n");
    fuzz_check(parse(a, text, &c) == 0);
    fuzz_check(catalog_merge(c, over) == 0);
    fuzz_check(catalog_models(c) == n || catalog_models(c) == n + 1);
    fuzz_check(catalog_find(c, STR("v"), STR("m")) && catalog_find(c, STR("v"), STR("a")));
    for (size_t i = 0; i < catalog_models(c); i++)
        fuzz_check(model_index(catalog_model(c, i)) == i);
    catalog_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct catalog *c = NULL;
    arena_init(&a, 1 << 20);
    if (parse(&a, fuzz_str(data, n), &c) == 0) {
        for (size_t i = 0; i < catalog_models(c); i++)
            check_model(c, catalog_model(c, i));
        check_merge(&a, c);
    }
    arena_deinit(&a);
    return 0;
}
