/* proxy/agent_fields: which fields are read, the first of several, and what must not be there twice. */
#include "proxy/agent_fields.h"

#include "unit.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static struct agent_fields said_by(const struct http_field *fields, size_t n)
{
    struct agent_fields s;
    agent_fields_read(&(struct http_head){.fields = (struct http_field *)(uintptr_t)fields, .n_fields = n}, &s);
    return s;
}

static void every_field_is_found_in_any_case(void **state)
{
    for (enum agent_field f = 0; f < AGENT_FIELD_COUNT; f++) {
        char name[64];
        struct str text = agent_field_text(f);
        for (size_t i = 0; i < text.n; i++)
            name[i] = text.p[i] >= 'a' && text.p[i] <= 'z' && i % 2 ? (char)(text.p[i] - 32) : text.p[i];
        const struct http_field fields[] = {{STR("accept"), STR("a")}, {{name, text.n}, STR("b")}};
        struct agent_fields s = said_by(fields, N(fields));
        for (enum agent_field k = 0; k < AGENT_FIELD_COUNT; k++) {
            assert_int_equal(s.n[k], k == f);
            assert_str(s.first[k], k == f ? "b" : "");
        }
        assert_int_equal(agent_field_find((struct str){name, text.n}), f);
    }
}

static void what_is_not_read_is_no_field(void **state)
{
    assert_int_equal(agent_field_find(STR("accept")), AGENT_FIELD_COUNT);
    assert_int_equal(agent_field_find(STR("authorizatio")), AGENT_FIELD_COUNT);
    assert_int_equal(agent_field_find(STR("authorizations")), AGENT_FIELD_COUNT);
    assert_int_equal(agent_field_find(STR("")), AGENT_FIELD_COUNT);
}

static void the_first_of_several_counts_and_an_empty_one_is_there(void **state)
{
    const struct http_field fields[] = {{STR("x-flyball-wait"), STR("")}, {STR("content-type"), STR("a/b")},
                                        {STR("Content-Type"), STR("c/d")}, {STR("content-type"), STR("e/f")}};
    struct agent_fields s = said_by(fields, N(fields));
    assert_int_equal(s.n[AGENT_FIELD_WAIT], 1);
    assert_int_equal(s.first[AGENT_FIELD_WAIT].n, 0);
    assert_int_equal(s.n[AGENT_FIELD_CONTENT_TYPE], 3);
    assert_str(s.first[AGENT_FIELD_CONTENT_TYPE], "a/b");
}

/* Which fields say who calls, for whom and for which run: one by one, so that none is lost from the table. */
static void what_must_stand_once_is_told_of_when_it_stands_twice(void **state)
{
    static const struct {
        const char *name;
        enum field_often often;
    } rows[] = {
        {"authorization", FIELD_KEY},       {"x-api-key", FIELD_KEY},
        {"x-goog-api-key", FIELD_KEY},      {"x-agent-run-id", FIELD_ONCE},
        {"x-agent-parent-run-id", FIELD_ONCE}, {"x-claude-code-session-id", FIELD_ONCE},
        {"traceparent", FIELD_ONCE},        {"x-agent-identity", FIELD_ONCE},
        {"x-flyball-dry-run", FIELD_ONCE},  {"x-flyball-prompt", FIELD_ONCE},
        {"helicone-prompt-id", FIELD_ONCE}, {"x-agent-tool-call-id", FIELD_ONCE},
        {"x-flyball-user", FIELD_ONCE},     {"helicone-user-id", FIELD_ONCE},
        {"x-flyball-customer", FIELD_ONCE}, {"x-flyball-wait", FIELD_ONCE},
        {"idempotency-key", FIELD_ANY},     {"content-type", FIELD_ANY},
        {"content-encoding", FIELD_ANY},
    };
    assert_int_equal(N(rows), AGENT_FIELD_COUNT);
    for (size_t i = 0; i < N(rows); i++) {
        const struct http_field field = {str_c(rows[i].name), STR("a")}, twice[] = {field, {STR("x"), STR("y")}, field};
        struct agent_fields one = said_by(twice, 2), two = said_by(twice, 3);
        enum agent_field f = agent_field_find(field.name);
        assert_int_equal(agent_field_often(f), rows[i].often);
        for (enum field_often kind = FIELD_KEY; kind <= FIELD_ONCE; kind++) {
            assert_int_equal(one.twice[kind], AGENT_FIELD_COUNT);
            assert_int_equal(two.twice[kind], rows[i].often == kind ? f : AGENT_FIELD_COUNT);
        }
    }
}

static void of_several_that_stand_twice_the_first_of_the_table_is_told(void **state)
{
    const struct http_field run = {STR("x-agent-run-id"), STR("r")}, parent = {STR("x-agent-parent-run-id"), STR("p")},
                            key = {STR("x-api-key"), STR("k")};
    const struct http_field fields[] = {parent, run, parent, key, run, key, parent};
    struct agent_fields s = said_by(fields, N(fields));
    assert_int_equal(s.twice[FIELD_KEY], AGENT_FIELD_X_API_KEY);
    assert_int_equal(s.twice[FIELD_ONCE], AGENT_FIELD_RUN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_found_in_any_case),
        cmocka_unit_test(what_is_not_read_is_no_field),
        cmocka_unit_test(the_first_of_several_counts_and_an_empty_one_is_there),
        cmocka_unit_test(what_must_stand_once_is_told_of_when_it_stands_twice),
        cmocka_unit_test(of_several_that_stand_twice_the_first_of_the_table_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
