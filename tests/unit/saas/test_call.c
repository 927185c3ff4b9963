/*
 * saas/call, lookup, confirm: bounds and promises that a case file cannot show (most of the rest is in
 * connectors/stripe/cases).
 */
#include "base/rand.h"
#include "stripe_fixture.h"

#include <ctype.h>

static void the_callers_arena_bounds_what_is_read(void **state)
{
    static char body[300000];
    struct arena small;
    struct saas_call call;
    struct saas_problem problem = {0};
    size_t n = 0;
    for (int i = 0; i < 900; i++)
        n += (size_t)snprintf(body + n, sizeof(body) - n, "%sf%d=%0200d", i ? "&" : "", i, i);
    struct saas_request r = post("/v1/charges", body);
    arena_init(&small, 20000);
    int err = read_stripe(&r, &small, &call, &problem);
    assert_true(err == -ERR_TOO_LARGE || (err == SAAS_R_PROBLEM && problem.code == CODE_REQUEST_TOO_LARGE));
    arena_deinit(&small);
}

static void the_field_limit_is_exact(void **state)
{
    fx.limits.form_fields_max = 3;
    (void)read_ok(post("/v1/charges", "amount=1&currency=usd&a=b"));
    assert_int_equal(read_bad(post("/v1/charges", "amount=1&currency=usd&a=b&c=d")).status, 413);
}

static void the_depth_limit_is_exact(void **state)
{
    fx.limits.form_depth_max = 2;
    (void)read_ok(post("/v1/charges", "amount=1&currency=usd&metadata[a][b]=c"));
    assert_int_equal(read_bad(post("/v1/charges", "amount=1&currency=usd&metadata[a][b][c]=d")).status, 413);
}

static void a_problem_never_shows_raw_bytes(void **state)
{
    struct saas_problem p = read_bad(post("/v1/charges", "%C3%A4mount=1"));
    for (size_t i = 0; i < p.text.n; i++)
        assert_true(p.text.p[i] >= ' ' && p.text.p[i] < 127);
}

static void known_paths_are_known_by_method(void **state)
{
    assert_non_null(saas_find(fx.stripe, STR("POST"), STR("/v1/refunds")));
    assert_non_null(saas_find(fx.stripe, STR("GET"), STR("/v1/charges/search")));
    assert_null(saas_find(fx.stripe, STR("PUT"), STR("/v1/refunds")));
    assert_null(saas_find(fx.stripe, STR("POST"), STR("/v1/chat/completions")));
    assert_null(saas_find(fx.stripe, STR("GET"), STR("/v1/../refunds")));
    assert_null(saas_find(fx.stripe, STR("GET"), STR("")));
}

static void a_path_holds_unreserved_bytes_and_colons_only(void **state)
{
    for (int byte = 0; byte < 256; byte++) {
        char path[] = "/v1/charges/a?b";
        path[sizeof path - 3] = (char)byte;
        bool is_fit = byte && (isalnum(byte) || strchr("-._~:", byte));
        if ((saas_find(fx.stripe, STR("GET"), (struct str){path, sizeof path - 1}) != NULL) != is_fit)
            fail_msg("byte %d", byte);
    }
}

static void a_lookup_is_offered_only_for_what_is_lacking(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1&amount=5&currency=usd"));
    struct str path;
    assert_false(saas_lookup_path(&call, true, false, &fx.arena, &path));
    assert_true(saas_lookup_path(&call, false, true, &fx.arena, &path));
    assert_str(path, "/v1/charges/ch_1");
    assert_str(saas_lookup_path_template(&call), "/v1/charges/{charge}");
    assert_false(saas_lookup_path(&call, false, false, &fx.arena, &path));
}

static void the_template_of_a_lookup_has_neither_ids_nor_query(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "payment_intent=pi_1"));
    assert_str(saas_lookup_path_template(&call), "/v1/payment_intents/{payment_intent}");
    call = read_ok(post("/v1/customers", "email=a"));
    assert_int_equal(saas_lookup_path_template(&call).n, 0);
}

static void a_lookup_is_made_once(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1"));
    struct saas_problem problem;
    struct saas_object objects[2];
    struct str path;
    size_t n;
    assert_int_equal(saas_lookup_apply(&call, 404, STR("{}"), &fx.arena, objects, 2, &n, &problem), SAAS_R_PROBLEM);
    assert_false(saas_lookup_path(&call, true, true, &fx.arena, &path));
    assert_false(call.amount.is_known);
}

static void learned_objects_fit_the_room_given(void **state)
{
    struct saas_call call = read_ok(post("/v1/payment_intents/pi_1/confirm", ""));
    struct saas_problem problem;
    struct saas_object one[1];
    size_t n;
    struct str body = STR(
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":5,\"currency\":\"usd\",\"latest_charge\":\"ch_1\"}");
    assert_int_equal(saas_lookup_apply(&call, 200, body, &fx.arena, one, 1, &n, &problem), 0);
    assert_int_equal(n, 1);
    assert_str(one[0].id, "pi_1");
}

static void results_outlive_the_answer(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1&amount=5&currency=usd"));
    char answer[] = "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":5,\"currency\":\"usd\",\"status\":\"succeeded\","
                    "\"charge\":\"ch_1\"}";
    struct saas_result got;
    assert_int_equal(saas_confirm(&call, 200, str_c(answer), false, saas_predict(&call), &fx.arena, &got), 0);
    memset(answer, 'x', sizeof(answer) - 1);
    assert_int_equal(got.n_objects, 1);
    assert_str(got.objects[0].id, "re_1");
    assert_str(got.objects[0].parent, "ch_1");
}

/* An answer larger than the call's own arena is still read: only what is kept is copied. */
static void a_large_answer_is_read(void **state)
{
    static char answer[600000];
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1&amount=5&currency=usd"));
    struct saas_result got;
    struct arena small;
    size_t n = (size_t)snprintf(answer, sizeof(answer),
                                "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":5,\"currency\":\"usd\","
                                "\"status\":\"succeeded\",\"x\":[0");
    while (n < sizeof(answer) - 10)
        n += (size_t)snprintf(answer + n, sizeof(answer) - n, ",%zu", n);
    n += (size_t)snprintf(answer + n, sizeof(answer) - n, "]}");
    arena_init(&small, 4096);
    assert_int_equal(saas_confirm(&call, 200, (struct str){answer, n}, false, saas_predict(&call), &small, &got), 0);
    assert_int_equal(got.outcome, OUTCOME_SETTLED);
    assert_int_equal(got.cost.usd, 50000000);
    arena_deinit(&small);
}

static void outcomes_by_status_alone_fail_closed(void **state)
{
    struct saas_call money = read_ok(post("/v1/refunds", "charge=ch_1"));
    struct saas_call read = read_ok((struct saas_request){.method = STR("GET"), .path = STR("/v1/charges/ch_1")});
    for (uint16_t status = 100; status < 600; status++) {
        enum outcome o = saas_outcome_of_status(&money, status);
        assert_int_equal(saas_outcome_of_status(&read, status), OUTCOME_NONE);
        assert_int_not_equal(o, OUTCOME_NONE);
        if (status >= 200 && status < 300)
            assert_int_equal(o, OUTCOME_SETTLED);
        else if (o == OUTCOME_RELEASED)
            assert_true(status >= 400 && status < 500);
        else
            assert_int_equal(o, OUTCOME_UNKNOWN);
    }
}

static void a_prediction_that_overflows_is_unknown(void **state)
{
    struct saas_call call = read_ok(post("/v1/charges", "amount=999999999999999999&currency=usd"));
    assert_true(call.amount.is_known);
    assert_int_equal(saas_predict(&call).how, HOW_UNKNOWN);
    call = read_ok(post("/v1/charges", "amount=922337203685&currency=usd"));
    assert_int_equal(saas_predict(&call).how, HOW_ESTIMATED);
    assert_int_equal(saas_predict(&call).usd, 9223372036850000000);
}

/* Bytes of a valid request, some changed: refused, or forwarded as what was decided on. */
static void what_is_forwarded_is_what_was_decided_on(void **state)
{
    static const char *const seeds[] = {
        "amount=500&currency=usd&charge=ch_1&metadata[a]=b+c",
        "amount=500&currency=usd&payment_intent=pi_1&reason=duplicate&metadata%5Bx%5D=%E2%82%AC",
        "charge=ch_1&expand[]=charge&expand[]=customer",
    };
    static const char bytes[] = "&=%[]+;019aA_ .\x00\x80";
    struct rng rng;
    size_t n_read = 0;
    rng_seeded_init(&rng, 7);
    for (int i = 0; i < 20000; i++) {
        char text[128];
        struct saas_call call, back;
        struct saas_problem problem = {0};
        struct str seed = str_c(seeds[rng_below(&rng, 3)]);
        memcpy(text, seed.p, seed.n);
        for (uint64_t k = rng_below(&rng, 4); k > 0; k--)
            text[rng_below(&rng, seed.n)] = bytes[rng_below(&rng, sizeof(bytes) - 1)];
        struct saas_request r = post("/v1/refunds", "");
        r.body = (struct str){text, seed.n};
        arena_reset(&fx.arena);
        int err = read_stripe(&r, &fx.arena, &call, &problem);
        assert_true(err == 0 || err == SAAS_R_PROBLEM);
        if (err)
            continue;
        n_read++;
        r.body = call.body;
        assert_int_equal(read_stripe(&r, &fx.arena, &back, &problem), 0);
        assert_true(str_eq(back.body, call.body));
        assert_int_equal(back.n_params, call.n_params);
        assert_int_equal(back.amount.minor, call.amount.minor);
        assert_true(str_eq(back.subject, call.subject));
    }
    assert_true(n_read > 2000); /* else the mutations are too wild to show anything */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_callers_arena_bounds_what_is_read),
        T(the_field_limit_is_exact),
        T(the_depth_limit_is_exact),
        T(a_problem_never_shows_raw_bytes),
        T(known_paths_are_known_by_method),
        T(a_path_holds_unreserved_bytes_and_colons_only),
        T(a_lookup_is_offered_only_for_what_is_lacking),
        T(the_template_of_a_lookup_has_neither_ids_nor_query),
        T(a_lookup_is_made_once),
        T(learned_objects_fit_the_room_given),
        T(results_outlive_the_answer),
        T(a_large_answer_is_read),
        T(outcomes_by_status_alone_fail_closed),
        T(a_prediction_that_overflows_is_unknown),
        T(what_is_forwarded_is_what_was_decided_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
