/* expr: what is no condition is refused when it is compiled, with the place and the nearest name. */
#include "base/err.h"
#include "scope.h"

static void expect(const char *text, const char *code, size_t at, size_t end, const char *message)
{
    struct arena a;
    struct expr_fault fault;
    arena_init(&a, 16 << 20);
    struct expr *e = scope_compile(&a, str_c(text), &fault);
    if (e)
        print_error("compiled: %s\n", text);
    assert_null(e);
    assert_str(fault.message, message);
    assert_string_equal(fault.code, code);
    assert_int_equal(fault.at, at);
    assert_int_equal(fault.end, end);
    arena_deinit(&a);
}

static void names_that_are_not_known_are_refused_with_the_nearest(void **state)
{
    expect("params.ammount > 1", "expr_unknown", 0, 14,
           "`params.ammount` is not known; did you mean `params.amount`?");
    expect("1 < prams.amount", "expr_unknown", 4, 16, "`prams.amount` is not known; did you mean `params.amount`?");
    expect("amount > 1", "expr_unknown", 0, 6, "`amount` is not known; did you mean `params.amount`?");
    expect("zebra == 1", "expr_unknown", 0, 5, "`zebra` is not known");
    expect("params.to.all(x, y == 'a')", "expr_unknown", 17, 18, "`y` is not known");
    expect("params.currency.startWith('u')", "expr_unknown", 0, 30,
           "the function `startWith` is not known; did you mean `startsWith`?");
    expect("startsWith(params.currency, 'u')", "expr_unknown", 0, 32,
           "`startsWith` is called as a field of its subject: x.f()");
    expect("has(params.amout)", "expr_unknown", 0, 17, "`has(params.amout)` is not known");
}

static void types_that_do_not_fit_are_refused(void **state)
{
    expect("params.amount == 'x'", "expr_type", 0, 20,
           "int is compared with string; a number is written without quotes");
    expect("params.amount < 20000.0", "expr_type", 0, 23,
           "int is compared with double; a whole number is written without a point");
    expect("cost.estimate < 5", "expr_type", 0, 17,
           "money is compared with int; an amount is written usd(\"12.50\")");
    expect("params.amount + cost.estimate > 1", "expr_type", 0, 29, "`+` does not take int and money");
    expect("params.amount && true", "expr_type", 0, 13, "this is true or false, not int");
    expect("params.amount ? 1 : 2", "expr_type", 0, 13, "this is true or false, not int");
    expect("true ? 1 : 'a'", "expr_type", 0, 14, "one value is int, the other string");
    expect("params.currency in [1, 2]", "expr_type", 0, 25, "string is never in a list(int)");
    expect("params.amount in 'abc'", "expr_type", 17, 22, "`in` looks into a list or a map, not into string");
    expect("[1] < [2]", "expr_type", 0, 9, "list(int) has no order");
    expect("params.amount.cents == 1", "expr_type", 0, 19, "int has no fields");
    expect("params.to['a'] == 'b'", "expr_type", 10, 13, "the index is int, not string");
    expect("params.amount[0] == 1", "expr_type", 0, 16, "int has no elements");
    expect("params.to.all(x, x + 'a')", "expr_type", 17, 24, "this is true or false, not string");
    expect("params.amount.all(x, true)", "expr_type", 0, 13, "this macro does not go over int");
    expect("params.amount.matches('a')", "expr_type", 0, 13, "matches() looks at a string, not at int");
    expect("size(params.amount) == 1", "expr_type", 0, 19, "`size` does not take int");
    expect("-params.currency == 'a'", "expr_type", 0, 16, "`-` does not take string");
    expect("{[1]: 2} == {}", "expr_type", 1, 4, "a map's key is no list(int)");
}

static void words_that_are_no_expression_are_refused_where_they_stand(void **state)
{
    expect("", "expr_syntax", 0, 0, "the condition ends where a value should be");
    expect("params.amount >", "expr_syntax", 15, 15, "the condition ends where a value should be");
    expect("params.amount = 1", "expr_syntax", 14, 15, "`=` is no operator; equality is `==`");
    expect("true & false", "expr_syntax", 5, 6, "`&` is no operator; write `&&`");
    expect("(true", "expr_syntax", 5, 5, "the condition ends where `)` should be");
    expect("true)", "expr_syntax", 4, 5, "`)` stands where an operator or the end should be");
    expect("[1, 2", "expr_syntax", 5, 5, "the condition ends where ] should be");
    expect("'abc", "expr_syntax", 0, 4, "this text has no closing quote");
    expect("for == 1", "expr_syntax", 0, 3, "`for` is a word that CEL keeps for itself");
    expect("Money{amount: 1}", "expr_syntax", 0, 6, "there are no messages here; a map is {'key': value}");
    expect("has(params)", "expr_syntax", 4, 10, "has() takes a field: has(params.amount)");
    expect("params.to.all(1, true)", "expr_syntax", 14, 15,
           "the first argument of all() is a name for each element: xs.all(x, x > 0)");
    expect("params.to.all(x, x, true)", "expr_syntax", 0, 25, "the two names of all() differ");
    expect("true ? 1", "expr_syntax", 8, 8, "the condition ends where `:` and the other value should be");
    expect("1 # 2", "expr_syntax", 2, 3, "`#` has no meaning here");
    expect("size(params.to,) > 1", "expr_syntax", 15, 16, "`)` stands where an argument should be");
}

static void literals_that_mean_nothing_are_refused(void **state)
{
    expect("params.amount < 9223372036854775808", "expr_literal", 16, 35,
           "an int is at most 9223372036854775807 and at least -9223372036854775808");
    expect("1u < 18446744073709551616u", "expr_literal", 5, 26, "a uint is at most 18446744073709551615");
    expect("'\\q' == ''", "expr_literal", 1, 3, "an escape is \\n, \\\\, \\\", \\x41, \\101, \\u0041 or \\U00000041");
    expect("'\\ud800' == ''", "expr_literal", 1, 3, "this escape names no character of Unicode");
    expect("cost.estimate < usd('1.5x')", "expr_literal", 20, 26,
           "an amount is digits with at most nine behind the point: usd(\"12.50\")");
    expect("cost.estimate < usd(params.currency)", "expr_literal", 16, 36,
           "the argument is written out, as a text in quotes");
    expect("now > timestamp('2026-02-30T00:00:00Z')", "expr_literal", 16, 38,
           "a timestamp is written like 2026-11-23T12:30:00Z, in the years 1 to 9999");
    expect("now.getHours('Mars/Olympus') == 1", "expr_literal", 13, 27,
           "this time zone is not known; write an offset: '+02:00'");
    expect("params.currency.matches('a(')", "expr_literal", 24, 28, "at byte 3 of the pattern: this group has no `)`");
    expect("params.currency.matches(params.currency)", "expr_literal", 0, 40,
           "the pattern of matches() is written out, as a text in quotes");
}

/* `n` times `open`, then `middle`, then `n` times `close`. */
static struct str nest(struct arena *a, int n, const char *open, const char *middle, const char *close)
{
    struct str s = str_c(middle);
    for (int i = 0; i < n; i++)
        s = arena_printf(a, "%s" STR_FMT "%s", open, STR_ARG(s), close);
    return s;
}

static void expect_limit(struct str inside, struct str beyond, const char *message)
{
    struct arena a;
    struct expr_fault fault;
    arena_init(&a, 16 << 20);
    if (!scope_compile(&a, inside, &fault))
        print_error(STR_FMT "\n", STR_ARG(fault.message));
    assert_null(fault.code);
    assert_null(scope_compile(&a, beyond, &fault));
    assert_string_equal(fault.code, "expr_cost");
    assert_str(fault.message, message);
    arena_deinit(&a);
}

static void what_nests_too_deep_or_grows_too_large_is_refused(void **state)
{
    struct arena a;
    arena_init(&a, 64 << 20);
    expect_limit(nest(&a, EXPR_DEPTH_MAX - 1, "(", "true", ")"), nest(&a, EXPR_DEPTH_MAX, "(", "true", ")"),
                 "a condition nests at most 64 deep");
    expect_limit(nest(&a, EXPR_DEPTH_MAX - 1, "!", "true", ""), nest(&a, EXPR_DEPTH_MAX, "!", "true", ""),
                 "a condition nests at most 64 deep");
    expect_limit(nest(&a, EXPR_DEPTH_MAX - 1, "", "1", "+1"), nest(&a, EXPR_DEPTH_MAX, "", "1", "+1"),
                 "a condition nests at most 64 deep");
    struct str most = nest(&a, EXPR_NODES_MAX - 4, "", "1", ",1"); /* beside them: a list, a number, and `in` */
    expect_limit(arena_printf(&a, "1 in [" STR_FMT "]", STR_ARG(most)),
                 arena_printf(&a, "1 in [1," STR_FMT "]", STR_ARG(most)), "a condition has at most 2000 parts");
    struct str blanks = nest(&a, EXPR_BYTES_MAX - 4, " ", "true", "");
    expect_limit(blanks, arena_printf(&a, STR_FMT " ", STR_ARG(blanks)), "a condition has at most 8192 bytes");
    arena_deinit(&a);
}

static void loops_inside_loops_are_refused_by_what_they_can_cost(void **state)
{
    const char *loops = "params.to.all(a, params.to.all(b, params.to.all(c, a == b)))";
    const char *more = "params.to.all(a, params.to.all(b, params.to.all(c, params.to.all(d, a == b))))";
    const char *message = "this can take over 1000000 steps; use fewer loops inside each other, or simpler patterns";
    struct arena a;
    struct expr_fault fault;
    arena_init(&a, 16 << 20);
    assert_null(scope_compile(&a, str_c(more), &fault));
    assert_str(fault.message, message);
    assert_null(scope_compile(&a, str_c(loops), &fault)); /* texts of facts may be long */
    assert_non_null(scope_compile(&a, STR("[1, 2].all(a, [1, 2].all(b, [1, 2].all(c, a < b + c)))"), &fault));
    assert_null(scope_compile(&a, STR("params.currency.matches('(a?){900}')"), &fault));
    assert_str(fault.message, "at byte 10 of the pattern: the pattern is too large: its repetitions, written out, have "
                              "over 1000 states");
    arena_deinit(&a);
}

static void variables_of_macros_are_counted(void **state)
{
    struct arena a;
    arena_init(&a, 16 << 20);
    expect_limit(nest(&a, EXPR_LOCALS_MAX, "[1].all(x, ", "true", ")"),
                 nest(&a, EXPR_LOCALS_MAX + 1, "[1].all(x, ", "true", ")"),
                 "macros have at most 8 variables inside each other");
    arena_deinit(&a);
}

static void without_memory_there_is_no_expression(void **state)
{
    struct arena a;
    struct expr *e;
    struct expr_fault fault;
    for (size_t bytes = 0; bytes < 2000; bytes += 40) {
        arena_init(&a, bytes);
        int r = expr_compile(&a, STR("params.amount > 1 && params.currency.matches('a+') || 'b' in ['a']"),
                             &scope_plain, &e, &fault);
        assert_true(r == 0 || r == -ERR_TOO_LARGE);
        arena_deinit(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_not_known_are_refused_with_the_nearest),
        cmocka_unit_test(types_that_do_not_fit_are_refused),
        cmocka_unit_test(words_that_are_no_expression_are_refused_where_they_stand),
        cmocka_unit_test(literals_that_mean_nothing_are_refused),
        cmocka_unit_test(what_nests_too_deep_or_grows_too_large_is_refused),
        cmocka_unit_test(loops_inside_loops_are_refused_by_what_they_can_cost),
        cmocka_unit_test(variables_of_macros_are_counted),
        cmocka_unit_test(without_memory_there_is_no_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
