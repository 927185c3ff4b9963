/*
 * policy/parse_value.c - the small things every section has: known keys, types, ids, words, amounts.
 */
#include "policy/policy_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "codec/utf8.h"

#define ID_CHARS_MAX 64
#define AMOUNT_WHOLE_DIGITS_MAX 9
#define NAMES_MAX 32
#define SHOWN_BYTES_MAX 100 /* of a value that is wrong */

void parse_fault(struct parse *x, const struct yaml *at, const char *code, const char *fmt, ...)
{
    char text[DIAG_MESSAGE_BYTES_MAX + 1];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    diag_add(x->diags, x->file, at->line, at->col, code, "%s", text);
}

void parse_later(struct parse *x, const struct yaml *at, const char *what, struct str name)
{
    bool is_key = str_eq(at->key, name);
    diag_add(x->diags, x->file, is_key ? at->key_line : at->line, is_key ? at->key_col : at->col, "not_available_yet",
             "%s `" STR_FMT "` is not available yet in this version", what, STR_ARG(name));
}

static const struct key_row *find_row(const struct key_row *rows, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].name, name))
            return &rows[i];
    return NULL;
}

void parse_keys(struct parse *x, const struct yaml *map, const char *what, const struct key_row *rows, size_t n)
{
    struct str names[NAMES_MAX];
    for (size_t i = 0; i < n; i++)
        names[i] = rows[i].name;
    yaml_each(child, map) {
        const struct key_row *row = find_row(rows, n, child->key);
        if (!row)
            diag_add_unknown(x->diags, x->file, child->key_line, child->key_col, "unknown_key", "key", child->key,
                             names, n);
        else if (row->kind == KEY_LATER)
            parse_later(x, child, "key", row->name);
    }
    for (size_t i = 0; i < n; i++)
        if (rows[i].kind == KEY_REQUIRED && !yaml_get(map, rows[i].name))
            parse_fault(x, map, "missing_key", "%s needs `" STR_FMT "`", what, STR_ARG(rows[i].name));
}

bool parse_type(struct parse *x, const struct yaml *y, enum yaml_type type, struct str name)
{
    if (!y || y->type == type)
        return y != NULL;
    bool is_one = type == YAML_SEQ && y->type == YAML_STR;
    parse_fault(x, y, "wrong_type", "`" STR_FMT "` must be %s, not %s%s" STR_FMT "%s", STR_ARG(name),
                yaml_type_name(type), yaml_type_name(y->type), is_one ? ": [\"" : "",
                STR_ARG(is_one ? utf8_cut(y->text, SHOWN_BYTES_MAX) : STR("")), is_one ? "\"]" : "");
    return false;
}

bool parse_text(struct parse *x, const struct yaml *map, struct str key, struct str *ret)
{
    const struct yaml *y = yaml_get(map, key);
    if (!parse_type(x, y, YAML_STR, key))
        return false;
    *ret = y->text;
    return true;
}

bool id_is_valid(struct str s)
{
    if (s.n == 0 || s.n > ID_CHARS_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_alnum && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return true;
}

bool parse_id(struct parse *x, const struct yaml *map, struct str key, struct str *ret)
{
    struct str id;
    if (!parse_text(x, map, key, &id))
        return false;
    if (!id_is_valid(id)) {
        parse_fault(x, yaml_get(map, key), "bad_id",
                    "`" STR_FMT "` is no `" STR_FMT "`: 1 to %d of a-z 0-9 - _, beginning with a letter or digit",
                    STR_ARG(utf8_cut(id, SHOWN_BYTES_MAX)), STR_ARG(key), ID_CHARS_MAX);
        return false;
    }
    *ret = arena_str(&x->p->arena, id);
    return true;
}

static int find_word(const struct str *names, size_t n, struct str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], word))
            return (int)i;
    return -1;
}

int parse_word(struct parse *x, const struct yaml *map, struct str key, const struct str *names, size_t n_names,
               const struct str *later, size_t n_later)
{
    struct str word;
    if (!parse_text(x, map, key, &word))
        return -1;
    const struct yaml *at = yaml_get(map, key);
    int i = find_word(names, n_names, word);
    if (i >= 0)
        return i;
    if (find_word(later, n_later, word) >= 0) {
        diag_add(x->diags, x->file, at->line, at->col, "not_available_yet",
                 "`" STR_FMT ": " STR_FMT "` is not available yet in this version", STR_ARG(key), STR_ARG(word));
        return -1;
    }
    char what[96];
    snprintf(what, sizeof what, "value of `" STR_FMT "`", STR_ARG(key));
    diag_add_unknown(x->diags, x->file, at->line, at->col, "bad_value", what, word, names, n_names);
    return -1;
}

bool parse_amount(struct parse *x, const struct yaml *at, struct str text, money_t *ret)
{
    struct str whole = text, fraction;
    (void)str_cut(text, '.', &whole, &fraction);
    if (whole.n <= AMOUNT_WHOLE_DIGITS_MAX && money_parse(text, ret) == 0)
        return true;
    parse_fault(x, at, "bad_amount",
                "`" STR_FMT "` is no amount: digits, at most nine before and nine after the point: \"100.00\"",
                STR_ARG(utf8_cut(text, SHOWN_BYTES_MAX)));
    return false;
}

bool parse_zone(struct parse *x, const struct yaml *map, const struct zone **ret)
{
    const struct yaml *y = yaml_get(map, STR("tz"));
    const struct zones *zones = x->known->zones;
    struct str name;
    bool is_found;
    size_t n = 0;
    if (!parse_text(x, map, STR("tz"), &name))
        return false;
    const struct zone *zone = zone_find(zones, name, &is_found);
    if (!is_found) {
        const struct str *names = zones ? zones->names(zones, &n) : NULL;
        diag_add_unknown(x->diags, x->file, y->line, y->col, "unknown_zone", "the time zone", name, names, n);
        return false;
    }
    *ret = zone;
    return true;
}
