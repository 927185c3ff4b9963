/*
 * tests/fuzz/fuzz_jwt.c - a token, and a set of keys: both from strangers. Whatever the bytes, no token is accepted
 * (nobody has the keys), every fault has its sentence, and a set that is accepted finds its key again.
 */
#include "crypto/jwt.h"
#include "fuzz.h"

static const char keys_text[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"ec\",\"x\":\"KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg\","
    "\"y\":\"x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\","
    "\"x\":\"fU0Of2FTpptiQrUiq77mhf2kQg-INLEIw72uNp71Sfo\"}]}";

static void token(struct str s, const struct jwk_set *keys)
{
    struct jwt_expect e = {.issuer = STR("i"), .audience = STR("a"), .actors_max = 3, .now = NS_PER_S};
    struct arena a;
    struct jwt t;
    struct str iss = STR_NONE;
    arena_init(&a, 4 << 20);
    enum jwt_fault f = jwt_verify(s, keys, &e, &a, &t);
    fuzz_check(f > JWT_OK && f < JWT_FAULT_COUNT && jwt_fault_sentence(f).n > 0);
    if (jwt_peek_issuer(s, &a, &iss) == JWT_OK)
        fuzz_check(iss.n > 0 && iss.n <= JWT_TEXT_BYTES_MAX);
    arena_deinit(&a);
}

static void set(struct str s)
{
    struct jwk_set *keys = NULL;
    const char *why = NULL;
    bool is_ambiguous;
    int r = jwk_set_parse(s, JWT_ALGS_ALL, 8, &keys, &why);
    fuzz_check((r == 0) == (keys != NULL) && (r == 0 || why != NULL));
    if (r == 0) {
        const struct jwk *k = jwk_set_find(keys, STR_NONE, &is_ambiguous);
        fuzz_check((k != NULL) == (jwk_set_len(keys) == 1) && is_ambiguous == (jwk_set_len(keys) > 1));
        if (k && jwk_kid(k).n)
            fuzz_check(jwk_set_find(keys, jwk_kid(k), &is_ambiguous) == k);
    }
    jwk_set_unref(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jwk_set *keys = NULL;
    const char *why;
    if (n > 65536)
        return 0;
    fuzz_check(jwk_set_parse((struct str){keys_text, sizeof keys_text - 1}, JWT_ALGS_ALL, 8, &keys, &why) == 0);
    token(fuzz_str(data, n), keys);
    set(fuzz_str(data, n));
    jwk_set_unref(keys);
    return 0;
}
