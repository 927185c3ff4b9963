/* llm/bound with the catalog that is built in: from the bytes of a request to the most it can cost. */
#include "llm/bound.h"
#include "llm_fixture.h"

static struct catalog *catalog;

static int set_up_catalog(void **state)
{
    struct diag_list diags;
    set_up(state);
    diag_list_init(&diags, &fx.arena, 5);
    return catalog_parse(catalog_builtin(), STR("models.yaml"), &fx.limits, &diags, &catalog);
}

static int tear_down_catalog(void **state)
{
    catalog_free(catalog);
    return tear_down(state);
}

/* The text of a request, as long as said: what stands around it is known. */
static struct llm_call of_bytes(enum llm_shape shape, const char *front, size_t n, const char *back)
{
    buf_reset(&fx.buf);
    assert_int_equal(buf_add_c(&fx.buf, front), 0);
    while (fx.buf.n + strlen(back) < n)
        assert_int_equal(buf_add_byte(&fx.buf, 'x'), 0);
    assert_int_equal(buf_add_c(&fx.buf, back), 0);
    assert_int_equal(fx.buf.n, n);
    return read_ok(request(shape, buf_str(&fx.buf)));
}

static void costs(const struct llm_call *c, const char *vendor, const char *want)
{
    const struct model *m = catalog_find(catalog, str_c(vendor), c->model);
    struct token_bound b = llm_bound(c, m, NULL, true);
    struct cost cost = llm_predict(c, m, &b);
    char text[MONEY_TEXT_BYTES];
    assert_str(cost.how == HOW_UNKNOWN ? STR("unknown") : money_text(cost.usd, text), want);
}

/* 936 bytes and the frame are 1,000 tokens. */
static void a_request_costs_at_most_its_bytes_and_its_maximum(void **state)
{
    struct llm_call c = of_bytes(
        SHAPE_CHAT, "{\"model\":\"gpt-4o-mini\",\"max_tokens\":100,\"messages\":[{\"content\":\"", 936, "\"}]}");
    costs(&c, "openai", "0.000210000"); /* 1,000 x 0.15 + 100 x 0.60 a million */
    c = of_bytes(SHAPE_MESSAGES,
                 "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":100,\"messages\":[{\"content\":\"", 936, "\"}]}");
    costs(&c, "anthropic", "0.004500000"); /* 1,000 x 3 + 100 x 15 */
    c = of_bytes(SHAPE_EMBEDDINGS, "{\"model\":\"text-embedding-3-small\",\"input\":\"", 936, "\"}");
    costs(&c, "openai", "0.000020000");
}

static void what_raises_the_price_is_in_it(void **state)
{
    struct llm_call c =
        of_bytes(SHAPE_MESSAGES,
                 "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":100,\"messages\":[],\"system\":[{\"type\":\"text\","
                 "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"},\"text\":\"",
                 936, "\"}]}");
    costs(&c, "anthropic", "0.007500000"); /* 1,000 x 6 + 100 x 15 */
    c = of_bytes(SHAPE_RESPONSES,
                 "{\"model\":\"gpt-5\",\"service_tier\":\"priority\",\"max_output_tokens\":100,\"input\":\"", 936,
                 "\"}");
    costs(&c, "openai", "0.004500000"); /* 1,000 x 2.50 + 100 x 20 */
    c = of_bytes(SHAPE_RESPONSES,
                 "{\"model\":\"gpt-5\",\"max_output_tokens\":100,\"previous_response_id\":\"r\",\"input\":\"", 936,
                 "\"}");
    costs(&c, "openai", "0.341000000"); /* 272,000 x 1.25 + 100 x 10 */
}

static void a_search_is_priced_with_all_that_it_reads_again(void **state)
{
    struct llm_call c = of_bytes(SHAPE_RESPONSES,
                                 "{\"model\":\"gpt-5\",\"max_output_tokens\":100,\"tools\":[{\"type\":\"web_search\"}],"
                                 "\"max_tool_calls\":1,\"input\":\"",
                                 936, "\"}");
    costs(&c, "openai", "0.691000000"); /* 2 x 272,000 x 1.25 + 100 x 10 + 1 search of 0.01 */
}

static void what_nobody_bounds_or_prices_is_unknown(void **state)
{
    struct llm_call c = read_ok(request(SHAPE_CHAT, STR("{\"model\":\"gpt-99\",\"messages\":[],\"max_tokens\":1}")));
    costs(&c, "openai", "unknown");
    c = read_ok(request(SHAPE_MESSAGES, STR("{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":1,\"speed\":\"fast\"}")));
    costs(&c, "anthropic", "unknown");
    c = read_ok(request(SHAPE_RESPONSES, STR("{\"model\":\"gpt-5\",\"tools\":[{\"type\":\"code_interpreter\"}]}")));
    costs(&c, "openai", "unknown");
}

static void money_buys_output_at_the_catalogs_price(void **state)
{
    struct llm_call c = of_bytes(SHAPE_CHAT, "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"content\":\"", 936, "\"}]}");
    const struct model *m = catalog_find(catalog, STR("openai"), c.model);
    struct token_bound b = llm_bound(&c, m, NULL, true);
    assert_int_equal(llm_output_for(&c, m, &b, 750000), 1000); /* 0.00075: 1,000 x 0.15 and 1,000 x 0.60 */
    assert_int_equal(llm_output_for(&c, m, &b, 749999), 999);
    assert_int_equal(llm_output_for(&c, m, &b, 149999), 0);
    assert_int_equal(llm_output_for(&c, m, &b, INT64_C(1000000000)), model_output_max(m));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up_catalog, tear_down_catalog)
    const struct CMUnitTest tests[] = {
        T(a_request_costs_at_most_its_bytes_and_its_maximum),
        T(what_raises_the_price_is_in_it),
        T(a_search_is_priced_with_all_that_it_reads_again),
        T(what_nobody_bounds_or_prices_is_unknown),
        T(money_buys_output_at_the_catalogs_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
