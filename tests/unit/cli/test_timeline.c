/*
 * tests/unit/cli/test_timeline.c - one incident as `runs show` prints it, in wide and in narrow terminals.
 */
#include "../unit.h"

#include "cli/timeline.h"

static char *text;
static size_t text_bytes;

#define NONE "\"held\":{\"usd\":\"0.000000000\",\"how\":\"estimated\"}"
static const char RUN[] =
    "{\"run_id\":\"run_42\",\"agent\":\"support\",\"tenant\":\"acme\",\"first\":\"2026-11-23T12:00:00.000Z\","
    "\"totals\":["
    "{\"layer\":\"llm\",\"vendor\":\"openai\",\"calls\":2,\"denied\":0,\"unknown\":0,"
    "\"settled\":{\"usd\":\"0.000300000\",\"how\":\"priced\"}," NONE "},"
    "{\"layer\":\"saas\",\"vendor\":\"stripe\",\"calls\":3,\"denied\":1,\"unknown\":1,"
    "\"settled\":{\"usd\":\"50.000000000\",\"how\":\"parsed\"},"
    "\"held\":{\"usd\":\"7.000000000\",\"how\":\"estimated\"}},"
    "{\"layer\":\"saas\",\"vendor\":\"resend\",\"calls\":1,\"denied\":0,\"unknown\":0,"
    "\"settled\":{\"usd\":\"0.000000000\",\"how\":\"parsed\"}," NONE "}],"
    "\"tokens\":{\"input\":812,\"cache_read\":400,\"output\":12,\"reasoning\":30,\"audio\":5},\"tool_calls\":3,"
    "\"limits\":[{\"id\":\"run-cap\",\"bucket\":\"run=acme/support/run_42\",\"meter\":\"usd\","
    "\"settled\":\"50.000300000\","
    "\"held\":\"7.000000000\",\"max\":\"100.000000000\"},"
    "{\"id\":\"run-tokens\",\"bucket\":\"run=acme/support/run_42\",\"meter\":\"tokens\","
    "\"settled\":1254,\"held\":0,\"max\":5000}]}";

#define PERMIT "\"verdict\":\"permit\",\"code\":null,\"reason\":\"rule pays permits it\","
#define REFUND "\"vendor\":\"stripe\",\"operation\":\"stripe.refunds.create\",\"currency\":\"USD\",\"exponent\":2,"
static const char CALLS[] =
    "[{\"call_id\":\"c-1\",\"started_at\":\"2026-11-23T12:00:00.000Z\",\"layer\":\"llm\",\"vendor\":\"openai\","
    "\"model_asked\":\"gpt-4o-mini\",\"model_sent\":\"gpt-4o-mini\"," PERMIT
    "\"tokens\":{\"input\":812,\"cache_read\":400,\"output\":12,\"reasoning\":30},\"tokens_how\":\"parsed\","
    "\"phases\":{\"first_token\":312400,\"total\":500000},\"stream_end\":\"complete\",\"outcome\":\"settled\","
    "\"settled\":{\"usd\":\"0.000300000\",\"how\":\"priced\"},"
    "\"tool_calls\":[{\"id\":\"call_a\",\"name\":\"refund\"},{\"id\":\"call_b\",\"name\":\"refund\"}]},"
    "{\"call_id\":\"c-2\",\"started_at\":\"2026-11-23T12:00:00.531Z\"," REFUND "\"amount\":5000," PERMIT
    "\"caused_by\":{\"call_id\":\"c-1\",\"tool_call_id\":\"call_a\",\"how\":\"explicit\"},"
    "\"outcome\":\"settled\",\"settled\":{\"usd\":\"50.000000000\",\"how\":\"parsed\"}},"
    "{\"call_id\":\"c-3\",\"started_at\":\"2026-11-23T12:00:01.220Z\"," REFUND "\"amount\":8000,\"verdict\":\"deny\","
    "\"code\":\"limit_exceeded\",\"reason\":\"Limit out-day of everyone: 50.00 USD spent, 80.00 USD asked, max 100.00 "
    "USD\",\"caused_by\":{\"call_id\":\"c-1\",\"tool_call_id\":\"call_b\",\"how\":\"inferred\"},\"outcome\":\"none\"},"
    "{\"call_id\":\"c-4\",\"started_at\":\"2026-11-23T12:01:02.000Z\"," REFUND "\"amount\":700," PERMIT
    "\"caused_by\":{\"call_id\":null,\"tool_call_id\":\"call_z\",\"how\":\"explicit\"},\"outcome\":\"unknown\","
    "\"held\":{\"usd\":\"7.000000000\",\"how\":\"estimated\"}},"
    "{\"call_id\":\"c-5\",\"started_at\":\"2026-11-23T12:01:03.000Z\",\"layer\":\"llm\","
    "\"model_asked\":\"gpt-4o-mini\"," PERMIT "\"stream_end\":\"cut\",\"outcome\":null,"
    "\"held\":{\"usd\":\"0.010000000\",\"how\":\"estimated\"}}]";

static const char WIDE[] =
    "run_42  agent support  tenant acme  2026-11-23 12:00:00Z\n"
    "\n"
    "   +0.000  model  gpt-4o-mini  1212 in (400 cache_read), 42 out (30 reasoning)  first token 312 ms  "
    "permit  0.0003 USD priced  c-1\n"
    "           tool   refund  call_a\n"
    "           tool   refund  call_b\n"
    "   +0.531  call   stripe.refunds.create  50.00 USD  <- refund call_a (explicit)  permit  50.00 USD p"
    "arsed  c-2\n"
    "   +1.220  call   stripe.refunds.create  80.00 USD  <~ refund call_b (inferred)  deny  limit_exceede"
    "d  c-3\n"
    "                  Limit out-day of everyone: 50.00 USD spent, 80.00 USD asked, max 100.00 USD\n"
    "  +62.000  call   stripe.refunds.create  7.00 USD  <- call_z (explicit, not seen in this run)  permi"
    "t  outcome unknown  held 7.00 USD estimated  c-4\n"
    "  +63.000  model  gpt-4o-mini  stream cut  permit  open  held 0.01 USD estimated  c-5\n"
    "                  <~ is inferred: the values fit, and nobody said so.\n"
    "\n"
    "LAYER  VENDOR  CALLS  REFUSED  UNKNOWN                COST  STILL HELD\n"
    "llm    openai      2        0        0   0.0003 USD priced    0.00 USD\n"
    "saas   stripe      3        1        1    50.00 USD parsed    7.00 USD\n"
    "saas   resend      1        0        0            0.00 USD    0.00 USD\n"
    "saas   all         4        1        1    50.00 USD parsed    7.00 USD\n"
    "run    all         6        1        1  50.0003 USD priced    7.00 USD\n"
    "\n"
    "tokens  1212 in (400 cache_read), 42 out (30 reasoning), 5 audio  tool calls 3\n"
    "limit  run-cap  run=acme/support/run_42  spent 50.0003 USD  held 7.00 USD  max 100.00 USD\n"
    "limit  run-tokens  run=acme/support/run_42  spent 1254 tokens  held 0 tokens  max 5000 tokens\n";

static const char NARROW[] =
    "run_42  agent support  tenant acme  2026-11-23 12:00:00Z\n"
    "\n"
    "   +0.000  model  gpt-4o-mini\n"
    "                  1212 in (400 cache_read), 42 out (30 reasoning)\n"
    "                  first token 312 ms  permit\n"
    "                  0.0003 USD priced  c-1\n"
    "           tool   refund  call_a\n"
    "           tool   refund  call_b\n"
    "   +0.531  call   stripe.refunds.create  50.00 USD\n"
    "                  <- refund call_a (explicit)  permit\n"
    "                  50.00 USD parsed  c-2\n"
    "   +1.220  call   stripe.refunds.create  80.00 USD\n"
    "                  <~ refund call_b (inferred)  deny\n"
    "                  limit_exceeded  c-3\n"
    "                  Limit out-day of everyone: 50.00 USD\n"
    "                  spent, 80.00 USD asked, max 100.00 USD\n"
    "  +62.000  call   stripe.refunds.create  7.00 USD\n"
    "                  <- call_z (explicit, not seen in this run)\n"
    "                  permit  outcome unknown\n"
    "                  held 7.00 USD estimated  c-4\n"
    "  +63.000  model  gpt-4o-mini  stream cut  permit  open\n"
    "                  held 0.01 USD estimated  c-5\n"
    "                  <~ is inferred: the values fit, and nobody\n"
    "                  said so.\n"
    "\n"
    "LAYER  VENDOR  CALLS  REFUSED  UNKNOWN                COST  STILL HELD\n"
    "llm    openai      2        0        0   0.0003 USD priced    0.00 USD\n"
    "saas   stripe      3        1        1    50.00 USD parsed    7.00 USD\n"
    "saas   resend      1        0        0            0.00 USD    0.00 USD\n"
    "saas   all         4        1        1    50.00 USD parsed    7.00 USD\n"
    "run    all         6        1        1  50.0003 USD priced    7.00 USD\n"
    "\n"
    "tokens  1212 in (400 cache_read), 42 out (30 reasoning), 5 audio\n"
    "        tool calls 3\n"
    "limit  run-cap  run=acme/support/run_42  spent 50.0003 USD\n"
    "       held 7.00 USD  max 100.00 USD\n"
    "limit  run-tokens  run=acme/support/run_42\n"
    "       spent 1254 tokens  held 0 tokens  max 5000 tokens\n";

static char *shown(const char *run, const char *calls, size_t columns, bool has_color)
{
    struct json r, cs;
    struct cli c = {.out = open_memstream(&text, &text_bytes), .has_color = has_color};
    arena_init(&c.arena, 1u << 20);
    assert_int_equal(json_parse(&c.arena, str_c(run), 16, &r), 0);
    assert_int_equal(json_parse(&c.arena, str_c(calls), 16, &cs), 0);
    print_timeline(&c, r, cs, columns);
    fputc('\n', c.out);
    print_run_sums(&c, r, columns);
    fclose(c.out);
    arena_deinit(&c.arena);
    return text;
}

static void assert_shows(const char *calls, size_t columns, const char *want)
{
    char *got = shown(RUN, calls, columns, false);
    assert_string_equal(got, want);
    free(got);
}

static void an_incident_reads_from_cause_to_cost(void **state)
{
    assert_shows(CALLS, 0, WIDE);
    assert_shows(CALLS, 200, WIDE);
}

static void a_narrow_terminal_breaks_lines_between_parts(void **state)
{
    assert_shows(CALLS, 60, NARROW);
}

static void no_line_but_a_table_is_wider_than_what_its_parts_need(void **state)
{
    for (size_t columns = 70; columns <= 140; columns += 10) {
        char *got = shown(RUN, CALLS, columns, false), *table = strstr(got, "LAYER");
        for (char *line = got, *end; line < table; line = end + 1) {
            end = strchr(line, '\n');
            assert_true((size_t)(end - line) <= columns);
        }
        free(got);
    }
}

static void colour_is_only_where_it_is_wanted(void **state)
{
    char *plain = shown(RUN, CALLS, 0, false), *coloured = shown(RUN, CALLS, 0, true);
    assert_null(strchr(plain, '\033'));
    assert_non_null(strstr(coloured, "\033[31mdeny\033[0m"));
    assert_non_null(strstr(coloured, "\033[33m<~ refund call_b (inferred)\033[0m"));
    free(plain);
    free(coloured);
}

static void nothing_that_a_model_wrote_drives_the_terminal(void **state)
{
    char *got = shown(RUN,
                      "[{\"call_id\":\"c\",\"started_at\":\"2026-11-23T12:00:00Z\",\"model_asked\":\"m\\u001b[2J\","
                      "\"verdict\":\"permit\",\"tool_calls\":[{\"id\":\"x\\u001b\",\"name\":\"n\\nm\"}]}]",
                      0, true);
    assert_non_null(strstr(got, "m\\x1b[2J"));
    assert_non_null(strstr(got, "n\\x0am"));
    assert_null(strstr(got, "\033[2J"));
    free(got);
}

static void an_edge_is_an_inference_only_where_it_is_one(void **state)
{
    char *got = shown(RUN,
                      "[{\"call_id\":\"c\",\"started_at\":\"2026-11-23T12:00:00Z\",\"operation\":\"o\","
                      "\"verdict\":\"permit\",\"caused_by\":{\"tool_call_id\":\"t\",\"how\":\"observed\"}}]",
                      0, false);
    assert_non_null(strstr(got, "<- t (observed, not seen in this run)"));
    assert_null(strstr(got, "<~"));
    free(got);
}

static void a_run_without_calls_still_adds_up(void **state)
{
    char *got = shown("{\"run_id\":\"r\",\"totals\":[],\"tokens\":null,\"limits\":[]}", "[]", 0, false);
    assert_non_null(strstr(got, "run    all         0        0        0  0.00 USD"));
    assert_null(strstr(got, "tokens"));
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incident_reads_from_cause_to_cost),
        cmocka_unit_test(a_narrow_terminal_breaks_lines_between_parts),
        cmocka_unit_test(no_line_but_a_table_is_wider_than_what_its_parts_need),
        cmocka_unit_test(colour_is_only_where_it_is_wanted),
        cmocka_unit_test(nothing_that_a_model_wrote_drives_the_terminal),
        cmocka_unit_test(an_edge_is_an_inference_only_where_it_is_one),
        cmocka_unit_test(a_run_without_calls_still_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
