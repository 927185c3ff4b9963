/*
 * cli/doctor_env.c - the environment that agents started from here would get.
 */
#include "cli/doctor.h"
#include "cli/sdk_env.h"

/* A vendor's own credential where agents run is a way around us. */
static void check_bypass(struct doctor *d)
{
    size_t n = 0;
    for (const char *const *e = d->c->env; e && *e; e++) {
        struct str name, value;
        const char *vendor = str_cut(str_c(*e), '=', &name, &value) ? sdk_real_key(value) : NULL;
        if (!vendor)
            continue;
        doctor_report(d, "warn", "bypass",
                      DOCTOR_TEXT(d, STR_FMT " holds a key of %s: a program started here can go around Flyball",
                                  STR_ARG(name), vendor),
                      DOCTOR_TEXT(d,
                                  "start agents with `flyball run`, which hides it, or unset " STR_FMT
                                  "; give the daemon the secret by file:",
                                  STR_ARG(name)));
        n++;
    }
    if (!n)
        doctor_report(d, "ok", "bypass", STR("no vendor's own key in this environment"), STR(""));
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

struct agents {
    struct doctor *d;
    struct str data_url;
};

static struct str base_of(void *ctx, const char *vendor)
{
    const struct agents *a = ctx;
    return arena_printf(&a->d->c->arena, STR_FMT "/%s", STR_ARG(a->data_url), vendor);
}

static void nothing_hidden(void *ctx, struct str variable, const char *vendor) {}

/* The address without the run that may stand in front of the vendor: http://127.0.0.1:4747/r/ID/openai. */
static struct str without_run(struct arena *a, struct str url, struct str data_url)
{
    struct str path = str_sub(url, data_url.n, url.n), run, rest;
    if (!str_starts(path, STR("/r/")) || !str_cut(str_sub(path, 3, path.n), '/', &run, &rest))
        return url;
    return arena_join(a, (struct str[]){data_url, STR("/"), rest}, 3);
}

/* localhost is 127.0.0.1 under another name. */
static struct str as_number(struct arena *a, struct str url)
{
    static const struct str NAME = STR_INIT("://localhost:");
    size_t at;
    if (!str_find(url, NAME, &at))
        return url;
    return arena_join(a, (struct str[]){str_sub(url, 0, at), STR("://127.0.0.1:"), str_sub(url, at + NAME.n, url.n)},
                      3);
}

static bool is_behind(struct str url, struct str data_url)
{
    return str_starts(url, data_url) && (url.n == data_url.n || url.p[data_url.n] == '/');
}

/* How a variable leads to us, or does not. True: as it should. */
static bool check_address(struct doctor *d, struct str name, struct str is, struct str should, struct str data_url)
{
    struct str fix = DOCTOR_TEXT(d, "export " STR_FMT "=" STR_FMT ", or start agents with `flyball run`", STR_ARG(name),
                                 STR_ARG(should));
    struct str url = as_number(&d->c->arena, is);
    if (!is_behind(url, data_url)) {
        doctor_report(d, "warn", "agents",
                      DOCTOR_TEXT(d, STR_FMT " is " STR_FMT ": calls go there, and not to Flyball", STR_ARG(name),
                                  STR_ARG(is)),
                      fix);
        return false;
    }
    if (str_eq(without_run(&d->c->arena, url, data_url), should))
        return true;
    doctor_report(d, "warn", "agents",
                  DOCTOR_TEXT(d, STR_FMT " is " STR_FMT "; its SDK adds paths to " STR_FMT, STR_ARG(name), STR_ARG(is),
                              STR_ARG(should)),
                  fix);
    return false;
}

static void check_addresses(struct doctor *d, struct str data_url)
{
    static const char *const none[] = {NULL};
    struct agents agents = {d, data_url};
    const struct sdk_values values = {STR("key"), STR("run"), STR("test")};
    const char **should = sdk_env(&d->c->arena, none, &values, &agents, base_of, nothing_hidden);
    size_t n = 0, n_right = 0;
    for (; *should; should++) {
        struct str name, value, is;
        if (!str_cut(str_c(*should), '=', &name, &value) || !str_starts(value, data_url))
            continue; /* no address */
        is = config_env(d->c->env, name);
        if (!is.n)
            continue;
        n++;
        n_right += check_address(d, name, is, value, data_url);
    }
    if (n == 0)
        doctor_report(d, "ok", "agents", STR("no SDK's address is set here; `flyball run` sets them for the agent"),
                      STR(""));
    else if (n == n_right)
        doctor_report(d, "ok", "agents", DOCTOR_TEXT(d, "%zu SDK addresses lead to " STR_FMT, n, STR_ARG(data_url)),
                      STR(""));
}

void doctor_env(struct doctor *d, struct str data_url)
{
    check_bypass(d);
    if (data_url.n)
        check_addresses(d, data_url);
}
