/* admin/sign_ins.c: one answer, one browser, in time, and not more of them than there is room for. */
#include "unit.h"

#include "admin/sign_ins.h"
#include "base/err.h"
#include "codec/b64.h"
#include "crypto/hash.h"

#include <string.h>

struct setting {
    struct limits limits;
    struct rng rng;
    struct sign_ins *sign_ins;
};

static int setup(void **state)
{
    static struct setting s;
    limits_default(&s.limits);
    s.limits.sign_ins_max = 2;
    s.limits.sign_in_ms = 1000;
    rng_seeded_init(&s.rng, 3);
    assert_int_equal(sign_ins_new(&s.limits, &s.rng, &s.sign_ins), 0);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    sign_ins_free(((struct setting *)*state)->sign_ins);
    return 0;
}

static int take(struct setting *s, const struct sign_in_texts *t, const struct sign_in_texts *browser, mono_t now,
                struct sign_in *ret)
{
    return sign_ins_take(s->sign_ins, str_c(t->state.text), str_c(browser->browser.text), now, ret);
}

static void an_answer_finds_what_was_kept_for_it_once(void **state)
{
    struct setting *s = *state;
    struct sign_in_texts t;
    struct sign_in one;
    uint8_t digest[SHA256_BYTES];
    char challenge[B64URL_SIZE(SHA256_BYTES)];
    sign_ins_begin(s->sign_ins, 0, &t);
    assert_int_equal(take(s, &t, &t, 1, &one), 0);
    assert_string_equal(one.nonce.text, t.nonce.text);
    sha256((struct str){one.verifier, SIGN_IN_VERIFIER_CHARS}, digest);
    (void)b64url_encode((struct str){(const char *)digest, sizeof digest}, challenge);
    assert_memory_equal(challenge, t.challenge, SIGN_IN_CHALLENGE_CHARS);
    assert_int_equal(take(s, &t, &t, 1, &one), -ERR_NOT_FOUND);
}

static void texts_are_all_different(void **state)
{
    struct setting *s = *state;
    struct sign_in_texts a, b;
    sign_ins_begin(s->sign_ins, 0, &a);
    sign_ins_begin(s->sign_ins, 0, &b);
    const char *all[] = {a.state.text, a.browser.text, a.nonce.text, b.state.text, b.browser.text, b.nonce.text};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(strlen(all[i]), SESSION_TEXT_CHARS);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[i], all[k]);
    }
}

static void an_answer_in_another_browser_is_none_and_uses_it_up(void **state)
{
    struct setting *s = *state;
    struct sign_in_texts mine, other;
    struct sign_in one = {.began_at = 77};
    sign_ins_begin(s->sign_ins, 0, &mine);
    sign_ins_begin(s->sign_ins, 0, &other);
    assert_int_equal(take(s, &mine, &other, 1, &one), -ERR_DENIED);
    assert_int_equal(one.began_at, 77); /* untouched */
    assert_int_equal(take(s, &mine, &mine, 1, &one), -ERR_NOT_FOUND);
    assert_int_equal(sign_ins_take(s->sign_ins, str_c(other.state.text), STR_NONE, 1, &one), -ERR_DENIED);
    assert_int_equal(sign_ins_take(s->sign_ins, STR_NONE, STR_NONE, 1, &one), -ERR_NOT_FOUND);
}

static void an_answer_comes_in_time_or_not_at_all(void **state)
{
    struct setting *s = *state;
    struct sign_in_texts t;
    struct sign_in one;
    sign_ins_begin(s->sign_ins, 5, &t);
    assert_int_equal(take(s, &t, &t, 5 + 1000 * NS_PER_MS, &one), 0);
    sign_ins_begin(s->sign_ins, 5, &t);
    assert_int_equal(take(s, &t, &t, 6 + 1000 * NS_PER_MS, &one), -ERR_NOT_FOUND);
}

static void the_oldest_gives_way(void **state)
{
    struct setting *s = *state;
    struct sign_in_texts t[3];
    struct sign_in one;
    for (int i = 0; i < 3; i++)
        sign_ins_begin(s->sign_ins, i, &t[i]);
    assert_int_equal(take(s, &t[0], &t[0], 3, &one), -ERR_NOT_FOUND);
    assert_int_equal(take(s, &t[1], &t[1], 3, &one), 0);
    assert_int_equal(take(s, &t[2], &t[2], 3, &one), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_finds_what_was_kept_for_it_once, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_are_all_different, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_in_another_browser_is_none_and_uses_it_up, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_comes_in_time_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_gives_way, setup, teardown),
    };
    return cmocka_run_group_tests_name("admin/sign_ins", tests, NULL, NULL);
}
