/*
 * tests/unit/proxy/test_tokens.c - what is remembered of tokens: verified ones, used ones, and the keys of an issuer.
 */
#include "unit.h"

#include "proxy/issuer_keys.h"
#include "proxy/token_cache.h"
#include "proxy/token_used.h"

#define KEYS "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"fU0Of2FTpptiQrUiq77mhf2kQg-INLEIw72uNp71Sfo\"}"

static struct jwk_set *keys_new(void)
{
    struct jwk_set *s;
    const char *why;
    assert_int_equal(jwk_set_parse(STR(KEYS), JWT_ALGS_ALL, 1, &s, &why), 0);
    return s;
}

static const uint8_t *digest(int i)
{
    static uint8_t d[SHA256_BYTES];
    sha256((struct str){(const char *)&i, sizeof i}, d);
    return d;
}

static const struct proven ann = {.issuer = STR_INIT("idp"),
                                  .user = STR_INIT("ann"),
                                  .agents = {STR_INIT("bot"), STR_INIT("planner")},
                                  .n_agents = 2};

static bool knows(struct token_cache *c, int i, wall_t now)
{
    struct arena a;
    struct proven p;
    arena_init(&a, 65536);
    struct jwk_set *keys = token_cache_get(c, digest(i), now, &a, &p);
    if (keys) {
        assert_str(p.user, "ann");
        assert_str(p.agents[1], "planner");
        assert_int_equal(p.tenant.n, 0);
    }
    jwk_set_unref(keys);
    arena_deinit(&a);
    return keys != NULL;
}

static void a_verified_token_is_known_until_it_expires(void **state)
{
    struct jwk_set *keys = keys_new();
    struct token_cache *c = token_cache_new(2);
    token_cache_put(c, digest(1), keys, 100, &ann);
    jwk_set_unref(keys); /* the entry keeps its own */
    assert_true(knows(c, 1, 99));
    assert_false(knows(c, 1, 100));
    assert_false(knows(c, 2, 99));
    token_cache_free(c);
}

static void the_token_that_was_used_longest_ago_goes_first(void **state)
{
    struct jwk_set *keys = keys_new();
    struct token_cache *c = token_cache_new(2);
    token_cache_put(c, digest(1), keys, 100, &ann);
    token_cache_put(c, digest(2), keys, 100, &ann);
    assert_true(knows(c, 1, 0)); /* so 2 is the older one */
    token_cache_put(c, digest(3), keys, 100, &ann);
    assert_true(knows(c, 1, 0));
    assert_false(knows(c, 2, 0));
    assert_true(knows(c, 3, 0));
    token_cache_put(c, digest(3), keys, 200, &ann); /* again: takes no other's place */
    assert_true(knows(c, 1, 0));
    assert_true(knows(c, 3, 150));
    token_cache_free(c);
    jwk_set_unref(keys);
}

static void a_cache_of_none_remembers_nothing(void **state)
{
    struct jwk_set *keys = keys_new();
    struct token_cache *c = token_cache_new(0);
    token_cache_put(c, digest(1), keys, 100, &ann);
    assert_false(knows(c, 1, 0));
    token_cache_free(c);
    jwk_set_unref(keys);
}

static void a_token_is_used_once(void **state)
{
    struct token_used *u = token_used_new(2);
    assert_int_equal(token_used_add(u, digest(1), 100 * NS_PER_S, 0), 0);
    assert_int_equal(token_used_add(u, digest(1), 100 * NS_PER_S, 99 * NS_PER_S), TOKEN_USED_R_REPLAYED);
    token_used_free(u);
}

static void at_the_maximum_used_tokens_are_kept_and_new_ones_wait(void **state)
{
    struct token_used *u = token_used_new(2);
    assert_int_equal(token_used_add(u, digest(1), 100 * NS_PER_S, 50 * NS_PER_S), 0);
    assert_int_equal(token_used_add(u, digest(2), 200 * NS_PER_S, 50 * NS_PER_S), 0);
    assert_int_equal(token_used_add(u, digest(3), 200 * NS_PER_S, 60 * NS_PER_S), TOKEN_USED_R_FULL);
    assert_int_equal(token_used_add(u, digest(1), 100 * NS_PER_S, 70 * NS_PER_S), TOKEN_USED_R_REPLAYED);
    assert_int_equal(token_used_add(u, digest(3), 200 * NS_PER_S, 100 * NS_PER_S), 0); /* the first has expired */
    assert_int_equal(token_used_add(u, digest(2), 200 * NS_PER_S, 101 * NS_PER_S), TOKEN_USED_R_REPLAYED);
    token_used_free(u);
}

/* --- keys of an issuer -------------------------------------------------------------------------------------------- */

static bool has_keys(struct issuer_keys *k, wall_t now)
{
    struct jwk_set *s = issuer_keys_take(k, now);
    jwk_set_unref(s);
    return s != NULL;
}

static void keys_that_cannot_be_renewed_get_stale(void **state)
{
    struct issuer_keys *k = issuer_keys_new(1000);
    assert_false(has_keys(k, 0));
    issuer_keys_put(k, keys_new(), 0, false);
    assert_true(has_keys(k, NS_PER_S - 1));
    assert_false(has_keys(k, NS_PER_S));
    issuer_keys_renew(k, NS_PER_S);
    assert_true(has_keys(k, NS_PER_S));
    issuer_keys_put(k, keys_new(), 0, true); /* from a file */
    assert_true(has_keys(k, 1000 * NS_PER_S));
    issuer_keys_free(k);
}

struct counting_box {
    struct post_box box;
    int n;
};
static void count(struct post_box *box, struct post p) { ((struct counting_box *)(void *)box)->n++; }
static void nothing(void *ctx) { (void)ctx; }

static void who_wants_keys_wakes_the_fetcher_once(void **state)
{
    struct counting_box b = {.box = {.send = count}};
    struct issuer_keys *k = issuer_keys_new(1000);
    issuer_keys_want(k); /* nobody fetches */
    issuer_keys_on_want(k, &b.box, (struct post){nothing, NULL});
    issuer_keys_want(k);
    issuer_keys_want(k);
    assert_int_equal(b.n, 1);
    issuer_keys_asked(k);
    issuer_keys_want(k);
    assert_int_equal(b.n, 2);
    issuer_keys_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verified_token_is_known_until_it_expires),
        cmocka_unit_test(the_token_that_was_used_longest_ago_goes_first),
        cmocka_unit_test(a_cache_of_none_remembers_nothing),
        cmocka_unit_test(a_token_is_used_once),
        cmocka_unit_test(at_the_maximum_used_tokens_are_kept_and_new_ones_wait),
        cmocka_unit_test(keys_that_cannot_be_renewed_get_stale),
        cmocka_unit_test(who_wants_keys_wakes_the_fetcher_once),
    };
    return cmocka_run_group_tests_name("proxy/tokens", tests, NULL, NULL);
}
