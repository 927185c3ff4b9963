/*
 * config/address.c - numeric addresses with a port. Names are not looked up: nothing here waits.
 */
#include "config/config_impl.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"

static bool parse_port(struct str s, uint16_t *ret)
{
    int64_t n;
    if (str_to_i64(s, &n) < 0 || n > 65535)
        return false;
    *ret = (uint16_t)n;
    return true;
}

/* Cuts "[v6]:port" or "host:port" in two; *ret_port is empty without one. */
static enum address_fault split(struct str s, struct str *ret_host, struct str *ret_port, bool *ret_v6)
{
    *ret_v6 = str_starts(s, STR("["));
    *ret_port = STR_NONE;
    if (!*ret_v6) {
        if (!str_cut(s, ':', ret_host, ret_port))
            *ret_host = s;
        else if (ret_port->n == 0)
            return ADDRESS_BAD_PORT;
        return ADDRESS_OK;
    }
    struct str rest;
    if (!str_cut(str_sub(s, 1, s.n), ']', ret_host, &rest))
        return ADDRESS_BAD_HOST;
    if (rest.n == 0)
        return ADDRESS_OK;
    *ret_port = str_sub(rest, 1, rest.n);
    return rest.p[0] == ':' && ret_port->n ? ADDRESS_OK : ADDRESS_BAD_PORT;
}

static enum address_fault parse_v4(const char *host, struct address *a)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) != 1)
        return str_is_token(str_c(host), ".-_", 255) ? ADDRESS_NAME : ADDRESS_BAD_HOST;
    inet_ntop(AF_INET, &v4, a->host, sizeof a->host);
    a->is_loopback = ntohl(v4.s_addr) >> 24 == 127;
    return ADDRESS_OK;
}

static enum address_fault parse_v6(const char *host, struct address *a)
{
    struct in6_addr v6;
    if (inet_pton(AF_INET6, host, &v6) != 1)
        return ADDRESS_BAD_HOST;
    inet_ntop(AF_INET6, &v6, a->host, sizeof a->host);
    a->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    return ADDRESS_OK;
}

enum address_fault address_parse(struct str s, int default_port, struct address *ret)
{
    struct address a = {.port = (uint16_t)default_port};
    struct str host, port;
    char c_host[256];
    enum address_fault f = split(s, &host, &port, &a.is_v6);
    if (f != ADDRESS_OK)
        return f;
    if (host.n == 0 || host.n >= sizeof c_host || str_has(host, '\0'))
        return ADDRESS_BAD_HOST;
    if (port.n == 0 && default_port < 0)
        return ADDRESS_NO_PORT;
    if (port.n && !parse_port(port, &a.port))
        return ADDRESS_BAD_PORT;

    if (!a.is_v6 && str_eq(host, STR("localhost"))) {
        a.name = host;
        host = STR("127.0.0.1");
    }
    memcpy(c_host, host.p, host.n);
    c_host[host.n] = 0;
    f = a.is_v6 ? parse_v6(c_host, &a) : parse_v4(c_host, &a);
    if (f == ADDRESS_NAME)
        a.name = host;
    if (f == ADDRESS_OK || f == ADDRESS_NAME)
        *ret = a;
    return f;
}

struct str address_text(const struct address *a, struct arena *arena)
{
    return arena_printf(arena, a->is_v6 ? "[%s]:%u" : "%s:%u", a->host, a->port);
}
