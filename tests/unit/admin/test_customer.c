/* admin/h_customer.c: one customer's actions in three forms; what strangers wrote does nothing in any of them. */
#include "fake.h"

#include "admin/html.h"
#include "base/err.h"

#define ROW                                                                                                     \
    "{\"seq\":1,\"attribution\":\"proven\",\"source\":\"request\",\"call_id\":\"c1\",\"agent\":\"<script>alert(1)" \
    "</script>\",\"operation\":\"stripe.refunds.create\",\"amount\":500,\"run_id\":\"r\\\"' onload=x\"}"
#define COUNTS \
    "{\"customer\":\"cus_<b>\",\"proven\":1,\"inferred\":0,\"unattributed\":2,\"objects\":3,\"first_at\":null," \
    "\"last_at\":null}"

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

static bool answer_has(struct fake *f, const char *what)
{
    size_t at;
    return str_find(buf_str(&f->x->body), str_c(what), &at);
}

static void rows_and_counts_are_told_apart(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/customers/cus_9?tenant=acme&limit=7");
    assert_int_equal(fake_core.ask->q.kind, QUERY_CUSTOMER);
    assert_str(fake_core.ask->q.id, "cus_9");
    assert_str(fake_core.ask->q.tenant, "acme");
    assert_int_equal(fake_core.ask->q.rows_max, 7);
    fake_answer(0, "[" ROW "," COUNTS "]");
    assert_answer(f, 200, "{\"customer\":" COUNTS ",\"calls\":[" ROW "]}");
}

static void lines_are_a_row_each_and_the_counts_last(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/customers/cus_9?format=ndjson");
    fake_answer(0, "[" ROW "," COUNTS "]");
    assert_answer(f, 200, ROW "\n" COUNTS "\n");
    assert_non_null(strstr(f->x->fields, "content-type: application/x-ndjson\n"));
}

static void a_page_stands_alone_and_nothing_in_it_runs(void **state)
{
    static const char *const never[] = {"<script", "<b>", "\"' onload", "http:", "https:", "src=", "href="};
    struct fake *f = *state;
    fake_get(f, "/api/v1/customers/cus_9?format=html");
    fake_answer(0, "[" ROW "," COUNTS "]");
    assert_answer(f, 200, "cus_&lt;b&gt;");
    assert_answer(f, 200, "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>");
    assert_answer(f, 200, "<td>r&quot;&#39; onload=x</td>");
    assert_answer(f, 200, "<td>500</td>");
    assert_non_null(strstr(f->x->fields, "content-type: text/html; charset=utf-8\n"));
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_false(answer_has(f, never[i]));
}

static void bad_questions_are_refused(void **state)
{
    struct fake *f = *state;
    char target[400] = "/api/v1/customers/";
    fake_get(f, "/api/v1/customers/cus_9?format=pdf");
    assert_answer(f, 400, "json, ndjson or html");
    for (size_t n = 255; n <= 256; n++) {
        memset(target + 18, 'x', n);
        target[18 + n] = '\0';
        fake_get(f, target);
        if (n == 256) {
            assert_answer(f, 400, "1 to 255 bytes");
            continue;
        }
        fake_answer(0, "[" COUNTS "]");
        assert_answer(f, 200, "\"calls\":[]");
    }
    fake_get(f, "/api/v1/customers/cus_9");
    fake_answer(0, "[]");
    assert_int_equal(f->x->status, 500);
}

static void strangers_text_is_escaped(void **state)
{
    struct buf b;
    buf_init(&b, 4096);
    html_text(&b, STR("a&<>\"'b"));
    assert_str(buf_str(&b), "a&amp;&lt;&gt;&quot;&#39;b");
    buf_reset(&b);
    html_text(&b, STR("\x01\x7f\xe2\x80\xae\xe2\x81\xa6\xe2\x82\xac")); /* control, delete, two directions, euro */
    assert_str(buf_str(&b), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xe2\x82\xac");
    buf_reset(&b);
    html_text(&b, STR("\xe2\x80")); /* cut off */
    assert_str(buf_str(&b), "\xe2\x80");
    buf_deinit(&b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rows_and_counts_are_told_apart),
        T(lines_are_a_row_each_and_the_counts_last),
        T(a_page_stands_alone_and_nothing_in_it_runs),
        T(bad_questions_are_refused),
        T(strangers_text_is_escaped),
    };
    return cmocka_run_group_tests_name("admin/customer", tests, NULL, NULL);
}
