/*
 * config/url.c - what a URL in the file leads to. What a person wrote by mistake in front of an @ is in no message.
 */
#include "config/config_impl.h"

#define HOST_NAME_CHARS_MAX 253

/* Labels of 1 to 63 letters, digits, - and _, none of them with a - at an end; the last one not all digits. */
static bool is_host_name(struct str name)
{
    struct str label, rest = name;
    bool is_last = name.n > HOST_NAME_CHARS_MAX;
    while (!is_last) {
        is_last = !str_cut(rest, '.', &label, &rest);
        if (is_last)
            label = rest;
        if (!str_is_token(label, "-_", 63) || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
    }
    for (size_t i = 0; name.n <= HOST_NAME_CHARS_MAX && i < label.n; i++)
        if (label.p[i] < '0' || label.p[i] > '9')
            return true;
    return false;
}

static const char *fault_of_address(enum address_fault f, const struct address *a)
{
    if (f == ADDRESS_NO_PORT || f == ADDRESS_BAD_PORT || (f != ADDRESS_BAD_HOST && a->port == 0))
        return "a port is a number from 1 to 65535";
    if (f == ADDRESS_BAD_HOST || (f == ADDRESS_NAME && !is_host_name(a->name)))
        return "this is no host; api.example.com, 127.0.0.1 and [::1] are";
    return NULL;
}

bool url_is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

const char *url_parse(struct str text, struct arena *a, struct url *ret)
{
    struct address at = {.port = 0};
    struct url u = {.path = STR_NONE};
    size_t i = 0;
    if (str_has(text, '@'))
        return "user and password do not belong here";
    u.is_tls = str_starts(text, STR("https://"));
    if (!u.is_tls && !str_starts(text, STR("http://")))
        return "https://HOST[:PORT] is wanted";
    struct str rest = str_sub(text, u.is_tls ? 8 : 7, text.n);
    while (i < rest.n && rest.p[i] != '/' && rest.p[i] != '?' && rest.p[i] != '#')
        i++;
    u.path = arena_str(a, str_sub(rest, i, rest.n));
    const char *fault = fault_of_address(address_parse(str_sub(rest, 0, i), u.is_tls ? 443 : 80, &at), &at);
    if (fault)
        return fault;
    u.host = arena_str(a, at.name.n ? at.name : str_c(at.host));
    u.port = at.port;
    u.is_v6 = at.is_v6;
    u.is_loopback = at.is_loopback;
    u.is_numeric = at.host[0] != 0;
    *ret = u;
    return NULL;
}

struct str url_origin(const struct url *u, struct arena *a)
{
    return arena_printf(a, u->is_v6 ? "%s://[" STR_FMT "]:%u" : "%s://" STR_FMT ":%u", u->is_tls ? "https" : "http",
                        STR_ARG(u->host), u->port);
}
