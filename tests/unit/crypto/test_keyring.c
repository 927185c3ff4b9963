/* crypto/keyring: what was sealed opens in its place with its key, and nowhere else. */
#include "crypto/keyring.h"

#include "base/err.h"
#include "unit.h"

#define VALUE "sk_test_canary_4eC39HqLyjWDarjtT1zdp7dc"
#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define OTHER "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct seal_place place = {STR_INIT("stripe"), 3};

struct rig {
    struct keyring *keys;
    struct rng rng;
    uint8_t sealed[KEYRING_SEALED_BYTES(SECRET_BYTES_MAX) + 1];
    size_t n;
};

static void seal(struct rig *r, struct str value)
{
    keyring_seal(r->keys, &r->rng, &place, value, r->sealed);
    r->n = KEYRING_SEALED_BYTES(value.n);
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    rng_seeded_init(&r->rng, 7);
    assert_int_equal(keyring_new(STR(HEX), &r->keys), 0);
    seal(r, STR(VALUE));
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    keyring_free(r->keys);
    free(r);
    return 0;
}

static void assert_opens(const struct rig *r, const struct keyring *k, const char *want)
{
    struct secret *s = NULL;
    assert_int_equal(keyring_open(k, &place, (struct str){(char *)r->sealed, r->n}, &s), 0);
    assert_str(secret_reveal(s), want);
    secret_free(s);
}

static void assert_closed(const struct rig *r, const struct keyring *k, const struct seal_place *at, int want)
{
    struct secret *s = NULL;
    assert_int_equal(keyring_open(k, at, (struct str){(char *)r->sealed, r->n}, &s), want);
    assert_null(s);
}

static void a_sealed_value_opens_with_the_same_key_in_either_spelling(void **state)
{
    struct rig *r = *state;
    struct keyring *again;
    size_t at;
    assert_opens(r, r->keys, VALUE);
    assert_int_equal(keyring_new(STR(BASE64), &again), 0);
    assert_opens(r, again, VALUE);
    keyring_free(again);
    assert_false(str_find((struct str){(char *)r->sealed, r->n}, STR("canary"), &at));
}

static void the_same_value_is_sealed_differently_each_time(void **state)
{
    struct rig *r = *state;
    uint8_t first[sizeof r->sealed];
    memcpy(first, r->sealed, r->n);
    seal(r, STR(VALUE));
    assert_memory_equal(first, r->sealed, 1 + KEYRING_ID_BYTES);
    for (size_t at = 1 + KEYRING_ID_BYTES; at + 12 <= r->n; at += 12)
        assert_memory_not_equal(first + at, r->sealed + at, 12);
}

static void another_key_is_told_from_damage(void **state)
{
    struct rig *r = *state;
    struct keyring *other;
    assert_int_equal(keyring_new(STR(OTHER), &other), 0);
    assert_closed(r, other, &place, KEYRING_R_OTHER_KEY);
    memcpy(r->sealed + 1, "\0\0\0\0\0\0\0\0", KEYRING_ID_BYTES);
    assert_closed(r, r->keys, &place, KEYRING_R_OTHER_KEY);
    keyring_free(other);
}

static void a_value_under_another_name_or_version_stays_closed(void **state)
{
    struct rig *r = *state;
    assert_closed(r, r->keys, &(struct seal_place){STR("twilio"), 3}, -ERR_CORRUPT);
    assert_closed(r, r->keys, &(struct seal_place){STR("stripe"), 2}, -ERR_CORRUPT);
    assert_closed(r, r->keys, &(struct seal_place){STR("stripe"), 3 + (1LL << 40)}, -ERR_CORRUPT);
    assert_closed(r, r->keys, &(struct seal_place){STR("strip"), 3}, -ERR_CORRUPT);
    assert_closed(r, r->keys, &(struct seal_place){STR(""), 3}, -ERR_CORRUPT);
}

static void what_was_changed_or_cut_off_stays_closed(void **state)
{
    struct rig *r = *state;
    size_t n = r->n;
    for (size_t i = 1 + KEYRING_ID_BYTES; i < n; i++) {
        r->sealed[i] ^= 0x10;
        assert_closed(r, r->keys, &place, -ERR_CORRUPT);
        r->sealed[i] ^= 0x10;
    }
    for (r->n = 0; r->n < n; r->n++)
        assert_closed(r, r->keys, &place, -ERR_CORRUPT);
    r->n = n + 1;
    assert_closed(r, r->keys, &place, -ERR_CORRUPT);
    r->n = n;
    assert_opens(r, r->keys, VALUE);
    r->sealed[0]++;
    assert_closed(r, r->keys, &place, -ERR_UNSUPPORTED);
}

static void values_are_bounded_at_their_edge(void **state)
{
    struct rig *r = *state;
    char most[SECRET_BYTES_MAX + 1];
    memset(most, 'x', SECRET_BYTES_MAX);
    most[SECRET_BYTES_MAX] = 0;
    seal(r, str_c(most));
    assert_opens(r, r->keys, most);
    r->n++;
    assert_closed(r, r->keys, &place, -ERR_TOO_LARGE);
    seal(r, STR("x"));
    assert_opens(r, r->keys, "x");
}

static void what_is_no_key_of_32_bytes_is_refused(void **state)
{
    static const char *const texts[] = {"", "00", HEX "00", "x" HEX, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
                                        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI=",
                                        "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"};
    struct keyring *k = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(keyring_new(str_c(texts[i]), &k), -ERR_INVALID);
    assert_null(k);
    keyring_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sealed_value_opens_with_the_same_key_in_either_spelling, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_value_is_sealed_differently_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_is_told_from_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_under_another_name_or_version_stays_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_changed_or_cut_off_stays_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_bounded_at_their_edge, setup, teardown),
        cmocka_unit_test(what_is_no_key_of_32_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
