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

static void what_was_packed_is_unpacked_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 7, 1000, 1 << 20};
    static char bytes[200000];
    struct buf packed, out;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i / 100);
    buf_init(&packed, 1 << 20);
    buf_init(&out, 1 << 20);
    assert_int_equal(gzip_pack((struct str){bytes, sizeof bytes}, &packed), 0);
    assert_int_equal(gzip_pack(STR("and more"), &packed), 0); /* a second member */
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct gunzip *g = gunzip_new();
        buf_reset(&out);
        for (size_t at = 0; at < packed.n; at += pieces[i])
            assert_int_equal(gunzip_add(g, str_sub(buf_str(&packed), at, pieces[i]), &out), 0);
        assert_true(gunzip_is_whole(g));
        assert_int_equal(out.n, sizeof bytes + 8);
        assert_memory_equal(out.p, bytes, sizeof bytes);
        assert_memory_equal(out.p + sizeof bytes, "and more", 8);
        gunzip_free(g);
    }
    buf_deinit(&packed);
    buf_deinit(&out);
}

static void what_is_damaged_cut_or_too_large_is_said(void **state)
{
    struct buf packed, out;
    struct gunzip *g = gunzip_new();
    buf_init(&packed, 1 << 20);
    assert_int_equal(gzip_pack(STR("0123456789abcdef"), &packed), 0);
    buf_init(&out, 64);
    assert_int_equal(gunzip_add(g, STR("no gzip at all"), &out), -ERR_INVALID);
    gunzip_free(g);
    g = gunzip_new();
    assert_int_equal(gunzip_add(g, str_sub(buf_str(&packed), 0, packed.n - 1), &out), 0);
    assert_false(gunzip_is_whole(g));
    gunzip_free(g);
    for (size_t max = 15; max <= 16; max++) {
        struct buf small;
        buf_init(&small, max);
        g = gunzip_new();
        assert_int_equal(gunzip_add(g, buf_str(&packed), &small), max == 15 ? -ERR_TOO_LARGE : 0);
        gunzip_free(g);
        buf_deinit(&small);
    }
    buf_deinit(&packed);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_is_unpacked_in_pieces_of_any_size),
        cmocka_unit_test(what_is_damaged_cut_or_too_large_is_said),
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(what_does_not_fit_is_refused_and_adds_nothing),
    };
    return cmocka_run_group_tests_name("codec/gzip", tests, NULL, NULL);
}
