/*
 * tests/unit/store/test_by_seq.c - what was put under a seq is found there, in the array and beside it.
 */
#include "unit.h"

#include "store/sqlite/by_seq.h"

static int things[300000];

static void seqs_of_the_batch_older_ones_and_far_ones_are_kept_apart(void **state)
{
    struct by_seq b;
    by_seq_init(&b);
    by_seq_begin(&b, 5000);
    by_seq_begin(&b, 9); /* of the batch's frames, the first one counts */
    static const uint64_t seqs[] = {5000,      5001, 4999, 1, 5000 + 1024, 5000 + (1 << 17) - 1, 5000 + (1 << 17),
                                    UINT64_MAX};
    for (size_t i = 0; i < 8; i++) {
        assert_null(by_seq_get(&b, seqs[i]));
        assert_int_equal(by_seq_put(&b, seqs[i], &things[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(by_seq_get(&b, seqs[i]), &things[i]);
    assert_null(by_seq_get(&b, 5002));
    assert_null(by_seq_get(&b, 2));
    assert_int_equal(b.older.n, 4); /* 4999, 1, and the two past the array */
    by_seq_deinit(&b);
}

static void a_cleared_one_is_empty_and_begins_anew(void **state)
{
    struct by_seq b;
    by_seq_init(&b);
    for (uint64_t round = 1; round <= 3; round++) {
        uint64_t first = round * 1000;
        by_seq_begin(&b, first);
        for (uint64_t seq = first - 10; seq < first + 3000; seq++) {
            assert_null(by_seq_get(&b, seq));
            assert_int_equal(by_seq_put(&b, seq, &things[seq]), 0);
        }
        for (uint64_t seq = first - 10; seq < first + 3000; seq++)
            assert_ptr_equal(by_seq_get(&b, seq), &things[seq]);
        by_seq_clear(&b);
        assert_null(by_seq_get(&b, first));
    }
    by_seq_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seqs_of_the_batch_older_ones_and_far_ones_are_kept_apart),
        cmocka_unit_test(a_cleared_one_is_empty_and_begins_anew),
    };
    return cmocka_run_group_tests_name("store/by_seq", tests, NULL, NULL);
}
