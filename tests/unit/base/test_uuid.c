/* base/uuid: layout, order, text. */
#include "base/uuid.h"

#include "base/err.h"
#include "unit.h"

static void later_milliseconds_sort_later(void **state)
{
    struct rng r;
    char a[UUID_TEXT_BYTES], b[UUID_TEXT_BYTES];
    rng_seeded_init(&r, 1);
    wall_t t = 1700000000LL * NS_PER_S;
    struct uuid before = uuid_v7(t, &r);
    for (int i = 0; i < 2000; i++) {
        t += NS_PER_MS * (1 + i % 300);
        struct uuid u = uuid_v7(t, &r);
        assert_true(memcmp(&before, &u, sizeof u) < 0);
        assert_true(str_cmp(uuid_text(&before, a), uuid_text(&u, b)) < 0);
        before = u;
    }
}

static void the_layout_is_version_seven(void **state)
{
    struct rng r;
    char text[UUID_TEXT_BYTES];
    rng_seeded_init(&r, 1);
    for (int i = 0; i < 200; i++) {
        struct uuid u = uuid_v7(0x0123456789abLL * NS_PER_MS % INT64_MAX, &r);
        assert_int_equal(u.b[6] >> 4, 7);
        assert_int_equal(u.b[8] >> 6, 2);
    }
    struct uuid u = uuid_v7(0x018bcfe56800LL * NS_PER_MS + 999999, &r);
    assert_true(str_starts(uuid_text(&u, text), STR("018bcfe5-6800-7")));
    assert_int_equal(strlen(text), 36);
}

static void the_time_of_one_is_read_back_and_never_overflows(void **state)
{
    struct rng r;
    struct uuid far;
    rng_system_init(&r);
    struct uuid u = uuid_v7(1764000000123999999, &r);
    assert_int_equal(uuid_v7_wall(&u), 1764000000123000000);
    assert_int_equal(uuid_parse(STR("ffffffff-ffff-7fff-bfff-ffffffffffff"), &far), 0);
    assert_int_equal(uuid_v7_wall(&far), INT64_MAX);
}

static void one_millisecond_gives_different_ids(void **state)
{
    struct rng r;
    rng_system_init(&r);
    struct uuid a = uuid_v7(0, &r), b = uuid_v7(0, &r);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_memory_equal(&a, &b, 6);
}

static void text_reads_back_in_either_case(void **state)
{
    struct uuid u = {{0}}, v;
    char text[UUID_TEXT_BYTES];
    assert_int_equal(uuid_parse(STR("018BCFE5-6800-7ABC-8def-0123456789aB"), &u), 0);
    assert_str(uuid_text(&u, text), "018bcfe5-6800-7abc-8def-0123456789ab");
    assert_int_equal(uuid_parse(str_c(text), &v), 0);
    assert_memory_equal(&u, &v, sizeof u);
}

static void other_texts_are_refused(void **state)
{
    static const char *const bad[] = {"", "018bcfe5-6800-7abc-8def-0123456789a",
                                      "018bcfe5-6800-7abc-8def-0123456789abc",
                                      "018bcfe568007abc8def0123456789abcdef", "018bcfe5-6800-7abc-8def_0123456789ab",
                                      "018bcfe5-6800-7abc-8def-0123456789ag", "018bcfe56-800-7abc-8def-0123456789ab",
                                      "{18bcfe5-6800-7abc-8def-0123456789a}"};
    struct uuid u = {{42}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(uuid_parse(str_c(bad[i]), &u), -ERR_INVALID);
    assert_int_equal(u.b[0], 42);
}

static void digits_stand_between_the_dashes(void **state)
{
    char out[UUID_DIGITS];
    assert_str(uuid_digits(STR("018bcfe5-6800-7abc-8def-0123456789ab"), out), "018bcfe568007abc8def0123456789ab");
    static const char *const bad[] = {"", "018bcfe5-6800-7abc-8def-0123456789a",
                                      "018bcfe5-6800-7abc-8def-0123456789ab0",
                                      "018bcfe5068000-7abc-8def-0123456789ab", "018bcfe5-680007abc-8def-0123456789a",
                                      "018bcfe5-6800-7abc08def-0123456789ab", "018bcfe5-6800-7abc-8def00123456789ab"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(uuid_digits(str_c(bad[i]), out).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_milliseconds_sort_later),
        cmocka_unit_test(the_layout_is_version_seven),
        cmocka_unit_test(the_time_of_one_is_read_back_and_never_overflows),
        cmocka_unit_test(one_millisecond_gives_different_ids),
        cmocka_unit_test(text_reads_back_in_either_case),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(digits_stand_between_the_dashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
