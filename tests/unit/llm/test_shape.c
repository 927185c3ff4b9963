/* llm/shape, llm/tier: what a connector says under `shape`, both ways; the tiers as the record shows them. */
#include "llm/shape.h"

#include "base/err.h"
#include "llm/tier.h"
#include "unit.h"

static void every_shape_has_a_text_that_reads_back(void **state)
{
    for (enum llm_shape s = 0; s < SHAPE_COUNT; s++) {
        enum llm_shape back = SHAPE_COUNT;
        assert_int_equal(llm_shape_parse(llm_shape_text(s), &back), 0);
        assert_int_equal(back, s);
    }
    enum llm_shape untouched = SHAPE_CHAT;
    assert_int_equal(llm_shape_parse(STR("chat"), &untouched), -ERR_NOT_FOUND);
    assert_int_equal(untouched, SHAPE_CHAT);
}

static void a_shape_belongs_to_one_dialect(void **state)
{
    assert_int_equal(llm_shape_dialect(SHAPE_RESPONSES), DIALECT_OPENAI);
    assert_int_equal(llm_shape_dialect(SHAPE_COUNT_TOKENS), DIALECT_ANTHROPIC);
}

static void every_tier_has_a_text(void **state)
{
    assert_true(str_eq(price_tier_text(TIER_STANDARD), STR("standard")));
    assert_true(str_eq(price_tier_text(TIER_PRIORITY), STR("priority")));
    for (enum price_tier t = 0; t < TIER_COUNT; t++)
        assert_true(price_tier_text(t).n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_has_a_text_that_reads_back),
        cmocka_unit_test(every_tier_has_a_text),
        cmocka_unit_test(a_shape_belongs_to_one_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
