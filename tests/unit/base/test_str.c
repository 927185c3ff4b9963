/* base/str: comparing, cutting, reading numbers. */
#include "base/str.h"

#include "base/err.h"
#include "unit.h"

static void equality_looks_at_length_and_bytes(void **state)
{
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
    assert_false(str_eq_nocase(STR("@"), STR("`"))); /* 0x20 apart, but no letters */
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void order_is_by_bytes_then_length(void **state)
{
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("ab"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_int_equal(str_cmp(STR_NONE, STR_NONE), 0);
    assert_true(str_cmp(STR_NONE, STR("a")) < 0);
}

static void sub_is_clamped(void **state)
{
    assert_str(str_sub(STR("hello"), 1, 3), "ell");
    assert_str(str_sub(STR("hello"), 4, 100), "o");
    assert_str(str_sub(STR("hello"), 5, 1), "");
    assert_str(str_sub(STR("hello"), 99, SIZE_MAX), "");
    assert_null(str_sub(STR_NONE, 1, 1).p);
    assert_null(str_c(NULL).p);
    assert_str(str_c("x"), "x");
}

static void texts_are_put_one_behind_another(void **state)
{
    char text[8] = "........";
    char *at = text;
    struct str first = str_put(&at, STR("ab")), none = str_put(&at, STR_NONE), last = str_put(&at, STR("cde"));
    assert_ptr_equal(first.p, text);
    assert_str(first, "ab");
    assert_int_equal(none.n, 0);
    assert_str(last, "cde");
    assert_ptr_equal(at, text + 5);
    assert_memory_equal(text, "abcde...", 8);
}

static void prefix_suffix_and_search(void **state)
{
    size_t at = 77;
    assert_true(str_starts(STR("/v1/refunds"), STR("/v1/")));
    assert_false(str_starts(STR("/v"), STR("/v1")));
    assert_true(str_ends(STR("a.yaml"), STR(".yaml")));
    assert_false(str_ends(STR("yaml"), STR(".yaml")));
    assert_true(str_has(STR("a:b"), ':'));
    assert_false(str_has(STR_NONE, ':'));
    assert_true(str_find(STR("abcabc"), STR("ca"), &at));
    assert_int_equal(at, 2);
    at = 77;
    assert_false(str_find(STR("abc"), STR("abcd"), &at));
    assert_int_equal(at, 77);
    assert_true(str_has_nocase(STR("stripe.Refunds.create"), STR("rEFUNDS")));
    assert_true(str_has_nocase(STR("abc"), STR("BC")) && str_has_nocase(STR("abc"), STR("")));
    assert_false(str_has_nocase(STR("abc"), STR("abcd")) || str_has_nocase(STR_NONE, STR("a")));
    assert_true(str_find(STR_NONE, STR(""), &at));
    assert_int_equal(at, 0);
}

/* All texts of 0 to 7 letters of two, and all needles of 1 to 6: short ones are looked for in another way. */
static void the_first_place_of_a_needle_is_found(void **state)
{
    char text[8], needle[8];
    for (size_t n = 0; n <= 7; n++)
        for (unsigned bits = 0; bits < 1u << n; bits++)
            for (size_t k = 1; k <= 6; k++)
                for (unsigned want = 0; want < 1u << k; want++) {
                    size_t first = 0, at = 77;
                    for (size_t i = 0; i < n; i++)
                        text[i] = "ab"[bits >> i & 1];
                    for (size_t i = 0; i < k; i++)
                        needle[i] = "ab"[want >> i & 1];
                    while (first + k <= n && (bits >> first & ((1u << k) - 1)) != want)
                        first++;
                    bool is_there = first + k <= n;
                    assert_int_equal(str_find((struct str){text, n}, (struct str){needle, k}, &at), is_there);
                    assert_int_equal(at, is_there ? first : 77);
                }
}

static void trim_takes_spaces_and_tabs_only(void **state)
{
    assert_str(str_trim(STR(" \t a b\t ")), "a b");
    assert_str(str_trim(STR("\r\na")), "\r\na");
    assert_str(str_trim(STR("  \t")), "");
    assert_str(str_trim(STR_NONE), "");
}

static void cut_leaves_both_untouched_without_the_byte(void **state)
{
    struct str a = STR("A"), b = STR("B");
    assert_false(str_cut(STR("abc"), ':', &a, &b));
    assert_str(a, "A");
    assert_str(b, "B");
    assert_true(str_cut(STR("k:v:w"), ':', &a, &b));
    assert_str(a, "k");
    assert_str(b, "v:w");
    assert_true(str_cut(STR(":"), ':', &a, &b));
    assert_str(a, "");
    assert_str(b, "");
}

static void numbers_have_one_spelling(void **state)
{
    int64_t n = -5;
    assert_int_equal(str_to_i64(STR("0"), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(str_to_i64(STR("9223372036854775807"), &n), 0);
    assert_true(n == INT64_MAX);
    static const struct str bad[] = {STR_INIT(""), STR_INIT("00"), STR_INIT("01"), STR_INIT("+1"), STR_INIT("-1"),
                                     STR_INIT(" 1"), STR_INIT("1 "), STR_INIT("1e3"), STR_INIT("1.0"), STR_INIT("0x1"),
                                     STR_INIT("1\0"), STR_INIT("\xd9\xa1"), STR_INIT("99999999999999999999x")};
    n = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(str_to_i64(bad[i], &n), -ERR_INVALID);
    assert_int_equal(str_to_i64(STR_NONE, &n), -ERR_INVALID);
    assert_int_equal(str_to_i64(STR("9223372036854775808"), &n), -ERR_OVERFLOW);
    assert_int_equal(str_to_i64(STR("99999999999999999999999999"), &n), -ERR_OVERFLOW);
    assert_int_equal(n, 42);
}

static void token_bounds_length_and_alphabet(void **state)
{
    assert_true(str_is_token(STR("run-1_a.b"), "-_.", 9));
    assert_false(str_is_token(STR("run-1_a.b"), "-_.", 8));
    assert_false(str_is_token(STR(""), "-", 8));
    assert_false(str_is_token(STR("a b"), "-", 8));
    assert_false(str_is_token(STR("a\0"), "-", 8)); /* strchr would find the end of `more` */
    assert_false(str_is_token(STR("\xc3\xa9"), "", 8));
}

static void distance_counts_edits_up_to_a_cap(void **state)
{
    assert_int_equal(str_distance(STR("vendors"), STR("vendors"), 3), 0);
    assert_int_equal(str_distance(STR("vendor"), STR("vendors"), 3), 1);
    assert_int_equal(str_distance(STR("kitten"), STR("sitting"), 3), 3);
    assert_int_equal(str_distance(STR("kitten"), STR("sitting"), 2), 3);
    assert_int_equal(str_distance(STR("abc"), STR("xyz"), 1), 2);
    assert_int_equal(str_distance(STR(""), STR("ab"), 3), 2);
    assert_int_equal(str_distance(STR(""), STR("abcdef"), 3), 4);
    char a[65], b[65];
    memset(a, 'a', sizeof a);
    memcpy(b, a, sizeof b);
    b[0] = 'b';
    assert_int_equal(str_distance((struct str){a, 64}, (struct str){b, 64}, 3), 1);
    assert_int_equal(str_distance((struct str){a, 65}, (struct str){b, 65}, 3), 4); /* too long to measure */
    assert_int_equal(str_distance((struct str){a, 65}, (struct str){a, 65}, 3), 0);
}

static void digits_are_written_without_an_end(void **state)
{
    char out[U64_DIGITS_MAX + 1];
    memset(out, 'x', sizeof(out));
    assert_int_equal(u64_digits(0, out), 1);
    assert_memory_equal(out, "0x", 2);
    assert_int_equal(u64_digits(1234567890, out), 10);
    assert_memory_equal(out, "1234567890x", 11);
    assert_int_equal(u64_digits(UINT64_MAX, out), U64_DIGITS_MAX);
    assert_memory_equal(out, "18446744073709551615x", U64_DIGITS_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_length_and_bytes),
        cmocka_unit_test(order_is_by_bytes_then_length),
        cmocka_unit_test(sub_is_clamped),
        cmocka_unit_test(texts_are_put_one_behind_another),
        cmocka_unit_test(prefix_suffix_and_search),
        cmocka_unit_test(the_first_place_of_a_needle_is_found),
        cmocka_unit_test(trim_takes_spaces_and_tabs_only),
        cmocka_unit_test(cut_leaves_both_untouched_without_the_byte),
        cmocka_unit_test(numbers_have_one_spelling),
        cmocka_unit_test(token_bounds_length_and_alphabet),
        cmocka_unit_test(digits_are_written_without_an_end),
        cmocka_unit_test(distance_counts_edits_up_to_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
