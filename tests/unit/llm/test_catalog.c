/* llm/catalog: what a catalog says and refuses, how models are found, and what a merge changes. */
#include "llm/catalog.h"

#include "base/err.h"
#include "unit.h"

static struct arena arena;
static struct diag_list diags;
static struct limits limits;
static struct catalog *catalog;

static int set_up(void **state)
{
    limits_default(&limits);
    arena_init(&arena, 1 << 20);
    diag_list_init(&diags, &arena, 20);
    catalog = NULL;
    return 0;
}

static int tear_down(void **state)
{
    catalog_free(catalog);
    arena_deinit(&arena);
    return 0;
}

static struct catalog *parse(const char *text)
{
    struct catalog *c = NULL;
    struct buf out;
    if (catalog_parse(str_c(text), STR("c.yaml"), &limits, &diags, &c) == 0)
        return c;
    buf_init(&out, 65536);
    assert_int_equal(diag_list_text(&diags, &out), 0);
    fail_msg(STR_FMT, STR_ARG(buf_str(&out)));
    return NULL;
}

/* One fault, at "line:col: code", that says `words`. */
static void refuses(const char *text, const char *where, const char *words)
{
    struct catalog *c = (struct catalog *)&arena;
    struct buf out;
    size_t at;
    diag_list_init(&diags, &arena, 20);
    buf_init(&out, 65536);
    assert_int_equal(catalog_parse(str_c(text), STR("c.yaml"), &limits, &diags, &c), -ERR_INVALID);
    assert_ptr_equal(c, &arena); /* untouched */
    assert_int_equal(diag_list_text(&diags, &out), 0);
    if (diags.n_errors != 1 || !str_find(buf_str(&out), str_c(where), &at) ||
        !str_find(buf_str(&out), str_c(words), &at))
        fail_msg("want one at %s with \"%s\", got:\n" STR_FMT, where, words, STR_ARG(buf_str(&out)));
    buf_deinit(&out);
}

#define HEAD "priced_at: \"2026-11-01\"\nmodels:\n"
#define MODEL HEAD "  - model: m\n    vendor: v\n"

static void model_says_all_that_is_written(void **state)
{
    size_t n;
    catalog = parse(HEAD "  - model: big\n    vendor: acme\n    aliases: [big-2026, big-latest]\n    input_max: 1000\n"
                         "    output_max: 200\n    image_tokens_max: 77\n    hides_reasoning: true\n    prices:\n"
                         "      standard: {input: \"2.5\", output: 10}\n      flex: {input: 0.000000001}\n"
                         "    long_context: {above: 500, prices: {standard: {input: 5}}}\n    web_search: \"0.01\"\n"
                         "    priced_at: \"2026-10-31\"\n    deprecated_at: \"2027-01-01\"\n    source: a page\n");
    const struct model *m = catalog_model(catalog, 0);
    assert_int_equal(catalog_models(catalog), 1);
    assert_str(model_name(m), "big");
    assert_str(model_vendor(m), "acme");
    assert_str(model_aliases(m, &n)[1], "big-latest");
    assert_int_equal(n, 2);
    assert_int_equal(model_input_max(m), 1000);
    assert_int_equal(model_output_max(m), 200);
    assert_int_equal(model_image_tokens_max(m), 77);
    assert_true(model_hides_reasoning(m));
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_INPUT, false), 2500000000);
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_OUTPUT, false), 10000000000);
    assert_int_equal(model_rate(m, TIER_FLEX, TOKEN_INPUT, false), 1);
    assert_int_equal(model_rate(m, TIER_FLEX, TOKEN_OUTPUT, false), -1);
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_INPUT, true), 5000000000);
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_OUTPUT, true), -1);
    assert_int_equal(model_long_above(m), 500);
    assert_int_equal(model_web_search(m), 10000000);
    assert_str(model_priced_at(m), "2026-10-31");
    assert_str(model_deprecated_at(m), "2027-01-01");
    assert_str(model_source(m), "a page");
}

static void what_is_not_written_is_not_said(void **state)
{
    catalog = parse(MODEL);
    const struct model *m = catalog_model(catalog, 0);
    assert_int_equal(model_input_max(m), 0);
    assert_int_equal(model_output_max(m), 0);
    assert_int_equal(model_image_tokens_max(m), 0);
    assert_false(model_hides_reasoning(m));
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_INPUT, false), -1);
    assert_int_equal(model_web_search(m), -1);
    assert_int_equal(model_source(m).n, 0);
}

static void null_of_a_model_is_not_said(void **state)
{
    catalog = parse("{\"version\":\"x\",\"priced_at\":\"2026-11-01\",\"models\":[{\"model\":\"m\",\"vendor\":\"v\","
                    "\"aliases\":null,\"input_max\":null,\"prices\":null,\"long_context\":null,\"web_search\":null,"
                    "\"us_inference\":null,\"source\":null}]}");
    const struct model *m = catalog_model(catalog, 0);
    assert_int_equal(model_input_max(m), 0);
    assert_int_equal(model_web_search(m), -1);
    assert_int_equal(model_us_inference_ppm(m), 1000000);
    assert_str(catalog_priced_at(catalog), "2026-11-01");
    refuses(HEAD "  - model: null\n    vendor: v\n", "c.yaml:3:5: catalog", "`model` is missing");
}

static void faults_have_their_place(void **state)
{
    refuses("[]", "c.yaml:1:1: catalog", "must be a map");
    refuses("models: []\n", "c.yaml:1:1: catalog", "`priced_at` is missing");
    refuses("priced_at: \"x\"\n", "c.yaml:1:1: catalog", "`models` must be a list");
    refuses(HEAD "  - m\n", "c.yaml:3:5: catalog", "a model must be a map");
    refuses(HEAD "  - model: m\n", "c.yaml:3:5: catalog", "`vendor` is missing");
    refuses(MODEL "    pricse: {}\n", "c.yaml:5:5: unknown_key", "did you mean `prices`");
    refuses(MODEL "    prices: {standrd: {}}\n", "c.yaml:5:14: unknown_key", "did you mean `standard`");
    refuses(MODEL "    prices: {standard: {inptu: 1}}\n", "c.yaml:5:25: unknown_key", "did you mean `input`");
    refuses(MODEL "    prices: {standard: {input: -1}}\n", "c.yaml:5:32: catalog", "decimal of USD");
    refuses(MODEL "    prices: {standard: {input: null}}\n", "c.yaml:5:32: catalog", "decimal of USD");
    refuses(MODEL "    prices: {standard: {input: \"1e3\"}}\n", "c.yaml:5:32: catalog", "decimal of USD");
    refuses(MODEL "    prices: {standard: {input: 0.0000000001}}\n", "c.yaml:5:32: catalog", "nine places");
    refuses(MODEL "    prices: {standard: 1}\n", "c.yaml:5:24: catalog", "must be a map");
    refuses(MODEL "    prices: 1\n", "c.yaml:5:13: catalog", "must be a map");
    refuses(MODEL "    input_max: 0\n", "c.yaml:5:16: catalog", "number of tokens");
    refuses(MODEL "    output_max: 1.5\n", "c.yaml:5:17: catalog", "number of tokens");
    refuses(MODEL "    aliases: a\n", "c.yaml:5:14: catalog", "a list of names");
    refuses(MODEL "    aliases: [1]\n", "c.yaml:5:15: catalog", "must be a text");
    refuses(MODEL "    source: 1\n", "c.yaml:5:13: catalog", "must be a text");
    refuses(MODEL "    long_context: {prices: {}}\n", "c.yaml:5:19: catalog", "`above` is missing");
    refuses(MODEL "    us_inference: 10.1\n", "c.yaml:5:19: catalog", "up to 10");
}

static void dearest_price_is_a_dollar_a_token(void **state)
{
    catalog = parse(MODEL "    prices: {standard: {input: 1000000}}\n");
    assert_int_equal(model_rate(catalog_model(catalog, 0), TIER_STANDARD, TOKEN_INPUT, false), 1000000000000000);
    refuses(MODEL "    prices: {standard: {input: 1000000.000000001}}\n", "c.yaml:5:32", "up to 1000000");
}

static void name_stands_once_for_each_vendor(void **state)
{
    catalog = parse(MODEL "  - model: m\n    vendor: w\n");
    assert_int_equal(catalog_models(catalog), 2);
    refuses(MODEL "  - model: m\n    vendor: v\n", "c.yaml:5:5: catalog", "`v/m` stands twice");
    refuses(MODEL "  - model: o\n    vendor: v\n    aliases: [m]\n", "c.yaml:5:5: catalog", "`v/m` stands twice");
    refuses(MODEL "    aliases: [a, a]\n", "c.yaml:3:5: catalog", "`v/a` stands twice");
}

static void models_are_found_by_name_alias_and_vendor(void **state)
{
    catalog = parse(MODEL "    aliases: [m-2026]\n  - model: m\n    vendor: w\n  - model: o\n    vendor: w\n");
    const struct model *v = catalog_model(catalog, 0), *w = catalog_model(catalog, 1);
    assert_ptr_equal(catalog_find(catalog, STR_NONE, STR("m")), v);
    assert_ptr_equal(catalog_find(catalog, STR("w"), STR("m")), w);
    assert_ptr_equal(catalog_find(catalog, STR("v"), STR("m-2026")), v);
    assert_ptr_equal(catalog_find(catalog, STR_NONE, STR("m-2026")), v);
    assert_null(catalog_find(catalog, STR("w"), STR("m-2026")));
    assert_null(catalog_find(catalog, STR_NONE, STR("m-2027")));
    assert_null(catalog_find(catalog, STR("v"), STR("o")));
    assert_null(catalog_find(catalog, STR_NONE, STR_NONE));
    assert_null(catalog_find(catalog, STR("v"), STR_NONE));
    for (size_t i = 0; i < catalog_models(catalog); i++)
        assert_int_equal(model_index(catalog_model(catalog, i)), i);
}

static void names_of_any_length_can_be_asked_for(void **state)
{
    static char name[2000];
    catalog = parse(MODEL);
    memset(name, 'm', sizeof(name));
    assert_null(catalog_find(catalog, STR("v"), (struct str){name, sizeof(name)}));
    assert_null(catalog_find(catalog, STR_NONE, (struct str){name, sizeof(name)}));
}

static void merge_replaces_and_adds(void **state)
{
    catalog = parse(MODEL "    aliases: [m-2026, m-2025]\n    prices: {standard: {input: 1}}\n"
                          "  - model: o\n    vendor: v\n");
    struct catalog *over = parse(MODEL "    aliases: [mine, m-2026]\n    prices: {standard: {input: 9}}\n"
                                       "  - model: own\n    vendor: v\n");
    assert_int_equal(catalog_merge(catalog, over), 0);
    assert_int_equal(catalog_models(catalog), 3);
    const struct model *m = catalog_find(catalog, STR("v"), STR("m"));
    assert_int_equal(model_rate(m, TIER_STANDARD, TOKEN_INPUT, false), 9000000000);
    size_t n;
    assert_ptr_equal(catalog_find(catalog, STR("v"), STR("m-2026")), m);
    assert_ptr_equal(catalog_find(catalog, STR("v"), STR("m-2025")), m); /* the alias came along */
    assert_ptr_equal(catalog_find(catalog, STR("v"), STR("mine")), m);
    assert_non_null(model_aliases(m, &n));
    assert_int_equal(n, 3);
    assert_non_null(catalog_find(catalog, STR_NONE, STR("o")));
    assert_non_null(catalog_find(catalog, STR_NONE, STR("own")));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(model_index(catalog_model(catalog, i)), i);
}

static void later_merge_wins_and_the_version_names_all(void **state)
{
    catalog = parse(MODEL);
    struct str first = catalog_version(catalog);
    assert_int_equal(first.n, strlen("2026-11-01-") + 12);
    assert_int_equal(catalog_merge(catalog, parse(MODEL "    input_max: 5\n")), 0);
    assert_int_equal(catalog_merge(catalog, parse(MODEL "    input_max: 6\n")), 0);
    assert_int_equal(model_input_max(catalog_find(catalog, STR_NONE, STR("m"))), 6);
    assert_int_equal(catalog_version(catalog).n, 3 * first.n + 2);
    assert_true(str_starts(catalog_version(catalog), first));
}

static void version_is_of_the_text(void **state)
{
    catalog = parse(MODEL);
    struct catalog *other = parse(MODEL "    input_max: 5\n");
    assert_false(str_eq(catalog_version(catalog), catalog_version(other)));
    catalog_free(other);
    other = parse(MODEL);
    assert_true(str_eq(catalog_version(catalog), catalog_version(other)));
    catalog_free(other);
    catalog_free(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(model_says_all_that_is_written),
        T(what_is_not_written_is_not_said),
        T(null_of_a_model_is_not_said),
        T(faults_have_their_place),
        T(dearest_price_is_a_dollar_a_token),
        T(name_stands_once_for_each_vendor),
        T(models_are_found_by_name_alias_and_vendor),
        T(names_of_any_length_can_be_asked_for),
        T(merge_replaces_and_adds),
        T(later_merge_wins_and_the_version_names_all),
        T(version_is_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
