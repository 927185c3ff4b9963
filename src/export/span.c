/*
 * export/span.c - puts attributes and spans together.
 */
#include "export/span.h"

#include "base/check.h"

#include <string.h>

#define SPANS_FIRST 32

static struct attr *add(struct attrs *a, struct str name, enum attr_type type)
{
    check(a->n < SPAN_ATTRS_MAX);
    struct attr *it = &a->items[a->n++];
    *it = (struct attr){.name = name, .type = type};
    return it;
}

void attr_str(struct attrs *a, struct str name, struct str value)
{
    if (value.n)
        add(a, name, ATTR_STR)->s = value;
}

void attr_int(struct attrs *a, struct str name, int64_t value) { add(a, name, ATTR_INT)->n = value; }

void attr_double(struct attrs *a, struct str name, double value) { add(a, name, ATTR_DOUBLE)->d = value; }

void attr_bool(struct attrs *a, struct str name, bool value) { add(a, name, ATTR_BOOL)->n = value; }

void attr_strs(struct attrs *a, struct str name, const struct str *items, size_t n)
{
    if (n == 0)
        return;
    struct attr *it = add(a, name, ATTR_STRS);
    it->items = items;
    it->n_items = n;
}

const struct attr *attr_find(const struct attrs *a, struct str name)
{
    for (size_t i = 0; i < a->n; i++)
        if (str_eq(a->items[i].name, name))
            return &a->items[i];
    return NULL;
}

void spans_init(struct spans *s, struct arena *a) { *s = (struct spans){.arena = a}; }

struct span *spans_add(struct spans *s)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : SPANS_FIRST;
        struct span **items = arena_alloc(s->arena, cap * sizeof *items);
        if (s->n)
            memcpy(items, s->items, s->n * sizeof *items);
        s->items = items;
        s->cap = cap;
    }
    return s->items[s->n++] = arena_alloc(s->arena, sizeof(struct span));
}
