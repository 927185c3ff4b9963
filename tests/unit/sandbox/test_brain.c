/* sandbox/said, sandbox/arguments, sandbox/brain, sandbox/prompt_cache: what a simulated model says, to the token. */
#include "base/err.h"
#include "sandbox/brain.h"
#include "sandbox/prompt_cache.h"
#include "sandbox/said.h"
#include "unit.h"

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

static struct json json_of(const char *text)
{
    struct json root;
    assert_int_equal(json_parse(&arena, str_c(text), 32, &root), 0);
    return root;
}

/* --- what a text holds -------------------------------------------------------------------------------------------- */

static void numbers_are_found_with_their_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t hundredths;
        enum said_unit unit;
    } rows[] = {{"Refund 5 dollars", 500, SAID_DOLLARS},
                {"Refund $5.50, please.", 550, SAID_DOLLARS},
                {"pay 1,250.5 usd now", 125050, SAID_DOLLARS},
                {"take 300 cents", 30000, SAID_CENTS},
                {"set it to 7", 700, SAID_PLAIN},
                {"(12)", 1200, SAID_PLAIN}};
    struct said s;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        said_read(str_c(rows[i].text), &s);
        assert_int_equal(s.n_numbers, 1);
        assert_int_equal(s.numbers[0].hundredths, rows[i].hundredths);
        assert_int_equal(s.numbers[0].unit, rows[i].unit);
    }
    said_read(STR("ch_123 1.234 1234567890123 5x 1.2.3 ."), &s);
    assert_int_equal(s.n_numbers, 0);
}

static void names_are_ids_addresses_and_phones(void **state)
{
    struct said s;
    said_read(STR("send 'ch_demo' of cus_A1 to ann@example.com, +14155550123; not a@b, +1, _x, x_ or 5_5"), &s);
    assert_int_equal(s.n_names, 4);
    assert_str(s.names[0].text, "ch_demo");
    assert_str(s.names[1].text, "cus_A1");
    assert_str(s.names[2].text, "ann@example.com");
    assert_str(s.names[3].text, "+14155550123");
}

static void at_most_so_many_are_looked_at(void **state)
{
    struct said s;
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i <= SAID_MAX; i++)
        assert_int_equal(buf_printf(&b, "%d a_%d 7 cents ", i, i), 0);
    said_read(buf_str(&b), &s);
    assert_int_equal(s.n_numbers, SAID_MAX);
    assert_int_equal(s.n_names, SAID_MAX);
    buf_deinit(&b);
}

static void words_are_the_same_when_one_begins_the_other(void **state)
{
    assert_true(said_has_word(STR("two Refunds, please"), STR("refund")));
    assert_true(said_has_word(STR("createRefund"), STR("refund")));
    assert_false(said_has_word(STR("to"), STR("total"))); /* too short to be a stem */
    assert_false(said_has_word(STR(""), STR("refund")));
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

static const char *arguments(const char *schema, const char *text)
{
    struct buf b;
    buf_init(&b, 65536);
    arguments_write(schema ? json_of(schema) : JSON_ABSENT, str_c(text), &b);
    assert_int_equal(buf_ok(&b), 0);
    struct str s = arena_str(&arena, buf_str(&b));
    buf_deinit(&b);
    return s.p;
}

static void the_tool_is_the_one_that_is_named_most(void **state)
{
    static const struct sim_tool tools[] = {
        {STR_INIT("list_charges"), {NULL}}, {STR_INIT("create_refund"), {NULL}}, {STR_INIT("sendEmail"), {NULL}}};
    assert_str(arguments_tool(STR("Please create a refund of the charge"), tools, 3)->name, "create_refund");
    assert_str(arguments_tool(STR("send an email"), tools, 3)->name, "sendEmail");
    assert_str(arguments_tool(STR("hello"), tools, 3)->name, "list_charges");
}

#define REFUND(amount)                                                                                                 \
    "{\"type\":\"object\",\"required\":[\"charge\",\"amount\"],\"properties\":{\"charge\":{\"type\":\"string\"},"      \
    "\"amount\":" amount "}}"

static void money_is_in_cents_where_the_parameter_says_so(void **state)
{
    const char *text = "Refund 5 dollars of charge ch_demo";
    assert_string_equal(arguments(REFUND("{\"type\":\"integer\",\"description\":\"in cents\"}"), text),
                        "{\"charge\":\"ch_demo\",\"amount\":500}");
    assert_string_equal(arguments(REFUND("{\"type\":\"integer\",\"description\":\"smallest unit\"}"), text),
                        "{\"charge\":\"ch_demo\",\"amount\":500}");
    assert_string_equal(arguments(REFUND("{\"type\":\"integer\"}"), text), "{\"charge\":\"ch_demo\",\"amount\":5}");
    assert_string_equal(arguments(REFUND("{\"type\":\"number\"}"), "Refund $5.50 of ch_1"),
                        "{\"charge\":\"ch_1\",\"amount\":5.50}");
    assert_string_equal(arguments(REFUND("{\"type\":\"integer\"}"), "Refund 500 cents of ch_1"),
                        "{\"charge\":\"ch_1\",\"amount\":5}");
    const char *named = "{\"required\":[\"amount_cents\"],\"properties\":{\"amount_cents\":{\"type\":\"integer\"}}}";
    assert_string_equal(arguments(named, "5 dollars"), "{\"amount_cents\":500}");
    assert_string_equal(arguments(named, "500 cents"), "{\"amount_cents\":500}");
    assert_string_equal(arguments(named, "nothing"), "{\"amount_cents\":1}");
}

static void ids_go_where_their_kind_is_asked_for(void **state)
{
    const char *schema = "{\"required\":[\"customer\",\"payment_intent\",\"to\",\"order_id\"],\"properties\":{"
                         "\"customer\":{\"type\":\"string\"},\"payment_intent\":{\"type\":\"string\"},"
                         "\"to\":{\"type\":\"string\"},\"order_id\":{\"type\":\"string\"}}}";
    assert_string_equal(arguments(schema, "xx_9 pi_2 ann@example.com cus_1"),
                        "{\"customer\":\"cus_1\",\"payment_intent\":\"pi_2\",\"to\":\"ann@example.com\","
                        "\"order_id\":\"xx_9\"}");
}

static void what_is_optional_is_left_out_unless_the_text_has_it(void **state)
{
    const char *schema = "{\"properties\":{\"customer\":{\"type\":\"string\"},\"limit\":{\"type\":\"integer\"},"
                         "\"all\":{\"type\":\"boolean\"},\"tags\":{\"type\":\"array\"}}}";
    assert_string_equal(arguments(schema, "list them"), "{}");
    assert_string_equal(arguments(schema, "3 of cus_1"), "{\"customer\":\"cus_1\",\"limit\":3}");
}

static void every_type_of_schema_gets_a_value_that_fits(void **state)
{
    const char *schema =
        "{\"$defs\":{\"Item\":{\"type\":\"object\",\"required\":[\"sku\"],\"properties\":{\"sku\":{\"type\":"
        "\"string\"}}}},\"required\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"currency\"],\"properties\":{"
        "\"a\":{\"const\":7},\"b\":{\"enum\":[\"slow\",\"quick\"]},\"c\":{\"type\":\"boolean\"},"
        "\"d\":{\"type\":[\"null\",\"integer\"],\"minimum\":4},\"e\":{\"type\":\"array\",\"items\":{\"$ref\":"
        "\"#/$defs/Item\"}},\"f\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{}}]},"
        "\"g\":{\"type\":\"string\"},\"h\":{\"type\":\"null\"},\"currency\":{\"type\":\"string\"},"
        "\"z\":{\"enum\":[\"never\"]}}}";
    assert_string_equal(arguments(schema, "be quick"),
                        "{\"a\":7,\"b\":\"quick\",\"c\":false,\"d\":4,\"e\":[{\"sku\":\"be quick\"}],\"f\":{},"
                        "\"g\":\"be quick\",\"h\":null,\"currency\":\"usd\"}");
    assert_string_equal(arguments(NULL, "x"), "{}");
    assert_string_equal(arguments("{}", "x"), "{}");
    assert_string_equal(arguments("{\"type\":\"object\"}", "x"), "{}");
}

static void a_schema_that_holds_itself_ends(void **state)
{
    const char *loop = "{\"$defs\":{\"n\":{\"required\":[\"n\"],\"properties\":{\"n\":{\"$ref\":\"#/$defs/n\"}}}},"
                       "\"$ref\":\"#/$defs/n\"}";
    const char *made = arguments(loop, "x");
    size_t depth = 0;
    for (const char *p = made; *p; p++)
        depth += *p == '{';
    assert_int_equal(depth, SCHEMA_DEPTH_MAX + 1);
    assert_non_null(strstr(made, "null"));
    assert_string_equal(arguments("{\"$defs\":{\"n\":{\"$ref\":\"#/$defs/n\"}},\"$ref\":\"#/$defs/n\"}", "x"), "\"x\"");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    const char *schema = "{\"required\":[\"q\"],\"properties\":{\"q\":{\"type\":\"string\"}}}";
    char text[1000] = "x";
    for (int i = 0; i < 300; i++)
        strcat(text, "\xc3\xa9");
    struct str q;
    assert_true(json_str(json_get(json_of(arguments(schema, text)), STR("q")), &q));
    assert_int_equal(q.n, 399); /* of 400, which would be inside of one */
}

/* --- the brain ---------------------------------------------------------------------------------------------------- */

static struct brain_ask asking(const char *user)
{
    return (struct brain_ask){.model = STR("m"), .user = str_c(user), .output_max = -1, .answer_schema = JSON_ABSENT};
}

static struct brain_said say(const struct brain_ask *ask)
{
    struct brain_said s;
    size_t n = 0;
    assert_int_equal(brain_say(&arena, ask, &s), 0);
    for (size_t i = 0; i < s.n_pieces; i++)
        n += s.pieces[i].n;
    assert_int_equal(n, s.text.n); /* the pieces are the text */
    return s;
}

static void it_repeats_what_was_said(void **state)
{
    struct brain_ask ask = asking("hello there");
    struct brain_said s = say(&ask);
    assert_str(s.text, "This is a simulated m. You said: hello there");
    assert_str(s.pieces[0], "This");
    assert_str(s.pieces[1], " is");
    assert_int_equal(s.output, s.n_pieces);
    assert_false(s.is_cut);
    assert_null(s.tool);
}

static void it_says_as_many_words_as_are_asked_for(void **state)
{
    struct brain_ask ask = asking("Write 200 words about steam");
    assert_int_equal(say(&ask).output, 200);
    ask = asking("4001 words");
    assert_int_equal(say(&ask).output, BRAIN_WORDS_MAX);
    ask = asking("0 words");
    assert_true(str_ends(say(&ask).text, STR("0 words"))); /* none: as if nothing were asked */
}

static void it_calls_a_tool_until_it_has_a_result(void **state)
{
    static const struct sim_tool tools[] = {{STR_INIT("find"), {NULL}}, {STR_INIT("refund"), {NULL}}};
    struct brain_ask ask = asking("refund it");
    ask.tools = tools;
    ask.n_tools = 2;
    assert_ptr_equal(say(&ask).tool, &tools[1]);
    assert_str(say(&ask).text, "{}");
    ask.tool = STR("find");
    assert_ptr_equal(say(&ask).tool, &tools[0]);
    ask.result = STR("{\"id\":\"re_1\"}");
    assert_null(say(&ask).tool);
    assert_str(say(&ask).text, "Done. The tool answered: {\"id\":\"re_1\"}");
}

static void it_says_no_more_than_the_maximum(void **state)
{
    struct brain_ask ask = asking("10 words");
    ask.output_max = 10;
    assert_false(say(&ask).is_cut);
    ask.output_max = 9;
    struct brain_said s = say(&ask);
    assert_true(s.is_cut);
    assert_int_equal(s.output, 9);
    ask.output_max = 0;
    assert_int_equal(say(&ask).text.n, 0);
}

static void reasoning_counts_towards_the_maximum(void **state)
{
    struct brain_ask ask = asking("10 words");
    ask.reasoning = 64;
    ask.output_max = 74;
    assert_false(say(&ask).is_cut);
    ask.output_max = 70;
    assert_int_equal(say(&ask).output, 6);
    ask.output_max = 60;
    assert_int_equal(say(&ask).reasoning, 60);
    assert_int_equal(say(&ask).output, 0);
}

static void a_tool_call_that_does_not_fit_is_not_made(void **state)
{
    static const struct sim_tool tool = {STR_INIT("refund"), {NULL}};
    struct brain_ask ask = asking("refund");
    ask.tools = &tool;
    ask.n_tools = 1;
    ask.output_max = 0;
    struct brain_said s = say(&ask);
    assert_null(s.tool);
    assert_true(s.is_cut);
    assert_int_equal(s.text.n, 0);
}

static void an_answer_can_be_json_of_a_schema(void **state)
{
    struct brain_ask ask = asking("it costs 5");
    ask.answer_schema = json_of("{\"required\":[\"cost\"],\"properties\":{\"cost\":{\"type\":\"integer\"}}}");
    assert_str(say(&ask).text, "{\"cost\":5}");
}

/* --- the cache ---------------------------------------------------------------------------------------------------- */

static struct prompt_cache cache;
#define PROMPT_BYTES_MIN (PROMPT_CACHED_TOKENS_MIN * BYTES_PER_TOKEN)
#define M STR("m")

static void a_prompt_is_cached_from_1024_tokens_on(void **state)
{
    static char text[PROMPT_BYTES_MIN + 1000];
    memset(&cache, 0, sizeof(cache));
    memset(text, 'x', sizeof(text));
    struct str s = {text, PROMPT_BYTES_MIN - 1};
    assert_int_equal(prompt_cache_see(&cache, M, s, 0, 10), 0);
    assert_int_equal(prompt_cache_see(&cache, M, s, 1, 10), 0);
    s.n = PROMPT_BYTES_MIN;
    assert_int_equal(prompt_cache_see(&cache, M, s, 1, 10), 0);
    assert_int_equal(prompt_cache_see(&cache, M, s, 2, 10), 1024);
    s.n = sizeof(text); /* one block more, that is new */
    assert_int_equal(prompt_cache_see(&cache, M, s, 3, 10), 1024);
    assert_int_equal(prompt_cache_see(&cache, M, s, 4, 10), 1024 + 128);
    assert_int_equal(prompt_cache_see(&cache, STR("other"), s, 4, 10), 0);
    assert_int_equal(prompt_cache_see(&cache, M, s, 13, 10), 1024 + 128);
    assert_int_equal(prompt_cache_see(&cache, M, s, 23, 10), 0); /* forgotten */
    text[0] = 'y';
    assert_int_equal(prompt_cache_see(&cache, M, s, 23, 10), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(numbers_are_found_with_their_unit),
        T(names_are_ids_addresses_and_phones),
        T(at_most_so_many_are_looked_at),
        T(words_are_the_same_when_one_begins_the_other),
        T(the_tool_is_the_one_that_is_named_most),
        T(money_is_in_cents_where_the_parameter_says_so),
        T(ids_go_where_their_kind_is_asked_for),
        T(what_is_optional_is_left_out_unless_the_text_has_it),
        T(every_type_of_schema_gets_a_value_that_fits),
        T(a_schema_that_holds_itself_ends),
        T(a_long_text_is_cut_between_characters),
        T(it_repeats_what_was_said),
        T(it_says_as_many_words_as_are_asked_for),
        T(it_calls_a_tool_until_it_has_a_result),
        T(it_says_no_more_than_the_maximum),
        T(reasoning_counts_towards_the_maximum),
        T(a_tool_call_that_does_not_fit_is_not_made),
        T(an_answer_can_be_json_of_a_schema),
        T(a_prompt_is_cached_from_1024_tokens_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
