/* saas/settle: prices that come later, what makes two requests one, and which host serves a path. */
#include "base/err.h"
#include "saas/call.h"
#include "unit.h"

#define MESSAGES "/2010-04-01/Accounts/AC1/Messages.json"

static struct connector *twilio;
static struct limits limits;
static struct arena arena;

static int set_up(void **state)
{
    struct diag_list diags;
    struct str text;
    limits_default(&limits);
    arena_init(&arena, 16 << 20);
    diag_list_init(&diags, &arena, 20);
    assert_true(connector_builtin(STR("twilio"), &text));
    assert_int_equal(connector_parse(text, STR("t.yaml"), &limits, &diags, &twilio), 0);
    return 0;
}

static int tear_down(void **state)
{
    connector_free(twilio);
    arena_deinit(&arena);
    return 0;
}

static struct saas_request post(const char *path, const char *body)
{
    return (struct saas_request){.method = STR("POST"),
                                 .path = str_c(path),
                                 .body = str_c(body),
                                 .content_type = STR("application/x-www-form-urlencoded")};
}

static struct saas_call read_ok(const struct saas_request *r)
{
    struct saas_call call;
    struct saas_problem problem;
    assert_int_equal(saas_read(twilio, saas_find(twilio, r->method, r->path), r, &limits, &arena, &call, &problem), 0);
    return call;
}

/* --- polls -------------------------------------------------------------------------------------------------------- */

static enum saas_polled polled(uint16_t status, const char *body, struct cost *ret)
{
    struct saas_request r = post(MESSAGES, "To=%2B14155550123&From=%2B1&Body=a");
    struct saas_call call = read_ok(&r);
    *ret = (struct cost){HOW_UNKNOWN, 7};
    return saas_poll_read(call.op, status, str_c(body), ret);
}

static void a_poll_brings_the_price_or_says_when_to_ask_again(void **state)
{
    struct cost cost;
    assert_int_equal(polled(200, "{\"price\":\"-0.00790\",\"price_unit\":\"USD\"}", &cost), SAAS_POLLED_PRICE);
    assert_int_equal(cost.usd, 7900000);
    assert_int_equal(cost.how, HOW_PARSED);
    assert_int_equal(polled(200, "{\"price\":null,\"price_unit\":\"USD\"}", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(200, "{\"price_unit\":\"USD\"}", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(200, "{\"price\":null,\"status\":\"canceled\"}", &cost), SAAS_POLLED_PRICE);
    assert_int_equal(cost.usd, 0);
    assert_int_equal(polled(200, "{\"price\":null,\"status\":\"failed\"}", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(200, "<html>", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(500, "{\"price\":\"-1\",\"price_unit\":\"USD\"}", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(429, "{}", &cost), SAAS_POLLED_NOT_YET);
    assert_int_equal(polled(404, "{}", &cost), SAAS_POLLED_NEVER);
    assert_int_equal(polled(410, "", &cost), SAAS_POLLED_NEVER);
}

static void what_is_no_price_in_dollars_never_becomes_one(void **state)
{
    static const char *const bad[] = {
        "{\"price\":\"-0.0079\",\"price_unit\":\"EUR\"}",       "{\"price\":\"-0.0079\"}",
        "{\"price\":\"--1\",\"price_unit\":\"USD\"}",           "{\"price\":\"1e-3\",\"price_unit\":\"USD\"}",
        "{\"price\":\"0.0000000001\",\"price_unit\":\"USD\"}",  "{\"price\":\"free\",\"price_unit\":\"USD\"}",
        "{\"price\":\"99999999999\",\"price_unit\":\"USD\"}"};
    struct cost cost;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (polled(200, bad[i], &cost) != SAAS_POLLED_NEVER || cost.usd != 7)
            fail_msg("%s", bad[i]);
    }
}

static void the_times_of_polls_end(void **state)
{
    struct saas_request r = post(MESSAGES, "To=%2B14155550123&From=%2B1&Body=a");
    struct saas_call call = read_ok(&r);
    int64_t ms = 0, before = 0;
    size_t n = 0;
    for (; saas_poll_after(call.op, n, &ms); n++) {
        assert_true(ms > before);
        before = ms;
    }
    assert_int_equal(n, 6);
    assert_int_equal(ms, 86400000);
    struct saas_request other = post("/2010-04-01/Accounts/AC1/Messages/SM1.json", "Status=canceled");
    call = read_ok(&other);
    assert_false(saas_poll_after(call.op, 0, &ms));
}

static void every_operation_whose_price_may_come_later_is_found(void **state)
{
    struct str name;
    int64_t ms;
    const struct operation *op = saas_poll_operation(twilio, 0, &name);
    assert_str(name, "twilio.messages.create");
    assert_true(saas_poll_after(op, 5, &ms));
    op = saas_poll_operation(twilio, 1, &name);
    assert_str(name, "twilio.calls.create");
    assert_true(saas_poll_after(op, 4, &ms));
    assert_null(saas_poll_operation(twilio, 2, &name));
}

/* --- duplicates --------------------------------------------------------------------------------------------------- */

static void every_operation_that_has_duplicates_is_found(void **state)
{
    struct str name;
    assert_non_null(saas_duplicate_operation(twilio, 0, &name));
    assert_str(name, "twilio.messages.create");
    assert_non_null(saas_duplicate_operation(twilio, 1, &name));
    assert_str(name, "twilio.calls.create");
    assert_null(saas_duplicate_operation(twilio, 9, &name));
}

static int64_t window(const char *body, const char *key, uint8_t digest[32], bool *is_own)
{
    struct saas_request r = post(MESSAGES, body);
    r.has_idempotency_key = key != NULL;
    r.idempotency_key = str_c(key);
    struct saas_call call = read_ok(&r);
    *is_own = false;
    return saas_duplicate_window(&call, &r, digest, is_own);
}

static bool is_same(const char *a, const char *b)
{
    uint8_t da[32], db[32];
    bool is_own;
    assert_int_equal(window(a, NULL, da, &is_own), 60000);
    assert_int_equal(window(b, NULL, db, &is_own), 60000);
    return memcmp(da, db, 32) == 0;
}

static void requests_are_the_same_by_what_they_say(void **state)
{
#define ONE "To=%2B14155550123&From=%2B14155550100&Body=hi"
    assert_true(is_same(ONE, ONE));
    assert_true(is_same(ONE, "Body=h%69&From=%2B14155550100&To=%2B14155550123")); /* whatever the order and encoding */
    assert_true(is_same(ONE, ONE "&StatusCallback=https%3A%2F%2Fx.dev"));        /* who is told is no other message */
    assert_false(is_same(ONE, "To=%2B14155550124&From=%2B14155550100&Body=hi"));
    assert_false(is_same(ONE, "To=%2B14155550123&From=%2B14155550101&Body=hi"));
    assert_false(is_same(ONE, ONE "%21"));
    assert_false(is_same(ONE, ONE "&MediaUrl=https%3A%2F%2Fx.dev%2Fa"));
    assert_false(is_same(ONE, ONE "&SendAt=2026-12-01"));
    assert_false(is_same("To=a&From=&Body=b", "To=a&Body=b")); /* empty is not absent */
    assert_false(is_same("To=a&Body=&MediaUrl=-x", "To=a&MediaUrl=x"));
}

static void a_key_of_its_own_takes_the_place_of_the_values(void **state)
{
    uint8_t a[32], b[32], c[32];
    bool is_own;
    assert_true(window(ONE, "k1", a, &is_own) > 0);
    assert_true(is_own);
    (void)window(ONE, "k2", b, &is_own);
    assert_true(memcmp(a, b, 32) != 0);
    (void)window(ONE "%21", "k1", c, &is_own);
    assert_memory_equal(a, c, 32);
    (void)window(ONE, NULL, b, &is_own);
    assert_true(memcmp(a, b, 32) != 0);
    assert_false(is_own);
}

static void operations_without_the_rule_have_no_window(void **state)
{
    struct saas_request r = post("/2010-04-01/Accounts/AC1/Messages/SM1.json", "Status=canceled");
    struct saas_call call = read_ok(&r);
    uint8_t digest[32];
    bool is_own;
    assert_int_equal(saas_duplicate_window(&call, &r, digest, &is_own), 0);
    r = post("/2010-04-01/Nowhere.json", "a=b");
    call = read_ok(&r);
    assert_int_equal(saas_duplicate_window(&call, &r, digest, &is_own), 0);
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

static void a_path_has_its_host(void **state)
{
    static const struct {
        const char *path, *host, *there;
    } paths[] = {
        {"/2010-04-01/Accounts.json", "api.twilio.com", "/2010-04-01/Accounts.json"},
        {"/lookups/v2/PhoneNumbers/+1", "lookups.twilio.com", "/v2/PhoneNumbers/+1"},
        {"/v2/PhoneNumbers/+1", "lookups.twilio.com", "/v2/PhoneNumbers/+1"},
        {"/verify/v2/Services", "verify.twilio.com", "/v2/Services"},
        {"/flex-api/v1/Channels", "flex-api.twilio.com", "/v1/Channels"},
        {"/lookupsx/v2", "", "/lookupsx/v2"},
        {"/elsewhere", "", "/elsewhere"},
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct str there, host = saas_host(twilio, str_c(paths[i].path), &there);
        assert_str(host, paths[i].host);
        assert_str(there, paths[i].there);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_poll_brings_the_price_or_says_when_to_ask_again),
        T(what_is_no_price_in_dollars_never_becomes_one),
        T(the_times_of_polls_end),
        T(every_operation_whose_price_may_come_later_is_found),
        T(every_operation_that_has_duplicates_is_found),
        T(requests_are_the_same_by_what_they_say),
        T(a_key_of_its_own_takes_the_place_of_the_values),
        T(operations_without_the_rule_have_no_window),
        T(a_path_has_its_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
