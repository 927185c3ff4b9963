/* codec/csv.c: a table in which nothing is a formula that a stranger wrote. */
#include "../unit.h"

#include "codec/csv.h"

static struct buf out;

static int setup(void **state)
{
    buf_init(&out, 4096);
    return 0;
}

static int teardown(void **state)
{
    buf_deinit(&out);
    return 0;
}

static void is(struct str text, const char *want)
{
    buf_reset(&out);
    assert_int_equal(csv_text(&out, text), 0);
    assert_str(buf_str(&out), want);
}

static void texts_stand_in_quotes(void **state)
{
    is(STR(""), "\"\"");
    is(STR("plain"), "\"plain\"");
    is(STR("a,b"), "\"a,b\"");
    is(STR("say \"hi\""), "\"say \"\"hi\"\"\"");
    is(STR("two\nlines"), "\"two\nlines\"");
    is(STR("cus_9"), "\"cus_9\"");
    is(STR("ann@example.com"), "\"ann@example.com\"");
    is(STR("a=1"), "\"a=1\"");
}

static void what_begins_like_a_formula_is_text(void **state)
{
    static const char *const formulas[] = {"=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"x\")",
                                           " =1", "  \t=1", "\t1", "\r1", "\n1", "\xef\xbc\x9d" "1", "\xef\xbc\x8b" "1",
                                           "\xef\xbc\x8d" "1", "\xef\xbc\xa0" "1", " \xef\xbc\x9d" "1"};
    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
        buf_reset(&out);
        assert_int_equal(csv_text(&out, str_c(formulas[i])), 0);
        assert_true(str_starts(buf_str(&out), STR("\"'")));
    }
    is(STR(" plain"), "\" plain\"");
    is(STR(" "), "\" \"");
}

static void numbers_of_ours_stay_numbers(void **state)
{
    assert_int_equal(csv_number(&out, STR("-0.500000000")), 0);
    assert_int_equal(csv_next(&out), 0);
    assert_int_equal(csv_text(&out, STR("-0.5")), 0);
    assert_int_equal(csv_end(&out), 0);
    assert_str(buf_str(&out), "-0.500000000,\"'-0.5\"\r\n");
}

static void a_full_buffer_is_noticed(void **state)
{
    struct buf small;
    buf_init(&small, 4);
    assert_int_equal(csv_text(&small, STR("ab")), 0);
    assert_true(csv_text(&small, STR("c")) < 0);
    buf_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_stand_in_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_begins_like_a_formula_is_text, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_of_ours_stay_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_buffer_is_noticed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
