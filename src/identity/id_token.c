/*
 * identity/id_token.c - see id_token.h.
 */
#include "identity/id_token.h"

#include "codec/b64.h"
#include "crypto/hash.h"

static const struct {
    struct str text, sentence;
} faults[ID_TOKEN_FAULT_COUNT] = {
    [ID_TOKEN_OK] = {STR_INIT("ok"), {NULL, 0}},
#define ID_TOKEN_FAULT(name, text, sentence) [ID_TOKEN_##name] = {STR_INIT(text), STR_INIT(sentence)},
#include "identity/id_token_fault.tbl.h"
#undef ID_TOKEN_FAULT
};

static bool has(struct json claims, struct str name) { return json_type(json_get(claims, name)) != JSON_NONE; }

static bool is_text(struct json claims, struct str name, struct str want)
{
    struct str got;
    return json_str(json_get(claims, name), &got) && got.n == want.n && bytes_equal(got.p, want.p, want.n);
}

/* Who asked for it: azp, where it is for more than one (3.1.3.7, 4 and 5). */
static enum id_token_fault party(struct json claims, struct str client_id)
{
    struct json aud = json_get(claims, STR("aud"));
    if (has(claims, STR("azp")))
        return is_text(claims, STR("azp"), client_id) ? ID_TOKEN_OK : ID_TOKEN_PARTY_WRONG;
    return json_type(aud) == JSON_ARRAY && json_len(aud) > 1 ? ID_TOKEN_PARTY_MISSING : ID_TOKEN_OK;
}

/* 3.1.3.8: the left half of the access token's hash. */
static bool hash_fits(struct json claims, struct str access_token)
{
    uint8_t digest[SHA256_BYTES];
    char text[B64URL_SIZE(SHA256_BYTES / 2)];
    if (!has(claims, STR("at_hash")))
        return true;
    sha256(access_token, digest);
    return is_text(claims, STR("at_hash"),
                   b64url_encode((struct str){(const char *)digest, SHA256_BYTES / 2}, text));
}

static enum id_token_fault name_of(struct json claims, struct str claim, struct str *ret)
{
    bool is_verified = false;
    if (!jwt_text(claims, claim, ret))
        return ID_TOKEN_CLAIM_MISSING;
    if (!str_eq(claim, STR("email")))
        return ID_TOKEN_OK;
    (void)json_bool(json_get(claims, STR("email_verified")), &is_verified); /* anything else is no true */
    return is_verified ? ID_TOKEN_OK : ID_TOKEN_EMAIL_UNVERIFIED;
}

static enum id_token_fault read(const struct id_token_terms *t, const struct jwt *jwt, struct str nonce,
                                struct str access_token, struct str *ret_name)
{
    if (!is_text(jwt->claims, STR("nonce"), nonce))
        return ID_TOKEN_NONCE_WRONG;
    enum id_token_fault f = party(jwt->claims, t->client_id);
    if (f != ID_TOKEN_OK)
        return f;
    if (!jwt->issued_s)
        return ID_TOKEN_ISSUED_MISSING;
    return hash_fits(jwt->claims, access_token) ? name_of(jwt->claims, t->claim, ret_name) : ID_TOKEN_HASH_WRONG;
}

bool id_token_read(const struct id_token_terms *t, const struct jwk_set *keys, struct str token, struct str nonce,
                   struct str access_token, wall_t now, struct arena *a, struct str *ret_name,
                   struct id_token_refusal *ret_why)
{
    struct jwt_expect e = {.issuer = t->issuer, .audience = t->client_id, .skew_s = t->skew_s, .now = now};
    struct jwt jwt;
    struct str name;
    enum jwt_fault j = jwt_verify(token, keys, &e, a, &jwt);
    enum id_token_fault f = j == JWT_OK ? read(t, &jwt, nonce, access_token, &name) : ID_TOKEN_OK;
    if (j == JWT_OK && f == ID_TOKEN_OK) {
        *ret_name = name;
        return true;
    }
    *ret_why = j != JWT_OK ? (struct id_token_refusal){j, f, jwt_fault_text(j), jwt_fault_sentence(j)}
                           : (struct id_token_refusal){j, f, faults[f].text, faults[f].sentence};
    return false;
}
