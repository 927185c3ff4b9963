/*
 * cli/cmd_doctor.c - `flyball doctor`: what can be seen from here, then what the daemon proves about itself. One line a
 * check: ok, warn or fail, and what to do.
 */
#include "base/time.h"
#include "cli/agent_key.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/print.h"
#include "cli/settings.h"
#include "cli/where.h"
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

static enum style style_of(const char *status)
{
    if (strcmp(status, "ok") == 0)
        return STYLE_GOOD;
    return strcmp(status, "warn") == 0 ? STYLE_WARN : STYLE_BAD;
}

void doctor_report(struct doctor *d, const char *status, const char *name, struct str text, struct str fix)
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
        doctor_report(d, "fail", name, arena_str(&d->c->arena, buf_str(&error)),
                      STR("the daemon does not start with it"));
    } else {
        wall_t ends = tls_server_ends(s), now = clock_system.wall(clock_system.ctx);
        const char *status = ends < now ? "fail" : ends - now < CERTIFICATE_WARN_NS ? "warn" : "ok";
        doctor_report(d, status, name,
               DOCTOR_TEXT(d, STR_FMT " is good until " STR_FMT, STR_ARG(cert), STR_ARG(wall_text(ends, until))),
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
        doctor_report(d, "fail", "ca_file",
               DOCTOR_TEXT(d, "vendors." STR_FMT ": " STR_FMT, STR_ARG(v->name), STR_ARG(buf_str(&error))),
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
        doctor_report(d, "warn", "insecure", STR("listeners may be reached from other machines without TLS"),
               STR("name a certificate: listen.data_tls, listen.admin_tls"));
    for (size_t i = 0; i < c->n_vendors; i++)
        check_authorities(d, &c->vendors[i]);
}

/* *ret: NULL when it has errors, which are printed. */
static void check_config(struct doctor *d, const struct config **ret)
{
    const struct config *config;
    *ret = NULL;
    if (settings_load(d->c, false, NULL, &config) != 0) {
        struct str file = cli_option(d->c, "config");
        doctor_report(d, "fail", "config", STR("the configuration has errors, printed above"),
                      DOCTOR_TEXT(d, "flyball config check%s" STR_FMT, file.n ? " --config " : "", STR_ARG(file)));
        return;
    }
    doctor_report(d, "ok", "config", DOCTOR_TEXT(d, "read; %zu vendors", config->n_vendors), STR(""));
    check_tls(d, config);
    *ret = config;
}

static void check_entry(struct doctor *d, struct str dir, struct str path)
{
    struct stat st;
    if (stat(path.p, &st) != 0)
        doctor_report(d, errno == ENOENT ? "warn" : "fail", "folder",
                      DOCTOR_TEXT(d, STR_FMT ": %s", STR_ARG(dir), strerror(errno)),
                      errno == ENOENT ? STR("flyball dev, or flyball serve, makes it") : STR(""));
    else if (st.st_mode & (S_IWGRP | S_IRWXO))
        doctor_report(d, "warn", "folder",
                      DOCTOR_TEXT(d, STR_FMT " can be entered by other users (mode %03o)", STR_ARG(dir),
                                  st.st_mode & 0777u),
                      DOCTOR_TEXT(d, "chmod 700 " STR_FMT, STR_ARG(dir)));
    else if (access(path.p, W_OK | X_OK) != 0)
        doctor_report(
            d, "warn", "folder",
            DOCTOR_TEXT(d, STR_FMT " cannot be written by you: another user's daemon runs on it", STR_ARG(dir)),
            STR("run doctor as that user, with sudo -u"));
    else
        doctor_report(d, "ok", "folder", DOCTOR_TEXT(d, STR_FMT " (mode %03o)", STR_ARG(dir), st.st_mode & 0777u),
                      STR(""));
}

static void check_folder(struct doctor *d, struct str dir)
{
    struct statvfs fs;
    struct str path = arena_str(&d->c->arena, dir);
    check_entry(d, dir, path);
    if (statvfs(path.p, &fs) != 0)
        return; /* said */
    unsigned long long left = (unsigned long long)fs.f_bavail * fs.f_frsize;
    doctor_report(d, left < FREE_BYTES_MIN ? "fail" : "ok", "disk", DOCTOR_TEXT(d, "%llu MiB free", left >> 20),
                  left < FREE_BYTES_MIN ? STR("free space: without a journal no money moves") : STR(""));
}

/* Files of the data folder that nobody else may read. What is not there was not made yet. */
static void check_private(struct doctor *d, struct str dir, const char *file, const char *name)
{
    struct stat st;
    struct str path = where_file(d->c, dir, file);
    if (stat(path.p, &st) != 0)
        return;
    bool is_open = (st.st_mode & 077) != 0;
    doctor_report(d, is_open ? "fail" : "ok", name,
                  DOCTOR_TEXT(d, STR_FMT " (mode %03o)", STR_ARG(path), st.st_mode & 0777u),
                  is_open ? DOCTOR_TEXT(d, "chmod 600 " STR_FMT, STR_ARG(path)) : STR(""));
}

static void check_private_files(struct doctor *d, struct str dir)
{
    check_private(d, dir, "admin.token", "token");
    check_private(d, dir, "secrets.key", "secrets key");
    check_private(d, dir, "checkpoint.key", "record key");
}

static void check_process(struct doctor *d)
{
    struct rlimit files;
    wall_t now = clock_system.wall(clock_system.ctx);
    char text[WALL_TEXT_BYTES];
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        doctor_report(d, files.rlim_max < FILES_MIN ? "warn" : "ok", "files",
               DOCTOR_TEXT(d, "%llu open files allowed", (unsigned long long)files.rlim_max),
               files.rlim_max < FILES_MIN ? STR("raise it: ulimit -n 65536, or LimitNOFILE= in the unit") : STR(""));
    bool is_set = now / NS_PER_S > CLOCK_MIN;
    doctor_report(d, is_set ? "ok" : "fail", "clock", wall_text(now, text),
           is_set ? STR("") : STR("set the clock: limits by day and month depend on it"));
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
        doctor_report(d, status, name, show_text(check, "text"), show_text(check, "fix"));
    }
    return 0;
}

/* Where agents connect: as the daemon says, else as the configuration does. Empty: nobody knows. */
static struct str data_url(struct doctor *d, const struct config *config, bool has_daemon)
{
    struct agent_place place;
    if (has_daemon && agent_place_find(d->c, &place) == 0)
        return place.url;
    if (!config || str_ends(config->listen_data, STR(":0")))
        return STR("");
    return DOCTOR_TEXT(d, "%s://" STR_FMT, config->data_cert_file.n ? "https" : "http", STR_ARG(config->listen_data));
}

static int examine(struct doctor *d, struct str dir)
{
    const struct config *config;
    int r = 0;
    check_config(d, &config);
    check_folder(d, dir);
    check_private_files(d, dir);
    check_process(d);
    if (config) {
        doctor_secrets(d, config);
        doctor_prices(d, config);
    }
    if (config && cli_has(d->c, "vendors"))
        doctor_reach(d, config);
    if (!cli_has(d->c, "offline"))
        r = ask_daemon(d);
    bool has_daemon = r == 0 && !cli_has(d->c, "offline");
    if (has_daemon)
        r = doctor_keys(d);
    doctor_env(d, data_url(d, config, has_daemon));
    config_unref(config);
    return r;
}

static int run(struct cli *c)
{
    struct doctor d = {.c = c};
    struct str dir = where_dir(c, false);

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
    int r = examine(&d, dir);
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
    {"vendors", NULL, "also ask every vendor and target of exports for an answer: name, connection, TLS, clock", false},
    {"config", "FILE", "the configuration file to read", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_doctor = {
    .name = "doctor",
    .args = "",
    .summary =
        "check this machine and the daemon: rebuild all counters and compare, verify the chain; exit 1 when one fails",
    .text = "One line a check: ok, warn or fail, and what to do. A warning changes no exit code. Without --vendors "
            "nothing\n"
            "leaves this machine.",
    .examples = "doctor\ndoctor --vendors --config /etc/flyball/flyball.yaml\ndoctor --offline --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
