/* proxy/credential: what is exchanged under running calls, who still holds it, and what stays concealed. */
#include "unit.h"

#include "proxy/credential.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define OLD "sk_test_old_0123456789abcdef"
#define NEW "sk_test_new_0123456789abcdef"

static struct secret *secret_of(const char *text)
{
    struct secret *s = NULL;
    if (text)
        assert_int_equal(secret_new(str_c(text), &s), 0);
    return s;
}

static struct credential *make(const char *value, const char *before, wall_t until, enum mode mode)
{
    struct credential *c;
    assert_int_equal(credential_new(secret_of(value), secret_of(before), until, mode, &c), 0);
    return c;
}

static int setup(void **state)
{
    *state = credential_slot_new();
    return 0;
}

static int teardown(void **state)
{
    credential_slot_free(*state);
    return 0;
}

static bool conceals(const struct credential *c, const char *value)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s", value);
    (void)conceal_text(&c->forms, text, strlen(text));
    return text[0] == '*';
}

static void an_empty_slot_says_why(void **state)
{
    struct credential_slot *s = *state;
    assert_null(credential_take(s, 0));
    assert_int_equal(credential_status(s), SECRET_UNSET);
    credential_put(s, make(OLD, NULL, 0, MODE_TEST), SECRET_OK);
    credential_put(s, NULL, SECRET_OTHER_KEY);
    assert_null(credential_take(s, 0));
    assert_int_equal(credential_status(s), SECRET_OTHER_KEY);
    assert_int_equal(credential_mode(s), MODE_ANY);
    assert_str(secret_status_text(SECRET_OTHER_KEY), "other_key");
    assert_true(secret_status_means(SECRET_DAMAGED).n && secret_status_fix(SECRET_DAMAGED).n);
}

static void a_call_keeps_what_it_took_while_others_get_the_new_one(void **state)
{
    struct credential_slot *s = *state;
    credential_put(s, make(OLD, NULL, 0, MODE_TEST), SECRET_OK);
    struct credential *old = credential_take(s, 0);
    credential_put(s, make(NEW, OLD, 100, MODE_LIVE), SECRET_OK);
    struct credential *new = credential_take(s, 0);
    assert_str(secret_reveal(old->value), OLD);
    assert_str(secret_reveal(new->value), NEW);
    assert_int_equal(old->mode, MODE_TEST);
    assert_int_equal(credential_mode(s), MODE_LIVE);
    assert_true(credential_covers(new, old) && credential_covers(old, old));
    assert_false(credential_covers(old, new));
    credential_unref(old);
    credential_unref(new);
}

static void both_values_are_concealed_until_the_overlap_ends(void **state)
{
    struct credential_slot *s = *state;
    credential_put(s, make(NEW, OLD, 100, MODE_TEST), SECRET_OK);
    struct credential *within = credential_take(s, 99), *after = credential_take(s, 100);
    assert_true(conceals(within, OLD) && conceals(within, NEW));
    assert_true(conceals(after, NEW));
    assert_false(conceals(after, OLD));
    assert_null(after->before);
    assert_int_equal(after->mode, MODE_TEST);
    assert_ptr_not_equal(within, after);
    credential_unref(within);
    credential_unref(after);
}

/* --- many threads ------------------------------------------------------------------------------------------------- */

#define TAKERS 4
#define TAKES 20000

static void *take_many(void *ctx)
{
    size_t n_wrong = 0;
    for (int i = 0; i < TAKES; i++) {
        struct credential *c = credential_take(ctx, 0);
        struct str value = secret_reveal(c->value);
        n_wrong += !str_eq(value, STR(OLD)) && !str_eq(value, STR(NEW));
        credential_unref(c);
    }
    return (void *)n_wrong;
}

static void exchanged_under_many_threads_each_sees_one_whole_value(void **state)
{
    struct credential_slot *s = *state;
    pthread_t threads[TAKERS];
    credential_put(s, make(OLD, NULL, 0, MODE_TEST), SECRET_OK);
    for (int i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, s), 0);
    for (int i = 0; i < 500; i++)
        credential_put(s, make(i % 2 ? OLD : NEW, i % 2 ? NEW : OLD, 100, MODE_TEST), SECRET_OK);
    for (int i = 0; i < TAKERS; i++) {
        void *n_wrong;
        pthread_join(threads[i], &n_wrong);
        assert_null(n_wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_slot_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_keeps_what_it_took_while_others_get_the_new_one, setup, teardown),
        cmocka_unit_test_setup_teardown(both_values_are_concealed_until_the_overlap_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(exchanged_under_many_threads_each_sees_one_whole_value, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
