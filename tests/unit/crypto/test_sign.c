/*
 * tests/unit/crypto/test_sign.c - Ed25519 against the vectors of RFC 8032 7.1, and against every changed bit.
 */
#include "unit.h"

#include "codec/hex.h"
#include "crypto/sign.h"

#include <string.h>

static const struct {
    const char *seed, *public_key, *text, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
     "655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
     "b00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
     "c027beceea1ec40a"},
};

static void bytes(const char *hex, uint8_t *out) { assert_int_equal(hex_decode(str_c(hex), out, strlen(hex) / 2), 0); }

static void the_vectors_of_the_rfc_hold(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t seed[32], pub[32], want_pub[32], text[4], sig[64], want[64];
        struct str t = {(const char *)text, strlen(vectors[i].text) / 2};
        bytes(vectors[i].seed, seed);
        bytes(vectors[i].public_key, want_pub);
        bytes(vectors[i].text, text);
        bytes(vectors[i].signature, want);
        struct sign_key *k = sign_key_new(seed);
        sign_key_public(k, pub);
        sign(k, t, sig);
        assert_memory_equal(pub, want_pub, 32);
        assert_memory_equal(sig, want, 64);
        assert_true(sign_verify(pub, t, sig));
        sign_key_free(k);
    }
}

static void any_changed_bit_is_found(void **state)
{
    uint8_t seed[32] = {7}, pub[32], sig[64];
    char text[] = "checkpoint 7";
    struct sign_key *k = sign_key_new(seed);
    struct str t = {text, sizeof text - 1};
    sign_key_public(k, pub);
    sign(k, t, sig);
    for (size_t bit = 0; bit < 64 * 8; bit++) {
        sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(sign_verify(pub, t, sig));
        sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t i = 0; i < t.n; i++) {
        text[i] ^= 1;
        assert_false(sign_verify(pub, t, sig));
        text[i] ^= 1;
    }
    pub[0] ^= 1;
    assert_false(sign_verify(pub, t, sig));
    sign_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(any_changed_bit_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
