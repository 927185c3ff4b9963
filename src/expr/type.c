/*
 * expr/type.c - types as values, compared and joined. They nest no deeper than expressions do (EXPR_DEPTH_MAX).
 */
#include "expr/type.h"

#include <stdio.h>

#include "base/check.h"

const struct type type_plain[TYPE_COUNT] = {
#define TYPE(name, text, is_ordered) [TYPE_##name] = {TYPE_##name, &type_plain[TYPE_DYN], &type_plain[TYPE_DYN]},
#include "expr/type.tbl.h"
#undef TYPE
};

static const struct {
    struct str text;
    bool is_ordered;
} rows[TYPE_COUNT] = {
#define TYPE(name, text, is_ordered) [TYPE_##name] = {STR_INIT(text), is_ordered},
#include "expr/type.tbl.h"
#undef TYPE
};

struct str type_kind_text(enum type_kind k)
{
    check(k < TYPE_COUNT);
    return rows[k].text;
}

bool type_is_ordered(enum type_kind k)
{
    return k < TYPE_COUNT && rows[k].is_ordered;
}

bool type_is_number(enum type_kind k)
{
    return k == TYPE_INT || k == TYPE_UINT || k == TYPE_DOUBLE;
}

static const struct type *make(struct arena *a, struct type t)
{
    struct type *made = arena_try_alloc(a, sizeof *made);
    if (made)
        *made = t;
    return made;
}

const struct type *type_list(struct arena *a, const struct type *of)
{
    return of->kind == TYPE_DYN ? TYPE_PLAIN(TYPE_LIST) : make(a, (struct type){TYPE_LIST, TYPE_PLAIN(TYPE_DYN), of});
}

const struct type *type_map(struct arena *a, const struct type *key, const struct type *of)
{
    return make(a, (struct type){TYPE_MAP, key, of});
}

const struct type *type_optional(struct arena *a, const struct type *of)
{
    return of->kind == TYPE_DYN ? TYPE_PLAIN(TYPE_OPTIONAL)
                                : make(a, (struct type){TYPE_OPTIONAL, TYPE_PLAIN(TYPE_DYN), of});
}

static bool has_inside(enum type_kind k)
{
    return k == TYPE_LIST || k == TYPE_MAP || k == TYPE_OPTIONAL;
}

bool type_fits(const struct type *a, const struct type *b)
{
    if (a->kind == TYPE_DYN || b->kind == TYPE_DYN)
        return true;
    if (a->kind != b->kind)
        return false;
    return !has_inside(a->kind) || (type_fits(a->key, b->key) && type_fits(a->of, b->of));
}

static bool is_same(const struct type *a, const struct type *b)
{
    return a == b ||
           (a->kind == b->kind && (!has_inside(a->kind) || (is_same(a->key, b->key) && is_same(a->of, b->of))));
}

const struct type *type_join(const struct type *a, const struct type *b)
{
    if (is_same(a, b))
        return a;
    if (a->kind != b->kind || !has_inside(a->kind))
        return TYPE_PLAIN(TYPE_DYN);
    return TYPE_PLAIN(a->kind);
}

static size_t put(const struct type *t, char *out, size_t n)
{
    struct str name = type_kind_text(t->kind);
    size_t used = (size_t)snprintf(out, n, STR_FMT, STR_ARG(name));
    if (!has_inside(t->kind) || t->of->kind == TYPE_DYN || used + 1 >= n)
        return used < n ? used : n - 1;
    out[used++] = '(';
    if (t->kind == TYPE_MAP) {
        used += put(t->key, out + used, n - used);
        used += (size_t)snprintf(out + used, n - used, ", ");
        if (used >= n)
            return n - 1;
    }
    used += put(t->of, out + used, n - used);
    if (used + 1 < n)
        out[used++] = ')';
    out[used] = 0;
    return used;
}

struct str type_text(const struct type *t, char out[TYPE_TEXT_BYTES])
{
    return (struct str){out, put(t, out, TYPE_TEXT_BYTES)};
}
