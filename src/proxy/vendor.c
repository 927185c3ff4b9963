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

bool vendor_allows_mode(const struct vendor *v, enum mode key_mode)
{
    return key_mode == MODE_LIVE || v->mode != MODE_LIVE;
}
