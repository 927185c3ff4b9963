/*
 * admin/guard.c - Host allow-list and bearer token.
 */
#include "admin/guard.h"

#include "base/err.h"
#include "crypto/hash.h"

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

bool bearer_fits(struct str authorization, struct str token)
{
    struct str scheme, got;
    if (!token.n || !str_cut(authorization, ' ', &scheme, &got) || !str_eq_nocase(scheme, STR("Bearer")))
        return false;
    got = str_trim(got);
    return got.n == token.n && bytes_equal(got.p, token.p, token.n);
}
