/* admin/h_approvals.c: who may answer a question to persons, and what each refusal says. */
#include "fake.h"

#include "base/err.h"

#define ROW "[{\"id\":\"apr_1\",\"state\":\"pending\",\"action\":{\"text\":\"x\"}}]"

static struct person ann = {.name = STR_INIT("ann"), .tenant = STR_INIT(""), .roles = ROLE_BIT(ROLE_APPROVER)};

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    fake_core.approvals = ROW;
    fake_core.person = &ann;
    fake_core.is_durable = true;
    ann.tenant = STR("");
    ann.roles = ROLE_BIT(ROLE_APPROVER);
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void post_as_ann(struct fake *f, const char *target, const char *body)
{
    fake_send(f, "POST", target, "localhost", "Bearer " FAKE_PERSON_TOKEN, "application/json", body);
}

static void get_as_ann(struct fake *f, const char *target)
{
    fake_send(f, "GET", target, "localhost", "Bearer " FAKE_PERSON_TOKEN, NULL, NULL);
}

static void a_person_says_yes_with_a_note(void **state)
{
    struct fake *f = *state;
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", "{\"note\":\"ticket 4711\"}");
    assert_answer(f, 200, "\"id\":\"apr_1\"");
    assert_string_equal(fake_core.called, "approve");
    assert_string_equal(fake_core.arg, "apr_1");
    assert_string_equal(fake_core.by, "ann");
    assert_string_equal(fake_core.note, "ticket 4711");
}

static void a_person_says_no_with_a_reason(void **state)
{
    struct fake *f = *state;
    post_as_ann(f, "/api/v1/approvals/apr_1/deny", "{\"reason\":\"refunded yesterday\"}");
    assert_answer(f, 200, "\"id\":\"apr_1\"");
    assert_string_equal(fake_core.called, "deny");
    assert_string_equal(fake_core.note, "refunded yesterday");
}

static void the_answer_waits_for_the_disk(void **state)
{
    struct fake *f = *state;
    fake_core.is_durable = false;
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", "{}");
    assert_int_equal(f->x->status, 0);
    fake_synced(0);
    assert_answer(f, 200, "apr_1");
}

static void the_token_of_the_data_folder_is_nobodys_own(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/approvals/apr_1/approve", "{}");
    assert_answer(f, 403, "approval_nameless");
    fake_post(f, "/api/v1/approvals/apr_1/deny", "{}");
    assert_answer(f, 403, "flyball admin create NAME --role approver");
    assert_string_equal(fake_core.called, "");
}

static void it_takes_the_role(void **state)
{
    struct fake *f = *state;
    ann.roles = ROLE_BIT(ROLE_OPERATOR) | ROLE_BIT(ROLE_POLICY);
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", "{}");
    assert_answer(f, 403, "role_missing");
}

static void each_refusal_has_a_code(void **state)
{
    struct fake *f = *state;
    static const struct {
        int result, status;
        const char *says;
    } rows[] = {
        {-ERR_NOT_FOUND, 404, "there is no approval `apr_1`"},   {APPROVAL_R_OVER, 409, "approval_over"},
        {APPROVAL_R_SELF, 403, "nobody decides an own one"},     {APPROVAL_R_TWICE, 409, "another person is wanted"},
        {APPROVAL_R_SERVICE, 403, "a person decides"},           {-ERR_NO_SPACE, 503, "disk"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_core.result = rows[i].result;
        post_as_ann(f, "/api/v1/approvals/apr_1/approve", "{}");
        assert_answer(f, rows[i].status, rows[i].says);
    }
}

static void a_note_has_a_bound(void **state)
{
    struct fake *f = *state;
    char body[APPROVAL_NOTE_BYTES_MAX + 64], note[APPROVAL_NOTE_BYTES_MAX + 2];
    memset(note, 'x', sizeof note);
    note[APPROVAL_NOTE_BYTES_MAX] = 0;
    snprintf(body, sizeof body, "{\"note\":\"%s\"}", note);
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", body);
    assert_answer(f, 200, "apr_1");
    note[APPROVAL_NOTE_BYTES_MAX] = 'x';
    note[APPROVAL_NOTE_BYTES_MAX + 1] = 0;
    snprintf(body, sizeof body, "{\"note\":\"%s\"}", note);
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", body);
    assert_answer(f, 400, "at most 500 bytes");
    post_as_ann(f, "/api/v1/approvals/apr_1/approve", "{\"reason\":\"x\"}");
    assert_answer(f, 400, "`reason` is not known here");
}

static void lists_are_of_ones_own_tenant(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    get_as_ann(f, "/api/v1/approvals");
    assert_answer(f, 200, "{\"approvals\":[{\"id\":\"apr_1\"");
    assert_string_equal(fake_core.tenant, "acme");
    assert_false(fake_core.has_over);
    get_as_ann(f, "/api/v1/approvals?all=1");
    assert_true(fake_core.has_over);
}

static void one_is_shown_or_not_found(void **state)
{
    struct fake *f = *state;
    get_as_ann(f, "/api/v1/approvals/apr_1");
    assert_answer(f, 200, "{\"id\":\"apr_1\"");
    fake_core.approvals = "[]";
    get_as_ann(f, "/api/v1/approvals/apr_2");
    assert_answer(f, 404, "there is no approval `apr_2`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_person_says_yes_with_a_note, setup, teardown),
        cmocka_unit_test_setup_teardown(a_person_says_no_with_a_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(the_answer_waits_for_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(the_token_of_the_data_folder_is_nobodys_own, setup, teardown),
        cmocka_unit_test_setup_teardown(it_takes_the_role, setup, teardown),
        cmocka_unit_test_setup_teardown(each_refusal_has_a_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_has_a_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_of_ones_own_tenant, setup, teardown),
        cmocka_unit_test_setup_teardown(one_is_shown_or_not_found, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
