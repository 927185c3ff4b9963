/*
 * expr/fn_text.c - strings, bytes and lists: how long, what is in them, one behind the other.
 */
#include "expr/function_impl.h"

#include <string.h>

#include "codec/utf8.h"

/* Bytes that are no character count as one each. */
static int64_t characters(struct str s)
{
    int64_t n = 0;
    for (; s.n > 0; n++) {
        size_t bytes = utf8_next(s);
        s = str_sub(s, bytes ? bytes : 1, SIZE_MAX);
    }
    return n;
}

void fn_size(struct eval *ev, const struct value *args, struct value *ret)
{
    const struct value *v = &args[0];
    if (v->kind == TYPE_STRING && !eval_spend(ev, cost_of_text(v->s.n), ret))
        return;
    switch (v->kind) {
    case TYPE_STRING:
        *ret = value_int(characters(v->s));
        return;
    case TYPE_BYTES:
        *ret = value_int((int64_t)v->s.n);
        return;
    case TYPE_LIST:
        *ret = value_int((int64_t)v->list->n);
        return;
    default:
        *ret = value_int((int64_t)v->map->n);
    }
}

void fn_contains(struct eval *ev, const struct value *args, struct value *ret)
{
    size_t at;
    if (eval_spend(ev, cost_of_text(args[0].s.n + args[1].s.n), ret))
        *ret = value_bool(args[1].s.n == 0 || str_find(args[0].s, args[1].s, &at));
}

void fn_starts_with(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_bool(str_starts(args[0].s, args[1].s));
}

void fn_ends_with(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_bool(str_ends(args[0].s, args[1].s));
}

void fn_add_text(struct eval *ev, const struct value *args, struct value *ret)
{
    struct str a = args[0].s, b = args[1].s;
    if (!eval_spend(ev, cost_of_text(a.n + b.n), ret))
        return;
    char *to = eval_alloc(ev, a.n + b.n + 1, ret);
    if (!to)
        return;
    if (a.n)
        memcpy(to, a.p, a.n);
    if (b.n)
        memcpy(to + a.n, b.p, b.n);
    *ret = (struct value){.kind = args[0].kind, .s = {to, a.n + b.n}};
}

void fn_add_list(struct eval *ev, const struct value *args, struct value *ret)
{
    const struct value_list *a = args[0].list, *b = args[1].list;
    if (!eval_spend(ev, (int64_t)(a->n + b->n), ret))
        return;
    struct value_list *sum = eval_alloc(ev, sizeof *sum + (a->n + b->n) * sizeof *sum->items, ret);
    if (!sum)
        return;
    struct value *items = (struct value *)(sum + 1);
    if (a->n)
        memcpy(items, a->items, a->n * sizeof *items);
    if (b->n)
        memcpy(items + a->n, b->items, b->n * sizeof *items);
    *sum = (struct value_list){items, a->n + b->n};
    *ret = (struct value){.kind = TYPE_LIST, .list = sum};
}
