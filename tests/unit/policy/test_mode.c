/*
 * policy/mode: how long a document observes, whom it observes, and one document in shadow beside another.
 */
#include "operations.h"
#include "policy/policy.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\n"
#define PERMIT_A "rules: [{id: a, effect: permit, match: {operation: [v.a]}}]\n"
#define PERMIT_B "rules: [{id: b, effect: permit, match: {operation: [v.b]}}]\n" \
    "limits: [{id: one, meter: requests, max: 1, window: {lifetime: true}}]\n"
#define DAY_NS (86400 * NS_PER_S)

struct fixture {
    struct arena a;
    struct diag_list diags;
};

static struct policy *parse(struct fixture *x, const char *text)
{
    struct limits limits;
    struct policy *p = NULL;
    diag_list_init(&x->diags, &x->a, 10);
    limits_default(&limits);
    if (policy_parse(str_c(text), STR("p.yaml"), &limits, NULL, &x->diags, &p) < 0)
        return NULL;
    return p;
}

static struct verdict decide(struct fixture *x, const struct policy *p, const char *operation)
{
    struct facts f = {.layer = STR("saas"), .vendor = STR("v"), .operation = str_c(operation), .class = CLASS_WRITE,
                      .agent = STR("bot"), .now = 1795437000 * NS_PER_S};
    struct verdict v;
    policy_decide(p, NULL, &f, 0, &x->a, &v);
    return v;
}

static void it_observes_for_14_days_from_when_it_was_applied(void **state)
{
    struct fixture x;
    wall_t at = 1795437000 * NS_PER_S;
    arena_init(&x.a, 1 << 20);
    struct policy *p = parse(&x, HEAD "mode: {observe: {vendors: [v, \"w*\"]}}\n" PERMIT_A);
    assert_non_null(p);
    assert_true(policy_observes(p, STR("v"), at + 1000 * DAY_NS)); /* read, and not applied */
    policy_applied(p, at);
    assert_int_equal(policy_observes_until(p, at), at + OBSERVE_DAYS * DAY_NS);
    assert_true(policy_observes(p, STR("v"), at + OBSERVE_DAYS * DAY_NS - 1));
    assert_false(policy_observes(p, STR("v"), at + OBSERVE_DAYS * DAY_NS));
    assert_true(policy_observes(p, STR("w1"), at) && !policy_observes(p, STR("x"), at));
    assert_false(policy_observes(p, STR(""), at));
    policy_applied(p, at + DAY_NS); /* said once */
    assert_int_equal(policy_observes_until(p, at), at + OBSERVE_DAYS * DAY_NS);
    assert_true(str_eq(policy_observed_text(p, &x.a), STR("v, w*")));
    policy_unref(p);
    arena_deinit(&x.a);
}

static void an_end_that_is_written_is_not_moved(void **state)
{
    struct fixture x;
    wall_t end;
    arena_init(&x.a, 1 << 20);
    assert_int_equal(wall_parse(STR("2026-12-24T00:00:00Z"), &end), 0);
    struct policy *p =
        parse(&x, HEAD "mode: {observe: {vendors: [v], until: \"2026-12-24T00:00:00Z\"}}\n" PERMIT_A);
    policy_applied(p, end - DAY_NS);
    assert_int_equal(policy_observes_until(p, end - 1), end);
    assert_int_equal(policy_observes_until(p, end), 0);
    policy_unref(p);
    arena_deinit(&x.a);
}

static void a_document_in_shadow_decides_nothing_and_is_told_beside(void **state)
{
    struct fixture x;
    arena_init(&x.a, 1 << 20);
    struct policy *active = parse(&x, HEAD PERMIT_A), *shadow = parse(&x, HEAD "mode: shadow\n" PERMIT_B);
    struct policy *both = policy_beside(active, shadow);
    policy_unref(active);
    policy_unref(shadow);
    assert_ptr_equal(policy_shadow(both), shadow);
    struct verdict v = decide(&x, both, "v.a"), w = decide(&x, both, "v.b"), none = decide(&x, shadow, "v.b");
    assert_int_equal(v.effect, EFFECT_PERMIT);
    assert_true(str_eq(v.policy, policy_digest(both)) && str_eq(v.would_of, STR("document")));
    assert_int_equal(v.would->effect, EFFECT_DENY);
    assert_int_equal(w.effect, EFFECT_DENY);
    assert_int_equal(w.would->effect, EFFECT_PERMIT);
    assert_true(str_eq(w.would->policy, policy_digest(shadow)));
    assert_int_equal(none.effect, EFFECT_DENY); /* beside nothing there is no document */
    assert_int_equal(none.would->effect, EFFECT_PERMIT);
    policy_unref(both);
    arena_deinit(&x.a);
}

/* The same limit in both is held once; one that only the shadow has is held beside, and refuses nothing. */
static void what_a_document_in_shadow_counts_is_counted_once(void **state)
{
    struct fixture x;
    arena_init(&x.a, 1 << 20);
    struct policy *active = parse(&x, HEAD PERMIT_B);
    struct policy *shadow = parse(&x, HEAD "mode: shadow\nrules: [{id: b, effect: permit, match: {}}]\nlimits:\n"
                                           "  - {id: one, meter: requests, max: 0, window: {lifetime: true}}\n"
                                           "  - {id: two, meter: requests, max: 0, window: {lifetime: true}}\n");
    struct policy *both = policy_beside(active, shadow);
    struct verdict v = decide(&x, both, "v.b");
    assert_int_equal(v.n_needs, 2);
    assert_true(str_eq(v.needs[0].id, STR("one")) && !v.needs[0].is_shadow && v.needs[0].max == 1);
    assert_true(str_eq(v.needs[1].id, STR("two")) && v.needs[1].is_shadow);
    v.needs[0].after = v.needs[1].after = 1;
    v.needs[0].raised_until = 77;
    policy_settle_would(&v, &(struct facts){.agent = STR("bot")}, &x.a);
    assert_int_equal(v.would->code, CODE_LIMIT_EXCEEDED);
    assert_true(v.would->needs[0].is_short && v.would->needs[0].raised_until == 77);
    policy_unref(active);
    policy_unref(shadow);
    policy_unref(both);
    arena_deinit(&x.a);
}

/* The call is decided twice, and nobody is asked twice. */
static void questions_of_both_verdicts_are_asked_once(void **state)
{
    struct fixture x;
    struct verdict v;
    const struct affected_account account = {.id = STR("cus_1"), .is_customer = true};
    struct facts f = {.layer = STR("saas"), .vendor = STR("v"), .operation = STR("v.a"), .class = CLASS_WRITE,
                      .agent = STR("bot"), .key = STR("k"), .now = 1795437000 * NS_PER_S, .customer = STR("cus_1")};
    arena_init(&x.a, 1 << 20);
    struct policy *p = parse(&x, HEAD "rules:\n"
        "  - {id: a, effect: permit, match: {vendor: [v]}, scope: {customer: {created_by: agent}}}\n"
        "  - {id: b, effect: forbid, match: {operation: [v.a]}, when: \"mode == 'live'\", mode: shadow}\n");
    assert_non_null(p);
    policy_decide(p, NULL, &f, POLICY_MAY_ASK, &x.a, &v);
    assert_true(v.wants_affected && v.n_questions == 0);
    f.affected = (struct affected){.state = AFFECTED_TOLD, .items = &account, .n = 1};
    policy_decide(p, NULL, &f, POLICY_MAY_ASK, &x.a, &v);
    assert_int_equal(v.n_questions, 1);
    policy_unref(p);
    arena_deinit(&x.a);
}

static void expect_fault(struct fixture *x, const char *mode, const char *want)
{
    char text[512];
    snprintf(text, sizeof text, HEAD "mode: %s\n" PERMIT_A, mode);
    arena_init(&x->a, 1 << 20);
    assert_null(parse(x, text));
    assert_true(x->diags.items[0].line == 4);
    if (!str_starts(x->diags.items[0].message, str_c(want)))
        fail_msg("%.*s", STR_ARG(x->diags.items[0].message));
    arena_deinit(&x->a);
}

static void other_modes_are_refused(void **state)
{
    struct fixture x;
    expect_fault(&x, "shadw", "value of `mode` `shadw` is not known; did you mean `shadow`?");
    expect_fault(&x, "observe", "`observe` names vendors");
    expect_fault(&x, "{observe: {}}", "`observe` needs `vendors`");
    expect_fault(&x, "{observe: {vendors: []}}", "`vendor` names nothing");
    expect_fault(&x, "{observe: {vendors: [v], until: soon}}", "`until` is a time");
    expect_fault(&x, "{observe: [v]}", "`observe` must be a map");
    expect_fault(&x, "{enforce: true}", "key `enforce` is not known");
}

#define MANY "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(x, [x, x, x, x, x, x, x, x]).size()"
#define WATCHED(id) "  - {id: " id ", effect: forbid, match: {}, when: \"" MANY " > 10\", mode: shadow}\n"
#define DECIDED "  - {id: z, effect: permit, match: {}, when: \"" MANY " == 10\"}\n"

static enum effect effect_within(const struct policy *p, size_t bytes)
{
    struct fixture x;
    arena_init(&x.a, bytes);
    enum effect e = decide(&x, p, "v.a").effect;
    arena_deinit(&x.a);
    return e;
}

/* A call may take so much memory and no more. What is watched takes of it what the verdict has left. */
static void what_is_in_shadow_takes_no_memory_from_the_verdict(void **state)
{
    struct fixture x;
    size_t least = 0, kept = 16; /* for what rules come to, a byte each */
    arena_init(&x.a, 1 << 20);
    struct policy *alone = parse(&x, HEAD "rules:\n" DECIDED);
    struct policy *watched = parse(&x, HEAD "rules:\n" WATCHED("a") WATCHED("b") DECIDED);
    assert_true(alone && watched);
    while (effect_within(alone, least) != EFFECT_PERMIT)
        least += 16;
    assert_true(least > 2000);
    for (size_t bytes = 0; bytes < 4 * least; bytes += 16)
        assert_int_equal(effect_within(watched, bytes + kept), effect_within(alone, bytes));
    policy_unref(alone);
    policy_unref(watched);
    arena_deinit(&x.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_observes_for_14_days_from_when_it_was_applied),
        cmocka_unit_test(an_end_that_is_written_is_not_moved),
        cmocka_unit_test(a_document_in_shadow_decides_nothing_and_is_told_beside),
        cmocka_unit_test(what_a_document_in_shadow_counts_is_counted_once),
        cmocka_unit_test(questions_of_both_verdicts_are_asked_once),
        cmocka_unit_test(what_is_in_shadow_takes_no_memory_from_the_verdict),
        cmocka_unit_test(other_modes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
