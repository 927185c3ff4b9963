/* llm/repeat: what repeats the form of an event is counted like it; all else is no match. */
#include "llm/repeat.h"

#include "unit.h"

static struct arena arena;
static struct repeat form;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    form.n = 0;
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    return 0;
}

#define CHUNK(text, pad) \
    "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]," \
    "\"usage\":null,\"obfuscation\":\"" pad "\"}"

static void learn(glance_fn *fn, const char *data)
{
    struct glance g;
    assert_true(fn(str_c(data), 64, &arena, &g));
    repeat_learn(&form, str_c(data), &g);
}

/* Bytes of text; -1: no match. What matches must be what a glance finds. */
static int match(glance_fn *fn, const char *data)
{
    struct glance fast, slow;
    if (!repeat_match(&form, str_c(data), &fast))
        return -1;
    assert_true(fn(str_c(data), 64, &arena, &slow));
    assert_int_equal(fast.text_bytes, slow.text_bytes);
    assert_int_equal(fast.has_null_usage, slow.has_null_usage);
    return (int)fast.text_bytes;
}

static void text_and_padding_may_differ(void **state)
{
    assert_int_equal(match(glance_chat, CHUNK("abc", "x")), -1); /* nothing was learned */
    learn(glance_chat, CHUNK("abc", "xyz"));
    assert_int_equal(match(glance_chat, CHUNK("abc", "xyz")), 3);
    assert_int_equal(match(glance_chat, CHUNK("longer text", "")), 11);
    assert_int_equal(match(glance_chat, CHUNK("", "y")), 0);
}

static void nothing_else_may(void **state)
{
    learn(glance_chat, CHUNK("abc", "xyz"));
    assert_int_equal(match(glance_chat, CHUNK("a\\nb", "x")), -1);
    assert_int_equal(match(glance_chat, CHUNK("\xc3\xa9", "x")), -1);
    assert_int_equal(match(glance_chat, CHUNK("a\"},\"tool_calls\":[{}]", "x")), -1);
    assert_int_equal(match(glance_chat, CHUNK("a", "x") " "), -1);
    assert_int_equal(match(glance_chat, " " CHUNK("a", "x")), -1);
    assert_int_equal(match(glance_chat, "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a"), -1);
    assert_int_equal(match(glance_chat, "{\"id\":\"d\"" ",\"choices\":[]}"), -1);
    assert_int_equal(match(glance_chat, ""), -1);
    char control[] = CHUNK("a?c", "x");
    *strchr(control, '?') = '\t';
    assert_int_equal(match(glance_chat, control), -1);
}

#define DELTA(text, n) \
    "{\"type\":\"response.output_text.delta\",\"delta\":\"" text "\",\"logprobs\":[],\"sequence_number\":" n "}"

static void counts_of_events_are_numbers(void **state)
{
    learn(glance_responses, DELTA("abc", "9"));
    assert_int_equal(match(glance_responses, DELTA("d", "10")), 1);
    assert_int_equal(match(glance_responses, DELTA("d", "0")), 1);
    assert_int_equal(match(glance_responses, DELTA("d", "01")), -1);
    assert_int_equal(match(glance_responses, DELTA("d", "")), -1);
    assert_int_equal(match(glance_responses, DELTA("d", "1.5")), -1);
}

static void long_events_and_many_texts_are_not_learned(void **state)
{
    char long_one[2 * REPEAT_BYTES_MAX];
    struct glance g;
    snprintf(long_one, sizeof(long_one), CHUNK("%01020d", "x"), 0);
    learn(glance_chat, CHUNK("abc", "x"));
    learn(glance_chat, long_one);
    assert_int_equal(form.n, 0);
    assert_true(glance_chat(STR("{\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"delta\":{\"content\":\"b\"}},"
                                "{\"delta\":{\"content\":\"c\"}},{\"delta\":{\"content\":\"d\"}},"
                                "{\"delta\":{\"content\":\"e\"}}]}"),
                            64, &arena, &g));
    assert_int_equal(g.text_bytes, 5);
    repeat_learn(&form, STR("x"), &g);
    assert_int_equal(form.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(text_and_padding_may_differ),
        T(nothing_else_may),
        T(counts_of_events_are_numbers),
        T(long_events_and_many_texts_are_not_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
