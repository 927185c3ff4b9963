/*
 * tests/unit/codec/test_find.c - what find_bytes() finds is what memmem() finds, wherever blocks and texts end.
 */
#include "unit.h"

#include "base/rand.h"
#include "codec/find.h"

#include <stdlib.h>
#include <string.h>

static size_t memmem_at(struct str in, struct str needle)
{
    const char *at = in.n ? memmem(in.p, in.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - in.p) : in.n;
}

static void the_first_place_is_found(void **state)
{
    assert_int_equal(find_bytes(STR("data: abc abc"), STR("abc")), 6);
    assert_int_equal(find_bytes(STR("x"), STR("x")), 0);
    assert_int_equal(find_bytes(STR("aXb acb"), STR("acb")), 4); /* first and last alone are not enough */
}

static void a_needle_that_is_not_there_or_longer_gives_the_length(void **state)
{
    assert_int_equal(find_bytes(STR("abcabd"), STR("abe")), 6);
    assert_int_equal(find_bytes(STR("ab"), STR("abc")), 2);
    assert_int_equal(find_bytes(STR_NONE, STR("a")), 0);
}

/* Of exactly its size on the heap, so that a sanitizer sees a look behind its end. */
static char *text_of(struct rng *r, size_t n)
{
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = "aab\0"[rng_below(r, 4)];
    return p;
}

static void every_length_agrees_with_memmem(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 7);
    for (int round = 0; round < 20000; round++) {
        size_t n = rng_below(&r, 200), k = 1 + rng_below(&r, round % 4 ? 5 : 40);
        char *text = text_of(&r, n), *needle = text_of(&r, k);
        struct str in = {text, n}, what = {needle, k};
        assert_int_equal(find_bytes(in, what), memmem_at(in, what));
        free(text);
        free(needle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_is_found),
        cmocka_unit_test(a_needle_that_is_not_there_or_longer_gives_the_length),
        cmocka_unit_test(every_length_agrees_with_memmem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
