/* llm/request: heads, limits and large bodies. What is read of which body: tests/cases/llm/requests.txt. */
#include "codec/hex.h"
#include "crypto/hash.h"
#include "llm_fixture.h"

#define BODY STR("{\"model\":\"gpt-4o\",\"messages\":[]}")

static void a_body_must_be_json_by_its_head(void **state)
{
    static const char *const bad[] = {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                      "application/json; charset=latin1"};
    struct llm_request r = request(SHAPE_CHAT, BODY);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        r.content_type = str_c(bad[i]);
        struct llm_problem p = read_bad(r);
        assert_int_equal(p.status, 415);
        assert_int_equal(p.code, CODE_REQUEST_INVALID);
    }
    r.content_type = STR("Application/JSON; charset=UTF-8");
    assert_str(read_ok(r).model, "gpt-4o");
}

static void an_encoded_body_is_refused(void **state)
{
    struct llm_request r = request(SHAPE_CHAT, BODY);
    r.content_encoding = STR("gzip");
    assert_int_equal(read_bad(r).status, 415);
    r.content_encoding = STR("Identity");
    assert_str(read_ok(r).model, "gpt-4o");
}

static void a_body_may_have_so_many_bytes(void **state)
{
    fx.limits.llm_body_bytes_max = (int64_t)BODY.n;
    (void)read_ok(request(SHAPE_CHAT, BODY));
    fx.limits.llm_body_bytes_max--;
    struct llm_problem p = read_bad(request(SHAPE_CHAT, BODY));
    assert_int_equal(p.status, 413);
    assert_int_equal(p.code, CODE_REQUEST_TOO_LARGE);
}

static void a_body_may_be_so_deep(void **state)
{
    struct str body = STR("{\"model\":\"m\",\"x\":[[[1]]]}");
    fx.limits.json_depth_max = 4;
    (void)read_ok(request(SHAPE_CHAT, body));
    fx.limits.json_depth_max = 3;
    assert_int_equal(read_bad(request(SHAPE_CHAT, body)).code, CODE_REQUEST_TOO_LARGE);
}

static struct llm_request with_model(size_t n)
{
    buf_reset(&fx.buf);
    (void)buf_add_c(&fx.buf, "{\"model\":\"");
    for (size_t i = 0; i < n; i++)
        (void)buf_add_byte(&fx.buf, 'm');
    (void)buf_add_c(&fx.buf, "\"}");
    return request(SHAPE_CHAT, buf_str(&fx.buf));
}

static void a_models_name_may_be_so_long(void **state)
{
    assert_int_equal(read_ok(with_model(256)).model.n, 256);
    assert_int_equal(read_bad(with_model(257)).code, CODE_REQUEST_INVALID);
}

/* 24 MiB of picture in an arena of 4: nothing of it is copied, and none of it is text. */
static void a_large_picture_takes_no_memory(void **state)
{
    size_t n = 24 << 20;
    struct str head = STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
                          "\"image_url\":{\"url\":\"data:image/png;base64,");
    assert_int_equal(buf_add(&fx.buf, head), 0);
    assert_int_equal(buf_reserve(&fx.buf, n), 0);
    memset(fx.buf.p + fx.buf.n, 'A', n);
    fx.buf.n += n;
    assert_int_equal(buf_add_c(&fx.buf, "\"}}]}]}"), 0);
    struct llm_call c = read_ok(request(SHAPE_CHAT, buf_str(&fx.buf)));
    assert_int_equal(c.n_images, 1);
    assert_true(c.text_bytes < 200);
    assert_true(fx.arena.used_bytes < 4096);
}

/* Escapes are undone in the arena, and the arena has an end. */
static void what_does_not_fit_the_arena_is_an_error(void **state)
{
    struct llm_call call;
    struct llm_problem problem = {0};
    assert_int_equal(buf_add_c(&fx.buf, "{\"model\":\"m\",\"tools\":[{\"type\":\""), 0);
    for (size_t i = 0; i < 1 << 20; i++)
        assert_int_equal(buf_add_c(&fx.buf, "\\u0041"), 0);
    assert_int_equal(buf_add_c(&fx.buf, "\"}]}"), 0);
    struct llm_request r = request(SHAPE_CHAT, buf_str(&fx.buf));
    assert_int_equal(llm_read(&r, &fx.limits, &fx.arena, &call, &problem), -ERR_TOO_LARGE);
}

static void hash_is(const char *body, struct str text)
{
    uint8_t sum[SHA256_BYTES];
    char want[33] = "";
    struct llm_call c = read_ok(request(SHAPE_CHAT, str_c(body)));
    sha256(text, sum);
    if (text.n)
        (void)hex_encode(sum, 16, want);
    assert_str(str_c(c.prompt_hash), want);
}

static void a_prompt_is_known_by_its_system_text_and_tools(void **state)
{
    hash_is("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", STR_NONE);
    hash_is("{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"A\"}]}", STR("\"A\"\0tools\0"));
    hash_is("{\"tools\":[{\"a\":1}],\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"A\"},"
            "{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"developer\",\"content\":[]}]}",
            STR("\"A\"\0[]\0tools\0[{\"a\":1}]"));
    hash_is("{\"tools\":[{}],\"model\":\"m\"}", STR("tools\0[{}]"));
}

static void a_refused_request_leaves_the_call_alone(void **state)
{
    struct llm_call call = {.n_images = 7};
    struct llm_problem problem = {0};
    struct llm_request r = request(SHAPE_CHAT, STR("{\"model\":\"m\",\"messages\":[{\"image_url\":\"x\"}],\"n\":0}"));
    assert_int_equal(llm_read(&r, &fx.limits, &fx.arena, &call, &problem), LLM_R_PROBLEM);
    assert_int_equal(call.n_images, 7);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_body_must_be_json_by_its_head),
        T(an_encoded_body_is_refused),
        T(a_body_may_have_so_many_bytes),
        T(a_body_may_be_so_deep),
        T(a_models_name_may_be_so_long),
        T(a_large_picture_takes_no_memory),
        T(what_does_not_fit_the_arena_is_an_error),
        T(a_prompt_is_known_by_its_system_text_and_tools),
        T(a_refused_request_leaves_the_call_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
