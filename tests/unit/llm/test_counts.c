/* llm/counts: every token of a report is in exactly one class; what cannot be a count is not taken. */
#include "llm/counts.h"

#include "unit.h"

static struct arena arena;
static struct counts counts;
static struct usage usage;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    counts_init(&counts);
    usage = (struct usage){0};
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static bool report(const struct count_place *places, const char *text)
{
    struct json v;
    assert_int_equal(json_parse(&arena, str_c(text), 16, &v), 0);
    return counts_read(&counts, v, places);
}

static void chat(const char *text)
{
    assert_true(report(counts_openai_chat, text));
    usage = (struct usage){0};
    counts_usage_openai(&counts, &usage);
}

static void anthropic(const char *text, bool may_write_cache_1h)
{
    assert_true(report(counts_anthropic, text));
    usage = (struct usage){0};
    counts_usage_anthropic(&counts, may_write_cache_1h, &usage);
}

static void in_is(int64_t input, int64_t read, int64_t write_5m, int64_t write_1h, int64_t audio, int64_t image)
{
    assert_int_equal(usage.tokens[TOKEN_INPUT], input);
    assert_int_equal(usage.tokens[TOKEN_CACHE_READ], read);
    assert_int_equal(usage.tokens[TOKEN_CACHE_WRITE_5M], write_5m);
    assert_int_equal(usage.tokens[TOKEN_CACHE_WRITE_1H], write_1h);
    assert_int_equal(usage.tokens[TOKEN_AUDIO_IN], audio);
    assert_int_equal(usage.tokens[TOKEN_IMAGE_IN], image);
}

static void out_is(int64_t output, int64_t reasoning, int64_t audio, int64_t image)
{
    assert_int_equal(usage.tokens[TOKEN_OUTPUT], output);
    assert_int_equal(usage.tokens[TOKEN_REASONING], reasoning);
    assert_int_equal(usage.tokens[TOKEN_AUDIO_OUT], audio);
    assert_int_equal(usage.tokens[TOKEN_IMAGE_OUT], image);
}

static void openai_parts_are_taken_out_of_their_totals(void **state)
{
    chat("{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150,\"prompt_tokens_details\":"
         "{\"cached_tokens\":40,\"cache_write_tokens\":10,\"audio_tokens\":5,\"image_tokens\":7},"
         "\"completion_tokens_details\":{\"reasoning_tokens\":20,\"audio_tokens\":3,\"image_tokens\":2,"
         "\"accepted_prediction_tokens\":9,\"rejected_prediction_tokens\":4}}");
    in_is(38, 40, 10, 0, 5, 7);
    out_is(25, 20, 3, 2);
    assert_int_equal(usage_tokens(&usage, TOKENS_IN), 100);
    assert_int_equal(usage_tokens(&usage, TOKENS_OUT), 50);
}

static void overlapping_parts_never_pass_their_total(void **state)
{
    chat("{\"prompt_tokens\":100,\"prompt_tokens_details\":{\"cached_tokens\":90,\"audio_tokens\":50}}");
    in_is(0, 50, 0, 0, 50, 0);
    chat("{\"completion_tokens\":10,\"completion_tokens_details\":{\"reasoning_tokens\":8,\"audio_tokens\":6}}");
    out_is(0, 4, 6, 0);
}

static void part_larger_than_its_total_is_counted_beside_it(void **state)
{
    chat("{\"prompt_tokens\":10,\"prompt_tokens_details\":{\"cached_tokens\":1000}}");
    in_is(10, 1000, 0, 0, 0, 0);
    chat("{\"completion_tokens\":50,\"completion_tokens_details\":{\"reasoning_tokens\":300}}");
    out_is(50, 300, 0, 0);
}

static void reasoning_is_beside_the_output_where_the_total_says_so(void **state)
{
    chat("{\"prompt_tokens\":10,\"completion_tokens\":50,\"total_tokens\":90,"
         "\"completion_tokens_details\":{\"reasoning_tokens\":30}}");
    out_is(50, 30, 0, 0);
    chat("{\"prompt_tokens\":10,\"completion_tokens\":50,\"total_tokens\":60,"
         "\"completion_tokens_details\":{\"reasoning_tokens\":30}}");
    out_is(20, 30, 0, 0);
}

static void anthropic_cache_is_beside_the_input(void **state)
{
    anthropic("{\"input_tokens\":7,\"cache_read_input_tokens\":90,\"cache_creation_input_tokens\":30,"
              "\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,\"ephemeral_1h_input_tokens\":10},"
              "\"output_tokens\":12,\"output_tokens_details\":{\"thinking_tokens\":8},"
              "\"server_tool_use\":{\"web_search_requests\":2}}",
              true);
    in_is(7, 90, 20, 10, 0, 0);
    out_is(4, 8, 0, 0);
    assert_int_equal(usage.web_searches, 2);
}

static void cache_write_of_unsaid_lifetime_is_the_dearer_that_can_be(void **state)
{
    anthropic("{\"input_tokens\":7,\"cache_creation_input_tokens\":30}", false);
    in_is(7, 0, 30, 0, 0, 0);
    anthropic("{\"input_tokens\":7}", true);
    in_is(7, 0, 0, 30, 0, 0);
    anthropic("{\"cache_creation\":{\"ephemeral_5m_input_tokens\":25}}", true);
    in_is(7, 0, 25, 5, 0, 0);
    anthropic("{\"cache_creation_input_tokens\":3}", true); /* smaller than its parts: the parts stand */
    in_is(7, 0, 25, 0, 0, 0);
}

static void absent_and_null_change_nothing(void **state)
{
    chat("{\"prompt_tokens\":100,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":40}}");
    chat("{\"prompt_tokens\":null,\"completion_tokens\":6,\"prompt_tokens_details\":null}");
    in_is(60, 40, 0, 0, 0, 0);
    out_is(6, 0, 0, 0);
    chat("{\"prompt_tokens_details\":{\"cached_tokens\":null},\"completion_tokens_details\":{}}");
    in_is(60, 40, 0, 0, 0, 0);
    chat("{\"prompt_tokens_details\":7,\"completion_tokens_details\":[{\"reasoning_tokens\":1}],\"cached_tokens\":1}");
    in_is(60, 40, 0, 0, 0, 0);
    out_is(6, 0, 0, 0);
}

static void what_cannot_be_a_count_is_not_taken(void **state)
{
    static const char *const bad[] = {"-1",     "1.5", "1e3",  "\"12\"", "true", "[]", "1099511627777", "-0",
                                      "9223372036854775807", "9223372036854775808", "99999999999999999999999999999"};
    char text[128];
    chat("{\"prompt_tokens\":3}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "{\"prompt_tokens\":%s,\"completion_tokens\":7}", bad[i]);
        assert_false(report(counts_openai_chat, text));
        assert_int_equal(counts.n[COUNT_INPUT], 3);
        assert_int_equal(counts.n[COUNT_OUTPUT], 7);
    }
    chat("{\"prompt_tokens\":1099511627776}");
    in_is(TOKENS_MAX, 0, 0, 0, 0, 0);
}

static void added_counts_never_pass_the_most(void **state)
{
    struct json v;
    assert_int_equal(json_parse(&arena, STR("{\"input_tokens\":1099511627776,\"output_tokens\":2}"), 4, &v), 0);
    counts = (struct counts){.n = {0}};
    assert_true(counts_add(&counts, v, counts_anthropic));
    assert_true(counts_add(&counts, v, counts_anthropic));
    counts_usage_anthropic(&counts, false, &usage);
    in_is(TOKENS_MAX, 0, 0, 0, 0, 0);
    out_is(4, 0, 0, 0);
    assert_int_equal(json_parse(&arena, STR("{\"input_tokens\":-1,\"output_tokens\":2}"), 4, &v), 0);
    assert_false(counts_add(&counts, v, counts_anthropic));
    assert_int_equal(counts.n[COUNT_OUTPUT], 6);
}

static void responses_have_names_of_their_own(void **state)
{
    assert_true(report(counts_openai_responses,
                       "{\"input_tokens\":328,"
                       "\"input_tokens_details\":{\"cached_tokens\":8,\"cache_write_tokens\":20},"
                       "\"output_tokens\":52,\"output_tokens_details\":{\"reasoning_tokens\":12},"
                       "\"total_tokens\":380}"));
    counts_usage_openai(&counts, &usage);
    in_is(300, 8, 20, 0, 0, 0);
    out_is(40, 12, 0, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(openai_parts_are_taken_out_of_their_totals),
        T(overlapping_parts_never_pass_their_total),
        T(part_larger_than_its_total_is_counted_beside_it),
        T(reasoning_is_beside_the_output_where_the_total_says_so),
        T(anthropic_cache_is_beside_the_input),
        T(cache_write_of_unsaid_lifetime_is_the_dearer_that_can_be),
        T(absent_and_null_change_nothing),
        T(what_cannot_be_a_count_is_not_taken),
        T(added_counts_never_pass_the_most),
        T(responses_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
