/*
 * tests/unit/identity/test_token.c - what a verified token means: for whom, through whom, and whose key it goes with.
 */
#include "unit.h"

#include "codec/b64.h"
#include "crypto/sign.h"
#include "identity/token.h"

#define NOW (1800000000LL * NS_PER_S)

static struct arena arena;
static struct sign_key *signer;
static struct jwk_set *keys;

static struct str url(struct str s) { return b64url_encode(s, arena_alloc(&arena, B64URL_SIZE(s.n) + 1)); }

static int setup(void **state)
{
    uint8_t seed[SIGN_SEED_BYTES] = {9}, pub[SIGN_PUBLIC_BYTES];
    const char *why;
    arena_init(&arena, 4 << 20);
    signer = sign_key_new(seed);
    sign_key_public(signer, pub);
    struct str text = arena_printf(&arena, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" STR_FMT "\"}",
                                   STR_ARG(url((struct str){(const char *)pub, sizeof pub})));
    assert_int_equal(jwk_set_parse(text, JWT_ALGS_ALL, 8, &keys, &why), 0);
    return 0;
}

static int teardown(void **state)
{
    jwk_set_unref(keys);
    sign_key_free(signer);
    arena_deinit(&arena);
    return 0;
}

/* A token with these claims behind the usual ones. */
static struct str token_of(const char *more)
{
    uint8_t signature[SIGN_BYTES];
    struct str claims =
        arena_printf(&arena, "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1800000300,\"iat\":1800000000%s}", more);
    struct str text = arena_printf(&arena, STR_FMT "." STR_FMT, STR_ARG(url(STR("{\"alg\":\"EdDSA\"}"))),
                                   STR_ARG(url(claims)));
    sign(signer, text, signature);
    return arena_printf(&arena, STR_FMT "." STR_FMT, STR_ARG(text),
                        STR_ARG(url((struct str){(const char *)signature, sizeof signature})));
}

static const struct token_terms terms = {.name = STR_INIT("idp"),
                                         .issuer = STR_INIT("i"),
                                         .audience = STR_INIT("a"),
                                         .claim_user = STR_INIT("sub"),
                                         .age_s_max = 3600,
                                         .actors_max = 3};

static struct proven proven_by(const struct token_terms *t, const char *more)
{
    struct proven p;
    enum jwt_fault jwt;
    enum token_fault fault;
    assert_true(token_read(t, keys, token_of(more), NOW, &arena, &p, &jwt, &fault));
    return p;
}

static void a_delegated_token_names_user_and_agents(void **state)
{
    struct proven p = proven_by(
        &terms, ",\"sub\":\"ann\",\"jti\":\"7\",\"act\":{\"sub\":\"bot\",\"act\":{\"sub\":\"planner\"}}");
    assert_str(p.issuer, "idp");
    assert_str(p.user, "ann");
    assert_str(p.id, "7");
    assert_int_equal(p.n_agents, 2);
    assert_str(p.agents[0], "bot");
    assert_int_equal(token_agrees(&p, STR("bot"), STR_NONE), TOKEN_OK);
    assert_int_equal(token_agrees(&p, STR("planner"), STR_NONE), TOKEN_OK);
    assert_int_equal(token_agrees(&p, STR("mallory"), STR_NONE), TOKEN_AGENT_OTHER);
}

static void a_token_without_agents_goes_with_any_key_for_its_user(void **state)
{
    struct proven p = proven_by(&terms, ",\"sub\":\"ann\"");
    assert_int_equal(p.n_agents, 0);
    assert_int_equal(token_agrees(&p, STR("bot"), STR_NONE), TOKEN_OK);
    assert_str(p.user, "ann");
}

static void an_agents_own_token_has_no_user(void **state)
{
    struct proven p = proven_by(&terms, ",\"sub\":\"bot\"");
    assert_int_equal(token_agrees(&p, STR("bot"), STR_NONE), TOKEN_OK);
    assert_int_equal(p.user.n, 0);
    p = proven_by(&terms, ",\"sub\":\"bot\",\"sub_profile\":\"ai_agent\"");
    assert_int_equal(p.user.n, 0);
    assert_int_equal(token_agrees(&p, STR("other"), STR_NONE), TOKEN_AGENT_OTHER);
}

static void claims_go_where_the_config_says(void **state)
{
    struct token_terms t = terms;
    t.claim_user = STR("email");
    t.claim_tenant = STR("org");
    t.claim_customer = STR("cus");
    t.claim_agent = STR("azp");
    struct proven p =
        proven_by(&t, ",\"sub\":\"1\",\"email\":\"ann@x\",\"org\":\"acme\",\"cus\":\"cus_1\",\"azp\":\"bot\","
                      "\"act\":{\"sub\":\"bot\"}");
    assert_str(p.user, "ann@x");
    assert_str(p.tenant, "acme");
    assert_str(p.customer, "cus_1");
    assert_int_equal(p.n_agents, 1); /* named twice, there once */
}

static void a_claim_that_is_wanted_must_be_there(void **state)
{
    struct token_terms t = terms;
    struct proven p;
    enum jwt_fault jwt;
    enum token_fault fault;
    t.claim_customer = STR("cus");
    assert_false(token_read(&t, keys, token_of(",\"sub\":\"ann\""), NOW, &arena, &p, &jwt, &fault));
    assert_int_equal(jwt, JWT_OK);
    assert_int_equal(fault, TOKEN_CLAIM_MISSING);
    assert_false(token_read(&t, keys, token_of(",\"sub\":\"ann\",\"cus\":7"), NOW, &arena, &p, &jwt, &fault));
    assert_int_equal(fault, TOKEN_CLAIM_MISSING);
}

static void a_tenant_has_the_form_of_a_keys(void **state)
{
    static const struct {
        const char *tenant;
        bool is_good;
    } cases[] = {{"acme/eu-1", true}, {"acme eu", false}, {"\\u00e9", false}};
    struct token_terms t = terms;
    struct proven p;
    enum jwt_fault jwt;
    enum token_fault fault;
    char name[129 + 1] = {0};
    t.claim_tenant = STR("org");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str more = arena_printf(&arena, ",\"sub\":\"ann\",\"org\":\"%s\"", cases[i].tenant);
        assert_int_equal(token_read(&t, keys, token_of(more.p), NOW, &arena, &p, &jwt, &fault), cases[i].is_good);
        assert_int_equal(fault, cases[i].is_good ? TOKEN_OK : TOKEN_TENANT_INVALID);
    }
    for (size_t n = 128; n <= 129; n++) {
        memset(name, 'a', n);
        struct str more = arena_printf(&arena, ",\"sub\":\"ann\",\"org\":\"%s\"", name);
        assert_int_equal(token_read(&t, keys, token_of(more.p), NOW, &arena, &p, &jwt, &fault), n == 128);
    }
}

static void what_the_token_itself_lacks_comes_first(void **state)
{
    struct proven p;
    enum jwt_fault jwt;
    enum token_fault fault;
    assert_false(token_read(&terms, keys, token_of(""), NOW, &arena, &p, &jwt, &fault));
    assert_int_equal(jwt, JWT_SUBJECT_MISSING);
    assert_false(token_read(&terms, keys, token_of(",\"sub\":\"a\""), NOW + 301 * NS_PER_S, &arena, &p, &jwt, &fault));
    assert_int_equal(jwt, JWT_EXPIRED);
}

static void two_tenants_must_be_the_same(void **state)
{
    struct token_terms t = terms;
    t.claim_tenant = STR("org");
    struct proven p = proven_by(&t, ",\"sub\":\"ann\",\"org\":\"acme\"");
    assert_int_equal(token_agrees(&p, STR("bot"), STR("acme")), TOKEN_OK);
    assert_int_equal(token_agrees(&p, STR("bot"), STR_NONE), TOKEN_OK);
    assert_int_equal(token_agrees(&p, STR("bot"), STR("globex")), TOKEN_TENANT_OTHER);
}

static void every_fault_has_a_name_of_its_own_and_a_sentence(void **state)
{
    for (enum token_fault f = TOKEN_OK + 1; f < TOKEN_FAULT_COUNT; f++) {
        assert_true(token_refusal_of(f).sentence.n > 10);
        for (enum jwt_fault j = JWT_OK; j < JWT_FAULT_COUNT; j++)
            assert_false(str_eq(token_refusal_of(f).text, token_refusal_of_jwt(j).text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delegated_token_names_user_and_agents),
        cmocka_unit_test(a_token_without_agents_goes_with_any_key_for_its_user),
        cmocka_unit_test(an_agents_own_token_has_no_user),
        cmocka_unit_test(claims_go_where_the_config_says),
        cmocka_unit_test(a_claim_that_is_wanted_must_be_there),
        cmocka_unit_test(a_tenant_has_the_form_of_a_keys),
        cmocka_unit_test(what_the_token_itself_lacks_comes_first),
        cmocka_unit_test(two_tenants_must_be_the_same),
        cmocka_unit_test(every_fault_has_a_name_of_its_own_and_a_sentence),
    };
    return cmocka_run_group_tests_name("identity/token", tests, setup, teardown);
}
