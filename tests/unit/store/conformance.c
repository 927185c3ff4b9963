/*
 * tests/unit/store/conformance.c - one test for all stores. Long because it is one list: what every store must do.
 */
#include "conformance.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "store/audit.h"
#include "story.h"
#include "unit.h"

struct setting {
    const struct store_factory *factory;
    struct store *store;
    struct store_reader *reader;
    struct story story;
    struct arena arena;
    struct buf json;
};

static int setting_begin(void **state)
{
    struct setting *s = calloc(1, sizeof *s);
    s->factory = *state;
    story_init(&s->story);
    arena_init(&s->arena, (size_t)1 << 30);
    buf_init(&s->json, (size_t)1 << 28);
    int r = s->factory->make(s->factory->ctx, &s->store);
    if (r == 0)
        r = s->store->ops->reader_new(s->store, &s->reader);
    *state = s;
    return r;
}

static int setting_end(void **state)
{
    struct setting *s = *state;
    s->store->ops->reader_free(s->reader);
    s->store->ops->close(s->store);
    story_deinit(&s->story);
    arena_deinit(&s->arena);
    buf_deinit(&s->json);
    *state = (void *)s->factory;
    free(s);
    return 0;
}

/* Applies what the story has and the store has not. */
static void apply(struct setting *s)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    uint64_t have = s->store->ops->position(s->store, chain, &epoch);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames + have, s->story.seq - have), 0);
}

static struct json ask(struct setting *s, struct query q)
{
    struct json rows;
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->ask(s->reader, &q, &s->json), 0);
    assert_int_equal(json_parse(&s->arena, buf_str(&s->json), 64, &rows), 0);
    assert_int_equal(json_type(rows), JSON_ARRAY);
    return rows;
}

static struct str text(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s);
    return s;
}

static int64_t number(struct json v, const char *path)
{
    int64_t n = INT64_MIN;
    (void)json_i64(json_path(v, str_c(path)), &n);
    return n;
}

static bool is_null(struct json v, const char *path) { return json_type(json_path(v, str_c(path))) == JSON_NULL; }

/* --- applying
 * ------------------------------------------------------------------------------------------------------------ */

static void each_frame_arrives_exactly_once(void **state)
{
    struct setting *s = *state;
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    assert_int_equal(s->store->ops->position(s->store, chain, &epoch), 0);
    story_random(&s->story, 1, 40);
    size_t n = s->story.seq;
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames, 10), 0);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames, n), 0);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames, n), 0);
    assert_int_equal(s->store->ops->position(s->store, chain, &epoch), n);
    assert_memory_equal(chain, s->story.chain, CHAIN_BYTES);
    assert_int_equal(epoch, 1);
    assert_true(s->store->ops->durable(s->store) <= n);

    struct query q = {.kind = QUERY_AUDIT, .rows_max = 10000};
    assert_int_equal(json_len(ask(s, q)), n);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);
    assert_str(buf_str(&s->json), "[]");
}

static void a_gap_is_refused(void **state)
{
    struct setting *s = *state;
    story_random(&s->story, 2, 10);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames, 3), 0);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames + 4, 1), -ERR_CORRUPT);
    assert_int_equal(s->store->ops->apply(s->store, s->story.frames + 3, 1), 0);
}

static void a_call_is_one_record_with_every_field(void **state)
{
    static const char *const FIELDS = "call_id seq started_at ended_at run_id run_source run_trust parent_run_id "
                                      "trace_id span_id layer vendor operation class "
                                      "method path mode model_asked model_sent model_returned key agent owner user "
                                      "tenant customer customer_source prompt "
                                      "prompt_hash verdict code rule limits policy predicted held settled outcome "
                                      "direction amount currency fx tokens tokens_how web_searches catalog tier finish "
                                      "tool_calls caused_by phases attempts route status error vendor_request_id "
                                      "object_ids idempotency_key stream_end overrun "
                                      "additions shadow shares bytes_in bytes_out body_hashes chain";
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str id;
    c.limits[0] =
        (struct story_limit){"default/daily/usd/day/", "agent=refunds", STORY_START, 5000000000};
    c.n_limits = 1;
    uint64_t open = story_open(&s->story, &c, &id);
    apply(s);

    struct query q = {.kind = QUERY_CALLS};
    struct json call = json_at(ask(s, q), 0);
    struct str rest = str_c(FIELDS), name;
    while (str_cut(rest, ' ', &name, &rest))
        assert_int_not_equal(json_type(json_get(call, name)), JSON_NONE);
    assert_int_not_equal(json_type(json_get(call, rest)), JSON_NONE);
    assert_true(is_null(call, "outcome") && is_null(call, "ended_at") && is_null(call, "settled"));
    assert_str(text(call, "held.usd"), "5.000000000");
    assert_str(text(call, "held.how"), "estimated");
    assert_str(text(call, "limits[0].bucket"), "agent=refunds");
    assert_str(text(call, "tenant"), "acme");
    assert_str(text(call, "path"), "/v1/refunds");
    assert_int_equal(number(call, "seq"), open);

    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 4750000,
                              .object = "re_1",
                              .customer = "cus_2",
                              .is_created = true,
                              .moves = {{open, 0, 5000000000, 4750000}},
                              .n_moves = 1};
    story_close(&s->story, &end);
    apply(s);
    call = json_at(ask(s, q), 0);
    assert_str(text(call, "outcome"), "settled");
    assert_str(text(call, "settled.usd"), "0.004750000");
    assert_str(text(call, "settled.how"), "parsed");
    assert_str(text(call, "object_ids[0]"), "re_1");
    assert_str(text(call, "customer"), "cus_2");
    assert_str(text(call, "customer_source"), "learned");
    assert_int_equal(number(call, "attempts[0].total_us"), 51600);
    assert_int_equal(number(call, "phases.sync"), 210);
    assert_int_equal(number(call, "status"), 200);
    assert_false(is_null(call, "ended_at"));
}

static void a_call_to_a_model_shows_what_it_used_and_asked_for(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    c.model = "gpt-4o-mini";
    uint64_t open = story_open(&s->story, &c, NULL);
    apply(s);
    struct query q = {.kind = QUERY_CALLS};
    struct json call = json_at(ask(s, q), 0);
    assert_str(text(call, "model_asked"), "gpt-4o-mini");
    assert_str(text(call, "prompt"), "refunds@7");
    assert_str(text(call, "catalog"), "2026-11-01");
    assert_true(is_null(call, "tokens") && is_null(call, "tool_calls") && is_null(call, "model_sent"));

    struct story_close end = {
        .open_seq = open,
        .outcome = "settled",
        .settled = 300000,
        .model_members = "\"model_sent\":\"gpt-4o-mini\",\"model_returned\":\"gpt-4o-mini-2024-07-18\","
                         "\"finish\":\"tool_calls\",\"tier\":\"standard\",\"catalog\":\"2026-11-02\","
                         "\"tokens\":{\"input\":120,\"output\":30},\"tokens_how\":\"parsed\",\"web_searches\":1,"
                         "\"tool_calls\":[{\"id\":\"call_1\",\"name\":\"refund\"},{\"id\":\"call_2\"}]",
        .args_hashes = "[\"aa\",\"bb\"]",
    };
    story_close(&s->story, &end);
    apply(s);
    call = json_at(ask(s, q), 0);
    assert_str(text(call, "model_sent"), "gpt-4o-mini");
    assert_str(text(call, "model_returned"), "gpt-4o-mini-2024-07-18");
    assert_str(text(call, "finish"), "tool_calls");
    assert_str(text(call, "tier"), "standard");
    assert_str(text(call, "catalog"), "2026-11-02"); /* of the price that it was settled at */
    assert_int_equal(number(call, "tokens.input"), 120);
    assert_int_equal(number(call, "tokens.output"), 30);
    assert_str(text(call, "tokens_how"), "parsed");
    assert_int_equal(number(call, "web_searches"), 1);
    assert_str(text(call, "tool_calls[0].id"), "call_1");
    assert_str(text(call, "tool_calls[0].name"), "refund");
    assert_str(text(call, "tool_calls[0].args_hash"), "aa");
    assert_str(text(call, "tool_calls[1].args_hash"), "bb");
}

static void a_call_shows_which_tool_call_caused_it(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    c.cause = "{\"call_id\":\"c-1\",\"tool_call_id\":\"call_1\",\"how\":\"inferred\"}";
    story_open(&s->story, &c, NULL);
    apply(s);
    struct query q = {.kind = QUERY_CALLS};
    struct json call = json_at(ask(s, q), 0);
    assert_str(text(call, "caused_by.call_id"), "c-1");
    assert_str(text(call, "caused_by.tool_call_id"), "call_1");
    assert_str(text(call, "caused_by.how"), "inferred");
}

static void one_call_comes_with_its_facts_and_the_events_around_it(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str id;
    for (int i = 0; i < 8; i++)
        story_event(&s->story, "start", "", NULL, NULL);
    uint64_t open = story_open(&s->story, &c, &id);
    story_event(&s->story, "kill", "\"reason\":\"looks odd\"", NULL, NULL);
    struct story_close end = {.open_seq = open, .outcome = "unknown", .settled = -1, .code = "outcome_unknown"};
    uint64_t close = story_close(&s->story, &end);
    story_event(&s->story, "unkill", "", NULL, NULL);
    apply(s);

    struct query q = {.kind = QUERY_CALL, .id = id};
    struct json call = json_at(ask(s, q), 0);
    assert_str(text(call, "code"), "outcome_unknown");
    assert_int_equal(number(call, "params.amount"), 500);
    assert_int_equal(number(call, "frames[0]"), open);
    assert_int_equal(number(call, "frames[1]"), close);
    assert_int_equal(json_len(json_get(call, STR("events"))), 6);
    assert_str(text(call, "events[5].event"), "kill");
    assert_str(text(call, "events[5].reason"), "looks odd");
    q.id = STR("no such call");
    assert_int_equal(json_len(ask(s, q)), 0);
}

static void the_last_close_of_an_unknown_call_counts(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str id;
    c.limits[0] = (struct story_limit){"d/daily/usd/day/", "-", wall_day_start(STORY_START), 5000000000};
    c.n_limits = 1;
    uint64_t open = story_open(&s->story, &c, &id);
    struct story_close end = {.open_seq = open, .outcome = "unknown", .settled = -1, .code = "outcome_unknown"};
    story_close(&s->story, &end);
    apply(s);
    struct query spend = {.kind = QUERY_SPEND}, counters = {.kind = QUERY_COUNTERS},
                 unknown = {.kind = QUERY_CALLS, .outcome = STR("unknown")};
    assert_str(text(ask(s, spend), "[0].held.usd"), "5.000000000");
    assert_str(text(ask(s, counters), "[0].held"), "5.000000000");
    assert_int_equal(json_len(ask(s, unknown)), 1);

    struct story_close later = {.open_seq = open,
                                .outcome = "settled",
                                .settled = 4000000000,
                                .moves = {{open, 0, 5000000000, 4000000000}},
                                .n_moves = 1};
    story_close(&s->story, &later);
    apply(s);
    struct query q = {.kind = QUERY_CALL, .id = id};
    struct json call = json_at(ask(s, q), 0);
    assert_str(text(call, "outcome"), "settled");
    assert_str(text(call, "code"), "outcome_unknown"); /* what the agent got */
    assert_int_equal(json_len(json_get(call, STR("attempts"))), 2);
    assert_false(is_null(call, "resolved_at"));
    assert_int_equal(json_len(ask(s, unknown)), 0);
    struct json row = json_at(ask(s, spend), 0);
    assert_str(text(row, "held.usd"), "0.000000000");
    assert_str(text(row, "settled.usd"), "4.000000000");
    row = json_at(ask(s, counters), 0);
    assert_str(text(row, "held"), "0.000000000");
    assert_str(text(row, "settled"), "4.000000000");
}

static void a_call_that_held_nothing_may_cost_something(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    c.limits[0] = (struct story_limit){"d/daily/usd/day/", "-", wall_day_start(STORY_START), 0};
    c.n_limits = 1;
    uint64_t open = story_open(&s->story, &c, NULL);
    apply(s); /* its CLOSE comes in a later batch */
    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 4000000000,
                              .moves = {{open, 0, 0, 4000000000}},
                              .n_moves = 1};
    story_close(&s->story, &end);
    apply(s);
    struct query counters = {.kind = QUERY_COUNTERS};
    assert_str(text(ask(s, counters), "[0].held"), "0.000000000");
    assert_str(text(ask(s, counters), "[0].settled"), "4.000000000");
}

/* --- lists
 * ---------------------------------------------------------------------------------------------------------------- */

static void lists_are_filtered_and_paged(void **state)
{
    struct setting *s = *state;
    story_random(&s->story, 7, 300);
    apply(s);
    struct query q = {.kind = QUERY_CALLS, .rows_max = 10000};
    struct json all = ask(s, q);
    size_t n = json_len(all);
    assert_int_equal(n, 300);

    /* Pages joined are the whole list, newest first. */
    size_t got = 0;
    q.rows_max = 37;
    for (;;) {
        struct json page = ask(s, q);
        size_t k = json_len(page);
        for (size_t i = 0; i < k; i++, got++)
            assert_int_equal(number(json_at(page, i), "seq"), number(json_at(all, got), "seq"));
        if (k < 37)
            break;
        q.before_seq = (uint64_t)number(json_at(page, k - 1), "seq");
    }
    assert_int_equal(got, n);

    static const struct {
        const char *field, *value;
        size_t offset;
    } FILTERS[] = {
        {"run_id", "run-2", offsetof(struct query, run)},
        {"agent", "mailer", offsetof(struct query, agent)},
        {"tenant", "globex", offsetof(struct query, tenant)},
        {"key", "k2", offsetof(struct query, key)},
        {"vendor", "stripe", offsetof(struct query, vendor)},
        {"operation", "stripe.charges.create", offsetof(struct query, operation)},
        {"verdict", "deny", offsetof(struct query, verdict)},
        {"verdict", "permit", offsetof(struct query, verdict)},
        {"outcome", "settled", offsetof(struct query, outcome)},
        {"outcome", "unknown", offsetof(struct query, outcome)},
        {"outcome", "released", offsetof(struct query, outcome)},
        {"outcome", "none", offsetof(struct query, outcome)},
    };
    for (size_t f = 0; f < sizeof FILTERS / sizeof FILTERS[0]; f++) {
        size_t want = 0;
        for (size_t i = 0; i < n; i++)
            want += str_eq(text(json_at(all, i), FILTERS[f].field), str_c(FILTERS[f].value));
        struct query one = {.kind = QUERY_CALLS, .rows_max = 10000};
        *(struct str *)((char *)&one + FILTERS[f].offset) = str_c(FILTERS[f].value);
        struct json rows = ask(s, one);
        assert_true(want > 0);
        assert_int_equal(json_len(rows), want);
        for (size_t i = 0; i < want; i++)
            assert_str(text(json_at(rows, i), FILTERS[f].field), FILTERS[f].value);
    }
}

static void a_piece_of_what_a_list_shows_finds_calls(void **state)
{
    static const struct {
        const char *field, *piece;
    } PIECES[] = {{"operation", "CHARGES"}, {"agent", "mail"}, {"run_id", "n-2"}, {"tenant", "GLOB"}};
    struct setting *s = *state;
    story_random(&s->story, 11, 200);
    apply(s);
    struct json all = ask(s, (struct query){.kind = QUERY_CALLS, .rows_max = 10000});
    for (size_t k = 0; k < sizeof PIECES / sizeof PIECES[0]; k++) {
        size_t want = 0;
        for (size_t i = 0; i < json_len(all); i++)
            want += str_has_nocase(text(json_at(all, i), PIECES[k].field), str_c(PIECES[k].piece));
        struct json rows =
            ask(s, (struct query){.kind = QUERY_CALLS, .text = str_c(PIECES[k].piece), .rows_max = 10000});
        assert_true(want > 0 && want < 200);
        assert_int_equal(json_len(rows), want);
        rows = ask(s, (struct query){.kind = QUERY_CALLS, .text = str_c(PIECES[k].piece), .rows_max = 3});
        assert_int_equal(json_len(rows), 3); /* the newest */
        assert_true(number(json_at(rows, 0), "seq") > number(json_at(rows, 2), "seq"));
    }
    assert_int_equal(
        json_len(ask(s, (struct query){.kind = QUERY_CALLS, .text = STR("no such text"), .rows_max = 10000})), 0);
}

static void windows_of_time_are_exact(void **state)
{
    struct setting *s = *state;
    story_random(&s->story, 8, 300);
    apply(s);
    struct query q = {.kind = QUERY_CALLS, .rows_max = 10000};
    struct json all = ask(s, q);
    for (wall_t from = STORY_START - 3600 * NS_PER_S; from < s->story.now; from += 17 * 3600 * NS_PER_S) {
        wall_t to = from + 40 * 3600 * NS_PER_S;
        size_t want = 0;
        for (size_t i = 0; i < json_len(all); i++) {
            wall_t at = 0;
            assert_int_equal(wall_parse(text(json_at(all, i), "started_at"), &at), 0);
            want += at >= from && at < to;
        }
        q.since = from;
        q.until = to;
        assert_int_equal(json_len(ask(s, q)), want);
    }
}

static void runs_are_told_apart_by_tenant_and_agent(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    for (int i = 0; i < 3; i++)
        story_open(&s->story, &c, NULL);
    c.tenant = "globex";
    story_open(&s->story, &c, NULL);
    c.agent = "other";
    c.is_over = true;
    c.verdict = "deny";
    c.code = "policy_denied";
    c.held = -1;
    story_open(&s->story, &c, NULL);
    apply(s);

    struct query q = {.kind = QUERY_RUNS, .run = STR("run-1")};
    struct json rows = ask(s, q);
    assert_int_equal(json_len(rows), 3);
    assert_str(text(rows, "[0].agent"), "other");
    assert_int_equal(number(rows, "[0].denied"), 1);
    assert_int_equal(number(rows, "[2].calls"), 3);
    assert_str(text(rows, "[2].held.usd"), "15.000000000");
    q.tenant = STR("globex");
    assert_int_equal(json_len(ask(s, q)), 2);

    struct query one = {.kind = QUERY_RUN, .run = STR("run-1"), .agent = STR("refunds"), .tenant = STR("acme")};
    rows = ask(s, one);
    assert_int_equal(json_len(rows), 3);
    assert_int_equal(number(rows, "[0].seq"), 1); /* oldest first */
}

static void spend_is_the_sum_of_its_calls(void **state)
{
    struct setting *s = *state;
    story_random(&s->story, 9, 200);
    apply(s);
    struct query q = {.kind = QUERY_CALLS, .rows_max = 10000}, spend = {.kind = QUERY_SPEND, .rows_max = 10000};
    struct json calls = ask(s, q), rows = ask(s, spend);
    money_t want = 0, got = 0, m;
    int64_t n = 0;
    for (size_t i = 0; i < json_len(calls); i++)
        if (money_parse(text(json_at(calls, i), "settled.usd"), &m) == 0)
            want += m;
    for (size_t i = 0; i < json_len(rows); i++) {
        assert_int_equal(money_parse(text(json_at(rows, i), "settled.usd"), &m), 0);
        got += m;
        n += number(json_at(rows, i), "calls");
    }
    assert_int_equal(n, 200);
    assert_true(want > 0);
    assert_int_equal(got, want);
}

static uint64_t spend_on(struct setting *s, const char *model, const char *agent, money_t usd)
{
    struct story_call c = story_call();
    c.model = model;
    c.agent = agent;
    uint64_t open = story_open(&s->story, &c, NULL);
    struct story_close end = {.open_seq = open, .outcome = "settled", .settled = usd};
    story_close(&s->story, &end);
    return open;
}

static void spend_is_told_apart_by_what_is_asked_for(void **state)
{
    struct setting *s = *state;
    spend_on(s, "gpt-4o-mini", "a", 100);
    spend_on(s, "gpt-4o-mini", "b", 200);
    spend_on(s, "claude-sonnet-4", "a", 1000);
    spend_on(s, NULL, "a", 5000);
    apply(s);
    struct query all = {.kind = QUERY_SPEND}, by = {.kind = QUERY_SPEND, .spend_by = SPEND_BY_BIT(MODEL)};
    assert_int_equal(json_len(ask(s, all)), 4);

    struct json rows = ask(s, by);
    assert_int_equal(json_len(rows), 3);
    assert_true(is_null(json_at(rows, 0), "model") && is_null(json_at(rows, 1), "day"));
    assert_true(is_null(json_at(rows, 1), "agent") && is_null(json_at(rows, 1), "vendor"));
    assert_str(text(rows, "[0].settled.usd"), "0.000005000");
    assert_str(text(rows, "[1].model"), "claude-sonnet-4");
    assert_str(text(rows, "[2].model"), "gpt-4o-mini");
    assert_str(text(rows, "[2].settled.usd"), "0.000000300");
    assert_int_equal(number(rows, "[2].calls"), 2);

    by.run = STR("run-1"); /* what the kept sums do not know is added up from the calls: the same answer */
    rows = ask(s, by);
    assert_int_equal(json_len(rows), 3);
    assert_str(text(rows, "[2].settled.usd"), "0.000000300");
    by = (struct query){.kind = QUERY_SPEND, .spend_by = SPEND_BY_BIT(DAY) | SPEND_BY_BIT(AGENT)};
    rows = ask(s, by);
    assert_int_equal(json_len(rows), 2);
    assert_str(text(rows, "[0].day"), "2025-11-24");
    assert_str(text(rows, "[0].agent"), "a");
}

static void calls_and_spend_of_one_model_are_found(void **state)
{
    struct setting *s = *state;
    uint64_t seq = spend_on(s, "gpt-4o-mini", "a", 100);
    spend_on(s, "gpt-4o", "a", 200);
    spend_on(s, NULL, "a", 400);
    apply(s);
    struct query q = {.kind = QUERY_CALLS, .model = STR("gpt-4o-mini")};
    struct json rows = ask(s, q);
    assert_int_equal(json_len(rows), 1);
    assert_int_equal(number(rows, "[0].seq"), seq);
    q.kind = QUERY_SPEND;
    rows = ask(s, q);
    assert_int_equal(json_len(rows), 1);
    assert_str(text(rows, "[0].settled.usd"), "0.000000100");
}

static void a_run_adds_up_by_layer_and_vendor(void **state)
{
    struct setting *s = *state;
    struct story_call model = story_call(), refund = story_call(), denied;
    model.model = "gpt-4o-mini";
    model.vendor = "openai";
    model.held = 900000;
    uint64_t open = story_open(&s->story, &model, NULL);
    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 150000,
                              .model_members = "\"tokens\":{\"input\":100,\"audio\":5,\"output\":20,\"new\":9},"
                                               "\"tool_calls\":[{\"id\":\"a\"},{\"id\":\"b\"}]"};
    story_close(&s->story, &end);
    end.open_seq = story_open(&s->story, &model, NULL);
    end.model_members = "\"tokens\":{\"input\":11}";
    story_close(&s->story, &end);
    story_open(&s->story, &refund, NULL); /* open: holds 5.00 */
    denied = refund;
    denied.is_over = true;
    denied.verdict = "deny";
    denied.code = "limit_exceeded";
    denied.held = -1;
    story_open(&s->story, &denied, NULL);
    refund.run_id = "run-2";
    story_open(&s->story, &refund, NULL);
    apply(s);

    struct query q = {.kind = QUERY_RUN_SUM, .run = STR("run-1"), .agent = STR("refunds"), .tenant = STR("acme")};
    struct json sum = json_at(ask(s, q), 0);
    assert_int_equal(json_len(json_get(sum, STR("totals"))), 2);
    assert_str(text(sum, "totals[0].layer"), "llm");
    assert_str(text(sum, "totals[0].vendor"), "openai");
    assert_int_equal(number(sum, "totals[0].calls"), 2);
    assert_str(text(sum, "totals[0].settled.usd"), "0.000300000");
    assert_str(text(sum, "totals[1].layer"), "saas");
    assert_int_equal(number(sum, "totals[1].denied"), 1);
    assert_str(text(sum, "totals[1].held.usd"), "5.000000000");
    assert_int_equal(number(sum, "tokens.input"), 111);
    assert_int_equal(number(sum, "tokens.audio"), 5);
    assert_int_equal(number(sum, "tokens.output"), 20);
    assert_int_equal(json_len(json_get(sum, STR("tokens"))), 3);
    assert_int_equal(number(sum, "tool_calls"), 2);
    assert_int_equal(json_len(json_get(sum, STR("limits"))), 0);
    q.run = STR("run-2");
    sum = json_at(ask(s, q), 0);
    assert_true(is_null(sum, "tokens"));
    assert_int_equal(number(sum, "totals[0].calls"), 1);
}

static void a_run_shows_the_limits_that_count_it_alone(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    c.limits[0] = (struct story_limit){
        "default/run/usd/run/key,run", "key=k1,run=acme/refunds/run-1", 0, 5000000000};
    c.limits[1] = (struct story_limit){"default/n/requests/run/run", "run=acme/refunds/run-1", 0, 1};
    c.limits[2] = (struct story_limit){
        "default/day/usd/day/run", "run=acme/refunds/run-1", wall_day_start(STORY_START), 1};
    c.limits[3] = (struct story_limit){"default/tenant/usd/day/tenant", "tenant=run%3D", STORY_START, 1};
    c.n_limits = 4;
    uint64_t open = story_open(&s->story, &c, NULL);
    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 4750000000,
                              .moves = {{open, 0, 5000000000, 4750000000}, {open, 1, 1, 1}},
                              .n_moves = 2};
    story_close(&s->story, &end);
    story_open(&s->story, &c, NULL);
    apply(s);
    struct query q = {.kind = QUERY_RUN_SUM, .run = STR("run-1")};
    struct json sum = json_at(ask(s, q), 0);
    assert_int_equal(json_len(json_get(sum, STR("limits"))), 2);
    assert_str(text(sum, "limits[0].id"), "run");
    assert_str(text(sum, "limits[0].bucket"), "key=k1,run=acme/refunds/run-1");
    assert_str(text(sum, "limits[0].settled"), "4.750000000");
    assert_str(text(sum, "limits[0].held"), "5.000000000");
    assert_str(text(sum, "limits[0].window"), "run");
    assert_int_equal(number(sum, "limits[1].settled"), 1);
    assert_int_equal(number(sum, "limits[1].held"), 1);
    assert_false(is_null(sum, "limits[0].max"));
}

/* --- events and state
 * -------------------------------------------------------------------------------------------------------- */

static void events_are_shown_with_all_they_name_but_secrets(void **state)
{
    struct setting *s = *state;
    story_event(&s->story, "key.create", "\"id\":\"k9\",\"hash\":\"00ff\",\"agent\":\"a\"", "owner", "carol");
    story_event(&s->story, "something.new", "\"x\":[1,{\"y\":null}]", NULL, NULL);
    apply(s);
    struct query q = {.kind = QUERY_EVENTS};
    struct json rows = ask(s, q);
    assert_int_equal(json_len(rows), 2);
    assert_str(text(rows, "[0].event"), "something.new");
    assert_int_equal(number(rows, "[0].x[0]"), 1);
    assert_str(text(rows, "[1].owner"), "carol");
    assert_str(text(rows, "[1].by"), "alice");
    assert_int_equal(json_type(json_path(rows, STR("[1].hash"))), JSON_NONE);
    assert_int_equal(json_type(json_path(rows, STR("[1].salt"))), JSON_NONE);
    q.id = STR("key.create");
    assert_int_equal(json_len(ask(s, q)), 1);
}

static void every_version_of_a_policy_is_kept(void **state)
{
    struct setting *s = *state;
    story_event(&s->story, "policy.apply",
                "\"name\":\"p\",\"version\":1,\"digest\":\"aa\",\"document\":\"{\\\"v\\\":1}\"", NULL, NULL);
    story_event(&s->story, "policy.apply", "\"name\":\"q\",\"version\":1,\"digest\":\"cc\",\"document\":\"{}\"", NULL,
                NULL);
    story_event(&s->story, "policy.apply",
                "\"name\":\"p\",\"version\":2,\"digest\":\"bb\",\"document\":\"{\\\"v\\\":2}\"", NULL, NULL);
    apply(s);
    struct query q = {.kind = QUERY_POLICIES};
    assert_int_equal(json_len(ask(s, q)), 3);
    assert_int_equal(json_type(json_path(ask(s, q), STR("[0].document"))), JSON_NONE);
    q.id = STR("p");
    struct json rows = ask(s, q);
    bool is_active = false;
    assert_int_equal(json_len(rows), 2);
    assert_str(text(rows, "[0].digest"), "bb");
    assert_str(text(rows, "[0].document"), "{\"v\":2}");
    assert_true(json_bool(json_path(rows, STR("[0].is_active")), &is_active) && is_active);
    assert_true(json_bool(json_path(rows, STR("[1].is_active")), &is_active) && !is_active);
}

static int on_secret(void *ctx, const struct state_row *r)
{
    struct setting *s = ctx;
    struct json body, personal;
    assert_str(r->kind, "secret");
    assert_int_equal(json_parse(&s->arena, r->body, 16, &body), 0);
    assert_int_equal(json_parse(&s->arena, r->personal, 16, &personal), 0);
    buf_printf(&s->json, STR_FMT " %lld " STR_FMT " %d\n", STR_ARG(text(body, "name")),
               (long long)number(body, "version"), STR_ARG(text(personal, "sealed")), r->is_over);
    return 0;
}

static int ignore_counter(void *ctx, const struct counter_row *r) { return 0; }
static int ignore_open(void *ctx, const struct open_row *r);

static void a_secret_is_what_its_last_event_left_and_no_event_shows_it(void **state)
{
    struct setting *s = *state;
    struct store_loader to = {ignore_counter, ignore_open, on_secret, s};
    story_event(&s->story, "secret.set", "\"name\":\"stripe\",\"version\":1", "sealed", "AAEC");
    story_event(&s->story, "secret.set", "\"name\":\"twilio\",\"version\":1", "sealed", "BBEC");
    story_event(&s->story, "secret.rotate", "\"name\":\"stripe\",\"version\":2,\"before_version\":1", "sealed", "CCEC");
    story_event(&s->story, "secret.remove", "\"name\":\"twilio\",\"version\":1", NULL, NULL);
    apply(s);
    struct json rows = ask(s, (struct query){.kind = QUERY_EVENTS});
    assert_int_equal(json_len(rows), 4);
    assert_int_equal(number(rows, "[1].before_version"), 1);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_type(json_get(json_at(rows, i), STR("sealed"))), JSON_NONE);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->load(s->store, STORY_START, &to), 0);
    assert_str(buf_str(&s->json), "twilio 1 BBEC 1\nstripe 2 CCEC 0\n");
    story_event(&s->story, "secret.set", "\"name\":\"twilio\",\"version\":2", "sealed", "DDEC");
    apply(s);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->load(s->store, STORY_START, &to), 0);
    assert_str(buf_str(&s->json), "stripe 2 CCEC 0\ntwilio 2 DDEC 0\n");
}

static int ignore_open(void *ctx, const struct open_row *r) { return 0; }
static int ignore_state(void *ctx, const struct state_row *r) { return 0; }

struct loaded {
    struct buf text;
    size_t n_counters, n_open, n_states;
    int stop_after;
};

static int on_counter(void *ctx, const struct counter_row *r)
{
    struct loaded *l = ctx;
    l->n_counters++;
    assert_true(r->settled >= 0);
    return l->stop_after-- == 0 ? -ERR_TOO_LARGE : 0;
}

static int on_open(void *ctx, const struct open_row *r)
{
    struct loaded *l = ctx;
    l->n_open++;
    buf_printf(&l->text, "open %llu %d", (unsigned long long)r->open_seq, r->is_closed);
    for (size_t i = 0; i < r->n_left; i++)
        buf_printf(&l->text, " %lld", (long long)r->left[i]);
    assert_true(r->body.n > 0 && r->personal.n > 0);
    buf_add_byte(&l->text, '\n');
    return 0;
}

static int on_state(void *ctx, const struct state_row *r)
{
    struct loaded *l = ctx;
    l->n_states++;
    buf_printf(&l->text, STR_FMT " %d\n", STR_ARG(r->kind), r->is_over);
    return 0;
}

static struct loaded load(struct setting *s, wall_t now, int stop_after, int want)
{
    struct loaded l = {.stop_after = stop_after};
    struct store_loader to = {on_counter, on_open, on_state, &l};
    buf_init(&l.text, 1 << 20);
    assert_int_equal(s->store->ops->load(s->store, now, &to), want);
    return l;
}

static void a_start_finds_what_is_live_and_nothing_else(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    const wall_t today = wall_day_start(STORY_START), yesterday = wall_day_start(today - 1);
    c.limits[0] = (struct story_limit){"d/each/usd/call/", "-", 0, 5000000000};
    c.limits[1] = (struct story_limit){"d/daily/usd/day/", "-", today, 5000000000};
    c.limits[2] = (struct story_limit){"d/slots/concurrent/instant/", "-", 0, 1};
    c.n_limits = 3;
    uint64_t open = story_open(&s->story, &c, NULL), unknown = story_open(&s->story, &c, NULL),
             over = story_open(&s->story, &c, NULL);
    struct story_close end = {
        .open_seq = unknown, .outcome = "unknown", .settled = -1, .moves = {{unknown, 2, 1, 0}}, .n_moves = 1};
    story_close(&s->story, &end);
    end = (struct story_close){.open_seq = over,
                               .outcome = "settled",
                               .settled = 1,
                               .moves = {{over, 1, 5000000000, 1}, {over, 2, 1, 0}},
                               .n_moves = 2};
    story_close(&s->story, &end);
    c.limits[1].window_start = yesterday;
    uint64_t past = story_open(&s->story, &c, NULL);
    end = (struct story_close){.open_seq = past,
                               .outcome = "settled",
                               .settled = 9,
                               .moves = {{past, 1, 5000000000, 9}, {past, 2, 1, 0}},
                               .n_moves = 2};
    story_close(&s->story, &end);
    story_event(&s->story, "key.create", "\"id\":\"k1\"", NULL, NULL);
    story_event(&s->story, "key.create", "\"id\":\"k2\"", NULL, NULL);
    story_event(&s->story, "key.revoke", "\"id\":\"k1\"", NULL, NULL);
    apply(s);

    struct loaded l = load(s, STORY_START, -1, 0);
    char want[256];
    snprintf(want, sizeof want, "key 1\nkey 0\nopen %llu 0 0 5000000000 1\nopen %llu 1 0 5000000000 0\n",
             (unsigned long long)open, (unsigned long long)unknown);
    assert_str(buf_str(&l.text), want);
    assert_int_equal(l.n_counters, 2); /* yesterday's is over and holds nothing */
    buf_deinit(&l.text);
    l = load(s, today - 1, -1, 0);
    assert_int_equal(l.n_counters, 3);
    buf_deinit(&l.text);
    l = load(s, STORY_START, 1, -ERR_TOO_LARGE);
    assert_int_equal(l.n_counters, 2);
    buf_deinit(&l.text);
}

/* A call that holds 9 in the slot of that second, and settles n of it; n -1: it stays open. */
static uint64_t use_slot(struct setting *s, struct story_limit limit, int64_t second, int64_t n)
{
    struct story_call c = story_call();
    c.limits[0] = limit;
    c.limits[0].window_start = STORY_START + second * NS_PER_S;
    c.limits[0].n = 9;
    c.n_limits = 1;
    uint64_t open = story_open(&s->story, &c, NULL);
    struct story_close end = {
        .open_seq = open, .outcome = "settled", .settled = 1, .moves = {{open, 0, 9, n}}, .n_moves = 1};
    if (n >= 0)
        story_close(&s->story, &end);
    return open;
}

static int on_slot(void *ctx, const struct counter_row *r)
{
    buf_printf(ctx, STR_FMT " %lld: %lld %lld\n", STR_ARG(r->window),
               (long long)((r->window_start - STORY_START) / NS_PER_S), (long long)r->settled, (long long)r->held);
    return 0;
}

/* Rows in no order: each want must be there. */
static void slots_are(struct setting *s, int64_t second, size_t n, const char *const *want)
{
    struct buf text;
    struct store_loader to = {on_slot, ignore_open, ignore_state, &text};
    size_t n_lines = 0;
    buf_init(&text, 1 << 16);
    assert_int_equal(s->store->ops->load(s->store, STORY_START + second * NS_PER_S, &to), 0);
    for (size_t i = 0; i < text.n; i++)
        n_lines += text.p[i] == '\n';
    for (size_t i = 0; i < n; i++) {
        size_t at;
        if (!str_find(buf_str(&text), str_c(want[i]), &at))
            fail_msg("no %s in\n%.*s", want[i], STR_ARG(buf_str(&text)));
    }
    assert_int_equal(n_lines, n);
    buf_deinit(&text);
}

static void slots_and_minutes_come_back_while_they_count(void **state)
{
    static const struct story_limit sliding = {"d/rpm/requests/sliding:1m/", "-", 0, 0};
    struct setting *s = *state;
    use_slot(s, sliding, 0, 1);
    use_slot(s, sliding, 0, 2);
    uint64_t open = use_slot(s, sliding, 30, -1);
    use_slot(s, sliding, 60, 4);
    apply(s);
    slots_are(s, 60, 3, (const char *[]){"sliding:1m 0: 3 0\n", "sliding:1m 30: 0 9\n", "sliding:1m 60: 4 0\n"});
    slots_are(s, 61, 2, (const char *[]){"sliding:1m 30: 0 9\n", "sliding:1m 60: 4 0\n"});
    use_slot(s, sliding, 300, 5); /* what is older can count no more, but something is held */
    apply(s);
    slots_are(s, 300, 2, (const char *[]){"sliding:1m 30: 0 9\n", "sliding:1m 300: 5 0\n"});
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);
    struct story_close end = {
        .open_seq = open, .outcome = "settled", .settled = 1, .moves = {{open, 0, 9, 7}}, .n_moves = 1};
    story_close(&s->story, &end); /* late, into a slot that is over */
    apply(s);
    slots_are(s, 300, 1, (const char *[]){"sliding:1m 300: 5 0\n"});
    use_slot(s, sliding, 301, 6);
    apply(s);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);

    end = (struct story_close){
        .open_seq = open, .outcome = "settled", .settled = 1, .moves = {{open, 0, 0, -7}}, .n_moves = 1};
    story_close(&s->story, &end); /* a correction of what may be gone */
    apply(s);
    struct loaded all = load(s, STORY_START, -1, 0); /* however early it starts, nothing is below zero */
    buf_deinit(&all.text);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);

    static const struct story_limit minute = {"d/rpm/requests/minute/", "-", 0, 0};
    use_slot(s, minute, 300, 1);
    use_slot(s, minute, 360, 2);
    apply(s);
    slots_are(s, 361, 2, (const char *[]){"sliding:1m 301: 6 0\n", "minute 360: 2 0\n"});
    slots_are(s, 421, 0, NULL);
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);
}

static void a_call_that_shares_a_hold_moves_the_first_calls_counters(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str id;
    c.limits[0] = (struct story_limit){"d/daily/usd/day/", "-", wall_day_start(STORY_START), 5000000000};
    c.n_limits = 1;
    uint64_t first = story_open(&s->story, &c, &id);
    c.shares = id.p;
    c.held = -1;
    c.limits[0].n = 0; /* the first call holds the money */
    uint64_t second = story_open(&s->story, &c, NULL);
    struct story_close end = {.open_seq = first, .outcome = "unknown", .settled = -1};
    story_close(&s->story, &end);
    apply(s);
    struct query counters = {.kind = QUERY_COUNTERS};
    assert_str(text(ask(s, counters), "[0].held"), "5.000000000");
    end = (struct story_close){.open_seq = second,
                               .outcome = "settled",
                               .settled = 5000000000,
                               .moves = {{first, 0, 5000000000, 5000000000}},
                               .n_moves = 1};
    story_close(&s->story, &end);
    apply(s);
    struct json row = json_at(ask(s, counters), 0);
    assert_str(text(row, "held"), "0.000000000");
    assert_str(text(row, "settled"), "5.000000000");
    /* What is over may still be moved: a charge that comes to light later. */
    end = (struct story_close){
        .open_seq = first, .outcome = "settled", .settled = 7, .moves = {{first, 0, 0, 7}}, .n_moves = 1};
    story_close(&s->story, &end);
    apply(s);
    assert_str(text(ask(s, counters), "[0].settled"), "5.000000007");
    buf_reset(&s->json);
    assert_int_equal(s->store->ops->rebuild(s->store, &s->json), 0);
}

static void frames_that_contradict_the_record_are_refused_whole(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    uint64_t open = story_open(&s->story, &c, NULL);
    apply(s);
    struct story_close end = {
        .open_seq = open, .outcome = "settled", .settled = 1, .moves = {{open, 3, 1, 1}}, .n_moves = 1};
    story_close(&s->story, &end);
    assert_int_equal(s->store->ops->apply(s->store, &s->story.frames[1], 1), -ERR_CORRUPT);
}

/* --- objects and idempotency
 * ------------------------------------------------------------------------------------------------ */

static void an_object_leads_to_the_call_that_made_it(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str reader_id, maker_id;
    c.agent = "reader";
    uint64_t seen = story_open(&s->story, &c, &reader_id);
    struct story_close end = {.open_seq = seen, .outcome = "settled", .settled = 0, .object = "re_7"};
    story_close(&s->story, &end);
    apply(s);
    struct query q = {.kind = QUERY_OBJECT, .id = STR("re_7"), .scope = STR("stripe/test/k1")};
    struct json row = json_at(ask(s, q), 0);
    assert_str(text(row, "agent"), "reader");
    assert_true(is_null(row, "customer"));

    c.agent = "maker";
    uint64_t made = story_open(&s->story, &c, &maker_id);
    end = (struct story_close){.open_seq = made,
                               .outcome = "settled",
                               .settled = 0,
                               .object = "re_7",
                               .customer = "cus_3",
                               .is_created = true};
    story_close(&s->story, &end);
    apply(s);
    row = json_at(ask(s, q), 0);
    assert_str(text(row, "agent"), "maker");
    assert_str(text(row, "customer"), "cus_3");
    assert_str(text(row, "vendor"), "stripe");
    assert_str(text(row, "mode"), "test");
    assert_true(str_eq(text(row, "call_id"), maker_id));
    q.scope = STR("stripe/live/k1");
    assert_int_equal(json_len(ask(s, q)), 0);
    q.scope = STR_NONE;
    assert_int_equal(json_len(ask(s, q)), 1);
}

static void an_idempotency_key_leads_to_its_first_hold(void **state)
{
    struct setting *s = *state;
    struct story_call c = story_call();
    struct str id;
    c.idempotency = "beef";
    uint64_t open = story_open(&s->story, &c, &id);
    struct story_call again = c;
    again.shares = id.p;
    again.held = -1;
    story_open(&s->story, &again, NULL);
    again = c;
    again.is_over = true;
    again.verdict = "deny";
    story_open(&s->story, &again, NULL);
    apply(s);
    struct query q = {.kind = QUERY_IDEMPOTENCY, .scope = STR("stripe/test/k1"), .id = STR("beef")};
    struct json row = json_at(ask(s, q), 0);
    assert_true(str_eq(text(row, "call_id"), id));
    assert_int_equal(number(row, "open_seq"), open);
    assert_true(is_null(row, "outcome"));
    assert_str(text(row, "held.usd"), "5.000000000");
    q.scope = STR("stripe/test/k2");
    assert_int_equal(json_len(ask(s, q)), 0);
}

/* --- proofs
 * --------------------------------------------------------------------------------------------------------------------
 */

/* What ended behind `after`, at most `rows` calls; *ret_seen: how far it looked. */
static struct json ended(struct setting *s, uint64_t after, int64_t rows, size_t *ret_n, int64_t *ret_seen)
{
    struct json all = ask(s, (struct query){.kind = QUERY_ENDED, .after_seq = after, .rows_max = rows});
    *ret_n = json_len(all) - 1;
    *ret_seen = number(json_at(all, *ret_n), "seen_seq");
    return all;
}

static void what_ended_is_given_once_in_the_order_of_its_end(void **state)
{
    struct setting *s = *state;
    struct story_call first = story_call(), second = story_call(), denied = story_call();
    struct str first_id, second_id;
    char cause[128];
    size_t n;
    int64_t seen;
    denied.is_over = true;
    denied.verdict = "deny";
    uint64_t first_seq = story_open(&s->story, &first, &first_id);
    snprintf(cause, sizeof cause, "{\"call_id\":\"%.*s\",\"tool_call_id\":\"t\",\"how\":\"explicit\"}", (int)first_id.n,
             first_id.p);
    second.cause = cause;
    uint64_t second_seq = story_open(&s->story, &second, &second_id);
    apply(s);
    struct json rows = ended(s, 0, 10, &n, &seen);
    assert_int_equal(n, 0);
    assert_int_equal(seen, 2);

    struct story_close unknown = {.open_seq = second_seq, .outcome = "unknown", .settled = -1};
    uint64_t close = story_close(&s->story, &unknown);
    uint64_t refused = story_open(&s->story, &denied, NULL);
    story_close(&s->story, &(struct story_close){.open_seq = first_seq, .outcome = "settled", .settled = 1});
    story_close(&s->story, &(struct story_close){.open_seq = second_seq, .outcome = "settled", .settled = 2});
    apply(s);
    rows = ended(s, (uint64_t)seen, 10, &n, &seen);
    assert_int_equal(n, 3);
    assert_int_equal(seen, 6);
    assert_int_equal(number(json_at(rows, 0), "seq"), second_seq);
    assert_int_equal(number(json_at(rows, 0), "ended_seq"), close);
    assert_int_equal(number(json_at(rows, 1), "ended_seq"), refused);
    assert_int_equal(number(json_at(rows, 2), "seq"), first_seq);
    assert_true(text(json_at(rows, 0), "cause_span_id").n > 0);
    assert_true(str_eq(text(json_at(rows, 0), "cause_span_id"), text(json_at(rows, 2), "span_id")));
    assert_int_equal(text(json_at(rows, 2), "cause_span_id").n, 0);
    /* the limit, and one past it */
    rows = ended(s, 2, 2, &n, &seen);
    assert_int_equal(n, 2);
    assert_int_equal(seen, refused);
    rows = ended(s, (uint64_t)seen, 2, &n, &seen);
    assert_int_equal(n, 1);
    rows = ended(s, 6, 2, &n, &seen);
    assert_int_equal(n, 0);
    assert_int_equal(seen, 6);
}

static void following_in_steps_gives_what_one_question_gives(void **state)
{
    struct setting *s = *state;
    size_t n_all, n, n_steps = 0;
    int64_t seen, at = 0;
    story_random(&s->story, 7, 800);
    apply(s);
    (void)ended(s, 0, 10000, &n_all, &seen);
    assert_true(n_all > 400);
    assert_int_equal(seen, s->story.seq);
    while (at < (int64_t)s->story.seq) {
        (void)ended(s, (uint64_t)at, 13, &n, &seen);
        assert_true(seen > at);
        at = seen;
        n_steps += n;
    }
    assert_int_equal(n_steps, n_all);
}

static void runs_are_given_when_they_have_become_quiet(void **state)
{
    struct setting *s = *state;
    struct story_call one = story_call(), two = story_call();
    one.run_id = "run-one";
    two.run_id = "run-two";
    (void)story_open(&s->story, &one, NULL);
    s->story.now += 10 * NS_PER_S;
    wall_t between = s->story.now - 5 * NS_PER_S;
    (void)story_open(&s->story, &two, NULL);
    apply(s);
    struct json rows = ask(s, (struct query){.kind = QUERY_QUIET_RUNS, .until = between, .rows_max = 10});
    assert_int_equal(json_len(rows), 1);
    assert_str(text(json_at(rows, 0), "run_id"), "run-one");
    assert_int_equal(json_type(json_get(json_at(rows, 0), STR("ended"))), JSON_NULL);
    rows = ask(s, (struct query){.kind = QUERY_QUIET_RUNS, .after_seq = (uint64_t)number(json_at(rows, 0), "seq"),
                                 .until = s->story.now + NS_PER_S, .rows_max = 10});
    assert_int_equal(json_len(rows), 1);
    assert_str(text(json_at(rows, 0), "run_id"), "run-two");
    one.is_over = true;
    (void)story_open(&s->story, &one, NULL); /* it goes on: it is new again */
    apply(s);
    rows = ask(s, (struct query){.kind = QUERY_QUIET_RUNS, .after_seq = 2, .rows_max = 10});
    assert_int_equal(json_len(rows), 1);
    assert_str(text(json_at(rows, 0), "run_id"), "run-one");
    assert_int_equal(json_type(json_get(json_at(rows, 0), STR("ended"))), JSON_STR);
}

static void marks_are_what_they_were_set_to_last(void **state)
{
    struct setting *s = *state;
    assert_int_equal(json_len(ask(s, (struct query){.kind = QUERY_MARKS})), 0);
    assert_int_equal(s->store->ops->mark(s->store, STR("b"), 3), 0);
    assert_int_equal(s->store->ops->mark(s->store, STR("b"), 5), 0);
    struct json rows = ask(s, (struct query){.kind = QUERY_MARKS});
    assert_int_equal(json_len(rows), 1);
    assert_str(text(json_at(rows, 0), "name"), "b");
    assert_int_equal(number(json_at(rows, 0), "seq"), 5);
}

static void the_whole_record_verifies(void **state)
{
    struct setting *s = *state;
    struct audit_report rep;
    story_random(&s->story, 11, 700);
    apply(s);
    assert_int_equal(audit_verify(s->store, s->reader, &rep), 0);
    assert_int_equal(rep.last_seq, s->story.seq);
    assert_memory_equal(rep.chain, s->story.chain, CHAIN_BYTES);
    assert_int_equal(rep.opens, 700);
    assert_int_equal(rep.erased, 0);
    assert_true(rep.values > 700); /* of each OPEN frame, and of those that learned or named something */
}

static void no_personal_value_is_in_what_the_chain_covers(void **state)
{
    struct setting *s = *state;
    static const char *const VALUES[] = {"acme", "cus_9", "ops@example.com", "/v1/refunds\",\"mode", "agent=refunds"};
    story_random(&s->story, 12, 50);
    apply(s);
    struct query q = {.kind = QUERY_AUDIT, .rows_max = 10000};
    struct json rows = ask(s, q);
    for (size_t i = 0; i < json_len(rows); i++)
        for (size_t v = 0; v < sizeof VALUES / sizeof VALUES[0]; v++) {
            size_t at;
            assert_false(str_find(text(json_at(rows, i), "body"), str_c(VALUES[v]), &at));
        }
}

static void an_answer_that_does_not_fit_says_so(void **state)
{
    struct setting *s = *state;
    story_random(&s->story, 13, 50);
    apply(s);
    struct query q = {.kind = QUERY_CALLS, .rows_max = 50};
    struct buf small;
    buf_init(&small, 1000);
    assert_int_equal(s->store->ops->ask(s->reader, &q, &small), -ERR_TOO_LARGE);
    buf_deinit(&small);
    assert_int_equal(json_len(ask(s, q)), 50);
}

int conformance_run(const struct store_factory *f)
{
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, setting_begin, setting_end, (void *)f)
    const struct CMUnitTest tests[] = {
        TEST(each_frame_arrives_exactly_once),
        TEST(a_gap_is_refused),
        TEST(a_call_is_one_record_with_every_field),
        TEST(a_call_to_a_model_shows_what_it_used_and_asked_for),
        TEST(a_call_shows_which_tool_call_caused_it),
        TEST(one_call_comes_with_its_facts_and_the_events_around_it),
        TEST(the_last_close_of_an_unknown_call_counts),
        TEST(a_call_that_held_nothing_may_cost_something),
        TEST(lists_are_filtered_and_paged),
        TEST(a_piece_of_what_a_list_shows_finds_calls),
        TEST(windows_of_time_are_exact),
        TEST(runs_are_told_apart_by_tenant_and_agent),
        TEST(spend_is_the_sum_of_its_calls),
        TEST(spend_is_told_apart_by_what_is_asked_for),
        TEST(calls_and_spend_of_one_model_are_found),
        TEST(a_run_adds_up_by_layer_and_vendor),
        TEST(a_run_shows_the_limits_that_count_it_alone),
        TEST(events_are_shown_with_all_they_name_but_secrets),
        TEST(every_version_of_a_policy_is_kept),
        TEST(a_secret_is_what_its_last_event_left_and_no_event_shows_it),
        TEST(a_start_finds_what_is_live_and_nothing_else),
        TEST(slots_and_minutes_come_back_while_they_count),
        TEST(a_call_that_shares_a_hold_moves_the_first_calls_counters),
        TEST(frames_that_contradict_the_record_are_refused_whole),
        TEST(an_object_leads_to_the_call_that_made_it),
        TEST(an_idempotency_key_leads_to_its_first_hold),
        TEST(what_ended_is_given_once_in_the_order_of_its_end),
        TEST(following_in_steps_gives_what_one_question_gives),
        TEST(runs_are_given_when_they_have_become_quiet),
        TEST(marks_are_what_they_were_set_to_last),
        TEST(the_whole_record_verifies),
        TEST(no_personal_value_is_in_what_the_chain_covers),
        TEST(an_answer_that_does_not_fit_says_so),
    };
    return cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
}
