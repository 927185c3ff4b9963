/* base/arena: the cap, alignment, cleanups, reuse. */
#include "base/arena.h"

#include "base/err.h"
#include "unit.h"

static void memory_is_aligned_zeroed_and_apart(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    char *last = NULL;
    for (size_t n = 1; n < 3000; n += 7) {
        char *p = arena_alloc(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xee, n);
        assert_true(!last || last[0] == (char)0xee);
        last = p;
    }
    arena_deinit(&a);
}

static void outside_sizes_stop_at_the_cap_exactly(void **state)
{
    struct arena a;
    arena_init(&a, 1024);
    assert_non_null(arena_try_alloc(&a, 1024));
    assert_null(arena_try_alloc(&a, 1));
    arena_reset(&a);
    assert_null(arena_try_alloc(&a, 1025));
    assert_null(arena_try_alloc(&a, SIZE_MAX));
    assert_null(arena_try_alloc(&a, SIZE_MAX - 15));
    assert_non_null(arena_try_alloc(&a, 1000));
    assert_int_equal(a.used_bytes, 1008);
    assert_null(arena_try_alloc(&a, 17));
    assert_non_null(arena_try_alloc(&a, 16));
    arena_deinit(&a);
}

static void a_full_arena_still_serves_our_own_sizes(void **state)
{
    struct arena a;
    arena_init(&a, 256);
    assert_non_null(arena_try_alloc(&a, 256));
    assert_null(arena_try_alloc(&a, 16));
    assert_non_null(arena_alloc(&a, 16));
    assert_null(arena_try_alloc(&a, 0));
    arena_deinit(&a);
}

static void use_up_the_reserve(void *ctx)
{
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i <= ARENA_RESERVE_BYTES; i += 1024)
        arena_alloc(&a, 1024);
}

static void past_the_reserve_is_a_programmer_error(void **state)
{
    assert_true(unit_aborts(use_up_the_reserve, NULL));
}

static void pointers_stay_valid_while_chunks_are_added(void **state)
{
    struct arena a;
    arena_init(&a, 4 << 20);
    char *small = arena_alloc(&a, 10);
    strcpy(small, "first");
    char *large = arena_try_alloc(&a, 1 << 20); /* a chunk of its own */
    assert_non_null(large);
    memset(large, 'x', 1 << 20);
    char *next = arena_alloc(&a, 16);
    assert_ptr_equal(next, small + 16); /* the first chunk went on filling */
    for (int i = 0; i < 1000; i++)
        memset(arena_alloc(&a, 500), 'y', 500);
    assert_string_equal(small, "first");
    assert_int_equal(large[(1 << 20) - 1], 'x');
    arena_deinit(&a);
}

struct order {
    struct order *before;
    char *log;
    char name;
};

static void note(void *p)
{
    struct order *o = p;
    size_t n = strlen(o->log);
    o->log[n] = o->name;
    o->log[n + 1] = 0;
}

static void cleanups_run_once_in_reverse_at_reset_and_deinit(void **state)
{
    char log[8] = "";
    struct order x = {.log = log, .name = 'x'}, y = {.log = log, .name = 'y'};
    struct arena a;
    arena_init(&a, 1024);
    arena_cleanup(&a, note, &x);
    arena_cleanup(&a, note, &y);
    arena_reset(&a);
    assert_string_equal(log, "yx");
    arena_cleanup(&a, note, &x);
    arena_deinit(&a);
    assert_string_equal(log, "yxx");
}

static void reset_gives_the_whole_cap_back(void **state)
{
    struct arena a;
    arena_init(&a, 100000);
    for (int round = 0; round < 50; round++) {
        size_t n = 0;
        while (arena_try_alloc(&a, 160))
            n++;
        assert_int_equal(n, 625);
        arena_reset(&a);
        assert_int_equal(a.used_bytes, 0);
    }
    arena_deinit(&a);
}

static void texts_end_in_a_nul_that_is_not_counted(void **state)
{
    struct arena a;
    arena_init(&a, 64);
    struct str s = arena_str(&a, STR("ab\0c")), t = STR("same");
    assert_int_equal(s.n, 4);
    assert_memory_equal(s.p, "ab\0c", 5);
    assert_int_equal(arena_str(&a, STR_NONE).n, 0);
    assert_str(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    char long_text[65] = {0};
    assert_int_equal(arena_try_str(&a, (struct str){long_text, 64}, &t), -ERR_TOO_LARGE);
    assert_str(t, "same");
    arena_reset(&a);
    assert_int_equal(arena_try_str(&a, (struct str){long_text, 63}, &t), 0);
    assert_int_equal(t.n, 63);
    arena_deinit(&a);
}

static void parts_are_joined_with_a_nul_behind(void **state)
{
    struct arena a;
    arena_init(&a, 4096);
    assert_str(arena_join(&a, (struct str[]){STR("a"), STR_NONE, STR("/bc")}, 3), "a/bc");
    assert_int_equal(arena_join(&a, NULL, 0).n, 0);
    assert_int_equal(arena_join(&a, (struct str[]){STR("x")}, 1).p[1], 0);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_joined_with_a_nul_behind),
        cmocka_unit_test(memory_is_aligned_zeroed_and_apart),
        cmocka_unit_test(outside_sizes_stop_at_the_cap_exactly),
        cmocka_unit_test(a_full_arena_still_serves_our_own_sizes),
        cmocka_unit_test(past_the_reserve_is_a_programmer_error),
        cmocka_unit_test(pointers_stay_valid_while_chunks_are_added),
        cmocka_unit_test(cleanups_run_once_in_reverse_at_reset_and_deinit),
        cmocka_unit_test(reset_gives_the_whole_cap_back),
        cmocka_unit_test(texts_end_in_a_nul_that_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
