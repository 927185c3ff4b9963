/*
 * expr/check.c - gives every node its type, and refuses what can never be evaluated: wrong types under operators, keys
 * that no map can have. Literals of literals become one constant.
 */
#include "expr/check_impl.h"

#include <stdarg.h>
#include <stdio.h>

bool check_misfit(struct checker *x, const struct node *at, const char *fmt, ...)
{
    char text[256];
    if (x->c->scope->is_lenient)
        return true;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return compile_fault(x->c, "expr_type", at->at, at->end, "%s", text);
}

bool check_hopeless(struct checker *x, struct node *n, const char *code, const char *why)
{
    if (!x->c->scope->is_lenient)
        return compile_fault(x->c, code, n->at, n->end, "%s", why);
    node_leaf(n, NODE_FAIL);
    n->name = str_c(why);
    n->type = TYPE_PLAIN(TYPE_DYN);
    return true;
}

bool check_typed(struct checker *x, struct node *n, const struct type *t)
{
    n->type = t;
    return t ? true : compile_too_large(x->c);
}

bool check_is_bool(struct checker *x, const struct node *n)
{
    char text[TYPE_TEXT_BYTES];
    if (n->type->kind == TYPE_BOOL || n->type->kind == TYPE_DYN)
        return true;
    return check_misfit(x, n, "this is true or false, not " STR_FMT, STR_ARG(type_text(n->type, text)));
}

static bool check_bools(struct checker *x, struct node *n)
{
    n->type = TYPE_PLAIN(TYPE_BOOL);
    for (const struct node *child = n->first; child; child = child->next)
        if (!check_is_bool(x, child))
            return false;
    return true;
}

static bool check_if(struct checker *x, struct node *n)
{
    const struct type *a = n->first->next->type, *b = n->last->type;
    char one[TYPE_TEXT_BYTES], other[TYPE_TEXT_BYTES];
    n->type = type_join(a, b);
    if (!check_is_bool(x, n->first))
        return false;
    return type_fits(a, b) || check_misfit(x, n, "one value is " STR_FMT ", the other " STR_FMT,
                                           STR_ARG(type_text(a, one)), STR_ARG(type_text(b, other)));
}

/* --- comparisons --- */

static bool is_money(const struct type *a, const struct type *b)
{
    return a->kind == TYPE_MONEY || b->kind == TYPE_MONEY;
}

static const char *compared_hint(const struct type *a, const struct type *b)
{
    if (is_money(a, b))
        return "; an amount is written usd(\"12.50\")";
    bool is_number_and_text = (a->kind == TYPE_INT && b->kind == TYPE_STRING) ||
                              (a->kind == TYPE_STRING && b->kind == TYPE_INT);
    bool is_broken = a->kind == TYPE_INT && b->kind == TYPE_DOUBLE;
    return is_number_and_text ? "; a number is written without quotes"
           : is_broken        ? "; a whole number is written without a point"
                              : "";
}

static bool check_compared(struct checker *x, struct node *n)
{
    const struct type *a = n->first->type, *b = n->last->type;
    char one[TYPE_TEXT_BYTES], other[TYPE_TEXT_BYTES];
    bool needs_order = n->kind != NODE_EQ && n->kind != NODE_NE;
    n->type = TYPE_PLAIN(TYPE_BOOL);
    if (!type_fits(a, b))
        return check_misfit(x, n, STR_FMT " is compared with " STR_FMT "%s", STR_ARG(type_text(a, one)),
                            STR_ARG(type_text(b, other)), compared_hint(a, b));
    const struct type *known = a->kind == TYPE_DYN ? b : a;
    if (needs_order && known->kind != TYPE_DYN && !type_is_ordered(known->kind))
        return check_misfit(x, n, STR_FMT " has no order", STR_ARG(type_text(known, one)));
    return true;
}

static bool check_in(struct checker *x, struct node *n)
{
    const struct type *item = n->first->type, *in = n->last->type;
    char one[TYPE_TEXT_BYTES], other[TYPE_TEXT_BYTES];
    n->type = TYPE_PLAIN(TYPE_BOOL);
    if (in->kind == TYPE_DYN)
        return true;
    if (in->kind != TYPE_LIST && in->kind != TYPE_MAP)
        return check_misfit(x, n->last, "`in` looks into a list or a map, not into " STR_FMT,
                            STR_ARG(type_text(in, other)));
    const struct type *inside = in->kind == TYPE_LIST ? in->of : in->key;
    return type_fits(item, inside) || check_misfit(x, n, STR_FMT " is never in a " STR_FMT,
                                                   STR_ARG(type_text(item, one)), STR_ARG(type_text(in, other)));
}

/* --- literals --- */

/* What an element adds to its list: itself, or what is inside the optional. False after a fault. */
static bool element_type(struct checker *x, const struct node *item, bool is_spread, const struct type **ret)
{
    char text[TYPE_TEXT_BYTES];
    *ret = item->type;
    if (!is_spread)
        return true;
    *ret = item->type->kind == TYPE_OPTIONAL ? item->type->of : TYPE_PLAIN(TYPE_DYN);
    return item->type->kind == TYPE_OPTIONAL || item->type->kind == TYPE_DYN ||
           check_misfit(x, item, "behind `?` stands an optional, not " STR_FMT,
                        STR_ARG(type_text(item->type, text)));
}

static const struct type *join_one(const struct type *sum, const struct type *one)
{
    return sum ? type_join(sum, one) : one;
}

/* All children are constants, and none may be left out. */
static bool is_constant(const struct node *n)
{
    for (const struct node *child = n->first; child; child = child->next)
        if (child->kind != NODE_CONST || child->is_spread)
            return false;
    return true;
}

/* Evaluates a literal of constants once for all; one that fails (two equal keys) stays as it is. */
static void fold(struct checker *x, struct node *n)
{
    struct eval ev;
    struct value v;
    if (!is_constant(n))
        return;
    eval_init(&ev, NULL, x->c->a);
    eval_node(&ev, n, &v);
    if (v.kind == TYPE_ERROR)
        return;
    node_leaf(n, NODE_CONST);
    n->value = v;
}

static bool check_list(struct checker *x, struct node *n)
{
    const struct type *sum = NULL, *one;
    for (const struct node *item = n->first; item; item = item->next) {
        if (!element_type(x, item, item->is_spread, &one))
            return false;
        sum = join_one(sum, one);
    }
    if (!check_typed(x, n, type_list(x->c->a, sum ? sum : TYPE_PLAIN(TYPE_DYN))))
        return false;
    fold(x, n);
    return true;
}

static bool check_key(struct checker *x, const struct node *key)
{
    enum type_kind k = key->type->kind;
    char text[TYPE_TEXT_BYTES];
    return k == TYPE_BOOL || k == TYPE_INT || k == TYPE_UINT || k == TYPE_STRING || k == TYPE_DYN ||
           check_misfit(x, key, "a map's key is no " STR_FMT, STR_ARG(type_text(key->type, text)));
}

static bool check_map(struct checker *x, struct node *n)
{
    const struct type *keys = NULL, *values = NULL, *one, *dyn = TYPE_PLAIN(TYPE_DYN);
    for (const struct node *key = n->first; key; key = key->next->next) {
        if (!check_key(x, key) || !element_type(x, key->next, key->is_spread, &one))
            return false;
        keys = join_one(keys, key->type);
        values = join_one(values, one);
    }
    if (!check_typed(x, n, type_map(x->c->a, keys ? keys : dyn, values ? values : dyn)))
        return false;
    fold(x, n);
    return true;
}

/* --- the tree --- */

/* Of a node whose children have types. */
static bool check_kind(struct checker *x, struct node *n)
{
    switch (n->kind) {
    case NODE_NOT:
    case NODE_AND:
    case NODE_OR:
        return check_bools(x, n);
    case NODE_IF:
        return check_if(x, n);
    case NODE_EQ:
    case NODE_NE:
    case NODE_LT:
    case NODE_LE:
    case NODE_GT:
    case NODE_GE:
        return check_compared(x, n);
    case NODE_IN:
        return check_in(x, n);
    case NODE_LIST:
        return check_list(x, n);
    default:
        return check_map(x, n);
    }
}

bool check_node(struct checker *x, struct node *n)
{
    switch (n->kind) {
    case NODE_CONST:
        n->type = TYPE_PLAIN(n->value.kind);
        return true;
    case NODE_NAME:
    case NODE_SELECT:
    case NODE_HAS:
    case NODE_INDEX:
        return check_name(x, n);
    case NODE_CALL:
        return check_call(x, n);
    case NODE_LOOP:
        return check_loop(x, n);
    default:
        for (struct node *child = n->first; child; child = child->next)
            if (!check_node(x, child))
                return false;
        return check_kind(x, n);
    }
}

bool check_types(struct compile *c, struct node *root)
{
    struct checker x = {.c = c};
    return check_node(&x, root);
}
