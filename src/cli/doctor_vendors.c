/*
 * cli/doctor_vendors.c - vendors and targets of exports as the configuration names them: secrets, and whether they
 * answer from here.
 *
 * They are asked for "/" without a credential: whatever they say to that, they are there. The answer's date is the
 * second opinion on our clock.
 */
#include "base/err.h"
#include "base/time.h"
#include "cli/ask.h"
#include "cli/doctor.h"
#include "crypto/secret.h"
#include "tls/client.h"

#include <sys/stat.h>
#include <time.h>

#define ANSWER_BYTES_MAX (1u << 20)
#define ERROR_BYTES_MAX 4096
#define SKEW_WARN_NS (30 * NS_PER_S)

/* --- secrets ------------------------------------------------------------------------------------------------------ */

/* What a credential's beginning says; NULL: nothing. */
static const char *kind_of(struct str secret, bool *ret_can_all)
{
    static const struct {
        struct str prefix;
        const char *kind;
        bool can_all; /* with real money */
    } KINDS[] = {
        {STR_INIT("sk_live_"), "a live key", true},         {STR_INIT("rk_live_"), "a restricted live key", false},
        {STR_INIT("sk_test_"), "a test key", false},        {STR_INIT("rk_test_"), "a restricted test key", false},
        {STR_INIT("sk-admin-"), "an administrator's key", true},
    };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (!str_starts(secret, KINDS[i].prefix))
            continue;
        *ret_can_all = KINDS[i].can_all;
        return KINDS[i].kind;
    }
    *ret_can_all = false;
    return "a key";
}

/* Others of the file's group may read it: the daemon takes it, and an operator should know. */
static bool is_open_to_group(struct doctor *d, struct str ref)
{
    struct stat st;
    return str_starts(ref, STR("file:")) && stat(arena_str(&d->c->arena, str_sub(ref, 5, ref.n)).p, &st) == 0 &&
           (st.st_mode & (S_IRGRP | S_IWGRP)) != 0;
}

static void report_secret(struct doctor *d, const struct config_vendor *v, const struct secret *s)
{
    bool can_all;
    const char *kind = kind_of(secret_reveal(s), &can_all);
    if (is_open_to_group(d, v->secret))
        doctor_report(d, "warn", "secret",
                      DOCTOR_TEXT(d, STR_FMT ": the group of " STR_FMT " can read it", STR_ARG(v->name),
                                  STR_ARG(v->secret)),
                      DOCTOR_TEXT(d, "chmod 600 " STR_FMT, STR_ARG(str_sub(v->secret, 5, v->secret.n))));
    else
        doctor_report(d, can_all ? "warn" : "ok", "secret",
                      DOCTOR_TEXT(d, STR_FMT ": " STR_FMT " is %s%s", STR_ARG(v->name), STR_ARG(v->secret), kind,
                                  can_all ? ", which can do everything" : ""),
                      can_all ? STR("make a restricted key at the vendor, with no more than agents need") : STR(""));
}

static void check_secret(struct doctor *d, const struct config_vendor *v)
{
    struct buf error;
    struct secret *s;
    if (!v->secret.n || str_starts(v->secret, CONFIG_SECRET_STORE))
        return; /* the daemon's own check says how those of the store are */
    buf_init(&error, ERROR_BYTES_MAX);
    int r = secret_load(v->secret, &error, &s);
    if (r == 0) {
        report_secret(d, v, s);
        secret_free(s);
    } else {
        /* The daemon may have another environment than we have; a file is the same for both. */
        bool is_file = str_starts(v->secret, STR("file:"));
        doctor_report(d, is_file ? "fail" : "warn", "secret",
                      DOCTOR_TEXT(d, STR_FMT ": " STR_FMT, STR_ARG(v->name), STR_ARG(buf_str(&error))),
                      is_file ? STR("put it there, readable by the daemon's user only")
                              : STR("set it where the daemon starts"));
    }
    buf_deinit(&error);
}

void doctor_secrets(struct doctor *d, const struct config *config)
{
    for (size_t i = 0; i < config->n_vendors; i++)
        check_secret(d, &config->vendors[i]);
}

/* --- reach -------------------------------------------------------------------------------------------------------- */

/* Somebody else's listener that we depend on. */
struct place {
    const char *what; /* the check's name: vendor, export */
    struct str name, url, host, ca_file;
    uint16_t port;
    bool is_tls;
    const char *fix; /* when it is not there */
};

/* 0: asked, ask_end() is owed; negative: it could not be asked, which was said. */
static int ask_place(struct doctor *d, const struct place *p, struct told *ret, int64_t *ret_ms)
{
    struct http_field fields[] = {{STR("user-agent"), STR("flyball-doctor")}, {STR("accept"), STR("*/*")}};
    struct ask what = {.host = p->host, .port = p->port, .method = "GET", .path = STR("/"), .fields = fields};
    struct buf error;
    what.n_fields = 2;
    buf_init(&error, ERROR_BYTES_MAX);
    int r = p->is_tls ? tls_client_new(p->ca_file, NULL, &error, &what.tls) : 0;
    if (r < 0) {
        doctor_report(d, "fail", p->what, DOCTOR_TEXT(d, STR_FMT ": " STR_FMT, STR_ARG(p->name),
                                                      STR_ARG(buf_str(&error))), STR("mend ca_file"));
    } else {
        mono_t since = clock_system.mono(clock_system.ctx);
        r = ask_once(&what, ANSWER_BYTES_MAX, &d->c->arena, ret);
        *ret_ms = (clock_system.mono(clock_system.ctx) - since) / NS_PER_MS;
        tls_client_free(what.tls);
        if (r < 0) {
            ask_end(ret);
            doctor_report(d, "fail", p->what, DOCTOR_TEXT(d, STR_FMT " could not be asked: %s", STR_ARG(p->name),
                                                          err_text(r)), STR(""));
        }
    }
    buf_deinit(&error);
    return r;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
static bool date_parse(struct doctor *d, struct str text, wall_t *ret)
{
    struct tm tm = {0};
    const char *end = strptime(arena_str(&d->c->arena, text).p, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (!end || *end)
        return false;
    *ret = (wall_t)timegm(&tm) * NS_PER_S;
    return true;
}

static void check_clock(struct doctor *d, const struct place *p, const struct told *told)
{
    wall_t theirs, ours = clock_system.wall(clock_system.ctx);
    if (!date_parse(d, told->date, &theirs))
        return;
    int64_t off = ours > theirs ? ours - theirs : theirs - ours;
    if (off > SKEW_WARN_NS)
        doctor_report(d, "warn", "clock",
                      DOCTOR_TEXT(d, "our clock and the one of " STR_FMT " differ by %lld s", STR_ARG(p->name),
                                  (long long)(off / NS_PER_S)),
                      STR("set the clock (NTP): limits by day and month, and tokens of users, depend on it"));
}

static void check_reach(struct doctor *d, const struct place *p)
{
    struct told told;
    int64_t ms;
    if (ask_place(d, p, &told, &ms) < 0)
        return;
    if (told.has_failed)
        doctor_report(d, "fail", p->what,
                      DOCTOR_TEXT(d, STR_FMT ": " STR_FMT ": %s", STR_ARG(p->name), STR_ARG(p->url),
                                  http_reset_text(told.why)),
                      str_c(p->fix));
    else
        doctor_report(d, "ok", p->what,
                      DOCTOR_TEXT(d, STR_FMT ": " STR_FMT " answers, after %lld ms", STR_ARG(p->name),
                                  STR_ARG(p->url), (long long)ms),
                      STR(""));
    check_clock(d, p, &told);
    ask_end(&told);
}

static void check_vendor(struct doctor *d, const struct config_vendor *v)
{
    struct place p = {"vendor", v->name, v->base_url, v->host, v->ca_file, v->port, v->is_tls,
                      "look at the name, the network and the firewall; its calls end as upstream_failed"};
    check_reach(d, &p);
}

static void check_export(struct doctor *d, const struct config_export *e)
{
    struct place p = {"export", e->name, e->url, e->host, e->ca_file, e->port, e->is_tls,
                      "look at the name and the network; nothing is lost, spans wait in the store"};
    check_reach(d, &p);
}

void doctor_reach(struct doctor *d, const struct config *config)
{
    for (size_t i = 0; i < config->n_vendors; i++)
        check_vendor(d, &config->vendors[i]);
    for (size_t i = 0; i < config->n_exports; i++)
        check_export(d, &config->exports[i]);
    if (!config->n_vendors)
        doctor_report(d, "ok", "vendor", STR("the configuration names none"), STR(""));
}
