/*
 * cli/cmd_doctor.c - `flyball doctor`: what can be seen from here, then what the daemon proves about itself. One line a
 * check: ok, warn or fail, and what to do.
 */
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/sdk_env.h"
#include "cli/settings.h"
#include "cli/where.h"
#include "codec/json_write.h"
#include "tls/client.h"
#include "tls/server.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_BYTES_MIN (256ull << 20)
#define FILES_MIN 1024
#define CERTIFICATE_WARN_NS (14LL * 86400 * NS_PER_S)
#define CLOCK_MIN 1767225600LL /* 2026-01-01: a clock before that is not set */

struct doctor {
    struct cli *c;
    struct json_writer w; /* with --json */
    struct buf json;
    bool has_failed;
};

static enum style style_of(const char *status)
{
    if (strcmp(status, "ok") == 0)
        return STYLE_GOOD;
    return strcmp(status, "warn") == 0 ? STYLE_WARN : STYLE_BAD;
}

static void report(struct doctor *d, const char *status, const char *name, struct str text, struct str fix)
{
    struct cli *c = d->c;
    d->has_failed |= strcmp(status, "fail") == 0;
    if (c->is_json) {
        jw_object(&d->w);
        jw_put_str(&d->w, STR("name"), str_c(name));
        jw_put_str(&d->w, STR("status"), str_c(status));
        jw_put_str(&d->w, STR("text"), text);
        jw_put_str_or_null(&d->w, STR("fix"), fix);
        jw_object_end(&d->w);
        return;
    }
    print_styled(c, style_of(status), str_c(status));
    fprintf(c->out, "%*s%-10s ", (int)(6 - strlen(status)), "", name);
    print_safe(c->out, text);
    fputc('\n', c->out);
    if (fix.n) {
        fputs("                 fix: ", c->out);
        print_safe(c->out, fix);
        fputc('\n', c->out);
    }
}

#define TEXT(d, ...) arena_printf(&(d)->c->arena, __VA_ARGS__)

/* --- from here ---------------------------------------------------------------------------------------------------- */

/* A listener's certificate: can it be used, and for how long still. */
static void check_listener(struct doctor *d, const char *what, struct str cert, struct str key, struct str client_ca)
{
    struct tls_server *s;
    struct buf error;
    char until[WALL_TEXT_BYTES];
    const char *name = arena_printf(&d->c->arena, "%s_tls", what).p;
    if (!cert.n)
        return;
    buf_init(&error, 4096);
    if (tls_server_new(&(struct tls_server_files){cert, key, client_ca}, &error, &s) < 0) {
        report(d, "fail", name, arena_str(&d->c->arena, buf_str(&error)), STR("the daemon does not start with it"));
    } else {
        wall_t ends = tls_server_ends(s), now = clock_system.wall(clock_system.ctx);
        const char *status = ends < now ? "fail" : ends - now < CERTIFICATE_WARN_NS ? "warn" : "ok";
        report(d, status, name,
               TEXT(d, STR_FMT " is good until " STR_FMT, STR_ARG(cert), STR_ARG(wall_text(ends, until))),
               strcmp(status, "ok") == 0 ? STR("") : STR("put a new one in its place, then flyball reload"));
        tls_server_free(s);
    }
    buf_deinit(&error);
}

static void check_authorities(struct doctor *d, const struct config_vendor *v)
{
    struct tls_client *t;
    struct buf error;
    if (!v->ca_file.n)
        return;
    buf_init(&error, 4096);
    if (tls_client_new(v->ca_file, NULL, &error, &t) < 0)
        report(d, "fail", "ca_file",
               TEXT(d, "vendors." STR_FMT ": " STR_FMT, STR_ARG(v->name), STR_ARG(buf_str(&error))),
               STR("the daemon does not start with it"));
    else
        tls_client_free(t);
    buf_deinit(&error);
}

static void check_tls(struct doctor *d, const struct config *c)
{
    check_listener(d, "data", c->data_cert_file, c->data_key_file, c->data_client_ca_file);
    check_listener(d, "admin", c->admin_cert_file, c->admin_key_file, c->admin_client_ca_file);
    if (c->insecure)
        report(d, "warn", "insecure", STR("listeners may be reached from other machines without TLS"),
               STR("name a certificate: listen.data_tls, listen.admin_tls"));
    for (size_t i = 0; i < c->n_vendors; i++)
        check_authorities(d, &c->vendors[i]);
}

static void check_config(struct doctor *d)
{
    const struct config *config;
    if (settings_load(d->c, false, &config) != 0) {
        report(d, "fail", "config", STR("the configuration has errors, printed above"), STR("flyball config check"));
        return;
    }
    report(d, "ok", "config", TEXT(d, "read; %zu vendors", config->n_vendors), STR(""));
    check_tls(d, config);
    config_unref(config);
}

static void check_folder(struct doctor *d, struct str dir)
{
    struct stat st;
    struct statvfs fs;
    struct str path = arena_str(&d->c->arena, dir);
    if (stat(path.p, &st) != 0) {
        report(d, errno == ENOENT ? "warn" : "fail", "folder", TEXT(d, STR_FMT ": %s", STR_ARG(dir), strerror(errno)),
               errno == ENOENT ? STR("flyball dev, or flyball serve, makes it") : STR(""));
        return;
    }
    if (st.st_mode & (S_IWGRP | S_IRWXO))
        report(d, "warn", "folder",
               TEXT(d, STR_FMT " can be entered by other users (mode %03o)", STR_ARG(dir), st.st_mode & 0777u),
               TEXT(d, "chmod 700 " STR_FMT, STR_ARG(dir)));
    else
        report(d, "ok", "folder", TEXT(d, STR_FMT " (mode %03o)", STR_ARG(dir), st.st_mode & 0777u), STR(""));
    if (statvfs(path.p, &fs) == 0) {
        unsigned long long left = (unsigned long long)fs.f_bavail * fs.f_frsize;
        report(d, left < FREE_BYTES_MIN ? "fail" : "ok", "disk", TEXT(d, "%llu MiB free", left >> 20),
               left < FREE_BYTES_MIN ? STR("free space: without a journal no money moves") : STR(""));
    }
}

static void check_token(struct doctor *d, struct str dir)
{
    struct stat st;
    struct str path = where_file(d->c, dir, "admin.token");
    if (stat(path.p, &st) != 0)
        return; /* no daemon has run here: the folder's line says so */
    bool is_open = (st.st_mode & 077) != 0;
    report(d, is_open ? "fail" : "ok", "token", TEXT(d, STR_FMT " (mode %03o)", STR_ARG(path), st.st_mode & 0777u),
           is_open ? TEXT(d, "chmod 600 " STR_FMT, STR_ARG(path)) : STR(""));
}

static void check_process(struct doctor *d)
{
    struct rlimit files;
    wall_t now = clock_system.wall(clock_system.ctx);
    char text[WALL_TEXT_BYTES];
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        report(d, files.rlim_max < FILES_MIN ? "warn" : "ok", "files",
               TEXT(d, "%llu open files allowed", (unsigned long long)files.rlim_max),
               files.rlim_max < FILES_MIN ? STR("raise it: ulimit -n 65536, or LimitNOFILE= in the unit") : STR(""));
    bool is_set = now / NS_PER_S > CLOCK_MIN;
    report(d, is_set ? "ok" : "fail", "clock", wall_text(now, text),
           is_set ? STR("") : STR("set the clock: limits by day and month depend on it"));
}

/* A vendor's own credential where agents run is a way around us. */
static void check_bypass(struct doctor *d)
{
    size_t n = 0;
    for (const char *const *e = d->c->env; e && *e; e++) {
        struct str name, value;
        const char *vendor = str_cut(str_c(*e), '=', &name, &value) ? sdk_real_key(value) : NULL;
        if (!vendor)
            continue;
        report(
            d, "warn", "bypass",
            TEXT(d, STR_FMT " holds a key of %s: a program started here can go around Flyball", STR_ARG(name), vendor),
            TEXT(d,
                 "start agents with `flyball run`, which hides it, or unset " STR_FMT
                 "; give the daemon the secret by file:",
                 STR_ARG(name)));
        n++;
    }
    if (!n)
        report(d, "ok", "bypass", STR("no vendor's own key in this environment"), STR(""));
}

/* --- from the daemon ---------------------------------------------------------------------------------------------- */

static int ask_daemon(struct doctor *d)
{
    struct answer a;
    struct json check;
    int r = client_call(d->c, "GET", STR("/api/v1/doctor"), STR_NONE, &a);
    if (r)
        return r;
    for (struct json_iter it = json_each(json_get(a.json, STR("checks"))); json_next(&it, NULL, &check);) {
        const char *name = arena_str(&d->c->arena, show_text(check, "name")).p;
        const char *status = arena_str(&d->c->arena, show_text(check, "status")).p;
        report(d, status, name, show_text(check, "text"), show_text(check, "fix"));
    }
    return 0;
}

static int run(struct cli *c)
{
    struct doctor d = {.c = c};
    struct str dir = where_dir(c, false);
    int r = 0;

    if (!cli_option(c, "dir").n && !cli_env(c, "FLYBALL_DIR").n &&
        access(where_file(c, dir, "admin.url").p, F_OK) != 0 &&
        access(where_file(c, where_dir(c, true), "admin.url").p, F_OK) == 0)
        dir = where_dir(c, true); /* as where_find does */
    if (c->is_json) {
        buf_init(&d.json, 1u << 20);
        jw_init(&d.w, &d.json);
        jw_object(&d.w);
        jw_key(&d.w, STR("checks"));
        jw_array(&d.w);
    }
    check_config(&d);
    check_folder(&d, dir);
    check_token(&d, dir);
    check_process(&d);
    check_bypass(&d);
    if (!cli_has(c, "offline"))
        r = ask_daemon(&d);
    if (c->is_json) {
        jw_array_end(&d.w);
        jw_put_bool(&d.w, STR("ok"), !d.has_failed && r == 0);
        jw_object_end(&d.w);
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&d.json)));
        buf_deinit(&d.json);
    }
    return r ? r : d.has_failed ? CLI_FAILED : CLI_DONE;
}

static const struct option_spec options[] = {
    {"offline", NULL, "only what can be seen without the daemon", false},
    {"config", "FILE", "the configuration file to read", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_doctor = {
    .name = "doctor",
    .args = "",
    .summary =
        "check this machine and the daemon: rebuild all counters and compare, verify the chain; exit 1 when one fails",
    .examples = "doctor\ndoctor --offline\ndoctor --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
