/*
 * identity/provider.c - see provider.h.
 */
#include "identity/provider.h"

#include "codec/json_read.h"

#define DEPTH_MAX 16

struct str provider_path(const struct url *issuer, struct arena *a)
{
    struct str path = issuer->path;
    while (str_ends(path, STR("/")))
        path.n--;
    return arena_join(a, (const struct str[]){path, STR("/.well-known/openid-configuration")}, 2);
}

static bool read_url(struct json doc, struct str name, bool is_insecure, struct arena *a, struct str *ret_text,
                     struct url *ret)
{
    struct str text;
    if (!json_str(json_get(doc, name), &text) || text.n == 0 || text.n > PROVIDER_URL_BYTES_MAX ||
        !url_is_visible(text) || str_has(text, '#') ||
        url_parse(text, a, ret) != NULL || !(ret->is_tls || ret->is_loopback || is_insecure))
        return false;
    if (!ret->path.n)
        ret->path = STR("/");
    *ret_text = arena_str(a, text);
    return true;
}

static bool lists(struct json doc, struct str name, struct str want)
{
    struct json one;
    struct str s;
    for (struct json_iter it = json_each(json_get(doc, name)); json_next(&it, NULL, &one);)
        if (json_str(one, &s) && str_eq(s, want))
            return true;
    return false;
}

bool provider_read(struct str document, struct str issuer, bool is_insecure, struct arena *a, struct provider *ret,
                   const char **ret_why)
{
    static const struct str methods = STR_INIT("token_endpoint_auth_methods_supported");
    struct provider p = {.takes_basic = false};
    struct json doc;
    struct str text;
    *ret_why = "it is not a JSON object";
    if (json_parse(a, document, DEPTH_MAX, &doc) < 0 || json_type(doc) != JSON_OBJECT)
        return false;
    *ret_why = "it is of another issuer";
    if (!json_str(json_get(doc, STR("issuer")), &text) || !str_eq(text, issuer))
        return false;
    *ret_why = "its endpoints are no https URLs";
    struct url authorization;
    if (!read_url(doc, STR("authorization_endpoint"), is_insecure, a, &p.authorization, &authorization) ||
        !read_url(doc, STR("token_endpoint"), is_insecure, a, &text, &p.token) ||
        !read_url(doc, STR("jwks_uri"), is_insecure, a, &text, &p.jwks))
        return false;
    p.takes_basic = json_type(json_get(doc, methods)) == JSON_NONE || lists(doc, methods, STR("client_secret_basic"));
    p.takes_post = lists(doc, methods, STR("client_secret_post"));
    (void)json_bool(json_get(doc, STR("authorization_response_iss_parameter_supported")), &p.names_issuer);
    *ret = p;
    return true;
}
