/* base/rand: repeatable where it should be, even where it must be. */
#include "base/rand.h"

#include "unit.h"

static void a_seed_repeats_its_stream(void **state)
{
    struct rng a, b, c;
    uint8_t x[100], y[100], z[100];
    rng_seeded_init(&a, 7);
    rng_seeded_init(&b, 7);
    rng_seeded_init(&c, 8);
    rng_fill(&a, x, sizeof x);
    rng_fill(&b, y, sizeof y);
    rng_fill(&c, z, sizeof z);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_not_equal(x, z, sizeof x);
    rng_fill(&a, y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
}

static void the_kernel_fills_every_byte(void **state)
{
    struct rng r;
    uint8_t all[1000] = {0}, one[1000];
    rng_system_init(&r);
    for (int i = 0; i < 20; i++) {
        rng_fill(&r, one, sizeof one);
        for (size_t j = 0; j < sizeof one; j++)
            all[j] |= one[j];
    }
    for (size_t j = 0; j < sizeof all; j++)
        assert_int_not_equal(all[j], 0);
}

static void below_is_even_and_in_range(void **state)
{
    struct rng r;
    int counts[7] = {0};
    rng_seeded_init(&r, 3);
    for (int i = 0; i < 70000; i++) {
        uint64_t x = rng_below(&r, 7);
        assert_true(x < 7);
        counts[x]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_int_equal(rng_below(&r, 1), 0);
    assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void ask_below_zero(void *ctx)
{
    rng_below(ctx, 0);
}

static void below_nothing_aborts(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 3);
    assert_true(unit_aborts(ask_below_zero, &r));
}

static void buffered_randomness_never_repeats_and_leaves_no_copy(void **state)
{
    struct rng_buffered b;
    uint8_t all[64][16];
    rng_buffered_init(&b);
    for (size_t i = 0; i < 64; i++) {
        rng_fill(&b.rng, all[i], 16);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(all[i], all[j], 16);
        for (size_t at = b.left; at < b.left + 16; at++)
            assert_int_equal(b.bytes[at], 0);
    }
    uint8_t large[2 * RNG_BUFFER_BYTES] = {0};
    rng_fill(&b.rng, large, sizeof(large));
    size_t n_zero = 0;
    for (size_t i = 0; i < sizeof(large); i++)
        n_zero += large[i] == 0;
    assert_true(n_zero < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_repeats_its_stream),
        cmocka_unit_test(the_kernel_fills_every_byte),
        cmocka_unit_test(below_is_even_and_in_range),
        cmocka_unit_test(below_nothing_aborts),
        cmocka_unit_test(buffered_randomness_never_repeats_and_leaves_no_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
