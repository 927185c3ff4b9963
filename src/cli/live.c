/*
 * cli/live.c - names of vendors become a `vendors:` section; addresses are the connectors' own.
 */
#include "cli/live.h"

#include "cli/near.h"
#include "saas/connector.h"

#define CONFIG_BYTES_MAX 4096

static const struct live_vendor known[] = {
#define LIVE(vendor, variable) {STR_INIT(vendor), STR_INIT(variable)},
#include "cli/live.tbl.h"
#undef LIVE
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static int say_unknown(struct cli *c, struct str name)
{
    struct str all[N_KNOWN], names = STR("");
    for (size_t i = 0; i < N_KNOWN; i++) {
        all[i] = known[i].vendor;
        names = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(names), i ? ", " : "", STR_ARG(all[i]));
    }
    return cli_usage(c, "--live: there is no simulated vendor `" STR_FMT "`; there are " STR_FMT STR_FMT, STR_ARG(name),
                     STR_ARG(names), STR_ARG(near_name(c, name, all, N_KNOWN)));
}

const struct live_vendor *live_vendors(size_t *ret_n)
{
    *ret_n = N_KNOWN;
    return known;
}

struct str live_base_url(struct cli *c, struct str vendor)
{
    struct limits limits;
    struct diag_list diags;
    struct connector *connector;
    struct str text, url = STR_NONE;
    limits_default(&limits);
    diag_list_init(&diags, &c->arena, 1);
    if (!connector_builtin(vendor, &text) || connector_parse(text, vendor, &limits, &diags, &connector) < 0)
        return url; /* a unit test reads every one of the table */
    url = arena_str(&c->arena, connector_base_url(connector));
    connector_free(connector);
    return url;
}

static int add_vendor(struct cli *c, struct str name, struct buf *out)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        struct str variable = known[i].variable;
        if (!str_eq(known[i].vendor, name))
            continue;
        if (!cli_env(c, variable.p).n)
            return cli_fail(c, "--live " STR_FMT ": its secret is looked for in " STR_FMT ", which is not set",
                            STR_ARG(name), STR_ARG(variable));
        (void)buf_printf(out, "  " STR_FMT ": {base_url: \"" STR_FMT "\", secret: \"env:" STR_FMT "\"}\n",
                         STR_ARG(name), STR_ARG(live_base_url(c, name)),
                         STR_ARG(variable)); /* a few short lines: they fit */
        return 0;
    }
    return say_unknown(c, name);
}

int live_config(struct cli *c, struct str names, struct str *ret_text)
{
    struct buf out;
    struct str name, rest = names;
    bool is_last = false;
    int r = 0;
    buf_init(&out, CONFIG_BYTES_MAX);
    (void)buf_add(&out, STR("vendors:\n"));
    while (r == 0 && !is_last) {
        is_last = !str_cut(rest, ',', &name, &rest);
        r = add_vendor(c, str_trim(is_last ? rest : name), &out);
    }
    if (r == 0 && buf_ok(&out) < 0)
        r = cli_usage(c, "--live: a vendor is named more than once");
    if (r == 0)
        *ret_text = arena_str(&c->arena, buf_str(&out));
    buf_deinit(&out);
    return r;
}
