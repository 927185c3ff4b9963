/* admin/why.c: records in, sentences out. */
#include "../unit.h"

#include "admin/why.h"

/* All sentences, one a line, "topic: text". Freed by the caller. */
static char *explain(const char *record)
{
    struct arena a;
    struct buf json, lines;
    struct json call, list, one;
    struct json_writer w;

    arena_init(&a, 1u << 20);
    buf_init(&json, 1u << 20);
    buf_init(&lines, 1u << 20);
    assert_int_equal(json_parse(&a, str_c(record), 64, &call), 0);
    jw_init(&w, &json);
    why_explain(&a, call, &w);
    assert_int_equal(json_parse(&a, buf_str(&json), 8, &list), 0);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);) {
        struct str topic, text;
        assert_true(json_str(json_get(one, STR("topic")), &topic));
        assert_true(json_str(json_get(one, STR("text")), &text));
        (void)buf_printf(&lines, STR_FMT ": " STR_FMT "\n", STR_ARG(topic), STR_ARG(text));
    }
    char *out = strndup(lines.p, lines.n);
    buf_deinit(&json);
    buf_deinit(&lines);
    arena_deinit(&a);
    return out;
}

#define assert_says(lines, part)                                                                                       \
    do {                                                                                                               \
        if (!strstr((lines), (part)))                                                                                  \
            print_error("%s\nlacks: %s\n", (lines), (part));                                                           \
        assert_non_null(strstr((lines), (part)));                                                                      \
    } while (0)

#define PERMITTED                                                                                                      \
    "{\"call_id\":\"c1\",\"seq\":41,\"chain\":\"00112233445566778899aabbccddeeff\",\"started_at\":\"2026-11-23T12:00:" \
    "00.000Z\","                                                                                                       \
    "\"ended_at\":\"2026-11-23T12:00:00.250Z\",\"run_id\":\"r1\",\"run_source\":\"header\",\"run_trust\":\"claimed\"," \
    "\"vendor\":\"stripe\","                                                                                           \
    "\"operation\":\"stripe.refunds.create\",\"class\":\"money_out\",\"method\":\"POST\",\"path\":\"/v1/"              \
    "refunds\",\"mode\":\"test\","                                                                                     \
    "\"key\":\"k1\",\"agent\":\"support\",\"owner\":\"ann\",\"tenant\":null,\"customer\":\"cus_1\",\"customer_"        \
    "source\":\"lookup\","                                                                                             \
    "\"verdict\":\"permit\",\"code\":null,\"rule\":\"refunds\",\"policy\":\"abcdef0123456789\",\"policy_name\":"       \
    "\"default\","                                                                                                     \
    "\"limits\":[{\"id\":\"daily\",\"bucket\":\"agent=support\",\"meter\":\"usd\",\"window\":\"day\",\"n\":"           \
    "12500000000,\"before\":1000000000,"                                                                               \
    "\"held\":500000000,\"after\":14000000000,\"max\":50000000000,\"resets_at\":\"2026-11-24T00:00:00.000Z\"}],"       \
    "\"amount\":1250,\"currency\":\"USD\",\"exponent\":2,\"predicted\":{\"usd\":\"12.500000000\",\"how\":\"parsed\"}," \
    "\"held\":{\"usd\":\"12.500000000\",\"how\":\"parsed\"},\"settled\":{\"usd\":\"12.500000000\",\"how\":\"parsed\"}" \
    ",\"outcome\":\"settled\","                                                                                        \
    "\"attempts\":[{\"n\":1,\"kind\":\"lookup\",\"method\":\"GET\",\"path\":\"/v1/charges/"                            \
    "{charge}\",\"target\":\"127.0.0.1:9001\",\"started_us\":120,"                                                     \
    "\"total_us\":4500,\"status\":200,\"error\":null},{\"n\":2,\"kind\":\"forward\",\"method\":\"POST\",\"path\":\"/"  \
    "v1/refunds\","                                                                                                    \
    "\"target\":\"127.0.0.1:9001\",\"started_us\":6000,\"total_us\":9001,\"status\":200,\"error\":null}],"             \
    "\"status\":200,\"error\":null,\"vendor_request_id\":\"req_1\",\"phases\":{\"admit\":15,\"sync\":3200,\"total\":"  \
    "250000,\"queue\":null}}"

static void a_permit_names_rule_policy_and_values(void **state)
{
    char *s = explain(PERMITTED);
    assert_int_equal(strncmp(s, "verdict: Permitted by rule refunds of policy default (digest abcdef012345...).\n", 75),
                     0);
    assert_says(s, "call: stripe.refunds.create (class money_out): POST /v1/refunds, test mode.");
    assert_says(s, "amount: 12.50 USD");
    assert_says(s, "customer: cus_1, found by a look-up.");
    assert_says(s, "who: Agent support with key k1, owner ann.");
    assert_says(s, "run: r1, as the agent claims (x-agent-run-id).");
    assert_says(s, "limit: daily (usd a day, agent=support): 1.00 USD settled + 0.50 USD held + 12.50 USD for this "
                   "call <= max 50.00 USD; "
                   "resets at 2026-11-24T00:00:00.000Z.");
    assert_says(s, "predicted: At most 12.50 USD (parsed from the vendor's answer).");
    assert_says(s, "settled: 12.50 USD");
    assert_says(
        s,
        "attempt: 1: look-up GET /v1/charges/{charge} to 127.0.0.1:9001 after 0.120 ms, took 4.380 ms, answered 200.");
    assert_says(s, "attempt: 2: sent POST /v1/refunds");
    assert_says(s, "outcome: Settled:");
    assert_says(s, "answer: The agent got 200, vendor's request id req_1.");
    assert_says(s, "time: Started 2026-11-23T12:00:00.000Z, ended 2026-11-23T12:00:00.250Z; from its start: admit "
                   "0.015 ms, sync 3.200 ms, total 250.000 ms.");
    assert_says(s, "record: Frame 41 of the journal, chain 0011223344556677....");
    free(s);
}

static void a_refusal_leads_with_its_code_and_shows_the_limit_that_is_short(void **state)
{
    char *s = explain(
        "{\"verdict\":\"deny\",\"code\":\"limit_exceeded\",\"rule\":\"refunds\",\"reason\":\"Limit daily is spent.\","
        "\"limits\":[{\"id\":\"daily\",\"bucket\":null,\"meter\":\"requests\",\"window\":\"day\",\"n\":1,\"before\":10,"
        "\"held\":0,\"max\":10}],"
        "\"outcome\":\"none\",\"method\":\"POST\",\"key\":\"k\",\"agent\":\"a\",\"status\":403}");
    assert_int_equal(
        strncmp(s,
                "verdict: Refused, limit_exceeded, although rule refunds permits it.\nreason: Limit daily is spent.\n",
                97),
        0);
    assert_says(s, "limit: daily (requests a day, -): 10 settled + 0 held + 1 for this call > max 10: no room.");
    assert_says(s, "outcome: None: refused, nothing was sent to the vendor.");
    free(s);
}

static void a_limit_in_a_currency_shows_its_amounts_as_money(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"rule\":\"refunds\",\"limits\":[{\"id\":\"euros\",\"bucket\":null,"
                      "\"meter\":\"currency:EUR\",\"window\":\"day\",\"n\":12500000000,\"before\":0,"
                      "\"held\":500000000,\"max\":80000000000}],\"method\":\"POST\"}");
    assert_says(s, "limit: euros (currency:EUR a day, -): 0.00 EUR settled + 0.50 EUR held + 12.50 EUR for this call "
                   "<= max 80.00 EUR");
    free(s);
}

static void a_call_to_a_model_shows_tokens_price_and_what_it_asked_for(void **state)
{
    char *s = explain(
        "{\"verdict\":\"permit\",\"outcome\":\"settled\","
        "\"model_asked\":\"gpt-4o-mini\",\"model_sent\":\"gpt-4o-mini\","
        "\"model_returned\":\"gpt-4o-mini-2024-07-18\",\"finish\":\"tool_calls\",\"stream_end\":\"complete\","
        "\"prompt\":\"refunds@7\",\"prompt_hash\":\"0123456789abcdef\",\"facts\":{\"tokens\":{\"input\":900,"
        "\"output\":300}},\"tokens\":{\"input\":812,\"output\":42},\"tokens_how\":\"parsed\",\"web_searches\":2,"
        "\"catalog\":\"2026-11-01\",\"tier\":\"standard\",\"settled\":{\"usd\":\"0.000147000\",\"how\":\"priced\"},"
        "\"tool_calls\":[{\"id\":\"call_a\",\"name\":\"refund\",\"args_hash\":null},{}]}");
    assert_says(s, "model: Asked for gpt-4o-mini, sent as gpt-4o-mini, answered by gpt-4o-mini-2024-07-18; it ended "
                   "with tool_calls, stream complete.");
    assert_says(s, "prompt: refunds@7 (system prompt and tools have the hash 0123456789ab...).");
    assert_says(s, "tokens: Predicted: at most 900 in and 300 out.");
    assert_says(s, "tokens: Used: 812 input, 42 output (counted by the vendor).");
    assert_says(s, "tokens: The vendor searched the web 2 times, which it bills.");
    assert_says(s, "price: By the catalog of 2026-11-01, tier standard.");
    assert_says(s, "settled: 0.000147 USD (priced by table).");
    assert_says(s, "outcome: Settled: what the vendor counted has a price.");
    assert_says(s, "tool call: refund (call_a).");
    assert_says(s, "tool call: A tool without a name.");
    free(s);
}

static void an_estimate_is_said_to_be_one(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"outcome\":\"settled\",\"model_asked\":\"m\",\"tokens\":{\"output\":7},"
                      "\"tokens_how\":\"estimated\",\"settled\":{\"usd\":\"1.000000000\",\"how\":\"estimated\"}}");
    assert_says(s, "tokens: Used: 7 output (estimated from what was seen).");
    assert_says(s, "settled: 1.00 USD (estimated).");
    assert_says(s, "outcome: Settled at an estimate");
    assert_says(s, "price: No catalog has a price for this model.");
    assert_null(strstr(s, "Predicted"));
    free(s);
}

static void a_cause_is_a_fact_only_where_it_is_one(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"caused_by\":{\"call_id\":\"c1\",\"tool_call_id\":\"t1\","
                      "\"how\":\"explicit\"}}");
    assert_says(s, "cause: Tool call t1 of call c1 (explicit).");
    assert_null(strstr(s, "model: "));
    free(s);
    s = explain("{\"caused_by\":{\"call_id\":\"c1\",\"tool_call_id\":\"t1\",\"how\":\"inferred\"}}");
    assert_says(s, "cause: Perhaps tool call t1 of call c1: its values stand in this call, which proves nothing.");
    free(s);
    s = explain("{\"caused_by\":{\"call_id\":null,\"tool_call_id\":\"t1\",\"how\":\"explicit\"}}");
    assert_says(s, "cause: Tool call t1, as the agent says; no model of this run was seen to ask for it.");
    free(s);
}

static void no_rule_is_said_to_be_none(void **state)
{
    char *s =
        explain("{\"verdict\":\"deny\",\"code\":\"policy_denied\",\"key\":\"k\",\"agent\":\"a\",\"outcome\":\"none\"}");
    assert_says(s, "verdict: Refused, policy_denied, no rule permits it.");
    free(s);
    s = explain("{\"verdict\":\"deny\",\"code\":\"policy_denied\",\"policy\":\"0011223344556677\","
                "\"policy_name\":\"default\"}");
    assert_says(s, "verdict: Refused, policy_denied, no rule of policy default (digest 001122334455...) permits it.");
    free(s);
}

static void what_stands_before_the_rules_names_none(void **state)
{
    char *s =
        explain("{\"verdict\":\"deny\",\"code\":\"key_revoked\",\"key\":\"k\",\"agent\":\"a\",\"outcome\":\"none\"}");
    assert_says(s, "verdict: Refused, key_revoked.");
    free(s);
    s = explain("{\"verdict\":\"deny\",\"code\":\"policy_denied\",\"rule\":\"no-cash-out\"}");
    assert_says(s, "verdict: Refused, policy_denied by rule no-cash-out.");
    free(s);
}

static void a_read_that_was_sent_is_not_said_to_be_unsent(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"outcome\":\"none\",\"attempts\":[{\"n\":1,\"kind\":\"forward\"}]}");
    assert_says(s, "outcome: None: it was sent, and moves no money.");
    free(s);
    s = explain("{\"verdict\":\"permit\",\"outcome\":\"none\",\"attempts\":[{\"n\":1,\"kind\":\"lookup\"}]}");
    assert_says(s, "outcome: None: nothing was sent to the vendor.");
    free(s);
}

static void an_unknown_outcome_says_what_to_do(void **state)
{
    char *s = explain(
        "{\"verdict\":\"permit\",\"outcome\":\"unknown\",\"code\":\"outcome_unknown\",\"error\":\"the message ended "
        "early\","
        "\"held\":{\"usd\":\"1.000000000\",\"how\":\"estimated\"},\"settled\":null,\"overrun\":false,\"status\":502,"
        "\"attempts\":[{\"n\":1,\"kind\":\"forward\",\"started_us\":5,\"total_us\":null,\"status\":null,\"error\":"
        "\"truncated\"}]}");
    assert_says(s, "The hold stays until that is learned");
    assert_says(s, "held: 1.00 USD (estimated before the call).");
    assert_says(s, "no answer, truncated.");
    assert_says(s, "answer: The agent got 502, code outcome_unknown, the message ended early.");
    assert_null(strstr(s, "settled:"));
    assert_null(strstr(s, "overrun:"));
    assert_null(strstr(s, "Was unknown"));
    free(s);
    s = explain("{\"verdict\":\"permit\",\"outcome\":\"settled\",\"resolved_by\":\"c2\",\"resolved_at\":\"2026-11-"
                "23T12:00:00.000Z\",\"replay\":true}");
    assert_says(s, "outcome: Was unknown; call c2 brought it at 2026-11-23T12:00:00.000Z.");
    assert_says(s, "replay: ");
    free(s);
}

static void an_open_call_is_open(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"outcome\":null,\"shares\":\"c0\",\"overrun\":true,\"amount\":500,"
                      "\"currency\":\"JPY\",\"exponent\":0}");
    assert_says(s, "outcome: Open:");
    assert_says(s, "Shares the hold of call c0");
    assert_says(s, "overrun: It cost more");
    assert_says(s, "amount: 500 JPY");
    free(s);
}

static void an_empty_or_odd_record_still_gives_sentences(void **state)
{
    char *s = explain("{}");
    assert_says(s, "verdict: Refused");
    free(s);
    s = explain("{\"limits\":7,\"attempts\":\"x\",\"verdict\":[],\"phases\":[1],\"predicted\":{\"usd\":\"-\"}}");
    free(s);
}

static void accounts_and_answers_of_scopes_are_told(void **state)
{
    char *s = explain("{\"verdict\":\"permit\",\"affected\":{\"accounts\":[{\"id\":\"cus_1\",\"customer\":true},"
                      "{\"id\":\"ch_1\",\"customer\":false}]},\"answers\":["
                      "{\"question\":\"relation\",\"name\":\"can_act_for\",\"subject\":\"agent:bot\",\"about\":"
                      "\"cus_1\",\"from\":\"openfga\",\"value\":\"yes\",\"age_ms\":120},"
                      "{\"question\":\"query\",\"source\":\"crm\",\"about\":\"cus_1\",\"from\":\"crm\",\"unknown\":"
                      "\"it did not answer in time\",\"age_ms\":0},"
                      "{\"question\":\"created_by\",\"name\":\"agent\",\"about\":\"ch_1\",\"from\":\"record\","
                      "\"value\":\"\",\"age_ms\":0}]}");
    assert_says(s, "accounts: It acts on cus_1, ch_1 (nobody's).\n");
    assert_says(s, "scope: cus_1: relation can_act_for of agent:bot: yes (openfga, 120 ms before).\n");
    assert_says(s, "scope: cus_1: allowed, not known: it did not answer in time (crm).\n");
    assert_says(s, "scope: ch_1: created by its agent: none (record).\n");
    free(s);
    s = explain("{\"affected\":{\"untold\":\"it names no customer\",\"accounts\":[]}}");
    assert_says(s, "accounts: It cannot be told: it names no customer.\n");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_and_answers_of_scopes_are_told),
        cmocka_unit_test(a_permit_names_rule_policy_and_values),
        cmocka_unit_test(a_refusal_leads_with_its_code_and_shows_the_limit_that_is_short),
        cmocka_unit_test(a_limit_in_a_currency_shows_its_amounts_as_money),
        cmocka_unit_test(a_call_to_a_model_shows_tokens_price_and_what_it_asked_for),
        cmocka_unit_test(an_estimate_is_said_to_be_one),
        cmocka_unit_test(a_cause_is_a_fact_only_where_it_is_one),
        cmocka_unit_test(no_rule_is_said_to_be_none),
        cmocka_unit_test(what_stands_before_the_rules_names_none),
        cmocka_unit_test(a_read_that_was_sent_is_not_said_to_be_unsent),
        cmocka_unit_test(an_unknown_outcome_says_what_to_do),
        cmocka_unit_test(an_open_call_is_open),
        cmocka_unit_test(an_empty_or_odd_record_still_gives_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
