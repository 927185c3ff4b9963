/* base/err: names, texts, errno. */
#include "base/err.h"

#include <errno.h>

#include "unit.h"

static void both_signs_have_the_same_name(void **state)
{
    assert_string_equal(err_name(-ERR_NO_SPACE), "NO_SPACE");
    assert_string_equal(err_name(ERR_NO_SPACE), "NO_SPACE");
    assert_string_equal(err_text(-ERR_NO_SPACE), "the disk is full");
    assert_string_equal(err_name(0), "NONE");
}

static void numbers_outside_the_table_have_a_name_too(void **state)
{
    assert_string_equal(err_name(ERR_COUNT), "UNKNOWN");
    assert_string_equal(err_name(INT32_MIN), "UNKNOWN");
    assert_string_equal(err_name(INT32_MAX), "UNKNOWN");
    assert_true(strlen(err_text(-12345)) > 0);
}

static void every_error_is_complete(void **state)
{
    for (int e = 0; e < ERR_COUNT; e++) {
        assert_true(strlen(err_name(e)) > 0);
        assert_true(strlen(err_text(e)) > 0);
    }
}

static void errno_values_become_ours(void **state)
{
    assert_int_equal(err_from_errno(0), 0);
    assert_int_equal(err_from_errno(ENOSPC), -ERR_NO_SPACE);
    assert_int_equal(err_from_errno(EDQUOT), -ERR_NO_SPACE);
    assert_int_equal(err_from_errno(ENOENT), -ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(EEXIST), -ERR_EXISTS);
    assert_int_equal(err_from_errno(EACCES), -ERR_DENIED);
    assert_int_equal(err_from_errno(EWOULDBLOCK), -ERR_BUSY);
    assert_int_equal(err_from_errno(EIO), -ERR_IO);
    assert_int_equal(err_from_errno(ECONNREFUSED), -ERR_CONNECT);
    assert_int_equal(err_from_errno(ECONNRESET), -ERR_RESET);
    assert_int_equal(err_from_errno(EADDRINUSE), -ERR_ADDR_IN_USE);
    assert_int_equal(err_from_errno(12345), -ERR_IO);
}

static void tracing_returns_what_it_was_given(void **state)
{
    assert_int_equal(err_trace(-ERR_IO), -ERR_IO);
    assert_int_equal(err_trace(0), 0);
    assert_int_equal(err_trace(3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_signs_have_the_same_name),
        cmocka_unit_test(numbers_outside_the_table_have_a_name_too),
        cmocka_unit_test(every_error_is_complete),
        cmocka_unit_test(errno_values_become_ours),
        cmocka_unit_test(tracing_returns_what_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
