/*
 * crypto/jwt.c - the claims of a token whose signature was looked at.
 */
#include "crypto/jwt.h"

#include "base/check.h"
#include "base/err.h"

#define SECONDS_MAX 9000000000LL /* in 2255; wall_t ends in 2262 */

static const struct str media_prefix = STR_INIT("application/");

/* RFC 7515 4.1.9: a media type, whose "application/" may be left out. */
static bool typ_fits(struct str typ, struct str want)
{
    if (str_eq_nocase(str_sub(typ, 0, media_prefix.n), media_prefix))
        typ = str_sub(typ, media_prefix.n, SIZE_MAX);
    if (want.n)
        return str_eq_nocase(typ, want);
    return typ.n == 0 || str_eq_nocase(typ, STR("JWT"));
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return s.n > 0 && s.n <= JWT_TEXT_BYTES_MAX;
}

bool jwt_text(struct json claims, struct str name, struct str *ret)
{
    struct str s;
    if (!json_str(json_get(claims, name), &s) || !is_plain(s))
        return false;
    *ret = s;
    return true;
}

/* Absent is fine, and leaves *ret. */
static bool optional_text(struct json claims, struct str name, struct str *ret)
{
    return json_type(json_get(claims, name)) == JSON_NONE || jwt_text(claims, name, ret);
}

static bool optional_time(struct json claims, struct str name, int64_t *ret)
{
    struct json v = json_get(claims, name);
    return json_type(v) == JSON_NONE || (json_i64(v, ret) && *ret > 0 && *ret <= SECONDS_MAX);
}

/* --- whose, for whom ---------------------------------------------------------------------------------------------- */

/* RFC 7519 4.1.3: one string, or an array of them. */
static enum jwt_fault audience(struct json claims, struct str want)
{
    struct json aud = json_get(claims, STR("aud")), one;
    struct str s;
    bool is_found = json_str(aud, &s) && str_eq(s, want);
    if (json_type(aud) == JSON_NONE)
        return JWT_AUDIENCE_MISSING;
    if (json_type(aud) != JSON_STR && json_type(aud) != JSON_ARRAY)
        return JWT_CLAIM_INVALID;
    if (json_type(aud) == JSON_ARRAY)
        for (struct json_iter it = json_each(aud); json_next(&it, NULL, &one);) {
            if (!json_str(one, &s))
                return JWT_CLAIM_INVALID;
            is_found |= str_eq(s, want);
        }
    return is_found ? JWT_OK : JWT_AUDIENCE_WRONG;
}

static enum jwt_fault parties(struct json claims, const struct jwt_expect *e, struct jwt *t)
{
    if (!optional_text(claims, STR("iss"), &t->issuer) || !optional_text(claims, STR("sub"), &t->subject) ||
        !optional_text(claims, STR("jti"), &t->id))
        return JWT_CLAIM_INVALID;
    if (!str_eq(t->issuer, e->issuer))
        return JWT_ISSUER_WRONG;
    enum jwt_fault f = audience(claims, e->audience);
    if (f != JWT_OK)
        return f;
    return t->subject.n ? JWT_OK : JWT_SUBJECT_MISSING;
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static enum jwt_fault times(struct json claims, const struct jwt_expect *e, struct jwt *t)
{
    int64_t not_before = 0, now = e->now / NS_PER_S;
    if (!optional_time(claims, STR("exp"), &t->expires_s) || !optional_time(claims, STR("nbf"), &not_before) ||
        !optional_time(claims, STR("iat"), &t->issued_s))
        return JWT_CLAIM_INVALID;
    if (!t->expires_s)
        return JWT_EXPIRY_MISSING;
    if (now >= t->expires_s + e->skew_s)
        return JWT_EXPIRED;
    if (now < not_before - e->skew_s)
        return JWT_NOT_YET_VALID;
    if (now < t->issued_s - e->skew_s)
        return JWT_ISSUED_LATER;
    if (e->age_s_max && !t->issued_s)
        return JWT_ISSUED_UNKNOWN;
    return e->age_s_max && t->expires_s - t->issued_s > e->age_s_max ? JWT_LIVES_TOO_LONG : JWT_OK;
}

/* --- who acts ----------------------------------------------------------------------------------------------------- */

static enum jwt_fault chain(struct json claims, const struct jwt_expect *e, struct jwt *t)
{
    check(e->actors_max <= JWT_ACTORS_MAX);
    for (struct json act = json_get(claims, STR("act")); json_type(act) != JSON_NONE;
         act = json_get(act, STR("act"))) {
        if (t->n_actors == e->actors_max)
            return JWT_ACTORS_TOO_MANY;
        if (json_type(act) != JSON_OBJECT || !jwt_text(act, STR("sub"), &t->actors[t->n_actors]))
            return JWT_ACTOR_INVALID;
        t->n_actors++;
    }
    return JWT_OK;
}

static enum jwt_fault read_claims(struct json claims, const struct jwt_expect *e, struct jwt *t)
{
    enum jwt_fault f = parties(claims, e, t);
    if (f == JWT_OK)
        f = times(claims, e, t);
    return f == JWT_OK ? chain(claims, e, t) : f;
}

static enum jwt_fault parse_claims(struct str text, struct arena *a, struct json *ret)
{
    int r = json_parse(a, text, JWT_CLAIMS_DEPTH_MAX, ret);
    if (r < 0)
        return r == -ERR_AMBIGUOUS ? JWT_DUPLICATE_NAME : JWT_BAD_CLAIMS;
    return json_type(*ret) == JSON_OBJECT ? JWT_OK : JWT_BAD_CLAIMS;
}

enum jwt_fault jwt_verify(struct str token, const struct jwk_set *keys, const struct jwt_expect *e, struct arena *a,
                          struct jwt *ret)
{
    struct jwt t = {.claims = JSON_ABSENT};
    struct jws j;
    enum jwt_fault f = jws_split(token, a, &j);
    if (f == JWT_OK)
        f = jws_verify(&j, keys);
    if (f == JWT_OK && !typ_fits(j.typ, e->typ))
        f = JWT_TYP_WRONG;
    if (f == JWT_OK)
        f = parse_claims(j.payload, a, &t.claims);
    if (f == JWT_OK)
        f = read_claims(t.claims, e, &t);
    if (f == JWT_OK)
        *ret = t;
    return f;
}

enum jwt_fault jwt_peek_issuer(struct str token, struct arena *a, struct str *ret_issuer)
{
    struct json claims;
    struct jws j;
    enum jwt_fault f = jws_split(token, a, &j);
    if (f == JWT_OK)
        f = parse_claims(j.payload, a, &claims);
    if (f == JWT_OK && !jwt_text(claims, STR("iss"), ret_issuer))
        f = JWT_ISSUER_WRONG;
    return f;
}
