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

bool vendor_allows_mode(const struct vendor *v, enum mode key_mode)
{
    return key_mode == MODE_LIVE || v->mode != MODE_LIVE;
}
