/*
 * tests/unit/proxy/test_core.c - the critical sections: what a hold takes, what a retry shares, what a restart brings
 * back. Long because one rig of a core serves all of it.
 */
#include "core_rig.h"

#include "base/uuid.h"
#include "codec/json_read.h"
#include "crypto/hash.h"
#include "proxy/core_call.h"
#include "proxy/core_keys.h"

#include <string.h>

static const char document[] =
    "apiVersion: agentpolicy/v1\n"
    "kind: Policy\n"
    "metadata: {name: default, version: 1}\n"
    "mode: enforce\n"
    "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n"
    "rules:\n"
    "  - {id: refunds, effect: permit, match: {operation: [stripe.refunds.create]}}\n"
    "  - {id: chat, effect: permit, match: {layer: [llm], model: [openai/gpt-*]}}\n"
    "limits:\n"
    "  - {id: day, meter: usd, max: \"100.00\", window: {calendar: day}, by: [agent], match: {class: [money_out]}, "
    "on_exceed: deny}\n"
    "  - {id: slots, meter: concurrent, max: 3, window: {instant: true}, by: [agent], match: {}, on_exceed: deny}\n"
    "  - {id: tokens, meter: tokens, max: 1000, window: {lifetime: true}, on_exceed: clamp}\n"
    "  - {id: out, meter: output_tokens, max: 500, window: {lifetime: true}}\n"
    "  - {id: llm, meter: usd, max: \"100.00\", window: {lifetime: true}, match: {layer: [llm]}}\n";

struct world {
    struct rig rig;
    struct diag_list diags;
    struct key_text key;
    const struct key_entry *entry;
    const struct policy *policy;
    uint64_t seq;
    struct str tenant; /* of every call */
    struct duplicate duplicate; /* of every call */
};

static void admit(struct world *w)
{
    struct admission adm;
    core_admit(w->rig.core, w->key.hash, wall_now, &w->rig.arena, &adm);
    assert_int_equal(adm.code, CODE_NONE);
    policy_unref(w->policy);
    w->entry = adm.key;
    w->policy = adm.policy;
}

static void setup(struct world *w)
{
    memset(w, 0, sizeof(*w));
    rig_init(&w->rig);
    diag_list_init(&w->diags, &w->rig.arena, 8);
    rig_start(&w->rig);
    const struct policy *p;
    assert_int_equal(core_policy_apply(w->rig.core, str_c(document), STR("t"), STR("test"), &w->diags, &p, &w->seq), 0);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("refunds"), .tenant = STR("acme")};
    assert_int_equal(core_key_create(w->rig.core, &spec, STR("test"), &w->diags, &w->key, &w->seq), 0);
    admit(w);
}

static void teardown(struct world *w)
{
    policy_unref(w->policy);
    rig_deinit(&w->rig);
}

/* --- one call ---------------------------------------------------------------------------------------------------- */

struct try {
    struct facts facts;
    struct verdict verdict;
    struct idempotency idem;
    struct buf body, personal;
    struct record_writer rw;
    struct held held;
    size_t i_short;
    enum code code;
    struct str id;
};

static const uint8_t salt[SALT_BYTES] = {9};

static struct facts refund_of(struct world *w, int64_t usd)
{
    return (struct facts){
        .key = str_c(w->key.id),
        .agent = STR("refunds"),
        .tenant = STR("acme"),
        .run_id = STR("run-1"),
        .layer = STR("saas"),
        .vendor = STR("stripe"),
        .operation = STR("stripe.refunds.create"),
        .method = STR("POST"),
        .class = CLASS_MONEY_OUT,
        .mode = MODE_LIVE,
        .cost = {.how = HOW_ESTIMATED, .usd = usd * MONEY_PER_USD},
        .now = wall_now,
        .amount = {.is_known = true, .minor = usd * 100, .exponent = 2, .currency = "USD"},
    };
}

static struct facts chat_of(struct world *w, int64_t usd, int64_t input, int64_t output)
{
    struct facts f = refund_of(w, usd);
    f.layer = STR("llm");
    f.vendor = STR("openai");
    f.operation = STR("openai.chat.completions.create");
    f.class = CLASS_COST;
    f.model = STR("gpt-4o");
    f.tokens = (struct token_bound){.is_known = true, .input = input, .output = output};
    f.cost.how = HOW_PRICED;
    return f;
}

static int hold_call(struct world *w, struct try *t, struct facts facts, int64_t usd, const char *key)
{
    char id[UUID_TEXT_BYTES];
    memset(t, 0, sizeof(*t));
    struct uuid u = uuid_v7(wall_now, &w->rig.rng);
    t->id = arena_str(&w->rig.arena, uuid_text(&u, id));
    t->facts = facts;
    policy_decide(w->policy, w->entry->limits, &t->facts, false, &w->rig.arena, &t->verdict);
    assert_int_equal(t->verdict.effect, EFFECT_PERMIT);
    if (key) {
        t->idem.scope = STR("stripe/live/acme/refunds");
        sha256(str_c(key), t->idem.key_digest);
        sha256(arena_printf(&w->rig.arena, "refund %lld", (long long)usd), t->idem.body_digest);
        core_idem_end(&t->idem);
    }
    buf_init(&t->body, 1 << 20);
    buf_init(&t->personal, 1 << 20);
    struct record_open o = {
        .call_id = t->id, .started_at = wall_now, .facts = &t->facts, .verdict = &t->verdict, .salt = salt};
    char hex[128];
    static const char digits[] = "0123456789abcdef";
    if (key) {
        for (size_t i = 0; i < 32; i++) {
            hex[2 * i] = digits[t->idem.key_digest[i] >> 4];
            hex[2 * i + 1] = digits[t->idem.key_digest[i] & 15];
            hex[64 + 2 * i] = digits[t->idem.body_digest[i] >> 4];
            hex[64 + 2 * i + 1] = digits[t->idem.body_digest[i] & 15];
        }
        o.idempotency_scope = t->idem.scope;
        o.idempotency_digest = (struct str){hex, 64};
        o.body_digest = (struct str){hex + 64, 64};
    }
    record_open_begin(&t->rw, &o, &t->body, &t->personal);
    struct hold_request q = {.key = w->entry,
                             .policy = w->policy,
                             .tenant = w->tenant,
                             .run_id = STR("run-1"),
                             .call_id = t->id,
                             .verdict = &t->verdict,
                             .idempotency = &t->idem,
                             .duplicate = &w->duplicate,
                             .record = &t->rw,
                             .now = wall_now,
                             .predicted = t->facts.cost};
    return core_hold(w->rig.core, &q, &t->held, &t->i_short, &t->code);
}

static int hold(struct world *w, struct try *t, int64_t usd, const char *key)
{
    return hold_call(w, t, refund_of(w, usd), usd, key);
}

static int ask(struct world *w, struct try *t, int64_t usd, int64_t input, int64_t output)
{
    return hold_call(w, t, chat_of(w, usd, input, output), usd, NULL);
}

/* The call ends as *rc says, whose frame is in the try's buffers then. */
static void close_as(struct world *w, struct try *t, struct record_close *rc, const struct usage *usage)
{
    rc->call_id = t->id;
    rc->open_seq = t->held.open_seq;
    rc->ended_at = wall_now;
    rc->salt = salt;
    struct close_request q = {.held = &t->held,
                              .idempotency = &t->idem,
                              .duplicate = &w->duplicate,
                              .record = rc,
                              .usage = usage,
                              .object_scope = STR("stripe/live"),
                              .body = &t->body,
                              .personal = &t->personal};
    assert_int_equal(core_close(w->rig.core, &q), 0);
}

static enum outcome end_used(struct world *w, struct try *t, enum outcome o, int64_t usd, const struct usage *usage,
                             bool *ret_is_overrun)
{
    struct record_close rc = {.outcome = o};
    if (o == OUTCOME_SETTLED)
        rc.settled = (struct cost){.how = HOW_PARSED, .usd = usd * MONEY_PER_USD};
    close_as(w, t, &rc, usage);
    buf_deinit(&t->body);
    buf_deinit(&t->personal);
    *ret_is_overrun = rc.is_overrun;
    return rc.outcome;
}

static enum outcome end(struct world *w, struct try *t, enum outcome o, int64_t usd)
{
    bool is_overrun;
    return end_used(w, t, o, usd, NULL, &is_overrun);
}

static void drop(struct try *t)
{
    buf_deinit(&t->body);
    buf_deinit(&t->personal);
}

/* What the ledger says of a limit: "settled/held" in that unit. */
static struct str standing_of(struct world *w, const char *part, int64_t unit)
{
    struct buf out;
    struct json root;
    struct str text = STR("none");
    buf_init(&out, 1 << 20);
    assert_int_equal(core_limits_json(w->rig.core, &out), 0);
    assert_int_equal(json_parse(&w->rig.arena, buf_str(&out), 32, &root), 0);
    struct json rows = json_get(root, STR("counters"));
    for (size_t i = 0; i < json_len(rows); i++) {
        struct str counter;
        int64_t settled = 0, held = 0;
        size_t at;
        assert_true(json_str(json_get(json_at(rows, i), STR("counter")), &counter));
        (void)json_i64(json_get(json_at(rows, i), STR("settled")), &settled);
        (void)json_i64(json_get(json_at(rows, i), STR("held")), &held);
        if (str_find(counter, str_c(part), &at))
            text = arena_printf(&w->rig.arena, "%lld/%lld", (long long)(settled / unit), (long long)(held / unit));
    }
    buf_deinit(&out);
    return text;
}

/* Of the day's limit on refunds, in whole dollars. */
static struct str standing(struct world *w)
{
    return standing_of(w, "/day/", MONEY_PER_USD);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void a_hold_is_settled_with_the_true_cost(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(hold(&w, &t, 60, NULL), 0);
    assert_str(standing(&w), "0/60");
    assert_int_equal(end(&w, &t, OUTCOME_SETTLED, 55), OUTCOME_SETTLED);
    assert_str(standing(&w), "55/0");
    assert_int_equal(hold(&w, &t, 46, NULL), CORE_R_SHORT);
    drop(&t);
    assert_int_equal(hold(&w, &t, 45, NULL), 0);
    assert_int_equal(end(&w, &t, OUTCOME_RELEASED, 0), OUTCOME_RELEASED);
    assert_str(standing(&w), "55/0");
    teardown(&w);
}

static void a_retry_with_the_same_key_and_body_shares_the_hold_also_in_flight(void **state)
{
    struct world w;
    struct try a, b, c;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_int_equal(hold(&w, &b, 80, "k"), 0); /* would not fit twice */
    assert_non_null(b.held.shared);
    assert_str(standing(&w), "0/80");
    assert_int_equal(end(&w, &b, OUTCOME_RELEASED, 0), OUTCOME_RELEASED); /* 409: the first still runs */
    assert_str(standing(&w), "0/80");
    assert_int_equal(end(&w, &a, OUTCOME_SETTLED, 80), OUTCOME_SETTLED);
    assert_str(standing(&w), "80/0");
    assert_int_equal(hold(&w, &c, 80, "k"), 0); /* a replay later on costs nothing again */
    assert_int_equal(end(&w, &c, OUTCOME_SETTLED, 80), OUTCOME_SETTLED);
    assert_str(standing(&w), "80/0");
    teardown(&w);
}

static void the_same_key_with_another_body_holds_for_itself(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 30, "k"), 0);
    assert_int_equal(hold(&w, &b, 31, "k"), 0);
    assert_null(b.held.shared);
    assert_str(standing(&w), "0/61");
    end(&w, &a, OUTCOME_SETTLED, 30);
    end(&w, &b, OUTCOME_RELEASED, 0);
    assert_str(standing(&w), "30/0");
    teardown(&w);
}

static void an_unknown_outcome_stays_held_until_a_retry_brings_it(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_int_equal(end(&w, &a, OUTCOME_UNKNOWN, 0), OUTCOME_UNKNOWN);
    assert_str(standing(&w), "0/80");
    assert_int_equal(hold(&w, &b, 80, "k"), 0);
    assert_non_null(b.held.shared);
    assert_int_equal(end(&w, &b, OUTCOME_SETTLED, 80), OUTCOME_SETTLED);
    assert_str(standing(&w), "80/0");
    teardown(&w);
}

/* Two CLOSE frames are written from the same buffers, one after the other: the second is its own again. */
static void the_retry_that_brings_an_outcome_has_its_own_record(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_int_equal(end(&w, &a, OUTCOME_UNKNOWN, 0), OUTCOME_UNKNOWN);
    assert_int_equal(hold(&w, &b, 80, "k"), 0);
    struct record_close rc = {.outcome = OUTCOME_SETTLED,
                              .settled = {.how = HOW_PARSED, .usd = 80 * MONEY_PER_USD}};
    close_as(&w, &b, &rc, NULL);
    struct json body;
    assert_int_equal(json_parse(&w.rig.arena, buf_str(&b.body), 16, &body), 0);
    assert_int_equal(json_i64_of(json_get(body, STR("open_seq"))), b.held.open_seq);
    assert_int_equal(json_type(json_get(body, STR("resolved_by"))), JSON_NONE);
    drop(&b);
    teardown(&w);
}

static void a_released_key_holds_anew(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    end(&w, &a, OUTCOME_RELEASED, 0);
    assert_int_equal(hold(&w, &b, 80, "k"), 0);
    assert_null(b.held.shared);
    assert_str(standing(&w), "0/80");
    end(&w, &b, OUTCOME_SETTLED, 80);
    teardown(&w);
}

static wall_t ticking(void *ctx) { return wall_now += NS_PER_MS; }

/* A clock that moves on at each look: what counts from when a document was applied counts so behind a start too. */
static void a_document_was_applied_when_its_record_says(void **state)
{
    struct world w;
    struct buf before, after;
    const struct policy *p;
    setup(&w);
    w.rig.clock.wall = ticking;
    assert_int_equal(core_policy_apply(w.rig.core, str_c(document), STR("t"), STR("test"), &w.diags, &p, &w.seq), 0);
    policy_unref(p);
    buf_init(&before, 1 << 20);
    buf_init(&after, 1 << 20);
    assert_int_equal(core_policies_json(w.rig.core, &before), 0);
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    assert_int_equal(core_policies_json(w.rig.core, &after), 0);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    buf_deinit(&before);
    buf_deinit(&after);
    teardown(&w);
}

/* The document of that key's calls, from the door on. */
static const struct policy *seen(struct world *w, const struct key_text *key)
{
    struct admission adm;
    core_admit(w->rig.core, key->hash, wall_now, &w->rig.arena, &adm);
    policy_unref(adm.policy); /* the core has one of its own */
    const struct policy *again = core_policy_of(w->rig.core, adm.key);
    policy_unref(again);
    assert_ptr_equal(again, adm.policy);
    return adm.policy;
}

static void a_document_that_comes_after_its_key_is_seen_and_each_version_of_it(void **state)
{
    struct world w;
    struct key_text late;
    const struct policy *p;
    setup(&w);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("refunds"), .tenant = STR("acme"), .policy = STR("late")};
    assert_int_equal(core_key_create(w.rig.core, &spec, STR("test"), &w.diags, &late, &w.seq), 0);
    assert_null(seen(&w, &late));
    assert_null(seen(&w, &late));
    for (int version = 1; version <= 2; version++) {
        struct str text = arena_printf(&w.rig.arena, "apiVersion: agentpolicy/v1\nkind: Policy\n"
                                       "metadata: {name: late, version: %d}\n"
                                       "rules: [{id: a, effect: permit, match: {class: [read]}}]\n", version);
        assert_int_equal(core_policy_apply(w.rig.core, text, STR("t"), STR("test"), &w.diags, &p, &w.seq), 0);
        policy_unref(p);
        assert_ptr_equal(seen(&w, &late), p);
        assert_ptr_equal(seen(&w, &late), p);
    }
    teardown(&w);
}

static void revoke_kill_and_a_new_document_are_obeyed_between_decide_and_hold(void **state)
{
    struct world w;
    struct try t;
    const struct policy *p;
    setup(&w);
    struct str v2 = arena_printf(&w.rig.arena, "%s", document);
    ((char *)v2.p)[strstr(v2.p, "version: 1") - v2.p + 9] = '2';
    assert_int_equal(core_policy_apply(w.rig.core, v2, STR("t.yaml"), STR("test"), &w.diags, &p, &w.seq), 0);
    policy_unref(p);
    assert_int_equal(hold(&w, &t, 1, NULL), CORE_R_STALE);
    drop(&t);
    admit(&w);
    assert_int_equal(core_kill(w.rig.core, STR("fire"), STR("ann"), &w.seq), 0);
    assert_int_equal(hold(&w, &t, 1, NULL), CORE_R_REFUSED);
    assert_int_equal(t.code, CODE_STOPPED);
    drop(&t);
    assert_int_equal(core_unkill(w.rig.core, STR("ann"), &w.seq), 0);
    assert_int_equal(core_run_stop(w.rig.core, STR("run-1"), STR_NONE, STR("ann"), &w.seq), 0);
    assert_int_equal(hold(&w, &t, 1, NULL), CORE_R_REFUSED);
    drop(&t);
    assert_int_equal(core_key_revoke(w.rig.core, str_c(w.key.id), STR("ann"), &w.seq), 0);
    assert_int_equal(hold(&w, &t, 1, NULL), CORE_R_REFUSED);
    assert_int_equal(t.code, CODE_KEY_REVOKED);
    drop(&t);
    assert_str(standing(&w), "none");
    teardown(&w);
}

static void a_run_of_one_tenant_is_stopped_whether_key_or_token_says_the_tenant(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(core_run_stop(w.rig.core, STR("run-1"), STR("acme"), STR("ann"), &w.seq), 0);
    w.tenant = STR("acme"); /* of a token: the key has none */
    assert_int_equal(hold(&w, &t, 1, NULL), CORE_R_REFUSED);
    assert_int_equal(t.code, CODE_STOPPED);
    drop(&t);
    w.tenant = STR("globex"); /* whose run of that name is another */
    assert_int_equal(hold(&w, &t, 1, NULL), 0);
    end(&w, &t, OUTCOME_SETTLED, 1);
    teardown(&w);
}

static void a_disabled_agent_is_refused_where_limits_are_taken(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(core_agent_disable(w.rig.core, STR("nobody"), true, STR("ann"), &w.seq), -ERR_NOT_FOUND);
    assert_int_equal(core_owner_disable(w.rig.core, STR("nobody"), true, STR("ann"), &w.seq), -ERR_NOT_FOUND);
    assert_int_equal(core_agent_create(w.rig.core, STR("a b"), STR("bob"), STR("ann"), &w.seq), -ERR_INVALID);
    assert_int_equal(core_agent_create(w.rig.core, w.entry->agent, STR("bob"), STR("ann"), &w.seq), 0);
    for (int i = 0; i < 2; i++) { /* the agent, then its owner */
        for (int is_off = 1; is_off >= 0; is_off--) {
            int r = i == 0 ? core_agent_disable(w.rig.core, w.entry->agent, is_off, STR("ann"), &w.seq)
                           : core_owner_disable(w.rig.core, STR("bob"), is_off, STR("ann"), &w.seq);
            assert_int_equal(r, 0);
            assert_int_equal(hold(&w, &t, 1, NULL), is_off ? CORE_R_REFUSED : 0);
            if (is_off) {
                assert_int_equal(t.code, CODE_KEY_REVOKED);
                drop(&t);
            } else {
                end(&w, &t, OUTCOME_SETTLED, 1);
            }
        }
    }
    teardown(&w);
}

static void after_a_restart_an_open_call_is_unknown_and_held_and_its_slot_is_free(void **state)
{
    struct world w;
    struct try a, s[3];
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    drop(&a); /* the process ends here */
    struct move lost[8];
    size_t n_lost = 0;
    (void)hold_unknown(a.held.own, true, lost, &n_lost);
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    admit(&w);
    assert_str(standing(&w), "0/80");
    for (size_t i = 0; i < 3; i++) /* three slots: the lost call has none */
        assert_int_equal(hold(&w, &s[i], 1, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        end(&w, &s[i], OUTCOME_RELEASED, 0);
    assert_int_equal(hold(&w, &a, 80, "k"), 0); /* the agent's SDK tries again */
    assert_non_null(a.held.shared);
    end(&w, &a, OUTCOME_SETTLED, 80);
    assert_str(standing(&w), "80/0");
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    assert_str(standing(&w), "80/0");
    admit(&w);
    teardown(&w);
}

static const struct usage used_150_30 = {.how = HOW_PARSED,
                                         .tokens = {[TOKEN_INPUT] = 100, [TOKEN_CACHE_READ] = 50, [TOKEN_OUTPUT] = 10,
                                                    [TOKEN_REASONING] = 20}};

static void a_call_to_a_model_settles_each_meter_with_what_it_used(void **state)
{
    struct world w;
    struct try t;
    bool is_overrun;
    setup(&w);
    assert_int_equal(ask(&w, &t, 2, 200, 300), 0);
    assert_str(standing_of(&w, "/tokens/tokens", 1), "0/500");
    assert_str(standing_of(&w, "/output_tokens/", 1), "0/300");
    assert_str(standing_of(&w, "/llm/", MONEY_PER_USD), "0/2");
    assert_int_equal(end_used(&w, &t, OUTCOME_SETTLED, 1, &used_150_30, &is_overrun), OUTCOME_SETTLED);
    assert_false(is_overrun);
    assert_str(standing_of(&w, "/tokens/tokens", 1), "180/0");
    assert_str(standing_of(&w, "/output_tokens/", 1), "30/0");
    assert_str(standing_of(&w, "/llm/", MONEY_PER_USD), "1/0");
    assert_int_equal(ask(&w, &t, 1, 521, 300), CORE_R_SHORT); /* 820 are left */
    assert_str(t.verdict.needs[t.i_short].id, "tokens");
    assert_true(t.verdict.needs[t.i_short].may_clamp);
    drop(&t);
    assert_int_equal(ask(&w, &t, 1, 520, 300), 0);
    end(&w, &t, OUTCOME_RELEASED, 0); /* the vendor billed nothing: all of it comes back */
    assert_str(standing_of(&w, "/tokens/tokens", 1), "180/0");
    teardown(&w);
}

static void usage_beyond_the_hold_is_booked_and_flagged(void **state)
{
    struct world w;
    struct try t;
    bool is_overrun;
    setup(&w);
    assert_int_equal(ask(&w, &t, 2, 149, 400), 0); /* tokens fit together, output alone does not */
    assert_int_equal(end_used(&w, &t, OUTCOME_SETTLED, 2, &used_150_30, &is_overrun), OUTCOME_SETTLED);
    assert_false(is_overrun);
    assert_int_equal(ask(&w, &t, 2, 200, 29), 0);
    assert_int_equal(end_used(&w, &t, OUTCOME_SETTLED, 2, &used_150_30, &is_overrun), OUTCOME_SETTLED);
    assert_true(is_overrun);
    assert_str(standing_of(&w, "/output_tokens/", 1), "60/0");
    teardown(&w);
}

static void tokens_that_nobody_counted_settle_at_the_hold(void **state)
{
    struct world w;
    struct try t;
    bool is_overrun;
    const struct usage nothing = {.how = HOW_UNKNOWN};
    setup(&w);
    assert_int_equal(ask(&w, &t, 2, 100, 300), 0);
    end_used(&w, &t, OUTCOME_SETTLED, 1, &nothing, &is_overrun);
    assert_str(standing_of(&w, "/tokens/tokens", 1), "400/0");
    assert_str(standing_of(&w, "/llm/", MONEY_PER_USD), "1/0"); /* its cost is known all the same */
    teardown(&w);
}

static bool has(struct str text, const char *part)
{
    size_t at;
    return str_find(text, str_c(part), &at);
}

/* The body of the newest CLOSE in the journal that has that text. */
static struct str last_close(struct world *w, const char *part)
{
    struct journal_reader *reader;
    struct frame f;
    struct str body = STR_NONE;
    assert_int_equal(journal_reader_new(w->rig.journal, 0, &reader), 0);
    while (journal_reader_next(reader, &f) == 0)
        if (f.kind == FRAME_CLOSE && has(f.body, part))
            body = arena_str(&w->rig.arena, f.body);
    journal_reader_free(reader);
    return body;
}

/* A retry brings the outcome of the first call, and its vendor says another amount than was asked for. */
static void the_amount_that_a_retry_brought_stands_where_its_money_does(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_int_equal(end(&w, &a, OUTCOME_UNKNOWN, 0), OUTCOME_UNKNOWN);
    assert_int_equal(hold(&w, &b, 80, "k"), 0);
    struct record_close rc = {.outcome = OUTCOME_SETTLED,
                              .settled = {.how = HOW_PARSED, .usd = 60 * MONEY_PER_USD},
                              .amount = {.is_known = true, .minor = 6000, .exponent = 2, .currency = "USD"}};
    close_as(&w, &b, &rc, NULL);
    assert_true(has(last_close(&w, "\"resolved_by\""), "\"settled_amount\":{\"amount\":6000,"));
    assert_false(has(buf_str(&b.body), "settled_amount"));
    drop(&b);
    teardown(&w);
}

static void a_call_to_a_model_that_a_restart_cut_off_is_settled_at_its_hold(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(ask(&w, &t, 2, 100, 300), 0);
    drop(&t); /* the process ends here */
    core_forget(w.rig.core, &t.held);
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    admit(&w);
    assert_str(standing_of(&w, "/tokens/tokens", 1), "400/0");
    assert_str(standing_of(&w, "/output_tokens/", 1), "300/0");
    assert_str(standing_of(&w, "/llm/", MONEY_PER_USD), "2/0");
    assert_str(standing_of(&w, "/slots/", 1), "0/0");
    struct str close = last_close(&w, "");
    assert_true(has(close, "\"model_sent\":\"gpt-4o\",\"tokens\":{\"input\":100,\"output\":300}"));
    assert_true(has(close, "\"tokens_how\":\"estimated\""));
    assert_true(has(close, "\"settled\":{\"usd\":\"2.000000000\",\"how\":\"estimated\"}"));
    teardown(&w);
}

static void a_refund_that_a_restart_cut_off_says_nothing_of_a_model(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(hold(&w, &t, 2, NULL), 0);
    drop(&t);
    core_forget(w.rig.core, &t.held);
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    admit(&w);
    struct str close = last_close(&w, "");
    assert_true(has(close, "\"outcome\":\"unknown\""));
    assert_false(has(close, "model_sent") || has(close, "tokens"));
    teardown(&w);
}

/* The record of a call's end that does not fit a frame says less, but says the outcome. */
static void an_end_with_more_tool_calls_than_fit_is_recorded_without_them(void **state)
{
    struct world w;
    struct try t;
    struct tool_call calls[64];
    char name[LLM_NAME_BYTES_MAX];
    setup(&w);
    memset(name, 'n', sizeof(name));
    for (size_t i = 0; i < 64; i++)
        calls[i] = (struct tool_call){.id = {name, sizeof(name)}, .name = {name, sizeof(name)}};
    assert_int_equal(ask(&w, &t, 5, 100, 50), 0);
    struct record_close rc = {.call_id = t.id,
                              .open_seq = t.held.open_seq,
                              .ended_at = wall_now,
                              .outcome = OUTCOME_SETTLED,
                              .settled = {.how = HOW_PRICED, .usd = MONEY_PER_USD},
                              .model = {.sent = STR("gpt-4o"), .tool_calls = calls, .n_tool_calls = 64},
                              .salt = salt};
    struct buf small, personal;
    buf_init(&small, 4096);
    buf_init(&personal, 4096);
    struct close_request q = {.held = &t.held,
                              .idempotency = &t.idem,
                              .record = &rc,
                              .object_scope = STR("openai/live"),
                              .body = &small,
                              .personal = &personal};
    assert_int_equal(core_close(w.rig.core, &q), 0);
    assert_int_equal(buf_ok(&small), 0);
    assert_non_null(memmem(small.p, small.n, "\"outcome\":\"settled\"", 19));
    assert_non_null(memmem(small.p, small.n, "\"model_sent\":\"gpt-4o\"", 21));
    assert_null(memmem(small.p, small.n, "tool_calls", 10));
    buf_deinit(&small);
    buf_deinit(&personal);
    drop(&t);
    teardown(&w);
}

static void the_core_leads_from_a_tool_call_to_the_call_that_carries_it_out(void **state)
{
    struct world w;
    struct cause c;
    struct param charge = {.name = STR("charge"), .s = STR("ch_1")};
    struct tool_call asked = {.id = STR("call_a"), .name = STR("refund"), .args = STR("{\"charge\":\"ch_1\"}")};
    setup(&w);
    struct facts f = refund_of(&w, 5);
    f.params = &charge;
    f.n_params = 1;
    core_tool_calls_learned(w.rig.core, f.tenant, f.agent, f.run_id, STR("c-1"), &asked, 1, wall_now);
    core_cause_find(w.rig.core, &f, STR("call_a"), &w.rig.arena, &c);
    assert_int_equal(c.how, CAUSE_EXPLICIT);
    assert_str(c.call_id, "c-1");
    core_cause_find(w.rig.core, &f, STR_NONE, &w.rig.arena, &c);
    assert_int_equal(c.how, CAUSE_INFERRED);
    assert_str(c.tool_call_id, "call_a");
    teardown(&w);
}

static void a_call_refused_while_its_retry_runs_is_unknown_until_the_retry_ends(void **state)
{
    static const struct {
        enum outcome retry;
        const char *standing;
    } ends[] = {{OUTCOME_SETTLED, "70/0"}, {OUTCOME_RELEASED, "0/0"}, {OUTCOME_UNKNOWN, "0/80"}};
    for (size_t i = 0; i < 3; i++) {
        struct world w;
        struct try a, b;
        setup(&w);
        assert_int_equal(hold(&w, &a, 80, "k"), 0);
        assert_int_equal(hold(&w, &b, 80, "k"), 0);
        assert_int_equal(end(&w, &a, OUTCOME_RELEASED, 0), OUTCOME_UNKNOWN); /* 429, and the retry is on its way */
        assert_str(standing(&w), "0/80");
        end(&w, &b, ends[i].retry, 70);
        assert_str(standing(&w), ends[i].standing);
        uint64_t last =
            journal_last_seq(w.rig.journal); /* OPEN OPEN CLOSE, and two more where the retry says what became */
        assert_int_equal(last - a.held.open_seq + 1, ends[i].retry == OUTCOME_UNKNOWN ? 4 : 5);
        teardown(&w);
    }
}

static void a_replay_of_a_call_settled_before_the_start_books_nothing(void **state)
{
    struct world w;
    struct try a;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    end(&w, &a, OUTCOME_SETTLED, 80);
    struct idempotency idem = a.idem;
    struct str first = arena_str(&w.rig.arena, a.id);
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    admit(&w);
    core_idempotency_learned(w.rig.core, &idem, first, 3, true, idem.body_digest, wall_now);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_true(a.held.is_replay_of_settled);
    assert_int_equal(end(&w, &a, OUTCOME_SETTLED, 80), OUTCOME_SETTLED);
    assert_str(standing(&w), "80/0");
    while (core_drain_turn(w.rig.core))
        ;
    assert_str(standing(&w), "80/0");
    teardown(&w);
}

static uint64_t stored(struct world *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    return w->rig.store->ops->position(w->rig.store, chain, &epoch);
}

static void a_start_is_ready_before_the_store_has_the_tail(void **state)
{
    struct world w;
    struct try a, b, c;
    struct buf json;
    setup(&w);
    assert_int_equal(hold(&w, &a, 30, "a"), 0);
    end(&w, &a, OUTCOME_SETTLED, 20);
    while (core_drain_turn(w.rig.core))
        ;
    assert_int_equal(hold(&w, &b, 10, "b"), 0); /* the tail: one that ends, and one that does not */
    end(&w, &b, OUTCOME_SETTLED, 10);
    assert_int_equal(hold(&w, &c, 40, "c"), 0);
    assert_int_equal(core_key_revoke(w.rig.core, str_c(w.entry->id), STR("test"), &w.seq), 0);
    drop(&c);
    core_forget(w.rig.core, &c.held);
    uint64_t before = stored(&w);
    assert_true(before < w.seq);

    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, false);
    rig_start(&w.rig);
    assert_int_equal(stored(&w), before);
    assert_str(standing(&w), "30/40");
    struct admission adm;
    core_admit(w.rig.core, w.key.hash, wall_now, &w.rig.arena, &adm);
    assert_int_equal(adm.code, CODE_KEY_REVOKED);
    policy_unref(adm.policy);

    while (core_drain_turn(w.rig.core))
        ;
    assert_int_equal(stored(&w), journal_last_seq(w.rig.journal));
    buf_init(&json, 1 << 20);
    assert_int_equal(w.rig.store->ops->rebuild(w.rig.store, &json), 0);
    buf_deinit(&json);
    rig_stop(&w.rig, true);
    rig_start(&w.rig); /* and from the store alone it is the same */
    assert_str(standing(&w), "30/40");
    teardown(&w);
}

static void retries_cut_off_by_a_restart_leave_the_first_hold_its_place(void **state)
{
    struct world w;
    struct try a, b;
    setup(&w);
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_int_equal(hold(&w, &b, 80, "k"), 0);
    drop(&a);
    drop(&b);
    core_forget(w.rig.core, &a.held);
    core_forget(w.rig.core, &b.held);
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig);
    admit(&w);
    assert_str(standing(&w), "0/80");
    assert_int_equal(hold(&w, &a, 80, "k"), 0);
    assert_non_null(a.held.shared);
    end(&w, &a, OUTCOME_SETTLED, 80);
    assert_str(standing(&w), "80/0");
    teardown(&w);
}

static void another_body_under_the_key_takes_nobodys_place(void **state)
{
    struct world w;
    struct try a, b, c;
    setup(&w);
    assert_int_equal(hold(&w, &a, 30, "k"), 0);
    assert_int_equal(hold(&w, &b, 31, "k"), 0);
    assert_int_equal(hold(&w, &c, 30, "k"), 0);
    assert_ptr_equal(c.held.shared, a.held.own);
    end(&w, &b, OUTCOME_RELEASED, 0);
    end(&w, &c, OUTCOME_SETTLED, 30);
    end(&w, &a, OUTCOME_UNKNOWN, 0);
    assert_str(standing(&w), "30/0");
    teardown(&w);
}

static void the_same_within_its_window_is_a_duplicate_unless_the_first_did_nothing(void **state)
{
    struct world w;
    struct try first, again;
    setup(&w);
    w.duplicate = (struct duplicate){.digest = {7}, .window_ms = 60000};
    assert_int_equal(hold(&w, &first, 5, NULL), 0);
    assert_int_equal(hold(&w, &again, 5, NULL), CORE_R_DUPLICATE);
    assert_str(first.id, w.duplicate.first_call_id);
    assert_str(standing(&w), "0/5");
    drop(&again);
    assert_int_equal(end(&w, &first, OUTCOME_RELEASED, 0), OUTCOME_RELEASED);
    assert_int_equal(hold(&w, &first, 5, NULL), 0);
    assert_int_equal(end(&w, &first, OUTCOME_UNKNOWN, 0), OUTCOME_UNKNOWN);
    assert_int_equal(hold(&w, &again, 5, NULL), CORE_R_DUPLICATE); /* it may have happened */
    drop(&again);
    wall_now += 60 * NS_PER_S;
    assert_int_equal(hold(&w, &again, 5, NULL), 0);
    end(&w, &again, OUTCOME_SETTLED, 5);
    assert_str(standing(&w), "5/5");
    teardown(&w);
}

static void of_two_that_were_sent_before_a_start_the_newer_one_counts(void **state)
{
    struct world w;
    struct try again;
    setup(&w);
    w.duplicate = (struct duplicate){.digest = {7}, .window_ms = 60000};
    core_duplicate_learned(w.rig.core, &w.duplicate, STR("second"), wall_now - 10 * NS_PER_S);
    core_duplicate_learned(w.rig.core, &w.duplicate, STR("first"), wall_now - 30 * NS_PER_S);
    assert_int_equal(hold(&w, &again, 5, NULL), CORE_R_DUPLICATE);
    assert_string_equal(w.duplicate.first_call_id, "second");
    drop(&again);
    core_duplicate_learned(w.rig.core, &w.duplicate, STR("third"), wall_now - 5 * NS_PER_S);
    wall_now += 52 * NS_PER_S;
    assert_int_equal(hold(&w, &again, 5, NULL), CORE_R_DUPLICATE);
    assert_string_equal(w.duplicate.first_call_id, "third");
    drop(&again);
    teardown(&w);
}

/* What a call settled turns out to be another sum: `usd` in its own window. */
static void correct(struct world *w, struct try *t, int64_t booked, int64_t usd)
{
    struct limit_need *need = NULL;
    size_t i = 0;
    for (size_t k = 0; k < t->verdict.n_needs; k++) {
        if (t->verdict.needs[k].meter == METER_USD) {
            need = &t->verdict.needs[k];
            i = k;
        }
    }
    assert_non_null(need);
    struct correction_need one = {i, need->counter, need->bucket, need->window_start, booked * MONEY_PER_USD};
    buf_init(&t->body, 1 << 20);
    buf_init(&t->personal, 1 << 20);
    struct correction q = {.call_id = t->id,
                           .open_seq = t->held.open_seq,
                           .cost = {HOW_PARSED, usd * MONEY_PER_USD},
                           .needs = &one,
                           .n_needs = 1,
                           .now = wall_now,
                           .salt = salt,
                           .body = &t->body,
                           .personal = &t->personal};
    assert_int_equal(core_correct(w->rig.core, &q), 0);
    drop(t);
}

static void a_price_that_comes_later_corrects_the_counter_and_the_record(void **state)
{
    struct world w;
    struct try t;
    setup(&w);
    assert_int_equal(hold(&w, &t, 5, NULL), 0);
    end(&w, &t, OUTCOME_SETTLED, 5);
    correct(&w, &t, 5, 3);
    assert_str(standing(&w), "3/0");
    correct(&w, &t, 3, 9); /* beyond what was held too */
    assert_str(standing(&w), "9/0");
    rig_stop(&w.rig, true); /* and so it stands after a restart */
    rig_start(&w.rig);
    admit(&w);
    assert_str(standing(&w), "9/0");
    teardown(&w);
}

/* What has settled in the window of that start, as the store has it. */
static money_t settled_in_store(struct world *w, wall_t window_start)
{
    struct query q = {.kind = QUERY_COUNTERS, .rows_max = 100};
    struct store_reader *reader;
    struct buf json;
    struct json rows;
    money_t settled = -1;
    while (core_drain_turn(w->rig.core))
        ;
    buf_init(&json, 1 << 20);
    assert_int_equal(w->rig.store->ops->reader_new(w->rig.store, &reader), 0);
    assert_int_equal(w->rig.store->ops->ask(reader, &q, &json), 0);
    assert_int_equal(json_parse(&w->rig.arena, buf_str(&json), 16, &rows), 0);
    for (size_t i = 0; i < json_len(rows); i++) {
        struct str text = STR_NONE, usd = STR_NONE;
        wall_t at = -1;
        (void)json_str(json_get(json_at(rows, i), STR("window_start")), &text);
        (void)json_str(json_get(json_at(rows, i), STR("settled")), &usd);
        if (wall_parse(text, &at) == 0 && at == window_start)
            assert_int_equal(money_parse(usd, &settled), 0);
    }
    w->rig.store->ops->reader_free(reader);
    buf_deinit(&json);
    return settled;
}

static void a_price_of_yesterday_counts_in_yesterday(void **state)
{
    struct world w;
    struct try yesterday, today;
    wall_t before = wall_now;
    setup(&w);
    assert_int_equal(hold(&w, &yesterday, 5, NULL), 0);
    end(&w, &yesterday, OUTCOME_SETTLED, 5);
    wall_t day = wall_day_start(wall_now);
    wall_now += 24 * 3600 * NS_PER_S;
    assert_int_equal(hold(&w, &today, 7, NULL), 0);
    end(&w, &today, OUTCOME_SETTLED, 7);
    correct(&w, &yesterday, 5, 3);
    assert_str(standing(&w), "7/0");
    assert_int_equal(settled_in_store(&w, day), 3 * MONEY_PER_USD);
    assert_int_equal(settled_in_store(&w, wall_day_start(wall_now)), 7 * MONEY_PER_USD);
    teardown(&w);
    wall_now = before;
}

static void released_calls_make_room_in_a_full_index_and_held_ones_do_not(void **state)
{
    struct world w;
    struct try held[2], t;
    char key[16];
    setup(&w);
    w.rig.limits.idempotency_max = 16;
    policy_unref(w.policy);
    w.policy = NULL;
    rig_stop(&w.rig, true);
    rig_start(&w.rig); /* with the small index */
    admit(&w);
    assert_int_equal(hold(&w, &held[0], 10, "held 0"), 0);
    assert_int_equal(hold(&w, &held[1], 10, "held 1"), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        assert_int_equal(hold(&w, &t, 1, key), 0);
        end(&w, &t, i % 2 ? OUTCOME_RELEASED : OUTCOME_SETTLED, 0);
    }
    assert_int_equal(hold(&w, &t, 1, "the last one"), 0);
    assert_true(core_idempotency_is_known(w.rig.core, &t.idem));
    assert_true(core_has_old_idempotency(w.rig.core, wall_now));
    end(&w, &t, OUTCOME_RELEASED, 0);
    assert_true(core_idempotency_is_known(w.rig.core, &held[0].idem));
    end(&w, &held[0], OUTCOME_RELEASED, 0);
    end(&w, &held[1], OUTCOME_RELEASED, 0);
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_is_settled_with_the_true_cost),
        cmocka_unit_test(a_retry_with_the_same_key_and_body_shares_the_hold_also_in_flight),
        cmocka_unit_test(the_same_key_with_another_body_holds_for_itself),
        cmocka_unit_test(an_unknown_outcome_stays_held_until_a_retry_brings_it),
        cmocka_unit_test(the_retry_that_brings_an_outcome_has_its_own_record),
        cmocka_unit_test(the_amount_that_a_retry_brought_stands_where_its_money_does),
        cmocka_unit_test(a_released_key_holds_anew),
        cmocka_unit_test(a_document_was_applied_when_its_record_says),
        cmocka_unit_test(a_document_that_comes_after_its_key_is_seen_and_each_version_of_it),
        cmocka_unit_test(revoke_kill_and_a_new_document_are_obeyed_between_decide_and_hold),
        cmocka_unit_test(a_run_of_one_tenant_is_stopped_whether_key_or_token_says_the_tenant),
        cmocka_unit_test(a_disabled_agent_is_refused_where_limits_are_taken),
        cmocka_unit_test(after_a_restart_an_open_call_is_unknown_and_held_and_its_slot_is_free),
        cmocka_unit_test(a_call_to_a_model_settles_each_meter_with_what_it_used),
        cmocka_unit_test(usage_beyond_the_hold_is_booked_and_flagged),
        cmocka_unit_test(tokens_that_nobody_counted_settle_at_the_hold),
        cmocka_unit_test(a_call_to_a_model_that_a_restart_cut_off_is_settled_at_its_hold),
        cmocka_unit_test(a_refund_that_a_restart_cut_off_says_nothing_of_a_model),
        cmocka_unit_test(an_end_with_more_tool_calls_than_fit_is_recorded_without_them),
        cmocka_unit_test(the_core_leads_from_a_tool_call_to_the_call_that_carries_it_out),
        cmocka_unit_test(a_call_refused_while_its_retry_runs_is_unknown_until_the_retry_ends),
        cmocka_unit_test(a_replay_of_a_call_settled_before_the_start_books_nothing),
        cmocka_unit_test(a_start_is_ready_before_the_store_has_the_tail),
        cmocka_unit_test(retries_cut_off_by_a_restart_leave_the_first_hold_its_place),
        cmocka_unit_test(another_body_under_the_key_takes_nobodys_place),
        cmocka_unit_test(the_same_within_its_window_is_a_duplicate_unless_the_first_did_nothing),
        cmocka_unit_test(of_two_that_were_sent_before_a_start_the_newer_one_counts),
        cmocka_unit_test(a_price_that_comes_later_corrects_the_counter_and_the_record),
        cmocka_unit_test(a_price_of_yesterday_counts_in_yesterday),
        cmocka_unit_test(released_calls_make_room_in_a_full_index_and_held_ones_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
