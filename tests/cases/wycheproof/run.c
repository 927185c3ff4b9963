/*
 * tests/cases/wycheproof/run.c - runs the vectors: run FOLDER N_LEAST. Exit 1 when one is taken for what it is not, or
 * when there are fewer than N_LEAST.
 *
 * Files of raw signatures are verified with the key alone (crypto/jwk.h). Those of tokens go through crypto/jws.h with
 * the public half of the key where there is one; what is valid with HMAC, with encryption, or with an algorithm that is
 * not known here is expected to be refused, as is everything that is marked invalid.
 */
#include "codec/b64.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "crypto/jws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1 << 20)
#define TEXT_BYTES_MAX 65536

struct tally {
    size_t n, n_valid, n_bad;
    const char *file;
};

static struct str text_of(struct json o, const char *name)
{
    struct str s = STR_NONE;
    (void)json_str(json_get(o, str_c(name)), &s);
    return s;
}

/* What is expected against what came. `acceptable` may be either. */
static void judge(struct tally *t, struct json test, bool is_refused_here, bool is_good)
{
    struct str result = text_of(test, "result"), comment = text_of(test, "comment");
    int64_t id = 0;
    bool want = str_eq(result, STR("valid")) && !is_refused_here;
    t->n++;
    t->n_valid += is_good;
    if (is_good == want || (str_eq(result, STR("acceptable")) && !is_refused_here))
        return;
    (void)json_i64(json_get(test, STR("tcId")), &id);
    printf("%s: %lld (" STR_FMT "): " STR_FMT ", and was %s\n", t->file, (long long)id, STR_ARG(comment),
           STR_ARG(result), is_good ? "accepted" : "refused");
    t->n_bad++;
}

static struct jwk_set *set_of(struct json key, const char **ret_why)
{
    struct buf text;
    struct json_writer w;
    struct jwk_set *s = NULL;
    buf_init(&text, TEXT_BYTES_MAX);
    jw_init(&w, &text);
    jw_json(&w, key);
    if (jwk_set_parse(buf_str(&text), JWT_ALGS_ALL, 64, &s, ret_why) < 0)
        s = NULL;
    buf_deinit(&text);
    return s;
}

/* A JWK of a point in hexadecimal, 04 x y: of groups that bring no JWK. */
static struct jwk_set *set_of_point(struct str hex, const char **ret_why)
{
    uint8_t point[65];
    char text[256], x[B64URL_SIZE(32)], y[B64URL_SIZE(32)];
    struct jwk_set *s = NULL;
    if (hex.n != 2 * sizeof point || hex_decode(hex, point, sizeof point) < 0)
        return NULL;
    struct str xs = b64url_encode((struct str){(char *)point + 1, 32}, x);
    struct str ys = b64url_encode((struct str){(char *)point + 33, 32}, y);
    int n = snprintf(text, sizeof text,
                     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" STR_FMT "\",\"y\":\"" STR_FMT "\"}",
                     STR_ARG(xs), STR_ARG(ys));
    return jwk_set_parse((struct str){text, (size_t)n}, JWT_ALGS_ALL, 1, &s, ret_why) < 0 ? NULL : s;
}

/* --- raw signatures ----------------------------------------------------------------------------------------------- */

static struct json jwk_of(struct json group)
{
    struct json key = json_get(group, STR("publicKeyJwk"));
    return json_type(key) == JSON_OBJECT ? key : json_get(group, STR("keyJwk"));
}

static struct str bytes_of(struct json test, const char *name, char *out)
{
    struct str hex = text_of(test, name);
    if (hex.n / 2 > TEXT_BYTES_MAX || hex_decode(hex, (uint8_t *)out, hex.n / 2) < 0)
        return STR_NONE;
    return (struct str){out, hex.n / 2};
}

static void run_raw(struct tally *t, struct json group)
{
    static char message[TEXT_BYTES_MAX], signature[TEXT_BYTES_MAX];
    const char *why = "";
    bool is_ambiguous;
    struct json test;
    struct json key = jwk_of(group);
    struct jwk_set *keys = json_type(key) == JSON_OBJECT
                               ? set_of(key, &why)
                               : set_of_point(text_of(json_get(group, STR("publicKey")), "uncompressed"), &why);
    const struct jwk *k = keys ? jwk_set_find(keys, STR_NONE, &is_ambiguous) : NULL;
    for (struct json_iter it = json_each(json_get(group, STR("tests"))); json_next(&it, NULL, &test);)
        judge(t, test, false,
              k && jwk_verify(k, bytes_of(test, "msg", message), bytes_of(test, "sig", signature)));
    jwk_set_unref(keys);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/* Of a key, or a set that begins with one, that this program verifies with, by its alg; symmetric ones are not. */
static bool is_ours(struct json key)
{
    enum jwt_alg alg;
    struct json first = json_at(json_get(key, STR("keys")), 0);
    return jwt_alg_parse(text_of(json_type(first) == JSON_OBJECT ? first : key, "alg"), &alg) == 0;
}

/* Two vectors from RFC 7520 say PS384 in the token and PS256 in the key; here the key decides (RFC 8725 3.1). */
static bool names_another_alg(const struct tally *t, struct json test)
{
    int64_t id = 0;
    return strcmp(t->file, "json_web_signature_test.json") == 0 && json_i64(json_get(test, STR("tcId")), &id) &&
           (id == 346 || id == 350);
}

static bool is_accepted(struct str token, const struct jwk_set *keys)
{
    struct arena a;
    struct jws j;
    arena_init(&a, 1 << 20);
    bool is_good = keys && jws_split(token, &a, &j) == JWT_OK && jws_verify(&j, keys) == JWT_OK;
    arena_deinit(&a);
    return is_good;
}

static void run_tokens(struct tally *t, struct json group)
{
    const char *why = "";
    struct json test, key = json_get(group, STR("public"));
    if (json_type(key) != JSON_OBJECT)
        key = json_get(group, STR("private"));
    struct jwk_set *keys = set_of(key, &why);
    for (struct json_iter it = json_each(json_get(group, STR("tests"))); json_next(&it, NULL, &test);) {
        struct str token = text_of(test, "jws");
        judge(t, test, !is_ours(key) || names_another_alg(t, test),
              is_accepted(token.n ? token : text_of(test, "jwe"), keys));
    }
    jwk_set_unref(keys);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void run_groups(struct tally *t, struct str text)
{
    struct arena a;
    struct json root, group;
    arena_init(&a, 64 << 20);
    if (json_parse(&a, text, 16, &root) < 0) {
        printf("%s: not JSON\n", t->file);
        t->n_bad++;
    }
    for (struct json_iter it = json_each(json_get(root, STR("testGroups"))); json_next(&it, NULL, &group);)
        if (str_starts(text_of(group, "type"), STR("JsonWeb")))
            run_tokens(t, group);
        else
            run_raw(t, group);
    arena_deinit(&a);
}

static void run_file(struct tally *t, const char *folder, const char *file)
{
    static char text[FILE_BYTES_MAX], path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    t->file = file;
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    if (!f || n == 0 || n == sizeof text) {
        printf("%s: cannot be read\n", path);
        t->n_bad++;
    } else {
        run_groups(t, (struct str){text, n});
    }
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    static const char *const files[] = {
        "ecdsa_secp256r1_sha256_p1363_test.json", "ed25519_test.json",         "rsa_signature_2048_sha256_test.json",
        "rsa_pss_2048_sha256_mgf1_32_test.json",  "json_web_crypto_test.json", "json_web_key_test.json",
        "json_web_signature_test.json"};
    struct tally t = {0};
    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        run_file(&t, argv[1], files[i]);
    printf("%zu vectors, %zu accepted, %zu wrong\n", t.n, t.n_valid, t.n_bad);
    return t.n_bad || t.n < (size_t)atoi(argv[2]);
}
