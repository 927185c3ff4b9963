/* llm/error_event: an error in an open stream, in the words that each SDK raises on. */
#include "llm/meter.h"

#include "base/err.h"
#include "unit.h"

static void event_is(enum llm_shape shape, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    llm_error_event(shape, STR("limit_exceeded"), STR("limit `day`: \"spent\""), STR("c_1"), &out);
    assert_int_equal(buf_ok(&out), 0);
    assert_str(buf_str(&out), want);
    buf_deinit(&out);
}

static void each_dialect_has_its_own(void **state)
{
    event_is(SHAPE_CHAT, "data: {\"error\":{\"message\":\"limit `day`: \\\"spent\\\"\",\"type\":\"limit_exceeded\","
                         "\"param\":null,\"code\":\"limit_exceeded\"}}\n\n");
    event_is(SHAPE_RESPONSES,
             "event: error\ndata: {\"type\":\"error\",\"code\":\"limit_exceeded\",\"message\":\"limit `day`: "
             "\\\"spent\\\"\",\"param\":null,\"error\":{\"message\":\"limit `day`: \\\"spent\\\"\",\"type\":"
             "\"limit_exceeded\",\"param\":null,\"code\":\"limit_exceeded\"}}\n\n");
    event_is(SHAPE_MESSAGES, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"limit_exceeded\","
                             "\"message\":\"limit `day`: \\\"spent\\\"\"},\"request_id\":\"c_1\"}\n\n");
}

static void full_buffer_is_seen_by_the_caller(void **state)
{
    struct buf out;
    buf_init(&out, 20);
    llm_error_event(SHAPE_CHAT, STR("a"), STR("b"), STR("c"), &out);
    assert_int_equal(buf_ok(&out), -ERR_TOO_LARGE);
    buf_deinit(&out);
}

static void a_meter_reads_our_own_error(void **state)
{
    static const enum llm_shape shapes[] = {SHAPE_CHAT, SHAPE_RESPONSES, SHAPE_MESSAGES};
    for (size_t i = 0; i < 3; i++) {
        struct llm_call call = {.shape = shapes[i], .is_stream = true, .wants_usage = true};
        struct limits limits;
        struct arena arena;
        struct llm_result got;
        struct buf out;
        struct str pass;
        bool is_first;
        limits_default(&limits);
        arena_init(&arena, 1 << 20);
        buf_init(&out, 4096);
        llm_error_event(shapes[i], STR("limit_exceeded"), STR("no more"), STR("c_1"), &out);
        struct llm_meter *m = llm_meter_new(&call, &limits, &arena);
        llm_meter_add(m, buf_str(&out), &pass, &is_first);
        llm_meter_result(m, NULL, &got);
        assert_str(got.error, "limit_exceeded");
        assert_true(got.is_complete);
        llm_meter_free(m);
        buf_deinit(&out);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_has_its_own),
        cmocka_unit_test(full_buffer_is_seen_by_the_caller),
        cmocka_unit_test(a_meter_reads_our_own_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
