/* llm/edit: what is changed in a body, and that the rest goes on as it came. */
#include "llm_fixture.h"

/* The edited body, joined. */
static struct str edited(const struct llm_call *c, struct str body)
{
    struct str parts[2 * LLM_EDITS_MAX + 1];
    size_t bytes, n = llm_body_parts(c, body, parts, &bytes);
    for (size_t i = 0; i < n; i++)
        assert_true(parts[i].n > 0);
    struct str joined = arena_join(&fx.arena, parts, n);
    assert_int_equal(joined.n, bytes);
    return joined;
}

static void usage_is(const char *before, const char *after)
{
    struct llm_call c = read_ok(request(SHAPE_CHAT, str_c(before)));
    assert_true(llm_ask_usage(&c, &fx.arena));
    assert_false(c.wants_usage);
    assert_str(edited(&c, str_c(before)), after);
}

static void usage_is_asked_for_where_the_client_did_not(void **state)
{
    usage_is("{\"model\":\"m\",\"stream\":true}",
             "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"stream\":true}");
    usage_is(" { \"model\" : \"m\" , \"stream\" : true } ",
             " {\"stream_options\":{\"include_usage\":true}, \"model\" : \"m\" , \"stream\" : true } ");
    usage_is("{\"model\":\"m\",\"stream\":true,\"stream_options\":{}}",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    usage_is("{\"model\":\"m\",\"stream\":true,\"stream_options\": { } }",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\": {\"include_usage\":true } }");
    usage_is("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"x\":1}}",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":1}}");
    usage_is("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"x\":1,\"include_usage\":false}}",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"x\":1,\"include_usage\":true}}");
    usage_is("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include\\u005fusage\":null}}",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include\\u005fusage\":true}}");
    usage_is("{\"stream_options\":null,\"model\":\"m\",\"stream\":true}",
             "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"stream\":true}");
}

static void usage_is_not_asked_for_twice_or_where_it_always_comes(void **state)
{
    struct llm_call c = read_ok(request(SHAPE_CHAT, STR("{\"model\":\"m\",\"stream\":true,\"stream_options\":"
                                                        "{\"include_usage\":true}}")));
    assert_false(llm_ask_usage(&c, &fx.arena));
    c = read_ok(request(SHAPE_CHAT, STR("{\"model\":\"m\"}")));
    assert_false(llm_ask_usage(&c, &fx.arena));
    c = read_ok(request(SHAPE_RESPONSES, STR("{\"model\":\"m\",\"stream\":true}")));
    assert_false(llm_ask_usage(&c, &fx.arena));
    c = read_ok(request(SHAPE_MESSAGES, STR("{\"model\":\"m\",\"stream\":true}")));
    assert_false(llm_ask_usage(&c, &fx.arena));
    assert_int_equal(c.n_edits, 0);
}

static void output_is(enum llm_shape shape, const char *before, int64_t tokens, const char *after)
{
    struct llm_call c = read_ok(request(shape, str_c(before)));
    assert_true(llm_set_output_max(&c, tokens, &fx.arena));
    assert_str(edited(&c, str_c(before)), after);
}

static void a_maximum_is_set_or_lowered(void **state)
{
    output_is(SHAPE_CHAT, "{\"model\":\"m\"}", 9, "{\"max_completion_tokens\":9,\"model\":\"m\"}");
    output_is(SHAPE_CHAT, "{\"model\":\"m\",\"max_tokens\":100}", 9, "{\"model\":\"m\",\"max_tokens\":9}");
    output_is(SHAPE_CHAT, "{\"max_completion_tokens\":null,\"model\":\"m\"}", 9,
              "{\"max_completion_tokens\":9,\"model\":\"m\"}");
    output_is(SHAPE_CHAT, "{\"max_completion_tokens\":10,\"max_tokens\":null,\"model\":\"m\"}", 9,
              "{\"max_completion_tokens\":9,\"max_tokens\":null,\"model\":\"m\"}");
    output_is(SHAPE_RESPONSES, "{\"model\":\"m\"}", 99, "{\"max_output_tokens\":99,\"model\":\"m\"}");
    output_is(SHAPE_RESPONSES, "{\"prompt\":{}}", 99, "{\"max_output_tokens\":99,\"prompt\":{}}");
    output_is(SHAPE_MESSAGES, "{\"model\":\"m\",\"max_tokens\":100}", 9, "{\"model\":\"m\",\"max_tokens\":9}");
}

static void a_maximum_is_never_raised(void **state)
{
    output_is(SHAPE_CHAT, "{\"model\":\"m\",\"max_tokens\":100}", 100, "{\"model\":\"m\",\"max_tokens\":100}");
    output_is(SHAPE_CHAT, "{\"model\":\"m\",\"max_tokens\":100}", 101, "{\"model\":\"m\",\"max_tokens\":100}");
}

static void a_maximum_that_the_vendor_would_refuse_is_not_set(void **state)
{
    struct llm_call c = read_ok(request(SHAPE_MESSAGES, STR("{\"model\":\"m\",\"max_tokens\":4096,\"thinking\":"
                                                            "{\"type\":\"enabled\",\"budget_tokens\":2048}}")));
    assert_false(llm_set_output_max(&c, 2048, &fx.arena));
    assert_int_equal(c.n_edits, 0);
    assert_true(llm_set_output_max(&c, 2049, &fx.arena));
    c = read_ok(request(SHAPE_RESPONSES, STR("{\"model\":\"m\"}")));
    assert_false(llm_set_output_max(&c, 15, &fx.arena));
    assert_true(llm_set_output_max(&c, 16, &fx.arena));
    c = read_ok(request(SHAPE_CHAT, STR("{\"model\":\"m\"}")));
    assert_false(llm_set_output_max(&c, 0, &fx.arena));
}

static void shapes_without_output_have_no_maximum(void **state)
{
    struct llm_call c = read_ok(request(SHAPE_EMBEDDINGS, STR("{\"model\":\"m\",\"input\":\"x\"}")));
    assert_false(llm_set_output_max(&c, 100, &fx.arena));
    c = read_ok(request(SHAPE_COUNT_TOKENS, STR("{\"model\":\"m\",\"max_tokens\":5}")));
    assert_false(llm_set_output_max(&c, 100, &fx.arena));
}

static void another_model_stands_in_the_same_place(void **state)
{
    struct str body = STR("{\"stream\":false, \"model\" : \"m\\u006f\" ,\"x\":\"m\"}");
    struct llm_call c = read_ok(request(SHAPE_CHAT, body));
    assert_true(llm_set_model(&c, STR("a\"b"), &fx.arena));
    assert_str(c.model, "a\"b");
    assert_str(edited(&c, body), "{\"stream\":false, \"model\" : \"a\\\"b\" ,\"x\":\"m\"}");
    c = read_ok(request(SHAPE_RESPONSES, STR("{\"prompt\":{\"id\":\"p\"}}")));
    assert_false(llm_set_model(&c, STR("m"), &fx.arena));
}

static void the_last_edit_of_a_kind_counts(void **state)
{
    struct str body = STR("{\"model\":\"m\",\"max_tokens\":100}");
    struct llm_call c = read_ok(request(SHAPE_CHAT, body));
    assert_true(llm_set_model(&c, STR("first"), &fx.arena) && llm_set_model(&c, STR("second"), &fx.arena));
    assert_true(llm_set_output_max(&c, 50, &fx.arena) && llm_set_output_max(&c, 20, &fx.arena));
    assert_int_equal(c.n_edits, 2);
    assert_str(edited(&c, body), "{\"model\":\"second\",\"max_tokens\":20}");
}

static void a_body_without_edits_is_one_part(void **state)
{
    struct str body = STR("{\"model\":\"m\"}"), parts[2 * LLM_EDITS_MAX + 1];
    struct llm_call c = read_ok(request(SHAPE_CHAT, body));
    size_t bytes;
    assert_int_equal(llm_body_parts(&c, body, parts, &bytes), 1);
    assert_int_equal(bytes, body.n);
    assert_ptr_equal(parts[0].p, body.p);
}

/* Members in every order, of every kind: whatever is edited, the new body reads as it should, and the rest is equal. */
static void an_edited_body_decides_the_same(void **state)
{
    static const char *const members[][4] = {
        {"\"model\":\"m\"", "\"m\\u006fdel\": \"m\"", "\"model\":\"m\" ", " \"model\" :\"m\""},
        {"\"stream\":true", "\"stream\" : true", "\"stream\":true", "\"stream\":true"},
        {"\"x\":0", "\"stream_options\":null", "\"stream_options\":{ }",
         "\"stream_options\":{\"include_usage\":false}"},
        {"\"y\":{}", "\"max_tokens\":null", "\"max_tokens\":500", "\"max_completion_tokens\": 500"},
    };
    for (unsigned n = 0; n < 256 * 24; n++) {
        unsigned order = n / 256, pick[4] = {n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3}, left[4] = {0, 1, 2, 3};
        buf_reset(&fx.buf);
        arena_reset(&fx.arena);
        for (unsigned i = 4; i > 0; i--) {
            unsigned k = order % i, m = left[k];
            order /= i;
            left[k] = left[i - 1];
            assert_int_equal(buf_printf(&fx.buf, "%s%s", i == 4 ? "{" : ",", members[m][pick[m]]), 0);
        }
        assert_int_equal(buf_add_c(&fx.buf, "}"), 0);
        struct llm_call c = read_ok(request(SHAPE_CHAT, buf_str(&fx.buf)));
        bool has_usage = n & 256 ? llm_ask_usage(&c, &fx.arena) : false;
        assert_true(llm_set_output_max(&c, 20, &fx.arena));
        assert_true(llm_set_model(&c, STR("new"), &fx.arena));
        assert_true(has_usage || llm_ask_usage(&c, &fx.arena));
        struct llm_call again = read_ok(request(SHAPE_CHAT, edited(&c, buf_str(&fx.buf))));
        assert_str(again.model, "new");
        assert_true(again.is_stream && again.wants_usage);
        assert_int_equal(again.output_max, 20);
        assert_int_equal(again.n_edits, 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(usage_is_asked_for_where_the_client_did_not),
        T(usage_is_not_asked_for_twice_or_where_it_always_comes),
        T(a_maximum_is_set_or_lowered),
        T(a_maximum_is_never_raised),
        T(a_maximum_that_the_vendor_would_refuse_is_not_set),
        T(shapes_without_output_have_no_maximum),
        T(another_model_stands_in_the_same_place),
        T(the_last_edit_of_a_kind_counts),
        T(a_body_without_edits_is_one_part),
        T(an_edited_body_decides_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
