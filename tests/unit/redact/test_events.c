/* redact/redact_events: streams of models, event by event and byte by byte. */
#include "redact/redact_events.h"

#include "redact_set.h"

#define ALL ((1u << REDACT_KINDS) - 1)
#define EVENT_MAX 4096

static int run(const char *stream, size_t piece, struct buf *out)
{
    struct redact_set s = set_of(ALL);
    struct redact_events *e = redact_events_new(&s, EVENT_MAX);
    struct str text = str_c(stream);
    int r = 0;
    for (size_t at = 0; r == 0 && at < text.n; at += piece)
        r = redact_events_add(e, str_sub(text, at, piece), out);
    if (r == 0)
        r = redact_events_end(e, out);
    redact_events_free(e);
    return r;
}

static void expect(const char *stream, const char *wanted)
{
    static const size_t pieces[] = {1, 3, 16, 100000};
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        buf_reset(&out);
        assert_int_equal(run(stream, pieces[i], &out), 0);
        assert_str(buf_str(&out), wanted);
    }
    buf_deinit(&out);
}

#define CHAT(i, text) "data: {\"choices\":[{\"index\":" i ",\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define CHAT_END(i) "data: {\"choices\":[{\"index\":" i ",\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

static void what_has_nothing_personal_passes_byte_for_byte(void **state)
{
    expect(CHAT("0", "Hello, ") CHAT("0", "you! ") CHAT_END("0") DONE,
           CHAT("0", "Hello, ") CHAT("0", "you! ") CHAT_END("0") DONE);
    expect(": a comment\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
           ": a comment\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n");
    expect("data:{\"a\" : \"b\\u0020\"}\r\n\r\n", "data:{\"a\" : \"b\\u0020\"}\r\n\r\n");
}

static void a_text_is_looked_at_across_its_pieces(void **state)
{
    expect(CHAT("0", "Write to jo") CHAT("0", "hn@exam") CHAT("0", "ple.com now! ") CHAT_END("0") DONE,
           CHAT("0", "Write to ") CHAT("0", "") CHAT("0", "[email] now! ") CHAT_END("0") DONE);
    expect(CHAT("0", "4111 1111") CHAT("0", " 1111 1111! ") CHAT_END("0") DONE,
           CHAT("0", "") CHAT("0", "[card]! ") CHAT_END("0") DONE);
}

static void what_is_kept_back_goes_on_before_the_event_that_ends_its_text(void **state)
{
    expect(CHAT("0", "4111") CHAT_END("0") DONE, CHAT("0", "") CHAT("0", "4111") CHAT_END("0") DONE);
    expect(CHAT("0", "4111") DONE, CHAT("0", "") CHAT("0", "4111") DONE);
    expect(CHAT("0", "4111"), CHAT("0", "") CHAT("0", "4111"));
    expect("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4111\"},\"finish_reason\":\"stop\"}]}\n\n" DONE,
           "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4111\"},\"finish_reason\":\"stop\"}]}\n\n" DONE);
}

static void choices_and_tool_calls_are_texts_of_their_own(void **state)
{
    expect(CHAT("0", "4111 1111 ") CHAT("1", "1111 1111 ") CHAT("0", "1111 1111! ") CHAT_END("1") CHAT_END("0"),
           CHAT("0", "") CHAT("1", "") CHAT("0", "[card]! ") CHAT("1", "1111 1111 ") CHAT_END("1") CHAT_END("0"));
#define TOOL(i, text) \
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":" i ",\"function\":{\"arguments\":\"" text \
    "\"}}]},\"index\":0}]}\n\n"
    expect(TOOL("0", "{\\\"to\\\":\\\"john@") TOOL("1", "{\\\"a\\\":\\\"x@") TOOL("0", "example.com\\\"}")
               TOOL("1", "y\\\"}") CHAT_END("0"),
           TOOL("0", "{\\\"to\\\":\\\"") TOOL("1", "{\\\"a\\\":\\\"") TOOL("0", "[email]\\\"}") TOOL("1", "x@y\\\"}")
               CHAT_END("0"));
}

#define BLOCK(i, text) \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" i \
    ",\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}}\n\n"
#define PING "event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define STOP(i) "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":" i "}\n\n"

static void a_ping_between_two_pieces_changes_nothing(void **state)
{
    expect(BLOCK("0", "4111 1111") PING BLOCK("0", " 1111 1111! ") STOP("0"),
           BLOCK("0", "") PING BLOCK("0", "[card]! ") STOP("0"));
    expect(BLOCK("0", "Call +49") STOP("0"), BLOCK("0", "Call ") BLOCK("0", "+49") STOP("0"));
    expect(BLOCK("0", "+49") STOP("1") BLOCK("0", "15112345678! ") STOP("0"),
           BLOCK("0", "") STOP("1") BLOCK("0", "[phone]! ") STOP("0"));
}

static void events_of_responses_are_pieces_and_wholes(void **state)
{
#define TEXT(text) \
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\"," \
    "\"output_index\":0,\"content_index\":0,\"delta\":\"" text "\",\"logprobs\":[]}\n\n"
#define TEXT_DONE(text) \
    "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"item_id\":\"m\"," \
    "\"output_index\":0,\"content_index\":0,\"text\":\"" text "\"}\n\n"
    expect(TEXT("DE89 3704 0044") TEXT(" 0532 0130 00") TEXT_DONE("DE89 3704 0044 0532 0130 00"),
           TEXT("") TEXT("") TEXT("[iban]") TEXT_DONE("[iban]"));
    expect("data: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"text\":\"john@example.com\"}]}}\n\n",
           "data: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"text\":\"[email]\"}]}}\n\n");
    expect("data: {\"delta\":\"a\",\"logprobs\":[{\"token\":\"john\"}]}\n\n",
           "data: {\"delta\":\"\",\"logprobs\":[]}\n\ndata: {\"delta\":\"a\",\"logprobs\":[]}\n\n");
}

static void comments_and_words_are_looked_at_too(void **state)
{
    expect(": john@example.com\n\ndata: hi\n\n", "data: hi\n\n");
    expect("data: write to john@example.com\n\n", "data: write to [email]\n\n");
    expect(": john@example.com\ndata: {\"a\":1}\n\n", "data: {\"a\":1}\n\n");
}

static void what_cannot_be_looked_into_fails(void **state)
{
    struct buf out;
    char large[EVENT_MAX + 64];
    buf_init(&out, 1 << 20);
    assert_int_equal(run("data: {\"a\":john@example.com}\n\n", 100, &out), -ERR_INVALID);
    for (int more = 0; more <= 1; more++) { /* the whole event, with its empty line */
        int n = EVENT_MAX - 16 + more;
        snprintf(large, sizeof large, "data: {\"a\":\"%0*d\"}\n\n", n, 0);
        assert_int_equal(strlen(large), EVENT_MAX + more);
        assert_int_equal(run(large, 100, &out), more ? -ERR_TOO_LARGE : 0);
    }
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_nothing_personal_passes_byte_for_byte),
        cmocka_unit_test(a_text_is_looked_at_across_its_pieces),
        cmocka_unit_test(what_is_kept_back_goes_on_before_the_event_that_ends_its_text),
        cmocka_unit_test(choices_and_tool_calls_are_texts_of_their_own),
        cmocka_unit_test(a_ping_between_two_pieces_changes_nothing),
        cmocka_unit_test(events_of_responses_are_pieces_and_wholes),
        cmocka_unit_test(comments_and_words_are_looked_at_too),
        cmocka_unit_test(what_cannot_be_looked_into_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
