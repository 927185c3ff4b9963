/*
 * config/approvals.c - the sections `approvals:` and `notices:`: where persons are told that a call waits for them, and
 * programs that a rule noted one.
 *
 * No message repeats a webhook's URL: it may be a secret as a whole.
 */
#include "config/entry.h"

#define PATH_BYTES_MAX 4095

/* One entry on its way in. */
struct approval_loader {
    struct entry e;
    struct config_approval *x;
};

const char *config_webhook_parse(struct str text, bool is_insecure, struct arena *a, struct config_webhook *ret)
{
    struct url u;
    const char *fault = url_parse(text, a, &u);
    if (fault)
        return fault;
    if (str_has(u.path, '#') || !url_is_visible(u.path) || u.path.n > PATH_BYTES_MAX)
        return "scheme, host, port, path and query only";
    if (!u.is_tls && !u.is_loopback && !is_insecure)
        return "plain http to another machine shows who asks for what to the network; use https, or say "
               "`insecure: true`";
    *ret = (struct config_webhook){.host = u.host,
                                   .path = u.path.n ? u.path : STR("/"),
                                   .port = u.port,
                                   .is_tls = u.is_tls,
                                   .is_numeric = u.is_numeric};
    return NULL;
}

static void load_webhook(struct approval_loader *al)
{
    const struct yaml *y = entry_get(&al->e, al->e.y, STR("webhook"), YAML_STR, "a URL or a reference");
    struct config_webhook w;
    if (!y)
        return;
    const char *fault =
        entry_is_reference(y->text) ? NULL : config_webhook_parse(y->text, al->x->is_insecure, al->e.l->arena, &w);
    if (fault)
        entry_fault(&al->e, y, "bad_url", "webhook: %s; or env:NAME, file:PATH", fault);
    else
        al->x->webhook = arena_str(al->e.l->arena, y->text);
}

static void load_secret(struct approval_loader *al)
{
    const struct yaml *y = entry_get(&al->e, al->e.y, STR("secret"), YAML_STR, "a reference");
    if (y && !entry_is_reference(y->text))
        entry_fault(&al->e, y, "secret_inline", "secret: env:NAME or file:PATH is wanted");
    else if (y)
        al->x->secret = arena_str(al->e.l->arena, y->text);
}

static void load_address(struct approval_loader *al, struct str key, struct str *ret)
{
    const struct yaml *y = entry_get(&al->e, al->e.y, key, YAML_STR, "a URL");
    struct url u;
    if (!y)
        return;
    const char *fault = url_parse(y->text, al->e.l->arena, &u);
    if (!fault && (str_has(u.path, '?') || str_has(u.path, '#') || !url_is_visible(u.path) ||
                   u.path.n > PATH_BYTES_MAX))
        fault = "scheme, host, port and path only";
    if (fault)
        entry_fault(&al->e, y, "bad_url", STR_FMT ": %s", STR_ARG(key), fault);
    else
        *ret = arena_str(al->e.l->arena, y->text);
}

static void load_approval(struct loader *l, const struct yaml *y, const struct entry_kind *kind,
                          struct config_approval *x)
{
    struct approval_loader al = {.x = x};
    bool is_map = entry_begin(&al.e, l, y, kind);
    x->name = al.e.name;
    x->line = y->key_line;
    if (!is_map)
        return;
    entry_bool(&al.e, STR("insecure"), &x->is_insecure);
    entry_bool(&al.e, STR("private"), &x->is_private);
    entry_bool(&al.e, STR("personal"), &x->has_personal);
    load_webhook(&al);
    load_secret(&al);
    load_address(&al, STR("page"), &x->page);
    load_address(&al, STR("link"), &x->link);
    entry_text(&al.e, y, STR("ca_file"), PATH_BYTES_MAX, &x->ca_file);
}

static const struct config_approval *load_section(struct loader *l, const struct yaml *root,
                                                  const struct entry_kind *kind, size_t *ret_n)
{
    const struct yaml *section = entries_of(l, root, kind);
    size_t n = 0;
    if (!section)
        return NULL;
    struct config_approval *items = arena_alloc(l->arena, section->n * sizeof *items);
    yaml_each(y, section)
        load_approval(l, y, kind, &items[n++]);
    *ret_n = n;
    return items;
}

void load_approvals(struct loader *l, const struct yaml *root)
{
    const struct entry_kind approvals = {"approvals", "a map from names of approvals", "an approval's",
                                         approval_key_infos, n_approval_key_infos, CONFIG_APPROVALS_MAX};
    const struct entry_kind notices = {"notices", "a map from names of notices", "a notice's", notice_key_infos,
                                       n_notice_key_infos, CONFIG_APPROVALS_MAX};
    l->config->approvals = load_section(l, root, &approvals, &l->config->n_approvals);
    l->config->notices = load_section(l, root, &notices, &l->config->n_notices);
}
