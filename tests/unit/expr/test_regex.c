/* expr/regex: what matches and what does not, against a table and against the C library's extended expressions. */
#include "expr/regex.h"

#include <regex.h>
#include <time.h>

#include "base/err.h"
#include "base/rand.h"
#include "unit.h"

static void expect(const char *pattern, const char *text, bool wanted)
{
    struct arena a;
    const struct regex *r;
    const char *why;
    size_t at;
    arena_init(&a, 4 << 20);
    if (regex_compile(&a, str_c(pattern), &r, &why, &at) < 0)
        fail_msg("%s: %s", pattern, why);
    if (regex_match(r, str_c(text)) != wanted)
        fail_msg("%s on %s", pattern, text);
    arena_deinit(&a);
}

static void patterns_are_found_anywhere(void **state)
{
    expect("b", "abc", true);
    expect("", "", true);
    expect("^b", "abc", false);
    expect("c$", "abc", true);
    expect("^abc$", "abc\n", false);
    expect("a.c", "a\nc", false);
    expect("(?s)a.c", "a\nc", true);
    expect("(?m)^b$", "a\nb\nc", true);
    expect("\\Ab", "a\nb", false);
    expect("c\\z", "abc", true);
    expect("a|b|", "zzz", true);
    expect("^(a|bc|d)+$", "abcd", true);
    expect("^(a|bc|d)+$", "abcdc", false);
    expect("^(?:ab){2,3}$", "ababab", true);
    expect("^(?:ab){2,3}$", "abababab", false);
    expect("^a{3}$", "aaa", true);
    expect("^a{2,}$", "a", false);
    expect("^a{0}$", "", true);
    expect("a{,2}", "a{,2}", true);
    expect("^a+?b??$", "aab", true);
}

static void classes_and_escapes_mean_what_re2_has_them_mean(void **state)
{
    expect("^[a-c]+$", "abc", true);
    expect("^[^a-c]+$", "xyz", true);
    expect("^[^a-c]+$", "xbz", false);
    expect("^[]a]+$", "]a", true);
    expect("^[a-]+$", "a-", true);
    expect("^[\\d_]+$", "12_3", true);
    expect("^\\d+\\D\\w\\W\\s\\S$", "12x_- z", true);
    expect("^\\d$", "\xd9\xa3", false); /* an Arabic digit */
    expect("^[\\W]$", "\xc3\xa9", true);
    expect("\\bcat\\b", "a cat!", true);
    expect("\\bcat\\b", "concat", false);
    expect("\\Bcat", "concat", true);
    expect("^\\x41\\x{1F431}\\.$", "A\xf0\x9f\x90\xb1.", true);
    expect("^\\t\\n\\\\$", "\t\n\\", true);
    expect("^.$", "\xe2\x82\xac", true);
    expect("^[\xc3\xa0-\xc3\xbf]{2}$", "\xc3\xa9\xc3\xa8", true);
    expect("(?i)^HeLLo$", "hEllO", true);
    expect("(?i)^[a-f]+$", "CAFE", true);
    expect("^(?i:a)b$", "Ab", true);
    expect("^(?i:a)b$", "AB", false);
    expect("^.$", "\xff", true); /* bytes that are no character count as one */
}

static void what_is_no_pattern_is_refused(void **state)
{
    static const char *const bad[] = {"(", ")", "a)", "[", "[a", "[b-a]", "*a", "a**", "a{2}{3}", "a{1001}", "a{3,2}",
                                      "\\", "\\q", "\\1", "\\pL", "\\x4", "\\x{110000}", "[[:alpha:]]", "(?P<n>a)",
                                      "(?=a)", "(?i", "a{1000}{2}", "((a{100}){100})", "\xff"};
    struct arena a;
    const struct regex *r;
    const char *why;
    size_t at;
    arena_init(&a, 16 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = NULL;
        if (regex_compile(&a, str_c(bad[i]), &r, &why, &at) == 0)
            fail_msg("%s is no pattern", bad[i]);
        assert_non_null(why);
        assert_true(at <= strlen(bad[i]));
    }
    arena_deinit(&a);
}

static void limits_hold_at_the_limit_and_one_past_it(void **state)
{
    struct arena a;
    const struct regex *r;
    const char *why;
    size_t at;
    char text[REGEX_BYTES_MAX + 2] = "";
    arena_init(&a, 16 << 20);
    memset(text, 'a', REGEX_BYTES_MAX + 1);
    assert_int_equal(regex_compile(&a, (struct str){text, REGEX_BYTES_MAX + 1}, &r, &why, &at), -ERR_INVALID);
    assert_int_equal(regex_compile(&a, STR("a{999}"), &r, &why, &at), 0); /* and one state for the match */
    assert_int_equal(regex_states(r), REGEX_STATES_MAX);
    assert_int_equal(regex_compile(&a, STR("a{1000}"), &r, &why, &at), -ERR_INVALID);
    for (int depth = REGEX_DEPTH_MAX; depth <= REGEX_DEPTH_MAX + 1; depth++) {
        memset(text, '(', (size_t)depth);
        memset(text + depth, ')', (size_t)depth);
        int wanted = depth > REGEX_DEPTH_MAX ? -ERR_INVALID : 0;
        assert_int_equal(regex_compile(&a, (struct str){text, 2 * (size_t)depth}, &r, &why, &at), wanted);
    }
    arena_deinit(&a);
}

/* What takes a backtracking matcher longer than anybody waits. */
static void no_pattern_takes_more_than_linear_time(void **state)
{
    char text[4097] = "";
    memset(text, 'a', 4096);
    clock_t start = clock();
    expect("^(a+)+$", text, true);
    expect("^(a|aa)+b$", text, false);
    expect("(a*)*(a*)*(a*)*b", text, false);
    expect("(.*a){20}b", text, false);
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}

static void random_pattern(struct rng *rng, char *out, size_t n)
{
    static const char *const pieces[] = {"a", "b", "c", ".", "[ab]", "[^a]", "(a|b)", "(ab|c)*", "a*", "b+", "c?",
                                         "a{2}", "(b|)", "a{1,3}", "(a|b|ab)+"};
    out[0] = 0;
    if (rng_below(rng, 4) == 0)
        strcat(out, "^");
    for (uint64_t i = rng_below(rng, 4) + 1; i > 0 && strlen(out) + 12 < n; i--)
        strcat(out, pieces[rng_below(rng, sizeof pieces / sizeof *pieces)]);
    if (rng_below(rng, 4) == 0)
        strcat(out, "$");
}

static void patterns_at_random_match_as_the_c_library_has_it(void **state)
{
    struct rng rng;
    rng_seeded_init(&rng, 20261128);
    for (int i = 0; i < 3000; i++) {
        char pattern[80], text[12];
        regex_t theirs;
        random_pattern(&rng, pattern, sizeof pattern);
        assert_int_equal(regcomp(&theirs, pattern, REG_EXTENDED | REG_NOSUB), 0);
        for (int k = 0; k < 8; k++) {
            size_t n = rng_below(&rng, sizeof text);
            for (size_t c = 0; c < n; c++)
                text[c] = (char)('a' + rng_below(&rng, 3));
            text[n] = 0;
            expect(pattern, text, regexec(&theirs, text, 0, NULL, 0) == 0);
        }
        regfree(&theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_found_anywhere),
        cmocka_unit_test(classes_and_escapes_mean_what_re2_has_them_mean),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(limits_hold_at_the_limit_and_one_past_it),
        cmocka_unit_test(no_pattern_takes_more_than_linear_time),
        cmocka_unit_test(patterns_at_random_match_as_the_c_library_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
