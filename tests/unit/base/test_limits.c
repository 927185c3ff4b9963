/* base/limits: the table is sound, and values outside it are refused. */
#include "base/limits.h"

#include "base/err.h"
#include "unit.h"

static void defaults_lie_within_their_bounds(void **state)
{
    struct limits l;
    size_t n;
    memset(&l, 0xff, sizeof l);
    limits_default(&l);
    const struct limit_info *t = limits_table(&n);
    assert_int_equal(n * sizeof(int64_t), sizeof l);
    for (size_t i = 0; i < n; i++) {
        int64_t value;
        memcpy(&value, (char *)&l + t[i].offset, sizeof value);
        assert_true(value == t[i].def);
        assert_true(t[i].least >= 0 && t[i].least <= t[i].def && t[i].def <= t[i].most);
        assert_true(strlen(t[i].help) > 0 && strlen(t[i].unit) > 0);
        if (str_ends(t[i].name, STR("_ms")))
            assert_string_equal(t[i].unit, "ms");
    }
}

static void the_named_value_is_set_and_no_other(void **state)
{
    struct limits l, before;
    limits_default(&l);
    before = l;
    assert_int_equal(limits_set(&l, STR("head_fields_max"), 77), 0);
    assert_int_equal(l.head_fields_max, 77);
    l.head_fields_max = before.head_fields_max;
    assert_memory_equal(&l, &before, sizeof l);
}

static void every_bound_holds_at_its_edge(void **state)
{
    struct limits l;
    size_t n;
    limits_default(&l);
    const struct limit_info *t = limits_table(&n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(limits_set(&l, t[i].name, t[i].least), 0);
        assert_int_equal(limits_set(&l, t[i].name, t[i].least - 1), -ERR_OVERFLOW);
        assert_int_equal(limits_set(&l, t[i].name, t[i].most), 0);
        assert_int_equal(limits_set(&l, t[i].name, t[i].most + 1), -ERR_OVERFLOW);
    }
}

static void unknown_names_are_refused(void **state)
{
    struct limits l;
    limits_default(&l);
    assert_int_equal(limits_set(&l, STR("head_field_max"), 50), -ERR_NOT_FOUND);
    assert_int_equal(limits_set(&l, STR_NONE, 50), -ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_lie_within_their_bounds),
        cmocka_unit_test(the_named_value_is_set_and_no_other),
        cmocka_unit_test(every_bound_holds_at_its_edge),
        cmocka_unit_test(unknown_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
