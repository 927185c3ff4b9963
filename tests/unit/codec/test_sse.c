/* codec/sse: the standard's events, wherever the stream is cut; what is too large passes unread. */
#include "codec/sse.h"

#include "unit.h"

#define EVENTS_MAX 32

struct seen {
    uint64_t at, n;
    char text[160]; /* event|data|id|retry, or "too large" */
};

static struct seen seen[EVENTS_MAX];
static size_t n_seen;
static struct buf through; /* all raw bytes in order */

static int set_up(void **state)
{
    buf_init(&through, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    buf_deinit(&through);
    return 0;
}

static void note(const struct sse_event *e, bool is_part)
{
    assert_true(n_seen < EVENTS_MAX);
    struct seen *s = &seen[n_seen++];
    *s = (struct seen){.at = e->at, .n = e->n};
    if (is_part)
        snprintf(s->text, sizeof(s->text), "too large");
    else if (e->has_data)
        snprintf(s->text, sizeof(s->text), STR_FMT "|" STR_FMT "|" STR_FMT "|%lld", STR_ARG(e->event),
                 STR_ARG(e->data), STR_ARG(e->id), (long long)e->retry_ms);
    else
        snprintf(s->text, sizeof(s->text), "no data");
}

static void feed(struct sse *s, struct str bytes)
{
    struct sse_event e;
    enum sse_result r;
    while ((r = sse_next(s, &bytes, &e)) != SSE_MORE) {
        assert_int_equal(buf_add(&through, e.raw), 0);
        if (r == SSE_EVENT)
            assert_int_equal(e.raw.n, e.n);
        if (r == SSE_EVENT || e.is_end)
            note(&e, r == SSE_PART);
    }
    assert_int_equal(bytes.n, 0);
}

static void finish(struct sse *s)
{
    struct sse_event e;
    if (sse_rest(s, &e)) {
        assert_int_equal(buf_add(&through, e.raw), 0);
        note(&e, false);
    }
    assert_false(sse_rest(s, &e));
    sse_deinit(s);
}

/* The stream in three pieces, each from the heap, so that a sanitizer sees what is read past one. */
static void read_cut(struct str text, size_t max, size_t a, size_t b)
{
    struct sse s;
    size_t cuts[] = {0, a, b, text.n};
    n_seen = 0;
    buf_reset(&through);
    sse_init(&s, max);
    for (int i = 0; i < 3; i++) {
        size_t n = cuts[i + 1] - cuts[i];
        char *piece = malloc(n + !n);
        assert_non_null(piece);
        memcpy(piece, text.p + cuts[i], n);
        feed(&s, (struct str){piece, n});
        free(piece);
    }
    finish(&s);
    assert_true(str_eq(buf_str(&through), text));
}

static void events_are(struct str text, size_t max, const char *const *want, size_t n_want)
{
    struct seen whole[EVENTS_MAX];
    read_cut(text, max, text.n, text.n);
    memcpy(whole, seen, sizeof(whole));
    assert_int_equal(n_seen, n_want);
    for (size_t i = 0; i < n_want; i++)
        assert_string_equal(seen[i].text, want[i]);
    for (size_t a = 0; a <= text.n; a++)
        for (size_t b = a; b <= text.n; b++) {
            read_cut(text, max, a, b);
            assert_int_equal(n_seen, n_want);
            for (size_t i = 0; i < n_want; i++) {
                assert_string_equal(seen[i].text, whole[i].text);
                assert_int_equal(seen[i].at, whole[i].at);
                assert_int_equal(seen[i].n, whole[i].n);
            }
        }
}

#define EVENTS_ARE(text, max, ...)                                                                                     \
    do {                                                                                                               \
        static const char *const want[] = {__VA_ARGS__};                                                               \
        events_are(STR(text), max, want, sizeof(want) / sizeof(want[0]));                                              \
    } while (0)

static void fields_are_read_as_the_standard_says(void **state)
{
    EVENTS_ARE("event: a\ndata: 1\nid: 7\nretry: 250\n\ndata:2\n\ndata:  3\n\ndata\n\n", 100, "a|1|7|250", "|2||-1",
               "| 3||-1", "|||-1");
    EVENTS_ARE("data: a\ndata: b\ndata\ndata: c\n\n", 100, "|a\nb\n\nc||-1");
    EVENTS_ARE("data\ndata\n\n", 100, "|\n||-1");
    EVENTS_ARE("data: a: b\nother: x\nDATA: y\n data: z\n\n", 100, "|a: b||-1");
    EVENTS_ARE("retry: 1s\nretry: -1\nid: a\0b\nevent: a\nevent: b\ndata: x\n\n", 100, "b|x||-1");
}

static void lines_end_in_lf_cr_or_crlf(void **state)
{
    EVENTS_ARE("data: 1\n\ndata: 2\r\rdata: 3\r\n\r\ndata: 4\r\n\ndata: 5\n\r\n", 100, "|1||-1", "|2||-1", "|3||-1",
               "|4||-1", "|5||-1", "no data");
}

/* Line ends are looked for a piece of the line at a time. */
static void lines_may_be_of_any_length(void **state)
{
    static const char *const ends[] = {"\n\n", "\r\r", "\r\n\r\n"};
    static char text[2048];
    for (size_t n = 0; n < 1100; n++)
        for (size_t k = 0; k < 3; k++) {
            struct sse sse;
            struct sse_event e;
            memcpy(text, "data: ", 6);
            memset(text + 6, 'x', n);
            memcpy(text + 6 + n, ends[k], strlen(ends[k]));
            struct str rest = {text, 6 + n + strlen(ends[k])};
            sse_init(&sse, sizeof text);
            assert_int_equal(sse_next(&sse, &rest, &e), SSE_EVENT);
            assert_int_equal(e.data.n, n);
            sse_deinit(&sse);
        }
}

static void lf_of_the_crlf_that_ends_an_event_is_of_the_next(void **state)
{
    EVENTS_ARE("data: 1\r\n\r\ndata: 2\r\n\r\n", 100, "|1||-1", "|2||-1", "no data");
    assert_int_equal(seen[0].n, 10);
    assert_int_equal(seen[1].at, 10);
    assert_int_equal(seen[1].n, 11);
    assert_int_equal(seen[2].n, 1);
}

static void comments_and_empty_lines_have_no_data(void **state)
{
    EVENTS_ARE(": OPENROUTER PROCESSING\n\n\n: ping\ndata: 1\n\n", 100, "no data", "no data", "|1||-1");
}

static void byte_order_mark_counts_at_the_start_only(void **state)
{
    EVENTS_ARE("\xef\xbb\xbf"
               "data: 1\n\n\xef\xbb\xbf"
               "data: 2\n\n",
               100, "|1||-1", "no data");
    EVENTS_ARE("\xef\xbb\xbf", 100, "no data");
}

static void what_is_left_at_the_end_is_read(void **state)
{
    EVENTS_ARE("data: 1\n\ndata: [DONE]", 100, "|1||-1", "|[DONE]||-1");
    EVENTS_ARE("data: 1\n", 100, "|1||-1");
}

static void event_at_the_maximum_is_read_and_one_byte_more_is_not(void **state)
{
    EVENTS_ARE("data: 12\n\ndata: 3\n\n", 10, "|12||-1", "|3||-1");
    EVENTS_ARE("data: 12\n\ndata: 3\n\n", 9, "too large", "|3||-1");
    EVENTS_ARE("data: 1\n\ndata: 23456\ndata: 7\n\ndata: 8\r\n\r\n", 12, "|1||-1", "too large", "|8||-1", "no data");
}

static void end_of_a_stream_within_a_skipped_event_leaves_nothing(void **state)
{
    EVENTS_ARE("data: 1\n\ndata: 2345678", 10, "|1||-1");
}

static void what_is_kept_is_bounded(void **state)
{
    struct sse s;
    struct sse_event e;
    sse_init(&s, 4096);
    for (int i = 0; i < 10000; i++) {
        struct str piece = STR("data: aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        while (sse_next(&s, &piece, &e) != SSE_MORE)
            assert_false(e.is_end);
    }
    assert_true(sse_is_open(&s));
    assert_true(s.held.cap <= 4096 && s.data.cap <= 4096);
    struct str end = STR("\n\ndata: back\n\n");
    assert_int_equal(sse_next(&s, &end, &e), SSE_PART);
    assert_true(e.is_end);
    assert_int_equal(sse_next(&s, &end, &e), SSE_EVENT);
    assert_str(e.data, "back");
    assert_false(sse_is_open(&s));
    sse_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_read_as_the_standard_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_end_in_lf_cr_or_crlf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_may_be_of_any_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lf_of_the_crlf_that_ends_an_event_is_of_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(comments_and_empty_lines_have_no_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(byte_order_mark_counts_at_the_start_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_at_the_end_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(event_at_the_maximum_is_read_and_one_byte_more_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_of_a_stream_within_a_skipped_event_leaves_nothing, set_up, tear_down),
        cmocka_unit_test(what_is_kept_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
