/*
 * config/settings.c - single-valued settings and limits from default, file, environment and flags.
 *
 * Each source is read and checked, the later one wins: a wrong value is an error also where another one overrides it,
 * because the day that the other is removed is a bad day to learn of it.
 */
#include "config/config_impl.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ENV_LIMIT_PREFIX "FLYBALL_LIMITS_"

static void diag_at(struct loader *l, struct found_at at, const char *code, struct str path, const char *text)
{
    diag_add(l->diags, at.name, at.line, at.col, code, STR_FMT ": %s", STR_ARG(path), text);
}

struct found_at found_in_file(const struct loader *l, const struct yaml *y)
{
    return (struct found_at){CONFIG_FILE, l->file, y->line, y->col};
}

bool want_type(struct loader *l, const struct yaml *y, enum yaml_type type, struct str path, const char *want)
{
    if (!y || yaml_is(y, type))
        return y != NULL;
    diag_add(l->diags, l->file, y->line, y->col, "wrong_type", STR_FMT " wants %s; this is %s", STR_ARG(path), want,
             yaml_type_name(y->type));
    return false;
}

/* --- one value ---------------------------------------------------------------------------------------------------- */

static const char *const address_faults[] = {
    [ADDRESS_NO_PORT] = "an address needs a port, like 127.0.0.1:4747",
    [ADDRESS_BAD_PORT] = "a port is a number from 0 to 65535",
    [ADDRESS_NAME] = "an address is numeric, like 127.0.0.1:4747 or [::1]:4747, or localhost; names are not looked up",
    [ADDRESS_BAD_HOST] = "this is no address; 127.0.0.1:4747 and [::1]:4747 are",
};

static bool set_address(struct loader *l, const struct setting_info *s, struct str value, struct found_at at)
{
    struct address a;
    enum address_fault f = address_parse(value, -1, &a);
    if (f != ADDRESS_OK) {
        diag_at(l, at, "bad_address", s->path, address_faults[f]);
        return false;
    }
    *(struct str *)(void *)((char *)l->config + s->at) = address_text(&a, l->arena);
    return true;
}

static bool set_path(struct loader *l, const struct setting_info *s, struct str value, struct found_at at)
{
    if (value.n == 0 || value.n > 4095 || str_has(value, '\0')) {
        diag_at(l, at, "bad_path", s->path, "a path has 1 to 4095 bytes and no NUL");
        return false;
    }
    *(struct str *)(void *)((char *)l->config + s->at) = arena_str(l->arena, value);
    return true;
}

static bool set_switch(struct loader *l, const struct setting_info *s, struct str value, struct found_at at)
{
    bool is_on = str_eq(value, STR("true"));
    if (!is_on && !str_eq(value, STR("false"))) {
        diag_at(l, at, "unknown_value", s->path, "true or false is wanted");
        return false;
    }
    *(bool *)(void *)((char *)l->config + s->at) = is_on;
    return true;
}

static bool set_workers(struct loader *l, const struct setting_info *s, struct str value, struct found_at at)
{
    int64_t n;
    if (str_to_i64(value, &n) < 0 || n < 1 || n > CONFIG_WORKERS_MAX) {
        diag_at(l, at, "out_of_range", s->path, "a whole number from 1 to 256 is wanted");
        return false;
    }
    *(int64_t *)(void *)((char *)l->config + s->at) = n;
    return true;
}

static const struct str levels[] = {STR_INIT("debug"), STR_INIT("info"), STR_INIT("warn"), STR_INIT("error")};
static const struct str bounds[] = {STR_INIT("learned"), STR_INIT("strict")};

struct setting_words setting_words(enum setting_type t)
{
    switch (t) {
    case TYPE_LEVEL:
        return (struct setting_words){levels, N(levels)};
    case TYPE_BOUND:
        return (struct setting_words){bounds, N(bounds)};
    default:
        return (struct setting_words){NULL, 0};
    }
}

static bool set_word(struct loader *l, const struct setting_info *s, struct str value, struct found_at at)
{
    struct setting_words words = setting_words(s->type);
    for (size_t i = 0; i < words.n; i++) {
        if (str_eq(value, words.items[i])) {
            *(int *)(void *)((char *)l->config + s->at) = (int)i; /* an enum's own type */
            return true;
        }
    }
    diag_add_unknown(l->diags, at.name, at.line, at.col, "unknown_value", s->path.p, value, words.items, words.n);
    return false;
}

static void set(struct loader *l, enum setting id, struct str value, struct found_at at)
{
    static bool (*const setters[])(struct loader *, const struct setting_info *, struct str, struct found_at) = {
        [TYPE_ADDR] = set_address,
        [TYPE_PATH] = set_path,
        [TYPE_SWITCH] = set_switch,
        [TYPE_WORKERS] = set_workers,
        [TYPE_LEVEL] = set_word,
        [TYPE_BOUND] = set_word,
    };
    const struct setting_info *s = &setting_infos[id];
    if (setters[s->type](l, s, value, at))
        l->sources[id] = (struct config_source){at.origin, at.line, arena_str(l->arena, value), at.col};
}

/* --- from everywhere ---------------------------------------------------------------------------------------------- */

static void load_default(struct loader *l, enum setting id)
{
    struct str value = setting_infos[id].def;
    if (id == SETTING_dir)
        value = config_default_dir(l->in->env, l->arena);
    if (id == SETTING_workers)
        value = arena_printf(l->arena, "%d", l->in->n_cores < 4 ? l->in->n_cores : 4);
    if (value.n)
        set(l, id, value, (struct found_at){CONFIG_DEFAULT, STR("default"), 0, 0});
}

static const struct yaml *section_get(const struct yaml *y, struct str section)
{
    for (size_t i = 0; i < section_depth(section); i++)
        y = yaml_get(y, section_part(section, i));
    return y;
}

static void load_from_file(struct loader *l, enum setting id, const struct yaml *root)
{
    const struct setting_info *s = &setting_infos[id];
    struct str key, section = setting_section(s->path, &key);
    const struct yaml *y = yaml_get(section_get(root, section), key);
    bool is_on;
    if (s->type == TYPE_WORKERS) {
        if (want_type(l, y, YAML_INT, s->path, "a whole number"))
            set(l, id, y->text, found_in_file(l, y));
    } else if (s->type == TYPE_SWITCH) {
        if (want_type(l, y, YAML_BOOL, s->path, "true or false") && yaml_bool(y, &is_on))
            set(l, id, is_on ? STR("true") : STR("false"), found_in_file(l, y));
    } else if (want_type(l, y, YAML_STR, s->path, "a string")) {
        set(l, id, y->text, found_in_file(l, y));
    }
}

static void load_from_env(struct loader *l, enum setting id)
{
    const struct setting_info *s = &setting_infos[id];
    struct str value = config_env(l->in->env, s->env);
    if (value.n)
        set(l, id, value, (struct found_at){CONFIG_ENV, s->env, 0, 0});
}

static void load_from_flag(struct loader *l, enum setting id)
{
    const struct setting_info *s = &setting_infos[id];
    struct str value;
    memcpy(&value, (const char *)&l->in->flags + s->at_flag, sizeof value);
    if (value.n)
        set(l, id, value, (struct found_at){CONFIG_FLAG, s->flag, 0, 0});
}

/* Sections must be maps of known keys: their settings, and the sections in them. */
static void check_section(struct loader *l, const struct yaml *root, struct str section)
{
    struct str keys[SETTING_COUNT], key;
    size_t n = 0, depth = section_depth(section);
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct str own = setting_section(setting_infos[i].path, &key);
        if (sections_shared(own, section) == depth)
            keys[n++] = section_depth(own) == depth ? key : section_part(own, depth);
    }
    const struct yaml *y = section_get(root, section);
    if (want_type(l, y, YAML_MAP, section, "a map"))
        yaml_check_keys(y, l->file, keys, n, l->diags);
}

static void check_sections(struct loader *l, const struct yaml *root)
{
    struct str before = STR_NONE, key;
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct str section = setting_section(setting_infos[i].path, &key);
        if (section.n && !str_eq(section, before))
            check_section(l, root, section);
        before = section;
    }
}

/* --- what must fit together --------------------------------------------------------------------------------------- */

static struct found_at found(const struct loader *l, enum setting id)
{
    const struct config_source *s = &l->sources[id];
    const struct setting_info *info = &setting_infos[id];
    switch (s->origin) {
    case CONFIG_FILE:
        return (struct found_at){s->origin, l->file, s->line, s->col};
    case CONFIG_ENV:
        return (struct found_at){s->origin, info->env, 0, 0};
    case CONFIG_FLAG:
        return (struct found_at){s->origin, info->flag, 0, 0};
    default:
        return (struct found_at){s->origin, STR("default"), 0, 0};
    }
}

static void check_tls(struct loader *l, enum setting listen, enum setting cert, enum setting key, enum setting ca)
{
    const struct config *c = l->config;
    bool has_cert = l->sources[cert].text.n > 0, has_key = l->sources[key].text.n > 0;
    struct address a = {.is_loopback = true};
    if (has_cert != has_key)
        diag_at(l, found(l, has_cert ? cert : key), "half_tls", setting_infos[has_cert ? cert : key].path,
                "cert_file and key_file go together");
    if (l->sources[ca].text.n && !has_cert && !has_key)
        diag_at(l, found(l, ca), "half_tls", setting_infos[ca].path,
                "clients show certificates over TLS only: cert_file and key_file are missing");
    if (l->sources[listen].text.n)
        (void)address_parse(l->sources[listen].text, -1, &a);
    if (!a.is_loopback && !has_cert && !c->insecure)
        diag_at(l, found(l, listen), "not_loopback", setting_infos[listen].path,
                "other machines could reach this address: name a certificate (cert_file, key_file), use 127.0.0.1 or "
                "[::1], or allow it with --insecure");
}

/* It shows the certificate of listen.admin. */
static void check_hooks(struct loader *l)
{
    struct address a = {.is_loopback = true};
    if (l->config->listen_hooks.n)
        (void)address_parse(l->config->listen_hooks, -1, &a); /* it was parsed when it was set */
    if (!a.is_loopback && !l->config->admin_cert_file.n && !l->config->insecure)
        diag_at(l, found(l, SETTING_listen_hooks), "not_loopback", setting_infos[SETTING_listen_hooks].path,
                "other machines could reach this address: name a certificate (listen.admin_tls), use 127.0.0.1 or "
                "[::1], or allow it with --insecure");
}

static void check_listeners_differ(struct loader *l)
{
    const struct config_source *admin = &l->sources[SETTING_listen_admin];
    if (!str_eq(l->config->listen_data, l->config->listen_admin) || str_ends(l->config->listen_data, STR(":0")))
        return;
    diag_add(l->diags, admin->origin == CONFIG_FILE ? l->file : STR("flyball"), admin->line, 1, "same_address",
             "listen.data and listen.admin are both " STR_FMT, STR_ARG(l->config->listen_data));
}

void load_settings(struct loader *l, const struct yaml *root)
{
    check_sections(l, root);
    for (enum setting id = 0; id < SETTING_COUNT; id++) {
        load_default(l, id);
        load_from_file(l, id, root);
        load_from_env(l, id);
        load_from_flag(l, id);
    }
    check_listeners_differ(l);
    check_hooks(l);
    check_tls(l, SETTING_listen_data, SETTING_data_cert_file, SETTING_data_key_file, SETTING_data_client_ca_file);
    check_tls(l, SETTING_listen_admin, SETTING_admin_cert_file, SETTING_admin_key_file, SETTING_admin_client_ca_file);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void set_limit(struct loader *l, size_t i, int64_t value, struct found_at at)
{
    size_t n;
    const struct limit_info *info = &limits_table(&n)[i];
    if (limits_set(&l->config->limits, info->name, value) == 0) {
        l->sources[SETTING_COUNT + i] = (struct config_source){.origin = at.origin, .line = at.line};
        return;
    }
    diag_add(l->diags, at.name, at.line, at.col, "out_of_range",
             "limits." STR_FMT ": %lld is not within %lld to %lld (%s)", STR_ARG(info->name), (long long)value,
             (long long)info->least, (long long)info->most, info->unit);
}

static bool find_limit(struct str name, size_t *ret_i)
{
    size_t n;
    const struct limit_info *t = limits_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(t[i].name, name)) {
            *ret_i = i;
            return true;
        }
    }
    return false;
}

static void unknown_limit(struct loader *l, struct str file, int line, int col, const char *code, struct str name)
{
    size_t n;
    const struct limit_info *t = limits_table(&n);
    struct str names[sizeof(struct limits) / sizeof(int64_t)];
    for (size_t i = 0; i < n; i++)
        names[i] = t[i].name;
    diag_add_unknown(l->diags, file, line, col, code, "the limit", name, names, n);
}

/* "FLYBALL_LIMITS_KEYS_MAX" to "keys_max". */
static struct str limit_of_env(struct str name, char out[64])
{
    name = str_sub(name, sizeof ENV_LIMIT_PREFIX - 1, 64);
    for (size_t i = 0; i < name.n; i++)
        out[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + ('a' - 'A') : name.p[i]);
    return (struct str){out, name.n};
}

static void load_limit_env(struct loader *l, struct str name, struct str value)
{
    struct found_at at = {.origin = CONFIG_ENV};
    char lower[64];
    struct str limit = limit_of_env(name, lower);
    size_t i;
    int64_t n;
    if (arena_try_str(l->diags->arena, name, &at.name) < 0)
        at.name = STR("environment");
    if (!find_limit(limit, &i))
        unknown_limit(l, at.name, 0, 0, "unknown_limit", limit);
    else if (str_to_i64(value, &n) < 0)
        diag_at(l, at, "wrong_type", limit, "a whole number is wanted");
    else
        set_limit(l, i, n, at);
}

static void load_limits_env(struct loader *l)
{
    struct str name, value;
    for (const char *const *e = l->in->env; e && *e; e++)
        if (str_starts(str_c(*e), STR(ENV_LIMIT_PREFIX)) && str_cut(str_c(*e), '=', &name, &value) && value.n)
            load_limit_env(l, name, value);
}

void load_limits(struct loader *l, const struct yaml *root)
{
    const struct yaml *limits = yaml_get(root, STR("limits"));
    limits_default(&l->config->limits);
    if (want_type(l, limits, YAML_MAP, STR("limits"), "a map")) {
        yaml_each (y, limits) {
            size_t i;
            if (!find_limit(y->key, &i))
                unknown_limit(l, l->file, y->key_line, y->key_col, "unknown_key", y->key);
            else if (want_type(l, y, YAML_INT, y->key, "a whole number"))
                set_limit(l, i, y->i, found_in_file(l, y));
        }
    }
    load_limits_env(l);
}
