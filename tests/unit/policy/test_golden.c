/*
 * policy: what a person who wrote a faulty document reads, word for word: tests/cases/policy/diagnostics.txt. A case
 * is "=== title", the document, "--- says", and the lines that `policy check` prints. With --write behind the
 * arguments the file is written anew, for its author to read.
 */
#include "base/err.h"
#include "case.h"
#include "operations.h"
#include "policy/policy.h"

#define FILE_BYTES_MAX 65535

static const char *cases_dir;
static bool is_written;

static struct str said_of(struct str document, struct arena *a)
{
    static const struct str vendors[] = {STR_INIT("stripe"), STR_INIT("twilio"), STR_INIT("resend"),
                                         STR_INIT("openai")};
    static const struct known known = {vendors, 4, case_operations, CASE_OPERATIONS};
    struct diag_list diags;
    struct limits limits;
    struct policy *p = NULL;
    struct buf out;
    diag_list_init(&diags, a, 20);
    limits_default(&limits);
    if (policy_parse(document, STR("policy.yaml"), &limits, &known, &diags, &p) == 0)
        policy_unref(p);
    buf_init(&out, 65536);
    diag_list_text(&diags, &out);
    struct str s = arena_str(a, buf_str(&out));
    buf_deinit(&out);
    return s;
}

/* The next case of *rest; false at the end. */
static bool next_case(struct str *rest, struct str *ret_title, struct str *ret_document, struct str *ret_says)
{
    size_t at;
    struct str text = *rest;
    if (!str_starts(text, STR("=== ")))
        return false;
    struct str body, one = str_sub(text, 4, SIZE_MAX);
    bool is_last = !str_find(one, STR("\n=== "), &at);
    *rest = is_last ? STR("") : str_sub(one, at + 1, SIZE_MAX);
    one = is_last ? one : str_sub(one, 0, at + 1);
    assert_true(str_cut(one, '\n', ret_title, &body) && str_find(body, STR("--- says\n"), &at));
    *ret_document = str_sub(body, 0, at);
    *ret_says = str_sub(body, at + sizeof "--- says\n" - 1, SIZE_MAX);
    return true;
}

/* Place, code, and something to go by: the value in backquotes, or a way to write it. */
static void check_form(struct str line)
{
    size_t at;
    struct str file, place, more, message;
    assert_true(str_cut(line, ':', &file, &place) && str_eq(file, STR("policy.yaml")));
    assert_true(place.n > 0 && place.p[0] >= '1' && place.p[0] <= '9');
    assert_true(str_cut(place, ' ', &more, &message) && message.n > 20);
    assert_true(str_find(message, STR(": "), &at));
}

static void every_fault_is_told_with_place_code_value_and_hint(void **state)
{
    char path[1000];
    struct arena a;
    struct buf anew;
    struct str title, document, says, line;
    int n = 0, n_wrong = 0;
    arena_init(&a, 16 << 20);
    buf_init(&anew, FILE_BYTES_MAX);
    snprintf(path, sizeof path, "%s/diagnostics.txt", cases_dir);
    for (struct str rest = case_read(&a, path); next_case(&rest, &title, &document, &says); n++) {
        struct str got = said_of(document, &a);
        buf_printf(&anew, "=== " STR_FMT "\n" STR_FMT "--- says\n" STR_FMT, STR_ARG(title), STR_ARG(document),
                   STR_ARG(got));
        if (!str_eq(got, says)) {
            print_error(STR_FMT "\nwant:\n" STR_FMT "got:\n" STR_FMT, STR_ARG(title), STR_ARG(says), STR_ARG(got));
            n_wrong++;
        }
        assert_true(got.n > 0);
        for (struct str lines = got; case_line(&lines, &line);)
            check_form(line);
    }
    if (is_written) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(buf_str(&anew).p, 1, buf_str(&anew).n, f), buf_str(&anew).n);
        assert_int_equal(fclose(f), 0);
    } else {
        assert_int_equal(n_wrong, 0);
    }
    assert_true(n >= 30);
    buf_deinit(&anew);
    arena_deinit(&a);
}

int main(int argc, char **argv)
{
    cases_dir = argc > 1 ? argv[1] : "tests/cases/policy";
    is_written = argc > 2 && strcmp(argv[argc - 1], "--write") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_fault_is_told_with_place_code_value_and_hint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
