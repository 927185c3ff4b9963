/* base/siphash: the published values of SipHash-1-3, and that the seed counts. */
#include "base/siphash.h"

#include "unit.h"

#include <string.h>

/* Of 00 01 02 ... with the key 00 01 ... 0f, for 0, 1 and 8 bytes. */
static void gives_the_published_values(void **state)
{
    uint8_t bytes[16];
    uint64_t seed[2];
    for (int i = 0; i < 16; i++)
        bytes[i] = (uint8_t)i;
    memcpy(seed, bytes, sizeof seed);
    const struct str all = {(const char *)bytes, sizeof bytes};
    assert_true(siphash(seed, str_sub(all, 0, 0)) == 0xabac0158050fc4dcULL);
    assert_true(siphash(seed, str_sub(all, 0, 1)) == 0xc9f49bf37d57ca93ULL);
    assert_true(siphash(seed, str_sub(all, 0, 8)) == 0x369095118d299a8eULL);
}

static void every_length_and_every_seed_gives_another(void **state)
{
    static const char TEXT[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    uint64_t seen[2 * sizeof TEXT];
    size_t n = 0;
    for (uint64_t s = 0; s < 2; s++)
        for (size_t len = 0; len < sizeof TEXT; len++)
            seen[n++] = siphash((const uint64_t[2]){s, 7}, (struct str){TEXT, len});
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(seen[i] != seen[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_values),
        cmocka_unit_test(every_length_and_every_seed_gives_another),
    };
    return cmocka_run_group_tests_name("base/siphash", tests, NULL, NULL);
}
