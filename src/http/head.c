/* http/head.c - looking fields up in a head. */
#include "http/head.h"

bool http_head_get(const struct http_head *h, struct str name, struct str *ret_value)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        if (str_eq_nocase(h->fields[i].name, name)) {
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
        n += str_eq_nocase(h->fields[i].name, name);
    return n;
}
