/* sandbox/openai_*: what a simulated OpenAI answers, whole and event by event. */
#include "codec/b64.h"
#include "llm_rig.h"

#define CHAT "/v1/chat/completions"
#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define REFUND                                                                                                         \
    "\"messages\":[{\"role\":\"user\",\"content\":\"Refund 5 dollars of "                                              \
    "ch_demo\"}],\"tools\":[{\"type\":\"function\","                                                                   \
    "\"function\":{\"name\":\"refund\",\"parameters\":{\"required\":[\"charge\",\"cents\"],\"properties\":{"           \
    "\"charge\":{\"type\":\"string\"},\"cents\":{\"type\":\"integer\"}}}}}]"
#define ARGUMENTS "{\"charge\":\"ch_demo\",\"cents\":500}"

static int set_up(void **state)
{
    rig_start(sandbox_openai);
    return 0;
}
static int tear_down(void **state)
{
    rig_stop();
    return 0;
}

static int get(const char *path)
{
    return rig_ask("GET", path, "", (const char *const[]){"authorization", "Bearer sk-sandbox-1", NULL});
}
static int post(const char *path, const char *body)
{
    return rig_ask("POST", path, body, (const char *const[]){"authorization", "Bearer sk-sandbox-1", NULL});
}
/* With the model, and what a test adds. */
static int chat(const char *more) { return post(CHAT, arena_printf(&arena, "{\"model\":\"gpt-4o-mini\",%s}", more).p); }

/* --- chat --------------------------------------------------------------------------------------------------------- */

static void a_chat_is_answered_in_the_vendors_shape(void **state)
{
    assert_int_equal(chat(HELLO), 200);
    assert_str(text("object"), "chat.completion");
    assert_str(text("model"), "gpt-4o-mini-2024-07-18");
    assert_str(text("choices[0].message.content"), "This is a simulated gpt-4o-mini. You said: hello");
    assert_str(text("choices[0].finish_reason"), "stop");
    assert_int_equal(number("created"), START / NS_PER_S);
    assert_int_equal(number("usage.prompt_tokens"), 6); /* "hello\n" in fours, and what stands around it */
    assert_int_equal(number("usage.completion_tokens"), 9);
    assert_int_equal(number("usage.total_tokens"), 15);
    assert_true(str_starts(text("id"), STR("chatcmpl-")));
    assert_true(str_starts(field("x-request-id"), STR("req_")));
    assert_int_equal(json_type(json_path(root, STR("choices[0].message.tool_calls"))), JSON_NONE);
}

static void two_requests_never_share_an_id(void **state)
{
    assert_int_equal(chat(HELLO), 200);
    const char *first = arena_str(&arena, text("id")).p, *request = arena_str(&arena, field("x-request-id")).p;
    assert_int_equal(chat(HELLO), 200);
    assert_false(str_eq(text("id"), str_c(first)));
    assert_false(str_eq(field("x-request-id"), str_c(request)));
}

static void the_maximum_cuts_the_answer(void **state)
{
    assert_int_equal(chat(HELLO ",\"max_tokens\":3"), 200);
    assert_str(text("choices[0].message.content"), "This is a");
    assert_str(text("choices[0].finish_reason"), "length");
    assert_int_equal(number("usage.completion_tokens"), 3);
    assert_int_equal(chat(HELLO ",\"max_completion_tokens\":2,\"max_tokens\":3"), 200);
    assert_int_equal(number("usage.completion_tokens"), 2);
}

static void every_choice_is_billed(void **state)
{
    assert_int_equal(chat(HELLO ",\"n\":3"), 200);
    assert_int_equal(json_len(json_path(root, STR("choices"))), 3);
    assert_int_equal(number("choices[2].index"), 2);
    assert_int_equal(number("usage.completion_tokens"), 27);
    assert_int_equal(chat(HELLO ",\"n\":128"), 200);
    assert_int_equal(chat(HELLO ",\"n\":129"), 400);
    assert_int_equal(chat(HELLO ",\"n\":0"), 400);
}

static void a_tool_is_called_and_then_its_result_quoted(void **state)
{
    assert_int_equal(chat(REFUND), 200);
    assert_str(text("choices[0].finish_reason"), "tool_calls");
    assert_str(text("choices[0].message.tool_calls[0].function.name"), "refund");
    assert_str(text("choices[0].message.tool_calls[0].function.arguments"), ARGUMENTS);
    assert_true(str_starts(text("choices[0].message.tool_calls[0].id"), STR("call_")));
    assert_int_equal(json_type(json_path(root, STR("choices[0].message.content"))), JSON_NULL);
    assert_int_equal(chat("\"messages\":[{\"role\":\"user\",\"content\":\"Refund\"},{\"role\":\"assistant\","
                          "\"content\":null,\"tool_calls\":[{\"id\":\"call_1\"}]},{\"role\":\"tool\","
                          "\"tool_call_id\":\"call_1\",\"content\":\"re_1 succeeded\"}],\"tools\":[{\"function\":"
                          "{\"name\":\"refund\"}}]"),
                     200);
    assert_str(text("choices[0].message.content"), "Done. The tool answered: re_1 succeeded");
}

static void the_request_chooses_whether_a_tool_is_called(void **state)
{
    assert_int_equal(chat(REFUND ",\"tool_choice\":\"none\""), 200);
    assert_str(text("choices[0].finish_reason"), "stop");
    assert_int_equal(chat(REFUND ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"refund\"}}"), 200);
    assert_str(text("choices[0].finish_reason"), "tool_calls");
}

static void answers_can_be_json(void **state)
{
    assert_int_equal(chat(HELLO ",\"response_format\":{\"type\":\"json_object\"}"), 200);
    assert_str(text("choices[0].message.content"), "{\"answer\":\"hello\"}");
    assert_int_equal(chat(HELLO ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{"
                                "\"required\":[\"n\"],\"properties\":{\"n\":{\"type\":\"integer\"}}}}}"),
                     200);
    assert_str(text("choices[0].message.content"), "{\"n\":1}");
}

static void a_prompt_that_was_seen_is_billed_as_cached(void **state)
{
    const char *more = arena_printf(&arena, "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]", long_text(900)).p;
    assert_int_equal(chat(more), 200);
    assert_int_equal(number("usage.prompt_tokens_details.cached_tokens"), 0);
    assert_int_equal(chat(more), 200);
    assert_int_equal(number("usage.prompt_tokens_details.cached_tokens"), 1024);
    assert_true(number("usage.prompt_tokens") > 1024);
    now += 600 * NS_PER_S;
    assert_int_equal(chat(more), 200);
    assert_int_equal(number("usage.prompt_tokens_details.cached_tokens"), 0);
}

static void models_that_reason_bill_for_it(void **state)
{
    assert_int_equal(post(CHAT, "{\"model\":\"o4-mini\",\"reasoning_effort\":\"low\"," HELLO "}"), 200);
    assert_int_equal(number("usage.completion_tokens_details.reasoning_tokens"), 64);
    assert_int_equal(number("usage.completion_tokens"), 64 + 8);
    assert_int_equal(post(CHAT, "{\"model\":\"o4-mini\",\"max_completion_tokens\":50," HELLO "}"), 200);
    assert_str(text("choices[0].finish_reason"), "length");
    assert_int_equal(number("usage.completion_tokens"), 50);
    assert_int_equal(post(CHAT, "{\"model\":\"o4-mini\",\"max_tokens\":50," HELLO "}"), 400);
    assert_str(text("error.code"), "unsupported_parameter");
    assert_int_equal(post(CHAT, "{\"model\":\"gpt-5-chat\"," HELLO "}"), 200);
    assert_int_equal(number("usage.completion_tokens_details.reasoning_tokens"), 0);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

static void a_stream_brings_the_same_text_and_an_end(void **state)
{
    assert_int_equal(chat(HELLO ",\"stream\":true"), 200);
    assert_str(field("content-type"), "text/event-stream; charset=utf-8");
    assert_int_equal(n_events, 1 + 9 + 1 + 1);
    assert_str(text_in(events[0], "choices[0].delta.role"), "assistant");
    assert_string_equal(joined("choices[0].delta.content"), "This is a simulated gpt-4o-mini. You said: hello");
    assert_str(text_in(events[10], "choices[0].finish_reason"), "stop");
    assert_null(events[11].v); /* [DONE] */
    for (size_t i = 0; i < 11; i++) {
        assert_str(text_in(events[i], "object"), "chat.completion.chunk");
        assert_int_equal(json_type(json_get(events[i], STR("usage"))), JSON_NONE);
    }
}

static void usage_comes_with_a_stream_only_when_asked_for(void **state)
{
    assert_int_equal(chat(HELLO ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"), 200);
    assert_int_equal(n_events, 13);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(json_type(json_get(events[i], STR("usage"))), JSON_NULL);
    assert_int_equal(json_len(json_get(events[11], STR("choices"))), 0);
    assert_int_equal(number_in(events[11], "usage.completion_tokens"), 9);
    assert_null(events[12].v);
}

static void a_tool_call_streams_its_name_first(void **state)
{
    assert_int_equal(chat(REFUND ",\"stream\":true"), 200);
    assert_str(text_in(events[0], "choices[0].delta.tool_calls[0].function.name"), "refund");
    assert_str(text_in(events[0], "choices[0].delta.tool_calls[0].function.arguments"), "");
    assert_string_equal(joined("choices[0].delta.tool_calls[0].function.arguments"), ARGUMENTS);
    assert_str(text_in(events[n_events - 2], "choices[0].finish_reason"), "tool_calls");
}

static void each_choice_has_its_own_chunks(void **state)
{
    assert_int_equal(chat(HELLO ",\"stream\":true,\"n\":2,\"max_tokens\":1"), 200);
    assert_int_equal(n_events, 2 * 3 + 1);
    assert_int_equal(number_in(events[2], "choices[0].index"), 0);
    assert_int_equal(number_in(events[3], "choices[0].index"), 1);
}

/* --- responses ---------------------------------------------------------------------------------------------------- */

static int respond(const char *more)
{
    return post("/v1/responses", arena_printf(&arena, "{\"model\":\"gpt-4o-mini\",%s}", more).p);
}

static void a_response_is_answered_in_the_vendors_shape(void **state)
{
    assert_int_equal(respond("\"input\":\"hello\""), 200);
    assert_str(text("object"), "response");
    assert_str(text("status"), "completed");
    assert_str(text("output[0].content[0].text"), "This is a simulated gpt-4o-mini. You said: hello");
    assert_int_equal(number("usage.output_tokens"), 9);
    assert_int_equal(respond("\"input\":\"hello\",\"max_output_tokens\":2"), 200);
    assert_str(text("status"), "incomplete");
    assert_str(text("incomplete_details.reason"), "max_output_tokens");
    assert_int_equal(number("max_output_tokens"), 2);
    assert_int_equal(respond("\"input\":[]"), 400);
}

static void a_response_calls_a_tool_and_quotes_its_result(void **state)
{
#define TOOL                                                                                                           \
    "\"tools\":[{\"type\":\"function\",\"name\":\"refund\",\"parameters\":{\"required\":[\"charge\"],\"properties\":{" \
    "\"charge\":{\"type\":\"string\"}}}}]"
    assert_int_equal(respond("\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
                             "\"refund ch_1\"}]}]," TOOL),
                     200);
    assert_str(text("output[0].type"), "function_call");
    assert_str(text("output[0].arguments"), "{\"charge\":\"ch_1\"}");
    assert_int_equal(respond("\"input\":[{\"role\":\"user\",\"content\":\"refund ch_1\"},{\"type\":\"function_call\","
                             "\"name\":\"refund\",\"arguments\":\"{}\",\"call_id\":\"c\"},{\"type\":"
                             "\"function_call_output\",\"call_id\":\"c\",\"output\":\"re_9\"}]," TOOL),
                     200);
    assert_str(text("output[0].content[0].text"), "Done. The tool answered: re_9");
}

static void a_response_streams_in_the_vendors_order(void **state)
{
    static const char *const order[] = {"response.created",           "response.in_progress",
                                        "response.output_item.added", "response.content_part.added",
                                        "response.output_text.delta", "response.output_text.delta",
                                        "response.output_text.done",  "response.content_part.done",
                                        "response.output_item.done",  "response.incomplete"};
    assert_int_equal(respond("\"input\":\"hello\",\"stream\":true,\"max_output_tokens\":2"), 200);
    assert_int_equal(n_events, 10);
    for (size_t i = 0; i < n_events; i++) {
        assert_str(event_names[i], order[i]);
        assert_str(text_in(events[i], "type"), order[i]);
        assert_int_equal(number_in(events[i], "sequence_number"), i);
    }
    assert_string_equal(joined("delta"), "This is");
    assert_int_equal(number_in(events[9], "response.usage.output_tokens"), 2);
    assert_int_equal(json_type(json_path(events[0], STR("response.usage"))), JSON_NULL);
}

static void a_response_that_reasons_or_calls_streams_that_too(void **state)
{
    assert_int_equal(
        post("/v1/responses", "{\"model\":\"o4-mini\",\"input\":\"refund ch_1\",\"stream\":true," TOOL "}"), 200);
    assert_str(text_in(events[2], "item.type"), "reasoning");
    assert_str(text_in(events[4], "item.type"), "function_call");
    assert_int_equal(number_in(events[4], "output_index"), 1);
    assert_string_equal(joined("delta"), "{\"charge\":\"ch_1\"}");
    assert_str(event_names[n_events - 3], "response.function_call_arguments.done");
    assert_str(event_names[n_events - 1], "response.completed");
    struct json last = events[n_events - 1];
    assert_int_equal(number_in(last, "response.usage.output_tokens_details.reasoning_tokens"), 192);
    assert_str(text_in(last, "response.output[1].name"), "refund");
}

/* --- embeddings, models, refusals --------------------------------------------------------------------------------- */

static int embed(const char *more)
{
    return post("/v1/embeddings", arena_printf(&arena, "{\"model\":\"text-embedding-3-small\",%s}", more).p);
}

static void embeddings_have_length_one_and_depend_on_the_text(void **state)
{
    assert_int_equal(embed("\"input\":[\"one\",\"two\",\"one\"],\"dimensions\":256"), 200);
    struct json a = json_path(root, STR("data[0].embedding")), b = json_path(root, STR("data[1].embedding"));
    struct json c = json_path(root, STR("data[2].embedding"));
    struct str x, y, z;
    size_t same = 0;
    assert_int_equal(json_len(a), 256);
    for (size_t i = 0; i < 256; i++) {
        assert_true(json_number_text(json_at(a, i), &x) && json_number_text(json_at(b, i), &y));
        assert_true(json_number_text(json_at(c, i), &z));
        assert_true(str_eq(x, STR("0.0625000")) || str_eq(x, STR("-0.0625000"))); /* 1 / sqrt(256) */
        assert_true(str_eq(x, z));
        same += str_eq(x, y);
    }
    assert_true(same > 64 && same < 192);
    assert_int_equal(number("usage.prompt_tokens"), 3);
}

static void embeddings_come_as_floats_or_their_bytes(void **state)
{
    float numbers[256];
    size_t n;
    assert_int_equal(embed("\"input\":\"one\",\"dimensions\":256,\"encoding_format\":\"base64\""), 200);
    assert_int_equal(b64_decode(text("data[0].embedding"), numbers, sizeof(numbers), &n), 0);
    assert_int_equal(n, sizeof(numbers));
    assert_true(numbers[7] == 0.0625f || numbers[7] == -0.0625f);
    assert_int_equal(embed("\"input\":\"one\""), 200);
    assert_int_equal(json_len(json_path(root, STR("data[0].embedding"))), 1536);
}

static void embeddings_refuse_what_the_vendor_refuses(void **state)
{
    assert_int_equal(embed("\"input\":[1,2,3]"), 200);
    assert_int_equal(number("usage.prompt_tokens"), 3);
    assert_int_equal(embed("\"input\":\"x\",\"dimensions\":3072"), 200);
    assert_int_equal(embed("\"input\":\"x\",\"dimensions\":3073"), 400);
    assert_int_equal(embed("\"input\":\"x\",\"dimensions\":0"), 400);
    assert_int_equal(embed("\"input\":[]"), 400);
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 2048; i++)
        assert_int_equal(buf_add_c(&b, "\"x\","), 0);
    assert_int_equal(embed(arena_printf(&arena, "\"dimensions\":1,\"input\":[%.*s\"x\"]", (int)b.n, b.p).p), 400);
    buf_drop(&b, 4);
    assert_int_equal(embed(arena_printf(&arena, "\"dimensions\":1,\"input\":[%.*s\"x\"]", (int)b.n, b.p).p), 200);
    buf_deinit(&b);
}

static void models_are_those_of_the_catalog(void **state)
{
    assert_int_equal(get("/v1/models"), 200);
    assert_true(json_len(json_get(root, STR("data"))) > 20);
    assert_int_equal(get("/v1/models/gpt-4o-mini-2024-07-18"), 200);
    assert_str(text("id"), "gpt-4o-mini");
    assert_int_equal(get("/v1/models/claude-haiku-4-5"), 404);
    assert_str(text("error.code"), "model_not_found");
}

static void what_openai_refuses_is_refused_in_its_form(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
    } rows[] = {{"no json", 400, ""},
                {"[]", 400, ""},
                {"{" HELLO "}", 400, ""},
                {"{\"model\":\"gpt-9\"," HELLO "}", 404, "model_not_found"},
                {"{\"model\":\"gpt-4o-mini\"}", 400, "invalid_type"},
                {"{\"model\":\"gpt-4o-mini\",\"messages\":[]}", 400, "invalid_type"},
                {"{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"robot\"}]}", 400, "invalid_value"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(post(CHAT, rows[i].body), rows[i].status);
        assert_str(text("error.type"), "invalid_request_error");
        assert_str(text("error.code"), rows[i].code);
        assert_true(text("error.message").n > 0);
    }
    assert_str(text("error.param"), "messages[0].role");
    assert_int_equal(rig_ask("POST", CHAT, "{}", (const char *const[]){"authorization", "Bearer sk-1", NULL}), 401);
    assert_str(text("error.code"), "invalid_api_key");
    assert_int_equal(post("/v1/files", "{}"), 404);
    assert_int_equal(get(CHAT), 404);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_chat_is_answered_in_the_vendors_shape),
        T(two_requests_never_share_an_id),
        T(the_maximum_cuts_the_answer),
        T(every_choice_is_billed),
        T(a_tool_is_called_and_then_its_result_quoted),
        T(the_request_chooses_whether_a_tool_is_called),
        T(answers_can_be_json),
        T(a_prompt_that_was_seen_is_billed_as_cached),
        T(models_that_reason_bill_for_it),
        T(a_stream_brings_the_same_text_and_an_end),
        T(usage_comes_with_a_stream_only_when_asked_for),
        T(a_tool_call_streams_its_name_first),
        T(each_choice_has_its_own_chunks),
        T(a_response_is_answered_in_the_vendors_shape),
        T(a_response_calls_a_tool_and_quotes_its_result),
        T(a_response_streams_in_the_vendors_order),
        T(a_response_that_reasons_or_calls_streams_that_too),
        T(embeddings_have_length_one_and_depend_on_the_text),
        T(embeddings_come_as_floats_or_their_bytes),
        T(embeddings_refuse_what_the_vendor_refuses),
        T(models_are_those_of_the_catalog),
        T(what_openai_refuses_is_refused_in_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
