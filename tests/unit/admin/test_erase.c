/* admin/h_erase.c: what goes is said, whose is not on record; bad questions change nothing. */
#include "fake.h"

#include "base/err.h"
#include "proxy/core_erase.h"

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void the_report_says_what_went(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/erase", "{\"what\":\"customer\",\"value\":\"cus_9\"}");
    assert_int_equal(fake_core.job->what.what, ERASE_CUSTOMER);
    assert_str(fake_core.job->what.value, "cus_9");
    assert_false(fake_core.job->what.is_dry_run);
    assert_int_equal(f->x->status, 0); /* nothing yet */
    fake_erased(0, &(struct erased){3, 6, 2, 1, 4, 5, 7});
    assert_answer(f, 200, "{\"what\":\"customer\",\"dry_run\":false,\"calls\":3,\"frames\":6,\"objects\":2,"
                          "\"counters\":1,\"bodies\":5,\"kept\":4,\"in_force\":7}");
    assert_null(strstr(f->x->fields, "cus_9"));
}

static void a_dry_run_is_one(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/erase", "{\"what\":\"run\",\"value\":\"r\",\"dry_run\":true}");
    assert_true(fake_core.job->what.is_dry_run);
    assert_int_equal(fake_core.job->what.what, ERASE_RUN);
    fake_erased(0, &(struct erased){0});
    assert_answer(f, 200, "\"dry_run\":true");
}

static void what_cannot_be_done_is_said(void **state)
{
    struct fake *f = *state;
    fake_core.result = -ERR_BUSY;
    fake_post(f, "/api/v1/erase", "{\"what\":\"user\",\"value\":\"ann\"}");
    assert_answer(f, 409, "erase_under_way");
    fake_core.result = 0;
    fake_post(f, "/api/v1/erase", "{\"what\":\"user\",\"value\":\"ann\"}");
    fake_erased(-ERR_NO_SPACE, &(struct erased){0});
    assert_true(f->x->status >= 500);
}

static void bad_questions_change_nothing(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"what\":\"tenant\",\"value\":\"x\"}",
                                      "{\"what\":\"user\"}",
                                      "{\"what\":\"before\",\"value\":\"yesterday\"}",
                                      "{\"what\":\"user\",\"value\":\"\"}",
                                      "{\"what\":\"user\",\"value\":5}",
                                      "{\"what\":\"user\",\"value\":\"x\",\"force\":true}"};
    struct fake *f = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fake_core.job = NULL;
        fake_post(f, "/api/v1/erase", bad[i]);
        assert_int_equal(f->x->status, 400);
        assert_null(fake_core.job);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_report_says_what_went),
        T(a_dry_run_is_one),
        T(what_cannot_be_done_is_said),
        T(bad_questions_change_nothing),
    };
    return cmocka_run_group_tests_name("admin/erase", tests, NULL, NULL);
}
