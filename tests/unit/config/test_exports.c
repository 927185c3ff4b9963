/* config/exports: where spans go, what goes with them; and that no credential is repeated. */
#include "load.h"

#define AT "exports: {far: {otlp: \"https://otel.example.com\""

static void everything_about_a_target_is_read(void **state)
{
    struct load l;
    load_text(&l, "exports:\n"
                  "  langfuse:\n"
                  "    otlp: \"https://otel.example.com/api/public/otel/\"\n"
                  "    protocol: http/json\n"
                  "    compression: none\n"
                  "    semconv: \"1.36\"\n"
                  "    personal: true\n"
                  "    session_id: true\n"
                  "    from: start\n"
                  "    ca_file: /ca.pem\n"
                  "    headers: {authorization: \"env:LANGFUSE\", x-project: \"text:a b\", x-more: \"file:/s\"}\n"
                  "  near: {otlp: \"http://127.0.0.1:4318\"}\n");
    assert_str(buf_str(&l.text), "");
    assert_int_equal(l.config->n_exports, 2);
    const struct config_export *x = &l.config->exports[0];
    assert_str(x->name, "langfuse");
    assert_str(x->url, "https://otel.example.com:443/api/public/otel/v1/traces");
    assert_str(x->host, "otel.example.com");
    assert_str(x->path, "/api/public/otel/v1/traces");
    assert_int_equal(x->port, 443);
    assert_true(x->is_tls && x->is_json && x->is_plain && x->has_personal && x->has_session && x->is_from_start);
    assert_false(x->is_private);
    assert_str(x->semconv, "1.36");
    assert_str(x->ca_file, "/ca.pem");
    assert_int_equal(x->n_headers, 3);
    assert_str(x->headers[0].name, "authorization");
    assert_str(x->headers[0].value, "env:LANGFUSE");
    assert_str(x->headers[1].value, "text:a b");
    x = &l.config->exports[1];
    assert_str(x->path, "/v1/traces");
    assert_true(x->is_private);
    assert_false(x->is_tls || x->is_json || x->is_plain || x->has_personal || x->has_session || x->is_from_start);
    load_end(&l);
}

static void the_path_of_traces_is_added_once(void **state)
{
    struct load l;
    load_text(&l, "exports: {a: {otlp: \"http://127.0.0.1:1/v1/traces\"}, b: {otlp: \"http://127.0.0.1:1/\"}}\n");
    assert_str(l.config->exports[0].path, "/v1/traces");
    assert_str(l.config->exports[1].path, "/v1/traces");
    load_end(&l);
}

static void a_url_that_cannot_be_used_is_refused(void **state)
{
    assert_fault("exports: {a: {otlp: \"otel:4318\"}}\n", "bad_url: exports.a.otlp: https://HOST[:PORT] is wanted");
    assert_fault("exports: {a: {otlp: \"https://otel.example.com/x?y=1\"}}\n", "without query or fragment");
    assert_fault("exports: {a: {otlp: \"https://otel.example.com/x#y\"}}\n", "without query or fragment");
    assert_fault("exports: {a: {otlp: \"https://otel.example.com/a b\"}}\n", "without query or fragment");
    assert_fault("exports: {a: {otlp: \"https://user:canary@otel.example.com\"}}\n", "user and password do not belong");
    assert_fault("exports: {a: {otlp: \"http://otel.example.com\"}}\n", "insecure_url: exports.a.otlp");
    assert_loads("exports: {a: {otlp: \"http://otel.example.com\", insecure: true}}\n");
    assert_fault("exports: {a: {otlp: 5}}\n", "wrong_type: exports.a.otlp wants a URL");
    assert_fault("exports: {a: {protocol: http/json}}\n", "missing_key: exports.a: `otlp` is missing");
    assert_fault("exports: {a: {otlp: \"http://127.0.0.1:1\", ca_file: /x}}\n", "no_tls: exports.a.ca_file");
    assert_fault("exports: {A: {otlp: \"http://127.0.0.1:1\"}}\n", "bad_name");
    assert_fault("exports: 5\n", "exports");
    assert_loads("exports: {}\n");
}

static void words_are_known_or_named(void **state)
{
    assert_fault(AT ", protocol: grpc}}\n", "unknown_value");
    assert_fault(AT ", compression: gz}}\n", "unknown_value");
    assert_fault(AT ", from: never}}\n", "unknown_value");
    assert_fault(AT ", semconv: \"1.37\"}}\n", "unknown_value");
    assert_fault(AT ", semconv: 1.42}}\n", "wrong_type");
    assert_fault(AT ", personal: 1}}\n", "wrong_type: exports.far.personal");
    assert_fault(AT ", endpoint: x}}\n", "unknown_key");
    assert_loads(AT ", semconv: \"1.42\", protocol: http/protobuf, compression: gzip, from: now}}\n");
}

static void assert_header_fault(const char *header, const char *want)
{
    char text[400];
    struct load l;
    size_t at;
    snprintf(text, sizeof text, AT ", headers: {%s}}}\n", header);
    load_text(&l, text);
    assert_int_equal(l.r, -ERR_INVALID);
    if (!str_find(buf_str(&l.text), str_c(want), &at))
        assert_str(buf_str(&l.text), want);
    assert_false(str_find(buf_str(&l.text), STR("canary"), &at));
    load_end(&l);
}

static void a_credential_stands_elsewhere_and_is_not_repeated(void **state)
{
    assert_header_fault("authorization: \"Bearer canary\"", "secret_inline: exports.far.headers.authorization");
    assert_header_fault("authorization: \"env:bad-canary\"", "secret_inline");
    assert_header_fault("authorization: \"env:\"", "secret_inline");
    assert_header_fault("authorization: \"file:\"", "secret_inline");
    assert_header_fault("authorization: \"text:\"", "secret_inline");
    assert_header_fault("authorization: \"text:canary\\t\"", "secret_inline");
    assert_header_fault("authorization: 5", "secret_inline");
    assert_header_fault("Content-Type: \"text:x\"", "bad_header");
    assert_header_fault("\"a b\": \"text:x\"", "bad_header");
}

static void the_number_of_headers_and_targets_is_bounded(void **state)
{
    struct load l;
    char text[8192];
    for (int n = CONFIG_HEADERS_MAX; n <= CONFIG_HEADERS_MAX + 1; n++) {
        strcpy(text, AT ", headers: {h0: \"text:x\"");
        for (int i = 1; i < n; i++)
            snprintf(text + strlen(text), 60, ", h%d: \"text:x\"", i);
        strcat(text, "}}}\n");
        load_text(&l, text);
        assert_int_equal(l.r, n > CONFIG_HEADERS_MAX ? -ERR_INVALID : 0);
        load_end(&l);
    }
    for (int n = CONFIG_EXPORTS_MAX; n <= CONFIG_EXPORTS_MAX + 1; n++) {
        strcpy(text, "exports:\n");
        for (int i = 0; i < n; i++)
            snprintf(text + strlen(text), 60, "  a%d: {otlp: \"http://127.0.0.1:1\"}\n", i);
        load_text(&l, text);
        assert_int_equal(l.r, n > CONFIG_EXPORTS_MAX ? -ERR_INVALID : 0);
        load_end(&l);
    }
}

static void what_is_shown_loads_back_to_the_same(void **state)
{
    struct load l, again;
    struct buf b;
    size_t at;
    buf_init(&b, 1 << 20);
    load_text(&l, AT ", headers: {x: \"env:CANARY\"}, semconv: \"1.36\", from: start}}\n");
    assert_int_equal(config_text(l.config, false, &b), 0);
    assert_int_equal(buf_add_byte(&b, '\0'), 0);
    load_text(&again, b.p);
    assert_str(buf_str(&again.text), "");
    assert_str(again.config->exports[0].url, "https://otel.example.com:443/v1/traces");
    assert_str(again.config->exports[0].headers[0].value, "env:CANARY");
    assert_true(again.config->exports[0].is_from_start);
    load_end(&again);
    buf_reset(&b);
    assert_int_equal(config_json(l.config, &b), 0);
    assert_true(
        str_find(buf_str(&b), STR("\"exports.far.otlp\":{\"value\":\"https://otel.example.com:443/v1/tr"), &at));
    buf_reset(&b);
    assert_int_equal(config_schema(&b), 0);
    assert_true(str_find(buf_str(&b), STR("\"session_id\":{\"type\":\"boolean\""), &at));
    load_end(&l);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_about_a_target_is_read),
        cmocka_unit_test(the_path_of_traces_is_added_once),
        cmocka_unit_test(a_url_that_cannot_be_used_is_refused),
        cmocka_unit_test(words_are_known_or_named),
        cmocka_unit_test(a_credential_stands_elsewhere_and_is_not_repeated),
        cmocka_unit_test(the_number_of_headers_and_targets_is_bounded),
        cmocka_unit_test(what_is_shown_loads_back_to_the_same),
    };
    return cmocka_run_group_tests_name("config/exports", tests, NULL, NULL);
}
