/* policy/recorded.c: facts come back from a frame as they went in, so that a replay decides on the same values. */
#include "policy/recorded.h"

#include "base/err.h"
#include "trace/record.h"
#include "traffic.h"
#include "unit.h"

static const uint8_t salt[SALT_BYTES] = {9};

struct world {
    struct buf body, personal;
    struct arena a;
    struct recorded r;
};

static int record(struct world *w, const struct facts *f, struct record_open o)
{
    struct record_writer rw;
    struct verdict v = {.effect = EFFECT_DENY, .code = CODE_POLICY_DENIED, .policy_name = STR("p")};
    struct record_hold h = {0};
    arena_init(&w->a, 1u << 20);
    buf_init(&w->body, 1u << 20);
    buf_init(&w->personal, 1u << 20);
    o.facts = f;
    o.verdict = &v;
    o.salt = salt;
    record_open_begin(&rw, &o, &w->body, &w->personal);
    record_open_end(&rw, &h, NULL);
    struct frame frame = {.kind = FRAME_OPEN, .body = buf_str(&w->body), .personal = buf_str(&w->personal)};
    return recorded_read(&frame, &w->a, &w->r);
}

static void teardown(struct world *w)
{
    buf_deinit(&w->body);
    buf_deinit(&w->personal);
    arena_deinit(&w->a);
}

static void all_facts_come_back(void **state)
{
    struct world w;
    struct arena a;
    struct str actors[] = {STR("planner"), STR("worker")};
    arena_init(&a, 1u << 20);
    struct facts f = traffic_refund(&a, 5 * MONEY_PER_USD);
    struct param params[] = {f.params[0], f.params[1],
                             {.name = STR("to"), .kind = KIND_LIST, .s = STR("a@x.example,b@x.example")},
                             {.name = STR("off"), .kind = KIND_BOOL, .s = STR("false")},
                             {.name = STR("low"), .kind = KIND_INT, .i = INT64_MIN, .s = STR("-9223372036854775808")}};
    f.params = params;
    f.n_params = 5;
    f.owner = STR("ann");
    f.tenant = STR("acme");
    f.tenant_source = SOURCE_KEY;
    f.user = STR("user:ann");
    f.user_source = SOURCE_TOKEN;
    f.issuer = STR("okta");
    f.actors = actors;
    f.n_actors = 2;
    f.token_lifetime_s = 600;
    f.parent_run_id = STR("parent");
    f.root_run_id = STR("root");
    f.run_source = RUN_SESSION;
    f.run_trust = RUN_MINTED;
    f.prompt = STR("greet@2");
    struct label labels[] = {{STR("team"), STR("payments")}, {STR("tier"), STR("gold")}};
    f.labels = labels;
    f.n_labels = 2;
    f.host = STR("api.stripe.example");
    struct affected_account account = {STR("cus_1"), true};
    struct scope_answer answers[] = {
        {.q = {QUESTION_RELATION, STR("embedded"), STR("can_act_for"), STR("agent:refunds"), STR("cus_1")},
         .is_known = true, .value = STR("true"), .from = STR("embedded"), .age_ms = 7},
        {.q = {.kind = QUESTION_QUERY, .source = STR("crm"), .about = STR("cus_1")}, .why = STR("it timed out")}};
    f.affected = (struct affected){.state = AFFECTED_TOLD, .items = &account, .n = 1};
    f.answers = answers;
    f.n_answers = 2;
    f.now = TRAFFIC_START + 123000000; /* records have milliseconds */
    assert_int_equal(record(&w, &f, (struct record_open){.call_id = STR("c1")}), 0);
    const struct facts *g = &w.r.facts;
    assert_int_equal(w.r.lack, LACK_NOTHING);
#define SAME(field) assert_true(str_eq(f.field, g->field))
    SAME(key); SAME(agent); SAME(owner); SAME(tenant); SAME(user); SAME(customer); SAME(issuer); SAME(run_id);
    SAME(parent_run_id); SAME(root_run_id); SAME(layer); SAME(vendor); SAME(operation); SAME(method); SAME(prompt);
    SAME(host);
#undef SAME
    assert_true(f.tenant_source == g->tenant_source && f.user_source == g->user_source);
    assert_true(f.customer_source == g->customer_source && f.run_source == g->run_source);
    assert_true(f.run_trust == g->run_trust && f.class == g->class && f.mode == g->mode && f.now == g->now);
    assert_true(f.token_lifetime_s == g->token_lifetime_s && g->n_actors == 2);
    assert_str(g->actors[1], "worker");
    assert_true(f.cost.how == g->cost.how && f.cost.usd == g->cost.usd);
    assert_true(g->amount.is_known && f.amount.minor == g->amount.minor && f.amount.exponent == g->amount.exponent);
    assert_string_equal(f.amount.currency, g->amount.currency);
    assert_true(g->affected.state == AFFECTED_TOLD && g->affected.n == 1 && g->affected.items[0].is_customer);
    assert_str(g->affected.items[0].id, "cus_1");
    assert_int_equal(g->n_answers, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(question_eq(&g->answers[i].q, &answers[i].q) && g->answers[i].is_known == answers[i].is_known);
        assert_true(str_eq(g->answers[i].value, answers[i].value) && str_eq(g->answers[i].why, answers[i].why));
    }
    assert_int_equal(g->n_labels, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(str_eq(g->labels[i].name, labels[i].name) && str_eq(g->labels[i].value, labels[i].value));
    assert_int_equal(g->n_params, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(str_eq(f.params[i].name, g->params[i].name) && f.params[i].kind == g->params[i].kind);
        assert_true(str_eq(f.params[i].s, g->params[i].s) && f.params[i].i == g->params[i].i);
    }
    teardown(&w);
    arena_deinit(&a);
}

static void a_run_is_of_its_tree_also_where_it_names_no_parent(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.parent_run_id = STR_NONE;
    f.root_run_id = STR("root");
    assert_int_equal(record(&w, &f, (struct record_open){.call_id = STR("c1")}), 0);
    assert_str(w.r.facts.root_run_id, "root");
    teardown(&w);
}

static void what_was_only_claimed_is_no_fact(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.claims = (struct claims){STR("user:eve"), STR("cus_eve"), SOURCE_HEADER, SOURCE_BODY};
    assert_int_equal(record(&w, &f, (struct record_open){.call_id = STR("c1")}), 0);
    assert_int_equal(w.r.facts.user.n, 0);
    assert_str(w.r.facts.root_run_id, "run-2"); /* a run without a parent is the root of its tree */
    assert_int_equal(w.r.facts.customer.n, 0);
    teardown(&w);
}

static void a_bound_of_tokens_that_is_known_in_part_stays_so(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.tokens = (struct token_bound){false, 700, 0};
    assert_int_equal(record(&w, &f, (struct record_open){.call_id = STR("c1")}), 0);
    assert_true(!w.r.facts.tokens.is_known && w.r.facts.tokens.input == 700 && w.r.facts.tokens.output == -1);
    teardown(&w);
    f.tokens = (struct token_bound){true, 700, 0};
    assert_int_equal(record(&w, &f, (struct record_open){.call_id = STR("c1")}), 0);
    assert_true(w.r.facts.tokens.is_known && w.r.facts.tokens.output == 0);
    teardown(&w);
}

static void what_nobody_asked_for_and_dry_runs_are_said(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.cost = (struct cost){.how = HOW_UNKNOWN};
    struct record_open o = {.call_id = STR("c1"), .could_ask_cost = true, .is_dry_run = true};
    assert_int_equal(record(&w, &f, o), 0);
    assert_true(w.r.could_ask_cost && !w.r.could_ask_customer && w.r.is_dry_run);
    assert_int_equal(w.r.facts.cost.how, HOW_UNKNOWN);
    assert_str(w.r.verdict, "deny");
    assert_str(w.r.policy_name, "p");
    teardown(&w);
}

static bool has_fact(struct world *w, const char *name)
{
    struct json body;
    assert_int_equal(json_parse_own(&w->a, buf_str(&w->body), &body), 0);
    return json_type(json_get(json_get(body, STR("facts")), str_c(name))) != JSON_NONE;
}

static void a_call_decided_on_as_it_started_leaves_out_what_that_says(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.now = TRAFFIC_START;
    struct record_open o = {.call_id = STR("c1"), .started_at = f.now};
    assert_int_equal(record(&w, &f, o), 0);
    assert_true(!has_fact(&w, "now") && !has_fact(&w, "dry_run") && !has_fact(&w, "amount_is_known"));
    assert_true(w.r.facts.now == f.now && !w.r.is_dry_run && !w.r.facts.amount.is_known);
    teardown(&w);
}

static void a_call_decided_on_later_says_when(void **state)
{
    struct world w;
    struct facts f = traffic_chat(1000);
    f.now = TRAFFIC_START;
    struct record_open o = {.call_id = STR("c1"), .started_at = f.now - NS_PER_S};
    assert_int_equal(record(&w, &f, o), 0);
    assert_true(has_fact(&w, "now") && w.r.facts.now == f.now);
    teardown(&w);
}

/* As journals have it that were written before these were left out. */
static void facts_that_say_it_all_the_same_are_read(void **state)
{
    struct frame f = {.kind = FRAME_OPEN,
                      .body = STR("{\"started_at\":\"2026-01-01T00:00:00.000Z\",\"facts\":{"
                                  "\"now\":\"2026-01-01T00:00:01.000Z\",\"amount_is_known\":false,"
                                  "\"dry_run\":false},\"amount\":5,\"currency\":\"USD\",\"exponent\":2}")};
    struct recorded r;
    struct arena a;
    wall_t later;
    arena_init(&a, 1u << 20);
    assert_int_equal(wall_parse(STR("2026-01-01T00:00:01.000Z"), &later), 0);
    assert_int_equal(recorded_read(&f, &a, &r), 0);
    assert_true(r.facts.now == later && !r.is_dry_run && !r.facts.amount.is_known);
    arena_deinit(&a);
}

static void what_is_no_open_frame_is_refused(void **state)
{
    static const char *const bodies[] = {"", "{", "[]", "{\"facts\":1}", "{\"call_id\":\"c\"}"};
    struct recorded r;
    struct arena a;
    arena_init(&a, 1u << 20);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(recorded_read(&(struct frame){.kind = FRAME_OPEN, .body = str_c(bodies[i])}, &a, &r),
                         -ERR_CORRUPT);
    struct frame close = {.kind = FRAME_CLOSE, .body = STR("{\"facts\":{}}")};
    assert_int_equal(recorded_read(&close, &a, &r), -ERR_CORRUPT);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_facts_come_back),
        cmocka_unit_test(a_run_is_of_its_tree_also_where_it_names_no_parent),
        cmocka_unit_test(what_was_only_claimed_is_no_fact),
        cmocka_unit_test(a_bound_of_tokens_that_is_known_in_part_stays_so),
        cmocka_unit_test(what_nobody_asked_for_and_dry_runs_are_said),
        cmocka_unit_test(a_call_decided_on_as_it_started_leaves_out_what_that_says),
        cmocka_unit_test(a_call_decided_on_later_says_when),
        cmocka_unit_test(facts_that_say_it_all_the_same_are_read),
        cmocka_unit_test(what_is_no_open_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
