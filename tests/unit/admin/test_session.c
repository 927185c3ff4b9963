/* admin/session.c: links for one use, sessions that end, and both bounded. */
#include "../unit.h"

#include "admin/session.h"
#include "base/err.h"

struct setting {
    struct limits limits;
    struct rng rng;
    struct sessions *sessions;
    struct principal who;
};

static struct setting *setting(void **state) { return *state; }

static int setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    limits_default(&s->limits);
    s->limits.sign_in_link_ms = 1000;
    s->limits.session_idle_ms = 1000;
    s->limits.session_ms = 5000;
    rng_seeded_init(&s->rng, 7);
    s->who = principal_of_folder();
    assert_int_equal(sessions_new(&s->limits, &s->rng, &s->sessions), 0);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    sessions_free(setting(state)->sessions);
    free(*state);
    return 0;
}

static mono_t ms(int64_t n) { return n * NS_PER_MS; }

static const struct session *sign_in(struct setting *s, mono_t now, struct session_text *ret_id)
{
    struct session_text code;
    const struct session *x = NULL;
    sessions_link(s->sessions, &s->who, now, &code);
    assert_int_equal(sessions_begin(s->sessions, str_c(code.text), now, ret_id, &x), 0);
    return x;
}

static void a_link_signs_in_once(void **state)
{
    struct setting *s = setting(state);
    struct session_text code, id, again;
    const struct session *x;
    sessions_link(s->sessions, &s->who, 0, &code);
    assert_int_equal(strlen(code.text), SESSION_TEXT_CHARS);
    assert_int_equal(sessions_begin(s->sessions, str_c(code.text), ms(1), &id, &x), 0);
    assert_str(x->who.name, "admin");
    assert_string_not_equal(code.text, id.text);
    assert_int_equal(sessions_begin(s->sessions, str_c(code.text), ms(2), &again, &x), -ERR_NOT_FOUND);
    assert_int_equal(sessions_begin(s->sessions, STR(""), ms(2), &again, &x), -ERR_NOT_FOUND);
}

static void a_link_is_good_for_its_time_and_no_longer(void **state)
{
    struct setting *s = setting(state);
    struct session_text code, id;
    const struct session *x;
    sessions_link(s->sessions, &s->who, 0, &code);
    assert_int_equal(sessions_begin(s->sessions, str_c(code.text), ms(1000), &id, &x), 0);
    sessions_link(s->sessions, &s->who, 0, &code);
    assert_int_equal(sessions_begin(s->sessions, str_c(code.text), ms(1000) + 1, &id, &x), -ERR_NOT_FOUND);
}

static void a_session_ends_when_it_is_idle(void **state)
{
    struct setting *s = setting(state);
    struct session_text id;
    (void)sign_in(s, 0, &id);
    assert_non_null(sessions_find(s->sessions, str_c(id.text), ms(1000)));
    assert_non_null(sessions_find(s->sessions, str_c(id.text), ms(2000)));
    assert_null(sessions_find(s->sessions, str_c(id.text), ms(3000) + 1));
    assert_null(sessions_find(s->sessions, str_c(id.text), ms(3000)));
}

static void watching_does_not_keep_a_session_alive(void **state)
{
    struct setting *s = setting(state);
    struct session_text id;
    (void)sign_in(s, 0, &id);
    assert_non_null(sessions_look(s->sessions, str_c(id.text), ms(900)));
    assert_null(sessions_look(s->sessions, str_c(id.text), ms(1001)));
}

static void a_session_ends_however_busy_it_is(void **state)
{
    struct setting *s = setting(state);
    struct session_text id;
    assert_true(session_ends_at(s->sessions, sign_in(s, 0, &id)) == ms(5000));
    for (int64_t t = 500; t <= 5000; t += 500)
        assert_non_null(sessions_find(s->sessions, str_c(id.text), ms(t)));
    assert_null(sessions_find(s->sessions, str_c(id.text), ms(5000) + 1));
}

static void a_session_that_was_ended_is_not_found(void **state)
{
    struct setting *s = setting(state);
    struct session_text id, other;
    const struct session *x = sign_in(s, 0, &id);
    (void)sign_in(s, 0, &other);
    sessions_end(s->sessions, x);
    assert_null(sessions_find(s->sessions, str_c(id.text), ms(1)));
    assert_non_null(sessions_find(s->sessions, str_c(other.text), ms(1)));
}

static void links_at_their_maximum_make_room_for_the_newest(void **state)
{
    struct setting *s = setting(state);
    struct session_text first, second, third, id;
    const struct session *x;
    s->limits.sign_in_links_max = 2;
    sessions_link(s->sessions, &s->who, 0, &first);
    sessions_link(s->sessions, &s->who, 0, &second);
    sessions_link(s->sessions, &s->who, 0, &third);
    assert_int_equal(sessions_begin(s->sessions, str_c(first.text), 0, &id, &x), -ERR_NOT_FOUND);
    assert_int_equal(sessions_begin(s->sessions, str_c(second.text), 0, &id, &x), 0);
    assert_int_equal(sessions_begin(s->sessions, str_c(third.text), 0, &id, &x), 0);
}

static void sessions_at_their_maximum_give_up_the_one_idle_longest(void **state)
{
    struct setting *s = setting(state);
    struct session_text a, b, c;
    s->limits.sessions_max = 2;
    (void)sign_in(s, 0, &a);
    (void)sign_in(s, ms(1), &b);
    assert_non_null(sessions_find(s->sessions, str_c(a.text), ms(2)));
    (void)sign_in(s, ms(3), &c);
    assert_null(sessions_find(s->sessions, str_c(b.text), ms(4)));
    assert_non_null(sessions_find(s->sessions, str_c(a.text), ms(4)));
    assert_non_null(sessions_find(s->sessions, str_c(c.text), ms(4)));
}

static void the_csrf_token_follows_from_the_session_and_does_not_show_it(void **state)
{
    struct session_text a, b, again;
    session_csrf(STR("0123456789"), &a);
    session_csrf(STR("0123456789"), &again);
    session_csrf(STR("0123456780"), &b);
    assert_string_equal(a.text, again.text);
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strlen(a.text), SESSION_TEXT_CHARS);
    assert_null(strstr(a.text, "0123456789"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_signs_in_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_good_for_its_time_and_no_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_ends_when_it_is_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(watching_does_not_keep_a_session_alive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_ends_however_busy_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_that_was_ended_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(links_at_their_maximum_make_room_for_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_at_their_maximum_give_up_the_one_idle_longest, setup, teardown),
        cmocka_unit_test(the_csrf_token_follows_from_the_session_and_does_not_show_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
