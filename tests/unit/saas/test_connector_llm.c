/* saas/connector: vendors of models: their layer, what finds them, which operations have a shape, how they refuse. */
#include "codec/json_read.h"
#include "stripe_fixture.h"

#define HEAD                                                                                                           \
    "connector: x\nlayer: llm\nbase_url: http://x.example\nsecret: {header: authorization}\n"                          \
    "request: {encoding: json, forward_headers: [accept, x-stainless-*]}\nerror: {body: '{}'}\n"

static struct connector *load(const char *text)
{
    struct diag_list diags;
    struct connector *c = NULL;
    diag_list_init(&diags, &fx.arena, 20);
    buf_reset(&fx.out);
    if (connector_parse(str_c(text), STR("f.yaml"), &fx.limits, &diags, &c) < 0)
        assert_int_equal(diag_list_text(&diags, &fx.out), 0);
    return c;
}

static void refused(const char *text, const char *why)
{
    size_t at;
    assert_null(load(text));
    if (!str_find(buf_str(&fx.out), str_c(why), &at))
        fail_msg("want `%s`, got `" STR_FMT "`", why, STR_ARG(buf_str(&fx.out)));
}

static struct connector *builtin(const char *name)
{
    struct str text;
    assert_true(connector_builtin(str_c(name), &text));
    struct connector *c = load(arena_str(&fx.arena, text).p);
    if (!c)
        fail_msg(STR_FMT, STR_ARG(buf_str(&fx.out)));
    return c;
}

/* name, class and shape of an operation; "-" without one. */
static void shape_is(const struct connector *c, const char *method, const char *path, const char *want)
{
    struct str name, shape;
    enum op_class class;
    struct str got = STR("-");
    if (operation_shape(saas_find(c, str_c(method), str_c(path)), &name, &class, &shape))
        got = arena_printf(&fx.arena, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(name), STR_ARG(class_text(class)),
                           STR_ARG(shape));
    assert_str(got, want);
}

static void a_connector_is_of_one_layer(void **state)
{
    struct connector *c = load(HEAD "operations: [{id: a, route: POST /a, class: cost}]\n");
    assert_str(connector_layer(c), "llm");
    assert_str(connector_layer(fx.stripe), "saas");
    connector_free(c);
    refused("connector: x\nlayer: mcp\n", "`layer` is `saas` or `llm`");
}

static void a_shape_stands_alone(void **state)
{
    refused(HEAD "operations: [{id: a, route: POST /a, class: cost, shape: s, params: {size: int}}]\n", "unknown_key");
    refused(HEAD "operations: [{id: a, route: GET /a, class: cost, shape: s}]\n", "only a JSON body");
    refused("connector: x\nbase_url: http://x.example\nsecret: {header: a}\nrequest: {encoding: json}\n"
            "error: {body: '{}'}\noperations: [{id: a, route: POST /a, class: cost, shape: s}]\n",
            "`layer: llm` has a `shape`");
}

static void forms_with_files_belong_to_operations(void **state)
{
#define MULTIPART                                                                                                      \
    "connector: x\nlayer: llm\nbase_url: http://x.example\nsecret: {header: authorization}\n"                          \
    "request: {encoding: json, multipart: [a]}\nerror: {body: '{}'}\n"
    connector_free(load(MULTIPART "operations: [{id: a, route: POST /a, class: write}]\n"));
    assert_str(buf_str(&fx.out), "");
    refused(MULTIPART "operations: [{id: b, route: POST /a, class: write}]\n", "`multipart` names `a`");
    refused(MULTIPART "operations: [{id: a, route: GET /a, class: write}]\n", "`multipart` names `a`");
    refused(MULTIPART "operations: [{id: a, route: POST /a, class: cost, shape: s}]\n", "`multipart` names `a`");
}

static void calls_to_models_have_a_shape(void **state)
{
    struct connector *openai = builtin("openai"), *anthropic = builtin("anthropic");
    shape_is(openai, "POST", "/v1/chat/completions", "openai.chat.completions.create cost openai_chat");
    shape_is(openai, "POST", "/v1/responses", "openai.responses.create cost openai_responses");
    shape_is(openai, "POST", "/v1/embeddings", "openai.embeddings.create cost openai_embeddings");
    shape_is(anthropic, "POST", "/v1/messages", "anthropic.messages.create cost anthropic_messages");
    shape_is(anthropic, "POST", "/v1/messages/count_tokens",
             "anthropic.messages.count_tokens read anthropic_count_tokens");
    shape_is(openai, "GET", "/v1/models", "-");
    shape_is(openai, "GET", "/v1/chat/completions", "-");
    shape_is(openai, "POST", "/v1/nothing", "-");
    shape_is(openai, "POST", "/v1//responses", "-");
    shape_is(fx.stripe, "POST", "/v1/refunds", "-");
    connector_free(openai);
    connector_free(anthropic);
}

/* Nothing that costs, and nothing that hands out rights, may be filed as a read. */
static void what_reads_by_post_is_free(void **state)
{
    static const char *const free_posts[] = {
        "openai.moderations.create", "openai.responses.input_tokens.create",
        "openai.fine_tuning.alpha.graders.validate", "anthropic.messages.count_tokens"};
    for (size_t k = 0; k < 2; k++) {
        struct connector *c = builtin(k ? "openai" : "anthropic");
        struct json list;
        struct str name, method, class;
        buf_reset(&fx.out);
        assert_int_equal(connector_operations_json(c, &fx.out), 0);
        assert_int_equal(json_parse(&fx.arena, buf_str(&fx.out), 8, &list), 0);
        assert_true(json_len(list) > 250);
        for (size_t i = 0; i < json_len(list); i++) {
            assert_true(json_str(json_get(json_at(list, i), STR("operation")), &name));
            assert_true(json_str(json_get(json_at(list, i), STR("method")), &method));
            assert_true(json_str(json_get(json_at(list, i), STR("class")), &class));
            size_t n = 0;
            while (n < 4 && !str_eq(name, str_c(free_posts[n])))
                n++;
            if (str_eq(class, STR("read")) && n == 4)
                assert_str(method, "GET");
        }
        connector_free(c);
    }
}

static void ids_of_models_may_have_colons(void **state)
{
    struct connector *c = builtin("openai");
    struct saas_request r = {.method = STR("GET"), .path = STR("/v1/models/ft:gpt-4o-mini:acme::a1")};
    struct saas_call call;
    struct saas_problem problem = {0};
    assert_int_equal(saas_read(c, saas_find(c, r.method, r.path), &r, &fx.limits, &fx.arena, &call, &problem), 0);
    assert_str(call.operation, "openai.models.retrieve");
    connector_free(c);
}

static void the_client_or_what_a_key_wears_finds_the_vendor(void **state)
{
    struct connector *openai = builtin("openai"), *anthropic = builtin("anthropic");
    assert_str(connector_root_header(anthropic), "anthropic-version");
    assert_str(connector_root_header(fx.stripe), "stripe-version");
    assert_str(connector_root_header(openai), "");
    assert_true(connector_root_agent(openai, STR("AsyncOpenAI/Python 3.57.0")));
    assert_false(connector_root_agent(openai, STR("Anthropic/Python 2.14.0")));
    assert_false(connector_root_agent(anthropic, STR("OpenAI/JS 7.59.0")));
    assert_true(connector_root_key(anthropic, STR("sk-ant-api03-")));
    assert_true(connector_root_key(fx.stripe, STR("rk_live_")));
    assert_false(connector_root_key(fx.stripe, STR("sk-")));
    assert_false(connector_root_key(anthropic, STR("sk-proj-")));
    assert_false(connector_root_key(anthropic, STR("")));
    assert_false(connector_root_key(openai, STR("sk-ant-")));
    connector_free(openai);
    connector_free(anthropic);
}

static void headers_are_named_or_begin_as_listed(void **state)
{
    struct connector *c = builtin("openai");
    assert_true(connector_forwards_header(c, STR("X-Stainless-Lang")));
    assert_true(connector_forwards_header(c, STR("openai-organization")));
    assert_false(connector_forwards_header(c, STR("x-stainless")));
    assert_false(connector_forwards_header(c, STR("openai-organization-id")));
    assert_false(connector_forwards_header(c, STR("x-agent-run-id")));
    assert_false(connector_forwards_header(c, STR("accept-encoding")));
    connector_free(c);
}

static void secrets_have_no_mode(void **state)
{
    struct connector *c = builtin("anthropic");
    enum mode m = MODE_LIVE;
    assert_true(connector_secret_mode(c, STR("anything"), &m));
    assert_int_equal(m, MODE_ANY);
    assert_str(connector_secret_form(c).header, "x-api-key");
    assert_str(connector_secret_form(c).prefix, "");
    connector_free(c);
}

static void refusal_is(const struct connector *c, enum code code, uint16_t status, const char *want)
{
    buf_reset(&fx.out);
    assert_int_equal(saas_refusal_body(c, code, status, STR("No \"x\"."), STR("0197"), &fx.out), 0);
    assert_str(buf_str(&fx.out), want);
}

static void a_refusal_has_the_dialects_form(void **state)
{
    struct connector *openai = builtin("openai"), *anthropic = builtin("anthropic");
    refusal_is(openai, CODE_LIMIT_EXCEEDED, 403,
               "{\"error\":{\"message\":\"No \\\"x\\\".\",\"type\":\"permission_error\",\"param\":null,"
               "\"code\":\"limit_exceeded\"}}");
#define ANTHROPIC(type)                                                                                                \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"No \\\"x\\\".\"},\"request_id\":\"0197\"}"
    refusal_is(anthropic, CODE_LIMIT_EXCEEDED, 403, ANTHROPIC("permission_error"));
    refusal_is(anthropic, CODE_KEY_REVOKED, 401, ANTHROPIC("authentication_error"));
    refusal_is(anthropic, CODE_RATE_LIMITED, 429, ANTHROPIC("rate_limit_error"));
    refusal_is(anthropic, CODE_REQUEST_INVALID, 415, ANTHROPIC("invalid_request_error"));
    refusal_is(anthropic, CODE_REQUEST_TOO_LARGE, 413, ANTHROPIC("request_too_large"));
    refusal_is(anthropic, CODE_OVERLOADED, 503, ANTHROPIC("overloaded_error"));
    refusal_is(anthropic, CODE_UPSTREAM_FAILED, 502, ANTHROPIC("api_error"));
    connector_free(openai);
    connector_free(anthropic);
}

static void error_types_name_codes_that_exist(void **state)
{
    refused("connector: x\nerror: {body: '{}', types: [{codes: [too_poor], type: a}]}\n",
            "there is no code `too_poor`");
    refused("connector: x\nerror: {body: '{}', types: [{codes: [stopped], from: 400, type: a}]}\n", "not both");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_connector_is_of_one_layer),
        T(a_shape_stands_alone),
        T(forms_with_files_belong_to_operations),
        T(calls_to_models_have_a_shape),
        T(what_reads_by_post_is_free),
        T(ids_of_models_may_have_colons),
        T(the_client_or_what_a_key_wears_finds_the_vendor),
        T(headers_are_named_or_begin_as_listed),
        T(secrets_have_no_mode),
        T(a_refusal_has_the_dialects_form),
        T(error_types_name_codes_that_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
