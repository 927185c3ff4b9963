/* http/head.c - looking fields up in a head. */
#include "http/head.h"

/* Most names differ in length. */
static bool is_named(const struct http_field *f, struct str name)
{
    return f->name.n == name.n && str_eq_nocase(f->name, name);
}

bool http_head_get(const struct http_head *h, struct str name, struct str *ret_value)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        if (is_named(&h->fields[i], name)) {
            if (ret_value)
                *ret_value = h->fields[i].value;
            return true;
        }
    }
    return false;
}

size_t http_head_count(const struct http_head *h, struct str name)
{
    size_t n = 0;

    for (size_t i = 0; i < h->n_fields; i++)
        n += is_named(&h->fields[i], name);
    return n;
}
