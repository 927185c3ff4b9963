/* llm/bound: the most that a call can use and cost. The catalog is a stand-in: two models with prices to count by. */
#include "llm/bound.h"

#include <pthread.h>

#include "llm_fixture.h"

struct model {
    size_t index;
    int64_t input_max, output_max, image_max;
    money_t per_input, per_output, per_search; /* a token, a search */
    bool has_cache_price;
};

/* 1,000 tokens in, 100 out, an image is 50: nano-dollars 2 and 10 a token. The second says nothing of its sizes. */
static const struct model large = {0, 1000, 100, 50, 2, 10, 1000, true};
static const struct model silent = {1, 0, 0, 0, 2, 10, 0, false};

size_t catalog_models(const struct catalog *c) { return 2; }
size_t model_index(const struct model *m) { return m->index; }
int64_t model_input_max(const struct model *m) { return m->input_max; }
int64_t model_output_max(const struct model *m) { return m->output_max; }
int64_t model_image_tokens_max(const struct model *m) { return m->image_max; }
bool model_price_most(const struct model *m, const struct price_ask *ask, money_t *ret)
{
    if (ask->web_searches < 0 || (ask->web_searches && !m->per_search))
        return false;
    if (ask->may_write_cache && !m->has_cache_price)
        return false;
    *ret = ask->input * m->per_input + ask->output * m->per_output + ask->web_searches * m->per_search;
    *ret *= ask->is_us_inference ? 2 : 1;
    return true;
}

static struct llm_call plain(void)
{
    return (struct llm_call){.shape = SHAPE_CHAT, .choices = 1, .output_max = -1, .passes = 1, .text_bytes = 100};
}

static void bound_is(struct llm_call c, const struct model *m, int64_t input, int64_t output)
{
    struct token_bound b = llm_bound(&c, m, NULL, true);
    assert_int_equal(b.input, input);
    assert_int_equal(b.output, output);
    assert_int_equal(b.is_known, input >= 0 && output >= 0);
}

static void every_byte_is_a_token_when_strict(void **state)
{
    struct llm_call c = plain();
    bound_is(c, &large, 164, 100);
    c.overhead_tokens = 6;
    c.token_ids = 30;
    bound_is(c, &large, 200, 100);
}

static void no_input_is_larger_than_the_models(void **state)
{
    struct llm_call c = plain();
    c.text_bytes = 936;
    bound_is(c, &large, 1000, 100);
    c.text_bytes = 937;
    bound_is(c, &large, 1000, 100);
    bound_is(c, &silent, 1001, -1);
}

static void embeddings_have_no_output_and_no_largest_sum(void **state)
{
    struct llm_call c = plain();
    c.shape = SHAPE_EMBEDDINGS;
    c.text_bytes = 5000;
    bound_is(c, &large, 5064, 0);
    bound_is(c, NULL, 5064, 0);
    c.shape = SHAPE_COUNT_TOKENS;
    bound_is(c, NULL, 5064, 0);
}

static void pictures_count_their_most(void **state)
{
    struct llm_call c = plain();
    c.n_images = 3;
    bound_is(c, &large, 314, 100);
    c.output_max = 5;
    bound_is(c, &silent, -1, 5);
    bound_is(c, NULL, -1, 5);
}

static void what_stands_elsewhere_counts_the_whole_input(void **state)
{
    struct llm_call c = plain();
    c.is_input_open = true;
    c.output_max = 5;
    bound_is(c, &large, 1000, 5);
    bound_is(c, &silent, -1, 5);
    bound_is(c, NULL, -1, 5);
}

static void a_tool_of_the_vendor_reads_the_input_again(void **state)
{
    struct llm_call c = plain();
    c.is_input_open = c.has_server_tools = true;
    c.passes = 4;
    bound_is(c, &large, 4000, 100);
    c.passes = -1;
    bound_is(c, &large, -1, 100);
    c.passes = TOKENS_MAX;
    bound_is(c, &large, TOKENS_MAX, 100);
}

static void a_summary_is_as_long_as_the_model_likes(void **state)
{
    struct llm_call c = plain();
    c.output_max = 40;
    c.summaries = 1;
    c.passes = 2;
    bound_is(c, &large, 328, 140);
    bound_is(c, &silent, 328, -1);
    bound_is(c, NULL, 328, -1);
}

static void output_is_the_least_of_what_is_said(void **state)
{
    struct llm_call c = plain();
    c.output_max = 40;
    bound_is(c, &large, 164, 40);
    bound_is(c, &silent, 164, 40);
    bound_is(c, NULL, 164, 40);
    c.output_max = 400;
    bound_is(c, &large, 164, 100);
    c.output_max = 0;
    bound_is(c, &large, 164, 0);
    c.output_max = -1;
    bound_is(c, NULL, 164, -1);
}

static void choices_multiply_output(void **state)
{
    struct llm_call c = plain();
    c.choices = 3;
    c.output_max = 40;
    bound_is(c, &large, 164, 120);
    c.prediction_bytes = 10;
    bound_is(c, &large, 164, 150);
    c.choices = 10000;
    c.output_max = TOKENS_MAX;
    bound_is(c, &silent, 164, TOKENS_MAX);
}

static void sound_is_counted_by_its_bytes(void **state)
{
    struct llm_call c = plain();
    c.audio_bytes = 133;
    bound_is(c, &large, 297, 100);
    assert_int_equal(llm_bound(&c, &large, NULL, false).input, 164 + 3);
}

static struct llm_floors *floors(void)
{
    struct llm_floors *f;
    assert_int_equal(llm_floors_new(NULL, &f), 0);
    return f;
}

static void learn(struct llm_floors *f, int n, int64_t bytes, int64_t tokens)
{
    for (int i = 0; i < n; i++)
        llm_floors_learn(f, &large, bytes, tokens);
}

static void a_floor_rises_after_enough_reports(void **state)
{
    struct llm_floors *f = floors();
    struct llm_call c = plain();
    c.text_bytes = 300;
    assert_int_equal(llm_floor(NULL, &large), 1000);
    assert_int_equal(llm_floor(f, NULL), 1000);
    learn(f, 7, 4000, 1000);
    assert_int_equal(llm_floor(f, &large), 1000);
    learn(f, 1, 4000, 1000);
    assert_int_equal(llm_floor(f, &large), 3000);
    assert_int_equal(llm_floor(f, &silent), 1000);
    assert_int_equal(llm_bound(&c, &large, f, false).input, 164);
    assert_int_equal(llm_bound(&c, &large, f, true).input, 364);
    llm_floors_free(f);
}

static void a_floor_follows_the_worst_report(void **state)
{
    struct llm_floors *f = floors();
    learn(f, 8, 3200, 1000);
    assert_int_equal(llm_floor(f, &large), 2400);
    learn(f, 1, 2400, 1000);
    assert_int_equal(llm_floor(f, &large), 1800);
    learn(f, 100, 8000, 1000);
    assert_int_equal(llm_floor(f, &large), 1800);
    learn(f, 1, 2400, 2400);
    assert_int_equal(llm_floor(f, &large), 1000);
    llm_floors_free(f);
}

static void a_floor_has_a_ceiling(void **state)
{
    struct llm_floors *f = floors();
    learn(f, 8, TOKENS_MAX, 1);
    assert_int_equal(llm_floor(f, &large), 3000);
    llm_floors_free(f);
}

static void reports_that_say_nothing_are_ignored(void **state)
{
    struct llm_floors *f = floors();
    learn(f, 8, 4096, 1024);
    learn(f, 1, 2047, 2047);
    learn(f, 1, 4096, 0);
    learn(f, 1, -5, 10);
    assert_int_equal(llm_floor(f, &large), 3000);
    learn(f, 1, 2048, 2048);
    assert_int_equal(llm_floor(f, &large), 1000);
    llm_floors_free(f);
}

static void *learn_much(void *f)
{
    for (int i = 0; i < 20000; i++)
        llm_floors_learn(f, &large, 4000 + i % 1000, 2000);
    return NULL;
}

static void workers_learn_at_once(void **state)
{
    struct llm_floors *f = floors();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, learn_much, f), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(llm_floor(f, &large), 1500);
    llm_floors_free(f);
}

static void cost_is(struct llm_call c, const struct model *m, enum how how, money_t usd)
{
    struct token_bound b = llm_bound(&c, m, NULL, true);
    struct cost cost = llm_predict(&c, m, &b);
    assert_int_equal(cost.how, how);
    assert_int_equal(cost.usd, usd);
}

static void a_prediction_is_the_most_it_can_cost(void **state)
{
    struct llm_call c = plain();
    cost_is(c, &large, HOW_ESTIMATED, 164 * 2 + 100 * 10);
    c.is_us_inference = true;
    cost_is(c, &large, HOW_ESTIMATED, 2 * (164 * 2 + 100 * 10));
    c = plain();
    c.is_input_open = true;
    c.passes = 3;
    c.web_searches = 2;
    cost_is(c, &large, HOW_ESTIMATED, 3000 * 2 + 100 * 10 + 2000);
}

static void what_has_no_bound_or_price_is_unknown(void **state)
{
    struct llm_call c = plain();
    cost_is(c, NULL, HOW_UNKNOWN, 0);
    cost_is(c, &silent, HOW_UNKNOWN, 0);
    c.output_max = 5;
    cost_is(c, &silent, HOW_ESTIMATED, 164 * 2 + 5 * 10);
    c.web_searches = 1;
    cost_is(c, &silent, HOW_UNKNOWN, 0);
    c.web_searches = -1;
    cost_is(c, &large, HOW_UNKNOWN, 0);
    c = plain();
    c.is_unpriced = true;
    cost_is(c, &large, HOW_UNKNOWN, 0);
}

static void a_cache_that_nobody_asked_for_needs_no_price(void **state)
{
    struct llm_call c = plain();
    c.output_max = 5;
    c.may_write_cache = true;
    cost_is(c, &silent, HOW_ESTIMATED, 164 * 2 + 5 * 10);
    c.shape = SHAPE_MESSAGES;
    cost_is(c, &silent, HOW_UNKNOWN, 0);
    cost_is(c, &large, HOW_ESTIMATED, 164 * 2 + 5 * 10);
}

static void output_is(struct llm_call c, const struct model *m, money_t usd, int64_t want)
{
    struct token_bound b = llm_bound(&c, m, NULL, true);
    assert_int_equal(llm_output_for(&c, m, &b, usd), want);
}

static void money_buys_so_much_output(void **state)
{
    struct llm_call c = plain();
    output_is(c, &large, 328 + 1000, 100);
    output_is(c, &large, INT64_MAX, 100);
    output_is(c, &large, 328 + 999, 99);
    output_is(c, &large, 328 + 10, 1);
    output_is(c, &large, 328 + 9, 0);
    output_is(c, &large, 327, 0);
    c.choices = 2;
    output_is(c, &large, 328 + 999, 49);
    c.output_max = 7;
    output_is(c, &large, 328 + 999, 7);
    c.prediction_bytes = 45;
    output_is(c, &large, 328 + 999, 4);
}

static void money_bounds_what_nobody_else_does(void **state)
{
    struct llm_call c = plain();
    output_is(c, &silent, 328 + 250, 25);
    c.is_input_open = true;
    output_is(c, &silent, 1000000, 0);
    output_is(c, NULL, 1000000, 0);
    c = plain();
    c.summaries = 1;
    output_is(c, &silent, 1000000, 0);
    output_is(c, &large, 328 + 1000 + 250, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_a_token_when_strict),
        cmocka_unit_test(no_input_is_larger_than_the_models),
        cmocka_unit_test(embeddings_have_no_output_and_no_largest_sum),
        cmocka_unit_test(pictures_count_their_most),
        cmocka_unit_test(what_stands_elsewhere_counts_the_whole_input),
        cmocka_unit_test(a_tool_of_the_vendor_reads_the_input_again),
        cmocka_unit_test(a_summary_is_as_long_as_the_model_likes),
        cmocka_unit_test(output_is_the_least_of_what_is_said),
        cmocka_unit_test(choices_multiply_output),
        cmocka_unit_test(sound_is_counted_by_its_bytes),
        cmocka_unit_test(a_floor_rises_after_enough_reports),
        cmocka_unit_test(a_floor_follows_the_worst_report),
        cmocka_unit_test(a_floor_has_a_ceiling),
        cmocka_unit_test(reports_that_say_nothing_are_ignored),
        cmocka_unit_test(workers_learn_at_once),
        cmocka_unit_test(a_prediction_is_the_most_it_can_cost),
        cmocka_unit_test(what_has_no_bound_or_price_is_unknown),
        cmocka_unit_test(a_cache_that_nobody_asked_for_needs_no_price),
        cmocka_unit_test(money_buys_so_much_output),
        cmocka_unit_test(money_bounds_what_nobody_else_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
