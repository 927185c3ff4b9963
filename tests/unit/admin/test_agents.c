/* admin/h_agents.c: what is asked of the core, and what each refusal says. */
#include "fake.h"

#include "base/err.h"

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    fake_core.is_durable = true;
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void an_agent_is_registered_with_its_owner(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/agents", "{\"agent\":\"bot\",\"owner\":\"ann\"}");
    assert_answer(f, 201, "\"owner\":\"ann\"");
    assert_string_equal(fake_core.called, "agent_create");
    assert_string_equal(fake_core.arg, "bot");
    assert_string_equal(fake_core.by, "admin");
    fake_core.result = -ERR_INVALID;
    fake_post(f, "/api/v1/agents", "{\"agent\":\"bot\"}");
    assert_answer(f, 400, "`agent` and `owner` are both required");
    fake_core.result = -ERR_TOO_LARGE;
    fake_post(f, "/api/v1/agents", "{\"agent\":\"bot\",\"owner\":\"ann\"}");
    assert_answer(f, 403, "agents_max");
}

static void an_agent_or_all_of_a_person_is_switched(void **state)
{
    static const struct {
        const char *path, *body, *called, *arg;
        bool is_personal; /* on record */
    } cases[] = {{"/api/v1/agents/disable", "{\"agent\":\"bot\"}", "agent_disable", "bot", false},
                 {"/api/v1/agents/enable", "{\"agent\":\"bot\"}", "agent_enable", "bot", false},
                 {"/api/v1/agents/disable", "{\"owner\":\"ann\"}", "owner_disable", "ann", true},
                 {"/api/v1/agents/enable", "{\"owner\":\"ann\"}", "owner_enable", "ann", true}};
    struct fake *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_post(f, cases[i].path, cases[i].body);
        assert_answer(f, 200, strstr(cases[i].path, "disable") ? "\"disabled\":true" : "\"disabled\":false");
        assert_string_equal(fake_core.called, cases[i].called);
        assert_string_equal(fake_core.arg, cases[i].arg);
        assert_int_equal(fake_core.is_target_personal, cases[i].is_personal);
    }
}

static void which_is_meant_must_be_plain(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/agents/disable", "{}");
    assert_answer(f, 400, "name either `agent` or `owner`");
    fake_post(f, "/api/v1/agents/disable", "{\"agent\":\"bot\",\"owner\":\"ann\"}");
    assert_answer(f, 400, "name either `agent` or `owner`");
    fake_post(f, "/api/v1/agents/disable", "{\"agnet\":\"bot\"}");
    assert_answer(f, 400, "agnet");
    fake_core.result = -ERR_NOT_FOUND;
    fake_post(f, "/api/v1/agents/disable", "{\"agent\":\"bot\"}");
    assert_answer(f, 404, "no agent is called `bot`");
    fake_post(f, "/api/v1/agents/enable", "{\"owner\":\"ann\"}");
    assert_answer(f, 404, "no agent has the owner `ann`");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_agent_is_registered_with_its_owner),
        T(an_agent_or_all_of_a_person_is_switched),
        T(which_is_meant_must_be_plain),
    };
    return cmocka_run_group_tests_name("admin/agents", tests, NULL, NULL);
}
