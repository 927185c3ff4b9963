/* codec/base62: widths and values. */
#include "codec/base62.h"

#include "unit.h"

static void small_numbers_have_six_digits(void **state)
{
    char out[BASE62_U32_BYTES];
    assert_str(base62_u32(0, out), "000000");
    assert_str(base62_u32(9, out), "000009");
    assert_str(base62_u32(10, out), "00000A");
    assert_str(base62_u32(35, out), "00000Z");
    assert_str(base62_u32(36, out), "00000a");
    assert_str(base62_u32(61, out), "00000z");
    assert_str(base62_u32(62, out), "000010");
    assert_str(base62_u32(UINT32_MAX, out), "4gfFC3");
}

static void the_width_depends_on_the_number_of_bytes_only(void **state)
{
    static const size_t widths[][2] = {{0, 0}, {1, 2}, {4, 6}, {8, 11}, {16, 22}, {20, 27}, {24, 33},
                                       {32, 43}, {64, 86}};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        assert_int_equal(BASE62_SIZE(widths[i][0]), widths[i][1]);

    char zero[32] = {0}, full[32], out[BASE62_SIZE(32)];
    memset(full, 0xff, sizeof full);
    struct str s = base62_encode(zero, sizeof zero, out);
    assert_int_equal(s.n, 43);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.p[i], '0');
    /* 2^256 - 1, computed with another tool */
    assert_str(base62_encode(full, sizeof full, out), "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
}

static void the_largest_number_of_each_size_fits(void **state)
{
    unsigned char full[BASE62_BYTES_MAX];
    char out[BASE62_SIZE(BASE62_BYTES_MAX)];
    memset(full, 0xff, sizeof full);
    for (size_t n = 1; n <= BASE62_BYTES_MAX; n++) {
        /* Read back: the value is all ones only when no digit was lost. */
        struct str s = base62_encode(full, n, out);
        unsigned char back[BASE62_BYTES_MAX + 1] = {0};
        for (size_t i = 0; i < s.n; i++) {
            char c = s.p[i];
            unsigned carry = (unsigned)(c <= '9' ? c - '0' : c <= 'Z' ? c - 'A' + 10 : c - 'a' + 36);
            for (size_t k = n + 1; k-- > 0;) {
                carry += back[k] * 62u;
                back[k] = (unsigned char)carry;
                carry >>= 8;
            }
            assert_int_equal(carry, 0);
        }
        assert_int_equal(back[0], 0);
        assert_memory_equal(back + 1, full, n);
    }
}

static void too_long(void *ctx)
{
    static char big[BASE62_BYTES_MAX + 1], out[200];
    base62_encode(big, sizeof big, out);
}

static void longer_inputs_are_a_mistake_of_the_caller(void **state)
{
    assert_true(unit_aborts(too_long, NULL));
}

static void digits_are_told_from_other_bytes(void **state)
{
    assert_true(base62_is(STR("09AZaz")));
    assert_false(base62_is(STR("")));
    assert_false(base62_is(STR("a_b")));
    assert_false(base62_is(STR("a\0b")));
    assert_false(base62_is(STR("\xc3\xa9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_numbers_have_six_digits),
        cmocka_unit_test(the_width_depends_on_the_number_of_bytes_only),
        cmocka_unit_test(the_largest_number_of_each_size_fits),
        cmocka_unit_test(longer_inputs_are_a_mistake_of_the_caller),
        cmocka_unit_test(digits_are_told_from_other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
