/*
 * config/config.c - one snapshot: made whole, or not at all.
 */
#include "config/config_impl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"

const struct setting_info setting_infos[SETTING_COUNT] = {
#define SETTING(field, path, env, flag, type, def, help)                                                          \
    [SETTING_##field] = {STR_INIT(path), STR_INIT(env), STR_INIT(flag), TYPE_##type, STR_INIT(def), help,         \
                         offsetof(struct config, field), offsetof(struct config_flags, field)},
#include "config/setting.tbl.h"
#undef SETTING
};

struct str setting_section(struct str path, struct str *ret_key)
{
    size_t n = path.n;
    while (n && path.p[n - 1] != '.')
        n--;
    *ret_key = str_sub(path, n, path.n);
    return n ? str_sub(path, 0, n - 1) : STR_NONE;
}

struct str section_part(struct str section, size_t i)
{
    struct str part = section, rest = STR_NONE;
    for (;; i--) {
        if (!str_cut(section, '.', &part, &rest)) {
            part = section;
            rest = STR_NONE;
        }
        if (i == 0)
            return part;
        section = rest;
    }
}

size_t section_depth(struct str section)
{
    size_t n = section.n > 0;
    for (size_t i = 0; i < section.n; i++)
        n += section.p[i] == '.';
    return n;
}

size_t sections_shared(struct str from, struct str to)
{
    size_t n = 0, least = section_depth(from) < section_depth(to) ? section_depth(from) : section_depth(to);
    while (n < least && str_eq(section_part(from, n), section_part(to, n)))
        n++;
    return n;
}

const struct config_key_info approval_key_infos[] = {
#define APPROVAL_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/approval.tbl.h"
#undef APPROVAL_KEY
};
const size_t n_approval_key_infos = sizeof approval_key_infos / sizeof approval_key_infos[0];

const struct config_key_info notice_key_infos[] = {
#define NOTICE_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/notice.tbl.h"
#undef NOTICE_KEY
};
const size_t n_notice_key_infos = sizeof notice_key_infos / sizeof notice_key_infos[0];

const struct config_key_info vendor_key_infos[] = {
#define VENDOR_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/vendor.tbl.h"
#undef VENDOR_KEY
};
const size_t n_vendor_key_infos = sizeof vendor_key_infos / sizeof vendor_key_infos[0];

const struct config_key_info export_key_infos[] = {
#define EXPORT_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/export.tbl.h"
#undef EXPORT_KEY
};
const size_t n_export_key_infos = sizeof export_key_infos / sizeof export_key_infos[0];

const struct config_key_info oidc_key_infos[] = {
#define OIDC_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/oidc.tbl.h"
#undef OIDC_KEY
};
const size_t n_oidc_key_infos = sizeof oidc_key_infos / sizeof oidc_key_infos[0];

const struct config_key_info issuer_key_infos[] = {
#define ISSUER_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/issuer.tbl.h"
#undef ISSUER_KEY
};
const size_t n_issuer_key_infos = sizeof issuer_key_infos / sizeof issuer_key_infos[0];

const struct config_key_info relation_key_infos[] = {
#define RELATION_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/relation.tbl.h"
#undef RELATION_KEY
};
const size_t n_relation_key_infos = sizeof relation_key_infos / sizeof relation_key_infos[0];

const struct config_key_info source_key_infos[] = {
#define SOURCE_KEY(name, is_required, schema, def, help) {STR_INIT(#name), is_required, schema, def, help},
#include "config/source.tbl.h"
#undef SOURCE_KEY
};
const size_t n_source_key_infos = sizeof source_key_infos / sizeof source_key_infos[0];

bool config_name_is_valid(struct str s)
{
    if (!str_is_token(s, "_-", CONFIG_NAME_CHARS_MAX) || !(s.p[0] >= 'a' && s.p[0] <= 'z'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return false;
    return true;
}

struct str config_env(const char *const *env, struct str name)
{
    for (; env && *env; env++) {
        struct str n, value;
        if (str_cut(str_c(*env), '=', &n, &value) && str_eq(n, name))
            return value;
    }
    return STR_NONE;
}

struct str config_default_dir(const char *const *env, struct arena *a)
{
    struct str data = config_env(env, STR("XDG_DATA_HOME")), home = config_env(env, STR("HOME"));
    if (str_starts(data, STR("/"))) /* the XDG specification: a relative one is ignored */
        return arena_printf(a, STR_FMT "/flyball", STR_ARG(data));
    if (str_starts(home, STR("/")) && home.n > 1)
        return arena_printf(a, STR_FMT "/.local/share/flyball", STR_ARG(home));
    return STR("/var/lib/flyball");
}

int config_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

/* The keys at the top: sections and single settings of the table, and nine maps. */
static void check_top(struct loader *l, const struct yaml *root)
{
    struct str keys[SETTING_COUNT + 9];
    size_t n = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct str key, section = setting_section(setting_infos[i].path, &key);
        keys[n++] = section.n ? section_part(section, 0) : key;
    }
    keys[n++] = STR("vendors");
    keys[n++] = STR("issuers");
    keys[n++] = STR("exports");
    keys[n++] = STR("approvals");
    keys[n++] = STR("notices");
    keys[n++] = STR("people");
    keys[n++] = STR("relations");
    keys[n++] = STR("sources");
    keys[n++] = STR("limits");
    yaml_check_keys(root, l->file, keys, n, l->diags);
}

static void load_document(struct loader *l, const struct yaml *root)
{
    if (root && !yaml_is(root, YAML_MAP) && !yaml_is(root, YAML_NULL))
        (void)want_type(l, root, YAML_MAP, STR("the config file"), "a map");
    check_top(l, root);
    load_limits(l, root);
    load_settings(l, root);
    load_vendors(l, root);
    load_issuers(l, root);
    load_exports(l, root);
    load_approvals(l, root);
    load_people(l, root);
    load_remotes(l, root);
}

static int parse_file(struct loader *l, struct arena *scratch, const struct yaml **ret_root)
{
    *ret_root = NULL;
    return l->in->file.n ? yaml_parse(scratch, l->file, l->in->text, &yaml_limits_default, l->diags, ret_root) : 0;
}

static struct config_store *store_new(void)
{
    size_t n_limits;
    (void)limits_table(&n_limits);
    struct config_store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    arena_init(&s->arena, CONFIG_MEMORY_BYTES_MAX);
    s->config.store = s;
    s->config.log_level = LOG_INFO;
    s->config.sources = arena_alloc(&s->arena, (SETTING_COUNT + n_limits) * sizeof *s->config.sources);
    atomic_init(&s->n_refs, 1);
    return s;
}

int config_load(const struct config_input *in, struct diag_list *diags, const struct config **ret)
{
    struct config_input complete = *in;
    struct arena scratch;
    const struct yaml *root;
    struct config_store *s = store_new();
    if (!s)
        return err_trace(-ERR_NOMEM);
    if (complete.n_cores < 1)
        complete.n_cores = config_cores();

    size_t n_errors = diags->n_errors;
    /* Diags keep the file's name; the config has its own copy, because it may live longer. */
    s->file = arena_str(&s->arena, in->file);
    struct loader l = {&complete, diags, &s->config, (struct config_source *)s->config.sources, &s->arena, in->file};
    arena_init(&scratch, 64 << 20);
    int r = parse_file(&l, &scratch, &root);
    if (r == 0)
        load_document(&l, root);
    arena_deinit(&scratch);

    if (r == 0 && diags->n_errors > n_errors)
        r = -ERR_INVALID;
    if (r < 0) {
        config_unref(&s->config);
        return err_trace(r == -ERR_NOMEM ? r : -ERR_INVALID);
    }
    *ret = &s->config;
    return 0;
}

const struct config *config_ref(const struct config *c)
{
    check(atomic_fetch_add_explicit(&c->store->n_refs, 1, memory_order_relaxed) > 0);
    return c;
}

void config_unref(const struct config *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->store->n_refs, 1, memory_order_acq_rel) > 1)
        return;
    struct config_store *s = c->store;
    arena_deinit(&s->arena);
    free(s);
}

struct config_timeouts config_vendor_timeouts(const struct config *c, const struct config_vendor *v)
{
    const struct limits *l = &c->limits;
    return (struct config_timeouts){
        .connect_ms = v->connect_ms ? v->connect_ms : l->connect_timeout_ms,
        .first_byte_ms = v->first_byte_ms ? v->first_byte_ms : l->first_byte_timeout_ms,
        .idle_ms = v->idle_ms ? v->idle_ms : l->idle_timeout_ms,
    };
}

const struct config_vendor *config_vendor(const struct config *c, struct str name)
{
    for (size_t i = 0; i < c->n_vendors; i++)
        if (str_eq(c->vendors[i].name, name))
            return &c->vendors[i];
    return NULL;
}

const struct config_issuer *config_issuer(const struct config *c, struct str name)
{
    for (size_t i = 0; i < c->n_issuers; i++)
        if (str_eq(c->issuers[i].name, name))
            return &c->issuers[i];
    return NULL;
}
