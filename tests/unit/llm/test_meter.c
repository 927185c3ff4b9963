/* llm/meter: what passes and when, what is estimated, what bounds it. What the shapes say is in tests/cases/llm. */
#include "llm/meter.h"

#include "unit.h"

static struct arena arena;
static struct limits limits;
static struct llm_call call;
static struct llm_meter *meter;
static struct llm_result got;
static const struct token_bound bound = {.is_known = true, .input = 1000, .output = 4000};

static int set_up(void **state)
{
    limits_default(&limits);
    arena_init(&arena, 1 << 20);
    call = (struct llm_call){.is_stream = true};
    meter = NULL;
    return 0;
}

static int tear_down(void **state)
{
    llm_meter_free(meter);
    arena_deinit(&arena);
    return 0;
}

static void begin(enum llm_shape shape, bool wants_usage)
{
    llm_meter_free(meter);
    call.shape = shape;
    call.wants_usage = wants_usage;
    meter = llm_meter_new(&call, &limits, &arena);
}

/* One piece; true when the first output is in it. */
static bool passes(const char *piece, const char *want)
{
    struct str pass;
    bool is_first = false;
    llm_meter_add(meter, str_c(piece), &pass, &is_first);
    assert_str(pass, want);
    return is_first;
}

static void result(void)
{
    llm_meter_result(meter, &bound, &got);
}

#define TEXT(s) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" s "\"}}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}\n\n"
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

static void usage_that_was_not_asked_for_is_taken_out(void **state)
{
    begin(SHAPE_CHAT, false);
    passes(TEXT("a") USAGE DONE, TEXT("a") DONE);
    passes(": c\n\n" USAGE, ": c\n\n");
    assert_int_equal(llm_meter_end(meter).n, 0);
    result();
    assert_int_equal(got.usage.how, HOW_PARSED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 9);
}

static void usage_that_was_asked_for_passes(void **state)
{
    begin(SHAPE_CHAT, true);
    passes(TEXT("a") USAGE DONE, TEXT("a") USAGE DONE);
}

static void usage_beside_content_or_an_error_or_filters_is_not_hidden(void **state)
{
    static const char *const kept[] = {
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1},\"error\":{\"code\":502}}\n\n",
        "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
        "data: {\"choices\":[],\"usage\":null}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":1}}\n\n",
    };
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        begin(SHAPE_CHAT, false);
        passes(kept[i], kept[i]);
    }
    begin(SHAPE_CHAT, false);
    passes("data: {\"choices\":null,\"usage\":{\"prompt_tokens\":1}}\n\n", "");
}

static void null_usage_goes_where_we_asked_for_usage(void **state)
{
    static const char chunk[] = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null,\"o\":1}\n\n";
    static const char text[] =
        "data: {\"choices\":[{\"delta\":{\"content\":\",\\\"usage\\\":null\"}}],\"usage\":null}\n\n";
    static const char nested[] = "data: {\"choices\":[{\"a\":1,\"usage\":null}],\"usage\":null}\n\n";
    begin(SHAPE_CHAT, false);
    passes(chunk, chunk); /* nobody asked: it is the vendor's own way */
    call.n_edits = 1;
    call.edits[0].kind = LLM_EDIT_USAGE;
    begin(SHAPE_CHAT, false);
    passes(chunk, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"o\":1}\n\n");
    passes(text, "data: {\"choices\":[{\"delta\":{\"content\":\",\\\"usage\\\":null\"}}]}\n\n");
    passes(nested, nested);
}

static void event_that_is_not_whole_waits_only_where_one_may_be_hidden(void **state)
{
    begin(SHAPE_CHAT, false);
    passes("data: {\"choi", "");
    assert_false(llm_meter_is_open(meter));
    passes("ces\":[]}\n\ndata: ", "data: {\"choices\":[]}\n\n");
    assert_str(llm_meter_end(meter), "data: ");
    begin(SHAPE_CHAT, true);
    passes("data: {\"choi", "data: {\"choi");
    assert_true(llm_meter_is_open(meter));
    passes("ces\":[]}\n\n", "ces\":[]}\n\n");
    assert_false(llm_meter_is_open(meter));
    assert_int_equal(llm_meter_end(meter).n, 0);
    begin(SHAPE_MESSAGES, true);
    passes("event: pi", "event: pi");
}

static void usage_chunk_without_its_empty_line_is_hidden_too(void **state)
{
    begin(SHAPE_CHAT, false);
    passes("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}\n", "");
    assert_int_equal(llm_meter_end(meter).n, 0);
    result();
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 3);
}

static void first_output_is_found_once(void **state)
{
    begin(SHAPE_CHAT, false);
    assert_false(passes(TEXT(""), TEXT("")));
    assert_false(passes("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n",
                        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n"));
    assert_true(passes(TEXT("a") TEXT("b"), TEXT("a") TEXT("b")));
    assert_false(passes(TEXT("c"), TEXT("c")));
}

static void first_output_may_be_a_tool_call_reasoning_or_a_refusal(void **state)
{
    static const struct {
        enum llm_shape shape;
        const char *event;
    } first[] = {
        {SHAPE_CHAT, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":"
                     "{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n"},
        {SHAPE_CHAT, "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"},
        {SHAPE_CHAT, "data: {\"choices\":[{\"delta\":{\"refusal\":\"no\"}}]}\n\n"},
        {SHAPE_RESPONSES, "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"},
        {SHAPE_RESPONSES, "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":"
                          "\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}}\n\n"},
        {SHAPE_MESSAGES, "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\","
                         "\"thinking\":\"hm\"}}\n\n"},
        {SHAPE_MESSAGES, "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\","
                         "\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n"},
    };
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        begin(first[i].shape, true);
        assert_true(passes(first[i].event, first[i].event));
    }
}

static void stream_without_usage_is_estimated_from_bytes_and_bound(void **state)
{
    begin(SHAPE_CHAT, true);
    passes(TEXT("12345") STOP DONE, TEXT("12345") STOP DONE);
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 1000);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 3); /* 2 bytes a token, rounded up */
    assert_true(got.is_complete);
}

static void estimate_never_passes_the_bound(void **state)
{
    static const struct token_bound tight = {.is_known = true, .input = 5, .output = 2};
    begin(SHAPE_CHAT, true);
    passes(TEXT("1234"), TEXT("1234"));
    llm_meter_result(meter, &tight, &got);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 2);
    passes(TEXT("5"), TEXT("5"));
    llm_meter_result(meter, &tight, &got);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 2);
}

static void without_bound_and_report_nothing_is_known(void **state)
{
    static const struct token_bound open = {.is_known = false, .input = 5, .output = 2};
    begin(SHAPE_CHAT, true);
    passes(TEXT("1234"), TEXT("1234"));
    llm_meter_result(meter, &open, &got);
    assert_int_equal(got.usage.how, HOW_UNKNOWN);
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), 0);
    llm_meter_result(meter, NULL, &got);
    assert_int_equal(got.usage.how, HOW_UNKNOWN);
}

static void text_after_a_report_is_added_to_it(void **state)
{
    begin(SHAPE_CHAT, true);
    passes(USAGE TEXT("1234") STOP DONE, USAGE TEXT("1234") STOP DONE);
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 9);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 5);
}

static void report_of_input_alone_leaves_the_output_estimated(void **state)
{
    begin(SHAPE_CHAT, true);
    passes(TEXT("1234") STOP "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9}}\n\n" DONE,
           TEXT("1234") STOP "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9}}\n\n" DONE);
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 9);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 2);
}

static void audio_without_usage_is_estimated_as_audio(void **state)
{
    begin(SHAPE_CHAT, true);
    char event[512], data[251];
    memset(data, 'A', sizeof(data) - 1);
    data[250] = 0;
    snprintf(event, sizeof(event), "data: {\"choices\":[{\"delta\":{\"audio\":{\"data\":\"%s\"}}}]}\n\n", data);
    assert_true(passes(event, event));
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_AUDIO_OUT], 3);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 0);
}

static void event_that_is_no_json_passes_and_counts_as_output(void **state)
{
    static const char *const bad[] = {"{\"choices\":[", "[1]", "\"a\"", "{\"a\":1,\"a\":2}", "\xff"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char event[64];
        snprintf(event, sizeof(event), "data: %s\n\n", bad[i]);
        begin(SHAPE_CHAT, false);
        passes(event, event);
        passes(USAGE DONE, DONE);
        result();
        assert_true(got.is_blind);
        assert_int_equal(got.output_bytes, strlen(bad[i]));
        assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 3);
    }
}

static void event_past_the_limit_passes_unread(void **state)
{
    limits.llm_event_bytes_max = (int64_t)strlen(TEXT("12345678"));
    begin(SHAPE_CHAT, false);
    passes(TEXT("12345678"), TEXT("12345678"));
    result();
    assert_false(got.is_blind);
    assert_int_equal(got.output_bytes, 8);
    passes(TEXT("123456789"), TEXT("123456789"));
    passes(TEXT("a"), TEXT("a"));
    result();
    assert_true(got.is_blind);
    assert_int_equal(got.output_bytes, 8 + strlen(TEXT("123456789")) + 1);
}

static void counts_that_cannot_be_are_estimated_instead(void **state)
{
    begin(SHAPE_CHAT, true);
    const char *usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e300}}\n\n";
    passes(TEXT("1234"), TEXT("1234"));
    passes(usage, usage);
    passes(STOP DONE, STOP DONE);
    result();
    assert_true(got.is_blind);
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 1000);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 2);
}

static void long_words_of_an_answer_are_cut(void **state)
{
    char event[700], name[601];
    memset(name, 'm', sizeof(name) - 1);
    name[600] = 0;
    snprintf(event, sizeof(event), "data: {\"model\":\"%s\",\"choices\":[]}\n\n", name);
    begin(SHAPE_CHAT, true);
    passes(event, event);
    result();
    assert_int_equal(got.model.n, 128);
}

static void memory_does_not_grow_with_the_stream(void **state)
{
    begin(SHAPE_CHAT, false);
    passes(TEXT("a"), TEXT("a"));
    size_t used = arena.used_bytes;
    for (int i = 0; i < 20000; i++)
        passes(TEXT("a"), TEXT("a"));
    assert_int_equal(arena.used_bytes, used);
    result();
    assert_int_equal(got.output_bytes, 20001);
}

static void background_answer_is_estimated_at_its_bound(void **state)
{
    call.is_background = true;
    begin(SHAPE_RESPONSES, true);
    llm_meter_whole(meter, 200, STR("{\"id\":\"resp_1\",\"model\":\"o3\",\"status\":\"queued\",\"usage\":null,"
                                    "\"output\":[]}"));
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_INPUT], 1000);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 4000);
    assert_str(got.response_id, "resp_1");
}

static void body_that_cannot_be_read_counts_as_output(void **state)
{
    begin(SHAPE_CHAT, true);
    llm_meter_whole(meter, 200, STR("<html>ok</html>"));
    result();
    assert_true(got.is_blind && got.is_complete);
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(got.usage.tokens[TOKEN_OUTPUT], 8);
    begin(SHAPE_CHAT, true);
    llm_meter_whole(meter, 502, STR("<html>bad gateway</html>"));
    result();
    assert_true(got.is_blind);
    assert_int_equal(got.usage.how, HOW_PARSED);
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), 0);
}

static void result_can_be_asked_for_at_any_time(void **state)
{
    begin(SHAPE_MESSAGES, true);
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), 0);
    assert_false(got.is_complete);
    llm_meter_free(NULL);
}

static void reasoning_that_is_not_shown_counts_where_no_usage_came(void **state)
{
    call.unseen_output = -1; /* a model that hides it: all that there can be */
    begin(SHAPE_CHAT, false);
    passes(TEXT("abcd"), TEXT("abcd"));
    result();
    assert_int_equal(got.usage.how, HOW_ESTIMATED);
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), bound.output);

    call.unseen_output = 1500; /* a budget, beside what was shown */
    begin(SHAPE_MESSAGES, false);
    passes("event: a\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
           "\"text\":\"abcd\"}}\n\n",
           "event: a\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
           "\"text\":\"abcd\"}}\n\n");
    result();
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), 1502);

    call.unseen_output = -1;
    begin(SHAPE_CHAT, false);
    passes(TEXT("abcd") USAGE DONE, TEXT("abcd") DONE); /* the vendor said it */
    result();
    assert_int_equal(got.usage.how, HOW_PARSED);
    assert_int_equal(usage_tokens(&got.usage, TOKENS_OUT), 3);
    call.unseen_output = 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(usage_that_was_not_asked_for_is_taken_out),
        T(usage_that_was_asked_for_passes),
        T(usage_beside_content_or_an_error_or_filters_is_not_hidden),
        T(null_usage_goes_where_we_asked_for_usage),
        T(reasoning_that_is_not_shown_counts_where_no_usage_came),
        T(event_that_is_not_whole_waits_only_where_one_may_be_hidden),
        T(usage_chunk_without_its_empty_line_is_hidden_too),
        T(first_output_is_found_once),
        T(first_output_may_be_a_tool_call_reasoning_or_a_refusal),
        T(stream_without_usage_is_estimated_from_bytes_and_bound),
        T(estimate_never_passes_the_bound),
        T(without_bound_and_report_nothing_is_known),
        T(text_after_a_report_is_added_to_it),
        T(report_of_input_alone_leaves_the_output_estimated),
        T(audio_without_usage_is_estimated_as_audio),
        T(event_that_is_no_json_passes_and_counts_as_output),
        T(event_past_the_limit_passes_unread),
        T(counts_that_cannot_be_are_estimated_instead),
        T(long_words_of_an_answer_are_cut),
        T(memory_does_not_grow_with_the_stream),
        T(background_answer_is_estimated_at_its_bound),
        T(body_that_cannot_be_read_counts_as_output),
        T(result_can_be_asked_for_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
