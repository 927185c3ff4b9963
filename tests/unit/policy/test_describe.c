/* policy/describe.c: what a document says, in sentences that leave nothing out that would narrow or widen it. */
#include "policy/policy.h"

#include "codec/json_read.h"
#include "policy/starter.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p, version: 1}\n"
#define LIMITS HEAD "rules: []\nlimits:\n"
#define PERMIT "rules:\n  - {id: x, effect: permit, match: {%s}}\n"

struct said {
    struct arena a;
    struct json list;
};

static void say(struct said *s, const char *document)
{
    struct diag_list diags;
    struct limits limits;
    struct policy *p;
    struct buf out;
    limits_default(&limits);
    arena_init(&s->a, 8u << 20);
    diag_list_init(&diags, &s->a, 20);
    buf_init(&out, 1u << 20);
    if (policy_parse(str_c(document), STR("p.yaml"), &limits, NULL, &diags, &p) < 0)
        fail_msg("%.*s\n%s", STR_ARG(diags.items[0].message), document);
    assert_int_equal(policy_sentences_json(p, &out), 0);
    assert_int_equal(json_parse(&s->a, arena_str(&s->a, buf_str(&out)), 8, &s->list), 0);
    buf_deinit(&out);
    policy_unref(p);
}

static struct str member(struct json one, const char *name)
{
    struct str text = STR_NONE;
    assert_true(json_str(json_get(one, str_c(name)), &text));
    return text;
}

static void assert_said(const char *document, const char *effect, const char *sentence)
{
    struct said s;
    say(&s, document);
    assert_int_equal(json_len(s.list), 1);
    assert_str(member(json_at(s.list, 0), "effect"), effect);
    assert_str(member(json_at(s.list, 0), "text"), sentence);
    assert_str(member(json_at(s.list, 0), "id"), strcmp(effect, "require") == 0 ? "require-1" : "x");
    arena_deinit(&s.a);
}

static void a_condition_is_said_in_its_authors_words(void **state)
{
    assert_said(HEAD "rules:\n  - {id: x, effect: permit, match: {class: [read]}, when: \"mode == 'live'\"}\n",
                "permit", "Every agent may make calls of class read, if `mode == 'live'`.");
    assert_said(LIMITS "  - {id: x, meter: requests, max: 5, window: {calendar: day}, when: params.n > 3}\n", "limit",
                "At most 5 requests a day, over calls, if `params.n > 3`.");
}

static void a_permit_says_who_may_call_what(void **state)
{
    static const struct {
        const char *match, *sentence;
    } cases[] = {
        {"vendor: [stripe], class: [read]", "Every agent may make calls of class read to stripe."},
        {"operation: [stripe.refunds.*], class: [write, money_out]",
         "Every agent may call stripe.refunds.* of class write or money_out."},
        {"layer: [llm], class: [cost], model: [openai/a, openai/b, anthropic/c]",
         "Every agent may make calls of class cost of the layer llm with the model openai/a, openai/b or "
         "anthropic/c."},
        {"agent: [bot, \"support.*\"], class: [read]", "Agent bot or support.* may make calls of class read."},
        {"class: [read], tenant: [t1], customer: [c1], key: [k1], method: [GET]",
         "Every agent may make calls of class read by GET with the key k1 for the tenant t1 for the customer c1."},
        {"class: [read], vendor: [a, b, c, d, e, f]",
         "Every agent may make calls of class read to a, b, c, d, e or f."},
        {"class: [read], vendor: [a, b, c, d, e, f, g]",
         "Every agent may make calls of class read to a, b, c, d, e, f or 1 more."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char document[1024];
        snprintf(document, sizeof(document), HEAD PERMIT, cases[i].match);
        assert_said(document, "permit", cases[i].sentence);
    }
}

static void a_forbid_says_never_and_why(void **state)
{
    assert_said(HEAD "rules:\n  - {id: x, effect: forbid, match: {operation: [stripe.payouts.*], class: [money_out]},\n"
                     "     reason: cash stays here}\n",
                "forbid", "No agent may call stripe.payouts.* of class money_out: cash stays here.");
    assert_said(HEAD "rules:\n  - {id: x, effect: forbid, match: {agent: [bot], class: [write]}}\n", "forbid",
                "Agent bot may never make calls of class write.");
}

static void a_limit_says_how_much_for_whom_over_what(void **state)
{
    assert_said(LIMITS "  - {id: x, meter: usd, max: \"200.00\", by: [agent], window: {calendar: day},\n"
                       "     on_exceed: deny, match: {class: [money_out]}}\n",
                "limit", "At most 200.00 USD a day for each agent, over calls of class money_out.");
    assert_said(LIMITS "  - {id: x, meter: usd, max: \"1.00\", by: [run], window: {run: true}, on_exceed: clamp,\n"
                       "     match: {layer: [llm]}}\n",
                "limit", "At most 1.00 USD a run, over calls of the layer llm; near the end answers get shorter.");
    assert_said(LIMITS "  - {id: x, meter: requests, max: 10, by: [tenant, customer], window: {sliding: 1m},\n"
                       "     on_exceed: deny, match: {agent: [bot]}}\n",
                "limit", "At most 10 requests in any 1m for each tenant and customer, over calls by agent bot.");
}

static void an_approval_says_that_a_person_is_asked(void **state)
{
    assert_said(HEAD
                "rules:\n  - {id: x, effect: approve, match: {operation: [stripe.refunds.create]},\n"
                     "     approval: finance}\n"
                "approvals: {finance: {backend: cli, ttl: 1h}}\n",
                "approve", "Every agent may call stripe.refunds.create, once a person has approved (finance).");
}

static void a_required_proof_says_of_whom(void **state)
{
#define REQUIRE(entry) HEAD "rules: []\nidentity: {require: [" entry "]}\n"
    assert_said(REQUIRE("{match: {class: [money_out]}, subject: user, customer_from: token}"), "require",
                "Calls of class money_out need an identity token that names a user, and the customer from it.");
    assert_said(REQUIRE("{match: {operation: [stripe.refunds.*], agent: [bot]}, max_chain: 2, max_token_ttl: 10m}"),
                "require",
                "stripe.refunds.* by agent bot need an identity token, through 2 agents at most, valid for 10m at "
                "most.");
    assert_said(REQUIRE("{match: {user: [ann]}, subject: agent, customer_from: resolved}"), "require",
                "Calls for the user ann need an identity token that names the agent, and a customer who is known.");
}

static void the_starter_is_said_whole_rules_first(void **state)
{
    struct said s;
    char text[8192];
    size_t n_rules = 0;
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(policy_starter()));
    say(&s, text);
    for (size_t i = 0; i < json_len(s.list); i++) {
        struct json one = json_at(s.list, i);
        bool is_rule = str_eq(member(one, "kind"), STR("rule"));
        n_rules += is_rule;
        assert_true(is_rule == (i < n_rules));
        assert_true(str_ends(member(one, "text"), STR(".")));
    }
    assert_true(n_rules > 8 && json_len(s.list) > n_rules + 5);
    arena_deinit(&s.a);
}

/* What `flyball dev` begins with is the starter, sentence for sentence, but that what it permits is kept. */
static void dev_begins_with_the_starter_and_keeps_bodies(void **state)
{
    struct said starter, dev;
    static const struct str kept = STR_INIT(", with the bodies of request and answer kept.");
    char text[2][16384];
    size_t n_kept = 0;
    snprintf(text[0], sizeof(text[0]), STR_FMT, STR_ARG(policy_starter()));
    snprintf(text[1], sizeof(text[1]), STR_FMT, STR_ARG(policy_starter_of_dev()));
    say(&starter, text[0]);
    say(&dev, text[1]);
    assert_int_equal(json_len(starter.list), json_len(dev.list));
    for (size_t i = 0; i < json_len(dev.list); i++) {
        struct str was = member(json_at(starter.list, i), "text"), is = member(json_at(dev.list, i), "text");
        bool permits = str_eq(member(json_at(dev.list, i), "kind"), STR("rule")) && str_starts(is, STR("Every agent"));
        assert_int_equal(str_ends(is, kept), permits);
        assert_true(permits ? str_starts(is, str_sub(was, 0, was.n - 1)) : str_eq(is, was));
        n_kept += permits;
    }
    assert_true(n_kept >= 10);
    arena_deinit(&starter.a);
    arena_deinit(&dev.a);
}

static void redactors_and_obligations_are_said(void **state)
{
    static const char document[] =
        HEAD "redact:\n  pii: {detect: [email, card], patterns: {ticket: \"T[0-9]\"}, at: [log, request]}\n"
             "rules:\n  - {id: x, effect: permit, match: {class: [read]}, redact: [pii], obligations: [{type: notify, "
             "properties: {name: seen}}, {type: idempotency_key}, {type: duplicate, properties: {within: 10m}}]}\n";
    struct said s;
    say(&s, document);
    assert_int_equal(json_len(s.list), 2);
    assert_str(member(json_at(s.list, 0), "text"),
               "Every agent may make calls of class read, with an Idempotency-Key, the same once in 10m, noted as "
               "`seen`, redacted by `pii`.");
    assert_str(member(json_at(s.list, 1), "kind"), "redact");
    assert_str(member(json_at(s.list, 1), "text"),
               "`pii` takes email, card and ticket out of requests and records, for \"[{kind}]\".");
    arena_deinit(&s.a);
}

static void a_duplicate_that_persons_decide_on_a_host_and_labels_are_said(void **state)
{
    static const char document[] =
        HEAD "approvals: {two: {ttl: 1h, quorum: 2}}\n"
             "rules:\n  - {id: x, effect: permit, match: {host: [\"*.eu.example.com\"], label.team: [pay, ops], "
             "label.tier: [gold]}, obligations: [{type: duplicate, properties: {within: 10m, then: approve, approval: "
             "two}}]}\n";
    struct said s;
    say(&s, document);
    assert_int_equal(json_len(s.list), 1);
    assert_str(member(json_at(s.list, 0), "text"),
               "Every agent may make calls at the host *.eu.example.com with the label team=pay or ops with the label "
               "tier=gold, the same once in 10m and again, once 2 persons have approved (two).");
    arena_deinit(&s.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redactors_and_obligations_are_said),
        cmocka_unit_test(a_duplicate_that_persons_decide_on_a_host_and_labels_are_said),
        cmocka_unit_test(a_permit_says_who_may_call_what),
        cmocka_unit_test(a_condition_is_said_in_its_authors_words),
        cmocka_unit_test(a_forbid_says_never_and_why),
        cmocka_unit_test(an_approval_says_that_a_person_is_asked),
        cmocka_unit_test(a_limit_says_how_much_for_whom_over_what),
        cmocka_unit_test(a_required_proof_says_of_whom),
        cmocka_unit_test(the_starter_is_said_whole_rules_first),
        cmocka_unit_test(dev_begins_with_the_starter_and_keeps_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
