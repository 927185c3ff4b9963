/* call/label.c: what a label may look like. */
#include "call/label.h"

#include "base/err.h"
#include "unit.h"

#include <string.h>

static void a_label_is_a_name_and_a_value(void **state)
{
    (void)state;
    struct label l;
    assert_int_equal(label_parse(STR("team=payments"), &l), 0);
    assert_str(l.name, "team");
    assert_str(l.value, "payments");
    assert_int_equal(label_parse(STR("cost-centre_2=EU/4711:a@b.example"), &l), 0);
    assert_str(l.value, "EU/4711:a@b.example");
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const struct str wrong[] = {STR_INIT(""),         STR_INIT("team"),     STR_INIT("=payments"),
                                       STR_INIT("team="),    STR_INIT("Team=a"),   STR_INIT("te.am=a"),
                                       STR_INIT("team=a b"), STR_INIT("team=a=b"), STR_INIT("team=a,b"),
                                       STR_INIT("team=a*")};
    struct label l = {.name = STR("untouched")};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(label_parse(wrong[i], &l), -ERR_INVALID);
    assert_str(l.name, "untouched");
}

static int parse_sizes(size_t n_name, size_t n_value)
{
    char text[LABEL_NAME_CHARS_MAX + LABEL_VALUE_CHARS_MAX + 8];
    struct label l;
    memset(text, 'a', sizeof text);
    text[n_name] = '=';
    return label_parse((struct str){text, n_name + 1 + n_value}, &l);
}

static void names_and_values_end_at_their_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_sizes(LABEL_NAME_CHARS_MAX, LABEL_VALUE_CHARS_MAX), 0);
    assert_int_equal(parse_sizes(LABEL_NAME_CHARS_MAX + 1, 1), -ERR_INVALID);
    assert_int_equal(parse_sizes(1, LABEL_VALUE_CHARS_MAX + 1), -ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_is_a_name_and_a_value),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(names_and_values_end_at_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
