/* proxy/stats: what was counted, as Prometheus reads it. */
#include "unit.h"

#include "call/names.h"
#include "proxy/stats.h"
#include "saas/connector.h"

static void render(const struct stats *s, struct buf *out)
{
    buf_init(out, 1 << 20);
    stats_render(s, 1000 * NS_PER_S, out);
    assert_int_equal(buf_ok(out), 0);
}

static void assert_in(const struct buf *b, const char *what)
{
    size_t at;
    if (!str_find(buf_str(b), str_c(what), &at))
        assert_str(buf_str(b), what);
}

static void assert_not_in(const struct buf *b, const char *what)
{
    size_t at;
    assert_false(str_find(buf_str(b), str_c(what), &at));
}

static void before_a_vendor_is_known_there_is_a_place_too(void **state)
{
    struct vendors none = {.n = 0};
    struct stats *s;
    struct buf b;
    assert_int_equal(stats_new(&none, &s), 0);
    stats_decided(s, NULL, EFFECT_DENY, CODE_REQUEST_INVALID);
    stats_decided(s, NULL, EFFECT_DENY, CODE_REQUEST_INVALID);
    render(s, &b);
    assert_in(&b, "# TYPE flyball_decisions_total counter\n"
                  "flyball_decisions_total{layer=\"\",vendor=\"\",verdict=\"deny\",reason=\"request_invalid\"} 2\n");
    assert_not_in(&b, "verdict=\"permit\"");
    buf_deinit(&b);
    stats_free(s);
}

static void buckets_count_up_to_their_bound(void **state)
{
    struct vendors none = {.n = 0};
    struct stats *s;
    struct buf b;
    assert_int_equal(stats_new(&none, &s), 0);
    stats_store_write(s, 500);     /* at the bound */
    stats_store_write(s, 501);     /* past it */
    stats_store_write(s, 1000001); /* past all */
    stats_store_write(s, -5);      /* a clock that went back counts as nothing */
    render(s, &b);
    assert_in(&b, "flyball_store_write_seconds_bucket{le=\"0.0005\"} 2\n");
    assert_in(&b, "flyball_store_write_seconds_bucket{le=\"0.001\"} 3\n");
    assert_in(&b, "flyball_store_write_seconds_bucket{le=\"1\"} 3\n");
    assert_in(&b, "flyball_store_write_seconds_bucket{le=\"+Inf\"} 4\n");
    assert_in(&b, "flyball_store_write_seconds_sum 1.001002\nflyball_store_write_seconds_count 4\n");
    buf_deinit(&b);
    stats_free(s);
}

static void overhead_is_told_apart_by_layer(void **state)
{
    struct vendors none = {.n = 0};
    struct stats *s;
    struct buf b;
    assert_int_equal(stats_new(&none, &s), 0);
    stats_overhead(s, NULL, 30);
    render(s, &b);
    assert_in(&b, "flyball_overhead_seconds_bucket{layer=\"saas\",le=\"2.5e-05\"} 0\n");
    assert_in(&b, "flyball_overhead_seconds_bucket{layer=\"saas\",le=\"5e-05\"} 1\n");
    assert_in(&b, "flyball_overhead_seconds_sum{layer=\"saas\"} 0.000030\n");
    assert_in(&b, "flyball_overhead_seconds_count{layer=\"llm\"} 0\n");
    buf_deinit(&b);
    stats_free(s);
}

static void what_was_never_asked_is_not_claimed(void **state)
{
    struct vendors none = {.n = 0};
    struct stats *s;
    struct buf b;
    assert_int_equal(stats_new(&none, &s), 0);
    render(s, &b);
    assert_not_in(&b, "audit_chain_ok");
    assert_not_in(&b, "config_last_reload");
    assert_not_in(&b, "price_table_age");
    buf_deinit(&b);
    stats_chain(s, true);
    stats_reloaded(s, false);
    stats_prices(s, 400 * NS_PER_S);
    stats_revoked(s, 11);
    render(s, &b);
    assert_in(&b, "# TYPE flyball_audit_chain_ok gauge\nflyball_audit_chain_ok 1\n");
    assert_in(&b, "flyball_config_last_reload_successful 0\n");
    assert_in(&b, "flyball_price_table_age_seconds 600\n");
    assert_in(&b, "flyball_revocation_seconds_bucket{le=\"1e-05\"} 0\n");
    assert_in(&b, "flyball_revocation_seconds_count 1\n");
    stats_chain(s, false);
    buf_deinit(&b);
    render(s, &b);
    assert_in(&b, "flyball_audit_chain_ok 0\n");
    buf_deinit(&b);
    stats_free(s);
}

static void where_nobody_counts_nothing_happens(void **state)
{
    struct buf b;
    stats_decided(NULL, NULL, EFFECT_PERMIT, CODE_NONE);
    stats_upstream(NULL, NULL, 200, 1);
    stats_overhead(NULL, NULL, 1);
    stats_spent(NULL, NULL, 1);
    stats_unattributed(NULL, NULL);
    stats_store_write(NULL, 1);
    render(NULL, &b);
    assert_int_equal(b.n, 0);
    buf_deinit(&b);
    stats_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_vendor_is_known_there_is_a_place_too),
        cmocka_unit_test(buckets_count_up_to_their_bound),
        cmocka_unit_test(overhead_is_told_apart_by_layer),
        cmocka_unit_test(what_was_never_asked_is_not_claimed),
        cmocka_unit_test(where_nobody_counts_nothing_happens),
    };
    return cmocka_run_group_tests_name("proxy/stats", tests, NULL, NULL);
}
