/* proxy: what connectors call shapes and what llm/ can read are the same words; saas/ and llm/ never meet elsewhere. */
#include "llm/shape.h"
#include "saas/call.h"
#include "unit.h"

static void every_shape_has_an_operation(void **state)
{
    static const struct {
        const char *vendor, *path;
        enum llm_shape shape;
    } rows[SHAPE_COUNT] = {
        {"openai", "/v1/chat/completions", SHAPE_CHAT},
        {"openai", "/v1/responses", SHAPE_RESPONSES},
        {"openai", "/v1/embeddings", SHAPE_EMBEDDINGS},
        {"anthropic", "/v1/messages", SHAPE_MESSAGES},
        {"anthropic", "/v1/messages/count_tokens", SHAPE_COUNT_TOKENS},
    };
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        struct arena a;
        struct limits limits;
        struct diag_list diags;
        struct connector *c;
        struct str text, name, word;
        enum op_class class;
        enum llm_shape shape;
        limits_default(&limits);
        arena_init(&a, 1 << 20);
        diag_list_init(&diags, &a, 10);
        assert_true(connector_builtin(str_c(rows[i].vendor), &text));
        assert_int_equal(connector_parse(text, STR("connector.yaml"), &limits, &diags, &c), 0);
        assert_true(operation_shape(saas_find(c, STR("POST"), str_c(rows[i].path)), &name, &class, &word));
        assert_int_equal(llm_shape_parse(word, &shape), 0);
        assert_int_equal(shape, rows[i].shape);
        connector_free(c);
        arena_deinit(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_shape_has_an_operation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
