/* export/otlp: one span as the bytes that the protocol wants, in both encodings; and what a collector may answer. */
#include "unit.h"

#include "base/err.h"
#include "export/otlp.h"

static const struct otlp_resource resource = {.version = STR_INIT("1.2.3")};

/* A span with something of everything. */
static void one_span(struct spans *s, struct arena *a)
{
    static const struct str strs[] = {STR_INIT("x"), STR_INIT("y")};
    spans_init(s, a);
    struct span *it = spans_add(s);
    memset(it->trace_id, 0xa1, sizeof it->trace_id);
    memset(it->span_id, 0xb2, sizeof it->span_id);
    memset(it->parent_id, 0xc3, sizeof it->parent_id);
    it->has_parent = true;
    it->name = STR("n\"");
    it->kind = SPAN_CLIENT;
    it->start = 1;
    it->end = 1795890643116273000;
    attr_str(&it->attrs, STR("s"), STR("v"));
    attr_str(&it->attrs, STR("none"), STR_NONE);
    attr_int(&it->attrs, STR("i"), -5);
    attr_double(&it->attrs, STR("d"), 0.5);
    attr_bool(&it->attrs, STR("b"), true);
    attr_strs(&it->attrs, STR("l"), strs, 2);
    it->has_link = true;
    it->link.how = STR("h");
    memset(it->link.trace_id, 0xd4, sizeof it->link.trace_id);
    memset(it->link.span_id, 0xe5, sizeof it->link.span_id);
    it->status = SPAN_ERROR;
    it->message = STR("m");
}

static void a_span_as_json(void **state)
{
    struct arena a;
    struct spans s;
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, 65536);
    one_span(&s, &a);
    assert_int_equal(otlp_write(OTLP_JSON, &resource, &s, &b), 0);
    assert_str(buf_str(&b),
               "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
               "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"flyball\"}},"
               "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2.3\"}}]},"
               "\"scopeSpans\":[{\"scope\":{\"name\":\"flyball\",\"version\":\"1.2.3\"},\"spans\":[{"
               "\"traceId\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"spanId\":\"b2b2b2b2b2b2b2b2\","
               "\"parentSpanId\":\"c3c3c3c3c3c3c3c3\",\"name\":\"n\\\"\",\"kind\":3,\"startTimeUnixNano\":\"1\","
               "\"endTimeUnixNano\":\"1795890643116273000\",\"attributes\":["
               "{\"key\":\"s\",\"value\":{\"stringValue\":\"v\"}},{\"key\":\"i\",\"value\":{\"intValue\":\"-5\"}},"
               "{\"key\":\"d\",\"value\":{\"doubleValue\":0.5}},{\"key\":\"b\",\"value\":{\"boolValue\":true}},"
               "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":["
               "{\"stringValue\":\"x\"},{\"stringValue\":\"y\"}]}}}],"
               "\"links\":[{\"traceId\":\"d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4\",\"spanId\":\"e5e5e5e5e5e5e5e5\","
               "\"attributes\":[{\"key\":\"flyball.link\",\"value\":{\"stringValue\":\"h\"}}]}],"
               "\"status\":{\"message\":\"m\",\"code\":2}}]}]}]}");
    buf_deinit(&b);
    arena_deinit(&a);
}

/* What the tests with the official classes cannot see: the order and the exact bytes. */
static void a_span_as_protobuf(void **state)
{
    struct arena a;
    struct spans s;
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, 65536);
    spans_init(&s, &a);
    struct span *it = spans_add(&s);
    memset(it->trace_id, 0xa1, sizeof it->trace_id);
    memset(it->span_id, 0xb2, sizeof it->span_id);
    it->name = STR("n");
    it->kind = SPAN_INTERNAL;
    it->start = 1;
    it->end = 2;
    assert_int_equal(otlp_write(OTLP_PROTOBUF, &resource, &s, &b), 0);
    static const char tail[] = "\x12\x33" /* ScopeSpans.spans */
                               "\x0a\x10\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1"
                               "\x12\x08\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2"
                               "\x2a\x01n\x30\x01\x39\x01\x00\x00\x00\x00\x00\x00\x00"
                               "\x41\x02\x00\x00\x00\x00\x00\x00\x00";
    assert_true(b.n > sizeof tail);
    assert_memory_equal(b.p + b.n - (sizeof tail - 1), tail, sizeof tail - 1);
    assert_int_equal((unsigned char)b.p[0], 0x0a);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void no_spans_are_no_request_and_too_many_are_refused(void **state)
{
    struct arena a;
    struct spans s;
    struct buf b;
    arena_init(&a, 1 << 20);
    spans_init(&s, &a);
    for (enum otlp_protocol p = OTLP_PROTOBUF; p <= OTLP_JSON; p++) {
        buf_init(&b, 100);
        spans_init(&s, &a);
        assert_int_equal(otlp_write(p, &resource, &s, &b), 0);
        assert_int_equal(b.n, 0);
        one_span(&s, &a);
        assert_int_equal(otlp_write(p, &resource, &s, &b), -ERR_TOO_LARGE);
        buf_deinit(&b);
    }
    arena_deinit(&a);
}

static void answers_are_read_in_both_encodings(void **state)
{
    struct otlp_answer got;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_int_equal(otlp_read(OTLP_PROTOBUF, &a, STR("\x0a\x08\x08\x03\x12\x04late"), &got), 0);
    assert_int_equal(got.n_rejected, 3);
    assert_str(got.message, "late");
    assert_int_equal(otlp_read(OTLP_PROTOBUF, &a, STR(""), &got), 0);
    assert_int_equal(got.n_rejected, 0);
    struct str partial = STR("{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"m\"}}");
    assert_int_equal(otlp_read(OTLP_JSON, &a, partial, &got), 0);
    assert_int_equal(got.n_rejected, 2);
    assert_str(got.message, "m");
    assert_int_equal(otlp_read(OTLP_JSON, &a, STR("{\"partialSuccess\":{\"rejectedSpans\":7}}"), &got), 0);
    assert_int_equal(got.n_rejected, 7);
    assert_int_equal(otlp_read(OTLP_JSON, &a, STR("{}"), &got), 0);
    assert_int_equal(got.n_rejected, 0);
    assert_int_equal(otlp_read(OTLP_JSON, &a, STR(""), &got), 0);
    arena_deinit(&a);
}

static void nonsense_is_no_answer_and_changes_nothing(void **state)
{
    struct otlp_answer got = {.n_rejected = 4711};
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_int_equal(otlp_read(OTLP_PROTOBUF, &a, STR("<html>"), &got), -ERR_INVALID);
    assert_int_equal(otlp_read(OTLP_PROTOBUF, &a, STR("\x0a\x02\x08"), &got), -ERR_INVALID);
    assert_int_equal(otlp_read(OTLP_JSON, &a, STR("<html>"), &got), -ERR_INVALID);
    assert_int_equal(got.n_rejected, 4711);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_as_json),
        cmocka_unit_test(a_span_as_protobuf),
        cmocka_unit_test(no_spans_are_no_request_and_too_many_are_refused),
        cmocka_unit_test(answers_are_read_in_both_encodings),
        cmocka_unit_test(nonsense_is_no_answer_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("export/otlp", tests, NULL, NULL);
}
