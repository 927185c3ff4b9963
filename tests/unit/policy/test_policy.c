/* policy: digests, references, bounds, texts, the starter, and how long a verdict takes. */
#include "policy/policy.h"

#include <pthread.h>

#include "base/err.h"
#include "operations.h"
#include "policy/starter.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p, version: 3}\n"

struct fixture {
    struct arena a;
    struct diag_list diags;
    struct limits limits;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    arena_init(&f->a, 4 << 20);
    diag_list_init(&f->diags, &f->a, 20);
    limits_default(&f->limits);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_deinit(&f->a);
    free(f);
    return 0;
}

static struct policy *parse(struct fixture *f, struct str text)
{
    struct policy *p = NULL;
    if (policy_parse(text, STR("p.yaml"), &f->limits, NULL, &f->diags, &p) < 0)
        fail_msg("%.*s", STR_ARG(f->diags.items[0].message));
    return p;
}

/* The one diag's text, as `policy check` prints it. */
static struct str refused(struct fixture *f, struct str text)
{
    struct policy *p = NULL;
    struct buf out;
    assert_int_equal(policy_parse(text, STR("p.yaml"), &f->limits, NULL, &f->diags, &p), -ERR_INVALID);
    assert_null(p);
    buf_init(&out, 65536);
    diag_text(&f->diags.items[0], &out);
    struct str s = arena_str(&f->a, buf_str(&out));
    buf_deinit(&out);
    diag_list_init(&f->diags, &f->a, 20);
    return s;
}

static void yaml_and_json_of_one_content_have_one_digest(void **state)
{
    struct policy *y = parse(
        *state, STR("# a comment\n" HEAD "rules:\n  - id: r\n    match: {class: [read]}\n    effect: 'permit'\n"));
    struct policy *j = parse(
        *state,
        STR("{\"rules\":[{\"id\":\"r\",\"effect\":\"permit\",\"match\":{\"class\":[\"read\"]}}],"
            "\"kind\":\"Policy\",\"metadata\":{\"version\":3,\"name\":\"p\"},\"apiVersion\":\"agentpolicy/v1\"}"));
    assert_true(str_eq(policy_digest(y), policy_digest(j)));
    assert_int_equal(policy_digest(y).n, 64);
    assert_str(policy_text(y),
               "{\"apiVersion\":\"agentpolicy/v1\",\"kind\":\"Policy\",\"metadata\":{\"name\":\"p\",\"version\":3},"
               "\"rules\":[{\"effect\":\"permit\",\"id\":\"r\",\"match\":{\"class\":[\"read\"]}}]}");
    /* computed with hashlib over that text */
    assert_str(policy_digest(y), "052ad053f5be35c41e84972e44742f21eb9fba0aff816e58eee94f4d36148732");
    assert_str(policy_name(y), "p");
    assert_int_equal(policy_version(y), 3);
    struct policy *again = parse(*state, policy_text(y));
    assert_true(str_eq(policy_digest(again), policy_digest(y)));
    struct policy *other =
        parse(*state, STR(HEAD "rules:\n  - id: r\n    match: {class: [write]}\n    effect: permit\n"));
    assert_false(str_eq(policy_digest(other), policy_digest(y)));
    policy_unref(y);
    policy_unref(j);
    policy_unref(again);
    policy_unref(other);
}

static void faults_are_told_with_file_line_and_column(void **state)
{
    assert_str(refused(*state, STR(HEAD "rules:\n  - id: r\n    effect: permit\n    match: {}\n    redact: [x]\n")),
               "p.yaml:8:14: bad_value: redactor `x` is not known");
    assert_str(refused(*state, STR(HEAD "rules:\n  - id: r\n    effect: permit\n    match: {}\n    when: mode = 1\n")),
               "p.yaml:8:16: expr_syntax: `=` is no operator; equality is `==`");
    assert_str(refused(*state, STR(HEAD "rules: []\nlimit: []\n")),
               "p.yaml:5:1: unknown_key: key `limit` is not known; did you mean `limits`?");
    assert_str(
        refused(*state, STR(HEAD "rules: []\nlimits:\n  - {id: l, meter: usd, max: 5, window: {lifetime: true}}\n")),
        "p.yaml:6:30: amount_not_text: an amount of money is text, so that no reader rounds it: max: \"5\"");
    assert_str(refused(*state, STR(HEAD "rules:\n  - {id: r, effect: permit, match: {vendor: stripe}}\n")),
               "p.yaml:5:45: wrong_type: `vendor` must be a list, not a string: [\"stripe\"]");
    assert_str(refused(*state, STR(HEAD "rules:\n  - {id: r, effect: permit, match: {class: [money]}}\n")),
               "p.yaml:5:45: bad_value: class `money` is not known; there is `read`, `write`, `cost`, `money_in`, "
               "`money_out`, `liability`, `authority`, `fanout`");
    assert_str(refused(*state, STR(HEAD "rules:\n  - {id: r, effect: permit, match: {class: [reads]}}\n")),
               "p.yaml:5:45: bad_value: class `reads` is not known; did you mean `read`?");
}

static void every_bound_has_a_name(void **state)
{
    struct fixture *f = *state;
    struct str two_rules =
        STR(HEAD "rules:\n  - {id: a, effect: permit, match: {}}\n  - {id: b, effect: permit, match: {}}\n");
    struct str two_limits =
        STR(HEAD "rules: []\nlimits:\n  - {id: a, meter: requests, max: 1, window: {lifetime: true}}\n"
                 "  - {id: b, meter: tokens, max: 1, window: {lifetime: true}}\n");
    f->limits.policy_rules_max = 2;
    f->limits.policy_limits_max = 2;
    policy_unref(parse(f, two_rules));
    policy_unref(parse(f, two_limits));
    f->limits.policy_rules_max = 1;
    f->limits.policy_limits_max = 1;
    assert_str(refused(f, two_rules), "p.yaml:5:3: too_many: 2 rules; policy_rules_max is 1");
    assert_str(refused(f, two_limits), "p.yaml:6:3: too_many: 2 limits; policy_limits_max is 1");
    f->limits.policy_rules_max = 2;
    f->limits.policy_bytes_max = (int64_t)two_rules.n;
    policy_unref(parse(f, two_rules));
    f->limits.policy_bytes_max = (int64_t)two_rules.n - 1;
    refused(f, two_rules);
}

static bool reaches(struct fixture *f, const char *rules, size_t i_operation)
{
    char text[1000];
    snprintf(text, sizeof text, HEAD "approvals: {f: {backend: cli, ttl: 1h}}\nrules:\n%s", rules);
    struct policy *p = parse(f, str_c(text));
    assert_non_null(p);
    bool is = policy_reaches(p, &case_operations[i_operation]);
    policy_unref(p);
    return is;
}

static void what_rules_reach_is_known_without_a_call(void **state)
{
    struct fixture *f = *state;
    enum { REFUND = 0, READ = 2, AUTHORITY = 6 };
    assert_true(reaches(f, "  - {id: a, effect: permit, match: {class: [money_out]}, when: 'false'}\n", REFUND));
    assert_true(reaches(f, "  - {id: a, effect: approve, match: {vendor: [stripe]}, approval: f}\n", REFUND));
    assert_false(reaches(f, "  - {id: a, effect: permit, match: {class: [money_out]}}\n", READ));
    assert_false(reaches(f, "  - {id: a, effect: forbid, match: {vendor: [stripe]}}\n", REFUND));
    assert_false(reaches(f, "  - {id: a, effect: permit, match: {vendor: [stripe]}, mode: shadow}\n", REFUND));
    assert_false(reaches(f, "  - {id: a, effect: permit, match: {layer: [llm]}}\n", REFUND));
    assert_false(reaches(f, "  - {id: a, effect: permit, match: {vendor: [stripe]}}\n", AUTHORITY));
    assert_true(reaches(f, "  - {id: a, effect: permit, match: {operation: [stripe.webhook_endpoints.create]}}\n",
                        AUTHORITY));
}

static void *ref_and_unref(void *p)
{
    for (int i = 0; i < 20000; i++) {
        policy_ref(p);
        policy_unref(p);
    }
    return NULL;
}

static void a_policy_is_shared_between_threads(void **state)
{
    struct policy *p = parse(*state, STR(HEAD "rules: []\n"));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, p), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_str(policy_name(p), "p");
    policy_unref(p);
    policy_unref(NULL);
}

static void limits_are_listed_as_json(void **state)
{
    struct policy *p = parse(*state, STR(HEAD "rules: []\nlimits:\n"
                                              "  - {id: z, meter: concurrent, max: 4, window: {instant: true},\n"
                                              "     when: params.amount > 5}\n"
                                              "  - {id: a, meter: usd, max: \"5\", by: [customer, agent], window: "
                                              "{calendar: day}, unknown_cost: \"hold:0.5\","
                                              " match: {class: [money_out, cost], vendor: [stripe]}}\n"));
    struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(policy_limits_json(p, &out), 0);
    assert_str(
        buf_str(&out),
        "[{\"id\":\"a\",\"meter\":\"usd\",\"window\":\"day\",\"max\":\"5.000000000\",\"by\":[\"agent\",\"customer\"],"
        "\"match\":{\"class\":[\"cost\",\"money_out\"],\"vendor\":[\"stripe\"]},\"unknown_cost_hold\":\"0.500000000\","
        "\"counter\":\"p/a/usd/day/agent,customer\"},"
        "{\"id\":\"z\",\"meter\":\"concurrent\",\"window\":\"instant\",\"max\":4,\"by\":[],\"match\":{},"
        "\"when\":\"params.amount > 5\",\"counter\":\"p/z/concurrent/instant/\"}]");
    buf_deinit(&out);
    policy_unref(p);
}

/* --- deciding --------------------------------------------------------------------------------------------------- */

static struct facts refund(void)
{
    return (struct facts){.layer = STR("saas"), .vendor = STR("stripe"), .operation = STR("stripe.refunds.create"),
                          .class = CLASS_MONEY_OUT, .method = STR("POST"), .agent = STR("a1"), .key = STR("k1"),
                          .run_id = STR("r1"), .mode = MODE_TEST, .cost = {HOW_PARSED, 10 * MONEY_PER_USD},
                          .now = 1795444200 * NS_PER_S};
}

static struct verdict decide(struct fixture *f, const struct policy *p, struct facts facts)
{
    struct verdict v;
    policy_decide(p, NULL, &facts, false, &f->a, &v);
    return v;
}

/* So many that some are named once for several, some once each, and the last are behind what is kept in common. */
#define MANY 12
static struct policy *limits_from(struct fixture *f, int from, int n)
{
    struct buf text;
    buf_init(&text, 65536);
    buf_add_c(&text, HEAD "rules: [{id: r, effect: permit, match: {vendor: [stripe]}}]\nlimits:\n");
    for (int i = from; i < from + n; i++)
        buf_printf(&text, "  - {id: l%02d, meter: requests, max: 9, by: [%s%s%s%s], window: {sliding: %dm}}\n", i,
                   i & 1 ? "key, " : "", i & 2 ? "agent, " : "", i & 4 ? "vendor, " : "",
                   i & 8 ? "operation" : "run", i < 2 ? 1 : i);
    struct policy *p = parse(f, buf_str(&text));
    buf_deinit(&text);
    return p;
}

static void a_need_is_the_same_beside_others_as_alone(void **state)
{
    struct fixture *f = *state;
    struct policy *all = limits_from(f, 0, MANY);
    struct verdict v = decide(f, all, refund());
    assert_int_equal(v.n_needs, MANY);
    for (int i = 0; i < MANY; i++) {
        struct policy *one = limits_from(f, i, 1);
        struct verdict alone = decide(f, one, refund());
        assert_int_equal(alone.n_needs, 1);
        assert_true(str_eq(v.needs[i].bucket, alone.needs[0].bucket));
        assert_true(str_eq(v.needs[i].counter, alone.needs[0].counter));
        assert_int_equal(v.needs[i].window_start, alone.needs[0].window_start);
        assert_int_equal(v.needs[i].resets_at, alone.needs[0].resets_at);
        policy_unref(one);
    }
    policy_unref(all);
}

static void the_starter_reads_and_says_what_it_promises(void **state)
{
    struct fixture *f = *state;
    static const struct str vendors[] = {STR_INIT("openai"), STR_INIT("anthropic"), STR_INIT("stripe"),
                                         STR_INIT("twilio"), STR_INIT("resend")};
    static const struct known known = {vendors, 5, NULL, 0};
    struct policy *p = NULL;
    assert_int_equal(policy_parse(policy_starter(), STR("starter"), &f->limits, &known, &f->diags, &p), 0);
    assert_int_equal(f->diags.n, 0);
    assert_str(policy_name(p), "default");
    static const struct {
        const char *operation;
        enum op_class class;
        enum effect effect;
        size_t n_needs;
    } rows[] = {
        {"stripe.refunds.create", CLASS_MONEY_OUT, EFFECT_PERMIT, 2},
        {"stripe.charges.create", CLASS_MONEY_IN, EFFECT_PERMIT, 1},
        {"stripe.payment_intents.confirm", CLASS_MONEY_IN, EFFECT_PERMIT, 1},
        {"stripe.payment_intents.cancel", CLASS_WRITE, EFFECT_PERMIT, 0},
        {"stripe.customers.create", CLASS_WRITE, EFFECT_PERMIT, 0},
        {"stripe.customers.delete", CLASS_FANOUT, EFFECT_APPROVE, 0},
        {"stripe.balance.retrieve", CLASS_READ, EFFECT_PERMIT, 0},
        {"stripe.payouts.list", CLASS_READ, EFFECT_PERMIT, 0},
        {"stripe.payouts.create", CLASS_MONEY_OUT, EFFECT_DENY, 0},
        {"stripe.transfers.create", CLASS_MONEY_OUT, EFFECT_DENY, 0},
        {"stripe.webhook_endpoints.create", CLASS_AUTHORITY, EFFECT_DENY, 0},
        {"stripe.unknown", CLASS_UNKNOWN, EFFECT_DENY, 0},
        {"twilio.messages.create", CLASS_COST, EFFECT_PERMIT, 2},
        {"twilio.messages.list", CLASS_READ, EFFECT_PERMIT, 0},
        {"twilio.lookups.phone_numbers.fetch", CLASS_COST, EFFECT_PERMIT, 1},
        {"twilio.verify.services.verifications.create", CLASS_COST, EFFECT_PERMIT, 2},
        {"twilio.calls.create", CLASS_COST, EFFECT_DENY, 0},
        {"twilio.keys.create", CLASS_AUTHORITY, EFFECT_DENY, 0},
        {"resend.emails.send", CLASS_COST, EFFECT_PERMIT, 1},
        {"resend.emails.cancel", CLASS_WRITE, EFFECT_PERMIT, 0},
        {"resend.broadcasts.send", CLASS_FANOUT, EFFECT_DENY, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct facts facts = refund();
        facts.operation = str_c(rows[i].operation);
        facts.vendor = str_sub(facts.operation, 0, 6); /* each has six letters */
        facts.class = rows[i].class;
        struct verdict v = decide(f, p, facts);
        if (v.effect != rows[i].effect)
            print_error("%s\n", rows[i].operation);
        assert_int_equal(v.effect, rows[i].effect);
        if (class_is_money(facts.class))
            assert_int_equal(v.n_needs, rows[i].n_needs);
    }
    static const struct {
        const char *vendor, *model;
        enum op_class class;
        enum effect effect;
    } models[] = {
        {"openai", "gpt-4o-mini", CLASS_COST, EFFECT_PERMIT},
        {"openai", "gpt-4o-mini-2024-07-18", CLASS_COST, EFFECT_PERMIT},
        {"openai", "text-embedding-3-small", CLASS_COST, EFFECT_PERMIT},
        {"openai", "gpt-4o", CLASS_COST, EFFECT_DENY},
        {"anthropic", "claude-haiku-4-5", CLASS_COST, EFFECT_PERMIT},
        {"anthropic", "claude-opus-4-5", CLASS_COST, EFFECT_DENY},
        {"anthropic", "claude-opus-4-5", CLASS_READ, EFFECT_PERMIT},
    };
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        struct facts facts = refund();
        facts.layer = STR("llm");
        facts.vendor = str_c(models[i].vendor);
        facts.model = str_c(models[i].model);
        facts.operation = STR("any.create");
        facts.class = models[i].class;
        struct verdict v = decide(f, p, facts);
        assert_int_equal(v.effect, models[i].effect);
        if (facts.class == CLASS_COST && v.effect == EFFECT_PERMIT)
            assert_int_equal(v.n_needs, 2); /* a day of the agent, and the run */
    }
    struct verdict v = decide(f, p, refund());
    assert_str(v.needs[0].id, "out-day");
    assert_int_equal(v.needs[0].max, 200 * MONEY_PER_USD);
    assert_str(v.needs[1].id, "refund-call");
    assert_int_equal(v.needs[1].max, 50 * MONEY_PER_USD);
    policy_unref(p);
}

static void the_order_of_rules_changes_nothing(void **state)
{
    static const char *const rules[] = {"  - {id: a, effect: permit, match: {}}\n",
                                        "  - {id: b, effect: permit, match: {class: [money_out]}}\n",
                                        "  - {id: c, effect: forbid, match: {agent: [a2]}}\n"};
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct fixture *f = *state;
    for (size_t i = 0; i < 6; i++) {
        const int *o = orders[i];
        struct policy *p = parse(f, arena_printf(&f->a, HEAD "rules:\n%s%s%s", rules[o[0]], rules[o[1]], rules[o[2]]));
        struct verdict v = decide(f, p, refund());
        assert_int_equal(v.effect, EFFECT_PERMIT);
        assert_str(v.rule, "a");
        struct facts other = refund();
        other.agent = STR("a2");
        v = decide(f, p, other);
        assert_int_equal(v.effect, EFFECT_DENY);
        assert_str(v.rule, "c");
        policy_unref(p);
    }
}

static void a_call_without_memory_is_refused(void **state)
{
    struct fixture *f = *state;
    struct policy *p =
        parse(f, STR(HEAD "rules:\n  - {id: a, effect: permit, match: {}}\nlimits:\n"
                          "  - {id: l, meter: requests, max: 1, by: [customer], window: {lifetime: true}}\n"));
    static char customer[200000];
    memset(customer, ',', sizeof customer);
    struct arena small;
    arena_init(&small, 4096);
    struct facts facts = refund();
    facts.customer = (struct str){customer, sizeof customer};
    struct verdict v;
    policy_decide(p, NULL, &facts, false, &small, &v);
    assert_int_equal(v.effect, EFFECT_DENY);
    assert_int_equal(v.code, CODE_OVERLOADED);
    assert_int_equal(v.n_needs, 0);
    arena_deinit(&small);
    policy_unref(p);
}

/* A list that has() finds and size() cannot read: absent would switch the forbid off. */
static void a_list_that_is_too_long_is_an_error_and_not_absent(void **state)
{
    struct fixture *f = *state;
    struct policy *p = parse(f, STR(HEAD "rules:\n  - {id: a, effect: permit, match: {}}\n"
                                         "  - {id: few, effect: forbid, match: {}, when: \"has(params.to) && "
                                         "size(params.to) > 5000\"}\n"));
    static char to[400001];
    struct facts facts = refund();
    struct param params[] = {{.name = STR("to"), .kind = KIND_LIST, .s = {to, 0}}};
    facts.params = params;
    facts.n_params = 1;
    for (size_t i = 0; i < sizeof to; i++)
        to[i] = i % 2 ? ',' : 'a';
    static const size_t sizes[] = {1000, 1001, 200000}; /* elements */
    for (size_t i = 0; i < 3; i++) {
        params[0].s.n = sizes[i] * 2 - 1;
        struct verdict v = decide(f, p, facts);
        assert_int_equal(v.effect, sizes[i] <= 1000 ? EFFECT_PERMIT : EFFECT_DENY);
        assert_str(v.rule, sizes[i] <= 1000 ? "a" : "few");
    }
    policy_unref(p);
}

/* 50 rules and 10 limits, of which the last rule and five limits match. n_when of the rules match but for a condition.
 */
static struct policy *large_policy(struct fixture *f, int n_when)
{
    static const char *const conditions[] = {
        "params.amount > 20000 && params.currency == 'usd'", "params.currency in ['eur', 'gbp', 'chf']",
        "cost.estimate > usd('100.00')", "now.getHours('+01:00') < 7 || now.getDayOfWeek() == 0",
        "customer.id.startsWith('cus_vip') && run.trust == 'claimed'"};
    struct buf text;
    buf_init(&text, 65536);
    buf_add_c(&text, HEAD "rules:\n");
    for (int i = 0; i < n_when; i++)
        buf_printf(&text,
                   "  - {id: c%d, effect: %s, match: {operation: [\"stripe.refunds.*\"]}, when: \"%s\"}\n", i,
                   i % 3 ? "permit" : "forbid", conditions[i % 5]);
    for (int i = n_when; i < 49; i++)
        buf_printf(
            &text,
            "  - {id: r%d, effect: %s, match: {vendor: [stripe], operation: [\"stripe.thing%d.*\", \"stripe.*.op%d\"],"
            " agent: [\"bot-*\", a1], class: [money_out, money_in]}}\n",
            i, i % 7 ? "permit" : "forbid", i, i);
    buf_add_c(&text, "  - {id: z, effect: permit, match: {operation: [\"stripe.refunds.*\"]}}\nlimits:\n");
    for (int i = 0; i < 10; i++)
        buf_printf(&text,
                   "  - {id: l%d, meter: usd, max: \"100.00\", by: [agent, customer, run], window: {calendar: day},"
                   " match: {class: [%s], operation: [\"stripe.refunds.*\"]}}\n",
                   i, i % 2 ? "money_out" : "money_in");
    struct policy *p = parse(f, buf_str(&text));
    buf_deinit(&text);
    return p;
}

static void bench_verdict(struct fixture *f, int n_when)
{
    struct policy *p = large_policy(f, n_when);
    static const struct param params[] = {{STR_INIT("charge"), KIND_TEXT, 0, STR_INIT("ch_1")},
                                          {STR_INIT("amount"), KIND_INT, 5000, STR_INIT("5000")},
                                          {STR_INIT("currency"), KIND_TEXT, 0, STR_INIT("usd")}};
    struct facts facts = refund();
    struct arena a;
    struct verdict v;
    enum { ROUNDS = 20000 };
    facts.customer = STR("cus_NffrFeUfNV2Hib");
    facts.params = params;
    facts.n_params = 3;
    arena_init(&a, 1 << 20);
    mono_t start = clock_system.mono(NULL);
    for (int i = 0; i < ROUNDS; i++) {
        policy_decide(p, NULL, &facts, true, &a, &v);
        assert_int_equal(v.effect, EFFECT_PERMIT);
        assert_int_equal(v.n_needs, 5);
        arena_reset(&a);
    }
    print_message("bench: verdict with 50 rules (%d with conditions) and 10 limits: %lld ns\n", n_when,
                  (long long)(clock_system.mono(NULL) - start) / ROUNDS);
    arena_deinit(&a);
    policy_unref(p);
}

static void verdicts_of_large_policies_are_quick(void **state)
{
    bench_verdict(*state, 0);
    bench_verdict(*state, 20);
}

/* --- limits of keys --------------------------------------------------------------------------------------------- */

static void limits_of_keys_are_read_or_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *spec, *code; /* NULL: fine */
    } rows[] = {
        {"usd=50/day", NULL},
        {"usd=0.005/call", NULL},
        {"usd=1/month", NULL},
        {"usd=1/run", NULL},
        {"usd=1/lifetime", NULL},
        {"requests=100/lifetime", NULL},
        {"requests=0/day", NULL},
        {"concurrent=4", NULL},
        {"concurrent=4/instant", NULL},
        {"usd=50", "bad_window"},
        {"usd=50/", "bad_window"},
        {"usd=50/hour", NULL},
        {"requests=60/minute", NULL},
        {"requests=60/week", NULL},
        {"tokens=200000/60s", NULL},
        {"requests=60/1m", NULL},
        {"usd=500/31d", NULL},
        {"usd=500/32d", "bad_window"},
        {"requests=60/0s", "bad_window"},
        {"concurrent=4/60s", "bad_window"},
        {"usd=50/fortnight", "bad_window"},
        {"usd=50/instant", "bad_window"},
        {"concurrent=4/day", "bad_window"},
        {"requests=5/call", "bad_window"},
        {"usd=-5/day", "bad_amount"},
        {"usd=/day", "bad_amount"},
        {"usd=1e3/day", "bad_amount"},
        {"usd=1000000000/day", "bad_amount"},
        {"requests=1.5/day", "bad_count"},
        {"requests=-1/day", "bad_count"},
        {"concurrent=", "bad_count"},
        {"requests=1000000000001/day", "bad_count"},
        {"tokens=5/day", NULL},
        {"output_tokens=4000/call", NULL},
        {"tokens=5", "bad_window"},
        {"tokens=1.5/day", "bad_count"},
        {"tokens=5/instant", "bad_window"},
        {"token=5/day", "bad_limit"},
        {"50/day", "bad_limit"},
        {"", "bad_limit"},
        {"USD=5/day", "bad_limit"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str spec = str_c(rows[i].spec);
        struct key_limits *k = NULL;
        diag_list_init(&f->diags, &f->a, 20);
        int r = key_limits_parse(&spec, 1, &f->limits, &f->diags, &k);
        assert_int_equal(r, rows[i].code ? -ERR_INVALID : 0);
        if (rows[i].code)
            assert_string_equal(f->diags.items[0].code, rows[i].code);
        key_limits_free(k);
    }
}

static void a_key_has_few_limits_and_none_twice(void **state)
{
    struct fixture *f = *state;
    const struct str twice[] = {STR_INIT("usd=50/day"), STR_INIT("usd=5/call"), STR_INIT("usd=60/day")};
    const struct str same_length[] = {STR_INIT("tokens=5/60s"), STR_INIT("tokens=6/1m")};
    struct key_limits *k = NULL;
    assert_int_equal(key_limits_parse(twice, 3, &f->limits, &f->diags, &k), -ERR_INVALID);
    assert_int_equal(key_limits_parse(same_length, 2, &f->limits, &f->diags, &k), -ERR_INVALID);
    assert_string_equal(f->diags.items[0].code, "duplicate_id");
    assert_string_equal(f->diags.items[1].code, "duplicate_id");
    f->limits.key_limits_max = 2;
    assert_int_equal(key_limits_parse(twice, 2, &f->limits, &f->diags, &k), 0);
    key_limits_free(k);
    k = NULL;
    assert_int_equal(key_limits_parse(twice, 3, &f->limits, &f->diags, &k), -ERR_INVALID);
    assert_null(k);
    assert_string_equal(f->diags.items[2].code, "too_many");
    assert_int_equal(key_limits_parse(NULL, 0, &f->limits, &f->diags, &k), 0);
    key_limits_free(k);
    key_limits_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(yaml_and_json_of_one_content_have_one_digest),
        TEST(faults_are_told_with_file_line_and_column),
        TEST(every_bound_has_a_name),
        TEST(what_rules_reach_is_known_without_a_call),
        TEST(a_policy_is_shared_between_threads),
        TEST(limits_are_listed_as_json),
        TEST(the_starter_reads_and_says_what_it_promises),
        TEST(the_order_of_rules_changes_nothing),
        TEST(a_need_is_the_same_beside_others_as_alone),
        TEST(a_call_without_memory_is_refused),
        TEST(a_list_that_is_too_long_is_an_error_and_not_absent),
        TEST(verdicts_of_large_policies_are_quick),
        TEST(limits_of_keys_are_read_or_refused),
        TEST(a_key_has_few_limits_and_none_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
