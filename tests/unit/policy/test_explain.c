/* policy/explain.c: how each rule came out, and the permit that is nearest to what was denied. */
#include "policy/explain.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "policy/trial.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\nrules:\n"

struct world {
    struct arena a;
    struct json j;
};

static int explain(struct world *w, const char *document, const char *given)
{
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    struct buf b;
    arena_init(&w->a, 8u << 20);
    limits_default(&limits);
    diag_list_init(&diags, &w->a, 20);
    buf_init(&b, 1u << 20);
    if (document && policy_parse(str_c(document), STR("p"), &limits, NULL, &diags, &p) < 0)
        fail_msg("%.*s", STR_ARG(diags.items[0].message));
    int r = policy_explain_given(p, str_c(given), STR("g"), &limits, NULL, &w->a, &diags, &b);
    if (r == 0)
        assert_int_equal(json_parse(&w->a, buf_str(&b), 16, &w->j), 0);
    buf_deinit(&b);
    policy_unref(p);
    return r;
}

static struct str text(const struct world *w, const char *path)
{
    return json_text_of(json_path(w->j, str_c(path)));
}

#define REFUND "{request: {operation: v.refund, class: money_out, params: {amount: 700, currency: usd}}, " \
               "principal: {agent: bot}}"

static void every_rule_says_how_it_came_out_and_why_not(void **state)
{
    struct world w;
    explain(&w, HEAD "  - {id: a, effect: permit, match: {operation: [v.other], agent: [x]}}\n"
                     "  - {id: b, effect: permit, match: {operation: [v.refund]}, when: params.amount <= 500}\n"
                     "  - {id: c, effect: forbid, match: {class: [read]}}\n"
                     "  - {id: d, effect: permit, match: {class: [money_out], customer: [cus_1]}}\n", REFUND);
    assert_str(text(&w, "verdict.decision"), "deny");
    assert_str(text(&w, "rules[0].result"), "no");
    assert_str(text(&w, "rules[0].why"), "operation is v.refund, and not v.other");
    assert_str(text(&w, "rules[1].result"), "no");
    assert_str(text(&w, "rules[2].why"), "class is money_out, and not read");
    assert_str(text(&w, "rules[2].effect"), "forbid");
    assert_str(text(&w, "rules[3].result"), "maybe");
    arena_deinit(&w.a);
}

static void the_nearest_permit_is_the_one_of_which_the_least_is_false(void **state)
{
    struct world w;
    size_t at;
    explain(&w, HEAD "  - {id: a, effect: permit, match: {operation: [v.other], agent: [x]}}\n"
                     "  - {id: b, effect: permit, match: {operation: [v.refund]}, when: params.amount <= 500}\n",
            REFUND);
    assert_str(text(&w, "nearest.rule"), "b");
    assert_true(str_find(text(&w, "nearest.why"), STR("700"), &at));
    arena_deinit(&w.a);
    explain(&w, HEAD "  - {id: a, effect: permit, match: {operation: [v.other], agent: [x]}}\n"
                     "  - {id: z, effect: permit, match: {operation: [v.other], agent: [bot]}}\n", REFUND);
    assert_str(text(&w, "nearest.rule"), "z");
    arena_deinit(&w.a);
}

static void what_a_rule_or_a_limit_decided_has_no_nearest(void **state)
{
    struct world w;
    explain(&w, HEAD "  - {id: f, effect: forbid, match: {class: [money_out]}}\n"
                     "  - {id: p, effect: permit, match: {agent: [x]}}\n", REFUND);
    assert_str(text(&w, "verdict.rule"), "f");
    assert_int_equal(json_type(json_get(w.j, STR("nearest"))), JSON_NULL);
    arena_deinit(&w.a);
    explain(&w, HEAD "  - {id: p, effect: permit, match: {agent: [bot]}}\nlimits:\n"
                     "  - {id: day, meter: usd, max: \"5.00\", window: {calendar: day}, match: {class: [money_out]}}\n",
            REFUND);
    assert_str(text(&w, "verdict.code"), "limit_exceeded");
    assert_str(text(&w, "verdict.limits[0].asks"), "7.000000000");
    assert_int_equal(json_type(json_get(w.j, STR("nearest"))), JSON_NULL);
    arena_deinit(&w.a);
}

static void an_authority_needs_its_exact_name_and_is_told_so(void **state)
{
    struct world w;
    explain(&w, HEAD "  - {id: all, effect: permit, match: {operation: [\"v.*\"]}}\n",
            "{request: {operation: v.keys.create, class: authority}}");
    assert_str(text(&w, "nearest.why"), "an operation of class authority is permitted only by its exact name");
    arena_deinit(&w.a);
}

static void without_a_document_there_is_nothing_to_be_near(void **state)
{
    struct world w;
    assert_int_equal(explain(&w, NULL, REFUND), 0);
    assert_str(text(&w, "verdict.decision"), "deny");
    assert_int_equal(json_type(json_get(w.j, STR("nearest"))), JSON_NULL);
    arena_deinit(&w.a);
}

static void a_request_of_wrong_form_is_refused(void **state)
{
    struct world w;
    assert_int_equal(explain(&w, NULL, "[]"), -ERR_INVALID);
    arena_deinit(&w.a);
    assert_int_equal(explain(&w, NULL, "{request: {operaton: v.a}}"), -ERR_INVALID);
    arena_deinit(&w.a);
}

static void a_host_and_a_label_say_what_they_are_and_should_be(void **state)
{
    struct world w;
    explain(&w, HEAD "  - {id: a, effect: permit, match: {host: [eu.example.com]}}\n"
                     "  - {id: b, effect: permit, match: {label.team: [pay, \"ops-*\"]}}\n"
                     "  - {id: c, effect: permit, match: {label.tier: [gold]}}\n",
            "{request: {operation: v.refund, host: us.example.com}, principal: {labels: {team: sales}}}");
    assert_str(text(&w, "rules[0].why"), "host is us.example.com, and not eu.example.com");
    assert_str(text(&w, "rules[1].why"), "label team is sales, and not pay, ops-*");
    assert_str(text(&w, "rules[2].why"), "the key has no label tier, and it must be gold");
    arena_deinit(&w.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_and_a_label_say_what_they_are_and_should_be),
        cmocka_unit_test(every_rule_says_how_it_came_out_and_why_not),
        cmocka_unit_test(the_nearest_permit_is_the_one_of_which_the_least_is_false),
        cmocka_unit_test(what_a_rule_or_a_limit_decided_has_no_nearest),
        cmocka_unit_test(an_authority_needs_its_exact_name_and_is_told_so),
        cmocka_unit_test(without_a_document_there_is_nothing_to_be_near),
        cmocka_unit_test(a_request_of_wrong_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
