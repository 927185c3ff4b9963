/*
 * cli/where.c - finds the daemon.
 */
#include "cli/where.h"

#include "base/err.h"
#include "config/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL_FILE_BYTES_MAX 4096
#define URL_BYTES_MAX 512
#define ADMIN_PORT_DEFAULT "4748"

struct str where_dir(struct cli *c, bool is_dev)
{
    struct str dir = cli_option(c, "dir");
    if (!dir.n)
        dir = cli_env(c, "FLYBALL_DIR");
    if (dir.n)
        return dir;
    dir = config_default_dir(c->env, &c->arena);
    return is_dev ? arena_printf(&c->arena, STR_FMT "-dev", STR_ARG(dir)) : dir;
}

struct str where_file(struct cli *c, struct str dir, const char *name)
{
    return arena_printf(&c->arena, STR_FMT "/%s", STR_ARG(dir), name);
}

/* The first line of a small file; false: it is not there, or cannot be read (errno). */
static bool first_line(struct cli *c, struct str path, struct str *ret)
{
    char text[SMALL_FILE_BYTES_MAX];
    struct str line = STR(""), rest;
    FILE *f = fopen(path.p, "re");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    line = (struct str){text, n};
    (void)str_cut(line, '\n', &line, &rest); /* one line without an end: as it is */
    *ret = arena_str(&c->arena, str_trim(line));
    return ret->n > 0;
}

/* A name other than localhost: asked of the system, first address. Only here: the daemon resolves nothing. */
static int resolve(struct str host, uint16_t port, struct arena *a, struct net_addr *ret)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(arena_str(a, host).p, NULL, &hints, &list) != 0)
        return -ERR_RESOLVE;
    const void *bytes = list->ai_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr
                                                    : (void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr;
    bool is_fine = inet_ntop(list->ai_family, bytes, ret->host, sizeof(ret->host)) != NULL;
    ret->port = port;
    freeaddrinfo(list);
    return is_fine ? 0 : -ERR_RESOLVE;
}

int where_parse_url(struct str url, struct arena *a, struct str *ret_host_field, struct net_addr *ret_addr)
{
    struct str rest = url, host, port;
    int64_t n;

    if (str_starts(url, STR("https://")))
        return -ERR_UNSUPPORTED;
    if (url.n > URL_BYTES_MAX || !str_starts(url, STR("http://")))
        return -ERR_INVALID;
    rest = str_sub(url, 7, url.n);
    if (str_ends(rest, STR("/")))
        rest = str_sub(rest, 0, rest.n - 1);
    if (!rest.n || str_has(rest, '/') || str_has(rest, '?') || str_has(rest, '#') || str_has(rest, '@') ||
        str_has(rest, ' '))
        return -ERR_INVALID;
    bool has_port = rest.p[0] == '[' ? !str_ends(rest, STR("]")) : str_has(rest, ':');
    if (!has_port)
        rest = arena_printf(a, STR_FMT ":" ADMIN_PORT_DEFAULT, STR_ARG(rest));
    if (net_addr_parse(rest, ret_addr) < 0) {
        if (rest.p[0] == '[' || !str_cut(rest, ':', &host, &port) || str_to_i64(port, &n) < 0 || n < 1 || n > 65535)
            return -ERR_INVALID;
        int r = resolve(host, (uint16_t)n, a, ret_addr);
        if (r < 0)
            return r;
    }
    if (ret_addr->port == 0)
        return -ERR_INVALID;
    *ret_host_field = arena_str(a, rest);
    return 0;
}

static int check_url(struct cli *c, const char *from, struct where *w)
{
    int r = where_parse_url(w->url, &c->arena, &w->host_field, &w->addr);
    if (r == -ERR_UNSUPPORTED)
        return cli_usage(c, "%s: https is not available in this version; the admin listener is on loopback", from);
    if (r == -ERR_RESOLVE) {
        cli_fail(c, "%s: the name in " STR_FMT " cannot be resolved", from, STR_ARG(w->url));
        return CLI_UNREACHABLE;
    }
    if (r < 0)
        return cli_usage(c, "%s: `" STR_FMT "` is no address; write it like http://127.0.0.1:4748", from,
                         STR_ARG(w->url));
    return 0;
}

/* The address that a daemon left in its data folder; falls back to the folder of `flyball dev` where nothing was named.
 */
static int url_from_dir(struct cli *c, struct where *w)
{
    bool is_named = cli_option(c, "dir").n || cli_env(c, "FLYBALL_DIR").n;
    if (first_line(c, where_file(c, w->dir, "admin.url"), &w->url))
        return 0;
    int e = errno;
    struct str dev = where_dir(c, true);
    if (!is_named && e == ENOENT && first_line(c, where_file(c, dev, "admin.url"), &w->url)) {
        w->dir = dev;
        w->is_dev_folder = true;
        return 0;
    }
    if (e == EACCES)
        cli_fail(c,
                 "the data folder " STR_FMT " may not be read by you; use sudo, or set FLYBALL_ADMIN and FLYBALL_TOKEN",
                 STR_ARG(w->dir));
    else
        cli_fail(c,
                 "no daemon has run with the data folder " STR_FMT
                 "; start one with `flyball dev` or `flyball serve`, or name it "
                 "with --dir or --admin",
                 STR_ARG(w->dir));
    return CLI_UNREACHABLE;
}

static int find_token(struct cli *c, struct where *w)
{
    w->token = cli_env(c, "FLYBALL_TOKEN");
    if (w->token.n)
        return 0;
    struct str path = where_file(c, w->dir, "admin.token");
    if (first_line(c, path, &w->token))
        return 0;
    struct str dev = where_file(c, where_dir(c, true), "admin.token");
    if (errno == ENOENT && !cli_option(c, "dir").n && !cli_env(c, "FLYBALL_DIR").n && first_line(c, dev, &w->token))
        return 0;
    cli_fail(c,
             "no credential: " STR_FMT
             " cannot be read (%s); set FLYBALL_TOKEN, or name the daemon's data folder with --dir",
             STR_ARG(path), strerror(errno));
    return CLI_UNREACHABLE;
}

int where_find(struct cli *c, struct where *ret)
{
    struct where w = {.dir = where_dir(c, false), .url = cli_option(c, "admin")};
    const char *from = "--admin";
    int r = 0;

    if (cli_has(c, "admin") && !w.url.n)
        return cli_usage(c, "--admin is empty");
    if (!w.url.n) {
        w.url = cli_env(c, "FLYBALL_ADMIN");
        from = "FLYBALL_ADMIN";
    }
    if (!w.url.n) {
        r = url_from_dir(c, &w);
        from = "admin.url";
    }
    if (r == 0)
        r = check_url(c, from, &w);
    if (r == 0)
        r = find_token(c, &w);
    if (r)
        return r;
    *ret = w;
    return 0;
}
