/*
 * tests/unit/proxy/test_lookup_cache.c - a look-up's answer is used again only while it may be true.
 */
#include "unit.h"

#include "proxy/lookup_cache.h"

static void an_answer_is_used_until_it_is_too_old(void **state)
{
    struct lookup_cache *lc = lookup_cache_new(1000);
    struct arena a;
    struct str body;
    arena_init(&a, 1 << 16);
    lookup_cache_put(lc, STR("stripe\n/v1/charges/ch_1"), STR("{\"id\":\"ch_1\"}"), 5 * NS_PER_S);
    assert_true(lookup_cache_get(lc, STR("stripe\n/v1/charges/ch_1"), 5 * NS_PER_S + 999 * NS_PER_MS, &a, &body));
    assert_str(body, "{\"id\":\"ch_1\"}");
    assert_false(lookup_cache_get(lc, STR("stripe\n/v1/charges/ch_1"), 6 * NS_PER_S, &a, &body));
    assert_false(lookup_cache_get(lc, STR("stripe\n/v1/charges/ch_2"), 5 * NS_PER_S, &a, &body));
    arena_deinit(&a);
    lookup_cache_free(lc);
}

static void a_changed_object_is_asked_anew_wherever_it_is_named(void **state)
{
    struct lookup_cache *lc = lookup_cache_new(1000);
    struct arena a;
    struct str body;
    arena_init(&a, 1 << 16);
    lookup_cache_put(lc, STR("stripe\n/v1/payment_intents/pi_1"), STR("{\"latest_charge\":\"ch_1\"}"), 0);
    lookup_cache_put(lc, STR("stripe\n/v1/charges/ch_2"), STR("{}"), 0);
    lookup_cache_drop(lc, STR("ch_1"));
    assert_false(lookup_cache_get(lc, STR("stripe\n/v1/payment_intents/pi_1"), 1, &a, &body));
    assert_true(lookup_cache_get(lc, STR("stripe\n/v1/charges/ch_2"), 1, &a, &body));
    arena_deinit(&a);
    lookup_cache_free(lc);
}

static void the_oldest_makes_room_and_zero_keeps_nothing(void **state)
{
    struct lookup_cache *lc = lookup_cache_new(1000), *off = lookup_cache_new(0);
    struct arena a;
    struct str body;
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 300; i++)
        lookup_cache_put(lc, arena_printf(&a, "k%d", i), STR("{}"), i);
    assert_false(lookup_cache_get(lc, STR("k0"), 300, &a, &body));
    assert_true(lookup_cache_get(lc, STR("k299"), 300, &a, &body));
    lookup_cache_put(off, STR("k"), STR("{}"), 0);
    assert_false(lookup_cache_get(off, STR("k"), 0, &a, &body));
    arena_deinit(&a);
    lookup_cache_free(lc);
    lookup_cache_free(off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_used_until_it_is_too_old),
        cmocka_unit_test(a_changed_object_is_asked_anew_wherever_it_is_named),
        cmocka_unit_test(the_oldest_makes_room_and_zero_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
