/* codec/gzip: what zlib unpacks again, as the format says. */
#include "unit.h"

#include "base/err.h"
#include "codec/gzip.h"

#include <zlib.h>

static void check_round(struct str s)
{
    static unsigned char whole[300000];
    struct buf packed;
    z_stream z = {.next_in = NULL};
    buf_init(&packed, 1 << 20);
    assert_int_equal(buf_add_c(&packed, "in front"), 0);
    assert_int_equal(gzip_pack(s, &packed), 0);
    assert_memory_equal(packed.p + 8, "\x1f\x8b\x08", 3); /* RFC 1952: magic, deflate */
    z.next_in = (unsigned char *)packed.p + 8;
    z.avail_in = (unsigned)packed.n - 8;
    z.next_out = whole;
    z.avail_out = sizeof whole;
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, s.n);
    assert_true(str_eq((struct str){(char *)whole, z.total_out}, s));
    inflateEnd(&z);
    buf_deinit(&packed);
}

static void what_was_packed_comes_back(void **state)
{
    static char bytes[262144];
    check_round(STR(""));
    check_round(STR("x"));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)((i * 2654435761u) >> 24);
    check_round((struct str){bytes, sizeof bytes});
}

static void what_does_not_fit_is_refused_and_adds_nothing(void **state)
{
    struct buf small;
    buf_init(&small, 16);
    assert_int_equal(gzip_pack(STR("sixteen bytes and more of them"), &small), -ERR_TOO_LARGE);
    assert_int_equal(small.n, 0);
    buf_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(what_does_not_fit_is_refused_and_adds_nothing),
    };
    return cmocka_run_group_tests_name("codec/gzip", tests, NULL, NULL);
}
