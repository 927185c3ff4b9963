/* replay/plan.c: what a changed document would have made of recorded calls, and what cannot be said. */
#include "replay/plan.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "traffic.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\n"
#define REFUNDS(max) \
    HEAD "rules:\n  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create]}, when:" \
         " params.amount <= " max "}\n"
#define CHAT HEAD "rules:\n  - {id: chat, effect: permit, match: {layer: [llm]}}\n"
#define DAY(max) "limits:\n  - {id: day, meter: usd, max: \"" max "\", window: {calendar: day}, by: [agent], match: " \
                 "{class: [money_out]}}\n"
#define USD MONEY_PER_USD

/* Traffic under one document, planned under another; frames are kept, so that they can be changed before. */
struct world {
    struct traffic t;
    struct arena a;
    struct frame frames[256];
    size_t n;
    struct plan_options o;
    struct plan *plan;
    struct json report;
};

static int keep(void *ctx, const struct frame *f)
{
    struct world *w = ctx;
    assert_true(w->n < 256);
    w->frames[w->n] = *f;
    w->frames[w->n].body = arena_str(&w->a, f->body);
    w->frames[w->n++].personal = arena_str(&w->a, f->personal);
    return 0;
}

static void setup(struct world *w, const char *document)
{
    *w = (struct world){0};
    arena_init(&w->a, 64u << 20);
    traffic_init(&w->t, document, keep, w);
    w->o = (struct plan_options){.changed_max = 10, .buckets_max = 1000, .since = TRAFFIC_START};
}

static void replay(struct world *w, const char *document)
{
    struct buf b;
    struct policy *new = traffic_policy(document);
    buf_init(&b, 1u << 20);
    w->o.old = w->t.policy;
    w->o.new = new;
    assert_int_equal(plan_new(&w->o, &w->plan), 0);
    policy_unref(new); /* it has one of its own */
    for (size_t i = 0; i < w->n; i++)
        assert_int_equal(plan_frame(w->plan, &w->frames[i]), 0);
    assert_int_equal(plan_json(w->plan, &b), 0);
    assert_int_equal(json_parse(&w->a, buf_str(&b), 16, &w->report), 0);
    buf_deinit(&b);
}

static void teardown(struct world *w)
{
    plan_free(w->plan);
    traffic_deinit(&w->t);
    arena_deinit(&w->a);
}

static int64_t number(const struct world *w, const char *path)
{
    int64_t n = -1;
    (void)json_i64(json_path(w->report, str_c(path)), &n);
    return n;
}

static struct str text(const struct world *w, const char *path)
{
    return json_text_of(json_path(w->report, str_c(path)));
}

static bool refund(struct world *w, money_t usd)
{
    struct arena a;
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, usd);
    bool is_permitted = traffic_call(&w->t, &f, -1);
    arena_deinit(&a);
    return is_permitted;
}

static void the_same_document_changes_nothing(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000") DAY("100.00"));
    for (int i = 0; i < 5; i++)
        assert_int_equal(refund(&w, 30 * USD), i < 3);
    assert_false(refund(&w, 60 * USD));
    replay(&w, REFUNDS("5000") DAY("100.00"));
    assert_int_equal(number(&w, "calls"), 6);
    assert_int_equal(number(&w, "unchanged"), 6);
    assert_int_equal(number(&w, "recorded_otherwise"), 0);
    assert_true(plan_is_safe(w.plan));
    teardown(&w);
}

static void a_wider_rule_says_what_it_permits_and_what_that_costs(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    assert_true(refund(&w, 50 * USD));
    assert_false(refund(&w, 60 * USD));
    assert_false(refund(&w, 70 * USD));
    replay(&w, REFUNDS("6000"));
    assert_int_equal(number(&w, "permitted.calls"), 1);
    assert_int_equal(number(&w, "permitted.moves_value"), 1);
    assert_str(text(&w, "permitted.usd"), "60.000000000");
    assert_str(text(&w, "permitted.agents.names[0]"), "refunds");
    assert_str(text(&w, "permitted.customers.names[0]"), "cus_1");
    assert_str(text(&w, "permitted.groups[0].becomes.by"), "refund");
    assert_str(text(&w, "changed[0].call_id"), "call-2");
    assert_false(plan_is_safe(w.plan));
    teardown(&w);
}

static void what_a_call_permits_leaves_less_for_those_behind_it(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000") DAY("100.00"));
    assert_false(refund(&w, 60 * USD));
    assert_true(refund(&w, 50 * USD));
    replay(&w, REFUNDS("6000") DAY("100.00"));
    assert_int_equal(number(&w, "permitted.calls"), 1);
    assert_int_equal(number(&w, "denied.calls"), 1); /* 60 + 50 do not fit into 100 */
    assert_str(text(&w, "denied.groups[0].becomes.by"), "day");
    assert_str(text(&w, "denied.groups[0].becomes.code"), "limit_exceeded");
    teardown(&w);
}

static void a_new_limit_denies_from_the_call_on_that_passes_it(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    for (int i = 0; i < 5; i++)
        assert_true(refund(&w, 30 * USD));
    replay(&w, REFUNDS("5000") DAY("100.00"));
    assert_int_equal(number(&w, "denied.calls"), 2);
    assert_str(text(&w, "fresh_limits[0]"), "day"); /* the day began before the replay did */
    assert_true(plan_is_safe(w.plan));
    teardown(&w);
}

/* What a call held and did not use is free again when it ends. */
static void counters_settle_with_what_was_used(void **state)
{
    struct world w;
    struct arena a;
    setup(&w, REFUNDS("5000"));
    arena_init(&a, 1u << 20);
    for (int i = 0; i < 3; i++) {
        struct facts f = traffic_refund(&a, 50 * USD);
        assert_true(traffic_call(&w.t, &f, 10 * USD));
    }
    arena_deinit(&a);
    replay(&w, REFUNDS("5000") DAY("60.00"));
    assert_int_equal(number(&w, "denied.calls"), 1); /* 10 and 10 are spent, and 50 more do not fit into 60 */
    teardown(&w);
}

static void an_unknown_outcome_stays_held(void **state)
{
    struct world w;
    struct arena a;
    setup(&w, REFUNDS("5000"));
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, 50 * USD);
    assert_true(traffic_call(&w.t, &f, -2));
    assert_true(traffic_call(&w.t, &f, -1));
    arena_deinit(&a);
    replay(&w, REFUNDS("5000") DAY("60.00"));
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

/* The frames before `since` are not there: the first one says where its counter stood. */
static void a_counter_starts_where_the_record_says(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000") DAY("100.00"));
    assert_true(refund(&w, 50 * USD));
    assert_true(refund(&w, 30 * USD));
    assert_false(refund(&w, 30 * USD));
    memmove(w.frames, w.frames + 2, (w.n -= 2) * sizeof *w.frames);
    replay(&w, REFUNDS("5000") DAY("120.00"));
    assert_int_equal(number(&w, "calls"), 2);
    assert_int_equal(number(&w, "recorded_otherwise"), 0);
    assert_int_equal(number(&w, "permitted.calls"), 1); /* 50 + 30 + 30 */
    assert_int_equal((int)json_len(json_get(w.report, STR("fresh_limits"))), 0);
    teardown(&w);
}

static void a_document_that_asks_for_what_nobody_looked_up_is_not_guessed_at(void **state)
{
    struct world w;
    struct arena a;
    setup(&w, REFUNDS("5000"));
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, 50 * USD);
    f.customer = STR_NONE;
    f.customer_source = SOURCE_NONE;
    w.t.could_ask_customer = true;
    assert_true(traffic_call(&w.t, &f, -1));
    assert_true(traffic_call(&w.t, &f, -1)); /* of this one, nobody could have been asked */
    arena_deinit(&a);
    replay(&w, HEAD "rules:\n  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create], customer: "
                    "[cus_1]}}\n");
    assert_int_equal(number(&w, "not_replayable.calls"), 1);
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "customer");
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

static void a_scope_that_nobody_asked_about_is_not_guessed_at(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    assert_true(refund(&w, 50 * USD));
    replay(&w, HEAD "rules:\n  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create]}, scope: "
                    "{customer: {created_by: agent}}}\n");
    assert_int_equal(number(&w, "not_replayable.calls"), 1);
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "scope");
    teardown(&w);
}

static void a_host_that_is_not_on_record_is_not_guessed_at(void **state)
{
    struct world w;
    struct arena a;
    setup(&w, REFUNDS("5000"));
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, 50 * USD);
    assert_true(traffic_call(&w.t, &f, -1)); /* as older versions recorded it */
    f.host = STR("api.stripe.com");
    assert_true(traffic_call(&w.t, &f, -1));
    f.host = STR("api.stripe.example");
    assert_true(traffic_call(&w.t, &f, -1));
    arena_deinit(&a);
    replay(&w, HEAD "rules:\n  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create], host: "
                    "[api.stripe.com]}}\n");
    assert_int_equal(number(&w, "not_replayable.calls"), 1);
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "host");
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

static void labels_decide_again_as_they_did(void **state)
{
    struct world w;
    struct arena a;
    struct label labels[] = {{STR("team"), STR("payments")}};
    setup(&w, REFUNDS("5000"));
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, 50 * USD);
    f.labels = labels;
    f.n_labels = 1;
    assert_true(traffic_call(&w.t, &f, -1));
    f.n_labels = 0;
    assert_true(traffic_call(&w.t, &f, -1));
    arena_deinit(&a);
    replay(&w, HEAD "rules:\n  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create], label.team: "
                    "[payments]}}\n");
    assert_int_equal(number(&w, "not_replayable.calls"), 0);
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

static void erased_values_are_said_and_not_guessed(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    assert_true(refund(&w, 50 * USD));
    assert_true(refund(&w, 50 * USD));
    w.frames[0].personal = STR("{}");
    replay(&w, REFUNDS("10"));
    assert_int_equal(number(&w, "not_replayable.calls"), 1);
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "erased");
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

static void a_frame_that_cannot_be_read_is_counted(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    assert_true(refund(&w, 50 * USD));
    w.frames[0].body = STR("{\"call_id\":");
    replay(&w, REFUNDS("10"));
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "unreadable");
    assert_int_equal(number(&w, "replayed"), 0);
    teardown(&w);
}

static void calls_of_other_documents_are_left_alone(void **state)
{
    struct world w;
    setup(&w, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: other, version: 1}\nrules: []\n");
    assert_false(refund(&w, 50 * USD));
    replay(&w, REFUNDS("5000"));
    assert_int_equal(number(&w, "calls"), 0);
    assert_int_equal(number(&w, "of_other_documents"), 1);
    teardown(&w);
}

static bool obeys_default(void *ctx, struct str key, struct str *ret_policy, const struct key_limits **ret_limits)
{
    assert_str(key, "k1");
    *ret_policy = STR("default");
    *ret_limits = ctx;
    return true;
}

static void limits_of_keys_stay_in_force(void **state)
{
    struct world w;
    struct key_limits *k;
    struct diag_list diags;
    struct limits limits;
    setup(&w, REFUNDS("5000"));
    limits_default(&limits);
    diag_list_init(&diags, &w.a, 5);
    assert_int_equal(key_limits_parse(&STR("usd=100/day"), 1, &limits, &diags, &k), 0);
    assert_false(refund(&w, 60 * USD));
    assert_false(refund(&w, 60 * USD));
    w.o.key = obeys_default;
    w.o.key_ctx = k;
    replay(&w, REFUNDS("6000"));
    assert_int_equal(number(&w, "permitted.calls"), 1);
    teardown(&w);
    key_limits_free(k);
}

static void calls_to_models_are_counted_in_the_tokens_they_used(void **state)
{
    struct world w;
    setup(&w, CHAT);
    struct facts f = traffic_chat(1000);
    for (int i = 0; i < 4; i++)
        assert_true(traffic_call(&w.t, &f, -1));
    /* Each holds 1,500 and uses 1,250: the third would hold 1,500 on top of 2,500. */
    replay(&w, CHAT "limits:\n  - {id: t, meter: tokens, max: 4000, window: {lifetime: true}, by: [agent], match: "
                    "{layer: [llm]}}\n");
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

#define FALLS_BACK_ON(model)                                                                                           \
    CHAT "routes: {cheap: {targets: [{model: openai/" model "}]}}\n"                                                   \
         "limits:\n  - {id: t, meter: usd, max: \"2.00\", window: {lifetime: true}, by: [agent], match: "              \
         "{layer: [llm]}, on_exceed: \"downgrade:cheap\"}\n"

/* Of gpt-4o-mini, a dollar each, by that document. */
static void four_chats(struct world *w, const char *document)
{
    struct facts f = traffic_chat(USD);
    for (int i = 0; i < 4; i++)
        assert_true(traffic_call(&w->t, &f, -1));
    replay(w, document);
}

static void a_limit_that_falls_back_on_a_cheaper_model_refuses_nothing_that_can_be_told(void **state)
{
    struct world w;
    setup(&w, CHAT);
    four_chats(&w, FALLS_BACK_ON("gpt-4.1-nano"));
    assert_int_equal(number(&w, "denied.calls"), 0);
    assert_int_equal(number(&w, "unchanged"), 2);
    assert_str(text(&w, "not_replayable.reasons[0].reason"), "downgrade");
    assert_int_equal(number(&w, "not_replayable.reasons[0].calls"), 2);
    teardown(&w);
}

static void a_call_that_asked_for_the_cheaper_model_itself_is_refused(void **state)
{
    struct world w;
    setup(&w, CHAT);
    four_chats(&w, FALLS_BACK_ON("gpt-4o-mini"));
    assert_int_equal(number(&w, "not_replayable.calls"), 0);
    assert_int_equal(number(&w, "unchanged"), 2);
    assert_int_equal(number(&w, "denied.calls"), 2);
    teardown(&w);
}

static void a_call_that_fell_back_is_refused_where_the_model_that_it_asked_for_is(void **state)
{
    struct world w;
    setup(&w, CHAT);
    struct facts f = traffic_chat(USD); /* of gpt-4o-mini */
    assert_true(traffic_call(&w.t, &f, -1));
    f.model_asked = STR("gpt-4o");
    f.downgraded_by = STR("t");
    assert_true(traffic_call(&w.t, &f, -1));
    replay(&w, CHAT "  - {id: dear, effect: forbid, match: {model: [gpt-4o]}}\n");
    assert_int_equal(number(&w, "not_replayable.calls"), 0);
    assert_int_equal(number(&w, "unchanged"), 1);
    assert_int_equal(number(&w, "denied.calls"), 1);
    teardown(&w);
}

static void as_many_changed_calls_are_listed_as_were_wanted(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    for (int i = 0; i < 12; i++)
        assert_true(refund(&w, 10 * USD));
    w.o.changed_max = 3;
    replay(&w, REFUNDS("10"));
    assert_int_equal(number(&w, "denied.calls"), 12);
    assert_int_equal((int)json_len(json_get(w.report, STR("changed"))), 3);
    teardown(&w);
}

static void calls_outside_of_the_time_are_left_alone(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    for (int i = 0; i < 3; i++, w.t.now += NS_PER_S)
        assert_true(refund(&w, 10 * USD));
    w.o.since = TRAFFIC_START + NS_PER_S;
    w.o.until = TRAFFIC_START + 2 * NS_PER_S;
    replay(&w, REFUNDS("10"));
    assert_int_equal(number(&w, "calls"), 1);
    teardown(&w);
}

static void more_counters_than_may_be_end_the_plan(void **state)
{
    struct world w;
    setup(&w, REFUNDS("5000"));
    assert_true(refund(&w, 10 * USD));
    struct facts f = traffic_refund(&w.a, 10 * USD);
    f.agent = STR("another");
    assert_true(traffic_call(&w.t, &f, -1));
    struct policy *new = traffic_policy(REFUNDS("5000") DAY("100.00"));
    w.o.old = w.t.policy;
    w.o.new = new;
    for (size_t max = 1; max <= 2; max++) { /* two agents have a counter each */
        int r = 0;
        w.o.buckets_max = max;
        assert_int_equal(plan_new(&w.o, &w.plan), 0);
        for (size_t i = 0; i < w.n && r == 0; i++)
            r = plan_frame(w.plan, &w.frames[i]);
        assert_int_equal(r, max == 1 ? -ERR_TOO_LARGE : 0);
        plan_free(w.plan);
    }
    w.plan = NULL;
    policy_unref(new);
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_document_changes_nothing),
        cmocka_unit_test(a_wider_rule_says_what_it_permits_and_what_that_costs),
        cmocka_unit_test(what_a_call_permits_leaves_less_for_those_behind_it),
        cmocka_unit_test(a_new_limit_denies_from_the_call_on_that_passes_it),
        cmocka_unit_test(counters_settle_with_what_was_used),
        cmocka_unit_test(an_unknown_outcome_stays_held),
        cmocka_unit_test(a_counter_starts_where_the_record_says),
        cmocka_unit_test(a_document_that_asks_for_what_nobody_looked_up_is_not_guessed_at),
        cmocka_unit_test(a_scope_that_nobody_asked_about_is_not_guessed_at),
        cmocka_unit_test(a_host_that_is_not_on_record_is_not_guessed_at),
        cmocka_unit_test(labels_decide_again_as_they_did),
        cmocka_unit_test(erased_values_are_said_and_not_guessed),
        cmocka_unit_test(a_frame_that_cannot_be_read_is_counted),
        cmocka_unit_test(calls_of_other_documents_are_left_alone),
        cmocka_unit_test(limits_of_keys_stay_in_force),
        cmocka_unit_test(calls_to_models_are_counted_in_the_tokens_they_used),
        cmocka_unit_test(a_limit_that_falls_back_on_a_cheaper_model_refuses_nothing_that_can_be_told),
        cmocka_unit_test(a_call_that_asked_for_the_cheaper_model_itself_is_refused),
        cmocka_unit_test(a_call_that_fell_back_is_refused_where_the_model_that_it_asked_for_is),
        cmocka_unit_test(as_many_changed_calls_are_listed_as_were_wanted),
        cmocka_unit_test(calls_outside_of_the_time_are_left_alone),
        cmocka_unit_test(more_counters_than_may_be_end_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
