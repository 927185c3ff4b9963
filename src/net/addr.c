/*
 * net/addr.c - numeric addresses with a port, and nothing else: no name is ever looked up here.
 */
#include "net/loop.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int parse_port(struct str s, uint16_t *ret_port)
{
    int64_t n;

    if (s.n == 0 || s.n > 5 || str_to_i64(s, &n) < 0 || n > 65535)
        return -ERR_INVALID;
    *ret_port = (uint16_t)n;
    return 0;
}

/* "[::1]:80" or "host:80"; a bare IPv6 address with a port would be ambiguous and is refused. */
static int split(struct str s, struct str *ret_host, struct str *ret_port, bool *ret_is_v6)
{
    *ret_is_v6 = s.n > 0 && s.p[0] == '[';
    if (*ret_is_v6) {
        struct str rest;
        if (!str_cut(str_sub(s, 1, s.n), ']', ret_host, &rest) || rest.n < 2 || rest.p[0] != ':')
            return -ERR_INVALID;
        *ret_port = str_sub(rest, 1, rest.n);
        return 0;
    }
    return str_cut(s, ':', ret_host, ret_port) ? 0 : -ERR_INVALID;
}

int net_addr_parse(struct str s, struct net_addr *ret)
{
    struct net_addr a = {{0}, 0};
    struct str host, port;
    unsigned char raw[16];
    bool is_v6;

    if (split(s, &host, &port, &is_v6) < 0 || parse_port(port, &a.port) < 0)
        return -ERR_INVALID;
    if (!is_v6 && str_eq_nocase(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (host.n == 0 || host.n >= sizeof(a.host))
        return -ERR_INVALID;
    memcpy(a.host, host.p, host.n);
    if (strlen(a.host) != host.n || inet_pton(is_v6 ? AF_INET6 : AF_INET, a.host, raw) != 1)
        return -ERR_INVALID;
    *ret = a;
    return 0;
}

bool net_host_is_numeric(struct str host)
{
    char text[sizeof(((struct net_addr *)0)->host)];
    unsigned char raw[16];

    if (host.n == 0 || host.n >= sizeof(text) || str_has(host, '\0'))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

struct str net_addr_text(const struct net_addr *a, char out[64])
{
    bool is_v6 = strchr(a->host, ':');
    int n = snprintf(out, 64, is_v6 ? "[%s]:%u" : "%s:%u", a->host, a->port);

    check(n > 0 && n < 64);
    return (struct str){out, (size_t)n};
}

bool net_addr_is_loopback(const struct net_addr *a)
{
    return strncmp(a->host, "127.", 4) == 0 || strcmp(a->host, "::1") == 0;
}
