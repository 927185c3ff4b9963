/* llm/price: exact products, long context, what is unknown; and the prices that come with the program. */
#include "llm/catalog.h"

#include "unit.h"

static struct arena arena;
static struct catalog *own, *builtin;

static struct catalog *parse(struct str text)
{
    struct catalog *c = NULL;
    struct diag_list diags;
    struct limits limits;
    limits_default(&limits);
    diag_list_init(&diags, &arena, 20);
    assert_int_equal(catalog_parse(text, STR("c"), &limits, &diags, &c), 0);
    assert_int_equal(diags.n, 0);
    return c;
}

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    builtin = parse(catalog_builtin());
    own = parse(STR("priced_at: \"d\"\nmodels:\n"
                    "  - {model: a, vendor: v, prices: {standard: {input: 0.3, cache_read: 0.1, output: 2,"
                    " reasoning: 3}, flex: {input: 0.1}},"
                    " long_context: {above: 100, prices: {standard: {input: 0.6, output: 4}}},"
                    " web_search: 0.01, us_inference: 1.1}\n"
                    "  - {model: free, vendor: v, prices: {standard: {input: 0, output: 0}}}\n"
                    "  - {model: dear, vendor: v, prices: {standard: {input: 1000000, output: 1000000}},"
                    " us_inference: 10}\n"
                    "  - {model: unpriced, vendor: v}\n"));
    return 0;
}

static int tear_down(void **state)
{
    catalog_free(own);
    catalog_free(builtin);
    arena_deinit(&arena);
    return 0;
}

static const struct model *model(const char *name)
{
    const struct model *m = catalog_find(own, STR_NONE, str_c(name));
    assert_non_null(m);
    return m;
}

/* Nano-USD; -1: not known. */
static money_t price(const char *name, enum price_tier tier, struct usage u)
{
    money_t usd = -77;
    if (model_price(model(name), tier, &u, &usd))
        return usd;
    assert_int_equal(usd, -77);
    return -1;
}

static money_t most(const char *name, struct price_ask ask)
{
    money_t usd = -77;
    if (model_price_most(model(name), &ask, &usd))
        return usd;
    assert_int_equal(usd, -77);
    return -1;
}

#define USE(...) ((struct usage){.tokens = {__VA_ARGS__}})
#define ASK(...) ((struct price_ask){__VA_ARGS__})

static void cost_is_the_sum_of_classes_rounded_up_once(void **state)
{
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 1)), 300);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 10, [TOKEN_CACHE_READ] = 5, [TOKEN_OUTPUT] = 7)),
                     3000 + 500 + 14000);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_REASONING] = 2)), 6000);
    assert_int_equal(price("a", TIER_STANDARD, USE(0)), 0);
    catalog_free(own);
    own = parse(STR("priced_at: \"d\"\nmodels:\n"
                    "  - {model: a, vendor: v, prices: {standard: {input: 0.000000001, output: 0.0000004}}}\n"));
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 1)), 1);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 1000000)), 1);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 1000001)), 2);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 600000, [TOKEN_OUTPUT] = 1000)), 1);
}

static void what_has_no_price_is_unknown_when_it_is_used(void **state)
{
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_AUDIO_IN] = 1)), -1);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_IMAGE_OUT] = 1)), -1);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 9, [TOKEN_CACHE_WRITE_1H] = 1)), -1);
    assert_int_equal(price("a", TIER_FLEX, USE([TOKEN_INPUT] = 1)), 100);
    assert_int_equal(price("a", TIER_FLEX, USE([TOKEN_INPUT] = 1, [TOKEN_OUTPUT] = 1)), -1);
    assert_int_equal(price("a", TIER_FLEX, USE([TOKEN_REASONING] = 1)), -1);
    assert_int_equal(price("unpriced", TIER_STANDARD, USE([TOKEN_INPUT] = 1)), -1);
    assert_int_equal(price("unpriced", TIER_STANDARD, USE(0)), 0);
}

static void price_of_zero_is_a_price(void **state)
{
    assert_int_equal(price("free", TIER_STANDARD, USE([TOKEN_INPUT] = 1000, [TOKEN_REASONING] = 5)), 0);
    assert_int_equal(most("free", ASK(.input = 1000, .output = 1000)), 0);
}

static void long_context_prices_hold_for_the_whole_call(void **state)
{
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 100, [TOKEN_OUTPUT] = 1)), 30000 + 2000);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 101, [TOKEN_OUTPUT] = 1)), 60600 + 4000);
    /* the cache counts towards the threshold; here it has no price above it */
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 100, [TOKEN_CACHE_READ] = 1)), -1);
    assert_int_equal(price("a", TIER_STANDARD, USE([TOKEN_INPUT] = 101, [TOKEN_REASONING] = 1)), 60600 + 4000);
}

static void searches_are_priced_each(void **state)
{
    struct usage u = USE([TOKEN_INPUT] = 1);
    u.web_searches = 3;
    assert_int_equal(price("a", TIER_STANDARD, u), 300 + 30000000);
    assert_int_equal(price("free", TIER_STANDARD, u), -1);
}

static void us_inference_multiplies_tokens_and_not_searches(void **state)
{
    struct usage u = USE([TOKEN_INPUT] = 10);
    u.web_searches = 1;
    u.is_us_inference = true;
    assert_int_equal(price("a", TIER_STANDARD, u), 3300 + 10000000);
    u.web_searches = 0;
    assert_int_equal(price("free", TIER_STANDARD, u), 0);
    assert_int_equal(most("a", ASK(.input = 10, .is_us_inference = true)), 3300);
}

static void what_does_not_fit_is_unknown_and_never_wraps(void **state)
{
    assert_int_equal(price("dear", TIER_STANDARD, USE([TOKEN_INPUT] = 9000000000)), INT64_C(9000000000000000000));
    assert_int_equal(price("dear", TIER_STANDARD, USE([TOKEN_INPUT] = 10000000000)), -1);
    struct usage u = {.is_us_inference = true};
    for (int i = 0; i < TOKEN_CLASS_COUNT; i++)
        u.tokens[i] = TOKENS_MAX;
    assert_int_equal(price("dear", TIER_STANDARD, u), -1);
    u = (struct usage){.web_searches = INT64_MAX, .tokens[TOKEN_INPUT] = 1};
    assert_int_equal(price("a", TIER_STANDARD, u), -1);
}

static void most_is_of_the_dearest_class_that_can_be(void **state)
{
    assert_int_equal(most("a", ASK(.input = 10)), 3000);
    assert_int_equal(most("a", ASK(.input = 10, .output = 10)), 3000 + 30000);
    assert_int_equal(most("a", ASK(.input = 101, .output = 1)), 60600 + 4000);
    assert_int_equal(most("a", ASK(.input = 10, .web_searches = 2)), 3000 + 20000000);
    assert_int_equal(most("a", ASK(0)), 0);
}

static void most_is_unknown_where_a_price_is_missing(void **state)
{
    assert_int_equal(most("a", ASK(.input = 10, .may_write_cache = true)), -1);
    assert_int_equal(most("a", ASK(.input = 10, .may_write_cache_1h = true)), -1);
    assert_int_equal(most("a", ASK(.input = 10, .has_audio_in = true)), -1);
    assert_int_equal(most("a", ASK(.output = 10, .has_audio_out = true)), -1);
    assert_int_equal(most("a", ASK(.output = 10, .has_image_out = true)), -1);
    assert_int_equal(most("a", ASK(.input = 10, .web_searches = -1)), -1);
    assert_int_equal(most("a", ASK(.input = 10, .tier = TIER_BATCH)), -1);
    assert_int_equal(most("unpriced", ASK(.input = 1)), -1);
    assert_int_equal(most("dear", ASK(.input = TOKENS_MAX)), -1);
    assert_int_equal(most("a", ASK(.input = TOKENS_MAX + 1)), -1);
    assert_int_equal(most("a", ASK(.input = -1)), -1);
}

/* ---- the builtin catalog ---- */

struct golden {
    const char *model;
    enum price_tier tier;
    enum token_class class;
    bool is_long;
    const char *usd;
};

static void goldens_of_the_builtin_catalog_hold(void **state)
{
    static const struct golden goldens[] = {
        {"gpt-4o", TIER_STANDARD, TOKEN_INPUT, false, "2.5"},
        {"gpt-4o", TIER_STANDARD, TOKEN_CACHE_READ, false, "1.25"},
        {"gpt-4o", TIER_STANDARD, TOKEN_OUTPUT, false, "10"},
        {"gpt-4o", TIER_BATCH, TOKEN_INPUT, false, "1.25"},
        {"gpt-4o", TIER_BATCH, TOKEN_OUTPUT, false, "5"},
        {"gpt-4o", TIER_PRIORITY, TOKEN_INPUT, false, "4.25"},
        {"gpt-4o-2024-08-06", TIER_STANDARD, TOKEN_INPUT, false, "2.5"},
        {"gpt-4o-2024-05-13", TIER_STANDARD, TOKEN_INPUT, false, "5"},
        {"gpt-4o-mini", TIER_STANDARD, TOKEN_INPUT, false, "0.15"},
        {"gpt-4o-audio-preview", TIER_STANDARD, TOKEN_AUDIO_IN, false, "40"},
        {"gpt-5", TIER_FLEX, TOKEN_CACHE_READ, false, "0.0625"},
        {"gpt-5.4", TIER_STANDARD, TOKEN_INPUT, true, "5"},
        {"gpt-5.4", TIER_FLEX, TOKEN_INPUT, false, "1.25"},
        {"gpt-5.4", TIER_PRIORITY, TOKEN_OUTPUT, false, "30"},
        {"gpt-5.6", TIER_STANDARD, TOKEN_CACHE_WRITE_5M, false, "6.25"},
        {"o1-pro", TIER_STANDARD, TOKEN_OUTPUT, false, "600"},
        {"text-embedding-3-small", TIER_STANDARD, TOKEN_INPUT, false, "0.02"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_INPUT, false, "3"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_OUTPUT, false, "15"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_CACHE_WRITE_5M, false, "3.75"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_CACHE_WRITE_1H, false, "6"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_CACHE_READ, false, "0.3"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_INPUT, true, "6"},
        {"claude-sonnet-4-5", TIER_STANDARD, TOKEN_OUTPUT, true, "22.5"},
        {"claude-sonnet-4-5-20250929", TIER_STANDARD, TOKEN_CACHE_WRITE_1H, true, "12"},
        {"claude-3-haiku-20240307", TIER_STANDARD, TOKEN_CACHE_WRITE_1H, false, "0.5"}, /* twice its input */
        {"claude-opus-4-6", TIER_FAST, TOKEN_OUTPUT, false, "150"},
        {"claude-3-5-haiku-latest", TIER_BATCH, TOKEN_INPUT, false, "0.4"},
    };
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        const struct golden *g = &goldens[i];
        const struct model *m = catalog_find(builtin, STR_NONE, str_c(g->model));
        money_t want = 0;
        assert_non_null(m);
        assert_int_equal(money_parse(str_c(g->usd), &want), 0);
        if (model_rate(m, g->tier, g->class, g->is_long) != want)
            fail_msg("%s: entry %zu is not %s", g->model, i, g->usd);
    }
    assert_int_equal(model_long_above(catalog_find(builtin, STR_NONE, STR("claude-sonnet-4-5"))), 200000);
    assert_int_equal(model_long_above(catalog_find(builtin, STR_NONE, STR("gpt-5.4"))), 272000);
    assert_int_equal(model_input_max(catalog_find(builtin, STR_NONE, STR("gpt-4o"))), 128000);
}

static void builtin_catalog_says_enough_of_every_model(void **state)
{
    assert_true(catalog_models(builtin) >= 60);
    for (size_t i = 0; i < catalog_models(builtin); i++) {
        const struct model *m = catalog_model(builtin, i);
        bool is_openai = str_eq(model_vendor(m), STR("openai"));
        assert_true(is_openai || str_eq(model_vendor(m), STR("anthropic")));
        assert_true(model_input_max(m) > 0 && model_priced_at(m).n == 10 && model_source(m).n > 0);
        assert_true(model_rate(m, TIER_STANDARD, TOKEN_INPUT, false) > 0);
        assert_true(model_rate(m, TIER_STANDARD, TOKEN_OUTPUT, false) >= 0);
        for (enum price_tier t = 0; t < TIER_COUNT; t++) /* what is cached is never dearer than what is not */
            assert_true(model_rate(m, t, TOKEN_CACHE_READ, false) <= model_rate(m, t, TOKEN_INPUT, false));
        assert_ptr_equal(catalog_find(builtin, model_vendor(m), model_name(m)), m);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(cost_is_the_sum_of_classes_rounded_up_once),
        T(what_has_no_price_is_unknown_when_it_is_used),
        T(price_of_zero_is_a_price),
        T(long_context_prices_hold_for_the_whole_call),
        T(searches_are_priced_each),
        T(us_inference_multiplies_tokens_and_not_searches),
        T(what_does_not_fit_is_unknown_and_never_wraps),
        T(most_is_of_the_dearest_class_that_can_be),
        T(most_is_unknown_where_a_price_is_missing),
        T(goldens_of_the_builtin_catalog_hold),
        T(builtin_catalog_says_enough_of_every_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
