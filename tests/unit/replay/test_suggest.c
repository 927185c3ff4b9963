/*
 * replay/suggest.c: whatever was permitted, the document that follows permits; a property over traffic of several
 * shapes, each planned under what was suggested for it.
 */
#include "replay/suggest.h"

#include "codec/json_read.h"
#include "replay/plan.h"
#include "traffic.h"
#include "unit.h"

#define FRAMES_MAX 40000
#define CALLS 3000

struct world {
    struct traffic t;
    struct arena a;
    struct frame *frames;
    size_t n;
};

static int keep(void *ctx, const struct frame *f)
{
    struct world *w = ctx;
    assert_true(w->n < FRAMES_MAX);
    w->frames[w->n] = *f;
    w->frames[w->n].body = arena_str(&w->a, f->body);
    w->frames[w->n++].personal = arena_str(&w->a, f->personal);
    return 0;
}

static void setup(struct world *w, const char *document)
{
    *w = (struct world){.frames = calloc(FRAMES_MAX, sizeof(struct frame))};
    arena_init(&w->a, 512u << 20);
    traffic_init(&w->t, document, keep, w);
}

static void teardown(struct world *w)
{
    traffic_deinit(&w->t);
    arena_deinit(&w->a);
    free(w->frames);
}

static const char *suggested(struct world *w, const char *agent)
{
    struct suggest_options o = {.name = STR("default"), .version = 2, .agent = str_c(agent), .since = TRAFFIC_START};
    struct suggest *s;
    struct buf b;
    buf_init(&b, 4u << 20);
    assert_int_equal(suggest_new(&o, &s), 0);
    for (size_t i = 0; i < w->n; i++)
        assert_int_equal(suggest_frame(s, &w->frames[i]), 0);
    assert_int_equal(suggest_yaml(s, &b), 0);
    suggest_free(s);
    const char *text = arena_str(&w->a, buf_str(&b)).p;
    buf_deinit(&b);
    return text;
}

/* Newly denied calls under `document`. */
static int64_t newly_denied(struct world *w, const char *document)
{
    struct policy *new = traffic_policy(document);
    struct plan_options o = {.old = w->t.policy, .new = new, .since = TRAFFIC_START, .buckets_max = 1u << 20};
    struct plan *p;
    struct json j;
    struct buf b;
    buf_init(&b, 8u << 20);
    assert_int_equal(plan_new(&o, &p), 0);
    for (size_t i = 0; i < w->n; i++)
        assert_int_equal(plan_frame(p, &w->frames[i]), 0);
    assert_int_equal(plan_json(p, &b), 0);
    assert_int_equal(json_parse(&w->a, buf_str(&b), 16, &j), 0);
    int64_t n = json_i64_of(json_path(j, STR("denied.calls")));
    assert_true(json_i64_of(json_path(j, STR("replayed"))) > CALLS / 2);
    buf_deinit(&b);
    plan_free(p);
    policy_unref(new);
    return n;
}

/* --- shapes of traffic ----------------------------------------------------------------------------------------- */

/* Five operations of four agents over a day. */
static void steady(struct traffic *t, size_t i)
{
    traffic_day_call(t, i, CALLS);
}

/* Everything within a minute, once a day. */
static void bursts(struct traffic *t, size_t i)
{
    traffic_day_call(t, i, CALLS);
    t->now = TRAFFIC_START + (wall_t)(i / 500) * 86400 * NS_PER_S;
    struct facts f = traffic_chat((money_t)(1 + rng_below(&t->rng, 1000)) * 1000000);
    (void)traffic_call(t, &f, -1); /* whatever comes of it */
}

/* A hundred models, costs that were not known, and calls that cost more than was held. */
static void odd(struct traffic *t, size_t i)
{
    char model[32];
    struct facts f = traffic_chat(1000000);
    snprintf(model, sizeof model, "gpt-%llu", (unsigned long long)rng_below(&t->rng, 100));
    f.model = str_c(model);
    if (i % 3 == 0) {
        f = traffic_refund(&t->arena, (money_t)(1 + rng_below(&t->rng, 50)) * MONEY_PER_USD);
        if (i % 2)
            f.cost = (struct cost){.how = HOW_UNKNOWN};
    }
    t->now += 3600 * NS_PER_S / 10;
    (void)traffic_call(t, &f, f.cost.how == HOW_UNKNOWN ? 7 * MONEY_PER_USD : 3 * f.cost.usd); /* an overrun */
}

/* Many agents with a few calls each; outcomes that stay unknown. */
static void many(struct traffic *t, size_t i)
{
    char agent[32];
    struct facts f = traffic_refund(&t->arena, (money_t)(1 + rng_below(&t->rng, 60)) * MONEY_PER_USD);
    snprintf(agent, sizeof agent, "agent-%zu", i % 300);
    f.agent = str_c(agent);
    t->now += 60 * NS_PER_S;
    (void)traffic_call(t, &f, i % 7 ? -1 : -2); /* whatever comes of it */
}

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\n"
#define ANYTHING \
    HEAD "rules:\n  - {id: all, effect: permit, match: {class: [money_out, cost]}, when: \"!has(params.amount) || " \
         "params.amount <= 5000\"}\nlimits:\n  - {id: d, meter: usd, max: \"900.00\", window: {calendar: day}, by: " \
         "[agent], match: {class: [money_out]}, unknown_cost: \"hold:1.00\"}\n"

static void what_is_suggested_denies_nothing_that_was_permitted(void **state)
{
    static const struct {
        const char *name, *document;
        void (*call)(struct traffic *t, size_t i);
    } shapes[] = {{"steady", TRAFFIC_DAY_DOCUMENT, steady},
                  {"bursts", TRAFFIC_DAY_DOCUMENT, bursts},
                  {"odd", ANYTHING, odd},
                  {"many", ANYTHING, many}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct world w;
            setup(&w, shapes[s].document);
            rng_seeded_init(&w.t.rng, seed);
            for (size_t i = 0; i < CALLS; i++)
                shapes[s].call(&w.t, i);
            const char *document = suggested(&w, "");
            int64_t n = newly_denied(&w, document);
            if (n)
                fail_msg("%s, seed %d: %d newly denied\n%.3000s", shapes[s].name, (int)seed, (int)n, document);
            teardown(&w);
        }
}

static void each_rule_and_limit_says_what_it_rests_on(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    struct facts f = traffic_refund(&w.a, 20 * MONEY_PER_USD);
    assert_true(traffic_call(&w.t, &f, -1));
    assert_true(traffic_call(&w.t, &f, -1));
    f.agent = STR("stranger");
    assert_false(traffic_call(&w.t, &f, -1));
    const char *text = suggested(&w, "");
    static const char *const said[] = {
        "2 permitted calls; 1 refused ones are not in it",
        "  # refunds: 2 calls on 1 day, 2025-11-24 to 2025-11-24; at most 20.00 USD each; such as call-0\n",
        "match: {agent: [\"refunds\"], operation: [\"stripe.refunds.create\"], class: [money_out]}",
        "  # an agent's day: 99 of 100 up to 40.00 USD, the most 40.00\n", "max: \"60.00\"", "max: \"30.00\""};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (!strstr(text, said[i]))
            fail_msg("%s\nis not in\n%s", said[i], text);
    assert_null(strstr(text, "stranger"));
    teardown(&w);
}

static void a_limit_of_a_call_that_is_as_wide_as_the_day_is_left_out(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    struct facts f = traffic_refund(&w.a, 20 * MONEY_PER_USD);
    assert_true(traffic_call(&w.t, &f, -1)); /* the only one: 30 dollars a day, and 30 a call */
    const char *text = suggested(&w, "");
    assert_non_null(strstr(text, "  - id: day-1\n"));
    assert_null(strstr(text, "call: true"));
    assert_true(traffic_call(&w.t, &f, -1));
    assert_non_null(strstr(suggested(&w, ""), "call: true"));
    teardown(&w);
}

static void both_models_of_a_call_that_fell_back_are_permitted(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    struct facts f = traffic_chat(1000); /* of gpt-4o-mini */
    f.model_asked = STR("gpt-4o");
    f.downgraded_by = STR("t");
    assert_true(traffic_call(&w.t, &f, -1));
    const char *text = suggested(&w, "");
    assert_non_null(strstr(text, "\"openai/gpt-4o\""));
    assert_non_null(strstr(text, "\"openai/gpt-4o-mini\""));
    teardown(&w);
}

static void a_document_out_of_nothing_says_that_it_denies_all(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    static const char all[] = "# So it permits nothing: in force, it denies every call.\n";
    assert_non_null(strstr(suggested(&w, ""), all));
    struct facts f = traffic_refund(&w.a, 20 * MONEY_PER_USD);
    assert_true(traffic_call(&w.t, &f, -1));
    assert_null(strstr(suggested(&w, ""), all));
    teardown(&w);
}

static void calls_of_one_agent_are_taken_alone(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    struct facts f = traffic_refund(&w.a, 20 * MONEY_PER_USD), chat = traffic_chat(1000);
    assert_true(traffic_call(&w.t, &f, -1));
    assert_true(traffic_call(&w.t, &chat, -1));
    const char *text = suggested(&w, "writer");
    assert_non_null(strstr(text, "model: [\"openai/gpt-4o-mini\"]"));
    assert_null(strstr(text, "stripe"));
    teardown(&w);
}

static void without_calls_nothing_is_permitted(void **state)
{
    struct world w;
    setup(&w, TRAFFIC_DAY_DOCUMENT);
    const char *text = suggested(&w, "");
    assert_non_null(strstr(text, "rules: []"));
    policy_unref(traffic_policy(text));
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_suggested_denies_nothing_that_was_permitted),
        cmocka_unit_test(each_rule_and_limit_says_what_it_rests_on),
        cmocka_unit_test(a_limit_of_a_call_that_is_as_wide_as_the_day_is_left_out),
        cmocka_unit_test(both_models_of_a_call_that_fell_back_are_permitted),
        cmocka_unit_test(a_document_out_of_nothing_says_that_it_denies_all),
        cmocka_unit_test(calls_of_one_agent_are_taken_alone),
        cmocka_unit_test(without_calls_nothing_is_permitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
