/*
 * config/oidc.c - the `people:` section: the provider that people sign in at (OpenID Connect).
 */
#include "config/entry.h"

#define TEXT_BYTES_MAX 256
#define LABEL_BYTES_MAX 64
#define PATH_BYTES_MAX 4095
#define SCOPES_MAX 16

/* A URL without query and fragment, https unless it is this machine's. */
static void load_url(struct entry *e, struct str key, bool is_insecure, struct url *ret_url, struct str *ret)
{
    const struct yaml *y = entry_get(e, e->y, key, YAML_STR, "a URL");
    if (!y)
        return;
    const char *text = url_parse(y->text, e->l->arena, ret_url);
    if (!text && (!url_is_visible(y->text) || y->text.n > TEXT_BYTES_MAX || str_has(ret_url->path, '?') ||
                  str_has(ret_url->path, '#')))
        text = "scheme, host, port and path only";
    if (text)
        entry_fault(e, y, "bad_url", STR_FMT ": %s", STR_ARG(key), text);
    else if (!ret_url->is_tls && !ret_url->is_loopback && !is_insecure)
        entry_fault(e, y, "insecure_url",
                    STR_FMT ": over plain http anyone on the way could sign in as anybody; use https, or say "
                            "`insecure: true`",
                    STR_ARG(key));
    else
        *ret = arena_str(e->l->arena, y->text);
}

static void load_secret(struct entry *e, struct config_oidc *o)
{
    const struct yaml *y = entry_get(e, e->y, STR("client_secret"), YAML_STR, "a reference");
    if (y && entry_is_reference(y->text))
        o->client_secret = arena_str(e->l->arena, y->text);
    else if (y)
        entry_fault(e, y, "secret_inline", "client_secret: env:NAME or file:PATH is wanted, never the secret itself");
}

static bool is_scope(const struct yaml *y)
{
    return yaml_is(y, YAML_STR) && y->text.n > 0 && y->text.n <= TEXT_BYTES_MAX && url_is_visible(y->text) &&
           !str_has(y->text, '"') && !str_has(y->text, '\\');
}

static void load_scopes(struct entry *e, struct config_oidc *o)
{
    static const struct str usual[] = {STR_INIT("openid"), STR_INIT("email")};
    const struct yaml *list = entry_get(e, e->y, STR("scopes"), YAML_SEQ, "a list");
    o->scopes = usual;
    o->n_scopes = 2;
    if (!list)
        return;
    if (list->n == 0 || list->n > SCOPES_MAX) {
        entry_fault(e, list, "bad_value", "scopes: one to %d", SCOPES_MAX);
        return;
    }
    struct str *scopes = arena_alloc(e->l->arena, (list->n + 1) * sizeof *scopes);
    size_t n = 0;
    scopes[n++] = STR("openid");
    yaml_each (y, list) {
        if (!is_scope(y))
            entry_fault(e, y, "bad_value", "scopes: a scope is a word without spaces and quotes");
        else if (!str_eq(y->text, STR("openid")))
            scopes[n++] = arena_str(e->l->arena, y->text);
    }
    o->scopes = scopes;
    o->n_scopes = n;
}

static void load_provider(struct loader *l, const struct yaml *y, const struct entry_kind *kind)
{
    struct config_oidc *o = &l->config->oidc;
    struct entry e;
    struct url issuer = {.port = 0}, own;
    if (!entry_begin(&e, l, y, kind))
        return;
    o->line = y->key_line;
    o->claim = STR("email");
    entry_bool(&e, STR("insecure"), &o->is_insecure);
    entry_bool(&e, STR("private"), &o->is_private);
    load_url(&e, STR("issuer"), o->is_insecure, &issuer, &o->issuer);
    load_url(&e, STR("url"), o->is_insecure, &own, &o->url);
    entry_text(&e, y, STR("client_id"), TEXT_BYTES_MAX, &o->client_id);
    entry_text(&e, y, STR("claim"), TEXT_BYTES_MAX, &o->claim);
    o->label = issuer.host;
    entry_text(&e, y, STR("label"), LABEL_BYTES_MAX, &o->label);
    entry_text(&e, y, STR("ca_file"), PATH_BYTES_MAX, &o->ca_file);
    load_secret(&e, o);
    load_scopes(&e, o);
    o->is_private |= issuer.is_numeric; /* who writes an address means that one */
}

void load_people(struct loader *l, const struct yaml *root)
{
    static const struct str names[] = {STR_INIT("oidc")};
    const struct entry_kind kind = {"people", "a map", "a provider's", oidc_key_infos, n_oidc_key_infos, 1};
    const struct yaml *section = entries_of(l, root, &kind);
    if (!section)
        return;
    yaml_check_keys(section, l->file, names, 1, l->diags);
    const struct yaml *y = yaml_get(section, names[0]);
    if (y)
        load_provider(l, y, &kind);
}
