/* codec/lz: what was packed comes back, and whatever else comes is refused inside its bounds. */
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "codec/lz.h"

#include <string.h>

static void check_round(struct str s)
{
    struct buf packed, whole;
    buf_init(&packed, 1 << 24);
    buf_init(&whole, s.n ? s.n : 1);
    assert_int_equal(lz_pack(s, &packed), 0);
    assert_int_equal(lz_unpack(buf_str(&packed), &whole), 0);
    assert_int_equal(whole.n, s.n);
    if (s.n)
        assert_memory_equal(whole.p, s.p, s.n);
    buf_deinit(&packed);
    buf_deinit(&whole);
}

static void what_was_packed_comes_back(void **state)
{
    static char bytes[200000];
    struct rng r;
    rng_seeded_init(&r, 1);
    check_round(STR_NONE);
    check_round(STR("x"));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = "{\"a\":1}"[i % 7];
    check_round((struct str){bytes, sizeof bytes});
    rng_fill(&r, bytes, sizeof bytes);
    for (size_t n = 1; n < sizeof bytes; n = n * 3 + 1)
        check_round((struct str){bytes, n});
}

static void what_repeats_becomes_small(void **state)
{
    static char bytes[65536];
    struct buf packed;
    memset(bytes, 'a', sizeof bytes);
    buf_init(&packed, sizeof bytes + 1024);
    assert_int_equal(lz_pack((struct str){bytes, sizeof bytes}, &packed), 0);
    assert_true(packed.n < 600);
    buf_deinit(&packed);
}

static void both_append(void **state)
{
    struct buf packed, whole;
    buf_init(&packed, 4096);
    buf_init(&whole, 4096);
    assert_int_equal(buf_add_c(&packed, "in front"), 0);
    assert_int_equal(lz_pack(STR("behind"), &packed), 0);
    assert_int_equal(buf_add_c(&whole, "first "), 0);
    assert_int_equal(lz_unpack(str_sub(buf_str(&packed), 8, packed.n), &whole), 0);
    assert_true(str_eq(buf_str(&whole), STR("first behind")));
    buf_deinit(&packed);
    buf_deinit(&whole);
}

static void lies_about_the_length_are_refused(void **state)
{
    struct buf packed, whole;
    buf_init(&packed, 4096);
    buf_init(&whole, 1000);
    assert_int_equal(lz_pack(STR("twelve bytes"), &packed), 0);
    for (int change = -1; change <= 1; change += 2) {
        packed.p[0] = (char)(12 + change);
        assert_int_equal(lz_unpack(buf_str(&packed), &whole), -ERR_INVALID);
    }
    packed.p[2] = 1; /* 65,549 bytes, and `whole` takes 1,000 */
    assert_int_equal(lz_unpack(buf_str(&packed), &whole), -ERR_TOO_LARGE);
    packed.p[3] = (char)0xff;
    buf_reset(&whole);
    assert_int_equal(lz_unpack(buf_str(&packed), &whole), -ERR_INVALID);
    for (size_t n = 0; n <= 4; n++)
        assert_int_equal(lz_unpack(str_sub(buf_str(&packed), 0, n), &whole), -ERR_INVALID);
    assert_int_equal(whole.n, 0);
    buf_deinit(&packed);
    buf_deinit(&whole);
}

static void damaged_bytes_stay_inside_their_bounds(void **state)
{
    struct rng r;
    struct buf good, whole;
    rng_seeded_init(&r, 2);
    buf_init(&good, 4096);
    assert_int_equal(lz_pack(STR("abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc, and some more"), &good), 0);
    for (int i = 0; i < 20000; i++) { /* sanitizers watch */
        char bad[128];
        size_t n = rng_below(&r, good.n) + 1;
        memcpy(bad, good.p, n);
        bad[rng_below(&r, n)] = (char)rng_below(&r, 256);
        buf_init(&whole, 4096);
        int x = lz_unpack((struct str){bad, n}, &whole);
        assert_true(x == 0 || x == -ERR_INVALID || x == -ERR_TOO_LARGE);
        buf_deinit(&whole);
    }
    buf_deinit(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(what_repeats_becomes_small),
        cmocka_unit_test(both_append),
        cmocka_unit_test(lies_about_the_length_are_refused),
        cmocka_unit_test(damaged_bytes_stay_inside_their_bounds),
    };
    return cmocka_run_group_tests_name("codec/lz", tests, NULL, NULL);
}
