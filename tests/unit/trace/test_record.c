/*
 * tests/unit/trace/test_record.c - the texts of a record: what the chain covers names no person, and every digest fits
 * its value.
 */
#include "unit.h"

#include "base/arena.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "crypto/hash.h"
#include "trace/record.h"

#include <string.h>

static const uint8_t salt[SALT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct texts {
    struct buf body, personal;
    struct arena arena;
    struct json b, p;
};

static void setup(struct texts *t)
{
    buf_init(&t->body, 1 << 20);
    buf_init(&t->personal, 1 << 20);
    arena_init(&t->arena, 1 << 20);
}

static void parse(struct texts *t)
{
    assert_int_equal(buf_ok(&t->body), 0);
    assert_int_equal(json_parse(&t->arena, buf_str(&t->body), 64, &t->b), 0);
    t->p = JSON_ABSENT;
    if (t->personal.n)
        assert_int_equal(json_parse(&t->arena, buf_str(&t->personal), 64, &t->p), 0);
}

static void teardown(struct texts *t)
{
    buf_deinit(&t->body);
    buf_deinit(&t->personal);
    arena_deinit(&t->arena);
}

static struct str text_at(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s);
    return s;
}

static int64_t int_at(struct json v, const char *path)
{
    int64_t n = -1;
    (void)json_i64(json_path(v, str_c(path)), &n);
    return n;
}

/* The first 16 bytes of SHA-256, as an auditor would compute it from the two texts alone. */
static void check_digest(const struct texts *t)
{
    char hex[32];
    uint8_t sha[32];
    sha256(buf_str(&t->personal), sha);
    assert_true(str_eq(hex_encode(sha, 16, hex), text_at(t->b, "personal")));
}

static bool has_text(const struct buf *b, const char *text)
{
    size_t at;
    return str_find(buf_str(b), str_c(text), &at);
}

static struct facts sample_facts(const struct param *params)
{
    return (struct facts){
        .key = STR("k1"),
        .agent = STR("refunds"),
        .owner = STR("ann@acme.test"),
        .tenant = STR("acme"),
        .customer = STR("cus_secret"),
        .customer_source = SOURCE_REQUEST,
        .run_id = STR("run-1"),
        .layer = STR("saas"),
        .vendor = STR("stripe"),
        .operation = STR("stripe.refunds.create"),
        .method = STR("POST"),
        .class = CLASS_MONEY_OUT,
        .mode = MODE_TEST,
        .amount = {.is_known = true, .minor = 500, .exponent = 2, .currency = "USD"},
        .cost = {.how = HOW_ESTIMATED, .usd = 5 * MONEY_PER_USD},
        .params = params,
        .n_params = 2,
    };
}

static void open_body_names_no_person_and_its_digest_fits(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct param params[] = {{.name = STR("amount"), .kind = KIND_INT, .i = 500},
                             {.name = STR("customer"), .s = STR("cus_secret")},
                             {.name = STR("capture"), .kind = KIND_BOOL, .s = STR("true")},
                             {.name = STR("to"), .kind = KIND_LIST, .s = STR("a@x.example,b@x.example")}};
    struct facts f = sample_facts(params);
    struct limit_need need = {.id = STR("day"),
                              .counter = STR("default/day/usd/day/customer"),
                              .bucket = STR("customer=cus_secret"),
                              .meter = METER_USD,
                              .window = WINDOW_DAY,
                              .n = 5,
                              .before = 1,
                              .held = 2,
                              .after = 8,
                              .max = 10};
    struct verdict v = {.effect = EFFECT_PERMIT, .rule = STR("refunds"), .needs = &need, .n_needs = 1};
    struct record_open o = {.call_id = STR("c-1"),
                            .started_at = 1,
                            .facts = &f,
                            .verdict = &v,
                            .path = STR("/v1/customers/cus_secret"),
                            .idempotency_key = STR("order cus_secret"),
                            .duplicate = STR("c0ffee"),
                            .duplicate_ms = 60000,
                            .duplicate_key = STR("f00d"),
                            .salt = salt};
    setup(&t);
    f.n_params = 4;
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &(struct record_hold){.needs = &need, .n_needs = 1, .held = {.how = HOW_ESTIMATED, .usd = 5}},
                    NULL);
    parse(&t);
    assert_null(memmem(t.body.p, t.body.n, "cus_secret", 10));
    assert_null(memmem(t.body.p, t.body.n, "acme", 4));
    assert_str(text_at(t.b, "operation"), "stripe.refunds.create");
    assert_str(text_at(t.b, "held.usd"), "0.000000005");
    assert_true(has_text(&t.body, "\"limits\":[[\"default/day/usd/day/customer\",0,5,10,1,2]]"));
    check_digest(&t);
    assert_str(text_at(t.p, "buckets[0]"), "customer=cus_secret");
    assert_str(text_at(t.p, "tenant"), "acme");
    assert_true(has_text(&t.personal, "\"tenant\":\"acme\""));
    assert_true(has_text(&t.personal, "\"duplicate\":{\"digest\":\"c0ffee\",\"window_ms\":60000,\"key\":\"f00d\"}"));
    assert_true(has_text(&t.personal, "\"buckets\":[\"customer=cus_secret\"]"));
    assert_true(has_text(&t.personal, "\"params\":{\"amount\":500,\"customer\":\"cus_secret\",\"capture\":true,"
                                      "\"to\":[\"a@x.example\",\"b@x.example\"]}"));
    assert_int_equal(json_type(json_get(t.b, STR("ended_at"))), JSON_NONE);
    teardown(&t);
}

static void a_refused_call_is_over_in_its_open_frame(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct facts f = {.agent = STR("a"), .method = STR("POST")};
    struct verdict v = {.effect = EFFECT_DENY, .code = CODE_POLICY_DENIED, .reason = STR("No \"rule\" permits it")};
    struct record_open o = {.call_id = STR("c-2"), .facts = &f, .verdict = &v, .salt = salt};
    setup(&t);
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &(struct record_hold){.held = {.how = HOW_UNKNOWN}},
                    &(struct record_end){.at = NS_PER_S, .status = 403, .bytes_in = 10});
    parse(&t);
    assert_str(text_at(t.b, "verdict"), "deny");
    assert_str(text_at(t.b, "code"), "policy_denied");
    assert_str(text_at(t.b, "outcome"), "none");
    assert_str(text_at(t.b, "ended_at"), "1970-01-01T00:00:01.000Z");
    assert_int_equal(int_at(t.b, "status"), 403);
    assert_int_equal(json_type(json_get(t.b, STR("held"))), JSON_NONE);
    assert_int_equal(json_type(json_get(t.b, STR("operation"))), JSON_NONE);
    teardown(&t);
}

/* Of a limit as much is written as does not follow from the rest; a bucket's name once. */
static void limits_and_shadow_say_what_does_not_follow(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct facts f = {.agent = STR("a"), .method = STR("POST")};
    struct zone *zone = (struct zone *)&t; /* which one does not matter: it is named by the counter */
    struct limit_need needs[] = {
        {.counter = STR("d/plain/requests/day/agent"), .bucket = STR("agent=a"), .window = WINDOW_DAY, .n = 1, .max = 9,
         .window_start = 100, .resets_at = 300},
        {.counter = STR("d/watched/requests/day/agent"), .bucket = STR("agent=a"), .window = WINDOW_DAY,
         .is_shadow = true},
        {.counter = STR("d/more/requests/day/-"), .bucket = STR("-"), .window = WINDOW_DAY, .raised = 4},
        {.counter = STR("d/soft/requests/day/agent"), .bucket = STR("agent=a"), .window = WINDOW_DAY, .soft = 5},
        {.counter = STR("d/slides/requests/sliding:1m/-"), .bucket = STR("-"), .window = WINDOW_SLIDING,
         .window_start = 100, .resets_at = 160},
        {.counter = STR("d/there/requests/day:Europe/Berlin/-"), .bucket = STR("-"), .window = WINDOW_DAY, .zone = zone,
         .window_start = 100, .resets_at = 190},
    };
    struct verdict v = {.effect = EFFECT_PERMIT, .rule = STR("refunds"), .needs = needs, .n_needs = 6}, would = v;
    struct record_open o = {.call_id = STR("c-3"), .facts = &f, .verdict = &v, .salt = salt};
    struct record_hold h = {.needs = needs, .n_needs = 6, .would = &would, .would_of = STR("document")};
    v.policy = STR("cd");
    would.policy = STR("ab");
    setup(&t);
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &h, NULL);
    parse(&t);
    assert_true(has_text(&t.body, "\"limits\":[[\"d/plain/requests/day/agent\",100,1,9,0,0],"
                                  "[\"d/watched/requests/day/agent\",0,0,0,0,0,1],"
                                  "[\"d/more/requests/day/-\",0,0,0,0,0,0,4],"
                                  "[\"d/soft/requests/day/agent\",0,0,0,0,0,0,0,5],"
                                  "[\"d/slides/requests/sliding:1m/-\",100,0,0,0,0,0,0,0,60],"
                                  "[\"d/there/requests/day:Europe/Berlin/-\",100,0,0,0,0,0,0,0,90]]"));
    assert_true(has_text(&t.personal, "\"buckets\":[\"agent=a\",0,\"-\",0,2,2]"));
    assert_true(has_text(&t.body, "\"shadow\":{\"of\":\"document\",\"policy\":\"ab\"}"));
    teardown(&t);

    setup(&t);
    would.effect = EFFECT_DENY;
    would.rule = STR_NONE;
    would.policy = v.policy;
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &h, NULL);
    parse(&t);
    assert_str(text_at(t.b, "shadow.verdict"), "deny");
    assert_true(has_text(&t.body, "\"rule\":\"\"}")); /* none, and not the one that was given, of the same document */
    teardown(&t);
}

static void moves_stand_in_the_order_of_the_limits(void **state)
{
    struct texts t;
    const struct record_move moves[] = {{7, 3, 1, 1}, {7, 0, 5, 4}, {3, 1, 2, 0}, {7, 1, 0, -2}};
    struct record_close c = {
        .open_seq = 7, .outcome = OUTCOME_SETTLED, .phases = RECORD_PHASES_NONE, .moves = moves, .salt = salt};
    setup(&t);
    c.n_moves = 4;
    record_close(&c, &t.body, &t.personal);
    assert_true(has_text(&t.body, "\"moves\":[5,4,0,-2,0,0,1,1],\"shared_moves\":[3,0,0,2,0]"));
    teardown(&t);
    setup(&t);
    c.n_moves = 0;
    record_close(&c, &t.body, &t.personal);
    assert_true(has_text(&t.body, "\"moves\":[]}"));
    teardown(&t);
}

static void close_keeps_learned_objects_out_of_the_chain(void **state)
{
    struct texts t;
    struct record_attempt attempt = {.method = STR("POST"),
                                     .path = STR("/v1/refunds"),
                                     .target = STR("127.0.0.1:1"),
                                     .status = 200,
                                     .connect_us = -1};
    struct record_object object = {.id = STR("re_77"),
                                   .type = STR("refund"),
                                   .customer = STR("cus_secret"),
                                   .parent = STR("ch_1"),
                                   .is_created = true};
    struct record_move move = {.of = 7, .i = 0, .released = 5, .settled = 4};
    struct record_close c = {.call_id = STR("c-1"),
                             .open_seq = 7,
                             .ended_at = NS_PER_S,
                             .outcome = OUTCOME_SETTLED,
                             .settled = {.how = HOW_PARSED, .usd = 4},
                             .status = 200,
                             .attempts = &attempt,
                             .n_attempts = 1,
                             .moves = &move,
                             .n_moves = 1,
                             .objects = &object,
                             .n_objects = 1,
                             .poll = STR("/v1/re_77/price"),
                             .salt = salt};
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_null(memmem(t.body.p, t.body.n, "re_77", 5));
    assert_str(text_at(t.p, "poll"), "/v1/re_77/price");
    assert_true(has_text(&t.personal, "\"poll\":\"/v1/re_77/price\""));
    assert_str(text_at(t.p, "object_ids[0]"), "re_77");
    assert_str(text_at(t.p, "objects[0].customer"), "cus_secret");
    assert_str(text_at(t.b, "settled.how"), "parsed");
    assert_true(has_text(&t.body, "\"moves\":[5,4]"));
    check_digest(&t);
    assert_int_equal(int_at(t.b, "attempts[0].status"), 200);
    assert_int_equal(json_type(json_path(t.b, STR("attempts[0].connect_us"))), JSON_NONE);
    assert_true(has_text(&t.personal, "\"object_ids\":[\"re_77\"]"));
    teardown(&t);
}

/* --- calls to models ---------------------------------------------------------------------------------------------- */

static void open_of_a_model_call_says_what_was_asked_and_predicted(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct facts f = {.agent = STR("a"),
                      .method = STR("POST"),
                      .layer = STR("llm"),
                      .model = STR("gpt-4o-mini"),
                      .prompt = STR("refunds@7"),
                      .prompt_hash = STR("0123456789abcdef0123456789abcdef"),
                      .tokens = {.is_known = true, .input = 1200, .output = 300},
                      .cost = {.how = HOW_ESTIMATED, .usd = 9}};
    struct verdict v = {.effect = EFFECT_PERMIT};
    struct record_open o = {.call_id = STR("c-3"),
                            .facts = &f,
                            .verdict = &v,
                            .model_sent = STR("gpt-4o-mini-2024-07-18"),
                            .catalog = STR("2026-11-01"),
                            .salt = salt};
    setup(&t);
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &(struct record_hold){.held = {.how = HOW_ESTIMATED, .usd = 9}}, NULL);
    parse(&t);
    assert_str(text_at(t.b, "model_asked"), "gpt-4o-mini");
    assert_str(text_at(t.b, "model_sent"), "gpt-4o-mini-2024-07-18");
    assert_str(text_at(t.b, "prompt"), "refunds@7");
    assert_str(text_at(t.b, "prompt_hash"), "0123456789abcdef0123456789abcdef");
    assert_str(text_at(t.b, "catalog"), "2026-11-01");
    assert_int_equal(int_at(t.b, "facts.tokens.input"), 1200);
    assert_int_equal(int_at(t.b, "facts.tokens.output"), 300);
    assert_int_equal(json_type(json_get(t.b, STR("caused_by"))), JSON_NONE);
    teardown(&t);
}

static void a_bound_that_is_not_known_is_not_recorded_as_zero(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct facts f = {.agent = STR("a"), .method = STR("POST"), .model = STR("m")};
    struct verdict v = {.effect = EFFECT_PERMIT};
    struct record_open o = {.call_id = STR("c-3"), .facts = &f, .verdict = &v, .salt = salt};
    setup(&t);
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &(struct record_hold){.held = {.how = HOW_UNKNOWN}}, NULL);
    parse(&t);
    assert_str(text_at(t.b, "model_asked"), "m");
    assert_int_equal(json_type(json_path(t.b, STR("facts.tokens"))), JSON_NONE);
    assert_int_equal(json_type(json_get(t.b, STR("catalog"))), JSON_NONE);
    teardown(&t);
}

static void a_cause_says_how_it_is_known(void **state)
{
    struct texts t;
    struct record_writer rw;
    struct facts f = {.agent = STR("a"), .method = STR("POST")};
    struct verdict v = {.effect = EFFECT_PERMIT};
    struct record_open o = {.call_id = STR("c-4"),
                            .facts = &f,
                            .verdict = &v,
                            .cause = {CAUSE_INFERRED, STR("c-3"), STR("call_9")},
                            .salt = salt};
    setup(&t);
    record_open_begin(&rw, &o, &t.body, &t.personal);
    record_open_end(&rw, &(struct record_hold){.held = {.how = HOW_UNKNOWN}}, NULL);
    parse(&t);
    assert_str(text_at(t.b, "caused_by.call_id"), "c-3");
    assert_str(text_at(t.b, "caused_by.tool_call_id"), "call_9");
    assert_str(text_at(t.b, "caused_by.how"), "inferred");
    teardown(&t);
}

static struct record_close model_close(const struct tool_call *calls, size_t n)
{
    return (struct record_close){.call_id = STR("c-3"),
                                 .open_seq = 7,
                                 .ended_at = NS_PER_S,
                                 .outcome = OUTCOME_SETTLED,
                                 .settled = {.how = HOW_PRICED, .usd = 4},
                                 .stream_end = "complete",
                                 .phases = RECORD_PHASES_NONE,
                                 .model = {.sent = STR("gpt-4o-mini"),
                                           .returned = STR("gpt-4o-mini-2024-07-18"),
                                           .finish = STR("tool_calls"),
                                           .tier = STR("standard"),
                                           .catalog = STR("2026-11-01"),
                                           .usage = {.how = HOW_PARSED},
                                           .tool_calls = calls,
                                           .n_tool_calls = n},
                                 .salt = salt};
}

static void tokens_of_one_recorded_name_are_one_number_and_none_is_zero(void **state)
{
    struct texts t;
    struct record_close c = model_close(NULL, 0);
    c.model.usage.tokens[TOKEN_INPUT] = 100;
    c.model.usage.tokens[TOKEN_CACHE_READ] = 50;
    c.model.usage.tokens[TOKEN_AUDIO_IN] = 7;
    c.model.usage.tokens[TOKEN_AUDIO_OUT] = 9;
    c.model.usage.web_searches = 2;
    c.phases.first_token = 41000;
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_non_null(memmem(t.body.p, t.body.n, "\"tokens\":{\"input\":100,\"cache_read\":50,\"audio\":16}", 47));
    assert_str(text_at(t.b, "tokens_how"), "parsed");
    assert_int_equal(int_at(t.b, "web_searches"), 2);
    assert_int_equal(int_at(t.b, "phases.first_token"), 41000);
    assert_str(text_at(t.b, "model_returned"), "gpt-4o-mini-2024-07-18");
    assert_str(text_at(t.b, "finish"), "tool_calls");
    assert_str(text_at(t.b, "tier"), "standard");
    assert_str(text_at(t.b, "settled.how"), "priced");
    assert_int_equal(json_type(json_get(t.b, STR("tool_calls"))), JSON_NONE);
    teardown(&t);
}

static void usage_that_is_not_known_is_not_recorded_as_zero(void **state)
{
    struct texts t;
    struct record_close c = model_close(NULL, 0);
    c.model.usage.how = HOW_UNKNOWN;
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_int_equal(json_type(json_get(t.b, STR("tokens"))), JSON_NONE);
    assert_int_equal(json_type(json_get(t.b, STR("tokens_how"))), JSON_NONE);
    teardown(&t);
}

static void arguments_are_never_recorded_and_their_hashes_can_be_erased(void **state)
{
    struct texts t;
    struct tool_call call = {.id = STR("call_9"),
                             .name = STR("refund"),
                             .args = STR("{\"charge\":\"ch_secret\"}"),
                             .args_hash = "aaaabbbbccccddddeeeeffff0000111"};
    call.args_hash[31] = '2';
    struct record_close c = model_close(&call, 1);
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_null(memmem(t.body.p, t.body.n, "ch_secret", 9));
    assert_null(memmem(t.personal.p, t.personal.n, "ch_secret", 9));
    assert_null(memmem(t.body.p, t.body.n, "aaaabbbb", 8));
    assert_str(text_at(t.b, "tool_calls[0].id"), "call_9");
    assert_str(text_at(t.b, "tool_calls[0].name"), "refund");
    assert_str(text_at(t.p, "args_hashes[0]"), "aaaabbbbccccddddeeeeffff00001112");
    assert_true(has_text(&t.personal, "\"args_hashes\":[\"aaaabbbbccccddddeeeeffff00001112\"]"));
    teardown(&t);
}

static void arguments_that_were_not_seen_whole_have_no_hash(void **state)
{
    struct texts t;
    struct tool_call call = {.id = STR("call_9"), .name = STR("refund"), .args = STR("{\"cha")};
    struct record_close c = model_close(&call, 1);
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_int_equal(json_type(json_path(t.p, STR("args_hashes[0]"))), JSON_NULL);
    teardown(&t);
}

static void names_that_a_vendor_made_up_are_cut_at_their_limit(void **state)
{
    struct texts t;
    char name[LLM_NAME_BYTES_MAX + 1];
    memset(name, 'x', sizeof(name));
    struct tool_call calls[] = {{.id = {name, LLM_NAME_BYTES_MAX}, .name = STR("f")},
                                {.id = {name, LLM_NAME_BYTES_MAX + 1}, .name = {name, LLM_NAME_BYTES_MAX + 1}}};
    struct record_close c = model_close(calls, 2);
    c.model.finish = (struct str){name, LLM_NAME_BYTES_MAX + 1};
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_int_equal(text_at(t.b, "tool_calls[0].id").n, LLM_NAME_BYTES_MAX);
    assert_int_equal(text_at(t.b, "tool_calls[1].id").n, LLM_NAME_BYTES_MAX);
    assert_int_equal(text_at(t.b, "tool_calls[1].name").n, LLM_NAME_BYTES_MAX);
    assert_int_equal(text_at(t.b, "finish").n, LLM_NAME_BYTES_MAX);
    teardown(&t);
}

static void a_call_to_no_model_has_nothing_of_one(void **state)
{
    struct texts t;
    struct record_close c = model_close(NULL, 0);
    c.model.sent = STR_NONE;
    c.model.usage.tokens[TOKEN_INPUT] = 1;
    setup(&t);
    record_close(&c, &t.body, &t.personal);
    parse(&t);
    assert_int_equal(json_type(json_get(t.b, STR("tokens"))), JSON_NONE);
    assert_int_equal(json_type(json_get(t.b, STR("catalog"))), JSON_NONE);
    assert_int_equal(t.personal.n, 0);
    teardown(&t);
}

static void events_split_members_the_same_way(void **state)
{
    struct texts t;
    struct record_member m[] = {{STR("id"), STR("\"k1\""), false}, {STR("tenant"), STR("\"acme\""), true}};
    setup(&t);
    record_event(STR("key.create"), STR("ann"), NS_PER_S, m, 2, salt, &t.body, &t.personal);
    parse(&t);
    assert_str(text_at(t.b, "event"), "key.create");
    assert_str(text_at(t.b, "id"), "k1");
    assert_null(memmem(t.body.p, t.body.n, "acme", 4));
    assert_str(text_at(t.p, "tenant"), "acme");
    assert_true(has_text(&t.personal, "\"tenant\":\"acme\""));
    teardown(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_body_names_no_person_and_its_digest_fits),
        cmocka_unit_test(a_refused_call_is_over_in_its_open_frame),
        cmocka_unit_test(limits_and_shadow_say_what_does_not_follow),
        cmocka_unit_test(moves_stand_in_the_order_of_the_limits),
        cmocka_unit_test(close_keeps_learned_objects_out_of_the_chain),
        cmocka_unit_test(open_of_a_model_call_says_what_was_asked_and_predicted),
        cmocka_unit_test(a_bound_that_is_not_known_is_not_recorded_as_zero),
        cmocka_unit_test(a_cause_says_how_it_is_known),
        cmocka_unit_test(tokens_of_one_recorded_name_are_one_number_and_none_is_zero),
        cmocka_unit_test(usage_that_is_not_known_is_not_recorded_as_zero),
        cmocka_unit_test(arguments_are_never_recorded_and_their_hashes_can_be_erased),
        cmocka_unit_test(arguments_that_were_not_seen_whole_have_no_hash),
        cmocka_unit_test(names_that_a_vendor_made_up_are_cut_at_their_limit),
        cmocka_unit_test(a_call_to_no_model_has_nothing_of_one),
        cmocka_unit_test(events_split_members_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
