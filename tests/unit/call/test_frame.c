/* call/frame: the header's bytes never change, since old chains are recomputed from them. */
#include "call/frame.h"

#include <string.h>

#include "unit.h"

static void header_layout_is_fixed(void **state)
{
    struct frame f = {.kind = FRAME_CLOSE, .version = 1, .node = 0x01020304, .epoch = 0x0a0b0c0d,
                      .seq = 0x1112131415161718ULL, .at = 0x2122232425262728LL};
    static const uint8_t expected[FRAME_HEADER_BYTES] = {
        2, 1, 4, 3, 2, 1, 0x0d, 0x0c, 0x0b, 0x0a, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21};
    uint8_t out[FRAME_HEADER_BYTES + 1];
    memset(out, 0xee, sizeof out);
    assert_int_equal(frame_header_bytes(&f, out), FRAME_HEADER_BYTES);
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(out[FRAME_HEADER_BYTES], 0xee);
}

static void chain_and_texts_are_not_in_the_header(void **state)
{
    struct frame a = {.kind = FRAME_OPEN, .version = 1, .seq = 7, .at = -1}, b = a;
    b.chain[0] = 9;
    b.body = STR("{}");
    b.personal = STR("{\"salt\":\"\"}");
    uint8_t x[FRAME_HEADER_BYTES], y[FRAME_HEADER_BYTES];
    frame_header_bytes(&a, x);
    frame_header_bytes(&b, y);
    assert_memory_equal(x, y, sizeof x);
    b.seq++;
    frame_header_bytes(&b, y);
    assert_memory_not_equal(x, y, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_layout_is_fixed),
        cmocka_unit_test(chain_and_texts_are_not_in_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
