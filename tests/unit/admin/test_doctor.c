/* admin/h_audit.c: proofs are told as they are, and a check that fails says what to do. */
#include "fake.h"

#include "base/err.h"

static int rebuild_result;

static int rebuild(struct store *s, struct buf *out)
{
    (void)buf_add(out, STR("[{\"counter\":\"c\"}]"));
    return rebuild_result;
}
static const struct store_ops ops = {.rebuild = rebuild};
static struct store store = {.ops = &ops};

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    fake_core.is_ready = true;
    fake_core.json = "{\"ledger_balances\":true,\"store_lag_frames\":3,\"unknown_outcomes\":0,\"killed\":false}";
    fake_core.report = (struct audit_report){.last_seq = 12, .opens = 5, .closes = 4, .events = 3};
    rebuild_result = 0;
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void a_whole_chain_verifies(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/audit/verify");
    fake_work(&store);
    assert_answer(f, 200, "{\"ok\":true,\"frames\":12,\"last_seq\":12,\"chain\":\"0000");
    assert_answer(f, 200, "\"damaged_seq\":null,\"fault\":null}");
}

static void damage_is_named_with_its_frame(void **state)
{
    struct fake *f = *state;
    fake_core.audit = AUDIT_R_DAMAGED;
    fake_core.report.damaged_seq = 7;
    strcpy(fake_core.report.damage, "the chain does not follow");
    fake_get(f, "/api/v1/audit/verify");
    fake_work(&store);
    assert_answer(f, 200, "{\"ok\":false");
    assert_answer(f, 200, "\"damaged_seq\":7,\"fault\":\"the chain does not follow\"}");
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "frame 7: the chain does not follow");
    assert_answer(f, 200, "\"ok\":false}");
}

static void a_target_that_fails_is_a_warning(void **state)
{
    struct fake *f = *state;
    fake_core.has_exports = true;
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"status\":\"ok\",\"text\":\"all 1 targets take spans\"");
    fake_core.is_export_failing = true;
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"status\":\"warn\",\"text\":\"these targets take no spans now: far\"");
    assert_answer(f, 200, "\"ok\":true}");
}

static void a_store_that_cannot_be_read_is_an_error(void **state)
{
    struct fake *f = *state;
    fake_core.audit = -ERR_IO;
    fake_get(f, "/api/v1/audit/verify");
    fake_work(&store);
    assert_answer(f, 503, "error");
}

static void doctor_is_content_with_a_sound_daemon(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"name\":\"counters\",\"status\":\"ok\"");
    assert_answer(f, 200, "\"name\":\"chain\",\"status\":\"ok\"");
    assert_answer(f, 200, "\"ok\":true}");
}

static void differing_counters_fail_and_are_shown(void **state)
{
    struct fake *f = *state;
    rebuild_result = STORE_R_DIFFERS;
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"name\":\"counters\",\"status\":\"fail\"");
    assert_answer(f, 200, "{\\\"counter\\\":\\\"c\\\"}");
    assert_answer(f, 200, "\"ok\":false}");
}

static void unknown_outcomes_and_the_stop_button_are_warnings_with_a_command(void **state)
{
    struct fake *f = *state;
    fake_core.json = "{\"ledger_balances\":true,\"unknown_outcomes\":2,\"killed\":true}";
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"fix\":\"flyball calls --unknown\"");
    assert_answer(f, 200, "\"fix\":\"flyball unkill\"");
    assert_answer(f, 200, "\"ok\":true}");
}

static void an_unbalanced_ledger_or_a_failed_journal_fails(void **state)
{
    struct fake *f = *state;
    fake_core.json = "{\"ledger_balances\":false}";
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"ok\":false}");
    fake_core.json = "{\"ledger_balances\":true}";
    fake_core.is_ready = false;
    fake_get(f, "/api/v1/doctor");
    fake_work(&store);
    assert_answer(f, 200, "\"ok\":false}");
}

static void frames_are_exported_page_by_page(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/audit/export?limit=2&after=5");
    assert_int_equal(fake_core.ask->q.kind, QUERY_AUDIT);
    assert_int_equal(fake_core.ask->q.after_seq, 5);
    fake_answer(0, "[{\"seq\":6},{\"seq\":7}]");
    assert_answer(f, 200, "{\"frames\":[{\"seq\":6},{\"seq\":7}],\"next_after\":7}");
    fake_get(f, "/api/v1/audit/export?limit=2&after=7");
    fake_answer(0, "[{\"seq\":8}]");
    assert_answer(f, 200, "\"next_after\":null}");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_whole_chain_verifies),
        T(damage_is_named_with_its_frame),
        T(a_target_that_fails_is_a_warning),
        T(a_store_that_cannot_be_read_is_an_error),
        T(doctor_is_content_with_a_sound_daemon),
        T(differing_counters_fail_and_are_shown),
        T(unknown_outcomes_and_the_stop_button_are_warnings_with_a_command),
        T(an_unbalanced_ledger_or_a_failed_journal_fails),
        T(frames_are_exported_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
