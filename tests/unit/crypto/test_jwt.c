/*
 * tests/unit/crypto/test_jwt.c - what a verified token gives its caller, and sets of keys as values. What is refused is
 * data: tests/cases/jwt and tests/cases/wycheproof.
 */
#include "tokens.h"

#include "base/err.h"
#include "crypto/jwt.h"

#define NOW_S 1800000000LL
#define ISSUER "https://issuer.example"

static const struct jwt_expect expected = {.issuer = STR_INIT(ISSUER),
                                           .audience = STR_INIT("gate"),
                                           .typ = STR_INIT("at+jwt"),
                                           .skew_s = 60,
                                           .age_s_max = 3600,
                                           .actors_max = 3,
                                           .now = NOW_S * NS_PER_S};

#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define CLAIMS(more) \
    "{\"iss\":\"" ISSUER "\",\"sub\":\"ann\",\"aud\":\"gate\",\"exp\":1800000300,\"iat\":1799999990" more "}"

static void a_verified_token_gives_its_claims(void **state)
{
    struct jwt t;
    struct str tenant;
    struct str token = token_of(HEADER, CLAIMS(",\"jti\":\"t-7\",\"tenant\":\"acme\",\"act\":{\"sub\":\"bot\","
                                               "\"act\":{\"sub\":\"planner\"}}"));
    assert_int_equal(jwt_verify(token, keys, &expected, &arena, &t), JWT_OK);
    assert_str(t.issuer, ISSUER);
    assert_str(t.subject, "ann");
    assert_str(t.id, "t-7");
    assert_int_equal(t.expires_s, 1800000300);
    assert_int_equal(t.issued_s, 1799999990);
    assert_int_equal(t.n_actors, 2);
    assert_str(t.actors[0], "bot"); /* who acts now; the older ones behind */
    assert_str(t.actors[1], "planner");
    assert_true(jwt_text(t.claims, STR("tenant"), &tenant));
    assert_str(tenant, "acme");
    assert_false(jwt_text(t.claims, STR("customer"), &tenant));
    assert_false(jwt_text(t.claims, STR("exp"), &tenant));
}

static void nothing_is_set_when_it_is_refused(void **state)
{
    struct jwt t = {.expires_s = 42};
    struct jwt_expect other = expected;
    other.audience = STR("elsewhere");
    assert_int_equal(jwt_verify(token_of(HEADER, CLAIMS("")), keys, &other, &arena, &t), JWT_AUDIENCE_WRONG);
    assert_int_equal(t.expires_s, 42);
}

static void the_claimed_issuer_can_be_read_before_its_keys_are_known(void **state)
{
    struct str iss = STR_NONE;
    assert_int_equal(jwt_peek_issuer(token_of(HEADER, CLAIMS("")), &arena, &iss), JWT_OK);
    assert_str(iss, ISSUER);
    assert_int_equal(jwt_peek_issuer(token_of(HEADER, "{\"sub\":\"x\"}"), &arena, &iss), JWT_ISSUER_WRONG);
    assert_int_equal(jwt_peek_issuer(STR("a.b"), &arena, &iss), JWT_NOT_COMPACT);
    assert_int_equal(jwt_peek_issuer(token_of("{\"alg\":\"none\"}", CLAIMS("")), &arena, &iss), JWT_ALG_REFUSED);
}

/* --- sets of keys ------------------------------------------------------------------------------------------------- */

static enum jwt_alg alg_of_rsa(const char *alg_member, unsigned algs, bool *ret_is_usable)
{
    const char *why = NULL;
    struct jwk_set *s = NULL;
    enum jwt_alg alg = JWT_ALG_COUNT;
    bool is_ambiguous;
    char modulus[342 + 1] = {0}; /* 2^2048 - 1: 256 bytes of all bits */
    memset(modulus, '_', sizeof modulus - 1);
    modulus[341] = 'w';
    struct str text =
        arena_printf(&arena, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"%s}", modulus, alg_member);
    *ret_is_usable = jwk_set_parse(text, algs, 8, &s, &why) == 0;
    if (*ret_is_usable)
        alg = jwk_alg(jwk_set_find(s, STR_NONE, &is_ambiguous));
    jwk_set_unref(s);
    return alg;
}

static void an_rsa_key_has_one_algorithm_only(void **state)
{
    bool is_usable;
    unsigned both = JWT_ALG_BIT(JWT_RS256) | JWT_ALG_BIT(JWT_PS256);
    assert_int_equal(alg_of_rsa("", both, &is_usable), JWT_RS256);
    assert_int_equal(alg_of_rsa("", JWT_ALG_BIT(JWT_PS256), &is_usable), JWT_PS256);
    assert_int_equal(alg_of_rsa(",\"alg\":\"PS256\"", both, &is_usable), JWT_PS256);
    alg_of_rsa(",\"alg\":\"PS256\"", JWT_ALG_BIT(JWT_RS256), &is_usable);
    assert_false(is_usable);
    alg_of_rsa("", JWT_ALG_BIT(JWT_ES256), &is_usable);
    assert_false(is_usable);
}

static void a_set_lives_until_its_last_reference(void **state)
{
    bool is_ambiguous;
    struct jwk_set *second = jwk_set_ref(keys);
    jwk_set_unref(second);
    assert_int_equal(jwk_set_len(keys), 1);
    assert_int_equal(jwk_set_skipped(keys), 0);
    assert_str(jwk_kid(jwk_set_find(keys, STR("k1"), &is_ambiguous)), "k1");
    assert_non_null(jwk_set_find(keys, STR_NONE, &is_ambiguous));
    assert_null(jwk_set_find(keys, STR("k2"), &is_ambiguous));
    assert_false(is_ambiguous);
    assert_null(jwk_set_ref(NULL));
}

static void every_algorithm_has_a_name_and_is_found_by_it(void **state)
{
    enum jwt_alg found;
    for (enum jwt_alg a = 0; a < JWT_ALG_COUNT; a++) {
        assert_int_equal(jwt_alg_parse(jwt_alg_text(a), &found), 0);
        assert_int_equal(found, a);
    }
    assert_int_equal(jwt_alg_parse(STR("none"), &found), -ERR_NOT_FOUND);
    assert_int_equal(jwt_alg_parse(STR("HS256"), &found), -ERR_NOT_FOUND);
}

static void every_fault_has_a_name_of_its_own_and_a_sentence(void **state)
{
    for (enum jwt_fault f = JWT_OK + 1; f < JWT_FAULT_COUNT; f++) {
        assert_true(jwt_fault_sentence(f).n > 10);
        for (enum jwt_fault other = JWT_OK; other < f; other++)
            assert_false(str_eq(jwt_fault_text(f), jwt_fault_text(other)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verified_token_gives_its_claims),
        cmocka_unit_test(nothing_is_set_when_it_is_refused),
        cmocka_unit_test(the_claimed_issuer_can_be_read_before_its_keys_are_known),
        cmocka_unit_test(an_rsa_key_has_one_algorithm_only),
        cmocka_unit_test(a_set_lives_until_its_last_reference),
        cmocka_unit_test(every_algorithm_has_a_name_and_is_found_by_it),
        cmocka_unit_test(every_fault_has_a_name_of_its_own_and_a_sentence),
    };
    return cmocka_run_group_tests_name("crypto/jwt", tests, tokens_setup, tokens_teardown);
}
