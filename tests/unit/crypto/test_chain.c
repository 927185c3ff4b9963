/* crypto/chain: what a link covers. */
#include "crypto/chain.h"

#include "crypto/hash.h"
#include "unit.h"

static const uint8_t zeros[CHAIN_HASH_BYTES];

static void a_link_is_the_documented_hash(void **state)
{
    uint8_t got[CHAIN_HASH_BYTES], want[CHAIN_HASH_BYTES], body[SHA256_BYTES];
    char joined[CHAIN_HASH_BYTES + 4 + SHA256_BYTES] = {0};
    sha256(STR("body"), body);
    memcpy(joined + CHAIN_HASH_BYTES, "head", 4);
    memcpy(joined + CHAIN_HASH_BYTES + 4, body, sizeof body);
    sha256((struct str){joined, sizeof joined}, want);
    chain_next(zeros, STR("head"), STR("body"), got);
    assert_memory_equal(got, want, sizeof want);
}

static void every_input_changes_it(void **state)
{
    uint8_t a[CHAIN_HASH_BYTES], b[CHAIN_HASH_BYTES], prev[CHAIN_HASH_BYTES] = {1};
    chain_next(zeros, STR("head"), STR("body"), a);
    chain_next(prev, STR("head"), STR("body"), b);
    assert_memory_not_equal(a, b, sizeof a);
    chain_next(zeros, STR("heae"), STR("body"), b);
    assert_memory_not_equal(a, b, sizeof a);
    chain_next(zeros, STR("head"), STR("bodz"), b);
    assert_memory_not_equal(a, b, sizeof a);
    chain_next(zeros, STR("headb"), STR("ody"), b); /* a byte moved from one to the other */
    assert_memory_not_equal(a, b, sizeof a);
}

static void the_result_may_replace_the_previous(void **state)
{
    uint8_t running[CHAIN_HASH_BYTES] = {0}, apart[CHAIN_HASH_BYTES];
    chain_next(zeros, STR("head"), STR_NONE, apart);
    chain_next(running, STR("head"), STR_NONE, running);
    assert_memory_equal(running, apart, sizeof apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_the_documented_hash),
        cmocka_unit_test(every_input_changes_it),
        cmocka_unit_test(the_result_may_replace_the_previous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
