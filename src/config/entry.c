/*
 * config/entry.c - what all sections that are maps from names do with an entry.
 */
#include "config/entry.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

#define KEYS_MAX 16
#define PATH_BYTES_MAX 4095

const struct yaml *entries_of(struct loader *l, const struct yaml *root, const struct entry_kind *kind)
{
    struct str name = str_c(kind->section);
    const struct yaml *section = yaml_get(root, name);
    if (!want_type(l, section, YAML_MAP, name, kind->want) || section->n == 0)
        return NULL;
    if (section->n > (size_t)kind->n_max) {
        diag_add(l->diags, l->file, section->line, section->col, "too_many", "%s: at most %d", kind->section,
                 kind->n_max);
        return NULL;
    }
    return section;
}

static void check_required(struct entry *e, const struct entry_kind *kind)
{
    for (size_t i = 0; i < kind->n_keys; i++)
        if (kind->keys[i].is_required && !yaml_get(e->y, kind->keys[i].name))
            entry_fault(e, e->y, "missing_key", ": `" STR_FMT "` is missing: %s", STR_ARG(kind->keys[i].name),
                        kind->keys[i].help);
}

bool entry_begin(struct entry *e, struct loader *l, const struct yaml *y, const struct entry_kind *kind)
{
    struct str keys[KEYS_MAX];
    check(kind->n_keys <= KEYS_MAX);
    for (size_t i = 0; i < kind->n_keys; i++)
        keys[i] = kind->keys[i].name;
    *e = (struct entry){l, y, kind->section, arena_str(l->arena, y->key)};
    if (!config_name_is_valid(e->name))
        diag_add(l->diags, l->file, y->key_line, y->key_col, "bad_name",
                 "%s name begins with a-z and goes on with a-z, 0-9, - and _ (at most %d)", kind->whose,
                 CONFIG_NAME_CHARS_MAX);
    if (!want_type(l, y, YAML_MAP, e->name, "a map"))
        return false;
    yaml_check_keys(y, l->file, keys, kind->n_keys, l->diags);
    check_required(e, kind);
    return true;
}

void entry_fault(struct entry *e, const struct yaml *y, const char *code, const char *fmt, ...)
{
    char text[DIAG_MESSAGE_BYTES_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    diag_add(e->l->diags, e->l->file, y->line, y->col, code, "%s." STR_FMT "%s%s", e->section, STR_ARG(e->name),
             y == e->y ? "" : ".", text);
}

const struct yaml *entry_get(struct entry *e, const struct yaml *map, struct str key, enum yaml_type type,
                             const char *want)
{
    const struct yaml *y = yaml_get(map, key);
    if (!y || yaml_is(y, type))
        return y;
    entry_fault(e, y, "wrong_type", STR_FMT " wants %s; this is %s", STR_ARG(key), want, yaml_type_name(y->type));
    return NULL;
}

void entry_bool(struct entry *e, struct str key, bool *ret)
{
    const struct yaml *y = entry_get(e, e->y, key, YAML_BOOL, "true or false");
    if (y)
        (void)yaml_bool(y, ret);
}

void entry_text(struct entry *e, const struct yaml *map, struct str key, size_t max, struct str *ret)
{
    const struct yaml *y = entry_get(e, map, key, YAML_STR, "a string");
    if (y && (y->text.n == 0 || y->text.n > max || str_has(y->text, '\0')))
        entry_fault(e, y, "bad_value", STR_FMT ": 1 to %zu bytes, without NUL", STR_ARG(key), max);
    else if (y)
        *ret = arena_str(e->l->arena, y->text);
}

bool entry_is_reference(struct str s)
{
    struct str kind, rest;
    if (!str_cut(s, ':', &kind, &rest))
        return false;
    if (str_eq(kind, STR("env")))
        return str_is_token(rest, "_", 255) && !(rest.p[0] >= '0' && rest.p[0] <= '9');
    return str_eq(kind, STR("file")) && rest.n > 0 && rest.n <= PATH_BYTES_MAX && !str_has(rest, '\0');
}
