/* config/issuers: whose tokens are believed, and where their keys are. */
#include "load.h"

#define IDP(more) "issuers:\n  idp:\n    issuer: https://a.test\n    audience: gate\n" more
#define KEYS "    jwks: https://a.test/keys\n"

static void everything_about_an_issuer_is_read(void **state)
{
    struct load l;
    load_text(&l, IDP("    jwks: \"https://keys.a.test:8443/v1/jwks.json\"\n"
                      "    ca_file: /etc/ca.pem\n"
                      "    algorithms: [RS256, EdDSA]\n"
                      "    typ: JWT\n"
                      "    claims: {user: email, tenant: org, customer: cus, agent: azp}\n"
                      "    max_age: 1h\n"
                      "    single_use: true\n"
                      "    private: true\n"
                      "    customers_of: [stripe, billing]\n"
                      "  local: {issuer: b, audience: gate, jwks: \"file:keys.json\"}\n"));
    assert_str(buf_str(&l.text), "");
    assert_int_equal(l.config->n_issuers, 2);
    const struct config_issuer *i = &l.config->issuers[0];
    assert_str(i->name, "idp");
    assert_str(i->issuer, "https://a.test");
    assert_str(i->audience, "gate");
    assert_true(i->jwks.is_tls);
    assert_str(i->jwks.host, "keys.a.test");
    assert_int_equal(i->jwks.port, 8443);
    assert_str(i->jwks.path, "/v1/jwks.json");
    assert_str(i->ca_file, "/etc/ca.pem");
    assert_int_equal(i->n_algorithms, 2);
    assert_str(i->algorithms[1], "EdDSA");
    assert_str(i->typ, "JWT");
    assert_str(i->claim_user, "email");
    assert_str(i->claim_tenant, "org");
    assert_str(i->claim_customer, "cus");
    assert_str(i->claim_agent, "azp");
    assert_int_equal(i->age_s_max, 3600);
    assert_true(i->is_single_use && i->is_private && !i->is_insecure);
    assert_int_equal(i->n_customers_of, 2);
    assert_str(i->customers_of[1], "billing");
    i = &l.config->issuers[1];
    assert_str(i->jwks.file, "keys.json");
    assert_int_equal(i->n_algorithms, 4);
    assert_str(i->typ, "at+jwt");
    assert_str(i->claim_user, "sub");
    assert_int_equal(i->claim_tenant.n, 0);
    assert_int_equal(i->age_s_max, 86400);
    assert_str(i->customers_of[0], "stripe");
    load_end(&l);
}

static void keys_come_from_a_file_or_over_tls(void **state)
{
    assert_loads(IDP("    jwks: http://127.0.0.1:9000/jwks\n"));
    assert_loads(IDP("    jwks: https://a.test\n"));
    assert_loads(IDP("    jwks: http://a.test/jwks\n    insecure: true\n"));
    assert_fault(IDP("    jwks: http://a.test/jwks\n"), "insecure_url: issuers.idp.jwks: over plain http");
    assert_fault(IDP("    jwks: keys.json\n"), "bad_url: issuers.idp.jwks: file:PATH or https://HOST/PATH is wanted");
    assert_fault(IDP("    jwks: \"file:\"\n"), "bad_url");
    assert_fault(IDP("    jwks: \"https://u:p@a.test/\"\n"), "bad_url: issuers.idp.jwks: user and password do not");
    assert_fault(IDP("    jwks: \"https://a.test/k?x=1\"\n"), "bad_url");
    assert_fault(IDP("    jwks: \"https://a.test/a b\"\n"), "bad_url");
    assert_fault(IDP("    jwks: \"https://a.test/\\r\\nX: y\"\n"), "bad_url");
    assert_fault(IDP("    jwks: \"https://a.test:0/\"\n"), "a port is a number");
    assert_fault(IDP("    jwks: \"https://a_b..test/\"\n"), "this is no host");
    assert_fault(IDP("    jwks: \"http://127.0.0.1/k\"\n    ca_file: /ca.pem\n"), "no_tls");
}

static void what_is_missing_or_unknown_is_said(void **state)
{
    assert_fault("issuers: {idp: {issuer: a, audience: b}}\n", "missing_key: issuers.idp: `jwks` is missing");
    assert_fault("issuers: {idp: {audience: b, jwks: \"file:x\"}}\n", "missing_key: issuers.idp: `issuer` is missing");
    assert_fault(IDP(KEYS "    algs: [ES256]\n"), "unknown_key");
    assert_fault(IDP(KEYS "    algorithms: [HS256]\n"), "unknown_value");
    assert_fault(IDP(KEYS "    algorithms: [none]\n"), "unknown_value");
    assert_fault(IDP(KEYS "    algorithms: []\n"), "bad_value: issuers.idp.algorithms");
    assert_fault(IDP(KEYS "    claims: {usr: sub}\n"), "unknown_key");
    assert_fault(IDP(KEYS "    claims: {user: \"\"}\n"), "bad_value: issuers.idp.user: 1 to 256 bytes");
    assert_fault(IDP(KEYS "    max_age: soon\n"), "bad_value: issuers.idp.max_age");
    assert_fault(IDP(KEYS "    single_use: 1\n"), "wrong_type: issuers.idp.single_use");
    assert_fault(IDP(KEYS "    customers_of: [Stripe]\n"), "bad_name: issuers.idp.customers_of");
    assert_fault("issuers: {Idp: {issuer: a, audience: b, jwks: \"file:x\"}}\n", "bad_name: an issuer's name");
    assert_fault("issuers: 5\n", "wrong_type: issuers wants a map");
}

static void an_issuer_stands_once(void **state)
{
    assert_fault(IDP(KEYS "  again: {issuer: \"https://a.test\", audience: x, jwks: \"file:x\"}\n"),
                 "same_issuer: issuers.idp and issuers.again have the same `issuer`");
}

static void as_many_issuers_as_may_be(void **state)
{
    struct buf b;
    for (int n = CONFIG_ISSUERS_MAX; n <= CONFIG_ISSUERS_MAX + 1; n++) {
        buf_init(&b, 65536);
        buf_add_c(&b, "issuers:\n");
        for (int i = 0; i < n; i++)
            buf_printf(&b, "  i%d: {issuer: x%d, audience: a, jwks: \"file:x\"}\n", i, i);
        buf_add_byte(&b, '\0');
        if (n == CONFIG_ISSUERS_MAX)
            assert_loads(b.p);
        else
            assert_fault(b.p, "too_many: issuers: at most 32");
        buf_deinit(&b);
    }
}

static void what_is_shown_loads_back(void **state)
{
    struct load l, again;
    struct buf first, second;
    load_text(&l, IDP(KEYS "    claims: {user: email, agent: azp}\n    customers_of: []\n    max_age: 90s\n"));
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    assert_int_equal(config_text(l.config, false, &first), 0);
    buf_add_byte(&first, '\0');
    load_text(&again, first.p);
    assert_str(buf_str(&again.text), "");
    assert_int_equal(config_text(again.config, false, &second), 0);
    buf_add_byte(&second, '\0');
    assert_string_equal(first.p, second.p);
    assert_int_equal(again.config->issuers[0].n_customers_of, 0);
    buf_reset(&first);
    assert_int_equal(config_json(l.config, &first), 0);
    size_t at;
    assert_true(str_find(buf_str(&first), STR("\"issuers.idp.claims\":{\"value\":{\"user\": \"email\""), &at));
    buf_deinit(&first);
    buf_deinit(&second);
    load_end(&l);
    load_end(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_about_an_issuer_is_read), cmocka_unit_test(keys_come_from_a_file_or_over_tls),
        cmocka_unit_test(what_is_missing_or_unknown_is_said), cmocka_unit_test(an_issuer_stands_once),
        cmocka_unit_test(as_many_issuers_as_may_be),          cmocka_unit_test(what_is_shown_loads_back),
    };
    return cmocka_run_group_tests_name("config/issuers", tests, NULL, NULL);
}
