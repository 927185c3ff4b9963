/* call/names, call/limit: the texts users see, both ways. */
#include "call/names.h"

#include "base/err.h"
#include "call/limit.h"
#include "unit.h"

#define assert_text(s, lit) assert_true(str_eq((s), STR(lit)))

static void classes_say_which_way_value_goes(void **state)
{
    assert_text(class_text(CLASS_MONEY_OUT), "money_out");
    assert_true(class_is_money(CLASS_MONEY_OUT));
    assert_true(class_needs_sync(CLASS_AUTHORITY));
    assert_false(class_is_money(CLASS_AUTHORITY));
    assert_false(class_needs_sync(CLASS_READ));
    assert_false(class_needs_sync(CLASS_WRITE));
    assert_false(class_needs_sync(CLASS_FANOUT));
    assert_true(class_needs_sync(CLASS_UNKNOWN));
}

static void every_class_but_unknown_can_be_written_in_a_document(void **state)
{
    for (enum op_class c = 0; c < CLASS_COUNT; c++) {
        enum op_class back = CLASS_COUNT;
        int r = class_parse(class_text(c), &back);
        assert_int_equal(r, c == CLASS_UNKNOWN ? -ERR_NOT_FOUND : 0);
        assert_int_equal(back, c == CLASS_UNKNOWN ? CLASS_COUNT : c);
    }
    enum op_class untouched = CLASS_COST;
    assert_int_equal(class_parse(STR("money"), &untouched), -ERR_NOT_FOUND);
    assert_int_equal(class_parse(STR("READ"), &untouched), -ERR_NOT_FOUND);
    assert_int_equal(class_parse(STR_NONE, &untouched), -ERR_NOT_FOUND);
    assert_int_equal(untouched, CLASS_COST);
}

static void codes_never_use_a_status_that_sdks_retry_for_a_verdict(void **state)
{
    assert_int_equal(code_text(CODE_NONE).n, 0);
    assert_int_equal(code_status(CODE_NONE), 0);
    assert_text(code_text(CODE_LIMIT_EXCEEDED), "limit_exceeded");
    assert_int_equal(code_status(CODE_LIMIT_EXCEEDED), 403);
    assert_int_equal(code_retry(CODE_LIMIT_EXCEEDED), RETRY_NO);
    assert_int_equal(code_status(CODE_RATE_LIMITED), 429);
    assert_int_equal(code_retry(CODE_RATE_LIMITED), RETRY_YES);
    assert_int_equal(code_retry(CODE_UPSTREAM_FAILED), RETRY_MAYBE);
    for (enum code c = CODE_NONE + 1; c < CODE_COUNT; c++) {
        uint16_t status = code_status(c);
        assert_true(code_text(c).n > 0);
        assert_int_not_equal(status, 402);
        assert_int_not_equal(status, 409);
        if (status >= 500)
            assert_true(c == CODE_UPSTREAM_FAILED || c == CODE_UPSTREAM_TIMEOUT || c == CODE_OVERLOADED);
    }
}

static void outcomes_and_modes_survive_text(void **state)
{
    assert_null(outcome_text(OUTCOME_OPEN).p);
    for (enum outcome o = OUTCOME_NONE; o <= OUTCOME_UNKNOWN; o++) {
        enum outcome back;
        assert_int_equal(outcome_parse(outcome_text(o), &back), 0);
        assert_int_equal(back, o);
    }
    enum outcome o;
    assert_int_equal(outcome_parse(STR(""), &o), -ERR_NOT_FOUND);
    assert_int_equal(outcome_parse(STR("settle"), &o), -ERR_NOT_FOUND);
    for (enum mode m = MODE_TEST; m <= MODE_ANY; m++) {
        enum mode back;
        assert_int_equal(mode_parse(mode_text(m), &back), 0);
        assert_int_equal(back, m);
    }
    enum mode m;
    assert_int_equal(mode_parse(STR("Live"), &m), -ERR_NOT_FOUND);
}

static void meters_survive_text(void **state)
{
    for (enum limit_meter m = METER_USD; m < METER_COUNT; m++) {
        enum limit_meter back;
        char text[METER_TEXT_BYTES], currency[CURRENCY_BYTES];
        assert_int_equal(meter_parse(meter_text(m, "EUR", text), &back, currency), 0);
        assert_int_equal(back, m);
        assert_string_equal(currency, m == METER_CURRENCY ? "EUR" : "");
    }
}

static void a_meter_of_a_currency_names_one_other_than_dollars(void **state)
{
    static const char *const wrong[] = {"token", "currency", "currency:", "currency:EU", "currency:EURO",
                                        "currency:eur", "currency:E1R", "currency:USD", "currency/EUR", "EUR", ""};
    enum limit_meter m = METER_TOKENS;
    char text[METER_TEXT_BYTES], currency[CURRENCY_BYTES] = "JPY";
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(meter_parse(str_c(wrong[i]), &m, currency), -ERR_NOT_FOUND);
    assert_int_equal(m, METER_TOKENS);
    assert_string_equal(currency, "JPY");
    assert_int_equal(meter_parse(STR("currency:EUR"), &m, currency), 0);
    assert_int_equal(m, METER_CURRENCY);
    assert_text(meter_text(m, currency, text), "currency:EUR");
    assert_text(meter_unit(m, currency), "EUR");
    assert_text(meter_unit(METER_USD, "\0\0\0"), "USD");
    assert_true(meter_is_money(m) && meter_is_cost(m) && !meter_is_tokens(m));
    assert_true(meter_is_money(METER_USD) && !meter_is_money(METER_TOKENS) && meter_is_tokens(METER_OUTPUT_TOKENS));
}

static void what_was_used_of_a_currency_is_nothing_of_another(void **state)
{
    const struct used used = {.usd = 7, .amount = 5, .currency = "EUR"}, unknown = USED_UNKNOWN_ALL;
    assert_int_equal(used_of(&used, METER_CURRENCY, "EUR"), 5);
    assert_int_equal(used_of(&used, METER_CURRENCY, "GBP"), 0);
    assert_int_equal(used_of(&used, METER_USD, "\0\0\0"), 7);
    assert_int_equal(used_of(&unknown, METER_CURRENCY, "EUR"), USED_UNKNOWN);
}

static void the_rest_reads_as_the_record_shows_it(void **state)
{
    assert_int_equal(EFFECT_DENY, 0);
    assert_text(effect_text(EFFECT_DENY), "deny");
    assert_text(effect_text(EFFECT_PERMIT), "permit");
    assert_text(effect_text(EFFECT_APPROVE), "approve");
    assert_text(how_text(HOW_UNKNOWN), "unknown");
    assert_text(how_text(HOW_PARSED), "parsed");
    assert_text(run_source_text(RUN_KEY_SUFFIX), "key_suffix");
    assert_text(run_source_text(RUN_MADE), "made");
    assert_text(run_trust_text(RUN_CLAIMED), "claimed");
    assert_text(run_trust_text(RUN_MINTED), "minted");
    assert_null(value_source_text(SOURCE_NONE).p);
    assert_text(value_source_text(SOURCE_LOOKUP), "lookup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_say_which_way_value_goes),
        cmocka_unit_test(every_class_but_unknown_can_be_written_in_a_document),
        cmocka_unit_test(codes_never_use_a_status_that_sdks_retry_for_a_verdict),
        cmocka_unit_test(outcomes_and_modes_survive_text),
        cmocka_unit_test(meters_survive_text),
        cmocka_unit_test(a_meter_of_a_currency_names_one_other_than_dollars),
        cmocka_unit_test(what_was_used_of_a_currency_is_nothing_of_another),
        cmocka_unit_test(the_rest_reads_as_the_record_shows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
