/*
 * config/remotes.c - the `relations:` and `sources:` sections: who answers what scopes ask about a customer.
 */
#include "config/entry.h"

#include "base/err.h"
#include "base/time.h"

#define TEXT_BYTES_MAX 8192
#define PATH_BYTES_MAX 4095
#define CONCURRENT_DEFAULT 32

static struct str load_text(struct entry *e, struct str key, size_t max)
{
    struct str s = STR_NONE;
    entry_text(e, e->y, key, max, &s);
    return s;
}

static struct str load_reference(struct entry *e, struct str key)
{
    struct str s = load_text(e, key, PATH_BYTES_MAX);
    if (s.n && !entry_is_reference(s))
        entry_fault(e, yaml_get(e->y, key), "bad_secret", STR_FMT ": env:NAME or file:PATH is wanted, never the value",
                    STR_ARG(key));
    return s;
}

/* "250ms", "2s", "1m". */
static bool parse_ms(struct str s, int64_t *ret)
{
    int64_t n, unit = str_ends(s, STR("ms")) ? 1 : str_ends(s, STR("s")) ? 1000 : str_ends(s, STR("m")) ? 60000 : 0;
    if (!unit || str_to_i64(str_sub(s, 0, s.n - (unit == 1 ? 2 : 1)), &n) < 0 || n > 3600000 / unit)
        return false;
    *ret = n * unit;
    return true;
}

static void load_ms(struct entry *e, struct str key, int64_t least, int64_t def, int64_t *ret)
{
    const struct yaml *y = entry_get(e, e->y, key, YAML_STR, "a duration like 250ms");
    *ret = def;
    if (y && (!parse_ms(y->text, ret) || *ret < least))
        entry_fault(e, y, "bad_value", STR_FMT ": a duration like 250ms, 2s or 1m, an hour at most", STR_ARG(key));
}

static void load_url(struct entry *e, bool may_query, struct config_remote *r)
{
    const struct yaml *y = entry_get(e, e->y, STR("url"), YAML_STR, "a URL");
    struct url u;
    if (!y)
        return;
    const char *text = url_parse(y->text, e->l->arena, &u);
    for (size_t i = 0; !text && i < u.path.n; i++)
        if (u.path.p[i] <= ' ' || u.path.p[i] > '~' || u.path.p[i] == '#' || (u.path.p[i] == '?' && !may_query))
            text = "scheme, host, port and path are wanted, in visible ASCII";
    if (!text && !u.is_tls && !u.is_loopback && !r->is_insecure)
        text = "plain http to another machine; use https, or say `insecure: true` to allow it";
    if (text) {
        entry_fault(e, y, "bad_url", "url: %s", text);
        return;
    }
    while (!may_query && str_ends(u.path, STR("/")))
        u.path.n--;
    r->url = arena_str(e->l->arena, y->text);
    r->host = u.host;
    r->path = u.path.n || !may_query ? u.path : STR("/");
    r->port = u.port;
    r->is_tls = u.is_tls;
    r->is_private |= u.is_numeric; /* who writes an address means that one */
}

static void load_remote(struct entry *e, bool may_query, int64_t timeout_ms, struct config_remote *r)
{
    const struct yaml *n = entry_get(e, e->y, STR("concurrent"), YAML_INT, "a number");
    r->name = e->name;
    r->line = e->y->key_line;
    entry_bool(e, STR("private"), &r->is_private);
    entry_bool(e, STR("insecure"), &r->is_insecure);
    load_url(e, may_query, r);
    r->secret = load_reference(e, STR("secret"));
    r->ca_file = load_text(e, STR("ca_file"), PATH_BYTES_MAX);
    load_ms(e, STR("timeout"), 1, timeout_ms, &r->timeout_ms);
    load_ms(e, STR("cache"), 0, 0, &r->cache_ms);
    r->concurrent = CONCURRENT_DEFAULT;
    if (n && (!yaml_i64(n, &r->concurrent) || r->concurrent < 1 || r->concurrent > 1000))
        entry_fault(e, n, "bad_value", "concurrent: 1 to 1000");
}

static void need(struct entry *e, struct str value, const char *key)
{
    if (!value.n && !yaml_get(e->y, str_c(key)))
        entry_fault(e, e->y, "missing_key", ": `%s` is missing", key);
}

/* --- relations ---------------------------------------------------------------------------------------------------- */

static void load_engine(struct loader *l, const struct yaml *y, const struct entry_kind *kind,
                        struct config_relations *r)
{
    struct entry e;
    if (!entry_begin(&e, l, y, kind))
        return;
    if (str_eq(e.name, STR("embedded"))) {
        r->embedded_line = y->key_line;
        r->model_file = load_text(&e, STR("model"), PATH_BYTES_MAX);
        r->tuples_file = load_text(&e, STR("tuples"), PATH_BYTES_MAX);
        need(&e, r->model_file, "model");
        need(&e, r->tuples_file, "tuples");
    } else if (str_eq(e.name, STR("openfga"))) {
        load_remote(&e, false, 250, &r->openfga);
        r->openfga.store = load_text(&e, STR("store"), 128);
        r->openfga.model = load_text(&e, STR("model"), 128);
        need(&e, r->openfga.url, "url");
        need(&e, r->openfga.store, "store");
    } else {
        entry_fault(&e, y, "unknown_key", ": an engine of relations is `embedded` or `openfga`");
    }
}

static void load_relations(struct loader *l, const struct yaml *root)
{
    const struct entry_kind kind = {"relations",         "a map with embedded or openfga", "an engine's",
                                    relation_key_infos, n_relation_key_infos,             2};
    const struct yaml *section = entries_of(l, root, &kind);
    yaml_each (y, section)
        load_engine(l, y, &kind, &l->config->relations);
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static void load_source(struct loader *l, const struct yaml *y, const struct entry_kind *kind, struct config_remote *r)
{
    struct entry e;
    size_t at;
    if (!entry_begin(&e, l, y, kind))
        return;
    load_remote(&e, true, 300, r);
    r->allow_when = load_text(&e, STR("allow_when"), TEXT_BYTES_MAX);
    r->postgres = load_reference(&e, STR("postgres"));
    r->sql = load_text(&e, STR("sql"), TEXT_BYTES_MAX);
    bool has_url = yaml_get(y, STR("url")) != NULL, has_sql = r->postgres.n || r->sql.n;
    if (has_url == has_sql || (has_sql && !(r->postgres.n && r->sql.n)))
        entry_fault(&e, y, "missing_key", ": a source has `url`, or `postgres` and `sql`");
    if (r->url.n && !str_find(r->path, STR("{customer}"), &at))
        entry_fault(&e, yaml_get(y, STR("url")), "bad_url", "url: {customer} stands nowhere in its path or query");
    if (r->sql.n && !str_find(r->sql, STR("$1"), &at))
        entry_fault(&e, yaml_get(y, STR("sql")), "bad_value", "sql: $1, the customer's id, stands nowhere in it");
    if (has_sql && r->concurrent > CONFIG_SQL_CONNECTIONS_MAX)
        r->concurrent = CONFIG_SQL_CONNECTIONS_MAX;
}

static void load_sources(struct loader *l, const struct yaml *root)
{
    const struct entry_kind kind = {"sources",         "a map from names to sources", "a source's", source_key_infos,
                                    n_source_key_infos, CONFIG_SOURCES_MAX};
    const struct yaml *section = entries_of(l, root, &kind);
    if (!section)
        return;
    struct config_remote *sources = arena_alloc(l->arena, section->n * sizeof *sources);
    size_t n = 0;
    yaml_each (y, section)
        load_source(l, y, &kind, &sources[n++]);
    l->config->live_sources = sources;
    l->config->n_live_sources = n;
}

void load_remotes(struct loader *l, const struct yaml *root)
{
    load_relations(l, root);
    load_sources(l, root);
}
