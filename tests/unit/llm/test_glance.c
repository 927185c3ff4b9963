/* llm/glance: what is only text is counted as such; everything else is left to the reader. */
#include "llm/glance.h"

#include "unit.h"

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

#define OTHER (-1)

struct row {
    const char *data;
    int bytes; /* of text; OTHER: the reader has to read it */
};

static void check_rows(glance_fn *fn, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct glance g;
        arena_reset(&arena);
        bool is_plain = fn(str_c(rows[i].data), 64, &arena, &g);
        int got = is_plain ? (int)g.text_bytes : OTHER;
        if (got != rows[i].bytes)
            fail_msg("%s: %d bytes, not %d", rows[i].data, got, rows[i].bytes);
    }
}

#define CHUNK(delta, more) \
    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0," \
    "\"delta\":" delta ",\"logprobs\":null,\"finish_reason\":null}]" more "}"

static void chat_text_is_counted_unescaped_and_the_rest_is_not_touched(void **state)
{
    static const struct row rows[] = {
        {CHUNK("{\"content\":\"abc\"}", ""), 3},
        {CHUNK("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", ",\"obfuscation\":\"x\""), 0},
        {CHUNK("{\"content\":\"\\n\\u00e9\"}", ",\"usage\":null"), 3},
        {CHUNK("{}", ""), 0},
        {CHUNK("{\"content\":\"a\",\"tool_calls\":[]}", ""), OTHER},
        {CHUNK("{\"reasoning_content\":\"a\"}", ""), OTHER},
        {CHUNK("{\"refusal\":\"no\"}", ""), OTHER},
        {CHUNK("{\"content\":[{\"text\":\"a\"}]}", ""), OTHER},
        {CHUNK("{\"content\":\"a\"}", ",\"usage\":{\"prompt_tokens\":1}"), OTHER},
        {CHUNK("{\"content\":\"a\"}", ",\"error\":{\"code\":1}"), OTHER},
        {CHUNK("{\"content\":\"a\"}", ",\"x_groq\":{\"id\":\"1\"}"), OTHER},
        {CHUNK("{\"content\":\"a\",\"content\":\"b\"}", ""), OTHER},
        {CHUNK("{\"content\":\"a\"}", ",\"choices\":[]"), OTHER},
        {CHUNK("{\"content\":\"\\ud800\"}", ""), OTHER},
        {CHUNK("[]", ""), OTHER},
        {"{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", OTHER},
        {"{\"choices\":[]}", OTHER},
        {"{\"choices\":null,\"usage\":null}", OTHER},
        {"[]", OTHER},
        {"", OTHER},
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"}}]", OTHER},
    };
    check_rows(glance_chat, rows, sizeof(rows) / sizeof(rows[0]));
}

static void responses_text_is_counted_and_other_deltas_are_not(void **state)
{
    static const struct row rows[] = {
        {"{\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"delta\":\"abcd\","
         "\"logprobs\":[],\"sequence_number\":7,\"obfuscation\":\"z\"}", 4},
        {"{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"{\"}", OTHER},
        {"{\"type\":\"response.audio.delta\",\"delta\":\"AAAA\"}", OTHER},
        {"{\"delta\":\"abcd\"}", OTHER},
        {"{\"type\":\"response.output_text.delta\",\"delta\":{\"text\":\"a\"}}", OTHER},
        {"{\"type\":\"response.output_text.delta\",\"delta\":\"a\",\"logprobs\":[1]}", OTHER},
        {"{\"type\":\"response.completed\",\"response\":{}}", OTHER},
    };
    check_rows(glance_responses, rows, sizeof(rows) / sizeof(rows[0]));
}

static void messages_text_and_thinking_are_counted(void **state)
{
    static const struct row rows[] = {
        {"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}", 5},
        {"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}",
         2},
        {"{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{"
         "\"}}",
         OTHER},
        {"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"citations_delta\",\"citation\":{}}}",
         OTHER},
        {"{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}", OTHER},
        {"{\"type\":\"message_stop\"}", OTHER},
        {"{\"type\":\"message_delta\",\"delta\":{\"type\":\"x\"},\"usage\":{\"output_tokens\":3}}", OTHER},
        {"{\"type\":\"ping\"}", OTHER},
    };
    check_rows(glance_messages, rows, sizeof(rows) / sizeof(rows[0]));
}

static void null_usage_is_told(void **state)
{
    struct glance g;
    assert_true(glance_chat(STR(CHUNK("{\"content\":\"a\"}", ",\"usage\":null")), 64, &arena, &g));
    assert_true(g.has_null_usage);
    assert_true(glance_chat(STR(CHUNK("{\"content\":\"a\"}", "")), 64, &arena, &g));
    assert_false(g.has_null_usage);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(chat_text_is_counted_unescaped_and_the_rest_is_not_touched),
        T(responses_text_is_counted_and_other_deltas_are_not),
        T(messages_text_and_thinking_are_counted),
        T(null_usage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
