/* policy/diff.c: what two documents differ in, and which way. */
#include "policy/diff.h"

#include "codec/json_read.h"
#include "unit.h"

#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p, version: %d}\n"
#define RULES "rules:\n"
#define LIMITS "rules: []\nlimits:\n"

struct compared {
    struct arena a;
    struct json diff, changes;
};

static struct policy *parsed(struct arena *a, const char *text, int version)
{
    struct limits limits;
    struct diag_list diags;
    struct policy *p;
    limits_default(&limits);
    diag_list_init(&diags, a, 20);
    struct str document = arena_printf(a, HEAD "%s", version, text);
    if (policy_parse(document, STR("p.yaml"), &limits, NULL, &diags, &p) < 0)
        fail_msg("%.*s\n%s", STR_ARG(diags.items[0].message), text);
    return p;
}

/* `old` NULL: there was none. */
static void compare(struct compared *x, const char *old, const char *new)
{
    struct buf b;
    arena_init(&x->a, 8u << 20);
    buf_init(&b, 1u << 20);
    struct policy *o = old ? parsed(&x->a, old, 1) : NULL, *n = parsed(&x->a, new, 2);
    assert_int_equal(policy_diff_json(o, n, &b), 0);
    assert_int_equal(json_parse(&x->a, buf_str(&b), 8, &x->diff), 0);
    x->changes = json_get(x->diff, STR("changes"));
    buf_deinit(&b);
    policy_unref(o);
    policy_unref(n);
}

static struct str text_of(struct json one, const char *name)
{
    return json_text_of(json_get(one, str_c(name)));
}

/* Exactly one difference, of that kind; `opens`: 0 or 1. */
static void assert_one(const char *old, const char *new, const char *change, int opens)
{
    struct compared x;
    bool is_open = false;
    compare(&x, old, new);
    assert_int_equal(json_len(x.changes), 1);
    assert_str(text_of(json_at(x.changes, 0), "change"), change);
    assert_true(json_bool(json_get(json_at(x.changes, 0), STR("opens")), &is_open));
    assert_int_equal(is_open, opens);
    arena_deinit(&x.a);
}

static void assert_same(const char *old, const char *new)
{
    struct compared x;
    compare(&x, old, new);
    assert_int_equal(json_len(x.changes), 0);
    arena_deinit(&x.a);
}

#define PERMIT_A RULES "  - {id: r, effect: permit, match: {operation: [v.a]}}\n"
#define PERMIT_AB RULES "  - {id: r, effect: permit, match: {operation: [v.a, v.b]}}\n"
#define PERMIT_A_IF RULES "  - {id: r, effect: permit, match: {operation: [v.a]}, when: \"mode == 'test'\"}\n"
#define PERMIT_A_IF_LIVE RULES "  - {id: r, effect: permit, match: {operation: [v.a]}, when: \"mode == 'live'\"}\n"
#define FORBID_A RULES "  - {id: r, effect: forbid, match: {operation: [v.a]}}\n"
#define FORBID_AB RULES "  - {id: r, effect: forbid, match: {operation: [v.a, v.b]}}\n"
#define NOTHING "rules: []\n"

static void the_same_text_under_another_version_is_no_difference(void **state)
{
    assert_same(PERMIT_A, PERMIT_A);
    assert_same("sets: {s: [v.a]}\nrules:\n  - {id: r, effect: permit, match: {operation: [\"set:s\"]}}\n",
                "sets: {other: [v.a], s: [v.x]}\nrules:\n"
                "  - {id: r, effect: permit, match: {operation: [\"set:other\"]}}\n");
}

static void rules_that_come_and_go_say_what_becomes_of_their_calls(void **state)
{
    assert_one(NOTHING, PERMIT_A, "permitted", 1);
    assert_one(PERMIT_A, NOTHING, "no_longer_permitted", 0);
    assert_one(NOTHING, FORBID_A, "forbidden", 0);
    assert_one(FORBID_A, NOTHING, "no_longer_forbidden", 1);
    assert_one(PERMIT_A, FORBID_A, "forbidden", 0);
    assert_one(FORBID_A, PERMIT_A, "permitted", 1);
}

static void a_rule_that_reaches_more_or_less_is_told_apart(void **state)
{
    assert_one(PERMIT_A, PERMIT_AB, "permitted", 1);
    assert_one(PERMIT_AB, PERMIT_A, "no_longer_permitted", 0);
    assert_one(FORBID_A, FORBID_AB, "forbidden", 0);
    assert_one(FORBID_AB, FORBID_A, "no_longer_forbidden", 1);
    assert_one(PERMIT_A_IF, PERMIT_A, "permitted", 1);
    assert_one(PERMIT_A, PERMIT_A_IF, "no_longer_permitted", 0);
    assert_one(PERMIT_A_IF, PERMIT_A_IF_LIVE, "rule_changed", 1); /* neither is known to have all of the other */
}

static void names_beyond_those_of_a_sentence_count_too(void **state)
{
    assert_one(RULES "  - {id: r, effect: permit, match: {operation: [v.a, v.b, v.c, v.d, v.e, v.f, v.g, v.h]}}\n",
               RULES "  - {id: r, effect: permit, match: {operation: [v.a, v.b, v.c, v.d, v.e, v.f, v.g, v.i]}}\n",
               "rule_changed", 1);
}

#define SCOPED(set, in) \
    "sets: {s: [" set "]}\nrules:\n" \
    "  - {id: r, effect: permit, match: {operation: [v.a]}, scope: {customer: {in: [" in "]}}}\n"
#define EIGHT "c1, c2, c3, c4, c5, c6, c7, c8"

static void the_accounts_of_a_scope_are_compared_not_the_name_of_their_set(void **state)
{
    assert_one(SCOPED(EIGHT ", c9", "\"set:s\""), SCOPED(EIGHT ", c10", "\"set:s\""), "rule_changed", 1);
    assert_one(SCOPED(EIGHT, "\"set:s\""), SCOPED(EIGHT ", c9", "\"set:s\""), "rule_changed", 1);
    assert_same(SCOPED(EIGHT, "\"set:s\""), SCOPED(EIGHT, EIGHT));
    assert_one(PERMIT_A, SCOPED("c1", "\"set:s\""), "rule_changed", 1);
}

#define LIMIT(max, window) \
    LIMITS "  - {id: day, meter: usd, max: \"" max "\", window: {calendar: " window "}, match: {class: [money_out]}}\n"

static void limits_are_raised_lowered_new_gone_or_count_something_else(void **state)
{
    assert_same(LIMIT("5.00", "day"), LIMIT("5.0", "day"));
    assert_one(LIMIT("5.00", "day"), LIMIT("6.00", "day"), "limit_raised", 1);
    assert_one(LIMIT("5.00", "day"), LIMIT("4.00", "day"), "limit_lowered", 0);
    assert_one(NOTHING, LIMIT("5.00", "day"), "limit_new", 0);
    assert_one(LIMIT("5.00", "day"), NOTHING, "limit_gone", 1);
    assert_one(LIMIT("5.00", "day"), LIMIT("6.00", "week"), "limit_changed", 1);
}

static void a_limit_says_whether_its_count_stays(void **state)
{
    struct compared x;
    bool keeps = false;
    compare(&x, LIMIT("5.00", "day"), LIMIT("6.00", "day"));
    assert_true(json_bool(json_get(json_at(x.changes, 0), STR("keeps_count")), &keeps) && keeps);
    arena_deinit(&x.a);
    compare(&x, LIMIT("5.00", "day"), LIMIT("5.00", "week"));
    assert_true(json_bool(json_get(json_at(x.changes, 0), STR("keeps_count")), &keeps) && !keeps);
    assert_str(text_of(json_at(x.changes, 0), "before"), "At most 5.00 USD a day, over calls of class money_out.");
    assert_str(text_of(json_at(x.changes, 0), "after"), "At most 5.00 USD a week, over calls of class money_out.");
    arena_deinit(&x.a);
}

#define PROOF(class) "{match: {class: [" class "]}, subject: user}"
#define REQUIRE(list) "identity: {require: [" list "]}\n"

static void proofs_of_identity_are_told_by_what_they_say(void **state)
{
    assert_one(NOTHING, REQUIRE(PROOF("read")) NOTHING, "proof_new", 0);
    assert_one(REQUIRE(PROOF("read") ", " PROOF("write")) NOTHING, REQUIRE(PROOF("write")) NOTHING, "proof_gone", 1);
}

static void other_sections_are_shown_as_they_stand(void **state)
{
    struct compared x;
    compare(&x, "defaults: {currency: USD}\n" NOTHING, NOTHING);
    assert_int_equal(json_len(x.changes), 1);
    assert_str(text_of(json_at(x.changes, 0), "change"), "section");
    assert_str(text_of(json_at(x.changes, 0), "id"), "defaults");
    assert_str(text_of(json_at(x.changes, 0), "before"), "{\"currency\":\"USD\"}");
    arena_deinit(&x.a);
}

static void a_mode_that_is_not_said_is_enforce(void **state)
{
    struct compared x;
    assert_same("mode: enforce\n" NOTHING, NOTHING);
    compare(&x, NOTHING, "mode: shadow\n" NOTHING);
    assert_str(text_of(json_at(x.changes, 0), "before"), "\"enforce\"");
    assert_str(text_of(json_at(x.changes, 0), "after"), "\"shadow\"");
    arena_deinit(&x.a);
}

static void without_an_old_document_everything_is_new(void **state)
{
    struct compared x;
    compare(&x, NULL, PERMIT_AB);
    assert_int_equal(json_type(json_get(x.diff, STR("old"))), JSON_NULL);
    assert_int_equal(json_len(x.changes), 1);
    assert_str(text_of(json_get(x.diff, STR("new")), "name"), "p");
    arena_deinit(&x.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_under_another_version_is_no_difference),
        cmocka_unit_test(rules_that_come_and_go_say_what_becomes_of_their_calls),
        cmocka_unit_test(a_rule_that_reaches_more_or_less_is_told_apart),
        cmocka_unit_test(names_beyond_those_of_a_sentence_count_too),
        cmocka_unit_test(the_accounts_of_a_scope_are_compared_not_the_name_of_their_set),
        cmocka_unit_test(limits_are_raised_lowered_new_gone_or_count_something_else),
        cmocka_unit_test(a_limit_says_whether_its_count_stays),
        cmocka_unit_test(proofs_of_identity_are_told_by_what_they_say),
        cmocka_unit_test(other_sections_are_shown_as_they_stand),
        cmocka_unit_test(a_mode_that_is_not_said_is_enforce),
        cmocka_unit_test(without_an_old_document_everything_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
