/* saas/compose: additions are the same for the same retry, and refusals raise the usual exception. */
#include "codec/json_read.h"
#include "stripe_fixture.h"

static const struct saas_additions all = {true, true};

static struct str body_of(const struct saas_call *call, const char *scope, const char *key)
{
    struct str body, used, added[2];
    size_t n;
    assert_int_equal(saas_compose(call, all, str_c(scope), str_c(key), &fx.arena, &body, &used, added, &n), 0);
    return body;
}

static void a_retry_with_the_same_key_sends_the_same_bytes(void **state)
{
    struct saas_call first = read_ok(post("/v1/refunds", "charge=ch_1&amount=5"));
    struct saas_call again = read_ok(post("/v1/refunds", "charge=ch_1&amount=5"));
    struct str a = body_of(&first, "agent", "k1"), b = body_of(&again, "agent", "k1");
    assert_true(str_eq(a, b));
}

static void another_key_scope_or_body_is_another_tag(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1&amount=5"));
    struct saas_call other = read_ok(post("/v1/refunds", "charge=ch_1&amount=6"));
    struct str tag = body_of(&call, "agent", "k1");
    assert_false(str_eq(tag, body_of(&call, "agent", "k2")));
    assert_false(str_eq(tag, body_of(&call, "agent2", "k1")));
    assert_false(str_eq(str_sub(tag, tag.n - 24, 24), str_sub(body_of(&other, "agent", "k1"), tag.n - 24, 24)));
    /* the parts cannot run into each other */
    assert_false(str_eq(body_of(&call, "ab", "c"), body_of(&call, "a", "bc")));
}

static void what_is_switched_off_is_not_added(void **state)
{
    struct saas_call call = read_ok(post("/v1/refunds", "charge=ch_1&amount=5"));
    struct str body, key, added[2];
    size_t n = 9;
    assert_int_equal(saas_compose(&call, (struct saas_additions){false, false}, STR("s"), STR("made"), &fx.arena, &body,
                                  &key, added, &n),
                     0);
    assert_str(body, "charge=ch_1&amount=5");
    assert_int_equal(key.n, 0);
    assert_int_equal(n, 0);
}

static void a_tag_on_an_empty_body_is_the_body(void **state)
{
    struct saas_call call = read_ok(post("/v1/customers", ""));
    assert_true(str_starts(body_of(&call, "s", "k"), STR("metadata[flyball_tag]=")));
}

static void nothing_is_added_to_an_unknown_operation(void **state)
{
    struct saas_call call = read_ok(post("/v1/brand_new", "a=b"));
    struct str body, key, added[2];
    size_t n = 9;
    assert_int_equal(saas_compose(&call, all, STR("s"), STR("made"), &fx.arena, &body, &key, added, &n), 0);
    assert_str(body, "a=b");
    assert_int_equal(key.n + n, 0);
}

static void no_room_in_the_arena_is_an_error(void **state)
{
    char text[200000] = "description=";
    struct arena small;
    struct str body, key, added[2];
    size_t n, len = strlen(text);
    memset(text + len, 'x', sizeof(text) - 1 - len);
    struct saas_call call = read_ok(post("/v1/customers", text));
    arena_init(&small, 100);
    assert_int_equal(saas_compose(&call, all, STR("s"), STR("k"), &small, &body, &key, added, &n), -ERR_TOO_LARGE);
    arena_deinit(&small);
}

static struct json refusal(const struct connector *c, enum code code, uint16_t status, const char *sentence)
{
    struct json root;
    buf_reset(&fx.out);
    assert_int_equal(saas_refusal_body(c, code, status, str_c(sentence), STR("id-1"), &fx.out), 0);
    assert_int_equal(json_parse(&fx.arena, buf_str(&fx.out), 8, &root), 0);
    return json_get(root, STR("error"));
}

static struct str text(struct json o, const char *key)
{
    struct str s = STR_NONE;
    assert_true(json_str(json_get(o, str_c(key)), &s));
    return s;
}

static void a_refusal_has_the_vendors_shape(void **state)
{
    struct json e = refusal(fx.stripe, CODE_LIMIT_EXCEEDED, 403, "The limit `day` has \"0.50\" left.\n\x01{code}");
    assert_str(text(e, "type"), "invalid_request_error");
    assert_str(text(e, "code"), "limit_exceeded");
    assert_str(text(e, "message"), "The limit `day` has \"0.50\" left.\n\x01{code}");
    assert_str(text(e, "call_id"), "id-1");
}

static void our_own_failures_are_api_errors(void **state)
{
    assert_str(text(refusal(fx.stripe, CODE_OVERLOADED, 503, "Full."), "type"), "api_error");
    assert_str(text(refusal(fx.stripe, CODE_OUTCOME_UNKNOWN, 502, "Sent."), "type"), "api_error");
    assert_str(text(refusal(fx.stripe, CODE_RATE_LIMITED, 429, "Slow."), "type"), "invalid_request_error");
}

static void before_a_vendor_is_known_the_shape_is_the_same(void **state)
{
    struct json e = refusal(NULL, CODE_KEY_MISSING, 401, "There is no key.");
    assert_str(text(e, "type"), "invalid_request_error");
    assert_str(text(e, "code"), "key_missing");
    assert_str(text(refusal(NULL, CODE_OVERLOADED, 503, "Full."), "type"), "api_error");
}

static void a_refusal_that_does_not_fit_is_an_error(void **state)
{
    struct buf small;
    buf_init(&small, 20);
    assert_int_equal(saas_refusal_body(fx.stripe, CODE_STOPPED, 403, STR("Stopped."), STR("id"), &small),
                     -ERR_TOO_LARGE);
    buf_deinit(&small);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_retry_with_the_same_key_sends_the_same_bytes),
        T(another_key_scope_or_body_is_another_tag),
        T(what_is_switched_off_is_not_added),
        T(a_tag_on_an_empty_body_is_the_body),
        T(nothing_is_added_to_an_unknown_operation),
        T(no_room_in_the_arena_is_an_error),
        T(a_refusal_has_the_vendors_shape),
        T(our_own_failures_are_api_errors),
        T(before_a_vendor_is_known_the_shape_is_the_same),
        T(a_refusal_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
