/* export/trace: a record as spans: ids, parents, names, tokens, and what does not go out. */
#include "unit.h"

#include "base/err.h"
#include "codec/hex.h"
#include "export/trace.h"

#define MODEL                                                                                                          \
    "{\"call_id\":\"c1\",\"started_at\":\"2026-11-24T12:00:00.000Z\",\"ended_at\":\"2026-11-24T12:00:01.000Z\","       \
    "\"run_id\":\"0193a4c0-1111-7222-8333-444455556666\",\"span_id\":\"0102030405060708\",\"agent\":\"bot\","          \
    "\"tenant\":\"acme\",\"user\":\"ann\",\"customer\":\"cus_1\",\"layer\":\"llm\",\"vendor\":\"openai\","             \
    "\"operation\":\"openai.chat.completions.create\",\"model_asked\":\"gpt\",\"finish\":\"stop\","                    \
    "\"tokens\":{\"input\":10,\"cache_read\":5,\"cache_write_5m\":2,\"cache_write_1h\":1,\"output\":7,\"reasoning\":"  \
    "4},"                                                                                                              \
    "\"phases\":{\"first_token\":250000,\"total\":900000},\"limits\":[{\"id\":\"day\",\"bucket\":\"ann\"}],"           \
    "\"object_ids\":[\"resp_1\"],\"prompt\":\"greet@3\",\"verdict\":\"permit\",\"outcome\":\"settled\",\"status\":"    \
    "200,"                                                                                                             \
    "\"settled\":{\"usd\":\"0.000001000\",\"how\":\"priced\"},"                                                        \
    "\"attempts\":[{\"n\":1,\"kind\":\"forward\",\"method\":\"POST\",\"path\":\"/v1/x\",\"target\":\"h:1\","           \
    "\"started_us\":100,\"total_us\":800,\"status\":200}]"

struct scene {
    struct arena arena;
    struct spans spans;
};

static int scene_begin(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    arena_init(&s->arena, 4 << 20);
    spans_init(&s->spans, &s->arena);
    *state = s;
    return 0;
}

static int scene_end(void **state)
{
    struct scene *s = *state;
    arena_deinit(&s->arena);
    free(s);
    return 0;
}

static const struct span *call_of(struct scene *s, const struct trace_options *o, const char *json)
{
    struct json record;
    assert_int_equal(json_parse(&s->arena, str_c(json), 16, &record), 0);
    size_t at = s->spans.n;
    assert_int_equal(trace_call(o, record, &s->spans), 0);
    return s->spans.items[at];
}

static int64_t int_of(const struct span *s, const char *name)
{
    const struct attr *a = attr_find(&s->attrs, str_c(name));
    assert_non_null(a);
    assert_int_equal(a->type, ATTR_INT);
    return a->n;
}

static struct str str_of(const struct span *s, const char *name)
{
    const struct attr *a = attr_find(&s->attrs, str_c(name));
    return a && a->type == ATTR_STR ? a->s : STR_NONE;
}

static void a_call_to_a_model_has_the_names_of_the_convention(void **state)
{
    struct scene *s = *state;
    const struct span *it = call_of(s, &(struct trace_options){.semconv = SEMCONV_1_42}, MODEL "}");
    char hex[32];
    assert_str(hex_encode(it->trace_id, 16, hex), "0193a4c0111172228333444455556666");
    assert_str(hex_encode(it->span_id, 8, hex), "0102030405060708");
    assert_str(it->name, "chat gpt");
    assert_int_equal(it->kind, SPAN_CLIENT);
    assert_int_equal(it->end - it->start, 900 * NS_PER_MS);
    assert_int_equal(it->status, SPAN_UNSET);
    assert_int_equal(int_of(it, "gen_ai.usage.input_tokens"), 18);
    assert_int_equal(int_of(it, "gen_ai.usage.output_tokens"), 11);
    assert_int_equal(int_of(it, "gen_ai.usage.cache_read.input_tokens"), 5);
    assert_int_equal(int_of(it, "gen_ai.usage.cache_creation.input_tokens"), 3);
    assert_int_equal(int_of(it, "gen_ai.usage.reasoning.output_tokens"), 4);
    assert_str(str_of(it, "gen_ai.provider.name"), "openai");
    assert_str(str_of(it, "gen_ai.prompt.name"), "greet");
    assert_str(str_of(it, "gen_ai.prompt.version"), "3");
    assert_true(attr_find(&it->attrs, STR("gen_ai.response.time_to_first_chunk"))->d == 0.25);
    assert_str(attr_find(&it->attrs, STR("flyball.limits"))->items[0], "day");
    assert_str(str_of(it, "flyball.settled.usd"), "0.000001000");
}

static void the_older_version_has_its_own_names(void **state)
{
    struct scene *s = *state;
    const struct span *it = call_of(s, &(struct trace_options){.semconv = SEMCONV_1_36}, MODEL "}");
    assert_str(str_of(it, "gen_ai.system"), "openai");
    assert_int_equal(int_of(it, "gen_ai.usage.cache_read_input_tokens"), 5);
    assert_null(attr_find(&it->attrs, STR("gen_ai.provider.name")));
    assert_null(attr_find(&it->attrs, STR("gen_ai.response.time_to_first_chunk")));
    enum semconv_version v;
    assert_int_equal(semconv_parse(STR("1.36"), &v), 0);
    assert_int_equal(v, SEMCONV_1_36);
    assert_int_equal(semconv_parse(STR("1.37"), &v), -ERR_NOT_FOUND);
}

static void personal_values_stay_unless_asked_for(void **state)
{
    struct scene *s = *state;
    static const char *const names[] = {"flyball.tenant", "flyball.customer", "user.id", "gen_ai.response.id"};
    const struct span *plain = call_of(s, &(struct trace_options){.semconv = SEMCONV_1_42}, MODEL "}");
    const struct span *full = call_of(s, &(struct trace_options){.has_personal = true, .has_session = true}, MODEL "}");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(attr_find(&plain->attrs, str_c(names[i])));
        assert_true(str_of(full, names[i]).n > 0);
    }
    for (size_t i = 0; i < plain->attrs.n; i++)
        assert_false(str_eq(plain->attrs.items[i].s, STR("ann")) || str_eq(plain->attrs.items[i].s, STR("acme")));
    assert_str(str_of(full, "session.id"), "0193a4c0-1111-7222-8333-444455556666");
}

static void attempts_are_children_in_their_time(void **state)
{
    struct scene *s = *state;
    const struct span *call = call_of(s, &(struct trace_options){.semconv = SEMCONV_1_42}, MODEL "}");
    assert_int_equal(s->spans.n, 2);
    const struct span *attempt = s->spans.items[1];
    assert_memory_equal(attempt->parent_id, call->span_id, SPAN_ID_BYTES);
    assert_memory_equal(attempt->trace_id, call->trace_id, SPAN_TRACE_ID_BYTES);
    assert_memory_not_equal(attempt->span_id, call->span_id, SPAN_ID_BYTES);
    assert_str(attempt->name, "POST /v1/x");
    assert_int_equal(attempt->start - call->start, 100 * NS_PER_US);
    assert_int_equal(attempt->end - call->start, 800 * NS_PER_US);
}

static void a_known_cause_is_a_parent_and_an_inferred_one_a_link(void **state)
{
    struct scene *s = *state;
    struct trace_options o = {.semconv = SEMCONV_1_42};
    static const uint8_t cause[] = {0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11};
    const struct span *alone = call_of(s, &o, MODEL "}");
    const struct span *known = call_of(
        s, &o, MODEL ",\"caused_by\":{\"call_id\":\"m\",\"how\":\"explicit\"},\"cause_span_id\":\"aabbccddeeff0011\"}");
    const struct span *guess = call_of(
        s, &o, MODEL ",\"caused_by\":{\"call_id\":\"m\",\"how\":\"inferred\"},\"cause_span_id\":\"aabbccddeeff0011\"}");
    assert_true(alone->has_parent && known->has_parent && guess->has_parent);
    assert_memory_equal(known->parent_id, cause, SPAN_ID_BYTES);
    assert_false(known->has_link);
    assert_memory_equal(guess->parent_id, alone->parent_id, SPAN_ID_BYTES);
    assert_true(guess->has_link);
    assert_memory_equal(guess->link.span_id, cause, SPAN_ID_BYTES);
}

static void a_refusal_and_an_unknown_outcome_are_errors(void **state)
{
    struct scene *s = *state;
    struct trace_options o = {.semconv = SEMCONV_1_42};
    static const char before[] = "{\"call_id\":\"c\",\"started_at\":\"2026-11-24T12:00:00.000Z\",\"run_id\":\"r\","
                                 "\"span_id\":\"0102030405060708\",";
    static const struct {
        const char *more;
        enum span_status status;
        const char *type;
    } cases[] = {{"\"code\":\"limit_exceeded\",\"status\":403,\"outcome\":\"none\"}", SPAN_ERROR, "limit_exceeded"},
                 {"\"outcome\":\"unknown\",\"error\":\"cut\"}", SPAN_ERROR, "cut"},
                 {"\"status\":402,\"outcome\":\"released\",\"error\":\"card_declined\"}", SPAN_ERROR, "card_declined"},
                 {"\"status\":500,\"outcome\":\"released\"}", SPAN_ERROR, "_OTHER"},
                 {"\"status\":200,\"outcome\":\"settled\"}", SPAN_UNSET, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str json = arena_printf(&s->arena, "%s%s", before, cases[i].more);
        const struct span *it = call_of(s, &o, json.p);
        assert_int_equal(it->status, cases[i].status);
        assert_str(str_of(it, "error.type"), cases[i].type);
        assert_true(it->end >= it->start);
    }
}

static void a_run_is_the_root_of_its_calls(void **state)
{
    struct scene *s = *state;
    struct json run;
    struct trace_options o = {.semconv = SEMCONV_1_42};
    const struct span *call = call_of(s, &o, MODEL "}");
    assert_int_equal(json_parse(&s->arena,
                                STR("{\"run_id\":\"0193a4c0-1111-7222-8333-444455556666\",\"agent\":\"bot\","
                                    "\"tenant\":\"acme\",\"calls\":3,\"denied\":1,\"unknown\":0,"
                                    "\"settled\":{\"usd\":\"1.000000000\",\"how\":\"priced\"},"
                                    "\"first\":\"2026-11-24T12:00:00.000Z\",\"last\":\"2026-11-24T12:00:05.000Z\","
                                    "\"ended\":\"2026-11-24T12:00:07.000Z\"}"),
                                16, &run),
                     0);
    assert_int_equal(trace_run(&o, run, &s->spans), 0);
    const struct span *root = s->spans.items[s->spans.n - 1];
    assert_false(root->has_parent);
    assert_memory_equal(root->span_id, call->parent_id, SPAN_ID_BYTES);
    assert_memory_equal(root->trace_id, call->trace_id, SPAN_TRACE_ID_BYTES);
    assert_int_equal(root->end - root->start, 7 * NS_PER_S);
    assert_int_equal(int_of(root, "flyball.run.denied"), 1);
    assert_null(attr_find(&root->attrs, STR("flyball.tenant")));
}

static void trace_ids_follow_from_the_run_alone(void **state)
{
    uint8_t a[16], b[16];
    char hex[32];
    trace_id_of(STR("t"), STR("a"), STR("0AF7651916CD43DD8448EB211C80319C"), a);
    assert_str(hex_encode(a, 16, hex), "0af7651916cd43dd8448eb211c80319c");
    trace_id_of(STR("t"), STR("a"), STR("order-17"), a);
    trace_id_of(STR("t"), STR("a"), STR("order-17"), b);
    assert_memory_equal(a, b, 16);
    trace_id_of(STR("u"), STR("a"), STR("order-17"), b);
    assert_memory_not_equal(a, b, 16);
    trace_id_of(STR(""), STR(""), STR("00000000-0000-0000-0000-000000000000"), a);
    trace_id_of(STR(""), STR(""), STR("00000000000000000000000000000000"), b);
    assert_memory_not_equal(a, b, 16);
    assert_true(a[0] || a[1] || a[2] || a[3]);
}

static void what_is_no_record_is_refused_and_leaves_no_span(void **state)
{
    struct scene *s = *state;
    struct json record;
    struct trace_options o = {.semconv = SEMCONV_1_42};
    static const char *const bad[] = {"{}", "{\"span_id\":\"0102030405060708\"}",
                                      "{\"span_id\":\"01\",\"started_at\":\"2026-11-24T12:00:00.000Z\"}", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(json_parse(&s->arena, str_c(bad[i]), 16, &record), 0);
        assert_int_equal(trace_call(&o, record, &s->spans), -ERR_CORRUPT);
        assert_int_equal(trace_run(&o, record, &s->spans), -ERR_CORRUPT);
    }
    assert_int_equal(s->spans.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
    const struct CMUnitTest tests[] = {
        T(a_call_to_a_model_has_the_names_of_the_convention),
        T(the_older_version_has_its_own_names),
        T(personal_values_stay_unless_asked_for),
        T(attempts_are_children_in_their_time),
        T(a_known_cause_is_a_parent_and_an_inferred_one_a_link),
        T(a_refusal_and_an_unknown_outcome_are_errors),
        T(a_run_is_the_root_of_its_calls),
        T(trace_ids_follow_from_the_run_alone),
        T(what_is_no_record_is_refused_and_leaves_no_span),
    };
    return cmocka_run_group_tests_name("export/trace", tests, NULL, NULL);
}
