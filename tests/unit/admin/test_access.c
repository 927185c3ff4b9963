/* admin/access.c and h_people.c: whose request it is, what they may do, and what a browser is led to do. */
#include "fake.h"

#include "admin/request.h"

#include "base/err.h"

#include <string.h>

#define BEARER "Bearer " FAKE_PERSON_TOKEN
#define HERE "127.0.0.1:4748"

static struct person ann;

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    ann = (struct person){.name = STR("ann"), .tenant = STR(""), .roles = ROLE_BIT(ROLE_OPERATOR)};
    fake_core.person = &ann;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void get_as_ann(struct fake *f, const char *target)
{
    fake_send(f, "GET", target, HERE, BEARER, NULL, NULL);
}

static void post_as_ann(struct fake *f, const char *target, const char *body)
{
    fake_send(f, "POST", target, HERE, BEARER, "application/json", body);
}

/* --- credentials -------------------------------------------------------------------------------------------------- */

static void a_person_is_known_by_their_credential(void **state)
{
    struct fake *f = *state;
    get_as_ann(f, "/api/v1/session");
    assert_answer(f, 200,
                  "{\"name\":\"ann\",\"roles\":[\"operator\"],\"tenant\":null,\"expires_at\":null,\"csrf\":null}");
    fake_get(f, "/api/v1/session");
    assert_answer(f, 200, "{\"name\":\"admin\",\"roles\":[\"owner\"],\"tenant\":null");
}

static void a_credential_that_is_over_says_so(void **state)
{
    struct fake *f = *state;
    fake_core.person_status = PERSON_R_REVOKED;
    get_as_ann(f, "/api/v1/keys");
    assert_answer(f, 401, "credential_revoked");
    fake_core.person_status = PERSON_R_EXPIRED;
    get_as_ann(f, "/api/v1/keys");
    assert_answer(f, 401, "credential_expired");
}

static void what_is_no_credential_is_not_looked_up(void **state)
{
    static const char *const wrong[] = {"Bearer", "Bearer ", "Bearer x", "Basic " FAKE_TOKEN, FAKE_TOKEN,
                                        "Bearer " FAKE_TOKEN "x", BEARER "x",
                                        "Bearer fba_abcdefghijklmnopqrstuvwxyz0123453oEbrq"};
    struct fake *f = *state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fake_send(f, "GET", "/api/v1/keys", HERE, wrong[i], NULL, NULL);
        assert_answer(f, 401, "unauthorized");
    }
}

static void credentials_that_do_not_exist_are_counted_and_good_ones_still_work(void **state)
{
    struct fake *f = *state;
    f->limits.sign_in_failures_max = 3;
    for (int i = 0; i < 3; i++) {
        fake_send(f, "GET", "/api/v1/keys", HERE, "Bearer guess", NULL, NULL);
        assert_answer(f, 401, "unauthorized");
    }
    fake_send(f, "GET", "/api/v1/keys", HERE, "Bearer guess", NULL, NULL);
    assert_answer(f, 429, "rate_limited");
    assert_string_equal(fake_field(f, "retry-after", '\n'), "60");
    fake_send(f, "POST", "/api/v1/session", HERE, NULL, "application/json", "{\"code\":\"guess\"}");
    assert_answer(f, 429, "rate_limited");
    get_as_ann(f, "/api/v1/keys");
    assert_answer(f, 200, "keys");
    fake_send(f, "GET", "/api/v1/keys", HERE, NULL, NULL, NULL);
    assert_answer(f, 401, "unauthorized"); /* nothing was guessed */

    fake_core.now += 61 * NS_PER_S;
    fake_send(f, "GET", "/api/v1/keys", HERE, "Bearer guess", NULL, NULL);
    assert_answer(f, 401, "unauthorized");
}

/* --- roles and tenants -------------------------------------------------------------------------------------------- */

static void a_role_opens_its_own_verbs_and_those_of_viewers(void **state)
{
    struct fake *f = *state;
    post_as_ann(f, "/api/v1/kill", "{}");
    assert_answer(f, 200, "\"killed\":true");
    assert_string_equal(fake_core.by, "ann");
    assert_string_equal(fake_core.action, "kill by ann as operator on ");
    post_as_ann(f, "/api/v1/secrets", "{\"name\":\"x\",\"value\":\"y\"}");
    assert_answer(f, 403, "this takes the role secrets, which ann has not");
    post_as_ann(f, "/api/v1/people", "{\"name\":\"x\",\"roles\":[\"viewer\"]}");
    assert_answer(f, 403, "role_missing");
    get_as_ann(f, "/api/v1/keys");
    assert_answer(f, 200, "keys");
    ann.roles = 0;
    get_as_ann(f, "/api/v1/keys");
    assert_answer(f, 403, "role_missing");
}

static void one_of_a_tenant_is_refused_what_is_about_all(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    ann.roles = ROLE_BIT(ROLE_OWNER);
    post_as_ann(f, "/api/v1/kill", "{}");
    assert_answer(f, 403, "tenant_denied");
    get_as_ann(f, "/api/v1/audit/export");
    assert_answer(f, 403, "tenant_denied");
    assert_null(fake_core.ask);
}

static void lists_are_asked_for_their_tenant_whatever_the_filter_says(void **state)
{
    static const char *const lists[] = {"/api/v1/calls",  "/api/v1/runs", "/api/v1/spend", "/api/v1/calls/c1",
                                        "/api/v1/events", "/api/v1/calls/c1/why", "/api/v1/runs/r1",
                                        "/api/v1/find?q=x"};
    struct fake *f = *state;
    ann.tenant = STR("acme");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        get_as_ann(f, lists[i]);
        assert_non_null(fake_core.ask);
        assert_str(fake_core.ask->q.tenant, "acme");
        fake_answer(0, "[]");
    }
    get_as_ann(f, "/api/v1/calls?tenant=acme");
    assert_str(fake_core.ask->q.run, "");
    fake_answer(0, "[]");
    get_as_ann(f, "/api/v1/calls?tenant=globex");
    assert_str(fake_core.ask->q.tenant, "acme");
    assert_str(fake_core.ask->q.run, " "); /* no run has that id */
    fake_answer(0, "[]");
    get_as_ann(f, "/api/v1/find?q=x&tenant=globex");
    assert_answer(f, 200, "{\"found\":[]}");
    assert_null(fake_core.ask);
}

static void keys_of_another_tenant_do_not_exist(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    get_as_ann(f, "/api/v1/keys");
    assert_string_equal(fake_core.tenant, "acme");
    fake_core.key_tenant = "globex";
    post_as_ann(f, "/api/v1/keys/k1/revoke", "{}");
    assert_answer(f, 404, "not_found");
    assert_string_equal(fake_core.called, "");
    fake_core.key_tenant = "acme";
    post_as_ann(f, "/api/v1/keys/k1/revoke", "{}");
    assert_answer(f, 200, "revoked");

    post_as_ann(f, "/api/v1/keys", "{\"agent\":\"a\",\"tenant\":\"globex\"}");
    assert_answer(f, 403, "tenant_denied");
    post_as_ann(f, "/api/v1/keys", "{\"agent\":\"a\"}");
    assert_answer(f, 201, "key");
    assert_str(fake_core.spec.tenant, "acme");
    post_as_ann(f, "/api/v1/revoke", "{\"agent\":\"a\"}");
    assert_answer(f, 200, "revoked");
    assert_string_equal(fake_core.tenant, "acme");
    post_as_ann(f, "/api/v1/revoke", "{\"run\":\"r1\"}");
    assert_string_equal(fake_core.tenant, "acme");
    post_as_ann(f, "/api/v1/revoke", "{\"tenant\":\"globex\"}");
    assert_answer(f, 404, "not_found");
}

/* --- people ------------------------------------------------------------------------------------------------------- */

static void a_person_is_made_with_roles_and_shown_their_credential_once(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"operator\",\"policy\"],\"tenant\":\"acme\"}");
    assert_answer(f, 201, "\"token\":\"fba_secret\",\"name\":\"bob\",\"kind\":\"person\"");
    assert_int_equal(fake_core.roles, ROLE_BIT(ROLE_OPERATOR) | ROLE_BIT(ROLE_POLICY));
    assert_string_equal(fake_core.tenant, "acme");
    assert_string_equal(fake_core.action, "person_create by admin as owner on bob");

    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"operater\"]}");
    assert_answer(f, 400, "did you mean `operator`?");
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[]}");
    assert_answer(f, 400, "at least one role");
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"public\"]}");
    assert_answer(f, 400, "no role `public`");
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"viewer\"],\"kind\":\"robot\"}");
    assert_answer(f, 400, "person or service");
    fake_post(f, "/api/v1/people", "{\"name\":\"admin\",\"roles\":[\"viewer\"]}");
    assert_answer(f, 409, "person_exists");
    fake_core.result = PERSON_R_EXISTS;
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"viewer\"]}");
    assert_answer(f, 409, "revoke it first");
    fake_core.result = -ERR_TOO_LARGE;
    fake_post(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"viewer\"]}");
    assert_answer(f, 403, "people_max");
}

static void nobody_gives_what_they_have_not(void **state)
{
    struct fake *f = *state;
    ann.tenant = STR("acme");
    ann.roles = ROLE_BIT(ROLE_OWNER);
    post_as_ann(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"viewer\"],\"tenant\":\"globex\"}");
    assert_answer(f, 403, "tenant_denied");
    post_as_ann(f, "/api/v1/people", "{\"name\":\"bob\",\"roles\":[\"owner\"]}");
    assert_answer(f, 201, "\"tenant\":\"acme\"");
    assert_string_equal(fake_core.tenant, "acme");
    post_as_ann(f, "/api/v1/people/bob/revoke", "{}");
    assert_string_equal(fake_core.tenant, "acme");
    get_as_ann(f, "/api/v1/people");
    assert_string_equal(fake_core.tenant, "acme");

    struct person root = {.name = STR("root"), .tenant = STR(""), .roles = ROLE_BIT(ROLE_OWNER)};
    fake_core.other = &root; /* whom ann would sign in as */
    post_as_ann(f, "/api/v1/people/root/link", "{}");
    assert_answer(f, 404, "nobody named `root`");
    root.tenant = STR("globex");
    post_as_ann(f, "/api/v1/people/root/link", "{}");
    assert_answer(f, 404, "nobody named `root`");
    root.tenant = STR("acme");
    post_as_ann(f, "/api/v1/people/root/link", "{}");
    assert_answer(f, 200, "\"name\":\"root\"");
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

/* A session of ann's: its cookie and csrf token. */
static void sign_in(struct fake *f, char cookie[128], char csrf[64])
{
    char code[64], body[128];
    fake_post(f, "/api/v1/people/ann/link", "{}");
    assert_answer(f, 200, "\"url\":\"http://localhost:4748/ui/?t=");
    const char *at = strstr(f->x->body.p, "\"code\":\"");
    snprintf(code, sizeof(code), "%.*s", SESSION_TEXT_CHARS, at + 8);
    snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
    fake_send(f, "POST", "/api/v1/session", HERE, NULL, "application/json", body);
    assert_answer(f, 200, "{\"name\":\"ann\",\"roles\":[\"operator\"],\"tenant\":null,\"expires_at\":\"");
    snprintf(cookie, 128, "%s", fake_field(f, "set-cookie", ';'));
    snprintf(csrf, 64, "%.*s", SESSION_TEXT_CHARS, strstr(f->x->body.p, "\"csrf\":\"") + 8);
}

static void with_cookie(struct fake *f, const char *method, const char *target, const char *cookie, const char *csrf,
                        const char *body)
{
    struct http_field more[] = {{STR("Cookie"), str_c(cookie)}, {STR("X-Flyball-CSRF"), str_c(csrf)}};
    f->more = more;
    f->n_more = csrf ? 2 : 1;
    fake_send(f, method, target, HERE, NULL, body ? "application/json" : NULL, body);
    f->n_more = 0;
}

static void a_link_signs_in_once_and_the_cookie_is_for_us_alone(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64], body[128];
    sign_in(f, cookie, csrf);
    assert_non_null(strstr(f->x->fields, "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict\n"));
    assert_string_equal(fake_core.action, "session_begin by ann as operator on ");
    snprintf(body, sizeof(body), "{\"code\":\"%s\"}", strchr(cookie, '=') + 1);
    fake_send(f, "POST", "/api/v1/session", HERE, NULL, "application/json", body);
    assert_answer(f, 401, "link_unknown");

    with_cookie(f, "GET", "/api/v1/session", cookie, NULL, NULL);
    assert_answer(f, 200, csrf);
    with_cookie(f, "GET", "/api/v1/keys", cookie, NULL, NULL);
    assert_answer(f, 200, "keys");
}

static void a_change_by_cookie_needs_the_token_of_that_session(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64];
    sign_in(f, cookie, csrf);
    fake_core.called[0] = 0;
    with_cookie(f, "POST", "/api/v1/kill", cookie, NULL, "{}");
    assert_answer(f, 403, "csrf_missing");
    with_cookie(f, "POST", "/api/v1/kill", cookie, "wrong", "{}");
    assert_answer(f, 403, "csrf_missing");
    csrf[5] ^= 1;
    with_cookie(f, "POST", "/api/v1/kill", cookie, csrf, "{}");
    assert_answer(f, 403, "csrf_missing");
    with_cookie(f, "DELETE", "/api/v1/session", cookie, NULL, NULL);
    assert_answer(f, 403, "csrf_missing");
    assert_string_equal(fake_core.called, "");
    csrf[5] ^= 1;
    with_cookie(f, "POST", "/api/v1/kill", cookie, csrf, "{}");
    assert_answer(f, 200, "killed");
    assert_string_equal(fake_core.by, "ann");
}

static void signing_out_ends_the_session_and_the_cookie(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64];
    sign_in(f, cookie, csrf);
    with_cookie(f, "DELETE", "/api/v1/session", cookie, csrf, NULL);
    assert_answer(f, 200, "\"ended\":true");
    assert_non_null(strstr(f->x->fields, "Max-Age=0"));
    with_cookie(f, "GET", "/api/v1/keys", cookie, NULL, NULL);
    assert_answer(f, 401, "session_ended");
    fake_send(f, "DELETE", "/api/v1/session", HERE, BEARER, NULL, NULL);
    assert_answer(f, 400, "no_session");
}

static void revoking_the_person_ends_their_session_with_the_next_request(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64];
    sign_in(f, cookie, csrf);
    fake_core.person_status = PERSON_R_REVOKED;
    with_cookie(f, "GET", "/api/v1/keys", cookie, NULL, NULL);
    assert_answer(f, 401, "credential_revoked");
    fake_core.person_status = 0;
    with_cookie(f, "GET", "/api/v1/keys", cookie, NULL, NULL);
    assert_answer(f, 401, "session_ended");
}

static void a_session_that_was_idle_too_long_is_over(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64];
    sign_in(f, cookie, csrf);
    fake_core.now += f->limits.session_idle_ms * NS_PER_MS + 1;
    with_cookie(f, "GET", "/api/v1/keys", cookie, NULL, NULL);
    assert_answer(f, 401, "session_ended");
}

static void a_link_of_one_who_was_revoked_signs_nobody_in(void **state)
{
    struct fake *f = *state;
    char body[128];
    fake_post(f, "/api/v1/people/ann/link", "{}");
    snprintf(body, sizeof(body), "{\"code\":\"%.*s\"}", SESSION_TEXT_CHARS,
             strstr(f->x->body.p, "\"code\":\"") + 8);
    fake_core.person_status = PERSON_R_REVOKED;
    fake_send(f, "POST", "/api/v1/session", HERE, NULL, "application/json", body);
    assert_answer(f, 401, "credential_revoked");
    fake_post(f, "/api/v1/people/ann/link", "{}");
    assert_answer(f, 409, "ann was revoked");
}

static void a_bearer_token_is_taken_before_a_cookie(void **state)
{
    struct fake *f = *state;
    char cookie[128], csrf[64];
    sign_in(f, cookie, csrf);
    struct http_field more[] = {{STR("Cookie"), str_c(cookie)}};
    f->more = more;
    f->n_more = 1;
    fake_post(f, "/api/v1/kill", "{}"); /* no csrf token is asked for: no page can send this */
    f->n_more = 0;
    assert_answer(f, 200, "killed");
    assert_string_equal(fake_core.by, "admin");
}

/* --- other origins ------------------------------------------------------------------------------------------------ */

static void send_from(struct fake *f, const char *method, const char *name, const char *value, const char *auth)
{
    struct http_field more[] = {{str_c(name), str_c(value)}};
    f->more = more;
    f->n_more = 1;
    bool is_post = strcmp(method, "POST") == 0;
    fake_send(f, method, is_post ? "/api/v1/kill" : "/api/v1/keys", HERE, auth, is_post ? "application/json" : NULL,
              is_post ? "{}" : NULL);
    f->n_more = 0;
}

static void pages_from_elsewhere_are_not_answered(void **state)
{
    static const char *const foreign[] = {"http://evil.example", "null", "http://127.0.0.1:4749", "https://" HERE};
    struct fake *f = *state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        send_from(f, "POST", "Origin", foreign[i], BEARER);
        assert_answer(f, 403, "origin_denied");
        send_from(f, "GET", "Origin", foreign[i], BEARER);
        assert_answer(f, 403, "origin_denied");
        assert_null(strstr(f->x->fields, "access-control"));
    }
    send_from(f, "GET", "Sec-Fetch-Site", "cross-site", BEARER);
    assert_answer(f, 403, "origin_denied");
    send_from(f, "GET", "Sec-Fetch-Site", "same-site", BEARER); /* another port of this host */
    assert_answer(f, 403, "origin_denied");
    send_from(f, "POST", "Origin", "http://" HERE, BEARER);
    assert_answer(f, 200, "killed");
    send_from(f, "GET", "Sec-Fetch-Site", "same-origin", BEARER);
    assert_answer(f, 200, "keys");
}

static void our_page_behind_a_proxy_of_another_name_is_our_page(void **state)
{
    struct fake *f = *state;
    struct http_field more[] = {{STR("Origin"), STR("https://flyball.internal")},
                                {STR("Sec-Fetch-Site"), STR("same-origin")}};
    f->more = more;
    f->n_more = 2;
    fake_send(f, "POST", "/api/v1/kill", HERE, BEARER, "application/json", "{}");
    assert_answer(f, 200, "killed");
    more[1].value = STR("cross-site");
    fake_send(f, "POST", "/api/v1/kill", HERE, BEARER, "application/json", "{}");
    assert_answer(f, 403, "origin_denied");
    more[1].value = STR("same-origin"); /* a name made to lead here is of its own origin, and shows that name as Host */
    fake_send(f, "POST", "/api/v1/kill", "flyball.internal", BEARER, "application/json", "{}");
    assert_answer(f, 421, "host_unknown");
    f->n_more = 0;
}

static void signing_in_from_elsewhere_is_refused_too(void **state)
{
    struct fake *f = *state;
    struct http_field more[] = {{STR("Origin"), STR("http://evil.example")}};
    f->more = more;
    f->n_more = 1;
    fake_send(f, "POST", "/api/v1/session", HERE, NULL, "application/json", "{\"code\":\"x\"}");
    f->n_more = 0;
    assert_answer(f, 403, "origin_denied");
}

/* --- refusals on record ------------------------------------------------------------------------------------------- */

static void guess(struct fake *f, int n)
{
    for (int i = 0; i < n; i++)
        fake_send(f, "GET", "/api/v1/keys", HERE, "Bearer guess", NULL, NULL);
}

static void guesses_are_told_at_once_and_then_once_a_minute_with_how_many(void **state)
{
    struct fake *f = *state;
    guess(f, 1);
    assert_int_equal(fake_core.n_failed_news, 1);
    assert_int_equal(fake_core.n_failed, 1);
    assert_true(strncmp(fake_core.failed, "unauthorized ", 13) == 0);
    guess(f, 1000);
    fake_pass(FAILED_NEWS_MS - 1000);
    assert_int_equal(fake_core.n_failed_news, 1);
    fake_pass(2000);
    assert_int_equal(fake_core.n_failed_news, 2);
    assert_int_equal(fake_core.n_failed, 1000);
    fake_pass(3 * FAILED_NEWS_MS);
    assert_int_equal(fake_core.n_failed_news, 2);
}

static void refusals_that_could_not_be_written_are_counted_with_the_next(void **state)
{
    struct fake *f = *state;
    fake_core.failed_news_result = -ERR_NO_SPACE;
    guess(f, 1);
    fake_core.failed_news_result = 0;
    guess(f, 1);
    fake_pass(FAILED_NEWS_MS + 1000);
    assert_int_equal(fake_core.n_failed_news, 2);
    assert_int_equal(fake_core.n_failed, 2);
}

static void a_revoked_credential_is_told_and_a_missing_one_is_not(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/api/v1/keys", HERE, NULL, NULL, NULL);
    assert_int_equal(fake_core.n_failed_news, 0);
    fake_core.person_status = PERSON_R_REVOKED;
    get_as_ann(f, "/api/v1/keys");
    assert_int_equal(fake_core.n_failed_news, 1);
    assert_true(strncmp(fake_core.failed, "credential_revoked ", 19) == 0);
}

static void roles_are_on_record_as_they_were_and_are(void **state)
{
    struct fake *f = *state;
    fake_core.other = &ann;
    fake_send(f, "POST", "/api/v1/people/ann/revoke", HERE, "Bearer " FAKE_TOKEN, "application/json", "{}");
    assert_string_equal(fake_core.before, "{\"roles\":[\"operator\"]}");
    assert_string_equal(fake_core.after, "{\"roles\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_person_is_known_by_their_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(a_credential_that_is_over_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_credential_is_not_looked_up, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_that_do_not_exist_are_counted_and_good_ones_still_work, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_role_opens_its_own_verbs_and_those_of_viewers, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_a_tenant_is_refused_what_is_about_all, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_asked_for_their_tenant_whatever_the_filter_says, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_of_another_tenant_do_not_exist, setup, teardown),
        cmocka_unit_test_setup_teardown(a_person_is_made_with_roles_and_shown_their_credential_once, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_gives_what_they_have_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_signs_in_once_and_the_cookie_is_for_us_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_by_cookie_needs_the_token_of_that_session, setup, teardown),
        cmocka_unit_test_setup_teardown(signing_out_ends_the_session_and_the_cookie, setup, teardown),
        cmocka_unit_test_setup_teardown(revoking_the_person_ends_their_session_with_the_next_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_that_was_idle_too_long_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_of_one_who_was_revoked_signs_nobody_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bearer_token_is_taken_before_a_cookie, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_from_elsewhere_are_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(our_page_behind_a_proxy_of_another_name_is_our_page, setup, teardown),
        cmocka_unit_test_setup_teardown(signing_in_from_elsewhere_is_refused_too, setup, teardown),
        cmocka_unit_test_setup_teardown(guesses_are_told_at_once_and_then_once_a_minute_with_how_many, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refusals_that_could_not_be_written_are_counted_with_the_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_revoked_credential_is_told_and_a_missing_one_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(roles_are_on_record_as_they_were_and_are, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
