/* config/oidc: the provider that people sign in at; and that its secret is in no message. */
#include "config/load.h"

#define AT "people: {oidc: {issuer: \"https://id.example.com\", client_id: flyball"

static void a_provider_has_what_the_file_says_and_defaults(void **state)
{
    struct load l;
    load_text(&l, "people:\n"
                  "  oidc:\n"
                  "    issuer: https://id.example.com/realm\n"
                  "    client_id: flyball\n"
                  "    client_secret: env:OIDC_SECRET\n"
                  "    scopes: [email, openid, groups]\n"
                  "    claim: sub\n"
                  "    label: Example\n"
                  "    url: https://flyball.example.com\n");
    const struct config_oidc *o = &l.config->oidc;
    assert_str(o->issuer, "https://id.example.com/realm");
    assert_str(o->client_secret, "env:OIDC_SECRET");
    assert_int_equal(o->n_scopes, 3);
    assert_str(o->scopes[0], "openid");
    assert_str(o->scopes[2], "groups");
    assert_str(o->claim, "sub");
    assert_str(o->label, "Example");
    assert_false(o->is_private);
    load_end(&l);

    load_text(&l, "people: {oidc: {issuer: \"http://127.0.0.1:9\", client_id: flyball}}\n");
    o = &l.config->oidc;
    assert_str(o->claim, "email");
    assert_str(o->label, "127.0.0.1");
    assert_int_equal(o->n_scopes, 2);
    assert_true(o->is_private); /* who writes an address means that one */
    assert_int_equal(o->client_secret.n, 0);
    load_end(&l);

    load_text(&l, "{}\n");
    assert_int_equal(l.config->oidc.issuer.n, 0);
    load_end(&l);
}

static void what_is_wrong_is_said_and_no_secret_repeated(void **state)
{
    assert_fault("people: {oidc: {issuer: \"https://id.example.com\"}}\n", "missing_key: people.oidc: `client_id`");
    assert_fault("people: {oidc: {issuer: \"http://id.example.com\", client_id: x}}\n",
                 "insecure_url: people.oidc.issuer");
    assert_loads("people: {oidc: {issuer: \"http://id.example.com\", client_id: x, insecure: true}}\n");
    assert_fault("people: {oidc: {issuer: \"https://id.example.com/?a=b\", client_id: x}}\n", "bad_url");
    assert_fault("people: {oidc: {issuer: \"https://u:canary@id.example.com\", client_id: x}}\n", "bad_url");
    assert_fault(AT ", client_secret: canary}}\n", "secret_inline: people.oidc.client_secret");
    assert_fault(AT ", client_secret: \"text:canary\"}}\n", "secret_inline");
    assert_fault(AT ", client_secret: \"env:1x\"}}\n", "secret_inline");
    assert_loads(AT ", client_secret: \"file:/run/secret\"}}\n");
    assert_fault(AT ", scopes: []}}\n", "scopes: one to 16");
    assert_fault(AT ", scopes: [\"a b\"]}}\n", "a scope is a word");
    assert_fault(AT ", scopes: [\"a\\\"b\"]}}\n", "a scope is a word");
    assert_fault(AT ", url: \"http://flyball.example.com\"}}\n", "insecure_url: people.oidc.url");
    assert_fault(AT ", claim: \"\"}}\n", "claim: 1 to 256 bytes");
    assert_fault("people: {saml: {}}\n", "unknown_key");
    assert_fault("people: 5\n", "wrong_type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_has_what_the_file_says_and_defaults),
        cmocka_unit_test(what_is_wrong_is_said_and_no_secret_repeated),
    };
    return cmocka_run_group_tests_name("config/oidc", tests, NULL, NULL);
}
