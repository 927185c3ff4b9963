/*
 * proxy/vendor.c - finding a configured vendor, and which keys may use it.
 */
#include "proxy/vendor.h"

const struct vendor *vendors_find(const struct vendors *v, struct str name)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->items[i].name, name))
            return &v->items[i];
    return NULL;
}

struct http_target vendor_target(const struct vendor *v, struct str path, struct str *ret_path)
{
    struct http_target target = v->target;
    struct str host = saas_host(v->connector, path, ret_path);
    if (v->has_hosts && host.n)
        target.host = host;
    return target;
}

enum mode vendor_mode(const struct vendor *v)
{
    return v->mode_follows_secret ? credential_mode(v->credential) : v->mode;
}

bool vendor_allows_mode(enum mode vendor_mode, enum mode key_mode)
{
    return key_mode == MODE_LIVE || vendor_mode != MODE_LIVE;
}
