/*
 * crypto/jws.c - cutting a token into its parts, and finding the key that it must be signed with.
 */
#include "crypto/jws.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/b64.h"
#include "codec/json_read.h"

#define HEADER_DEPTH_MAX 8
#define TYP_BYTES_MAX 64

static const struct fault_row {
    struct str text, sentence;
} fault_rows[JWT_FAULT_COUNT] = {
    [JWT_OK] = {STR_INIT("ok"), {NULL, 0}},
#define JWT_FAULT(name, text, sentence) [JWT_##name] = {STR_INIT(text), STR_INIT(sentence)},
#include "crypto/jwt_fault.tbl.h"
#undef JWT_FAULT
};

struct str jwt_fault_text(enum jwt_fault f)
{
    check(f < JWT_FAULT_COUNT);
    return fault_rows[f].text;
}

struct str jwt_fault_sentence(enum jwt_fault f)
{
    check(f < JWT_FAULT_COUNT);
    return fault_rows[f].sentence;
}

static bool cut_three(struct str token, struct str part[3])
{
    struct str rest;
    return str_cut(token, '.', &part[0], &rest) && str_cut(rest, '.', &part[1], &part[2]) && !str_has(part[2], '.') &&
           part[0].n && part[2].n;
}

static bool decode(struct str in, struct arena *a, struct str *ret)
{
    char *p = arena_try_alloc(a, in.n + 1);
    size_t n;
    if (!p || b64url_decode(in, p, in.n, &n) < 0)
        return false;
    *ret = (struct str){p, n};
    return true;
}

/* --- the header --------------------------------------------------------------------------------------------------- */

static bool has_any(struct json header, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (json_type(json_get(header, names[i])) != JSON_NONE)
            return true;
    return false;
}

/* A string of 1 to `max` bytes, or not there. */
static bool read_text(struct json header, struct str name, size_t max, struct str *ret)
{
    struct json v = json_get(header, name);
    *ret = STR_NONE;
    return json_type(v) == JSON_NONE || (json_str(v, ret) && ret->n > 0 && ret->n <= max);
}

static enum jwt_fault read_header(struct json header, struct jws *ret)
{
    static const struct str demands[] = {STR_INIT("crit"), STR_INIT("b64")};
    static const struct str keys[] = {STR_INIT("jwk"), STR_INIT("jku"), STR_INIT("x5u"), STR_INIT("x5c")};
    struct str alg;
    if (json_type(header) != JSON_OBJECT || !json_str(json_get(header, STR("alg")), &alg) ||
        !read_text(header, STR("kid"), JWK_KID_BYTES_MAX, &ret->kid) ||
        !read_text(header, STR("typ"), TYP_BYTES_MAX, &ret->typ))
        return JWT_BAD_HEADER;
    if (has_any(header, demands, sizeof demands / sizeof demands[0]))
        return JWT_CRITICAL;
    if (has_any(header, keys, sizeof keys / sizeof keys[0]))
        return JWT_HEADER_KEY;
    return jwt_alg_parse(alg, &ret->alg) == 0 ? JWT_OK : JWT_ALG_REFUSED;
}

static enum jwt_fault parse_header(struct str text, struct arena *a, struct jws *ret)
{
    struct json header;
    int r = json_parse(a, text, HEADER_DEPTH_MAX, &header);
    if (r < 0)
        return r == -ERR_AMBIGUOUS ? JWT_DUPLICATE_NAME : JWT_BAD_HEADER;
    return read_header(header, ret);
}

enum jwt_fault jws_split(struct str token, struct arena *a, struct jws *ret)
{
    struct jws j = {.kid = STR_NONE};
    struct str part[3], header;
    if (token.n > JWS_BYTES_MAX)
        return JWT_TOO_LARGE;
    if (!cut_three(token, part))
        return JWT_NOT_COMPACT;
    if (!decode(part[0], a, &header) || !decode(part[1], a, &j.payload) || !decode(part[2], a, &j.signature))
        return JWT_BAD_BASE64;
    j.signed_text = str_sub(token, 0, part[0].n + 1 + part[1].n);
    enum jwt_fault f = parse_header(header, a, &j);
    if (f == JWT_OK)
        *ret = j;
    return f;
}

enum jwt_fault jws_verify(const struct jws *j, const struct jwk_set *keys)
{
    bool is_ambiguous;
    const struct jwk *k = jwk_set_find(keys, j->kid, &is_ambiguous);
    if (!k)
        return is_ambiguous ? JWT_KEY_AMBIGUOUS : JWT_KEY_UNKNOWN;
    if (jwk_alg(k) != j->alg)
        return JWT_ALG_MISMATCH;
    return jwk_verify(k, j->signed_text, j->signature) ? JWT_OK : JWT_BAD_SIGNATURE;
}
