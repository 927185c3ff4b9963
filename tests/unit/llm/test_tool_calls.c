/* llm/tool_calls: pieces become calls; what is too much is dropped and said. */
#include "llm/tool_calls.h"

#include "unit.h"

static struct arena arena;
static struct tool_calls calls;

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    tool_calls_init(&calls, &arena);
    return 0;
}

static int tear_down(void **state)
{
    tool_calls_deinit(&calls);
    arena_deinit(&arena);
    return 0;
}

static void pieces_of_parallel_calls_find_their_own(void **state)
{
    struct tool_call_build *a = tool_calls_begin(&calls, 0, STR("call_a"), STR("find"));
    tool_calls_add_args(&calls, a, STR("{\"q\":"));
    struct tool_call_build *b = tool_calls_begin(&calls, 1, STR("call_b"), STR("read"));
    tool_calls_add_args(&calls, b, STR("{}"));
    assert_ptr_equal(tool_calls_begin(&calls, 0, STR_NONE, STR_NONE), a);
    tool_calls_add_args(&calls, a, STR("1}"));
    struct tool_call *got = tool_calls_result(&calls);
    assert_int_equal(calls.n, 2);
    assert_str(got[0].id, "call_a");
    assert_str(got[0].name, "find");
    assert_str(got[0].args, "{\"q\":1}");
    assert_str(got[1].args, "{}");
}

static void hash_is_of_the_whole_text_of_arguments(void **state)
{
    struct tool_call_build *a = tool_calls_begin(&calls, 0, STR("c"), STR("f"));
    for (const char *p = "abc"; *p; p++)
        tool_calls_add_args(&calls, a, (struct str){p, 1});
    struct tool_call *got = tool_calls_result(&calls);
    struct str hash = {got[0].args_hash, 32};
    assert_str(hash, "ba7816bf8f01cfea414140de5dae2223"); /* FIPS 180-4, "abc" */
}

static void another_id_at_the_same_place_is_another_call(void **state)
{
    struct tool_call_build *a = tool_calls_begin(&calls, 0, STR("call_a"), STR("f"));
    struct tool_call_build *b = tool_calls_begin(&calls, 0, STR("call_b"), STR("g"));
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(tool_calls_at(&calls, 0), b);
    assert_null(tool_calls_at(&calls, 7));
}

static void name_and_id_may_come_later_and_then_stay(void **state)
{
    tool_calls_begin(&calls, 0, STR_NONE, STR_NONE);
    tool_calls_begin(&calls, 0, STR("id"), STR("name"));
    tool_calls_begin(&calls, 0, STR("id"), STR("other"));
    struct tool_call *got = tool_calls_result(&calls);
    assert_int_equal(calls.n, 1);
    assert_str(got[0].name, "name");
}

static void as_many_calls_as_the_maximum_and_no_more(void **state)
{
    for (uint64_t i = 0; i < LLM_TOOL_CALLS_MAX; i++)
        assert_non_null(tool_calls_begin(&calls, i, STR("x"), STR("f")));
    assert_false(calls.is_cut);
    assert_null(tool_calls_begin(&calls, LLM_TOOL_CALLS_MAX, STR("x"), STR("f")));
    assert_true(calls.is_cut);
    assert_int_equal(calls.n, LLM_TOOL_CALLS_MAX);
}

static void arguments_of_all_calls_share_one_maximum(void **state)
{
    static char text[LLM_TOOL_ARGS_BYTES_MAX];
    struct tool_call_build *a = tool_calls_begin(&calls, 0, STR("a"), STR("f"));
    struct tool_call_build *b = tool_calls_begin(&calls, 1, STR("b"), STR("f"));
    memset(text, '7', sizeof(text));
    tool_calls_add_args(&calls, b, STR("1"));
    tool_calls_add_args(&calls, a, (struct str){text, sizeof(text) - 1});
    assert_false(calls.is_cut);
    tool_calls_add_args(&calls, b, STR("2"));
    assert_true(calls.is_cut);
    struct tool_call *got = tool_calls_result(&calls);
    assert_int_not_equal(got[0].args_hash[0], 0);
    assert_str(got[1].args, "1");
    assert_int_equal(got[1].args_hash[0], 0); /* half a text has no hash */
    tool_calls_set_args(&calls, a, STR("{}"));
    tool_calls_set_args(&calls, b, STR("{\"k\":2}"));
    got = tool_calls_result(&calls);
    assert_str(got[1].args, "{\"k\":2}");
    assert_int_not_equal(got[1].args_hash[0], 0);
}

static void long_names_are_cut(void **state)
{
    static char text[LLM_NAME_BYTES_MAX + 1];
    memset(text, 'n', sizeof(text));
    tool_calls_begin(&calls, 0, STR("a"), (struct str){text, LLM_NAME_BYTES_MAX});
    assert_false(calls.is_cut);
    tool_calls_begin(&calls, 1, STR("b"), (struct str){text, sizeof(text)});
    assert_true(calls.is_cut);
    assert_int_equal(tool_calls_result(&calls)[1].name.n, LLM_NAME_BYTES_MAX);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(pieces_of_parallel_calls_find_their_own),
        T(hash_is_of_the_whole_text_of_arguments),
        T(another_id_at_the_same_place_is_another_call),
        T(name_and_id_may_come_later_and_then_stay),
        T(as_many_calls_as_the_maximum_and_no_more),
        T(arguments_of_all_calls_share_one_maximum),
        T(long_names_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
