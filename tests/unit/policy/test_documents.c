/*
 * policy: documents that are accepted, warned of, or refused, each a file of tests/cases/policy/documents.
 * "--- expect" lists every diag in order as "line:col error|warning code"; no line: accepted in silence.
 */
#include "case.h"
#include "operations.h"
#include "io/zoneinfo.h"
#include "policy/policy.h"

static struct zoneinfo *files;
static const char *cases_dir, *guide;

static struct str diags_text(struct arena *a, const struct diag_list *l)
{
    struct str text = STR("");
    for (size_t i = 0; i < l->n; i++) {
        const struct diag *d = &l->items[i];
        text = arena_printf(a, STR_FMT "%d:%d %s %s\n", STR_ARG(text), d->line, d->col,
                            d->is_warning ? "warning" : "error", d->code);
    }
    return text;
}

static bool run_document(const char *dir, const struct case_file *c)
{
    static const struct str vendors[] = {STR_INIT("stripe"), STR_INIT("twilio"), STR_INIT("resend"), STR_INIT("openai"),
                                         STR_INIT("together")};
    const struct known known = {vendors, 5, case_operations, CASE_OPERATIONS, zoneinfo_zones(files)};
    struct arena a;
    struct diag_list diags;
    struct limits limits;
    struct policy *p = NULL;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 100);
    limits_default(&limits);
    int r = policy_parse(case_section(c, "document"), c->name, &limits, &known, &diags, &p);
    struct str got = diags_text(&a, &diags), want = case_section(c, "expect");
    bool is_ok = str_eq(got, want) && (r == 0) == (diags.n_errors == 0) && (r == 0) == (p != NULL);
    if (!is_ok) {
        struct buf text;
        buf_init(&text, 65536);
        diag_list_text(&diags, &text);
        print_error("got %d:\n%.*swant:\n%.*stexts:\n%.*s", r, STR_ARG(got), STR_ARG(want), STR_ARG(buf_str(&text)));
        buf_deinit(&text);
    }
    policy_unref(p);
    arena_deinit(&a);
    return is_ok;
}

static void documents_are_read_as_their_cases_say(void **state)
{
    char dir[1000];
    int n_failed;
    snprintf(dir, sizeof dir, "%s/documents", cases_dir);
    int n = case_each(dir, run_document, &n_failed);
    assert_int_equal(n_failed, 0);
    assert_true(n >= 80);
}

/* A reader who copies it must not be warned of anything. */
static void the_guides_example_is_read_in_silence(void **state)
{
    static const struct str vendors[] = {STR_INIT("stripe")};
    static const struct known known = {vendors, 1, case_operations, CASE_OPERATIONS};
    struct arena a;
    struct diag_list diags;
    struct limits limits;
    struct policy *p = NULL;
    size_t from, n;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 100);
    limits_default(&limits);
    struct str text = case_read(&a, guide);
    assert_true(str_find(text, STR("```yaml\n"), &from));
    text = str_sub(text, from + 8, SIZE_MAX);
    assert_true(str_find(text, STR("\n```"), &n));
    assert_int_equal(policy_parse(str_sub(text, 0, n + 1), STR("guide"), &limits, &known, &diags, &p), 0);
    assert_int_equal(diags.n, 0);
    policy_unref(p);
    arena_deinit(&a);
}

int main(int argc, char **argv)
{
    cases_dir = argc > 1 ? argv[1] : "tests/cases/policy";
    guide = argc > 2 ? argv[2] : "docs/guides/policy.md";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_as_their_cases_say),
        cmocka_unit_test(the_guides_example_is_read_in_silence),
    };
    files = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    zoneinfo_free(files);
    return n_failed;
}
