/*
 * config/vendors.c - the `vendors:` section.
 *
 * No message repeats the value of `secret`, nor a base_url with something in front of an @: both may hold credentials.
 */
#include "config/entry.h"

#include "base/err.h"

#define ADDITIONS_MAX 16

/* One vendor on its way in. */
struct vendor_loader {
    struct entry e;
    struct config_vendor *v;
};

/* What a person wrote, without what a terminal or a log should not see. */
static struct str copy(struct vendor_loader *vl, struct str s)
{
    return arena_str(vl->e.l->arena, s);
}

/* First segments of paths that mean something else. */
static bool is_reserved(struct str s)
{
    static const struct str names[] = {STR_INIT("r"),     STR_INIT("v1"),      STR_INIT("v2"),
                                       STR_INIT("mcp"),   STR_INIT("otlp"),    STR_INIT("oauth"),
                                       STR_INIT("hooks"), STR_INIT("healthz"), STR_INIT("api")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(s, names[i]))
            return true;
    return false;
}

static void load_connector(struct vendor_loader *vl)
{
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("connector"), YAML_STR, "a string");
    vl->v->connector = vl->v->name;
    if (y && config_name_is_valid(y->text))
        vl->v->connector = copy(vl, y->text);
    else if (y)
        entry_fault(&vl->e, y, "bad_name", "connector: a name begins with a-z and goes on with a-z, 0-9, - and _");
}

/* --- base_url ----------------------------------------------------------------------------------------------------- */

static void load_base_url(struct vendor_loader *vl)
{
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("base_url"), YAML_STR, "a string");
    struct config_vendor *v = vl->v;
    struct url u;
    if (!y)
        return;
    const char *text = url_parse(y->text, vl->e.l->arena, &u);
    if (text) {
        entry_fault(&vl->e, y, "bad_url", "base_url: %s", text);
        return;
    }
    v->is_tls = u.is_tls;
    if (u.path.n > 1) {
        entry_fault(&vl->e, y, "bad_url", "base_url: only scheme, host and port; the path comes with each request");
        return;
    }
    if (!u.is_tls && !u.is_loopback && !v->is_insecure) {
        entry_fault(&vl->e, y, "insecure_url",
              "base_url: plain http to another machine shows the vendor's secret to the network; use https, "
              "or say `insecure: true` to allow it");
        return;
    }
    v->host = u.host;
    v->port = u.port;
    v->is_private |= u.is_numeric; /* who writes an address means that one */
    v->base_url = url_origin(&u, vl->e.l->arena);
}

/* --- prices, ca_file, timeouts ------------------------------------------------------------------------------------ */

static void load_prices(struct vendor_loader *vl)
{
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("prices"), YAML_STR, "a path");
    if (y && (y->text.n == 0 || y->text.n > 4095 || str_has(y->text, '\0')))
        entry_fault(&vl->e, y, "bad_path", "prices: a path has 1 to 4095 bytes and no NUL");
    else if (y)
        vl->v->prices = copy(vl, y->text);
}

static void load_ca_file(struct vendor_loader *vl)
{
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("ca_file"), YAML_STR, "a path");
    if (!y)
        return;
    if (y->text.n == 0 || y->text.n > 4095 || str_has(y->text, '\0'))
        entry_fault(&vl->e, y, "bad_path", "ca_file: a path has 1 to 4095 bytes and no NUL");
    else if (vl->v->base_url.n && !vl->v->is_tls)
        entry_fault(&vl->e, y, "no_tls", "ca_file: there is nothing to check without https in base_url");
    else
        vl->v->ca_file = copy(vl, y->text);
}

/* One of the limits, for this vendor only; within the same bounds. */
static void load_timeout(struct vendor_loader *vl, const struct yaml *section, struct str key, struct str limit,
                         int64_t *ret)
{
    const struct yaml *y = yaml_get(section, key);
    size_t n;
    const struct limit_info *t = limits_table(&n);
    if (!y)
        return;
    if (!yaml_is(y, YAML_INT)) {
        entry_fault(&vl->e, y, "wrong_type", "timeouts." STR_FMT " wants a whole number; this is %s", STR_ARG(key),
              yaml_type_name(y->type));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(t[i].name, limit))
            continue;
        if (y->i < t[i].least || y->i > t[i].most)
            entry_fault(&vl->e, y, "out_of_range", "timeouts." STR_FMT ": %lld is not within %lld to %lld (ms)",
                        STR_ARG(key), (long long)y->i, (long long)t[i].least, (long long)t[i].most);
        *ret = y->i;
    }
}

static void load_timeouts(struct vendor_loader *vl)
{
    static const struct str keys[] = {STR_INIT("connect_ms"), STR_INIT("first_byte_ms"), STR_INIT("idle_ms")};
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("timeouts"), YAML_MAP, "a map");
    if (!y)
        return;
    yaml_check_keys(y, vl->e.l->file, keys, 3, vl->e.l->diags);
    load_timeout(vl, y, keys[0], STR("connect_timeout_ms"), &vl->v->connect_ms);
    load_timeout(vl, y, keys[1], STR("first_byte_timeout_ms"), &vl->v->first_byte_ms);
    load_timeout(vl, y, keys[2], STR("idle_timeout_ms"), &vl->v->idle_ms);
}

/* --- secret, mode, additions -------------------------------------------------------------------------------------- */

static void load_secret(struct vendor_loader *vl)
{
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("secret"), YAML_STR, "a string");
    struct str kind, rest;
    if (!y)
        return;
    bool has_kind = str_cut(y->text, ':', &kind, &rest);
    if (has_kind && str_eq(kind, STR("env")) && str_is_token(rest, "_", 255) && !(rest.p[0] >= '0' && rest.p[0] <= '9'))
        vl->v->secret = copy(vl, y->text);
    else if (has_kind && str_eq(kind, STR("file")) && rest.n && rest.n <= 4095 && !str_has(rest, '\0'))
        vl->v->secret = copy(vl, y->text);
    else if (has_kind && str_eq(kind, STR("store")) && str_is_token(rest, "._-", CONFIG_NAME_CHARS_MAX))
        vl->v->secret = copy(vl, y->text);
    else if (has_kind && (str_eq(kind, STR("vault")) || str_eq(kind, STR("credential"))))
        entry_fault(&vl->e, y, "secret_unavailable",
              "secret: " STR_FMT ": is not available in this version; use env:NAME, file:PATH or store:NAME",
              STR_ARG(kind));
    else
        entry_fault(&vl->e, y, "secret_inline",
              "secret: env:NAME, file:PATH or store:NAME is wanted; the secret itself does not belong in this file");
}

static void load_mode(struct vendor_loader *vl)
{
    static const struct str modes[] = {STR_INIT("live"), STR_INIT("test"), STR_INIT("any")};
    const struct yaml *y = entry_get(&vl->e, vl->e.y, STR("mode"), YAML_STR, "live, test or any");
    if (!y)
        return;
    for (int i = 0; i < 3; i++)
        if (str_eq(y->text, modes[i]))
            vl->v->mode = modes[i];
    if (vl->v->mode.n == 0)
        diag_add_unknown(vl->e.l->diags, vl->e.l->file, y->line, y->col, "unknown_value", "the mode", y->text, modes,
                         3);
}

static void load_additions_list(struct vendor_loader *vl, const struct yaml *list)
{
    if (list->n > ADDITIONS_MAX) {
        entry_fault(&vl->e, list, "too_many", "additions: at most %d", ADDITIONS_MAX);
        return;
    }
    struct str *names = arena_alloc(vl->e.l->arena, list->n * sizeof *names);
    size_t n = 0;
    yaml_each (y, list) {
        if (yaml_is(y, YAML_STR) && config_name_is_valid(y->text))
            names[n++] = copy(vl, y->text);
        else
            entry_fault(&vl->e, y, "bad_name", "additions: each is a name, like idempotency_key");
    }
    vl->v->additions = n ? ADDITIONS_LISTED : ADDITIONS_NONE;
    vl->v->additions_listed = names;
    vl->v->n_additions_listed = n;
}

static void load_additions(struct vendor_loader *vl)
{
    const struct yaml *y = yaml_get(vl->e.y, STR("additions"));
    bool is_on;
    if (yaml_bool(y, &is_on))
        vl->v->additions = is_on ? ADDITIONS_ALL : ADDITIONS_NONE;
    else if (yaml_is(y, YAML_SEQ))
        load_additions_list(vl, y);
    else if (y)
        entry_fault(&vl->e, y, "wrong_type", "additions wants true, false or a list of names; this is %s",
              yaml_type_name(y->type));
}

/* --- the section -------------------------------------------------------------------------------------------------- */

static void load_vendor(struct loader *l, const struct yaml *y, const struct entry_kind *kind, struct config_vendor *v)
{
    struct vendor_loader vl = {.v = v};
    bool is_map = entry_begin(&vl.e, l, y, kind);
    v->name = vl.e.name;
    v->line = y->key_line;
    if (is_reserved(v->name))
        diag_add(l->diags, l->file, y->key_line, y->key_col, "reserved_name",
                 "no vendor can be called " STR_FMT ": paths that begin with it mean something else; say `connector:` "
                 "under another name",
                 STR_ARG(v->name));
    if (!is_map)
        return;
    load_connector(&vl);
    entry_bool(&vl.e, STR("insecure"), &v->is_insecure);
    entry_bool(&vl.e, STR("forward_run_id"), &v->forwards_run_id);
    entry_bool(&vl.e, STR("private"), &v->is_private);
    load_base_url(&vl);
    load_ca_file(&vl);
    load_prices(&vl);
    entry_bool(&vl.e, STR("poll"), &v->polls);
    load_timeouts(&vl);
    load_secret(&vl);
    load_mode(&vl);
    load_additions(&vl);
}

void load_vendors(struct loader *l, const struct yaml *root)
{
    const struct entry_kind kind = {"vendors",        "a map from names to vendors", "a vendor's", vendor_key_infos,
                                    n_vendor_key_infos, CONFIG_VENDORS_MAX};
    const struct yaml *section = entries_of(l, root, &kind);
    if (!section)
        return;
    struct config_vendor *vendors = arena_alloc(l->arena, section->n * sizeof *vendors);
    size_t n = 0;
    yaml_each (y, section)
        load_vendor(l, y, &kind, &vendors[n++]);
    l->config->vendors = vendors;
    l->config->n_vendors = n;
}
