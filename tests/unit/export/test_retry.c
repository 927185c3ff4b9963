/* export/retry: what each status means, how long is waited, and what Retry-After may say. */
#include "unit.h"

#include "export/retry.h"

static void each_status_has_its_meaning(void **state)
{
    static const struct {
        uint16_t status;
        enum retry_verdict want;
    } cases[] = {{200, RETRY_SENT},    {202, RETRY_SENT},    {204, RETRY_SENT},    {301, RETRY_LATER},
                 {400, RETRY_SMALLER}, {413, RETRY_SMALLER}, {422, RETRY_SMALLER}, {401, RETRY_LATER},
                 {403, RETRY_LATER},   {404, RETRY_LATER},   {415, RETRY_LATER},   {429, RETRY_LATER},
                 {500, RETRY_LATER},   {502, RETRY_LATER},   {503, RETRY_LATER},   {504, RETRY_LATER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(retry_verdict_of(cases[i].status), cases[i].want);
}

static void pauses_double_up_to_the_longest_with_a_fifth_to_and_fro(void **state)
{
    static const int64_t want[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct rng r;
    rng_seeded_init(&r, 1);
    for (unsigned n = 0; n < sizeof want / sizeof want[0]; n++) {
        int64_t least = INT64_MAX, most = 0;
        for (int i = 0; i < 2000; i++) {
            int64_t ms = retry_backoff_ms(1000, 60000, n + 1, &r);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        assert_true(least >= want[n] - want[n] / 5 && least < want[n] - want[n] / 6);
        assert_true(most <= want[n] + want[n] / 5 && most > want[n] + want[n] / 6);
    }
    int64_t late = retry_backoff_ms(1000, 60000, 4000000000u, &r);
    assert_true(late >= 48000 && late <= 72000);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    wall_t now;
    int64_t ms = -1;
    assert_int_equal(wall_parse(STR("1994-11-06T08:49:30Z"), &now), 0);
    assert_true(retry_after_ms(STR("120"), now, &ms));
    assert_int_equal(ms, 120000);
    assert_true(retry_after_ms(STR("0"), now, &ms));
    assert_int_equal(ms, 0);
    assert_true(retry_after_ms(STR("9223372036854775807"), now, &ms));
    assert_int_equal(ms, INT64_MAX);
    assert_true(retry_after_ms(STR("Sun, 06 Nov 1994 08:49:37 GMT"), now, &ms));
    assert_int_equal(ms, 7000);
    assert_true(retry_after_ms(STR("Sun, 06 Nov 1994 08:49:29 GMT"), now, &ms)); /* past */
    assert_int_equal(ms, 0);
}

static void nonsense_is_no_time(void **state)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "1.5",
                                      "soon",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 06 ovD 1994 08:49:37 GMT",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "1994-11-06T08:49:37Z"};
    int64_t ms = 4711;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(retry_after_ms(str_c(bad[i]), 0, &ms));
    assert_int_equal(ms, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_meaning),
        cmocka_unit_test(pauses_double_up_to_the_longest_with_a_fifth_to_and_fro),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(nonsense_is_no_time),
    };
    return cmocka_run_group_tests_name("export/retry", tests, NULL, NULL);
}
