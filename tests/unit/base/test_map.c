/* base/map: against a plain array, with removals, at its maximum. */
#include "base/map.h"

#include "base/err.h"
#include "base/rand.h"
#include "unit.h"

static struct str key_of(unsigned i, char out[16])
{
    int n = snprintf(out, 16, "key-%u", i);
    return (struct str){out, (size_t)n};
}

static void agrees_with_an_array_through_random_changes(void **state)
{
    enum { N = 500 };
    static int values[N];
    bool is_there[N] = {false};
    size_t n_there = 0;
    struct rng r;
    struct map m;
    char k[16];
    rng_seeded_init(&r, 1);
    map_init(&m, N, (const uint8_t *)"0123456789abcdef");
    for (int step = 0; step < 100000; step++) {
        unsigned i = (unsigned)rng_below(&r, N);
        struct str key = key_of(i, k);
        void *old = &m;
        if (rng_below(&r, 2)) {
            assert_int_equal(map_put(&m, key, &values[i], &old), 0);
            assert_ptr_equal(old, is_there[i] ? &values[i] : NULL);
            n_there += !is_there[i];
            is_there[i] = true;
        } else {
            assert_ptr_equal(map_remove(&m, key), is_there[i] ? &values[i] : NULL);
            n_there -= is_there[i];
            is_there[i] = false;
        }
        assert_int_equal(m.n, n_there);
        unsigned other = (unsigned)rng_below(&r, N);
        assert_ptr_equal(map_get(&m, key_of(other, k)), is_there[other] ? &values[other] : NULL);
    }
    assert_true(m.n_slots <= 2048); /* removed entries do not make it grow */
    map_deinit(&m);
}

static void refuses_one_entry_more_than_its_maximum(void **state)
{
    struct map m;
    char k[16];
    int v, w;
    void *old = &v;
    map_init(&m, 100, NULL);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(map_put(&m, key_of(i, k), &v, NULL), 0);
    assert_int_equal(map_put(&m, STR("one more"), &v, &old), -ERR_TOO_LARGE);
    assert_ptr_equal(old, &v);
    assert_int_equal(map_put(&m, STR("key-5"), &w, &old), 0); /* replacing needs no room */
    assert_ptr_equal(old, &v);
    assert_ptr_equal(map_get(&m, STR("key-5")), &w);
    assert_ptr_equal(map_remove(&m, STR("key-7")), &v);
    assert_int_equal(map_put(&m, STR("one more"), &v, NULL), 0);
    map_deinit(&m);

    map_init(&m, 0, NULL);
    assert_int_equal(map_put(&m, STR("x"), &v, NULL), -ERR_TOO_LARGE);
    map_deinit(&m);
}

static void keys_are_bytes_and_copied(void **state)
{
    struct map m;
    char k[3] = {'a', 0, 'b'};
    int v, w;
    map_init(&m, 10, NULL);
    assert_int_equal(map_put(&m, (struct str){k, 3}, &v, NULL), 0);
    assert_int_equal(map_put(&m, STR_NONE, &w, NULL), 0);
    k[2] = 'c';
    assert_null(map_get(&m, (struct str){k, 3}));
    assert_ptr_equal(map_get(&m, STR("a\0b")), &v);
    assert_null(map_get(&m, STR("a")));
    assert_ptr_equal(map_get(&m, STR("")), &w);
    map_deinit(&m);
}

static void a_walk_sees_each_entry_once_while_it_removes(void **state)
{
    struct map m;
    char k[16];
    int values[300];
    bool seen[300] = {false};
    map_init(&m, 300, NULL);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(map_put(&m, key_of(i, k), &values[i], NULL), 0);
    size_t at = 0, n = 0;
    struct str key;
    void *value;
    while (map_next(&m, &at, &key, &value)) {
        size_t i = (size_t)((int *)value - values);
        assert_false(seen[i]);
        seen[i] = true;
        n++;
        if (i % 3 == 0) {
            struct str copy = key_of((unsigned)i, k);
            assert_true(str_eq(key, copy));
            assert_ptr_equal(map_remove(&m, copy), value);
        }
    }
    assert_int_equal(n, 300);
    assert_int_equal(m.n, 200);
    map_deinit(&m);
}

static void an_empty_map_answers(void **state)
{
    struct map m;
    size_t at = 0;
    struct str key;
    void *value;
    map_init(&m, 10, NULL);
    assert_null(map_get(&m, STR("x")));
    assert_null(map_remove(&m, STR("x")));
    assert_false(map_next(&m, &at, &key, &value));
    map_deinit(&m);
}

static void removed_slots_are_swept_when_nothing_follows(void **state)
{
    struct map m;
    int v;
    map_init(&m, 10, NULL);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(map_put(&m, STR("x"), &v, NULL), 0);
        assert_ptr_equal(map_remove(&m, STR("x")), &v);
        assert_int_equal(m.n_dead, 0);
    }
    assert_int_equal(m.n_slots, 16);
    map_deinit(&m);
}

static void the_seed_changes_the_order(void **state)
{
    struct map a, b;
    char k[16];
    int v;
    map_init(&a, 100, (const uint8_t *)"0123456789abcdef");
    map_init(&b, 100, (const uint8_t *)"0123456789abcdeg");
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(map_put(&a, key_of(i, k), &v, NULL), 0);
        assert_int_equal(map_put(&b, key_of(i, k), &v, NULL), 0);
    }
    size_t ia = 0, ib = 0, n_same = 0;
    struct str ka, kb;
    void *value;
    while (map_next(&a, &ia, &ka, &value) && map_next(&b, &ib, &kb, &value))
        n_same += str_eq(ka, kb);
    assert_true(n_same < 50);
    map_deinit(&a);
    map_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array_through_random_changes),
        cmocka_unit_test(refuses_one_entry_more_than_its_maximum),
        cmocka_unit_test(keys_are_bytes_and_copied),
        cmocka_unit_test(a_walk_sees_each_entry_once_while_it_removes),
        cmocka_unit_test(an_empty_map_answers),
        cmocka_unit_test(removed_slots_are_swept_when_nothing_follows),
        cmocka_unit_test(the_seed_changes_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
