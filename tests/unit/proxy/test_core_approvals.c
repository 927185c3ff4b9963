/*
 * proxy/core_approvals*: a question is asked once, answered by persons who may, used by one call, and is there again
 * after a restart.
 */
#include "core_rig.h"

#include "base/uuid.h"
#include "codec/json_read.h"
#include "proxy/core_approvals.h"
#include "proxy/core_people.h"

#include <string.h>

static const char document[] =
    "apiVersion: agentpolicy/v1\n"
    "kind: Policy\n"
    "metadata: {name: default}\n"
    "rules:\n"
    "  - {id: small, effect: permit, match: {operation: [stripe.refunds.create], run: [small]}}\n"
    "  - {id: large, effect: approve, approval: one, match: {operation: [\"stripe.refunds.*\"], run: [run-1, run-2]}}\n"
    "  - {id: board, effect: approve, match: {operation: [stripe.refunds.create], run: [run-2]}, approval: two}\n"
    "limits:\n"
    "  - {id: day, meter: usd, max: \"100.00\", window: {calendar: day}, on_exceed: approve, approval: one}\n"
    "approvals:\n"
    "  one: {ttl: 60s}\n"
    "  two: {ttl: 600s, quorum: 2}\n";

struct box {
    struct post_box box;
    int n_posts;
};
static void box_send(struct post_box *b, struct post p) { ((struct box *)(void *)b)->n_posts++; }
static void on_answered(void *ctx) {}

struct world {
    struct rig rig;
    struct diag_list diags;
    struct key_text key;
    const struct key_entry *entry;
    const struct policy *policy;
    uint64_t seq;
    struct box box;
};

static void admit(struct world *w)
{
    struct admission adm;
    core_admit(w->rig.core, w->key.hash, wall_now, &w->rig.arena, &adm);
    w->entry = adm.key;
    w->policy = adm.policy;
}

/* As kill -9 leaves it: the store lacks what was not drained. */
static void restart(struct world *w)
{
    policy_unref(w->policy);
    rig_stop(&w->rig, false);
    rig_start(&w->rig);
    admit(w);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const struct policy *p;
    rig_init(&w->rig);
    w->rig.limits.approvals_max = 4;
    w->rig.limits.approvals_per_key_max = 3;
    w->rig.limits.approval_waits_max = 3;
    w->rig.limits.approval_waits_per_key_max = 2;
    w->box.box.send = box_send;
    diag_list_init(&w->diags, &w->rig.arena, 8);
    rig_start(&w->rig);
    assert_int_equal(core_policy_apply(w->rig.core, str_c(document), STR("t"), STR("test"), &w->diags, &p, &w->seq), 0);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("bot"), .owner = STR("Olga"), .tenant = STR("acme")};
    assert_int_equal(core_key_create(w->rig.core, &spec, STR("test"), &w->diags, &w->key, &w->seq), 0);
    assert_int_equal(core_agent_create(w->rig.core, STR("bot"), STR("otto"), STR("test"), &w->seq), 0);
    admit(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    policy_unref(w->policy);
    rig_deinit(&w->rig);
    free(w);
    return 0;
}

/* --- one call ----------------------------------------------------------------------------------------------------- */

struct try {
    struct facts facts;
    struct verdict verdict;
    struct approval_wait wait;
    struct approval_answer answer;
    struct idempotency idem;
    struct held held;
    uint8_t digest[APPROVAL_DIGEST_BYTES];
    struct str id;
};

static struct facts refund(struct world *w, int64_t usd, const char *run)
{
    return (struct facts){.key = str_c(w->key.id),
                          .agent = STR("bot"),
                          .owner = STR("Olga"),
                          .tenant = STR("acme"),
                          .customer = STR("cus_1"),
                          .run_id = str_c(run),
                          .layer = STR("saas"),
                          .vendor = STR("stripe"),
                          .operation = STR("stripe.refunds.create"),
                          .method = STR("POST"),
                          .class = CLASS_MONEY_OUT,
                          .mode = MODE_LIVE,
                          .cost = {.how = HOW_ESTIMATED, .usd = usd * MONEY_PER_USD},
                          .amount = {.is_known = true, .minor = usd * 100, .exponent = 2, .currency = "USD"},
                          .now = wall_now};
}

/* Asks as a call would: `what` stands for the action, from 1. */
static int ask_of(struct world *w, struct try *t, struct facts f, int what)
{
    char id[UUID_TEXT_BYTES];
    struct uuid u = uuid_v7(wall_now, &w->rig.rng);
    t->id = arena_str(&w->rig.arena, uuid_text(&u, id));
    t->facts = f;
    memset(t->digest, what, sizeof t->digest);
    policy_decide(w->policy, NULL, &t->facts, 0, &w->rig.arena, &t->verdict);
    core_look(w->rig.core, &t->verdict, wall_now);
    assert_null(policy_ask_limits(&t->verdict, &t->facts, &w->rig.arena));
    assert_int_equal(t->verdict.effect, EFFECT_APPROVE);
    t->wait = (struct approval_wait){.box = &w->box.box, .done = {on_answered, t}};
    struct approval_request q = {.key = w->entry,
                                 .facts = &t->facts,
                                 .verdict = &t->verdict,
                                 .idempotency = &t->idem,
                                 .call_id = t->id,
                                 .path = STR("/v1/refunds"),
                                 .digest = t->digest,
                                 .wait = &t->wait,
                                 .now = wall_now};
    return core_approval_ask(w->rig.core, &q, &w->rig.arena, &t->answer);
}

static int ask(struct world *w, struct try *t, int64_t usd, int what)
{
    memset(t, 0, sizeof *t);
    return ask_of(w, t, refund(w, usd, "run-1"), what);
}

/* Asks, and does not wait. */
static int ask_only(struct world *w, struct try *t, int64_t usd, int what)
{
    int r = ask(w, t, usd, what);
    if (r == APPROVAL_R_PENDING && t->answer.is_waiting)
        assert_true(core_approval_leave(w->rig.core, &t->wait));
    return r;
}

static int hold(struct world *w, struct try *t)
{
    static const uint8_t salt[SALT_BYTES] = {9};
    struct buf body, personal;
    struct record_writer rw;
    enum code code;
    size_t i_short;
    t->verdict.effect = EFFECT_PERMIT;
    t->verdict.grant = t->answer.grant;
    buf_init(&body, 1 << 20);
    buf_init(&personal, 1 << 20);
    struct record_open o = {
        .call_id = t->id, .started_at = wall_now, .facts = &t->facts, .verdict = &t->verdict, .salt = salt};
    record_open_begin(&rw, &o, &body, &personal);
    struct hold_request q = {.key = w->entry,
                             .policy = w->policy,
                             .tenant = STR("acme"),
                             .run_id = STR("run-1"),
                             .call_id = t->id,
                             .verdict = &t->verdict,
                             .idempotency = &t->idem,
                             .record = &rw,
                             .now = wall_now,
                             .predicted = t->facts.cost};
    int r = core_hold(w->rig.core, &q, &t->held, &i_short, &code);
    buf_deinit(&body);
    buf_deinit(&personal);
    return r;
}

static const struct person *person(struct world *w, const char *name)
{
    const struct person *p = NULL;
    struct person_token token;
    struct person_spec spec = {.name = str_c(name), .roles = ROLE_BIT(ROLE_APPROVER)};
    if (core_person_by_name(w->rig.core, str_c(name), &p) == 0)
        return p;
    assert_int_equal(core_person_create(w->rig.core, &spec, STR("test"), &w->diags, &token, &w->seq), 0);
    assert_int_equal(core_person_by_name(w->rig.core, str_c(name), &p), 0);
    return p;
}

static int say(struct world *w, struct str id, const char *name, bool is_yes)
{
    struct approval_decision d = {.id = id, .is_yes = is_yes, .note = STR("because"), .by = person(w, name)};
    return core_approval_decide(w->rig.core, &d, &w->seq);
}

static struct json row_of(struct world *w, struct str id)
{
    struct buf out;
    struct json rows;
    const struct approval_filter f = {.id = id, .has_over = true, .rows_max = 1};
    buf_init(&out, 1 << 20);
    assert_int_equal(core_approvals_json(w->rig.core, &f, &out), 0);
    assert_int_equal(json_parse(&w->rig.arena, buf_str(&out), 16, &rows), 0);
    buf_deinit(&out);
    return json_at(rows, 0);
}

static void assert_state(struct world *w, struct str id, const char *state)
{
    assert_str(json_text_of(json_get(row_of(w, id), STR("state"))), state);
}

/* --- asked -------------------------------------------------------------------------------------------------------- */

static void the_same_action_is_asked_about_once(void **state)
{
    struct world *w = *state;
    struct try a, b, c;
    assert_int_equal(ask_only(w, &a, 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(ask_only(w, &b, 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(ask_only(w, &c, 5, 2), APPROVAL_R_PENDING);
    assert_str(b.answer.id, a.answer.id.p);
    assert_false(str_eq(c.answer.id, a.answer.id));
    assert_int_equal(a.answer.expires_at, wall_now + 60 * NS_PER_S);
}

static void several_rules_ask_for_the_most_persons_and_the_shortest_time(void **state)
{
    struct world *w = *state;
    struct try t = {.id = STR_NONE};
    assert_int_equal(ask_of(w, &t, refund(w, 5, "run-2"), 1), APPROVAL_R_PENDING);
    assert_true(core_approval_leave(w->rig.core, &t.wait));
    assert_int_equal(t.answer.expires_at, wall_now + 60 * NS_PER_S);
    assert_int_equal(say(w, t.answer.id, "ann", true), 0);
    assert_state(w, t.answer.id, "pending");
    assert_int_equal(say(w, t.answer.id, "ann", true), APPROVAL_R_TWICE);
    assert_int_equal(say(w, t.answer.id, "bob", true), 0);
    assert_state(w, t.answer.id, "approved");
}

static void open_questions_are_bounded_by_key_and_altogether(void **state)
{
    struct world *w = *state;
    struct try t;
    for (int i = 1; i <= 3; i++)
        assert_int_equal(ask_only(w, &t, 5, i), APPROVAL_R_PENDING);
    assert_int_equal(ask_only(w, &t, 5, 4), APPROVAL_R_KEY_FULL);
    w->rig.limits.approvals_per_key_max = 10;
    assert_int_equal(ask_only(w, &t, 5, 4), APPROVAL_R_PENDING);
    assert_int_equal(ask_only(w, &t, 5, 5), APPROVAL_R_FULL);
    wall_now += 61 * NS_PER_S; /* what is over makes room */
    assert_int_equal(ask_only(w, &t, 5, 5), APPROVAL_R_PENDING);
}

/* --- answered ----------------------------------------------------------------------------------------------------- */

static void nobody_who_stands_behind_the_call_decides(void **state)
{
    struct world *w = *state;
    static const struct str actors[] = {STR_INIT("adam")};
    struct facts f = refund(w, 5, "run-1");
    struct try t = {.id = STR_NONE};
    f.user = STR("uma");
    f.claims.user = STR("clara");
    f.actors = actors;
    f.n_actors = 1;
    assert_int_equal(ask_of(w, &t, f, 1), APPROVAL_R_PENDING);
    assert_true(core_approval_leave(w->rig.core, &t.wait));
    static const char *const behind[] = {"Olga", "olga", "otto", "uma", "clara", "ADAM"};
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        assert_int_equal(say(w, t.answer.id, behind[i], true), APPROVAL_R_SELF);
        assert_int_equal(say(w, t.answer.id, behind[i], false), APPROVAL_R_SELF);
    }
    assert_int_equal(say(w, t.answer.id, "ann", true), 0);
}

static void what_is_over_is_decided_no_more(void **state)
{
    struct world *w = *state;
    struct try t;
    assert_int_equal(say(w, STR("apr_none"), "ann", true), -ERR_NOT_FOUND);
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    wall_now += 60 * NS_PER_S;
    assert_int_equal(say(w, t.answer.id, "ann", true), APPROVAL_R_OVER);
    assert_int_equal(ask_only(w, &t, 5, 2), APPROVAL_R_PENDING);
    wall_now += 60 * NS_PER_S - 1;
    assert_int_equal(say(w, t.answer.id, "ann", true), 0);
    assert_int_equal(say(w, t.answer.id, "bob", false), APPROVAL_R_OVER);
}

static void a_no_stands_for_its_time_and_no_longer(void **state)
{
    struct world *w = *state;
    struct try t;
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(say(w, t.answer.id, "ann", false), 0);
    wall_now += 59 * NS_PER_S;
    assert_int_equal(ask(w, &t, 5, 1), APPROVAL_R_DENIED);
    assert_str(t.answer.by, "ann");
    assert_str(t.answer.note, "because");
    wall_now += NS_PER_S;
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
}

static void that_nobody_answered_is_told_once(void **state)
{
    struct world *w = *state;
    struct try t;
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    wall_now += 60 * NS_PER_S;
    assert_int_equal(ask(w, &t, 5, 1), APPROVAL_R_TIMEOUT);
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(say(w, t.answer.id, "ann", true), 0);
    wall_now += 60 * NS_PER_S; /* a yes that nobody used is no time-out */
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
}

/* --- used --------------------------------------------------------------------------------------------------------- */

static void approved(struct world *w, struct try *t, int64_t usd, int what)
{
    assert_int_equal(ask_only(w, t, usd, what), APPROVAL_R_PENDING);
    assert_int_equal(say(w, t->answer.id, "ann", true), 0);
}

static void a_yes_is_used_by_one_call(void **state)
{
    struct world *w = *state;
    struct try t, a, b;
    approved(w, &t, 5, 1);
    assert_int_equal(ask(w, &a, 5, 1), APPROVAL_R_GRANTED);
    assert_int_equal(ask(w, &b, 5, 1), APPROVAL_R_GRANTED);
    assert_str(a.answer.grant.by[0], "ann");
    assert_int_equal(hold(w, &a), 0);
    assert_int_equal(hold(w, &b), CORE_R_ASK);
    assert_state(w, t.answer.id, "used");
    core_forget(w->rig.core, &a.held);
}

static void a_yes_that_nothing_was_sent_with_is_good_again(void **state)
{
    struct world *w = *state;
    struct try t, a, b;
    approved(w, &t, 5, 1);
    assert_int_equal(ask(w, &a, 5, 1), APPROVAL_R_GRANTED);
    assert_int_equal(hold(w, &a), 0);
    core_approval_back(w->rig.core, t.answer.id, STR("another call"));
    assert_state(w, t.answer.id, "used");
    core_approval_back(w->rig.core, t.answer.id, a.id);
    assert_state(w, t.answer.id, "approved");
    assert_int_equal(ask(w, &b, 5, 1), APPROVAL_R_GRANTED);
    core_forget(w->rig.core, &a.held);
}

static void a_retry_with_the_key_of_the_call_that_used_it_needs_no_other(void **state)
{
    struct world *w = *state;
    struct try t, a, b = {.id = STR_NONE}, c = {.id = STR_NONE};
    approved(w, &t, 5, 1);
    assert_int_equal(ask(w, &a, 5, 1), APPROVAL_R_GRANTED);
    a.idem = b.idem = c.idem = (struct idempotency){.scope = STR("stripe/live/acme/bot"), .key_digest = {1}};
    c.idem.key_digest[0] = 2;
    core_idem_end(&a.idem);
    core_idem_end(&b.idem);
    core_idem_end(&c.idem);
    assert_int_equal(hold(w, &a), 0);
    assert_int_equal(ask_of(w, &b, refund(w, 5, "run-1"), 1), APPROVAL_R_GRANTED);
    assert_int_equal(hold(w, &b), 0);
    assert_true(b.held.shared == a.held.own);
    assert_int_equal(ask_of(w, &c, refund(w, 5, "run-1"), 1), APPROVAL_R_PENDING);
    assert_true(core_approval_leave(w->rig.core, &c.wait));
    core_forget(w->rig.core, &b.held);
    core_forget(w->rig.core, &a.held);
}

static void a_yes_covers_what_asked_at_the_price_that_was_asked(void **state)
{
    struct world *w = *state;
    struct try t, dearer, cheaper;
    approved(w, &t, 5, 1);
    assert_int_equal(ask(w, &cheaper, 4, 1), APPROVAL_R_GRANTED);
    assert_int_equal(ask_only(w, &dearer, 6, 1), APPROVAL_R_PENDING);
    assert_state(w, t.answer.id, "expired");
    approved(w, &t, 5, 2);
    struct try full = {.id = STR_NONE};
    struct facts f = refund(w, 5, "run-1");
    f.cost.usd = 101 * MONEY_PER_USD; /* the limit asks too: another question */
    assert_int_equal(ask_of(w, &full, f, 2), APPROVAL_R_PENDING);
    assert_true(core_approval_leave(w->rig.core, &full.wait));
    assert_int_equal(json_len(json_get(row_of(w, full.answer.id), STR("asks"))), 2);
}

static void a_limit_that_was_asked_about_is_passed_and_counts(void **state)
{
    struct world *w = *state;
    struct try t, a;
    approved(w, &t, 150, 1);
    assert_int_equal(ask(w, &a, 150, 1), APPROVAL_R_GRANTED);
    assert_int_equal(hold(w, &a), 0);
    assert_int_equal(a.verdict.needs[0].max, 100 * MONEY_PER_USD);
    assert_int_equal(a.verdict.needs[0].after, 150 * MONEY_PER_USD);
    core_forget(w->rig.core, &a.held);
}

/* --- waits -------------------------------------------------------------------------------------------------------- */

static void who_waits_is_posted_once_when_somebody_answers(void **state)
{
    struct world *w = *state;
    struct try a, b;
    assert_int_equal(ask(w, &a, 5, 1), APPROVAL_R_PENDING);
    assert_true(a.answer.is_waiting);
    assert_int_equal(ask(w, &b, 5, 1), APPROVAL_R_PENDING);
    assert_true(core_approval_leave(w->rig.core, &b.wait));
    assert_int_equal(say(w, a.answer.id, "ann", true), 0);
    assert_int_equal(w->box.n_posts, 1);
    assert_false(core_approval_leave(w->rig.core, &a.wait)); /* it is on its way */
}

static void calls_that_wait_are_bounded(void **state)
{
    struct world *w = *state;
    struct try t[4];
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(w, &t[i], 5, 1), APPROVAL_R_PENDING);
    assert_true(t[1].answer.is_waiting);
    assert_false(t[2].answer.is_waiting); /* approval_waits_per_key_max is 2 */
    w->rig.limits.approval_waits_per_key_max = 10;
    assert_int_equal(ask(w, &t[2], 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(ask(w, &t[3], 5, 1), APPROVAL_R_PENDING);
    assert_true(t[2].answer.is_waiting);
    assert_false(t[3].answer.is_waiting); /* approval_waits_max is 3 */
    for (int i = 0; i < 3; i++)
        assert_true(core_approval_leave(w->rig.core, &t[i].wait));
}

/* --- restarts ----------------------------------------------------------------------------------------------------- */

static void questions_and_answers_outlive_the_process(void **state)
{
    struct world *w = *state;
    struct try pending, yes, no, used, t;
    w->rig.limits.approvals_per_key_max = 10;
    approved(w, &yes, 5, 1);
    approved(w, &used, 5, 2);
    assert_int_equal(ask(w, &t, 5, 2), APPROVAL_R_GRANTED);
    assert_int_equal(hold(w, &t), 0);
    core_forget(w->rig.core, &t.held);
    assert_int_equal(ask_only(w, &no, 5, 3), APPROVAL_R_PENDING);
    assert_int_equal(say(w, no.answer.id, "ann", false), 0);
    assert_int_equal(ask_only(w, &pending, 5, 4), APPROVAL_R_PENDING);
    for (int i = 0; i < 2; i++) {
        restart(w);
        assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_GRANTED);
        assert_str(t.answer.grant.by[0], "ann");
        assert_int_equal(ask_only(w, &t, 6, 1 + 2), APPROVAL_R_DENIED);
        assert_int_equal(ask_only(w, &t, 5, 4), APPROVAL_R_PENDING);
        assert_str(t.answer.id, pending.answer.id.p);
        assert_int_equal(say(w, pending.answer.id, "Olga", true), APPROVAL_R_SELF);
        while (core_drain_turn(w->rig.core)) /* then from the store alone */
            ;
    }
    assert_int_equal(ask(w, &t, 5, 1), APPROVAL_R_GRANTED);
    assert_int_equal(hold(w, &t), 0);
    core_forget(w->rig.core, &t.held);
    restart(w);
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING); /* used is used */
}

/* --- told, erased ------------------------------------------------------------------------------------------------- */

static void a_question_is_told_once_and_its_link_answers_once(void **state)
{
    struct world *w = *state;
    struct approval_question q, seen;
    struct try t;
    struct approval_decision d = {.is_yes = true, .by = person(w, "ann")};
    core_on_approval(w->rig.core, &w->box.box, (struct post){on_answered, w});
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    assert_int_equal(w->box.n_posts, 1);
    assert_false(core_approval_untold(w->rig.core, STR("two"), true, &w->rig.arena, &q));
    assert_true(core_approval_untold(w->rig.core, STR("one"), true, &w->rig.arena, &q));
    assert_str(q.id, t.answer.id.p);
    core_approval_told(w->rig.core, q.id, true);
    assert_false(core_approval_untold(w->rig.core, STR("one"), true, &w->rig.arena, &seen));
    restart(w);
    assert_false(core_approval_untold(w->rig.core, STR("one"), true, &w->rig.arena, &seen));
    assert_true(core_approval_by_link(w->rig.core, str_c(q.link), &w->rig.arena, &seen));
    assert_str(seen.id, q.id.p);
    assert_false(core_approval_by_link(w->rig.core, STR("another"), &w->rig.arena, &seen));
    d.link = str_c(q.link);
    d.by = person(w, "olga");
    assert_int_equal(core_approval_decide(w->rig.core, &d, &w->seq), APPROVAL_R_SELF);
    d.by = person(w, "ann");
    assert_int_equal(core_approval_decide(w->rig.core, &d, &w->seq), 0);
    assert_false(core_approval_by_link(w->rig.core, str_c(q.link), &w->rig.arena, &seen));
    assert_int_equal(core_approval_decide(w->rig.core, &d, &w->seq), -ERR_NOT_FOUND);
}

static void nothing_personal_stands_in_what_the_chain_covers(void **state)
{
    struct world *w = *state;
    struct try t;
    size_t at;
    assert_int_equal(ask_only(w, &t, 5, 1), APPROVAL_R_PENDING);
    struct json row = row_of(w, t.answer.id);
    struct str action = json_text_of(json_path(row, STR("action.text")));
    assert_false(str_find(action, STR("cus_1"), &at));
    assert_str(action, "Agent bot asks for stripe.refunds.create, for 5.00 USD");
    assert_str(json_text_of(json_path(row, STR("who.text"))),
               "Agent bot asks for stripe.refunds.create, for 5.00 USD, customer cus_1.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_action_is_asked_about_once),
        TEST(several_rules_ask_for_the_most_persons_and_the_shortest_time),
        TEST(open_questions_are_bounded_by_key_and_altogether),
        TEST(nobody_who_stands_behind_the_call_decides),
        TEST(what_is_over_is_decided_no_more),
        TEST(a_no_stands_for_its_time_and_no_longer),
        TEST(that_nobody_answered_is_told_once),
        TEST(a_yes_is_used_by_one_call),
        TEST(a_yes_that_nothing_was_sent_with_is_good_again),
        TEST(a_retry_with_the_key_of_the_call_that_used_it_needs_no_other),
        TEST(a_yes_covers_what_asked_at_the_price_that_was_asked),
        TEST(a_limit_that_was_asked_about_is_passed_and_counts),
        TEST(who_waits_is_posted_once_when_somebody_answers),
        TEST(calls_that_wait_are_bounded),
        TEST(questions_and_answers_outlive_the_process),
        TEST(a_question_is_told_once_and_its_link_answers_once),
        TEST(nothing_personal_stands_in_what_the_chain_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
