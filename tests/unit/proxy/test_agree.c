/*
 * One verdict, wherever it is asked for: 100,000 random calls under random documents, each decided as the daemon does
 * (the document that is in force, the ledger, the hold), by `explain`, and by the tests of a document. The three texts
 * of each verdict are equal byte for byte, and what is permitted is what can be held.
 *
 * Calls that are permitted are held and settled, so that limits fill up; what they have counted is what the other two
 * are given. tests/e2e/test_policy_agree.py asks the same of the built binary.
 */
#include "policy/draft.h"

#include "io/io_memory.h"
#include "policy/explain.h"
#include "policy/trial.h"
#include "proxy/core_call.h"
#include "proxy/core_keys.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

#define DOCUMENTS 1000
#define CALLS_A_DOCUMENT 100 /* DOCUMENTS times as many in all */

static const struct known known = {.operations = case_operations, .n_operations = CASE_OPERATIONS};
static wall_t wall_now;
static mono_t test_mono(void *ctx) { return 0; }
static wall_t test_wall(void *ctx) { return wall_now; }

struct fixture {
    struct rng rng;
    struct limits limits;
    struct arena a; /* of one document */
    struct diag_list diags;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    const struct key_entry *key;
    const struct policy *in_force;
    struct policy *parsed;
    struct buf tests;
    struct json_writer w;
    struct str verdicts[CALLS_A_DOCUMENT];
    struct buf body, personal;
    int n_permitted, n_asked, n_denied, n_full;
};

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static void start_core(struct fixture *x)
{
    static const struct clock clock = {test_mono, test_wall, NULL};
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    x->io = io_memory_new(64u << 20);
    (void)io_mkdir(x->io, STR("journal"));
    assert_int_equal(store_memory_new(&x->store), 0);
    uint64_t seq = x->store->ops->position(x->store, chain, &epoch);
    assert_int_equal(journal_open(x->io, STR("journal"), &x->limits, 1, seq, chain, epoch, &x->journal), 0);
    struct core_options o = {.limits = &x->limits, .clock = &clock, .rng = &x->rng, .journal = x->journal,
                             .store = x->store, .known = &known};
    assert_int_equal(core_new(&o, &x->core), 0);
}

static void admit(struct fixture *x)
{
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("a"), .policy = policy_name(x->parsed)};
    struct key_text key;
    struct admission adm;
    const struct policy *p;
    uint64_t seq;
    assert_int_equal(core_policy_apply(x->core, policy_text(x->parsed), STR("p"), STR("test"), &x->diags, &p, &seq),
                     0);
    policy_unref(p);
    assert_int_equal(core_key_create(x->core, &spec, STR("test"), &x->diags, &key, &seq), 0);
    core_admit(x->core, key.hash, wall_now, &x->a, &adm);
    assert_int_equal(adm.code, CODE_NONE);
    x->key = adm.key;
    x->in_force = adm.policy;
}

static struct str text_of(struct arena *a, const struct verdict *v)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 1 << 20);
    jw_init(&w, &b);
    verdict_put_json(&w, v);
    struct str text = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return text;
}

/* As proxy/decide.c: with look-ups, and without where they find nothing. */
static void decide(struct fixture *x, const struct facts *f, struct verdict *v)
{
    policy_decide(x->in_force, NULL, f, POLICY_MAY_ASK | POLICY_MAY_LOOK_UP, &x->a, v);
    if (v->wants_cost || v->wants_customer)
        policy_decide(x->in_force, NULL, f, POLICY_MAY_ASK, &x->a, v);
    assert_true(!v->wants_cost && !v->wants_customer && !v->wants_affected && !v->n_questions);
}

/* What the ledger makes of it: `looked` as a dry run is told. */
static void look(struct fixture *x, const struct facts *f, struct verdict *looked)
{
    core_look(x->core, looked, f->now);
    policy_settle_would(looked, f, &x->a);
    const struct limit_need *full = policy_ask_limits(looked, f, &x->a);
    if (full)
        policy_refuse_limit(full, f, &x->a, looked);
    x->n_permitted += looked->effect == EFFECT_PERMIT;
    x->n_asked += looked->effect == EFFECT_APPROVE;
    x->n_denied += looked->effect == EFFECT_DENY;
}

static void settle(struct fixture *x, struct str id, struct held *held, const struct facts *f)
{
    static const uint8_t salt[SALT_BYTES];
    struct record_close rc = {.call_id = id, .open_seq = held->open_seq, .ended_at = f->now,
                              .outcome = OUTCOME_SETTLED, .settled = f->cost, .salt = salt};
    struct close_request q = {.held = held, .record = &rc, .object_scope = STR("stripe/live"), .body = &x->body,
                              .personal = &x->personal};
    assert_int_equal(core_close(x->core, &q), 0);
}

/* Whether the call is held: then it is settled with what it may cost. */
static bool hold(struct fixture *x, const struct facts *f, struct verdict *v, int i)
{
    static const uint8_t salt[SALT_BYTES];
    struct record_writer rw;
    struct held held;
    size_t i_short;
    enum code code;
    struct str id = arena_printf(&x->a, "019ac3f2-7d10-7c6e-9b1e-%012d", i);
    struct record_open o = {.call_id = id, .started_at = f->now, .facts = f, .verdict = v, .salt = salt};
    buf_reset(&x->body);
    buf_reset(&x->personal);
    record_open_begin(&rw, &o, &x->body, &x->personal);
    struct hold_request q = {.key = x->key, .policy = x->in_force, .run_id = f->run_id, .call_id = id, .verdict = v,
                             .facts = f, .arena = &x->a, .record = &rw, .now = f->now, .predicted = f->cost};
    int r = core_hold(x->core, &q, &held, &i_short, &code);
    assert_true(r == 0 || r == CORE_R_SHORT);
    x->n_full += r == CORE_R_SHORT;
    if (r == 0)
        settle(x, id, &held, f);
    return r == 0;
}

/* --- the same in words -------------------------------------------------------------------------------------------- */

static void put_request(struct json_writer *w, const struct facts *f)
{
    char usd[MONEY_TEXT_BYTES];
    jw_key(w, STR("request"));
    jw_object(w);
    jw_put_str(w, STR("operation"), f->operation);
    jw_put_str(w, STR("vendor"), f->vendor);
    jw_put_str(w, STR("layer"), f->layer);
    jw_put_str(w, STR("method"), f->method);
    jw_put_str(w, STR("class"), class_text(f->class));
    jw_put_str(w, STR("cost"), f->cost.how == HOW_UNKNOWN ? STR("unknown") : money_text(f->cost.usd, usd));
    if (f->model.n)
        jw_put_str(w, STR("model"), f->model);
    if (f->has_idempotency_key)
        jw_put_str(w, STR("idempotency_key"), STR("k"));
    jw_key(w, STR("params"));
    jw_object(w);
    for (size_t i = 0; i < f->n_params; i++)
        if (f->params[i].kind == KIND_INT)
            jw_put_i64(w, f->params[i].name, f->params[i].i);
        else
            jw_put_str(w, f->params[i].name, f->params[i].s);
    jw_object_end(w);
    jw_object_end(w);
}

static void put_counters(struct json_writer *w, const struct verdict *v)
{
    char usd[MONEY_TEXT_BYTES];
    jw_key(w, STR("counters"));
    jw_object(w);
    for (size_t i = 0; i < v->n_needs; i++) {
        assert_int_equal(v->needs[i].held, 0);
        if (v->needs[i].meter == METER_USD)
            jw_put_str(w, v->needs[i].id, money_text(v->needs[i].before, usd));
        else
            jw_put_i64(w, v->needs[i].id, v->needs[i].before);
    }
    jw_object_end(w);
}

static void put_one(struct json_writer *w, struct str part, struct str name, struct str value)
{
    if (!value.n)
        return;
    jw_key(w, part);
    jw_object(w);
    jw_put_str(w, name, value);
    jw_object_end(w);
}

static void put_given(struct json_writer *w, const struct facts *f, const struct verdict *looked)
{
    char now[WALL_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("now"), wall_text(f->now, now));
    jw_key(w, STR("principal"));
    jw_object(w);
    jw_put_str(w, STR("agent"), f->agent);
    jw_put_str(w, STR("key"), f->key);
    if (f->user.n)
        jw_put_str(w, STR("user"), f->user);
    jw_object_end(w);
    put_one(w, STR("run"), STR("id"), f->run_id);
    put_one(w, STR("customer"), STR("id"), f->customer);
    put_request(w, f);
    put_counters(w, looked);
    jw_object_end(w);
}

/* --- agreement ---------------------------------------------------------------------------------------------------- */

static void expect_explained(struct fixture *x, struct str given, struct str want)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(
        policy_explain_given(x->parsed, given, STR("given"), &x->limits, &known, &x->a, &x->diags, &b), 0);
    struct str start = arena_printf(&x->a, "{\"verdict\":" STR_FMT ",", STR_ARG(want));
    if (!str_starts(buf_str(&b), start))
        fail_msg("given     %.*s\ndaemon    %.*s\nexplained %.*s", STR_ARG(given), STR_ARG(want), STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

static void add_test(struct fixture *x, struct str given)
{
    jw_object(&x->w);
    jw_put_str(&x->w, STR("name"), STR("one"));
    jw_put_raw(&x->w, STR("given"), given);
    put_one(&x->w, STR("expect"), STR("decision"), STR("permit"));
    jw_object_end(&x->w);
}

static void expect_tested(struct fixture *x)
{
    struct trials trials;
    assert_int_equal(
        policy_try(buf_str(&x->tests), STR("tests"), NULL, &x->limits, &known, &x->a, &x->diags, &trials), 0);
    assert_int_equal(trials.n, CALLS_A_DOCUMENT);
    for (size_t i = 0; i < trials.n; i++)
        if (!str_eq(trials.items[i].verdict, x->verdicts[i]))
            fail_msg("daemon %.*s\ntested %.*s", STR_ARG(x->verdicts[i]), STR_ARG(trials.items[i].verdict));
}

static void one_call(struct fixture *x, int i)
{
    struct json_writer w;
    struct verdict v, looked;
    struct call c;
    struct buf b;
    random_rich_call(&x->rng, &c);
    struct affected_account account = {c.f.customer, true};
    c.f.mode = MODE_LIVE;
    c.f.tokens = (struct token_bound){.input = -1, .output = -1};
    c.f.user_source = c.f.user.n ? SOURCE_TOKEN : SOURCE_NONE;
    c.f.customer_source = c.f.customer.n ? SOURCE_REQUEST : SOURCE_NONE;
    c.f.run_trust = RUN_CLAIMED;
    c.f.root_run_id = c.f.run_id;
    c.f.affected = (struct affected){c.f.customer.n ? AFFECTED_TOLD : AFFECTED_UNTOLD, &account, c.f.customer.n > 0,
                                     STR("it names no customer, and nothing that belongs to one")};
    c.f.now = wall_now += (wall_t)rng_below(&x->rng, 7200) * NS_PER_S;
    decide(x, &c.f, &v);
    looked = v;
    look(x, &c.f, &looked);
    buf_init(&b, 65536);
    jw_init(&w, &b);
    put_given(&w, &c.f, &looked);
    x->verdicts[i] = text_of(&x->a, &looked);
    expect_explained(x, buf_str(&b), x->verdicts[i]);
    add_test(x, buf_str(&b));
    buf_deinit(&b);
    if (v.effect == EFFECT_PERMIT)
        assert_int_equal(hold(x, &c.f, &v, i), looked.effect == EFFECT_PERMIT);
}

static void begin_tests(struct fixture *x)
{
    buf_init(&x->tests, 8 << 20);
    jw_init(&x->w, &x->tests);
    jw_object(&x->w);
    jw_put_str(&x->w, STR("apiVersion"), STR("agentpolicy/v1"));
    jw_put_str(&x->w, STR("kind"), STR("PolicyTest"));
    jw_put_raw(&x->w, STR("document"), policy_text(x->parsed));
    jw_key(&x->w, STR("tests"));
    jw_array(&x->w);
}

static void open_document(struct fixture *x)
{
    struct draft d = random_rich_draft(&x->rng, "");
    arena_init(&x->a, 256 << 20);
    diag_list_init(&x->diags, &x->a, 20);
    x->parsed = parse_draft(&x->rng, &d, -1, AS_IT_IS, &x->a);
    start_core(x);
    admit(x);
    begin_tests(x);
}

static void close_document(struct fixture *x)
{
    policy_unref(x->in_force);
    policy_unref(x->parsed);
    core_free(x->core);
    journal_close(x->journal);
    x->store->ops->close(x->store);
    io_memory_free(x->io);
    buf_deinit(&x->tests);
    arena_deinit(&x->a);
}

static void suite_daemon_and_explain_agree_byte_for_byte_on_random_calls(void **state)
{
    static struct fixture x;
    rng_seeded_init(&x.rng, 31);
    limits_default(&x.limits);
    x.limits.journal_segment_bytes = 1 << 20;
    wall_now = 1795437000 * NS_PER_S;
    buf_init(&x.body, 1 << 20);
    buf_init(&x.personal, 1 << 20);
    for (int d = 0; d < DOCUMENTS; d++) {
        open_document(&x);
        for (int i = 0; i < CALLS_A_DOCUMENT; i++)
            one_call(&x, i);
        jw_array_end(&x.w);
        jw_object_end(&x.w);
        jw_end(&x.w);
        expect_tested(&x);
        close_document(&x);
    }
    buf_deinit(&x.body);
    buf_deinit(&x.personal);
    assert_true(x.n_permitted > 10000 && x.n_asked > 8000 && x.n_full > 1500); /* or else nothing was tried */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suite_daemon_and_explain_agree_byte_for_byte_on_random_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
