/* expr/expr: what conditions over facts come to, what they may cost, and what is said of them. */
#include "scope.h"

/* "true", "false", "error: text", or a number. */
static struct str result_of(struct arena *a, struct str text)
{
    struct expr_fault fault;
    struct value v;
    struct expr *e = scope_compile(a, text, &fault);
    if (!e)
        return arena_printf(a, "refused: " STR_FMT, STR_ARG(fault.message));
    expr_eval(e, &scope_facts, a, &v);
    switch (v.kind) {
    case TYPE_BOOL:
        return v.b ? STR("true") : STR("false");
    case TYPE_INT:
        return arena_i64(a, v.i);
    case TYPE_STRING:
        return v.s;
    case TYPE_ERROR:
        return arena_printf(a, "error: " STR_FMT, STR_ARG(expr_error_text(e, &v, a)));
    default:
        return type_kind_text(v.kind);
    }
}

struct row {
    const char *text, *want;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct arena a;
    for (size_t i = 0; i < n; i++) {
        arena_init(&a, 16 << 20);
        assert_str(result_of(&a, str_c(rows[i].text)), rows[i].want);
        arena_deinit(&a);
    }
}

#define CHECK(...) \
    do { \
        static const struct row rows[] = {__VA_ARGS__}; \
        check_rows(rows, sizeof rows / sizeof *rows); \
    } while (0)

static void facts_are_compared_with_literals(void **state)
{
    CHECK({"params.amount <= 20000 && params.currency == 'usd'", "false"},
          {"params.amount <= 50000 && params.currency in ['usd', 'eur']", "true"},
          {"params['amount'] == 50000", "true"},
          {"params.`amount` == 50000", "true"},
          {"params['transfer_data[amount]'] == 7", "true"},
          {"params.`transfer_data[amount]` == 7", "true"},
          {"size(params.to) == 2 && params.to.all(x, x.endsWith('@acme.example'))", "true"},
          {"params.to.exists(x, x.matches('^ann@'))", "true"},
          {"params.speed == 'fast' && params.speed != 3", "true"});
}

static void a_function_of_one_form_takes_no_fact_of_another_type(void **state)
{
    CHECK({"params.speed.value() == 3", "error: `params.speed.value()`: a value has a type that does not fit here"},
          {"params.speed.hasValue()", "error: `params.speed.hasValue()`: a value has a type that does not fit here"});
}

static void amounts_of_money_are_exact_and_of_their_own_type(void **state)
{
    CHECK({"cost.estimate <= usd('12.50')", "true"},
          {"cost.estimate < usd('12.500000001')", "true"},
          {"cost.estimate == usd('12.499999999')", "false"},
          {"cost.estimate * 2 == usd('25') && 2 * cost.estimate - usd('25') == usd('0')", "true"},
          {"string(cost.estimate + usd('0.1'))", "12.60"},
          {"cost.estimate * 9223372036854775807 > usd('1')",
           "error: `cost.estimate * 9223372036854775807`: the result does not fit"});
}

static void times_are_asked_in_utc_or_with_an_offset(void **state)
{
    CHECK({"now.getHours()", "12"}, {"now.getHours('+05:30')", "18"}, {"now.getDayOfWeek()", "1"},
          {"now.getHours() >= 9 && now.getHours() < 17", "true"},
          {"now - timestamp('2026-11-23T00:00:00Z') > duration('12h30m')", "true"},
          {"string(now)", "2026-11-23T12:30:00.005Z"}, {"string(duration('-1.5s'))", "-1.5s"});
}

static void a_fact_that_is_lacking_is_an_error_unless_the_other_side_decides(void **state)
{
    CHECK({"params.lacking > 5", "error: `params.lacking`: this call has none"},
          {"params.lacking > 5 || params.amount == 50000", "true"},
          {"params.amount == 50000 || params.lacking > 5", "true"},
          {"params.lacking > 5 && params.amount == 1", "false"},
          {"params.lacking > 5 && params.amount == 50000", "error: `params.lacking`: this call has none"},
          {"has(params.lacking) && params.lacking > 5", "false"},
          {"!has(params.lacking)", "true"},
          {"has(params.amount)", "true"},
          {"params.lacking > 5 ? true : true", "error: `params.lacking`: this call has none"});
}

static void errors_inside_macros_are_absorbed_as_in_chains(void **state)
{
    CHECK({"[1, 0, 2].exists(x, 2 / x == 2)", "true"}, {"[0, 1, 2].exists(x, 2 / x == 2)", "true"},
          {"[0, 1].all(x, 1 / x == 7)", "false"}, {"[0, 1].all(x, 1 / x == 1)", "error: `1 / x`: division by zero"},
          {"[[1, 2], [3]].all(xs, xs.exists(x, x > 1))", "true"});
}

static void the_same_text_costs_the_same_and_a_large_fact_more(void **state)
{
    struct arena a;
    struct expr_fault fault;
    arena_init(&a, 16 << 20);
    struct expr *small = scope_compile(&a, STR("params.amount > 1"), &fault);
    struct expr *large = scope_compile(&a, STR("params.currency.contains('u')"), &fault);
    assert_non_null(small);
    assert_non_null(large);
    assert_true(expr_cost(small) < 10);
    assert_true(expr_cost(large) > EXPR_TEXT_BYTES_ASSUMED / 16);
    arena_deinit(&a);
}

/* A fact of n bytes under the name params.currency. */
static bool get_long(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    *ret = value_str(*(const struct str *)ctx);
    return true;
}

static void a_fact_that_is_far_too_large_ends_with_an_error(void **state)
{
    struct arena a;
    struct expr_fault fault;
    struct value v;
    arena_init(&a, 64 << 20);
    struct expr *e = scope_compile(&a, STR("params.currency.matches('(a|b|c|d|e|f)+x$')"), &fault);
    assert_non_null(e);
    size_t n = 16 << 20;
    char *p = malloc(n);
    memset(p, 'a', n);
    struct str text = {p, n};
    const struct expr_facts facts = {get_long, &text};
    expr_eval(e, &facts, &a, &v);
    assert_int_equal(v.kind, TYPE_ERROR);
    assert_str(str_c(v.error.text), "it takes too many steps");
    text.n = 1000;
    expr_eval(e, &facts, &a, &v);
    assert_int_equal(v.kind, TYPE_BOOL);
    free(p);
    arena_deinit(&a);
}

static void scratch_is_bounded(void **state)
{
    struct arena a;
    struct expr_fault fault;
    struct value v;
    arena_init(&a, 64 << 20);
    struct expr *e = scope_compile(&a, STR("size(params.currency + params.currency) > 0"), &fault);
    assert_non_null(e);
    size_t n = EXPR_SCRATCH_BYTES_MAX / 2;
    char *p = malloc(n);
    memset(p, 'a', n);
    struct str text = {p, n};
    const struct expr_facts facts = {get_long, &text};
    expr_eval(e, &facts, &a, &v);
    assert_int_equal(v.kind, TYPE_ERROR); /* one byte stands behind the text */
    text.n = n - 1;
    expr_eval(e, &facts, &a, &v);
    assert_int_equal(v.kind, TYPE_BOOL);
    free(p);
    arena_deinit(&a);
}

static void expect_why(const char *text, const char *want)
{
    struct arena a;
    struct expr_fault fault;
    arena_init(&a, 16 << 20);
    struct expr *e = scope_compile(&a, str_c(text), &fault);
    assert_non_null(e);
    assert_str(expr_why(e, &scope_facts, &a), want);
    arena_deinit(&a);
}

static void the_false_part_is_named_with_its_numbers_and_no_texts(void **state)
{
    expect_why("params.currency == 'usd' && params.amount <= 20000",
               "`params.amount <= 20000` (params.amount is 50000)");
    expect_why("params.currency == 'eur' && params.amount <= 20000", "`params.currency == 'eur'`");
    expect_why("params.amount > 1 && (cost.estimate < usd('1')\n   && true)",
               "`cost.estimate < usd('1')` (cost.estimate is 12.50 USD)");
    expect_why("params.amount == 1 || params.amount == 2",
               "`params.amount == 1 || params.amount == 2` (params.amount is 50000)");
    expect_why("params.lacking > 1 && true", "`params.lacking > 1`");
    expect_why("params.amount == 50000", "");
}

static void a_long_part_is_cut_between_characters(void **state)
{
    struct arena a;
    struct expr_fault fault;
    char text[600] = "params.currency == '";
    arena_init(&a, 16 << 20);
    for (int i = 0; i < 100; i++)
        strcat(text, "\xc3\xa9");
    strcat(text, "'");
    struct expr *e = scope_compile(&a, str_c(text), &fault);
    assert_non_null(e);
    struct str why = expr_why(e, &scope_facts, &a);
    assert_true(why.n < 200 && str_ends(why, STR("\xc3\xa9...`")));
    arena_deinit(&a);
}

static void note_slot(unsigned slot, void *ctx)
{
    *(unsigned *)ctx |= 1u << slot;
}

static void the_facts_that_are_read_are_listed(void **state)
{
    struct arena a;
    struct expr_fault fault;
    unsigned slots = 0;
    arena_init(&a, 16 << 20);
    struct expr *e = scope_compile(&a, STR("has(params.lacking) || [1].all(x, x < params.amount)"), &fault);
    assert_non_null(e);
    expr_each_slot(e, note_slot, &slots);
    assert_int_equal(slots, 1u << SLOT_LACKING | 1u << SLOT_AMOUNT);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_compared_with_literals),
        cmocka_unit_test(amounts_of_money_are_exact_and_of_their_own_type),
        cmocka_unit_test(a_function_of_one_form_takes_no_fact_of_another_type),
        cmocka_unit_test(times_are_asked_in_utc_or_with_an_offset),
        cmocka_unit_test(a_fact_that_is_lacking_is_an_error_unless_the_other_side_decides),
        cmocka_unit_test(errors_inside_macros_are_absorbed_as_in_chains),
        cmocka_unit_test(the_same_text_costs_the_same_and_a_large_fact_more),
        cmocka_unit_test(a_fact_that_is_far_too_large_ends_with_an_error),
        cmocka_unit_test(scratch_is_bounded),
        cmocka_unit_test(the_false_part_is_named_with_its_numbers_and_no_texts),
        cmocka_unit_test(a_long_part_is_cut_between_characters),
        cmocka_unit_test(the_facts_that_are_read_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
