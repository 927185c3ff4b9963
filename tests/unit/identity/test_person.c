/* identity/person.c: roles, and the credential of a person or service. */
#include "../unit.h"

#include "base/err.h"
#include "crypto/hash.h"
#include "identity/key.h"
#include "identity/person.h"

static void a_role_opens_itself_and_what_viewers_may(void **state)
{
    for (enum role have = ROLE_PUBLIC + 1; have < ROLE_COUNT; have++) {
        assert_true(roles_allow(ROLE_BIT(have), ROLE_PUBLIC));
        assert_true(roles_allow(ROLE_BIT(have), ROLE_VIEWER));
        for (enum role want = ROLE_VIEWER + 1; want < ROLE_COUNT; want++)
            assert_int_equal(roles_allow(ROLE_BIT(have), want), have == want || have == ROLE_OWNER);
    }
    assert_true(roles_allow(ROLE_BIT(ROLE_POLICY) | ROLE_BIT(ROLE_SECRETS), ROLE_SECRETS));
}

static void who_has_no_role_may_do_what_is_public_only(void **state)
{
    assert_true(roles_allow(0, ROLE_PUBLIC));
    for (enum role want = ROLE_VIEWER; want < ROLE_COUNT; want++)
        assert_false(roles_allow(0, want));
}

static void every_role_has_a_name_and_public_cannot_be_given(void **state)
{
    size_t n;
    enum role r;
    const struct str *names = role_names(&n);
    assert_int_equal(n, ROLE_COUNT - 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(role_parse(names[i], &r), 0);
        assert_string_equal(role_text(r), names[i].p);
    }
    assert_int_equal(role_parse(STR("public"), &r), -ERR_INVALID);
    assert_int_equal(role_parse(STR("Owner"), &r), -ERR_INVALID);
    assert_int_equal(role_parse(STR(""), &r), -ERR_INVALID);
}

static void names_are_one_to_128_of_a_few_characters(void **state)
{
    char long_name[PERSON_NAME_CHARS_MAX + 1];
    memset(long_name, 'a', sizeof(long_name));
    assert_true(person_name_is_valid(STR("ann@example.com")));
    assert_true(person_name_is_valid((struct str){long_name, PERSON_NAME_CHARS_MAX}));
    assert_false(person_name_is_valid((struct str){long_name, PERSON_NAME_CHARS_MAX + 1}));
    assert_false(person_name_is_valid(STR("")));
    assert_false(person_name_is_valid(STR("ann <script>")));
}

static void a_credential_is_read_back_and_no_two_are_alike(void **state)
{
    struct rng r;
    struct person_token one, two;
    uint8_t hash[PERSON_HASH_BYTES], want[SHA256_BYTES];
    rng_seeded_init(&r, 3);
    person_token_mint(&r, &one);
    person_token_mint(&r, &two);
    assert_string_not_equal(one.text, two.text);
    assert_true(str_starts(str_c(one.text), STR("fba_")));
    assert_int_equal(person_token_hash(str_c(one.text), hash), 0);
    assert_memory_equal(hash, one.hash, sizeof(hash));
    sha256(str_c(one.text), want);
    assert_memory_equal(hash, want, sizeof(hash));
}

static void a_mistyped_credential_is_none(void **state)
{
    struct rng r;
    struct person_token t;
    uint8_t hash[PERSON_HASH_BYTES];
    rng_seeded_init(&r, 4);
    person_token_mint(&r, &t);
    size_t n = strlen(t.text);
    for (size_t i = 0; i < n; i++) {
        char c = t.text[i];
        t.text[i] = c == 'x' ? 'y' : 'x';
        assert_int_equal(person_token_hash(str_c(t.text), hash), -ERR_INVALID);
        t.text[i] = c;
    }
    assert_int_equal(person_token_hash(str_sub(str_c(t.text), 0, n - 1), hash), -ERR_INVALID);
    assert_int_equal(person_token_hash((struct str){t.text, n + 1}, hash), -ERR_INVALID);
    assert_int_equal(person_token_hash(STR(""), hash), -ERR_INVALID);
}

static void a_credential_is_no_agent_key_and_a_key_no_credential(void **state)
{
    struct rng r;
    struct person_token t;
    struct key_text k;
    struct key_presented presented;
    uint8_t hash[PERSON_HASH_BYTES];
    rng_seeded_init(&r, 5);
    person_token_mint(&r, &t);
    key_mint(MODE_LIVE, &r, &k);
    assert_int_equal(key_parse(str_c(t.text), &presented), -ERR_INVALID);
    assert_int_equal(person_token_hash(str_c(k.text), hash), -ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_opens_itself_and_what_viewers_may),
        cmocka_unit_test(who_has_no_role_may_do_what_is_public_only),
        cmocka_unit_test(every_role_has_a_name_and_public_cannot_be_given),
        cmocka_unit_test(names_are_one_to_128_of_a_few_characters),
        cmocka_unit_test(a_credential_is_read_back_and_no_two_are_alike),
        cmocka_unit_test(a_mistyped_credential_is_none),
        cmocka_unit_test(a_credential_is_no_agent_key_and_a_key_no_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
