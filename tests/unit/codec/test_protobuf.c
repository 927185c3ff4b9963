/* codec/protobuf: the bytes of the encoding guide, and nothing strange read. */
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "codec/protobuf.h"

#define assert_bytes(b, want) assert_bytes_are((b), want, sizeof want - 1)

static void assert_bytes_are(struct buf *b, const char *want, size_t n)
{
    assert_int_equal(buf_ok(b), 0);
    assert_int_equal(b->n, n);
    assert_memory_equal(b->p, want, n);
    buf_reset(b);
}

static void fields_are_written_as_the_guide_says(void **state)
{
    struct buf b;
    buf_init(&b, 4096);
    pb_varint(&b, 1, 150);
    assert_bytes(&b, "\x08\x96\x01");
    pb_bytes(&b, 2, STR("testing"));
    assert_bytes(&b, "\x12\x07testing");
    pb_varint(&b, 1, (uint64_t)-2);
    assert_bytes(&b, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    pb_varint(&b, 16, 0);
    assert_bytes(&b, "\x80\x01\x00");
    pb_fixed64(&b, 7, 0x0102030405060708);
    assert_bytes(&b, "\x39\x08\x07\x06\x05\x04\x03\x02\x01");
    pb_fixed32(&b, 16, 0x100);
    assert_bytes(&b, "\x85\x01\x00\x01\x00\x00");
    pb_double(&b, 4, 1.0);
    assert_bytes(&b, "\x21\x00\x00\x00\x00\x00\x00\xf0\x3f");
    buf_deinit(&b);
}

static void messages_know_their_length_whatever_it_takes(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    size_t outer = pb_begin(&b, 3), inner = pb_begin(&b, 1);
    pb_end(&b, inner);
    pb_varint(&b, 2, 1);
    pb_end(&b, outer);
    assert_bytes(&b, "\x1a\x04\x0a\x00\x10\x01");
    for (size_t n = 126; n < 40000; n = n * 2 + 1) {
        static char text[80000];
        struct str rest, s = {text, n};
        struct pb_field f;
        outer = pb_begin(&b, 1);
        inner = pb_begin(&b, 2);
        pb_bytes(&b, 3, s);
        pb_end(&b, inner);
        pb_end(&b, outer);
        rest = buf_str(&b);
        assert_int_equal(pb_next(&rest, &f), 0);
        assert_int_equal(rest.n, 0);
        assert_int_equal(pb_next(&f.bytes, &f), 0);
        assert_int_equal(f.number, 2);
        assert_int_equal(pb_next(&f.bytes, &f), 0);
        assert_true(f.number == 3 && str_eq(f.bytes, s));
        buf_reset(&b);
    }
    buf_deinit(&b);
}

static void a_full_buf_is_noted_and_nothing_is_moved(void **state)
{
    struct buf b;
    buf_init(&b, 8);
    size_t m = pb_begin(&b, 1);
    pb_bytes(&b, 2, STR("too long for it"));
    pb_end(&b, m);
    assert_int_equal(buf_ok(&b), -ERR_TOO_LARGE);
    buf_deinit(&b);
}

static void every_kind_is_read(void **state)
{
    struct str rest = STR("\x08\x96\x01\x39\x08\x07\x06\x05\x04\x03\x02\x01\x12\x02hi\x85\x01\x00\x01\x00\x00");
    struct pb_field f;
    assert_int_equal(pb_next(&rest, &f), 0);
    assert_true(f.number == 1 && f.wire == PB_VARINT && f.n == 150);
    assert_int_equal(pb_next(&rest, &f), 0);
    assert_true(f.number == 7 && f.wire == PB_FIXED64 && f.n == 0x0102030405060708);
    assert_int_equal(pb_next(&rest, &f), 0);
    assert_true(f.number == 2 && f.wire == PB_BYTES && str_eq(f.bytes, STR("hi")));
    assert_int_equal(pb_next(&rest, &f), 0);
    assert_true(f.number == 16 && f.wire == PB_FIXED32 && f.n == 0x100);
    assert_int_equal(pb_next(&rest, &f), PB_R_END);
}

static void what_is_cut_off_or_out_of_range_is_refused(void **state)
{
    static const struct str bad[] = {
        STR_INIT("\x08"),                                             /* no value */
        STR_INIT("\x08\x80"),                                         /* half a varint */
        STR_INIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* 65 bits */
        STR_INIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* 11 bytes */
        STR_INIT("\x12\x05hi"),                                       /* longer than what is there */
        STR_INIT("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),     /* much longer */
        STR_INIT("\x39\x00\x00\x00"),                                 /* half a word */
        STR_INIT("\x00\x01"),                                         /* field 0 */
        STR_INIT("\x80\x80\x80\x80\x10\x01"),                         /* field 2^29 */
        STR_INIT("\x0b\x0c"),                                         /* a group */
        STR_INIT("\x0e\x00"),                                         /* wire type 6 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct str rest = bad[i];
        struct pb_field f;
        assert_int_equal(pb_next(&rest, &f), -ERR_INVALID);
    }
}

static void any_bytes_end_inside_their_bounds(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 3);
    for (int i = 0; i < 20000; i++) { /* sanitizers watch */
        char bytes[40];
        size_t n = rng_below(&r, sizeof bytes + 1);
        struct str rest = {bytes, n};
        struct pb_field f;
        rng_fill(&r, bytes, n);
        while (pb_next(&rest, &f) == 0)
            assert_true(f.wire != PB_BYTES || (f.bytes.p >= bytes && f.bytes.p + f.bytes.n <= bytes + n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written_as_the_guide_says),
        cmocka_unit_test(messages_know_their_length_whatever_it_takes),
        cmocka_unit_test(a_full_buf_is_noted_and_nothing_is_moved),
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(what_is_cut_off_or_out_of_range_is_refused),
        cmocka_unit_test(any_bytes_end_inside_their_bounds),
    };
    return cmocka_run_group_tests_name("codec/protobuf", tests, NULL, NULL);
}
