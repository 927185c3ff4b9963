/* proxy/core_people.c: people in force at once, on record, and the same after a restart. */
#include "core_rig.h"

#include "proxy/core_agents.h"
#include "proxy/core_impl.h"
#include "proxy/core_keys.h"
#include "proxy/core_people.h"

#include <stdlib.h>
#include <string.h>

#define DAY (24 * 3600 * NS_PER_S)

struct world {
    struct rig rig;
    uint64_t seq;
};

static void restart(struct world *w, bool is_drained)
{
    rig_stop(&w->rig, is_drained);
    rig_start(&w->rig);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    rig_init(&w->rig);
    w->rig.limits.people_max = 4;
    rig_start(&w->rig);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    rig_deinit(&w->rig);
    free(w);
    return 0;
}

/* --- short words -------------------------------------------------------------------------------------------------- */

static int create(struct world *w, const char *name, unsigned roles, const char *tenant, wall_t expires,
                  struct person_token *ret)
{
    struct diag_list diags;
    struct person_spec s = {.name = str_c(name), .tenant = str_c(tenant), .roles = roles, .expires_at = expires};
    diag_list_init(&diags, &w->rig.arena, 8);
    return core_person_create(w->rig.core, &s, STR("root"), &diags, ret, &w->seq);
}

static struct person_token created(struct world *w, const char *name, unsigned roles, const char *tenant)
{
    struct person_token t;
    assert_int_equal(create(w, name, roles, tenant, 0, &t), 0);
    return t;
}

static int who(struct world *w, const struct person_token *t, const struct person **ret)
{
    *ret = NULL;
    return core_person_by_hash(w->rig.core, t->hash, ret);
}

static int take_away(struct world *w, const char *name, const char *tenant)
{
    return core_person_revoke(w->rig.core, str_c(name), str_c(tenant), STR("root"), &w->seq);
}

static struct str list(struct world *w, const char *tenant)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(core_people_json(w->rig.core, str_c(tenant), &out), 0);
    struct str s = arena_str(&w->rig.arena, buf_str(&out));
    buf_deinit(&out);
    return s;
}

static bool has(struct str text, const char *part)
{
    size_t at;
    return str_find(text, str_c(part), &at);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void a_person_is_known_by_what_they_were_given(void **state)
{
    struct world *w = *state;
    const struct person *p;
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_OPERATOR), "acme");
    assert_int_equal(who(w, &ann, &p), 0);
    assert_str(p->name, "ann");
    assert_str(p->tenant, "acme");
    assert_int_equal(p->roles, ROLE_BIT(ROLE_OPERATOR));
    assert_int_equal(core_person_by_name(w->rig.core, STR("ann"), &p), 0);
    ann.hash[0] ^= 1;
    assert_int_equal(who(w, &ann, &p), -ERR_NOT_FOUND);
    assert_int_equal(core_person_by_name(w->rig.core, STR("bob"), &p), -ERR_NOT_FOUND);
}

static void revoke_is_obeyed_by_the_next_request(void **state)
{
    struct world *w = *state;
    const struct person *p;
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_OWNER), "");
    assert_int_equal(who(w, &ann, &p), 0);
    const struct person *session = p;
    assert_int_equal(take_away(w, "ann", ""), 0);
    assert_int_equal(who(w, &ann, &p), PERSON_R_REVOKED);
    assert_int_equal(core_person_look(w->rig.core, session), PERSON_R_REVOKED);
    assert_int_equal(take_away(w, "ann", ""), 0); /* twice is fine */
    assert_int_equal(take_away(w, "nobody", ""), -ERR_NOT_FOUND);
}

static enum agent_state state_of_agent(struct world *w, const char *agent, const char *owner)
{
    struct key_entry k = {.agent = str_c(agent), .owner = str_c(owner)};
    core_lock(w->rig.core);
    enum agent_state s = core_agent_state(w->rig.core, &k);
    core_unlock(w->rig.core);
    return s;
}

static void the_agents_of_one_who_is_revoked_are_disabled_and_stay_so(void **state)
{
    struct world *w = *state;
    (void)created(w, "ann", ROLE_BIT(ROLE_OWNER), "");
    (void)created(w, "bob", ROLE_BIT(ROLE_OWNER), "");
    assert_int_equal(core_agent_create(w->rig.core, STR("bot"), STR("ann"), STR("root"), &w->seq), 0);
    assert_int_equal(core_agent_create(w->rig.core, STR("other"), STR("bob"), STR("root"), &w->seq), 0);
    assert_int_equal(take_away(w, "ann", "globex"), -ERR_NOT_FOUND); /* and nobody's agents */
    assert_int_equal(state_of_agent(w, "bot", ""), AGENT_ACTIVE);
    assert_int_equal(take_away(w, "ann", ""), 0);
    assert_int_equal(state_of_agent(w, "bot", ""), AGENT_OWNER_DISABLED);
    assert_int_equal(state_of_agent(w, "with-a-key-only", "ann"), AGENT_OWNER_DISABLED);
    assert_int_equal(state_of_agent(w, "other", ""), AGENT_ACTIVE);
    (void)created(w, "ann", ROLE_BIT(ROLE_OWNER), "");
    for (int i = 0; i < 2; i++) {
        restart(w, i == 1);
        assert_int_equal(state_of_agent(w, "bot", ""), AGENT_OWNER_DISABLED);
        assert_int_equal(state_of_agent(w, "other", ""), AGENT_ACTIVE);
    }
    assert_int_equal(core_owner_disable(w->rig.core, STR("ann"), false, STR("root"), &w->seq), 0);
    assert_int_equal(state_of_agent(w, "bot", ""), AGENT_ACTIVE);
}

static void one_whose_agents_are_too_many_to_disable_is_revoked_all_the_same(void **state)
{
    struct world *w = *state;
    const struct person *p;
    w->rig.limits.agents_max = 1;
    restart(w, true);
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_OWNER), ""), bob = created(w, "bob", 1u << 7, "");
    assert_int_equal(core_agent_create(w->rig.core, STR("bot"), STR("ann"), STR("root"), &w->seq), 0);
    assert_int_equal(take_away(w, "ann", ""), 0); /* at the limit */
    assert_int_equal(core_agent_create(w->rig.core, STR("bot"), STR("bob"), STR("root"), &w->seq), 0);
    assert_int_equal(take_away(w, "bob", ""), -ERR_TOO_LARGE);
    assert_int_equal(who(w, &ann, &p), PERSON_R_REVOKED);
    assert_int_equal(who(w, &bob, &p), PERSON_R_REVOKED);
}

static void one_of_another_tenant_cannot_be_revoked(void **state)
{
    struct world *w = *state;
    const struct person *p;
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_OWNER), "acme"), root = created(w, "r", 1u << 7, "");
    assert_int_equal(take_away(w, "ann", "globex"), -ERR_NOT_FOUND);
    assert_int_equal(take_away(w, "r", "acme"), -ERR_NOT_FOUND);
    assert_int_equal(who(w, &ann, &p), 0);
    assert_int_equal(who(w, &root, &p), 0);
    assert_int_equal(take_away(w, "ann", "acme"), 0);
}

static void a_credential_ends_at_its_time(void **state)
{
    struct world *w = *state;
    struct person_token ann;
    const struct person *p;
    assert_int_equal(create(w, "ann", ROLE_BIT(ROLE_VIEWER), "", wall_now + DAY, &ann), 0);
    wall_now += DAY - 1;
    assert_int_equal(who(w, &ann, &p), 0);
    wall_now += 1;
    assert_int_equal(who(w, &ann, &p), PERSON_R_EXPIRED);
    restart(w, true);
    assert_int_equal(who(w, &ann, &p), PERSON_R_EXPIRED);
}

static void a_name_is_given_once_and_again_when_its_owner_is_gone(void **state)
{
    struct world *w = *state;
    struct person_token old = created(w, "ann", ROLE_BIT(ROLE_VIEWER), ""), t;
    const struct person *p, *session;
    assert_int_equal(who(w, &old, &session), 0);
    assert_int_equal(create(w, "ann", ROLE_BIT(ROLE_OWNER), "", 0, &t), PERSON_R_EXISTS);
    assert_int_equal(take_away(w, "ann", ""), 0);
    struct person_token young = created(w, "ann", ROLE_BIT(ROLE_POLICY), "");
    assert_int_equal(who(w, &young, &p), 0);
    assert_int_equal(p->roles, ROLE_BIT(ROLE_POLICY));
    assert_int_equal(who(w, &old, &p), PERSON_R_REVOKED);
    assert_int_equal(core_person_look(w->rig.core, session), PERSON_R_REVOKED); /* still there to be looked at */
    restart(w, false);
    assert_int_equal(who(w, &young, &p), 0);
    assert_int_equal(who(w, &old, &p), -ERR_NOT_FOUND);
}

static void people_are_as_many_as_the_limit_allows(void **state)
{
    struct world *w = *state;
    struct person_token t;
    (void)created(w, "a", ROLE_BIT(ROLE_VIEWER), "");
    (void)created(w, "b", ROLE_BIT(ROLE_VIEWER), "");
    (void)created(w, "c", ROLE_BIT(ROLE_VIEWER), "");
    (void)created(w, "d", ROLE_BIT(ROLE_VIEWER), "");
    assert_int_equal(create(w, "e", ROLE_BIT(ROLE_VIEWER), "", 0, &t), -ERR_TOO_LARGE);
}

static void bad_names_and_no_roles_are_refused(void **state)
{
    struct world *w = *state;
    struct person_token t;
    assert_int_equal(create(w, "", ROLE_BIT(ROLE_VIEWER), "", 0, &t), -ERR_INVALID);
    assert_int_equal(create(w, "a b", ROLE_BIT(ROLE_VIEWER), "", 0, &t), -ERR_INVALID);
    assert_int_equal(create(w, "ann", ROLE_BIT(ROLE_VIEWER), "a,b", 0, &t), -ERR_INVALID);
    assert_int_equal(create(w, "ann", 0, "", 0, &t), -ERR_INVALID);
    assert_str(list(w, ""), "[]");
}

static void a_restart_knows_everybody_as_they_were(void **state)
{
    for (int is_drained = 0; is_drained < 2; is_drained++) {
        struct world *w = *state;
        const struct person *p;
        struct person_token ann = created(w, is_drained ? "ann2" : "ann", ROLE_BIT(ROLE_POLICY), "acme");
        struct person_token bob = created(w, is_drained ? "bob2" : "bob", ROLE_BIT(ROLE_OWNER), "");
        assert_int_equal(take_away(w, is_drained ? "bob2" : "bob", ""), 0);
        restart(w, is_drained);
        assert_int_equal(who(w, &ann, &p), 0);
        assert_str(p->tenant, "acme");
        assert_int_equal(p->roles, ROLE_BIT(ROLE_POLICY));
        assert_true(p->created_at == wall_now);
        assert_int_equal(who(w, &bob, &p), PERSON_R_REVOKED);
    }
}

static void a_list_shows_who_may_what_and_no_credential(void **state)
{
    struct world *w = *state;
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_POLICY) | ROLE_BIT(ROLE_OPERATOR), "acme");
    (void)created(w, "bob", ROLE_BIT(ROLE_OWNER), "");
    struct str all = list(w, "");
    assert_true(has(all, "{\"name\":\"ann\",\"kind\":\"person\",\"roles\":[\"operator\",\"policy\"],"
                         "\"tenant\":\"acme\",\"status\":\"active\""));
    assert_true(has(all, "\"name\":\"bob\""));
    assert_false(has(all, ann.text));
    assert_false(has(all, "hash"));
    assert_true(has(list(w, "acme"), "ann") && !has(list(w, "acme"), "bob"));
    assert_str(list(w, "globex"), "[]");
}

/* The last event's body and personal texts. */
static void last_event(struct world *w, struct str *ret_body, struct str *ret_personal)
{
    struct journal_reader *r;
    struct frame f;
    assert_int_equal(journal_reader_new(w->rig.journal, 0, &r), 0);
    while (journal_reader_next(r, &f) == 0) {
        *ret_body = arena_str(&w->rig.arena, f.body);
        *ret_personal = arena_str(&w->rig.arena, f.personal);
    }
    journal_reader_free(r);
}

static void the_record_has_a_hash_and_no_credential(void **state)
{
    struct world *w = *state;
    struct str body, personal;
    struct person_token ann = created(w, "ann", ROLE_BIT(ROLE_VIEWER), "acme");
    last_event(w, &body, &personal);
    assert_true(has(body, "\"event\":\"person.create\",\"by\":\"root\""));
    assert_true(has(body, "\"hash\":\""));
    assert_false(has(body, ann.text + 4));
    assert_true(has(personal, "\"tenant\":\"acme\""));
    assert_false(has(body, "acme"));
}

static void an_action_is_on_record_with_who_and_from_where(void **state)
{
    struct world *w = *state;
    struct str body, personal;
    struct admin_action a = {.action = STR("kill"),
                             .by = STR("ann"),
                             .role = STR("operator"),
                             .address = STR("10.1.2.3:555"),
                             .target = STR("t1"),
                             .after = STR("{\"x\":1}")};
    assert_int_equal(core_admin_action(w->rig.core, &a, &w->seq), 0);
    last_event(w, &body, &personal);
    assert_true(has(body, "\"event\":\"admin.action\",\"by\":\"ann\""));
    assert_true(has(body, "\"action\":\"kill\",\"role\":\"operator\",\"target\":\"t1\",\"after\":{\"x\":1}"));
    assert_true(has(personal, "\"address\":\"10.1.2.3:555\""));
    assert_false(has(body, "10.1.2.3"));
}

static void an_owner_that_is_acted_on_is_personal(void **state)
{
    struct world *w = *state;
    struct str body, personal;
    struct admin_action a = {.action = STR("agent_disable"),
                             .by = STR("ann"),
                             .role = STR("operator"),
                             .target = STR("olga"),
                             .is_target_personal = true};
    assert_int_equal(core_admin_action(w->rig.core, &a, &w->seq), 0);
    last_event(w, &body, &personal);
    assert_true(has(personal, "\"target\":\"olga\""));
    assert_true(has(body, "\"personal\":\""));
    assert_false(has(body, "olga"));
}

static void refused_sign_ins_are_on_record_with_how_many(void **state)
{
    struct world *w = *state;
    struct str body, personal;
    assert_int_equal(core_sign_ins_failed(w->rig.core, 1000, STR("unauthorized"), STR("10.1.2.3:555")), 0);
    last_event(w, &body, &personal);
    assert_true(has(body, "\"event\":\"sign_in.failed\",\"by\":\"daemon\""));
    assert_true(has(body, "\"count\":1000,\"reason\":\"unauthorized\""));
    assert_true(has(personal, "\"address\":\"10.1.2.3:555\""));
    assert_false(has(body, "10.1.2.3"));
}

/* Erasing personal values must not make one of a tenant see all of them. */
static void one_whose_tenant_was_erased_is_over(void **state)
{
    struct world *w = *state;
    const struct person *p;
    struct arena *a = &w->rig.arena;
    struct json body, personal;
    static const char BODY[] =
        "{\"event\":\"person.create\",\"by\":\"root\",\"name\":\"eve\",\"kind\":\"person\","
        "\"roles\":[\"owner\",\"emperor\"],\"hash\":\""
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
        "\"expires_at\":null,\"personal\":\"00\"}";
    struct state_row row = {.kind = STR("person")};
    assert_int_equal(json_parse(a, STR(BODY), 16, &body), 0);
    assert_int_equal(core_person_load(w->rig.core, &row, body, JSON_ABSENT), 0);
    assert_int_equal(core_person_by_name(w->rig.core, STR("eve"), &p), PERSON_R_REVOKED);
    assert_int_equal(p->roles, ROLE_BIT(ROLE_OWNER)); /* and roles of other versions are not had */
    assert_int_equal(json_parse(a, STR("{\"name\":\"x\",\"hash\":\"zz\"}"), 16, &body), 0);
    assert_int_equal(json_parse(a, STR("{}"), 16, &personal), 0);
    assert_int_equal(core_person_load(w->rig.core, &row, body, personal), -ERR_CORRUPT);
}

static void a_run_is_stopped_for_its_tenant_alone(void **state)
{
    struct world *w = *state;
    assert_int_equal(core_run_stop(w->rig.core, STR("r1"), STR("acme"), STR("ann"), &w->seq), 0);
    for (int i = 0; i < 2; i++) {
        core_lock(w->rig.core);
        assert_true(core_run_is_stopped(w->rig.core, STR("acme"), STR("r1")));
        assert_false(core_run_is_stopped(w->rig.core, STR("globex"), STR("r1")));
        assert_false(core_run_is_stopped(w->rig.core, STR(""), STR("r1")));
        assert_false(core_run_is_stopped(w->rig.core, STR("acme"), STR("r2")));
        core_unlock(w->rig.core);
        restart(w, i == 0);
    }
    assert_int_equal(core_run_stop(w->rig.core, STR("r1"), STR_NONE, STR("ann"), &w->seq), 0);
    core_lock(w->rig.core);
    assert_true(core_run_is_stopped(w->rig.core, STR("globex"), STR("r1")));
    core_unlock(w->rig.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_person_is_known_by_what_they_were_given, setup, teardown),
        cmocka_unit_test_setup_teardown(revoke_is_obeyed_by_the_next_request, setup, teardown),
        cmocka_unit_test_setup_teardown(the_agents_of_one_who_is_revoked_are_disabled_and_stay_so, setup, teardown),
        cmocka_unit_test_setup_teardown(one_whose_agents_are_too_many_to_disable_is_revoked_all_the_same, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_of_another_tenant_cannot_be_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_credential_ends_at_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_is_given_once_and_again_when_its_owner_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(people_are_as_many_as_the_limit_allows, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_names_and_no_roles_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_knows_everybody_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_shows_who_may_what_and_no_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(the_record_has_a_hash_and_no_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_sign_ins_are_on_record_with_how_many, setup, teardown),
        cmocka_unit_test_setup_teardown(an_action_is_on_record_with_who_and_from_where, setup, teardown),
        cmocka_unit_test_setup_teardown(an_owner_that_is_acted_on_is_personal, setup, teardown),
        cmocka_unit_test_setup_teardown(one_whose_tenant_was_erased_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_is_stopped_for_its_tenant_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
