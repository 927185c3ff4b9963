/* base/check: a failing check reports once and aborts. */
#include "base/check.h"

#include "unit.h"

static void pass(void *ctx)
{
    check(1 + 1 == 2);
}

static void fail_plainly(void *ctx)
{
    check(1 + 1 == 3);
}

static void say(void *ctx)
{
    int fd = *(int *)ctx;
    if (write(fd, "r", 1) != 1)
        _exit(3);
    check(!"a report that fails a check of its own");
}

static void fail_with_report(void *ctx)
{
    check_set_report(say, ctx);
    check(0);
}

static void fail_after_removal(void *ctx)
{
    check_set_report(say, ctx);
    check_set_report(NULL, NULL);
    check(0);
}

static void a_true_condition_goes_on(void **state)
{
    assert_false(unit_aborts(pass, NULL));
}

static void a_false_condition_aborts(void **state)
{
    assert_true(unit_aborts(fail_plainly, NULL));
}

static void the_report_runs_once_even_if_it_fails_too(void **state)
{
    int fds[2];
    char got[4];
    assert_int_equal(pipe(fds), 0);
    assert_true(unit_aborts(fail_with_report, &fds[1]));
    assert_true(unit_aborts(fail_after_removal, &fds[1]));
    close(fds[1]);
    assert_int_equal(read(fds[0], got, sizeof got), 1);
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_condition_goes_on),
        cmocka_unit_test(a_false_condition_aborts),
        cmocka_unit_test(the_report_runs_once_even_if_it_fails_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
