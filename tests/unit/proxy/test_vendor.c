/* proxy/vendor: where a request to a vendor with several hosts goes. */
#include "unit.h"

#include "proxy/vendor.h"

static void only_at_its_own_address_a_vendor_has_its_other_hosts(void **state)
{
    struct limits limits;
    struct arena arena;
    struct diag_list diags;
    struct connector *c;
    struct str text, path;
    limits_default(&limits);
    arena_init(&arena, 1 << 20);
    diag_list_init(&diags, &arena, 8);
    assert_true(connector_builtin(STR("twilio"), &text));
    assert_int_equal(connector_parse(text, STR("t.yaml"), &limits, &diags, &c), 0);
    struct vendor v = {.connector = c, .target = {.host = STR("api.twilio.com"), .port = 443}, .has_hosts = true};
    struct http_target at = vendor_target(&v, STR("/lookups/v2/PhoneNumbers/+1"), &path);
    assert_str(at.host, "lookups.twilio.com");
    assert_int_equal(at.port, 443);
    assert_str(path, "/v2/PhoneNumbers/+1");
    at = vendor_target(&v, STR("/2010-04-01/Accounts.json"), &path);
    assert_str(at.host, "api.twilio.com");
    v.has_hosts = false; /* a stand-in serves all of it */
    v.target.host = STR("127.0.0.1");
    at = vendor_target(&v, STR("/lookups/v2/PhoneNumbers/+1"), &path);
    assert_str(at.host, "127.0.0.1");
    assert_str(path, "/v2/PhoneNumbers/+1");
    connector_free(c);
    arena_deinit(&arena);
}

static void a_test_key_reaches_no_live_secret(void **state)
{
    assert_true(vendor_allows_mode(MODE_LIVE, MODE_LIVE));
    assert_false(vendor_allows_mode(MODE_LIVE, MODE_TEST));
    assert_true(vendor_allows_mode(MODE_ANY, MODE_TEST));
    assert_true(vendor_allows_mode(MODE_TEST, MODE_TEST));
    assert_int_equal(vendor_mode(&(struct vendor){.mode = MODE_LIVE}), MODE_LIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_at_its_own_address_a_vendor_has_its_other_hosts),
        cmocka_unit_test(a_test_key_reaches_no_live_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
