/* codec/hex. */
#include "codec/hex.h"

#include "base/err.h"
#include "unit.h"

static void bytes_become_lower_case_digits(void **state)
{
    char out[10];
    assert_str(hex_encode("\x00\x0f\xf0\xff\x5a", 5, out), "000ff0ff5a");
    assert_str(hex_encode(NULL, 0, out), "");
}

static void either_case_is_read(void **state)
{
    unsigned char out[4] = {0};
    assert_int_equal(hex_decode(STR("00fF5A"), out, 3), 0);
    assert_memory_equal(out, "\x00\xff\x5a\x00", 4);
    assert_int_equal(hex_decode(STR(""), out, 0), 0);
}

static void other_lengths_and_bytes_are_refused(void **state)
{
    unsigned char out[4];
    assert_int_equal(hex_decode(STR("00f"), out, 1), -ERR_INVALID);
    assert_int_equal(hex_decode(STR("00ff"), out, 3), -ERR_INVALID);
    assert_int_equal(hex_decode(STR("00ff"), out, 1), -ERR_INVALID);
    assert_int_equal(hex_decode(STR("0g"), out, 1), -ERR_INVALID);
    assert_int_equal(hex_decode(STR("-1"), out, 1), -ERR_INVALID);
    assert_int_equal(hex_decode(STR(" 1"), out, 1), -ERR_INVALID);
    assert_int_equal(hex_decode(STR("\0" "0"), out, 1), -ERR_INVALID);
}

static void every_byte_survives(void **state)
{
    unsigned char in[256], back[256];
    char text[512];
    for (int i = 0; i < 256; i++)
        in[i] = (unsigned char)i;
    assert_int_equal(hex_decode(hex_encode(in, sizeof in, text), back, sizeof back), 0);
    assert_memory_equal(in, back, sizeof in);
}

static void the_start_of_a_digest_has_8_to_64_lower_case_digits(void **state)
{
    char digits[65];
    memset(digits, '7', sizeof digits);
    assert_true(hex_is_digest_start(STR("0123abcd")) && hex_is_digest_start((struct str){digits, 64}));
    assert_false(hex_is_digest_start(STR("0123abc")) || hex_is_digest_start((struct str){digits, 65}));
    assert_false(hex_is_digest_start(STR("0123abcD")) || hex_is_digest_start(STR("0123abcg")));
    assert_false(hex_is_digest_start(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_lower_case_digits),
        cmocka_unit_test(either_case_is_read),
        cmocka_unit_test(other_lengths_and_bytes_are_refused),
        cmocka_unit_test(every_byte_survives),
        cmocka_unit_test(the_start_of_a_digest_has_8_to_64_lower_case_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
