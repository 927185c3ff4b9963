/*
 * tests/unit/proxy/test_causes.c - which tool call a call carries out: told, guessed, or better not guessed.
 */
#include "unit.h"

#include "proxy/causes.h"

#define NOW (1795440734 * NS_PER_S)

struct world {
    struct limits limits;
    struct causes *causes;
    struct arena arena;
    struct param params[2];
    struct facts facts;
    wall_t now;
};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    limits_default(&w->limits);
    arena_init(&w->arena, 1 << 20);
    w->causes = causes_new(&w->limits, NULL);
    w->now = NOW;
    *state = w;
    return w->causes ? 0 : -1;
}

static int end(void **state)
{
    struct world *w = *state;
    causes_free(w->causes);
    arena_deinit(&w->arena);
    free(w);
    return 0;
}

static void ask_in(struct world *w, const char *tenant, const char *agent, const char *run, const char *call,
                   const char *id, const char *args)
{
    struct tool_call t = {.id = str_c(id), .name = STR("refund"), .args = str_c(args)};
    causes_learned(w->causes, str_c(tenant), str_c(agent), str_c(run), str_c(call), &t, 1, w->now);
}

static void ask(struct world *w, const char *call, const char *id, const char *args)
{
    ask_in(w, "acme", "support", "run-1", call, id, args);
}

/* A refund of that charge by (acme, support, run-1). */
static const struct facts *refund(struct world *w, const char *charge, const char *amount)
{
    w->params[0] = (struct param){.name = STR("charge"), .s = str_c(charge)};
    w->params[1] = (struct param){.name = STR("amount"), .s = str_c(amount)};
    w->facts = (struct facts){.tenant = STR("acme"),
                              .agent = STR("support"),
                              .run_id = STR("run-1"),
                              .operation = STR("stripe.refunds.create"),
                              .params = w->params,
                              .n_params = 2,
                              .now = w->now};
    return &w->facts;
}

static struct cause infer(struct world *w, const struct facts *f)
{
    struct cause c;
    causes_infer(w->causes, f, &w->arena, &c);
    return c;
}

static struct cause named(struct world *w, const struct facts *f, const char *id)
{
    struct cause c;
    causes_named(w->causes, f, str_c(id), &w->arena, &c);
    return c;
}

static void a_named_tool_call_of_the_run_is_explicit(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "{}");
    struct cause c = named(w, refund(w, "ch_1", "500"), "call_a");
    assert_int_equal(c.how, CAUSE_EXPLICIT);
    assert_str(c.call_id, "c-1");
    assert_str(c.tool_call_id, "call_a");
}

static void a_name_that_no_model_made_up_stays_without_a_call(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "{}");
    struct cause c = named(w, refund(w, "ch_1", "500"), "call_b");
    assert_int_equal(c.how, CAUSE_EXPLICIT);
    assert_int_equal(c.call_id.n, 0);
    assert_str(c.tool_call_id, "call_b");
}

static void a_name_used_twice_is_the_newest(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_0", "{}");
    ask(w, "c-2", "call_0", "{}");
    assert_str(named(w, refund(w, "ch_1", "500"), "call_0").call_id, "c-2");
}

static void runs_of_other_tenants_and_agents_are_other_runs(void **state)
{
    struct world *w = *state;
    ask_in(w, "globex", "support", "run-1", "c-1", "call_a", "[\"ch_1\"]");
    ask_in(w, "acme", "other", "run-1", "c-2", "call_a", "[\"ch_1\"]");
    ask_in(w, "acme", "support", "run-2", "c-3", "call_a", "[\"ch_1\"]");
    ask_in(w, "acmes", "upport", "run-1", "c-4", "call_a", "[\"ch_1\"]");
    assert_int_equal(named(w, refund(w, "ch_1", "500"), "call_a").call_id.n, 0);
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_NONE);
}

static void a_call_whose_values_fit_is_inferred(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "{\"charge\":\"ch_1\",\"amount\":500}");
    struct cause c = infer(w, refund(w, "ch_1", "500"));
    assert_int_equal(c.how, CAUSE_INFERRED);
    assert_str(c.call_id, "c-1");
    assert_str(c.tool_call_id, "call_a");
    assert_int_equal(infer(w, refund(w, "ch_2", "500")).how, CAUSE_NONE);
}

static void a_tool_call_causes_one_call_of_an_operation(void **state)
{
    struct world *w = *state;
    struct facts other;
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_INFERRED);
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_NONE);
    other = *refund(w, "ch_1", "500");
    other.operation = STR("stripe.charges.retrieve");
    assert_int_equal(infer(w, &other).how, CAUSE_INFERRED);
}

static void a_tool_call_causes_calls_of_so_many_operations_and_no_more(void **state)
{
    struct world *w = *state;
    char name[32];
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    for (int i = 0; i <= CAUSE_OPERATIONS_MAX; i++) {
        struct facts f = *refund(w, "ch_1", "500");
        snprintf(name, sizeof name, "vendor.operation%d", i);
        f.operation = str_c(name);
        assert_int_equal(infer(w, &f).how, i < CAUSE_OPERATIONS_MAX ? CAUSE_INFERRED : CAUSE_NONE);
    }
}

static void the_newest_answer_that_fits_wins(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    ask(w, "c-2", "call_b", "[\"ch_1\"]");
    ask(w, "c-3", "call_c", "[\"ch_9\"]");
    assert_str(infer(w, refund(w, "ch_1", "500")).tool_call_id, "call_b");
    assert_str(infer(w, refund(w, "ch_1", "500")).tool_call_id, "call_a"); /* call_b has had its own */
}

static void an_older_one_that_fits_better_makes_it_doubtful(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "[\"ch_1\",500]");
    ask(w, "c-2", "call_b", "[\"ch_1\"]");
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_NONE);
    assert_str(infer(w, refund(w, "ch_1", "700")).tool_call_id, "call_b"); /* both fit as well: the newest */
}

static void the_best_of_one_answer_wins_and_a_tie_is_nobodys(void **state)
{
    struct world *w = *state;
    struct tool_call calls[] = {{.id = STR("call_a"), .args = STR("[\"ch_1\",300]")},
                                {.id = STR("call_b"), .args = STR("[\"ch_1\",500]")},
                                {.id = STR("call_c"), .args = STR("[\"ch_2\",500]")},
                                {.id = STR("call_d"), .args = STR("[\"ch_2\",500]")}};
    causes_learned(w->causes, STR("acme"), STR("support"), STR("run-1"), STR("c-1"), calls, 4, w->now);
    assert_str(infer(w, refund(w, "ch_1", "500")).tool_call_id, "call_b");
    assert_str(infer(w, refund(w, "ch_1", "300")).tool_call_id, "call_a");
    assert_int_equal(infer(w, refund(w, "ch_2", "500")).how, CAUSE_NONE);
}

static void nothing_is_inferred_past_its_time(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    w->now += CAUSE_INFER_MS * NS_PER_MS + 1;
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_NONE);
    assert_str(named(w, refund(w, "ch_1", "500"), "call_a").call_id, "c-1"); /* what is said needs no clock */
    w->now -= 1;
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_INFERRED);
}

static void only_the_newest_tool_calls_are_compared(void **state)
{
    struct world *w = *state;
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    for (int i = 0; i < CAUSE_LOOKS_MAX - 1; i++)
        ask(w, "c-2", "call_b", "[1]");
    assert_int_equal(infer(w, refund(w, "ch_1", "500")).how, CAUSE_INFERRED);
    ask(w, "c-3", "call_c", "[\"ch_3\"]");
    for (int i = 0; i < CAUSE_LOOKS_MAX; i++)
        ask(w, "c-2", "call_b", "[1]");
    assert_int_equal(infer(w, refund(w, "ch_3", "500")).how, CAUSE_NONE);
}

static void a_run_keeps_its_newest_tool_calls(void **state)
{
    struct world *w = *state;
    char id[16];
    w->limits.run_tool_calls_max = 3;
    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "call_%d", i);
        ask(w, "c-1", id, "{}");
        assert_int_equal(named(w, refund(w, "ch_1", "1"), "call_0").call_id.n, i < 3 ? 3 : 0);
    }
    assert_str(named(w, refund(w, "ch_1", "1"), "call_1").call_id, "c-1");
}

static void memory_stays_below_its_limit_and_the_oldest_go_first(void **state)
{
    struct world *w = *state;
    char id[16], run[16];
    w->limits.tool_calls_bytes_max = 65536;
    for (int i = 0; i < 2000; i++) {
        snprintf(id, sizeof id, "call_%d", i);
        snprintf(run, sizeof run, "run-%d", i);
        ask_in(w, "acme", "support", run, "c-1", id, "[\"ch_1\"]");
        assert_true(causes_bytes(w->causes) <= 65536);
    }
    assert_true(causes_bytes(w->causes) > 32768);
    struct facts f = *refund(w, "ch_1", "1");
    f.run_id = str_c(run);
    assert_str(named(w, &f, id).call_id, "c-1");
    assert_int_equal(named(w, refund(w, "ch_1", "1"), "call_1").call_id.n, 0);
}

static void what_is_dropped_leaves_no_memory_behind(void **state)
{
    struct world *w = *state;
    w->limits.run_tool_calls_max = 1;
    ask(w, "c-1", "call_a", "[\"ch_1\"]");
    size_t one = causes_bytes(w->causes);
    for (int i = 0; i < 10; i++) {
        (void)infer(w, refund(w, "ch_1", "500"));
        ask(w, "c-1", "call_a", "[\"ch_1\"]");
    }
    assert_int_equal(causes_bytes(w->causes), one);
}

static void a_long_id_is_known_by_its_start_as_the_record_shows_it(void **state)
{
    struct world *w = *state;
    char id[LLM_NAME_BYTES_MAX + 2] = {0};
    memset(id, 'a', LLM_NAME_BYTES_MAX + 1);
    ask(w, "c-1", id, "{}");
    id[LLM_NAME_BYTES_MAX] = 0;
    assert_str(named(w, refund(w, "ch_1", "1"), id).call_id, "c-1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_named_tool_call_of_the_run_is_explicit),
        TEST(a_name_that_no_model_made_up_stays_without_a_call),
        TEST(a_name_used_twice_is_the_newest),
        TEST(runs_of_other_tenants_and_agents_are_other_runs),
        TEST(a_call_whose_values_fit_is_inferred),
        TEST(a_tool_call_causes_one_call_of_an_operation),
        TEST(a_tool_call_causes_calls_of_so_many_operations_and_no_more),
        TEST(the_newest_answer_that_fits_wins),
        TEST(an_older_one_that_fits_better_makes_it_doubtful),
        TEST(the_best_of_one_answer_wins_and_a_tie_is_nobodys),
        TEST(nothing_is_inferred_past_its_time),
        TEST(only_the_newest_tool_calls_are_compared),
        TEST(a_run_keeps_its_newest_tool_calls),
        TEST(memory_stays_below_its_limit_and_the_oldest_go_first),
        TEST(what_is_dropped_leaves_no_memory_behind),
        TEST(a_long_id_is_known_by_its_start_as_the_record_shows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
