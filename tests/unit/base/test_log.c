/* base/log: what reaches stderr is one safe line an event. */
#include "base/log.h"

#include "unit.h"

struct capture {
    int saved, fds[2];
};

static void capture_start(struct capture *c)
{
    fflush(stderr);
    c->saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(c->fds), 0);
    dup2(c->fds[1], STDERR_FILENO);
    close(c->fds[1]);
}

static struct str capture_end(struct capture *c, char *out, size_t n)
{
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
    ssize_t got = read(c->fds[0], out, n);
    close(c->fds[0]);
    return (struct str){out, got > 0 ? (size_t)got : 0};
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    struct capture c;
    char out[8192];
    capture_start(&c);
    log_at(LOG_WARN, "listening", "data=%s workers=%d", "127.0.0.1:1", 4);
    struct str line = capture_end(&c, out, sizeof out);
    assert_true(str_starts(line, STR("ts=2")));
    assert_true(str_ends(line, STR(" level=warn event=listening data=127.0.0.1:1 workers=4\n")));
}

static void no_value_forges_a_line_or_reaches_the_terminal(void **state)
{
    struct capture c;
    char out[8192];
    size_t at;
    capture_start(&c);
    log_at(LOG_ERROR, "x", "v=%s", "a\nts=9\x1b[2J\x7f\xc2\x9b");
    struct str line = capture_end(&c, out, sizeof out);
    assert_true(str_find(line, STR("v=a\\x0ats=9\\x1b[2J\\x7f\\xc2\\x9b\n"), &at));
    assert_true(str_find(line, STR("\n"), &at));
    assert_int_equal(at, line.n - 1);
}

static void long_lines_are_cut_and_still_end(void **state)
{
    struct capture c;
    char out[8192], text[6000];
    memset(text, 1, sizeof text);
    text[sizeof text - 1] = 0;
    capture_start(&c);
    log_at(LOG_ERROR, "x", "v=%s", text);
    struct str line = capture_end(&c, out, sizeof out);
    assert_true(line.n > 3000 && line.n <= 4096);
    assert_int_equal(line.p[line.n - 1], '\n');
}

static void levels_below_the_set_one_are_silent(void **state)
{
    struct capture c;
    char out[64];
    log_set_level(LOG_WARN);
    capture_start(&c);
    log_at(LOG_INFO, "quiet", "n=%d", 1);
    log_at(LOG_DEBUG, "quiet", "n=%d", 1);
    assert_int_equal(capture_end(&c, out, sizeof out).n, 0);
    log_set_level(LOG_INFO);
}

static void values_are_quoted_and_escaped(void **state)
{
    char out[LOG_VALUE_BYTES], many[400];
    assert_string_equal(log_value(STR("plain"), out), "\"plain\"");
    assert_string_equal(log_value(STR("a\"b\\c\nd e"), out), "\"a\\\"b\\\\c\\x0ad e\"");
    assert_string_equal(log_value(STR_NONE, out), "\"\"");
    memset(many, '\n', sizeof many);
    log_value((struct str){many, sizeof many}, out);
    assert_true(strlen(out) < LOG_VALUE_BYTES);
    assert_int_equal(out[strlen(out) - 1], '"');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(no_value_forges_a_line_or_reaches_the_terminal),
        cmocka_unit_test(long_lines_are_cut_and_still_end),
        cmocka_unit_test(levels_below_the_set_one_are_silent),
        cmocka_unit_test(values_are_quoted_and_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
