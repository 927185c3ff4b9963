/*
 * admin/guard.c - Host and Origin allow-lists, and cookies.
 */
#include "admin/guard.h"

#include "base/err.h"

/* The host without port; brackets of IPv6 stay. */
static struct str without_port(struct str host)
{
    size_t n = host.n;
    while (n && host.p[n - 1] >= '0' && host.p[n - 1] <= '9')
        n--;
    if (n && host.p[n - 1] == ':' && (host.p[0] != '[' || (n >= 2 && host.p[n - 2] == ']')))
        return str_sub(host, 0, n - 1);
    return host;
}

/* Numeric address behind a name that may stand in brackets; -ERR_INVALID for names. */
static int numeric(struct str name, struct net_addr *ret)
{
    char text[80];
    if (name.n + 3 > sizeof(text) || str_eq_nocase(name, STR("localhost")))
        return -ERR_INVALID;
    for (size_t i = 0; i < name.n; i++)
        text[i] = name.p[i];
    text[name.n] = ':';
    text[name.n + 1] = '0';
    return net_addr_parse((struct str){text, name.n + 2}, ret);
}

bool host_is_ours(struct str host, const struct net_addr *bound)
{
    struct str name = without_port(host);
    struct net_addr addr;

    if (str_eq_nocase(name, STR("localhost")))
        return true;
    if (numeric(name, &addr) < 0)
        return false;
    if (net_addr_is_loopback(&addr) || str_eq(str_c(addr.host), str_c(bound->host)))
        return true;
    return str_eq(str_c(bound->host), STR("0.0.0.0")) || str_eq(str_c(bound->host), STR("::"));
}

bool origin_is_ours(struct str origin, struct str host, bool is_tls)
{
    struct str scheme = is_tls ? STR("https://") : STR("http://");
    return host.n && str_starts(origin, scheme) && str_eq_nocase(str_sub(origin, scheme.n, SIZE_MAX), host);
}

bool cookie_value(struct str cookies, struct str name, struct str *ret)
{
    for (bool is_more = cookies.n > 0; is_more;) {
        struct str one = cookies, key, value;
        is_more = str_cut(cookies, ';', &one, &cookies);
        if (!str_cut(str_trim(one), '=', &key, &value) || !str_eq(key, name))
            continue;
        *ret = value;
        return true;
    }
    return false;
}
