/* identity/key: one fixed key computed elsewhere, minted ones, and everything that is nearly a key. */
#include "identity/key.h"

#include "base/err.h"
#include "codec/hex.h"
#include "unit.h"

/* The check and the hash of this key were computed with zlib.crc32 and hashlib. */
#define KEY "fb_live_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN"
#define KEY_HASH "5b170ebc808f51ed2a8bbed56352659c0f60e8bd5a3c9153d647fbe0a117efe3"

static void a_known_key_is_read_and_hashed(void **state)
{
    struct key_presented k;
    uint8_t hash[KEY_HASH_BYTES];
    char hex[2 * KEY_HASH_BYTES];
    assert_int_equal(key_parse(STR(KEY), &k), 0);
    assert_str(k.key, KEY);
    assert_str(k.id, "a1B2c3D4e5");
    assert_int_equal(k.mode, MODE_LIVE);
    assert_int_equal(k.run_id.n, 0);
    key_hash(k.key, hash);
    assert_str(hex_encode(hash, sizeof hash, hex), KEY_HASH);
}

static void decoration_in_front_changes_nothing(void **state)
{
    static const char *const forms[] = {"sk_live_" KEY, "sk_test_" KEY, "sk-ant-" KEY,
                                        "re_" KEY,      "sk-proj-" KEY, "AC" KEY};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct key_presented k;
        assert_int_equal(key_parse(str_c(forms[i]), &k), 0);
        assert_str(k.key, KEY);
        assert_int_equal(k.dress.n + k.key.n, strlen(forms[i]));
        assert_ptr_equal(k.dress.p, forms[i]);
    }
    struct key_presented k = {.mode = MODE_ANY};
    assert_int_equal(key_parse(STR("sk live " KEY), &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" KEY), &k),
                     -ERR_INVALID);
    assert_int_equal(k.mode, MODE_ANY);
    assert_int_equal(key_parse(STR("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" KEY), &k), 0);
}

static void a_run_suffix_is_cut_off(void **state)
{
    struct key_presented k;
    assert_int_equal(key_parse(STR("sk_live_" KEY ".run_job-7:a.b"), &k), 0);
    assert_str(k.key, KEY);
    assert_str(k.run_id, "job-7:a.b");
    assert_int_equal(key_parse(STR(KEY ".run_"), &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR(KEY ".run_a b"), &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR(KEY ".job"), &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR(KEY "x"), &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR(KEY "."), &k), -ERR_INVALID);
}

static void every_single_mistyped_character_is_found(void **state)
{
    char text[] = KEY;
    struct key_presented k;
    for (size_t i = 0; i < sizeof KEY - 1; i++) {
        char was = text[i];
        text[i] = was == 'x' ? 'y' : 'x';
        assert_int_equal(key_parse(str_c(text), &k), -ERR_INVALID);
        text[i] = was;
    }
    for (size_t n = 0; n < sizeof KEY - 1; n++)
        assert_int_equal(key_parse((struct str){text, n}, &k), -ERR_INVALID);
    assert_int_equal(key_parse(str_c(text), &k), 0);
}

static void other_tokens_are_no_keys(void **state)
{
    static const char *const tokens[] = {
        "", "fb_", "sk_live_51H8abc", "fb_any_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN",
        "FB_live_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN",
        "fb_live_a1B2c3D4e5-0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN",
        "fb_live_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRST V07aCGN",
        "fb_live_a1B2c3D4\xc3\xa9_0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct key_presented k;
        assert_int_equal(key_parse(str_c(tokens[i]), &k), -ERR_INVALID);
    }
    struct key_presented k;
    assert_int_equal(key_parse(STR_NONE, &k), -ERR_INVALID);
    assert_int_equal(key_parse(STR("fb_live_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRSTU\0007aCGN0"), &k), -ERR_INVALID);
}

static void minted_keys_read_back_and_differ(void **state)
{
    struct rng r;
    rng_seeded_init(&r, 3);
    char ids[200][KEY_ID_CHARS + 1];
    for (int i = 0; i < 200; i++) {
        struct key_text t;
        struct key_presented k;
        uint8_t hash[KEY_HASH_BYTES];
        key_mint(i % 2 ? MODE_LIVE : MODE_TEST, &r, &t);
        assert_int_equal(key_parse(str_c(t.text), &k), 0);
        assert_str(k.id, t.id);
        assert_int_equal(k.mode, i % 2 ? MODE_LIVE : MODE_TEST);
        key_hash(k.key, hash);
        assert_memory_equal(hash, t.hash, sizeof hash);
        memcpy(ids[i], t.id, sizeof t.id);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
}

static void mint_any(void *p)
{
    struct rng r;
    struct key_text t;
    rng_seeded_init(&r, 3);
    key_mint(MODE_ANY, &r, &t);
}

static void a_key_has_a_mode_of_its_own(void **state)
{
    assert_true(unit_aborts(mint_any, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_key_is_read_and_hashed),
        cmocka_unit_test(decoration_in_front_changes_nothing),
        cmocka_unit_test(a_run_suffix_is_cut_off),
        cmocka_unit_test(every_single_mistyped_character_is_found),
        cmocka_unit_test(other_tokens_are_no_keys),
        cmocka_unit_test(minted_keys_read_back_and_differ),
        cmocka_unit_test(a_key_has_a_mode_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
