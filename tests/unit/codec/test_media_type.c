/* codec/media_type: what a Content-Type may say beside its type. */
#include "codec/media_type.h"

#include "unit.h"

static bool is_json(const char *field) { return media_type_is(str_c(field), STR("application/json")); }

static void the_type_stands_in_any_case(void **state)
{
    assert_true(is_json("application/json"));
    assert_true(is_json(" Application/JSON "));
    assert_false(is_json(""));
    assert_false(is_json("application/jsonp"));
    assert_false(is_json("text/json"));
    assert_false(is_json("application/json, text/html"));
}

static void utf8_is_the_only_parameter(void **state)
{
    assert_true(is_json("application/json; charset=utf-8"));
    assert_true(is_json("application/json;charset=\"UTF-8\""));
    assert_false(is_json("application/json;"));
    assert_false(is_json("application/json; charset=utf-16"));
    assert_false(is_json("application/json; boundary=x"));
    assert_false(is_json("application/json; charset=utf-8; x=y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_type_stands_in_any_case),
        cmocka_unit_test(utf8_is_the_only_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
