/* codec/utf8: what is a character, and what is none. */
#include "codec/utf8.h"

#include "unit.h"

static void characters_of_each_length_are_read(void **state)
{
    assert_int_equal(utf8_next(STR("a")), 1);
    assert_int_equal(utf8_next(STR("\0")), 1);
    assert_int_equal(utf8_next(STR("\x7f")), 1);
    assert_int_equal(utf8_next(STR("\xc2\x80")), 2);
    assert_int_equal(utf8_next(STR("\xdf\xbf")), 2);
    assert_int_equal(utf8_next(STR("\xe0\xa0\x80")), 3);
    assert_int_equal(utf8_next(STR("\xed\x9f\xbf")), 3);
    assert_int_equal(utf8_next(STR("\xee\x80\x80")), 3);
    assert_int_equal(utf8_next(STR("\xef\xbf\xbf")), 3);
    assert_int_equal(utf8_next(STR("\xf0\x90\x80\x80")), 4);
    assert_int_equal(utf8_next(STR("\xf4\x8f\xbf\xbf and more")), 4);
}

static void malformed_sequences_are_no_character(void **state)
{
    static const struct str bad[] = {
        STR_INIT(""),
        STR_INIT("\x80"),             /* a tail alone */
        STR_INIT("\xbf"),
        STR_INIT("\xc0\xaf"),         /* overlong '/' */
        STR_INIT("\xc1\xbf"),
        STR_INIT("\xc2"),             /* cut */
        STR_INIT("\xc2\x41"),
        STR_INIT("\xe0\x9f\xbf"),     /* overlong */
        STR_INIT("\xe2\x82"),
        STR_INIT("\xe2\x28\xa1"),
        STR_INIT("\xed\xa0\x80"),     /* surrogates */
        STR_INIT("\xed\xbf\xbf"),
        STR_INIT("\xf0\x8f\xbf\xbf"), /* overlong */
        STR_INIT("\xf0\x90\x80"),
        STR_INIT("\xf4\x90\x80\x80"), /* above U+10FFFF */
        STR_INIT("\xf5\x80\x80\x80"),
        STR_INIT("\xff"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(utf8_next(bad[i]), 0);
}

static void a_text_is_valid_when_all_of_it_is(void **state)
{
    assert_true(utf8_is_valid(STR("")));
    assert_true(utf8_is_valid(STR("na\xc3\xafve \xe2\x82\xac \xf0\x9d\x84\x9e")));
    assert_false(utf8_is_valid(STR("na\xc3\xafve \xe2\x82")));
    assert_false(utf8_is_valid(STR("\xff" "abc")));
}

static void every_code_point_is_written_as_it_is_read(void **state)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code == 0xd800)
            code = 0xe000;
        char out[4];
        size_t n = utf8_write(code, out);
        assert_int_equal(utf8_next((struct str){out, n}), n);
        assert_int_equal(utf8_code((struct str){out, n}, n), code);
        assert_int_equal(n, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
    }
    char out[4];
    assert_str(((struct str){out, utf8_write(0x20ac, out)}), "\xe2\x82\xac");
}

static void write_surrogate(void *ctx)
{
    char out[4];
    utf8_write(0xd800, out);
}

static void surrogates_are_never_written(void **state)
{
    assert_true(unit_aborts(write_surrogate, NULL));
}

static void a_cut_falls_between_characters(void **state)
{
    struct str s = STR("a\xe2\x82\xac" "b");
    assert_str(utf8_cut(s, 5), "a\xe2\x82\xac" "b");
    assert_str(utf8_cut(s, 4), "a\xe2\x82\xac");
    assert_str(utf8_cut(s, 3), "a");
    assert_str(utf8_cut(s, 2), "a");
    assert_str(utf8_cut(s, 1), "a");
    assert_str(utf8_cut(s, 0), "");
    /* no text: never far from where it was asked */
    assert_int_equal(utf8_cut(STR("\x80\x80\x80\x80\x80\x80"), 5).n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_of_each_length_are_read),
        cmocka_unit_test(malformed_sequences_are_no_character),
        cmocka_unit_test(a_text_is_valid_when_all_of_it_is),
        cmocka_unit_test(every_code_point_is_written_as_it_is_read),
        cmocka_unit_test(surrogates_are_never_written),
        cmocka_unit_test(a_cut_falls_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
