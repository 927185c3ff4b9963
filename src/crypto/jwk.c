/*
 * crypto/jwk.c - sets of keys: which of their keys can be used, and finding one.
 */
#include "crypto/jwk_impl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define JSON_BYTES_PER_BYTE 30 /* json_read.h */
#define DEPTH_MAX 8

struct jwk_set {
    atomic_uint n_refs;
    size_t n, n_skipped;
    struct jwk keys[];
};

static const struct alg_row {
    struct str text, second, kty, crv;
} alg_rows[JWT_ALG_COUNT] = {
#define JWT_ALG(name, text, kty, crv, second) {STR_INIT(text), STR_INIT(second), STR_INIT(kty), STR_INIT(crv)},
#include "crypto/jwt_alg.tbl.h"
#undef JWT_ALG
};

struct str jwt_alg_text(enum jwt_alg a)
{
    check(a < JWT_ALG_COUNT);
    return alg_rows[a].text;
}

int jwt_alg_parse(struct str s, enum jwt_alg *ret)
{
    for (enum jwt_alg a = 0; a < JWT_ALG_COUNT; a++) {
        if (!str_eq(s, alg_rows[a].text) && !str_eq(s, alg_rows[a].second))
            continue;
        *ret = a;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

/* --- one key ------------------------------------------------------------------------------------------------------ */

/* Members that only a secret has: RFC 7518 6.2.2, 6.3.2, 6.4. */
static bool shows_secret(struct json o)
{
    static const struct str names[] = {STR_INIT("d"),  STR_INIT("k"),  STR_INIT("p"),  STR_INIT("q"),
                                       STR_INIT("dp"), STR_INIT("dq"), STR_INIT("qi"), STR_INIT("oth")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_type(json_get(o, names[i])) != JSON_NONE)
            return true;
    return false;
}

/* `use` is sig and `key_ops` has verify, where they are there. */
static bool is_for_signatures(struct json o)
{
    struct json use = json_get(o, STR("use")), ops = json_get(o, STR("key_ops")), op;
    struct str s;
    if (json_type(use) != JSON_NONE && !(json_str(use, &s) && str_eq(s, STR("sig"))))
        return false;
    if (json_type(ops) == JSON_NONE)
        return true;
    for (struct json_iter it = json_each(ops); json_next(&it, NULL, &op);)
        if (json_str(op, &s) && str_eq(s, STR("verify")))
            return true;
    return false;
}

static bool is_of_kind(struct json o, const struct alg_row *row)
{
    struct str kty, crv = STR_NONE;
    return json_str(json_get(o, STR("kty")), &kty) && str_eq(kty, row->kty) &&
           (row->crv.n == 0 || (json_str(json_get(o, STR("crv")), &crv) && str_eq(crv, row->crv)));
}

/* The one algorithm of the key: the first in the table's order that fits kind, `alg` and what the issuer may use. */
static bool alg_of(struct json o, unsigned algs, enum jwt_alg *ret)
{
    struct json named = json_get(o, STR("alg"));
    struct str s = STR_NONE;
    if (json_type(named) != JSON_NONE && !json_str(named, &s))
        return false;
    for (enum jwt_alg a = 0; a < JWT_ALG_COUNT; a++) {
        const struct alg_row *row = &alg_rows[a];
        if (!(algs & JWT_ALG_BIT(a)) || !is_of_kind(o, row) ||
            (s.n && !str_eq(s, row->text) && !str_eq(s, row->second)))
            continue;
        *ret = a;
        return true;
    }
    return false;
}

/* False: this key is left out, *ret_why says why. `kid` points into the JSON. */
static bool read_key(struct json o, unsigned algs, struct jwk *ret, const char **ret_why)
{
    struct json kid = json_get(o, STR("kid"));
    struct jwk k = {.kid = STR_NONE};
    if (json_type(kid) != JSON_NONE && (!json_str(kid, &k.kid) || k.kid.n == 0 || k.kid.n > JWK_KID_BYTES_MAX)) {
        *ret_why = "a kid is not a string of 1 to 256 bytes";
        return false;
    }
    if (!is_for_signatures(o) || !alg_of(o, algs, &k.alg)) {
        *ret_why = "none of the keys is for the algorithms that the issuer may sign with";
        return false;
    }
    k.pkey = jwk_key_read(o, k.alg, ret_why);
    if (!k.pkey)
        return false;
    *ret = k;
    return true;
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

static bool has_kid(const struct jwk_set *s, struct str kid)
{
    for (size_t i = 0; kid.n && i < s->n; i++)
        if (str_eq(s->keys[i].kid, kid))
            return true;
    return false;
}

static struct str copy(struct str s)
{
    if (!s.n)
        return STR_NONE;
    char *p = malloc(s.n);
    check(p != NULL);
    memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

/* One entry of `keys`. Negative: the whole set is refused. */
static int add_key(struct jwk_set *s, struct json o, unsigned algs, const char **ret_why)
{
    struct jwk k;
    if (json_type(o) != JSON_OBJECT) {
        *ret_why = "a key is not an object";
        return -ERR_INVALID;
    }
    if (shows_secret(o)) {
        *ret_why = "it shows a private or a symmetric key, so anyone may have signed";
        return -ERR_INVALID;
    }
    if (!read_key(o, algs, &k, ret_why)) {
        s->n_skipped++;
        return 0;
    }
    if (has_kid(s, k.kid)) {
        EVP_PKEY_free(k.pkey);
        *ret_why = "two keys have one kid";
        return -ERR_INVALID;
    }
    k.kid = copy(k.kid);
    s->keys[s->n++] = k;
    return 0;
}

static int add_keys(struct jwk_set *s, struct json root, unsigned algs, const char **ret_why)
{
    struct json keys = json_get(root, STR("keys")), o;
    int r = 0;
    if (json_type(keys) != JSON_ARRAY)
        return add_key(s, root, algs, ret_why);
    for (struct json_iter it = json_each(keys); r == 0 && json_next(&it, NULL, &o);)
        r = add_key(s, o, algs, ret_why);
    return r;
}

static int set_of(struct json root, unsigned algs, size_t keys_max, struct jwk_set **ret, const char **ret_why)
{
    struct json keys = json_get(root, STR("keys"));
    size_t n = json_type(keys) == JSON_ARRAY ? json_len(keys) : 1;
    if (json_type(root) != JSON_OBJECT || (json_type(keys) != JSON_NONE && json_type(keys) != JSON_ARRAY)) {
        *ret_why = "it is neither {\"keys\": [...]} nor one key";
        return -ERR_INVALID;
    }
    if (n > keys_max) {
        *ret_why = "it has more keys than are accepted (jwks_keys_max)";
        return -ERR_TOO_LARGE;
    }
    struct jwk_set *s = calloc(1, sizeof *s + n * sizeof s->keys[0]);
    check(s != NULL);
    atomic_init(&s->n_refs, 1);
    *ret_why = "it has no keys";
    int r = add_keys(s, root, algs, ret_why);
    if (r < 0 || s->n == 0) {
        jwk_set_unref(s);
        return r < 0 ? r : -ERR_INVALID;
    }
    *ret = s;
    return 0;
}

int jwk_set_parse(struct str text, unsigned algs, size_t keys_max, struct jwk_set **ret, const char **ret_why)
{
    struct arena a;
    struct json root;
    arena_init(&a, text.n * JSON_BYTES_PER_BYTE + 4096);
    int r = json_parse(&a, text, DEPTH_MAX, &root);
    if (r < 0)
        *ret_why = r == -ERR_AMBIGUOUS ? "it names a member twice" : "it is not JSON";
    r = r < 0 ? -ERR_INVALID : set_of(root, algs, keys_max, ret, ret_why);
    arena_deinit(&a);
    return err_trace(r);
}

struct jwk_set *jwk_set_ref(struct jwk_set *s)
{
    if (s)
        atomic_fetch_add_explicit(&s->n_refs, 1, memory_order_relaxed);
    return s;
}

void jwk_set_unref(struct jwk_set *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->n_refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < s->n; i++) {
        EVP_PKEY_free(s->keys[i].pkey);
        free((char *)s->keys[i].kid.p);
    }
    free(s);
}

size_t jwk_set_len(const struct jwk_set *s) { return s->n; }
size_t jwk_set_skipped(const struct jwk_set *s) { return s->n_skipped; }

const struct jwk *jwk_set_find(const struct jwk_set *s, struct str kid, bool *ret_is_ambiguous)
{
    *ret_is_ambiguous = kid.n == 0 && s->n > 1;
    if (kid.n == 0)
        return s->n == 1 ? &s->keys[0] : NULL;
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->keys[i].kid, kid))
            return &s->keys[i];
    return NULL;
}

enum jwt_alg jwk_alg(const struct jwk *k) { return k->alg; }
struct str jwk_kid(const struct jwk *k) { return k->kid; }
