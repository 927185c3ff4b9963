/*
 * cli/where.c - finds the daemon.
 */
#include "cli/where.h"

#include "base/err.h"
#include "config/config.h"
#include "net/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL_FILE_BYTES_MAX 4096
#define URL_BYTES_MAX 512
#define ADMIN_PORT_DEFAULT 4748

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

static bool parse_port(struct str text, uint16_t *ret)
{
    int64_t n;
    if (str_to_i64(text, &n) < 0 || n < 1 || n > 65535)
        return false;
    *ret = (uint16_t)n;
    return true;
}

/* "[v6]:port", "[v6]", "host:port" or "host" in two; *ret_port is STR_NONE without a colon. */
static bool split(struct str s, struct str *ret_host, struct str *ret_port)
{
    struct str rest;
    *ret_port = STR_NONE;
    if (!str_starts(s, STR("["))) {
        if (!str_cut(s, ':', ret_host, ret_port))
            *ret_host = s;
        return str_is_token(*ret_host, ".-_", NET_NAME_CHARS_MAX);
    }
    if (!str_cut(str_sub(s, 1, s.n), ']', ret_host, &rest) || (rest.n && rest.p[0] != ':'))
        return false;
    if (rest.n)
        *ret_port = str_sub(rest, 1, rest.n);
    return net_host_is_numeric(*ret_host) && str_has(*ret_host, ':');
}

int where_parse_url(struct str url, struct arena *a, struct where *w)
{
    bool is_tls = str_starts(url, STR("https://"));
    struct str host, port, rest;

    if (url.n > URL_BYTES_MAX || (!is_tls && !str_starts(url, STR("http://"))))
        return -ERR_INVALID;
    rest = str_sub(url, is_tls ? 8 : 7, url.n);
    if (str_ends(rest, STR("/")))
        rest = str_sub(rest, 0, rest.n - 1);
    w->port = ADMIN_PORT_DEFAULT;
    if (!split(rest, &host, &port) || (port.p && !parse_port(port, &w->port)))
        return -ERR_INVALID;
    w->host = arena_str(a, host);
    w->is_tls = is_tls;
    return 0;
}

static int check_url(struct cli *c, const char *from, struct where *w)
{
    if (where_parse_url(w->url, &c->arena, w) < 0)
        return cli_usage(c, "%s: `" STR_FMT "` is no address; write it like http://127.0.0.1:4748", from,
                         STR_ARG(w->url));
    w->ca_file = cli_option(c, "ca");
    if (!w->ca_file.n)
        w->ca_file = cli_env(c, "FLYBALL_CA");
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
        return cli_unreachable(
            c, "the data folder " STR_FMT " may not be read by you; use sudo, or set FLYBALL_ADMIN and FLYBALL_TOKEN",
            STR_ARG(w->dir));
    return cli_unreachable(c,
                           "no daemon runs on the data folder " STR_FMT
                           "; start one with `flyball dev` or `flyball serve`, or name it with --dir or --admin",
                           STR_ARG(w->dir));
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
    return cli_unreachable(c,
                           "no credential: " STR_FMT
                           " cannot be read (%s); set FLYBALL_TOKEN, or name the daemon's data folder with --dir",
                           STR_ARG(path), strerror(errno));
}

int where_find(struct cli *c, struct where *ret)
{
    struct where w = {.dir = where_dir(c, false), .url = cli_option(c, "admin")};
    const char *from = "--admin";
    int r = 0;

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
