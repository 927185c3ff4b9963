/* admin/h_secrets.c: what is asked of the core, what each refusal says, and that no answer repeats a value. */
#include "fake.h"

#include "base/err.h"
#include "proxy/core_secrets.h"

#define VALUE "sk_test_canary_0123456789"
#define SET "{\"name\":\"stripe\",\"value\":\"" VALUE "\"}"
#define ROW "[{\"name\":\"stripe\",\"status\":\"ok\",\"version\":1,\"vendors\":[\"stripe\"]}]"

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    fake_core.secrets = ROW;
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

static void assert_silent(const struct fake *f)
{
    size_t at;
    assert_false(str_find(buf_str(&f->x->body), STR("canary"), &at));
}

static void a_secret_is_set_and_the_answer_says_how_it_stands(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/secrets", SET);
    assert_answer(f, 201, "\"version\":1");
    assert_silent(f);
    assert_string_equal(fake_core.called, "secret_set");
    assert_string_equal(fake_core.arg, "stripe");
    assert_string_equal(fake_core.secret, VALUE);
    assert_string_equal(fake_core.by, "admin");
}

static void the_bytes_are_wiped_where_the_connection_was_read_to(void **state)
{
    struct fake *f = *state;
    static const char zeros[sizeof(SET)];
    fake_post(f, "/api/v1/secrets", SET);
    assert_memory_equal(f->sent, zeros, sizeof(SET));
    fake_post(f, "/api/v1/policies", "{\"document\":\"x\"}");
    assert_string_equal(f->sent, "{\"document\":\"x\"}");
}

static void an_answer_waits_for_the_disk(void **state)
{
    struct fake *f = *state;
    fake_core.is_durable = false;
    fake_post(f, "/api/v1/secrets", SET);
    assert_int_equal(f->x->status, 0);
    fake_synced(0);
    assert_answer(f, 201, "stripe");
}

static void rotation_takes_an_overlap(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/secrets/stripe/rotate", "{\"value\":\"" VALUE "\",\"overlap\":\"15m\"}");
    assert_answer(f, 200, "stripe");
    assert_string_equal(fake_core.called, "secret_rotate");
    assert_int_equal(fake_core.overlap_ns, 15 * 60 * NS_PER_S);
    fake_post(f, "/api/v1/secrets/stripe/rotate", "{\"value\":\"" VALUE "\"}");
    assert_int_equal(fake_core.overlap_ns, 24 * 3600 * NS_PER_S);
    fake_post(f, "/api/v1/secrets/stripe/rotate", "{\"value\":\"" VALUE "\",\"overlap\":\"soon\"}");
    assert_answer(f, 400, "`overlap` is a duration");
    assert_silent(f);
}

static void going_back_and_removing_need_no_value(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/secrets/stripe/back", "{}");
    assert_answer(f, 200, "stripe");
    assert_string_equal(fake_core.called, "secret_back");
    fake_post(f, "/api/v1/secrets/stripe/remove", "{}");
    assert_answer(f, 200, "\"removed\":true");
    assert_string_equal(fake_core.called, "secret_remove");
    fake_core.result = -ERR_NO_SPACE;
    fake_post(f, "/api/v1/secrets/stripe/remove", "{}");
    assert_answer(f, 503, "it is in force, but not on record yet");
}

static void each_refusal_of_the_core_has_its_sentence(void **state)
{
    static const struct {
        int result, status;
        const char *text;
    } cases[] = {{-ERR_NOT_FOUND, 404, "there is no secret `stripe`"},
                 {SECRET_R_NO_KEY, 409, "secrets.key can be read by everyone"},
                 {SECRET_R_CLOSED, 409, "secret_closed"},
                 {SECRET_R_NO_BEFORE, 409, "no earlier value"},
                 {SECRET_R_FULL, 403, "secrets_max"},
                 {SECRET_R_TOO_LONG, 413, "secret_bytes_max"},
                 {SECRET_R_OVERLAP, 400, "secret_overlap_ms_max"},
                 {-ERR_NO_SPACE, 503, "overloaded"}};
    struct fake *f = *state;
    fake_core.problem = "secrets.key can be read by everyone";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_core.result = cases[i].result;
        fake_post(f, "/api/v1/secrets/stripe/rotate", "{\"value\":\"" VALUE "\"}");
        assert_answer(f, cases[i].status, cases[i].text);
        assert_silent(f);
    }
}

static void what_no_header_can_carry_is_refused_and_not_repeated(void **state)
{
    static const char *const values[] = {"\"\"", "\"canary\\n\"",
                                          "\" canary\"", "\"canary\\u0000\"", "\"can\xc3\xa4ry\"", "null"};
    struct fake *f = *state;
    char body[256];
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(body, sizeof(body), "{\"name\":\"stripe\",\"value\":%s}", values[i]);
        fake_post(f, "/api/v1/secrets", body);
        assert_answer(f, 400, "secret_invalid");
        assert_silent(f);
    }
    assert_string_equal(fake_core.called, "");
}

static void names_are_bounded_at_their_edge(void **state)
{
    struct fake *f = *state;
    char name[SECRET_NAME_CHARS_MAX + 2] = {0}, body[512];
    memset(name, 'n', SECRET_NAME_CHARS_MAX);
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"value\":\"" VALUE "\"}", name);
    fake_post(f, "/api/v1/secrets", body);
    assert_answer(f, 201, "stripe");
    name[SECRET_NAME_CHARS_MAX] = 'n';
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"value\":\"" VALUE "\"}", name);
    fake_post(f, "/api/v1/secrets", body);
    assert_answer(f, 400, "the name of a secret");
    fake_post(f, "/api/v1/secrets", "{\"name\":\"a b\",\"value\":\"" VALUE "\"}");
    assert_answer(f, 400, "the name of a secret");
    fake_post(f, "/api/v1/secrets/a%20b/remove", "{}");
    assert_answer(f, 400, "the name of a secret");
    assert_silent(f);
}

static void a_misspelt_member_is_named_and_the_value_is_not(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/secrets", "{\"name\":\"stripe\",\"valeu\":\"" VALUE "\"}");
    assert_answer(f, 400, "did you mean `value`?");
    assert_silent(f);
    fake_post(f, "/api/v1/secrets", "{\"name\":\"stripe\",\"value\":\"" VALUE);
    assert_answer(f, 400, "not JSON");
    assert_silent(f);
}

static void a_value_in_the_place_of_a_name_is_not_kept_and_not_repeated(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/secrets", "{\"name\":\"" VALUE "\",\"value\":\"" VALUE "\"}");
    assert_answer(f, 400, "the name is the value itself");
    assert_silent(f);
    fake_post(f, "/api/v1/secrets", "{\"" VALUE "\":\"stripe\"}");
    assert_answer(f, 400, "a member is not known here");
    assert_silent(f);
    assert_string_equal(fake_core.called, "");
}

static void a_body_larger_than_any_secret_is_refused_before_it_is_read(void **state)
{
    struct fake *f = *state;
    char *body = malloc(70000);
    memset(body, ' ', 69999);
    memcpy(body, SET, strlen(SET));
    body[65536] = 0;
    fake_post(f, "/api/v1/secrets", body);
    assert_answer(f, 201, "stripe");
    body[65536] = ' ';
    body[65537] = 0;
    fake_post(f, "/api/v1/secrets", body);
    assert_answer(f, 413, "request_too_large");
    free(body);
}

static void readiness_counts_vendors_without_a_secret_and_names_none(void **state)
{
    struct fake *f = *state;
    fake_core.is_ready = true;
    fake_core.n_without_secret = 2;
    fake_send(f, "GET", "/readyz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "{\"ready\":true,\"vendors_without_secret\":2}");
}

static void the_list_is_the_cores(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/secrets");
    assert_answer(f, 200, "{\"secrets\":" ROW "}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_secret_is_set_and_the_answer_says_how_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(the_bytes_are_wiped_where_the_connection_was_read_to, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_waits_for_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_takes_an_overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(going_back_and_removing_need_no_value, setup, teardown),
        cmocka_unit_test_setup_teardown(each_refusal_of_the_core_has_its_sentence, setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_header_can_carry_is_refused_and_not_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_bounded_at_their_edge, setup, teardown),
        cmocka_unit_test_setup_teardown(a_misspelt_member_is_named_and_the_value_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_in_the_place_of_a_name_is_not_kept_and_not_repeated, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_body_larger_than_any_secret_is_refused_before_it_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(readiness_counts_vendors_without_a_secret_and_names_none, setup, teardown),
        cmocka_unit_test_setup_teardown(the_list_is_the_cores, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
