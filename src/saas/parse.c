/*
 * saas/parse.c - values out of YAML nodes for the files that read connector.yaml.
 */
#include "saas/parse_impl.h"

#include "base/check.h"

#include <stdarg.h>

#define PARSE_NAMES_MAX 32

void read_fault(struct parse *p, const struct yaml *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    diag_add(p->diags, p->file, at ? at->line : 1, at ? at->col : 1, "connector", STR_FMT, STR_ARG(s));
}

struct str parse_str(struct parse *p, const struct yaml *map, const char *key, bool is_required)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    struct str s = STR_NONE;
    if (y && !yaml_str(y, &s))
        read_fault(p, y, "`%s` must be a string, not %s", key, yaml_type_name(y->type));
    else if (is_required && !s.n)
        read_fault(p, y ? y : map, "`%s` is missing", key);
    return s;
}

struct strs parse_strs_node(struct parse *p, const struct yaml *node)
{
    struct strs l = {NULL, 0};
    if (!node)
        return l;
    size_t n = yaml_is(node, YAML_SEQ) ? node->n : 1;
    l.items = arena_alloc(p->arena, (n ? n : 1) * sizeof(*l.items));
    if (!yaml_is(node, YAML_SEQ)) {
        if (yaml_str(node, &l.items[0]))
            l.n = 1;
        else
            read_fault(p, node, "a string or a list of strings is needed here, not %s", yaml_type_name(node->type));
        return l;
    }
    yaml_each(it, node)
    {
        if (yaml_str(it, &l.items[l.n]))
            l.n++;
        else
            read_fault(p, it, "a string is needed here, not %s", yaml_type_name(it->type));
    }
    return l;
}

struct strs parse_strs(struct parse *p, const struct yaml *map, const char *key)
{
    return parse_strs_node(p, yaml_get(map, str_c(key)));
}

bool parse_bool(struct parse *p, const struct yaml *map, const char *key, bool def)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    bool b = def;
    if (y && !yaml_bool(y, &b))
        read_fault(p, y, "`%s` must be true or false", key);
    return b;
}

int64_t parse_i64(struct parse *p, const struct yaml *map, const char *key, int64_t def, int64_t least, int64_t most)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    int64_t i = def;
    if (y && (!yaml_i64(y, &i) || i < least || i > most)) {
        read_fault(p, y, "`%s` must be an integer from %lld to %lld", key, (long long)least, (long long)most);
        return def;
    }
    return i;
}

void read_keys(struct parse *p, const struct yaml *map, const char *const *names, size_t n)
{
    struct str known[PARSE_NAMES_MAX];
    check(n <= PARSE_NAMES_MAX);
    for (size_t i = 0; i < n; i++)
        known[i] = str_c(names[i]);
    if (map && !yaml_is(map, YAML_MAP))
        read_fault(p, map, "a mapping is needed here, not %s", yaml_type_name(map->type));
    else
        yaml_check_keys(map, p->file, known, n, p->diags);
}

size_t parse_list(struct parse *p, const struct yaml *node, size_t item_bytes, void *ret_items)
{
    if (!node)
        return 0;
    if (!yaml_is(node, YAML_SEQ)) {
        read_fault(p, node, "a list is needed here, not %s", yaml_type_name(node->type));
        return 0;
    }
    *(void **)ret_items = arena_alloc(p->arena, (node->n ? node->n : 1) * item_bytes);
    return node->n;
}
