/*
 * tests/unit/proxy/test_cause_fit.c - when a call looks like what a tool call asked for, and when it only might.
 */
#include "unit.h"

#include "proxy/cause_fit.h"

/* A refund of 5.00 USD of ch_1, the reason being a word. */
static const struct param params[] = {{.name = STR_INIT("charge"), .s = STR_INIT("ch_1")},
                                      {.name = STR_INIT("amount"), .kind = KIND_INT, .i = 500, .s = STR_INIT("500")},
                                      {.name = STR_INIT("reason"), .s = STR_INIT("duplicate")}};
static const struct facts refund = {
    .customer = STR_INIT("cus_7"),
    .amount = {.is_known = true, .minor = 500, .exponent = 2, .currency = "USD"},
    .params = params,
    .n_params = 3,
};

static struct cause_fit fit_of(const char *args, const struct facts *f)
{
    struct cause_value values[CAUSE_VALUES_MAX];
    struct arena a;
    arena_init(&a, 1 << 20);
    size_t n = cause_values(str_c(args), &a, values);
    struct cause_target t;
    cause_target(f, &t);
    struct cause_fit fit = cause_fit(values, n, &t);
    arena_deinit(&a);
    return fit;
}

static bool fits(const char *args) { return fit_of(args, &refund).is_fit; }

static void an_id_among_the_arguments_makes_it_fit(void **state)
{
    assert_true(fits("{\"charge_id\":\"ch_1\"}"));
    assert_true(fits("{\"deep\":[{\"er\":{\"x\":\"ch_1\"}}]}"));
    assert_true(fits("{\"customer\":\"cus_7\"}"));
    assert_false(fits("{\"charge_id\":\"ch_2\"}"));
    assert_false(fits("{\"charge_id\":\"ch_11\"}")); /* whole values only */
}

static void words_and_numbers_alone_prove_nothing(void **state)
{
    assert_false(fits("{\"amount\":500}"));
    assert_false(fits("{\"amount\":500,\"reason\":\"duplicate\"}"));
    assert_false(fits("{}"));
    assert_int_equal(fit_of("{\"amount\":500,\"reason\":\"duplicate\"}", &refund).n_matched, 2);
}

static void an_amount_is_matched_in_whole_and_in_minor_units(void **state)
{
    assert_int_equal(fit_of("{\"a\":5}", &refund).n_matched, 1);
    assert_int_equal(fit_of("{\"a\":5.00}", &refund).n_matched, 1);
    assert_int_equal(fit_of("{\"a\":\"5.00\"}", &refund).n_matched, 1);
    assert_int_equal(fit_of("{\"a\":500}", &refund).n_matched, 1);
    assert_int_equal(fit_of("{\"a\":5.01}", &refund).n_matched, 0);
    assert_int_equal(fit_of("{\"a\":50}", &refund).n_matched, 0);
    struct facts f = {.amount = {.is_known = true, .minor = INT64_MAX, .exponent = 0}};
    assert_int_equal(fit_of("{\"a\":9223372036}", &f).n_matched, 0); /* does not fit nano-units: never equal */
}

static bool is_distinct(const char *text)
{
    struct param p = {.name = STR("x"), .s = str_c(text)};
    struct facts f = {.params = &p, .n_params = 1};
    char args[256];
    snprintf(args, sizeof args, "[\"%s\"]", text);
    struct cause_fit fit = fit_of(args, &f);
    return fit.is_fit;
}

static void what_is_hardly_there_by_chance_is_distinctive(void **state)
{
    assert_true(is_distinct("ch_1"));
    assert_true(is_distinct("a@b.example"));
    assert_true(is_distinct("+15550100"));
    assert_true(is_distinct("100123"));
    assert_true(is_distinct("Your refund is on its way"));
    assert_false(is_distinct("10012"));
    assert_false(is_distinct("requested_by_customer"));
    assert_true(is_distinct("all of it please"));
    assert_false(is_distinct("all that please"));
    assert_false(is_distinct("2026-11-23"));
    assert_false(is_distinct("c_1")); /* below CAUSE_STRING_BYTES_MIN */
}

static void values_are_taken_up_to_their_limits(void **state)
{
    char args[4096], text[CAUSE_VALUE_BYTES_MAX + 2];
    struct cause_value values[CAUSE_VALUES_MAX];
    struct arena a;
    size_t n = 0;
    arena_init(&a, 1 << 20);
    for (int i = 0; i < CAUSE_VALUES_MAX + 1; i++)
        n += (size_t)snprintf(args + n, sizeof args - n, "%c%d", i ? ',' : '[', i);
    snprintf(args + n, sizeof args - n, "]");
    assert_int_equal(cause_values(str_c(args), &a, values), CAUSE_VALUES_MAX);

    memset(text, 'x', sizeof text);
    text[CAUSE_VALUE_BYTES_MAX + 1] = 0;
    snprintf(args, sizeof args, "[\"%s\"]", text);
    assert_int_equal(cause_values(str_c(args), &a, values), 0);
    snprintf(args, sizeof args, "[\"%s\"]", text + 1);
    assert_int_equal(cause_values(str_c(args), &a, values), 1);
    arena_deinit(&a);
}

static void parameters_are_looked_at_up_to_their_limit(void **state)
{
    struct param many[CAUSE_TARGETS_MAX + 1];
    struct facts f = {.params = many, .n_params = CAUSE_TARGETS_MAX + 1};
    for (size_t i = 0; i <= CAUSE_TARGETS_MAX; i++)
        many[i] = (struct param){.name = STR("p"), .s = STR("x")};
    many[CAUSE_TARGETS_MAX - 1].s = STR("ch_1");
    many[CAUSE_TARGETS_MAX].s = STR("ch_2");
    assert_true(fit_of("[\"ch_1\"]", &f).is_fit);
    assert_false(fit_of("[\"ch_2\"]", &f).is_fit);
}

static void arguments_that_are_no_json_have_no_values(void **state)
{
    static const char *const BAD[] = {"", "{\"charge\":\"ch_1\"", "charge=ch_1", "{\"a\":\"ch_1\",\"a\":\"ch_1\"}",
                                      "[[[[[[[[[[[[[[[[[[\"ch_1\"]]]]]]]]]]]]]]]]]]", "\xff"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_false(fits(BAD[i]));
}

static void more_matches_fit_better_then_fewer_others(void **state)
{
    struct cause_fit one = fit_of("{\"c\":\"ch_1\"}", &refund);
    struct cause_fit two = fit_of("{\"c\":\"ch_1\",\"a\":5.00}", &refund);
    struct cause_fit one_of_two = fit_of("{\"c\":\"ch_1\",\"a\":7.00}", &refund);
    assert_true(cause_fit_is_better(two, one) && !cause_fit_is_better(one, two));
    assert_true(cause_fit_is_better(one, one_of_two) && !cause_fit_is_better(one_of_two, one));
    assert_true(!cause_fit_is_better(one, one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_among_the_arguments_makes_it_fit),
        cmocka_unit_test(words_and_numbers_alone_prove_nothing),
        cmocka_unit_test(an_amount_is_matched_in_whole_and_in_minor_units),
        cmocka_unit_test(what_is_hardly_there_by_chance_is_distinctive),
        cmocka_unit_test(values_are_taken_up_to_their_limits),
        cmocka_unit_test(parameters_are_looked_at_up_to_their_limit),
        cmocka_unit_test(arguments_that_are_no_json_have_no_values),
        cmocka_unit_test(more_matches_fit_better_then_fewer_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
