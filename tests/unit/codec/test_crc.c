/* codec/crc32, codec/crc32c: known sums, and table and instruction against the definition. */
#include "codec/crc32.h"
#include "codec/crc32c.h"
#include "codec/crc32c_impl.h"

#include "base/rand.h"
#include "unit.h"

/* The definition, a bit at a time. */
static uint32_t slow(uint32_t polynomial, const unsigned char *p, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
    }
    return ~crc;
}

static void known_sums(void **state)
{
    unsigned char zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++)
        rising[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720, B.4 */
    assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(crc32c(0, rising, 32), 0x46dd794e);
    assert_int_equal(crc32c(0, NULL, 0), 0);
    assert_int_equal(crc32_ieee(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_ieee(0, "", 0), 0);
}

static void every_byte_of_the_tables_is_right(void **state)
{
    for (int i = 0; i < 256; i++) {
        unsigned char c = (unsigned char)i;
        assert_int_equal(crc32_ieee(0, &c, 1), slow(0xedb88320, &c, 1));
        assert_int_equal(~crc32c_by_table(UINT32_MAX, &c, 1), slow(0x82f63b78, &c, 1));
    }
}

static void table_and_instruction_agree_at_any_length_and_alignment(void **state)
{
    if (!crc32c_has_instruction())
        skip();
    unsigned char bytes[300];
    struct rng rng;
    rng_seeded_init(&rng, 32);
    rng_fill(&rng, bytes, sizeof bytes);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; n < 280; n++)
            assert_int_equal(crc32c_by_instruction(7, bytes + from, n), crc32c_by_table(7, bytes + from, n));
}

static void a_sum_can_be_continued(void **state)
{
    const char *text = "the quick brown fox jumps over the lazy dog";
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n; cut++) {
        assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, n - cut), crc32c(0, text, n));
        assert_int_equal(crc32_ieee(crc32_ieee(0, text, cut), text + cut, n - cut), crc32_ieee(0, text, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums),
        cmocka_unit_test(every_byte_of_the_tables_is_right),
        cmocka_unit_test(table_and_instruction_agree_at_any_length_and_alignment),
        cmocka_unit_test(a_sum_can_be_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
