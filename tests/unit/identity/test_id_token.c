/* identity/id_token.c: which ID tokens name a person, and each reason why others do not. */
#include "tokens.h"

#include "crypto/hash.h"
#include "identity/id_token.h"

#define NOW_S 1800000000LL
#define COMMON "\"iss\":\"https://id.example\",\"sub\":\"u1\",\"exp\":1800000600"
#define MINE COMMON ",\"aud\":\"flyball\""
#define SAYS MINE ",\"iat\":1799999990,\"nonce\":\"n-1\""
#define ANN ",\"email\":\"ann@example.com\",\"email_verified\":true"

#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}"

/* "ok NAME", or why not. */
static struct str read_as(struct str token, const char *claim, const char *access_token)
{
    struct id_token_terms t = {STR("https://id.example"), STR("flyball"), str_c(claim), 60};
    struct id_token_refusal why;
    struct str name = STR_NONE;
    if (!id_token_read(&t, keys, token, STR("n-1"), str_c(access_token), NOW_S * NS_PER_S, &arena, &name, &why)) {
        assert_int_equal(name.n, 0);
        assert_true(why.sentence.n > 0);
        return why.text;
    }
    return arena_printf(&arena, "ok " STR_FMT, STR_ARG(name));
}

static struct str read_claims(const char *claims) { return read_as(token_of(HEADER, claims), "email", "at"); }

static void a_good_token_names_its_person(void **state)
{
    assert_str(read_claims("{" SAYS ANN "}"), "ok ann@example.com");
    assert_str(read_as(token_of(HEADER, "{" SAYS "}"), "sub", ""), "ok u1");
    assert_str(read_claims("{" SAYS ANN ",\"azp\":\"flyball\"}"), "ok ann@example.com");
    assert_str(read_claims("{" COMMON ",\"aud\":[\"flyball\",\"x\"],\"azp\":\"flyball\",\"iat\":1,\"nonce\":\"n-1\"" ANN
                           "}"),
               "ok ann@example.com");
    assert_str(read_claims("{" COMMON ",\"aud\":[\"flyball\"],\"iat\":1,\"nonce\":\"n-1\"" ANN "}"),
               "ok ann@example.com");
}

static void what_every_token_must_have_comes_first(void **state)
{
    assert_str(read_claims("{\"iss\":\"https://other.example\",\"sub\":\"u\",\"aud\":\"flyball\",\"exp\":1800000600}"),
               "issuer_wrong");
    assert_str(read_claims("{" COMMON ",\"aud\":\"other\"}"), "audience_wrong");
    assert_str(read_claims("{" COMMON "}"), "audience_missing");
    assert_str(read_claims("{\"iss\":\"https://id.example\",\"sub\":\"u\",\"aud\":\"flyball\",\"exp\":1700000000}"),
               "expired");
    assert_str(read_claims("{" MINE ",\"iat\":1800009999,\"nonce\":\"n-1\"" ANN "}"), "issued_later");
    assert_str(read_as(token_of("{\"alg\":\"none\"}", "{" SAYS ANN "}"), "email", ""), "alg_refused");
    assert_str(read_as(token_of("{\"alg\":\"HS256\",\"kid\":\"k1\"}", "{" SAYS ANN "}"), "email", ""), "alg_refused");
    assert_str(read_as(token_of("{\"alg\":\"ES256\",\"kid\":\"k1\"}", "{" SAYS ANN "}"), "email", ""), "alg_mismatch");
    assert_str(read_as(STR("no.token"), "email", ""), "not_compact");
    struct str other = token_of("{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", "{" SAYS ANN "}");
    assert_str(read_as(other, "email", ""), "typ_wrong");
}

static void then_what_only_an_id_token_has(void **state)
{
    assert_str(read_claims("{" MINE ",\"iat\":1" ANN "}"), "nonce_wrong");
    assert_str(read_claims("{" MINE ",\"iat\":1,\"nonce\":\"n-2\"" ANN "}"), "nonce_wrong");
    assert_str(read_claims("{" MINE ",\"iat\":1,\"nonce\":\"n-11\"" ANN "}"), "nonce_wrong");
    assert_str(read_claims("{" MINE ",\"iat\":1,\"nonce\":[\"n-1\"]" ANN "}"), "nonce_wrong");
    assert_str(read_claims("{" SAYS ANN ",\"azp\":\"other\"}"), "party_wrong");
    assert_str(read_claims("{" COMMON ",\"aud\":[\"flyball\",\"x\"],\"iat\":1,\"nonce\":\"n-1\"" ANN "}"),
               "party_missing");
    assert_str(read_claims("{" MINE ",\"nonce\":\"n-1\"" ANN "}"), "issued_missing");
}

static void a_hash_beside_it_is_that_of_the_access_token(void **state)
{
    uint8_t digest[SHA256_BYTES];
    sha256(STR("at"), digest);
    struct str half = url((struct str){(const char *)digest, 16}), whole = url((struct str){(const char *)digest, 32});
    struct str good = arena_printf(&arena, "{" SAYS ANN ",\"at_hash\":\"" STR_FMT "\"}", STR_ARG(half));
    struct str bad = arena_printf(&arena, "{" SAYS ANN ",\"at_hash\":\"" STR_FMT "\"}", STR_ARG(whole));
    assert_str(read_claims(good.p), "ok ann@example.com");
    assert_str(read_claims(bad.p), "hash_wrong");
    assert_str(read_as(token_of(HEADER, good.p), "email", "another"), "hash_wrong");
    assert_str(read_as(token_of(HEADER, good.p), "email", ""), "hash_wrong");
}

static void an_email_counts_when_the_provider_verified_it(void **state)
{
    assert_str(read_claims("{" SAYS "}"), "claim_missing");
    assert_str(read_claims("{" SAYS ",\"email\":7,\"email_verified\":true}"), "claim_missing");
    assert_str(read_claims("{" SAYS ",\"email\":\"ann@example.com\"}"), "email_unverified");
    assert_str(read_claims("{" SAYS ",\"email\":\"ann@example.com\",\"email_verified\":false}"), "email_unverified");
    assert_str(read_claims("{" SAYS ",\"email\":\"ann@example.com\",\"email_verified\":\"true\"}"), "email_unverified");
    assert_str(read_as(token_of(HEADER, "{" SAYS ",\"login\":\"ann\"}"), "login", ""), "ok ann");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_names_its_person),
        cmocka_unit_test(what_every_token_must_have_comes_first),
        cmocka_unit_test(then_what_only_an_id_token_has),
        cmocka_unit_test(a_hash_beside_it_is_that_of_the_access_token),
        cmocka_unit_test(an_email_counts_when_the_provider_verified_it),
    };
    return cmocka_run_group_tests_name("identity/id_token", tests, tokens_setup, tokens_teardown);
}
