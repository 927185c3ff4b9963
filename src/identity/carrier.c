/*
 * identity/carrier.c - finds the presented token. Two carriers are fine when they carry the same key: some SDKs send
 * both.
 */
#include "identity/carrier.h"

#include "base/err.h"
#include "codec/b64.h"

/* From "fb_" on, since two carriers may decorate one key differently; a token that is not ours as it is. */
static struct str undecorated(struct str token)
{
    size_t at;
    return str_find(token, STR("fb_"), &at) ? str_sub(token, at, SIZE_MAX) : token;
}

static bool looks_like_key(struct str s)
{
    size_t at;
    return str_find(s, STR("fb_"), &at);
}

static int add_token(struct str token, struct str *token_so_far)
{
    if (token.n == 0)
        return -ERR_INVALID;
    if (token_so_far->n == 0) {
        *token_so_far = token;
        return 0;
    }
    return str_eq(undecorated(token), undecorated(*token_so_far)) ? 0 : -ERR_AMBIGUOUS;
}

static int basic_token(struct str encoded, struct arena *a, struct str *ret)
{
    char *p = arena_try_alloc(a, encoded.n + 1);
    if (!p)
        return err_trace(-ERR_TOO_LARGE);
    struct str decoded = {p, 0}, user, password;
    int r = b64_decode(encoded, p, encoded.n, &decoded.n);
    if (r < 0)
        return -ERR_INVALID;
    if (!str_cut(decoded, ':', &user, &password))
        return -ERR_INVALID;
    if (looks_like_key(user) && looks_like_key(password) && !str_eq(undecorated(user), undecorated(password)))
        return -ERR_AMBIGUOUS;
    *ret = password.n == 0 || (looks_like_key(user) && !looks_like_key(password)) ? user : password;
    return 0;
}

static int authorization_token(struct str value, struct arena *a, struct str *ret)
{
    struct str scheme, rest;
    if (!str_cut(str_trim(value), ' ', &scheme, &rest))
        return -ERR_INVALID;
    rest = str_trim(rest);
    if (str_eq_nocase(scheme, STR("basic")))
        return basic_token(rest, a, ret);
    if (!str_eq_nocase(scheme, STR("bearer")))
        return -ERR_INVALID;
    *ret = rest;
    return 0;
}

int carrier_token(const struct key_carriers *c, struct arena *a, struct str *ret_token)
{
    struct str token = STR_NONE, found;
    int r = 0;
    if (c->authorization.n > 0) {
        r = authorization_token(c->authorization, a, &found);
        if (r == 0)
            r = add_token(found, &token);
    }
    if (r == 0 && c->x_api_key.n > 0)
        r = add_token(str_trim(c->x_api_key), &token);
    if (r == 0 && c->x_goog_api_key.n > 0)
        r = add_token(str_trim(c->x_goog_api_key), &token);
    if (r < 0)
        return err_trace(r);
    if (token.n == 0)
        return -ERR_NOT_FOUND;
    *ret_token = token;
    return 0;
}
