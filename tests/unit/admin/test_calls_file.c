/* admin/calls_file.c: all calls that fit as a file, page by page, at the pace of who takes it. */
#include "fake.h"

#include "admin/request.h"

#include "base/err.h"

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

/* `n` records, the newest with seq `from`. */
static const char *page(int64_t from, int n)
{
    static char text[65536];
    size_t at = 0;
    text[at++] = '[';
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s{\"call_id\":\"c%lld\",\"seq\":%lld}", i ? "," : "",
                               (long long)from - i, (long long)from - i);
    snprintf(text + at, sizeof(text) - at, "]");
    return text;
}

static void lines_come_page_by_page_until_none_is_left(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=ndjson&agent=a");
    assert_int_equal(fake_core.ask->q.rows_max, 500);
    assert_str(fake_core.ask->q.agent, "a");
    assert_int_equal(fake_core.ask->q.before_seq, 0);
    fake_answer(0, page(1000, 500));
    assert_int_equal(f->x->status, 200);
    assert_false(f->x->is_finished);
    assert_string_equal(fake_field(f, "content-type", '\n'), "application/x-ndjson");
    assert_string_equal(fake_field(f, "x-content-type-options", '\n'), "nosniff");
    assert_string_equal(fake_field(f, "content-disposition", '\n'),
                        "attachment; filename=\"flyball-calls-2001-09-09.ndjson\"");
    assert_int_equal(fake_core.ask->q.before_seq, 501);
    fake_answer(0, page(500, 1));
    assert_true(f->x->is_finished);
    assert_true(str_starts(buf_str(&f->x->body), STR("{\"call_id\":\"c1000\",\"seq\":1000}\n{\"call_id\":\"c999\"")));
    assert_true(str_ends(buf_str(&f->x->body), STR("{\"call_id\":\"c500\",\"seq\":500}\n")));
}

static void nothing_that_fits_is_a_file_all_the_same(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=ndjson");
    fake_answer(0, "[]");
    assert_answer(f, 200, "");
    assert_int_equal(f->x->body.n, 0);
    fake_get(f, "/api/v1/calls?format=csv");
    fake_answer(0, "[]");
    assert_answer(f, 200, "\"call_id\",\"seq\",\"started_at\"");
}

static void a_table_has_one_head_and_no_formula(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=csv&limit=2");
    assert_int_equal(fake_core.ask->q.rows_max, 2);
    fake_answer(0, "[{\"call_id\":\"c1\",\"seq\":9,\"agent\":\"=cmd|' /C calc'!A0\",\"settled\":"
                   "{\"usd\":\"-0.500000000\",\"how\":\"parsed\"},\"error\":null,\"object_ids\":[\"a\",\"=b\"],"
                   "\"reason\":\"say \\\"no\\\",\\nplease\"},"
                   "{\"call_id\":\"c2\",\"seq\":8,\"agent\":\" +1\"}]");
    assert_true(f->x->is_finished);
    assert_string_equal(fake_field(f, "content-type", '\n'), "text/csv; charset=utf-8; header=present");
    assert_non_null(strstr(f->x->fields, ".csv\"\n"));
    struct str body = buf_str(&f->x->body);
    size_t at;
    assert_true(str_find(body, STR("\r\n\"c1\",9,"), &at));
    assert_true(str_find(body, STR(",\"'=cmd|' /C calc'!A0\","), &at));
    assert_true(str_find(body, STR(",-0.500000000,\"parsed\","), &at));
    assert_true(str_find(body, STR(",\"say \"\"no\"\",\nplease\","), &at));
    assert_true(str_find(body, STR("\"a =b\"\r\n\"c2\",8,"), &at));
    assert_true(str_find(body, STR("\"' +1\""), &at));
}

static void who_takes_nothing_is_waited_for(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=ndjson");
    f->x->queued = (size_t)f->limits.stream_window_bytes + 1;
    fake_answer(0, page(1000, 500));
    assert_null(fake_core.ask);
    f->x->queued = 0;
    fake_writable(f);
    assert_non_null(fake_core.ask);
    fake_leave(f);
    fake_answer(0, page(500, 500));
    assert_null(fake_core.ask);
}

static void a_store_that_fails_says_so_or_breaks_off(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=csv");
    fake_answer(-ERR_IO, "");
    assert_answer(f, 503, "journal_failed");
    fake_get(f, "/api/v1/calls?format=csv");
    fake_answer(0, page(1000, 500));
    fake_answer(-ERR_IO, "");
    assert_false(f->x->is_finished); /* half a file is none */
    assert_true(f->x->is_released);
}

static void an_unknown_format_is_named(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?format=xls");
    assert_answer(f, 400, "format `xls` is not known");
}

static void pages_say_where_the_next_one_begins(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?limit=3");
    fake_answer(0, page(10, 3));
    assert_answer(f, 200, "],\"next\":8}");
    fake_get(f, "/api/v1/calls?limit=3&before=8");
    assert_int_equal(fake_core.ask->q.before_seq, 8);
    fake_answer(0, page(7, 2));
    assert_answer(f, 200, "\"seq\":6}]}");
    fake_get(f, "/api/v1/runs?limit=1&before=4");
    assert_int_equal(fake_core.ask->q.before_seq, 4);
    fake_answer(0, "[{\"run_id\":\"r\",\"seq\":3}]");
    assert_answer(f, 200, "],\"next\":3}");
}

/* The reader's thread says so before it posts the answer. */
static void stop_short_at(uint64_t seq) { *fake_core.ask->q.ret_stopped_at = seq; }

static void a_search_that_stopped_short_goes_on_there(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?status=418&limit=3");
    stop_short_at(900);
    fake_answer(0, page(1000, 1));
    assert_answer(f, 200, "],\"next\":900}");
    fake_get(f, "/api/v1/calls?status=418&format=ndjson");
    stop_short_at(900);
    fake_answer(0, "[]");
    assert_int_equal(fake_core.ask->q.before_seq, 900);
    fake_answer(0, page(80, 1));
    assert_true(f->x->is_finished);
}

static void filters_of_the_record_are_read(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?layer=llm&class=cost&owner=o&user=u&customer=cus_9&code=limit_exceeded&status=403"
                "&min_usd=0.25");
    const struct query *q = &fake_core.ask->q;
    assert_str(q->layer, "llm");
    assert_str(q->class, "cost");
    assert_str(q->owner, "o");
    assert_str(q->user, "u");
    assert_str(q->customer, "cus_9");
    assert_str(q->code, "limit_exceeded");
    assert_int_equal(q->status, 403);
    assert_int_equal(q->min_usd, 250000000);
    fake_answer(0, "[]");
    static const char *const bad[] = {"layer=lm", "status=99", "status=600", "status=x", "min_usd=-1", "min_usd=x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char target[64];
        snprintf(target, sizeof(target), "/api/v1/calls?%s", bad[i]);
        fake_get(f, target);
        assert_answer(f, 400, "parameter_invalid");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_page_by_page_until_none_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_that_fits_is_a_file_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(a_table_has_one_head_and_no_formula, setup, teardown),
        cmocka_unit_test_setup_teardown(who_takes_nothing_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_fails_says_so_or_breaks_off, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_format_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_say_where_the_next_one_begins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_search_that_stopped_short_goes_on_there, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_of_the_record_are_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
