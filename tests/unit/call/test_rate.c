/* call/rate: which limit is told, with which numbers, in which words. */
#include "call/rate.h"

#include "unit.h"

#define NOON 1795262400LL /* 2026-11-21T12:00:00Z */
#define AT(seconds) ((NOON + (seconds)) * NS_PER_S)

static struct limit_need need(enum limit_meter meter, int64_t max, int64_t before, int64_t held, int64_t n)
{
    return (struct limit_need){.meter = meter, .window = WINDOW_SLIDING, .sliding_ns = 60 * NS_PER_S, .max = max,
                               .before = before, .held = held, .n = n, .after = before + held + n,
                               .resets_at = AT(30)};
}

/* "name: value" lines. */
static struct str told(struct arena *a, const struct limit_need *needs, size_t n, bool is_held, enum rate_dialect d)
{
    struct rate_field f[RATE_FIELDS_MAX];
    struct str text = STR_NONE;
    size_t n_fields = rate_fields(needs, n, is_held, d, AT(0), a, f);
    for (size_t i = 0; i < n_fields; i++)
        text = arena_printf(a, STR_FMT STR_FMT ": " STR_FMT "\n", STR_ARG(text), STR_ARG(f[i].name),
                            STR_ARG(f[i].value));
    return text;
}

static void openai_has_one_kind_of_tokens_and_durations(void **state)
{
    struct arena *a = *state;
    const struct limit_need needs[] = {need(METER_REQUESTS, 60, 10, 4, 1), need(METER_TOKENS, 1000, 100, 50, 50),
                                       need(METER_OUTPUT_TOKENS, 500, 300, 50, 50)};
    assert_str(told(a, needs, 3, true, RATE_OPENAI), "x-ratelimit-limit-requests: 60\n"
                                                     "x-ratelimit-remaining-requests: 45\n"
                                                     "x-ratelimit-reset-requests: 30s\n"
                                                     "x-ratelimit-limit-tokens: 500\n" /* 20 % left, not 80 % */
                                                     "x-ratelimit-remaining-tokens: 100\n"
                                                     "x-ratelimit-reset-tokens: 30s\n");
}

static void anthropic_tells_each_kind_apart_and_moments(void **state)
{
    struct arena *a = *state;
    const struct limit_need needs[] = {need(METER_REQUESTS, 60, 10, 4, 1), need(METER_TOKENS, 1000, 100, 50, 50),
                                       need(METER_INPUT_TOKENS, 800, 0, 0, 30),
                                       need(METER_OUTPUT_TOKENS, 500, 300, 50, 50)};
    static const char want[] = "anthropic-ratelimit-requests-limit: 60\n"
                               "anthropic-ratelimit-requests-remaining: 45\n"
                               "anthropic-ratelimit-requests-reset: 2026-11-21T12:00:30Z\n"
                               "anthropic-ratelimit-tokens-limit: 1000\n"
                               "anthropic-ratelimit-tokens-remaining: 800\n"
                               "anthropic-ratelimit-tokens-reset: 2026-11-21T12:00:30Z\n"
                               "anthropic-ratelimit-input-tokens-limit: 800\n"
                               "anthropic-ratelimit-input-tokens-remaining: 770\n"
                               "anthropic-ratelimit-input-tokens-reset: 2026-11-21T12:00:30Z\n"
                               "anthropic-ratelimit-output-tokens-limit: 500\n"
                               "anthropic-ratelimit-output-tokens-remaining: 100\n"
                               "anthropic-ratelimit-output-tokens-reset: 2026-11-21T12:00:30Z\n";
    assert_str(told(a, needs, 4, true, RATE_ANTHROPIC), want);
}

static void the_binding_limit_is_the_one_with_the_least_left_in_proportion(void **state)
{
    struct arena *a = *state;
    struct limit_need needs[] = {need(METER_REQUESTS, 1000, 500, 0, 0), need(METER_REQUESTS, 10, 4, 0, 0),
                                 need(METER_REQUESTS, INT64_MAX, INT64_MAX / 4, 0, 0)};
    assert_str(told(a, needs, 3, true, RATE_OPENAI), "x-ratelimit-limit-requests: 1000\n"
                                                     "x-ratelimit-remaining-requests: 500\n"
                                                     "x-ratelimit-reset-requests: 30s\n");
    needs[2].max = 0; /* nothing at all is tighter than anything */
    needs[2].before = 0;
    assert_str(told(a, needs, 3, true, RATE_OPENAI), "x-ratelimit-limit-requests: 0\n"
                                                     "x-ratelimit-remaining-requests: 0\n"
                                                     "x-ratelimit-reset-requests: 30s\n");
}

static void a_refused_call_took_nothing(void **state)
{
    struct arena *a = *state;
    const struct limit_need full = need(METER_TOKENS, 1000, 900, 50, 400), over = need(METER_TOKENS, 100, 150, 0, 1);
    assert_str(told(a, &full, 1, false, RATE_OPENAI), "x-ratelimit-limit-tokens: 1000\n"
                                                      "x-ratelimit-remaining-tokens: 50\n"
                                                      "x-ratelimit-reset-tokens: 30s\n");
    assert_str(told(a, &over, 1, false, RATE_OPENAI), "x-ratelimit-limit-tokens: 100\n" /* never negative */
                                                      "x-ratelimit-remaining-tokens: 0\n"
                                                      "x-ratelimit-reset-tokens: 30s\n");
}

static void what_is_no_rate_is_not_told(void **state)
{
    struct arena *a = *state;
    struct limit_need needs[] = {need(METER_USD, 100, 1, 1, 1), need(METER_CONCURRENT, 4, 0, 3, 1),
                                 need(METER_OUTPUT_TOKENS, 4000, 0, 0, 3000)};
    needs[2].window = WINDOW_CALL;
    assert_int_equal(told(a, needs, 3, true, RATE_OPENAI).n, 0);
    assert_int_equal(told(a, needs, 3, true, RATE_ANTHROPIC).n, 0);
    assert_int_equal(told(a, NULL, 0, true, RATE_ANTHROPIC).n, 0);
}

static void a_limit_that_never_resets_says_nothing_of_it(void **state)
{
    struct arena *a = *state;
    struct limit_need life = need(METER_REQUESTS, 9, 1, 0, 1);
    life.window = WINDOW_LIFETIME;
    life.resets_at = 0;
    assert_str(told(a, &life, 1, true, RATE_OPENAI), "x-ratelimit-limit-requests: 9\n"
                                                     "x-ratelimit-remaining-requests: 7\n");
    assert_true(rate_replaces(&life, 1, RATE_OPENAI, STR("x-ratelimit-reset-requests")));
}

static void times_are_rounded_up_to_whole_seconds(void **state)
{
    struct arena *a = *state;
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {{0, "0s"}, {-5, "0s"}, {1, "1s"}, {NS_PER_S, "1s"}, {59 * NS_PER_S + 1, "1m0s"},
                {360 * NS_PER_S, "6m0s"}, {3599 * NS_PER_S, "59m59s"}, {3600 * NS_PER_S, "1h0m0s"},
                {90061 * NS_PER_S, "25h1m1s"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct limit_need one = need(METER_REQUESTS, 9, 1, 0, 1);
        struct rate_field f[RATE_FIELDS_MAX];
        one.resets_at = AT(0) + rows[i].ns;
        assert_int_equal(rate_fields(&one, 1, true, RATE_OPENAI, AT(0), a, f), 3);
        assert_str(f[2].value, rows[i].text);
    }
    struct limit_need one = need(METER_REQUESTS, 9, 1, 0, 1);
    struct rate_field f[RATE_FIELDS_MAX];
    one.resets_at = AT(59) + 1;
    (void)rate_fields(&one, 1, true, RATE_ANTHROPIC, AT(0), a, f);
    assert_str(f[2].value, "2026-11-21T12:01:00Z");
}

static void a_vendors_field_goes_only_where_ours_speaks_of_the_same(void **state)
{
    const struct limit_need tokens = need(METER_INPUT_TOKENS, 9, 1, 0, 1);
    assert_true(rate_replaces(&tokens, 1, RATE_OPENAI, STR("X-RateLimit-Limit-Tokens")));
    assert_false(rate_replaces(&tokens, 1, RATE_OPENAI, STR("x-ratelimit-limit-requests")));
    assert_true(rate_replaces(&tokens, 1, RATE_ANTHROPIC, STR("anthropic-ratelimit-input-tokens-reset")));
    assert_false(rate_replaces(&tokens, 1, RATE_ANTHROPIC, STR("anthropic-ratelimit-tokens-reset")));
    assert_false(rate_replaces(&tokens, 1, RATE_ANTHROPIC, STR("x-ratelimit-limit-tokens"))); /* of another vendor */
    assert_false(rate_replaces(&tokens, 1, RATE_OPENAI, STR("retry-after")));
    assert_false(rate_replaces(NULL, 0, RATE_OPENAI, STR("x-ratelimit-limit-tokens")));
}

static int setup(void **state)
{
    struct arena *a = malloc(sizeof *a);
    arena_init(a, 1 << 20);
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    arena_deinit(*state);
    free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(openai_has_one_kind_of_tokens_and_durations),
        TEST(anthropic_tells_each_kind_apart_and_moments),
        TEST(the_binding_limit_is_the_one_with_the_least_left_in_proportion),
        TEST(a_refused_call_took_nothing),
        TEST(what_is_no_rate_is_not_told),
        TEST(a_limit_that_never_resets_says_nothing_of_it),
        TEST(times_are_rounded_up_to_whole_seconds),
        TEST(a_vendors_field_goes_only_where_ours_speaks_of_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
