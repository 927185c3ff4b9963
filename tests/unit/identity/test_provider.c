/* identity/provider.c: what a provider may say of itself. */
#include "unit.h"

#include "identity/provider.h"

#define ISSUER "https://id.example/realm"
#define ENDS                                                                                                           \
    "\"token_endpoint\":\"https://token.example:444/t?x=1\",\"jwks_uri\":\"https://keys.example\""
#define ALL "\"authorization_endpoint\":\"https://id.example/auth?a=b\"," ENDS

static struct arena arena;

static int setup(void **state)
{
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static const char *fault_of(const char *document, struct provider *ret)
{
    const char *why = NULL;
    return provider_read(str_c(document), STR(ISSUER), false, &arena, ret, &why) ? "" : why;
}

static void where_people_codes_and_keys_go_is_read(void **state)
{
    struct provider p;
    assert_string_equal(fault_of("{\"issuer\":\"" ISSUER "\"," ALL "}", &p), "");
    assert_str(p.authorization, "https://id.example/auth?a=b");
    assert_str(p.token.host, "token.example");
    assert_int_equal(p.token.port, 444);
    assert_str(p.token.path, "/t?x=1");
    assert_str(p.jwks.path, "/");
    assert_true(p.takes_basic);
    assert_false(p.takes_post);
    assert_false(p.names_issuer);
    assert_string_equal(fault_of("{\"issuer\":\"" ISSUER "\"," ALL
                                 ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
                                 "\"authorization_response_iss_parameter_supported\":true}",
                                 &p),
                        "");
    assert_false(p.takes_basic);
    assert_true(p.takes_post);
    assert_true(p.names_issuer);
}

static void one_that_speaks_for_another_is_refused(void **state)
{
    struct provider p;
    const char *other = "it is of another issuer";
    assert_string_equal(fault_of("{\"issuer\":\"" ISSUER "/\"," ALL "}", &p), other);
    assert_string_equal(fault_of("{\"issuer\":\"https://ID.example/realm\"," ALL "}", &p), other);
    assert_string_equal(fault_of("{" ALL "}", &p), other);
    assert_string_equal(fault_of("{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"," ALL "}", &p),
                        "it is not a JSON object");
    assert_string_equal(fault_of("<html>", &p), "it is not a JSON object");
    assert_string_equal(fault_of("[]", &p), "it is not a JSON object");
}

static void endpoints_that_lead_astray_are_refused(void **state)
{
    static const char *const bad[] = {"http://id.example/auth",        "javascript:alert(1)",   "/auth", "",
                                      "https://u:p@id.example/auth",   "https://id.example/#x", "data:text/html,x",
                                      "https://id.example/a\\r\\nx: y", "https://id.example/a b"};
    struct provider p;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct str doc = arena_printf(
            &arena, "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"%s\"," ENDS "}", bad[i]);
        assert_string_equal(fault_of(doc.p, &p), "its endpoints are no https URLs");
    }
    assert_string_equal(fault_of("{\"issuer\":\"" ISSUER "\"," ENDS "}", &p), "its endpoints are no https URLs");
}

static void plain_http_is_for_this_machine_or_asked_for(void **state)
{
    struct provider p;
    const char *why;
    const char *far = "{\"issuer\":\"http://x\",\"authorization_endpoint\":\"http://x/a\","
                      "\"token_endpoint\":\"http://x/t\",\"jwks_uri\":\"http://x/k\"}";
    const char *near = "{\"issuer\":\"http://x\",\"authorization_endpoint\":\"http://127.0.0.1:1/a\","
                       "\"token_endpoint\":\"http://127.0.0.1:1/t\",\"jwks_uri\":\"http://127.0.0.1:1/k\"}";
    assert_false(provider_read(str_c(far), STR("http://x"), false, &arena, &p, &why));
    assert_true(provider_read(str_c(far), STR("http://x"), true, &arena, &p, &why));
    assert_true(provider_read(str_c(near), STR("http://x"), false, &arena, &p, &why));
}

static void the_document_stands_behind_the_issuer(void **state)
{
    struct url u;
    assert_null(url_parse(STR("https://id.example"), &arena, &u));
    assert_str(provider_path(&u, &arena), "/.well-known/openid-configuration");
    assert_null(url_parse(STR("https://id.example/realm/"), &arena, &u));
    assert_str(provider_path(&u, &arena), "/realm/.well-known/openid-configuration");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_people_codes_and_keys_go_is_read),
        cmocka_unit_test(one_that_speaks_for_another_is_refused),
        cmocka_unit_test(endpoints_that_lead_astray_are_refused),
        cmocka_unit_test(plain_http_is_for_this_machine_or_asked_for),
        cmocka_unit_test(the_document_stands_behind_the_issuer),
    };
    return cmocka_run_group_tests_name("identity/provider", tests, setup, teardown);
}
