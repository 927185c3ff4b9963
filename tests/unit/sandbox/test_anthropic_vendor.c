/* sandbox/anthropic_*: what a simulated Anthropic answers, whole and event by event. */
#include "llm_rig.h"

#define MESSAGES "/v1/messages"
#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define REFUND                                                                                                         \
    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Refund 5 dollars of ch_demo\"}]}],"   \
    "\"tools\":[{\"name\":\"find\",\"input_schema\":{\"type\":\"object\"}},{\"name\":\"refund\",\"input_schema\":{"    \
    "\"required\":[\"charge\",\"cents\"],\"properties\":{\"charge\":{\"type\":\"string\"},\"cents\":{\"type\":"        \
    "\"integer\"}}}}]"

static int set_up(void **state)
{
    rig_start(sandbox_anthropic);
    return 0;
}
static int tear_down(void **state)
{
    rig_stop();
    return 0;
}

static const char *const fields[] = {"x-api-key", "sk-ant-sandbox-1", "anthropic-version", "2023-06-01", NULL};
static int get(const char *path) { return rig_ask("GET", path, "", fields); }
static int post(const char *path, const char *body) { return rig_ask("POST", path, body, fields); }
static int ask(int max, const char *more)
{
    return post(MESSAGES, arena_printf(&arena, "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":%d,%s}", max, more).p);
}

static void a_message_is_answered_in_the_vendors_shape(void **state)
{
    assert_int_equal(ask(100, HELLO), 200);
    assert_str(text("type"), "message");
    assert_str(text("model"), "claude-haiku-4-5-20251001");
    assert_str(text("content[0].text"), "This is a simulated claude-haiku-4-5. You said: hello");
    assert_str(text("stop_reason"), "end_turn");
    assert_int_equal(json_type(json_get(root, STR("stop_sequence"))), JSON_NULL);
    assert_int_equal(number("usage.input_tokens"), 6);
    assert_int_equal(number("usage.output_tokens"), 9);
    assert_true(str_starts(text("id"), STR("msg_01")));
    assert_true(str_starts(field("request-id"), STR("req_011C")));
}

static void the_maximum_cuts_the_answer(void **state)
{
    assert_int_equal(ask(9, HELLO), 200);
    assert_str(text("stop_reason"), "end_turn");
    assert_int_equal(ask(8, HELLO), 200);
    assert_str(text("stop_reason"), "max_tokens");
    assert_int_equal(number("usage.output_tokens"), 8);
}

static void a_tool_is_used_and_then_its_result_quoted(void **state)
{
    assert_int_equal(ask(100, REFUND), 200);
    assert_str(text("stop_reason"), "tool_use");
    assert_str(text("content[0].type"), "tool_use");
    assert_str(text("content[0].name"), "refund");
    assert_str(text("content[0].input.charge"), "ch_demo");
    assert_int_equal(number("content[0].input.cents"), 500);
    assert_int_equal(ask(100,
                         "\"messages\":[{\"role\":\"user\",\"content\":\"Refund\"},{\"role\":\"assistant\","
                         "\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"refund\",\"input\":{\"a\":1}}]},"
                         "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\","
                         "\"content\":[{\"type\":\"text\",\"text\":\"re_1\"}]}]}],\"tools\":[{\"name\":\"refund\"}]"),
                     200);
    assert_str(text("content[0].text"), "Done. The tool answered: re_1");
}

static void the_request_chooses_whether_a_tool_is_used(void **state)
{
    assert_int_equal(ask(100, REFUND ",\"tool_choice\":{\"type\":\"none\"}"), 200);
    assert_str(text("stop_reason"), "end_turn");
    assert_int_equal(ask(100, REFUND ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"find\"}"), 200);
    assert_str(text("content[0].name"), "find");
}

/* A long system prompt that is marked, `ttl` beside the mark. */
static const char *marked(const char *ttl)
{
    return arena_printf(&arena,
                        "\"system\":[{\"type\":\"text\",\"text\":\"%s\",\"cache_control\":{\"type\":"
                        "\"ephemeral\"%s}}]," HELLO,
                        long_text(1000), ttl)
        .p;
}

static void what_is_marked_is_written_once_and_then_read(void **state)
{
    assert_int_equal(ask(100, marked("")), 200);
    assert_int_equal(number("usage.cache_creation_input_tokens"), 1251); /* 5,000 bytes and a line's end, in fours */
    assert_int_equal(number("usage.cache_creation.ephemeral_5m_input_tokens"), 1251);
    assert_int_equal(number("usage.cache_read_input_tokens"), 0);
    assert_true(number("usage.input_tokens") < 10);
    assert_int_equal(ask(100, marked("")), 200);
    assert_int_equal(number("usage.cache_creation_input_tokens"), 0);
    assert_int_equal(number("usage.cache_read_input_tokens"), 1251);
    now += 300 * NS_PER_S;
    assert_int_equal(ask(100, marked(",\"ttl\":\"1h\"")), 200);
    assert_int_equal(number("usage.cache_creation.ephemeral_1h_input_tokens"), 1251);
    now += 3599 * NS_PER_S;
    assert_int_equal(ask(100, marked("")), 200);
    assert_int_equal(number("usage.cache_read_input_tokens"), 1251);
}

static void without_a_mark_nothing_is_cached(void **state)
{
    const char *more = arena_printf(&arena, "\"system\":\"%s\"," HELLO, long_text(1000)).p;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(100, more), 200);
        assert_int_equal(number("usage.cache_creation_input_tokens"), 0);
        assert_int_equal(number("usage.cache_read_input_tokens"), 0);
        assert_true(number("usage.input_tokens") > 1250);
    }
}

static void thinking_comes_first_and_is_billed(void **state)
{
    assert_int_equal(ask(1000, HELLO ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"), 200);
    assert_str(text("content[0].type"), "thinking");
    assert_true(text("content[0].signature").n > 0);
    assert_str(text("content[1].type"), "text");
    assert_int_equal(number("usage.output_tokens"), 160 + 9);
    assert_int_equal(number("usage.output_tokens_details.thinking_tokens"), 160);
    assert_int_equal(ask(100, HELLO ",\"thinking\":{\"type\":\"adaptive\"}"), 200);
    assert_str(text("stop_reason"), "max_tokens");
    assert_int_equal(number("usage.output_tokens"), 100);
    assert_int_equal(json_len(json_get(root, STR("content"))), 1);
}

static void a_stream_comes_in_the_vendors_order(void **state)
{
    static const char *const order[] = {"message_start",       "content_block_start", "ping",
                                        "content_block_delta", "content_block_delta", "content_block_stop",
                                        "message_delta",       "message_stop"};
    assert_int_equal(ask(2, HELLO ",\"stream\":true"), 200);
    assert_int_equal(n_events, 8);
    for (size_t i = 0; i < n_events; i++) {
        assert_str(event_names[i], order[i]);
        assert_str(text_in(events[i], "type"), order[i]);
    }
    assert_int_equal(number_in(events[0], "message.usage.input_tokens"), 6);
    assert_int_equal(number_in(events[0], "message.usage.output_tokens"), 1);
    assert_string_equal(joined("delta.text"), "This is");
    assert_str(text_in(events[6], "delta.stop_reason"), "max_tokens");
    assert_int_equal(number_in(events[6], "usage.output_tokens"), 2);
}

static void a_stream_thinks_and_uses_tools(void **state)
{
    assert_int_equal(ask(1000, REFUND ",\"stream\":true,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"),
                     200);
    assert_str(text_in(events[1], "content_block.type"), "thinking");
    assert_str(text_in(events[2], "type"), "ping");
    assert_str(text_in(events[3], "delta.type"), "thinking_delta");
    assert_str(text_in(events[4], "delta.type"), "signature_delta");
    assert_str(text_in(events[5], "type"), "content_block_stop");
    assert_str(text_in(events[6], "content_block.type"), "tool_use");
    assert_int_equal(json_len(json_path(events[6], STR("content_block.input"))), 0);
    assert_string_equal(joined("delta.partial_json"), "{\"charge\":\"ch_demo\",\"cents\":500}");
    assert_str(text_in(events[n_events - 2], "delta.stop_reason"), "tool_use");
    assert_int_equal(number_in(events[n_events - 2], "usage.output_tokens_details.thinking_tokens"), 160);
}

static void tokens_are_counted_as_they_are_billed(void **state)
{
    assert_int_equal(ask(100, REFUND), 200);
    int64_t billed = number("usage.input_tokens");
    assert_int_equal(post("/v1/messages/count_tokens", "{\"model\":\"claude-haiku-4-5\"," REFUND "}"), 200);
    assert_int_equal(number("input_tokens"), billed);
}

static void images_count_as_many_tokens(void **state)
{
    assert_int_equal(post("/v1/messages/count_tokens",
                          "{\"model\":\"claude-haiku-4-5\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
                          "\"image\",\"source\":{\"type\":\"base64\",\"data\":\"aaaa\"}}]}]}"),
                     200);
    assert_int_equal(number("input_tokens"), 1600 + 5);
}

static void models_are_those_of_the_catalog(void **state)
{
    assert_int_equal(get("/v1/models"), 200);
    assert_true(json_len(json_get(root, STR("data"))) > 5);
    assert_true(str_eq(text("first_id"), text("data[0].id")));
    assert_int_equal(get("/v1/models/claude-haiku-4-5"), 200);
    assert_str(text("id"), "claude-haiku-4-5-20251001");
    assert_int_equal(get("/v1/models/gpt-4o-mini"), 404);
}

static void what_anthropic_refuses_is_refused_in_its_form(void **state)
{
#define HAIKU "\"model\":\"claude-haiku-4-5\",\"max_tokens\":9"
    static const struct {
        const char *body;
        int status;
        const char *type, *message;
    } rows[] = {
        {"no json", 400, "invalid_request_error", "The request body is not valid JSON"},
        {"{" HELLO "}", 400, "invalid_request_error", "model: Field required"},
        {"{\"model\":\"claude-9\",\"max_tokens\":9," HELLO "}", 404, "not_found_error", "model: claude-9"},
        {"{\"model\":\"claude-haiku-4-5\"," HELLO "}", 400, "invalid_request_error", "max_tokens: Field required"},
        {"{" HAIKU "}", 400, "invalid_request_error", "messages: at least one message is required"},
        {"{" HAIKU ",\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}", 400, "invalid_request_error",
         "messages.0.role: Input should be 'user' or 'assistant'"},
        {"{" HAIKU ",\"messages\":[{\"role\":\"user\"}]}", 400, "invalid_request_error",
         "messages.0.content: Field required"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(post(MESSAGES, rows[i].body), rows[i].status);
        assert_str(text("type"), "error");
        assert_str(text("error.type"), rows[i].type);
        assert_str(text("error.message"), rows[i].message);
        assert_true(str_eq(text("request_id"), field("request-id")));
    }
    const char *const stranger[] = {"x-api-key", "sk-ant-1", "anthropic-version", "2023-06-01", NULL};
    assert_int_equal(rig_ask("POST", MESSAGES, "{}", stranger), 401);
    assert_str(text("error.type"), "authentication_error");
    assert_int_equal(rig_ask("POST", MESSAGES, "{}", (const char *const[]){"x-api-key", "sk-ant-sandbox-1", NULL}),
                     400);
    assert_int_equal(post("/v1/complete", "{}"), 404);
    assert_int_equal(get(MESSAGES), 404);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_message_is_answered_in_the_vendors_shape),
        T(the_maximum_cuts_the_answer),
        T(a_tool_is_used_and_then_its_result_quoted),
        T(the_request_chooses_whether_a_tool_is_used),
        T(what_is_marked_is_written_once_and_then_read),
        T(without_a_mark_nothing_is_cached),
        T(thinking_comes_first_and_is_billed),
        T(a_stream_comes_in_the_vendors_order),
        T(a_stream_thinks_and_uses_tools),
        T(tokens_are_counted_as_they_are_billed),
        T(images_count_as_many_tokens),
        T(models_are_those_of_the_catalog),
        T(what_anthropic_refuses_is_refused_in_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
