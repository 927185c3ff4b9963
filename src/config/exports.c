/*
 * config/exports.c - the `exports:` section.
 *
 * No message repeats the value of a header, nor a URL with something in front of an @: both may hold credentials.
 */
#include "config/entry.h"


#define PATH_BYTES_MAX 4095
#define HEADER_NAME_CHARS_MAX 64
#define HEADER_VALUE_BYTES_MAX 8192
#define TRACES_PATH STR("/v1/traces")

/* One target on its way in. */
struct export_loader {
    struct entry e;
    struct config_export *x;
};

/* Which of two words stands there; the first is the default. */
static bool load_word(struct export_loader *xl, struct str key, struct str first, struct str second)
{
    const struct str words[] = {first, second};
    const struct yaml *y = entry_get(&xl->e, xl->e.y, key, YAML_STR, "a word");
    if (!y || str_eq(y->text, first))
        return false;
    if (!str_eq(y->text, second))
        diag_add_unknown(xl->e.l->diags, xl->e.l->file, y->line, y->col, "unknown_value", "the value", y->text, words,
                         2);
    return true;
}

/* --- otlp --------------------------------------------------------------------------------------------------------- */

static bool is_path(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '?' || s.p[i] == '#')
            return false;
    return s.n <= PATH_BYTES_MAX;
}

/* What OTEL_EXPORTER_OTLP_ENDPOINT means by it: the signal's own path comes behind. */
static struct str traces_path(struct str path, struct arena *a)
{
    if (str_ends(path, TRACES_PATH))
        return path;
    while (str_ends(path, STR("/")))
        path.n--;
    return arena_join(a, (const struct str[]){path, TRACES_PATH}, 2);
}

static void load_otlp(struct export_loader *xl)
{
    const struct yaml *y = entry_get(&xl->e, xl->e.y, STR("otlp"), YAML_STR, "a URL");
    struct config_export *x = xl->x;
    struct arena *a = xl->e.l->arena;
    struct url u;
    if (!y)
        return;
    const char *text = url_parse(y->text, a, &u);
    if (!text && !is_path(u.path))
        text = "a path without query or fragment is wanted";
    if (text) {
        entry_fault(&xl->e, y, "bad_url", "otlp: %s", text);
        return;
    }
    if (!u.is_tls && !u.is_loopback && !x->is_insecure) {
        entry_fault(&xl->e, y, "insecure_url",
              "otlp: plain http to another machine shows what agents do to the network; use https, or say "
              "`insecure: true` to allow it");
        return;
    }
    x->host = u.host;
    x->port = u.port;
    x->is_tls = u.is_tls;
    x->is_private |= u.is_numeric; /* who writes an address means that one */
    x->path = traces_path(u.path, a);
    x->url = arena_join(a, (const struct str[]){url_origin(&u, a), x->path}, 2);
}

static void load_ca_file(struct export_loader *xl)
{
    const struct yaml *y = entry_get(&xl->e, xl->e.y, STR("ca_file"), YAML_STR, "a path");
    if (!y)
        return;
    if (y->text.n == 0 || y->text.n > PATH_BYTES_MAX || str_has(y->text, '\0'))
        entry_fault(&xl->e, y, "bad_path", "ca_file: a path has 1 to %d bytes and no NUL", PATH_BYTES_MAX);
    else if (xl->x->url.n && !xl->x->is_tls)
        entry_fault(&xl->e, y, "no_tls", "ca_file: there is nothing to check without https in otlp");
    else
        xl->x->ca_file = arena_str(xl->e.l->arena, y->text);
}

static void load_semconv(struct export_loader *xl)
{
    const struct yaml *y =
        entry_get(&xl->e, xl->e.y, STR("semconv"), YAML_STR, "a version in quotes, \"1.42\" or \"1.36\"");
    if (!y)
        return;
    (void)load_word(xl, STR("semconv"), STR("1.42"), STR("1.36"));
    xl->x->semconv = arena_str(xl->e.l->arena, y->text);
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

/* Fields that frame the message, or that say what we say ourselves. */
static bool is_ours(struct str name)
{
    static const struct str OURS[] = {
        STR_INIT("host"),    STR_INIT("content-length"), STR_INIT("connection"), STR_INIT("transfer-encoding"),
        STR_INIT("expect"),  STR_INIT("content-type"),   STR_INIT("te"),         STR_INIT("content-encoding"),
        STR_INIT("upgrade"), STR_INIT("user-agent")};
    for (size_t i = 0; i < sizeof OURS / sizeof OURS[0]; i++)
        if (str_eq_nocase(name, OURS[i]))
            return true;
    return false;
}

static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= HEADER_VALUE_BYTES_MAX;
}

static bool is_reference(struct str s)
{
    struct str kind, rest;
    return entry_is_reference(s) || (str_cut(s, ':', &kind, &rest) && str_eq(kind, STR("text")) && is_value(rest));
}

static void load_header(struct export_loader *xl, const struct yaml *y, struct config_header *ret)
{
    struct arena *a = xl->e.l->arena;
    if (!str_is_token(y->key, "-_", HEADER_NAME_CHARS_MAX) || is_ours(y->key)) {
        entry_fault(&xl->e, y, "bad_header", "headers: " STR_FMT " cannot be set here", STR_ARG(y->key));
        return;
    }
    if (!yaml_is(y, YAML_STR) || !is_reference(y->text)) {
        entry_fault(&xl->e, y, "secret_inline",
              "headers." STR_FMT ": env:NAME or file:PATH is wanted, or text:VALUE for what is no secret",
              STR_ARG(y->key));
        return;
    }
    *ret = (struct config_header){arena_str(a, y->key), arena_str(a, y->text)};
}

static void load_headers(struct export_loader *xl)
{
    const struct yaml *section = entry_get(&xl->e, xl->e.y, STR("headers"), YAML_MAP, "a map");
    if (!section || section->n == 0)
        return;
    if (section->n > CONFIG_HEADERS_MAX) {
        entry_fault(&xl->e, section, "too_many", "headers: at most %d", CONFIG_HEADERS_MAX);
        return;
    }
    struct config_header *headers = arena_alloc(xl->e.l->arena, section->n * sizeof *headers);
    size_t n = 0;
    yaml_each(y, section) load_header(xl, y, &headers[n++]);
    xl->x->headers = headers;
    xl->x->n_headers = n;
}

/* --- the section -------------------------------------------------------------------------------------------------- */

static void load_export(struct loader *l, const struct yaml *y, const struct entry_kind *kind, struct config_export *x)
{
    struct export_loader xl = {.x = x};
    bool is_map = entry_begin(&xl.e, l, y, kind);
    x->name = xl.e.name;
    x->line = y->key_line;
    if (!is_map)
        return;
    entry_bool(&xl.e, STR("insecure"), &x->is_insecure);
    entry_bool(&xl.e, STR("private"), &x->is_private);
    entry_bool(&xl.e, STR("personal"), &x->has_personal);
    entry_bool(&xl.e, STR("session_id"), &x->has_session);
    x->is_json = load_word(&xl, STR("protocol"), STR("http/protobuf"), STR("http/json"));
    x->is_plain = load_word(&xl, STR("compression"), STR("gzip"), STR("none"));
    x->is_from_start = load_word(&xl, STR("from"), STR("now"), STR("start"));
    load_otlp(&xl);
    load_ca_file(&xl);
    load_semconv(&xl);
    load_headers(&xl);
}

void load_exports(struct loader *l, const struct yaml *root)
{
    const struct entry_kind kind = {"exports",        "a map from names to targets", "a target's", export_key_infos,
                                    n_export_key_infos, CONFIG_EXPORTS_MAX};
    const struct yaml *section = entries_of(l, root, &kind);
    if (!section)
        return;
    struct config_export *exports = arena_alloc(l->arena, section->n * sizeof *exports);
    size_t n = 0;
    yaml_each (y, section)
        load_export(l, y, &kind, &exports[n++]);
    l->config->exports = exports;
    l->config->n_exports = n;
}
