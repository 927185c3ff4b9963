/*
 * expr/eval.c - walks the tree: facts in, a value or an error out.
 *
 * Errors are values. Operators and functions pass on the first error among their arguments; `&&` and `||` do so only
 * where no other part decides. Every node counts as a step, and what looks at many bytes or elements as more.
 */
#include "expr/expr_impl.h"

#include <string.h>

#include "base/check.h"

#define NO_OVERLOAD_TEXT "a value has a type that does not fit here"

void eval_init(struct eval *ev, const struct expr_facts *facts, struct arena *a)
{
    ev->facts = facts;
    ev->a = a;
    ev->bytes_left = EXPR_SCRATCH_BYTES_MAX;
    ev->steps_left = EXPR_COST_MAX;
    ev->at = NULL;
}

void eval_fail(struct eval *ev, struct value *ret, const char *text)
{
    *ret = (struct value){.kind = TYPE_ERROR, .error = {text, ev->at}};
}

bool eval_spend(struct eval *ev, int64_t steps, struct value *ret)
{
    ev->steps_left -= steps;
    if (ev->steps_left >= 0)
        return true;
    ev->steps_left = 0;
    eval_fail(ev, ret, "it takes too many steps");
    return false;
}

void *eval_alloc(struct eval *ev, size_t n, struct value *ret)
{
    void *p = n <= ev->bytes_left ? arena_try_alloc(ev->a, n) : NULL;
    if (!p) {
        eval_fail(ev, ret, "it takes too much memory");
        return NULL;
    }
    ev->bytes_left -= n;
    return p;
}

/* --- logic --- */

/* AND (decides = false) and OR (decides = true): one part decides, or else the first error is it. */
static void eval_chain(struct eval *ev, const struct node *n, bool decides, struct value *ret)
{
    struct value error = {.kind = TYPE_BOOL};
    for (const struct node *part = n->first; part; part = part->next) {
        eval_node(ev, part, ret);
        if (ret->kind == TYPE_BOOL && ret->b == decides)
            return;
        if (ret->kind == TYPE_BOOL || error.kind == TYPE_ERROR)
            continue;
        ev->at = part;
        if (ret->kind != TYPE_ERROR)
            eval_fail(ev, ret, NO_OVERLOAD_TEXT);
        error = *ret;
    }
    *ret = error.kind == TYPE_ERROR ? error : value_bool(!decides);
}

static void eval_not(struct eval *ev, const struct node *n, struct value *ret)
{
    eval_node(ev, n->first, ret);
    ev->at = n;
    if (ret->kind == TYPE_BOOL)
        ret->b = !ret->b;
    else if (ret->kind != TYPE_ERROR)
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
}

static void eval_if(struct eval *ev, const struct node *n, struct value *ret)
{
    eval_node(ev, n->first, ret);
    ev->at = n;
    if (ret->kind == TYPE_BOOL)
        eval_node(ev, ret->b ? n->first->next : n->last, ret);
    else if (ret->kind != TYPE_ERROR)
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
}

/* --- comparisons --- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Steps to find out whether two values are the same. */
static int64_t cost_of_eq(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return 1;
    switch (a->kind) {
    case TYPE_STRING:
    case TYPE_BYTES:
        return cost_of_text(least(a->s.n, b->s.n));
    case TYPE_LIST:
        return (int64_t)least(a->list->n, b->list->n);
    case TYPE_MAP:
        return (int64_t)(a->map->n * b->map->n);
    default:
        return 1;
    }
}

/* Both children; false: one is an error, which is *ret. */
static bool eval_two(struct eval *ev, const struct node *n, struct value *a, struct value *b, struct value *ret)
{
    eval_node(ev, n->first, a);
    if (a->kind == TYPE_ERROR) {
        *ret = *a;
        return false;
    }
    eval_node(ev, n->last, b);
    ev->at = n;
    if (b->kind == TYPE_ERROR)
        *ret = *b;
    return b->kind != TYPE_ERROR;
}

static void eval_eq(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value a, b;
    if (eval_two(ev, n, &a, &b, ret) && eval_spend(ev, cost_of_eq(&a, &b), ret))
        *ret = value_bool(value_eq(&a, &b) == (n->kind == NODE_EQ));
}

static bool order_is(enum node_kind k, int order)
{
    switch (k) {
    case NODE_LT:
        return order < 0;
    case NODE_LE:
        return order <= 0;
    case NODE_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static void eval_order(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value a, b;
    int order;
    if (!eval_two(ev, n, &a, &b, ret) || !eval_spend(ev, cost_of_eq(&a, &b), ret))
        return;
    int r = value_order(&a, &b, &order);
    if (r == VALUE_R_MISFIT)
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
    else
        *ret = value_bool(r == 0 && order_is(n->kind, order));
}

static void eval_in(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value item, in;
    if (!eval_two(ev, n, &item, &in, ret))
        return;
    if (in.kind == TYPE_MAP) {
        if (eval_spend(ev, (int64_t)in.map->n, ret))
            *ret = value_bool(value_map_get(in.map, &item) != NULL);
        return;
    }
    if (in.kind != TYPE_LIST) {
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
        return;
    }
    bool is_in = false;
    for (size_t i = 0; i < in.list->n && !is_in; i++) {
        if (!eval_spend(ev, cost_of_eq(&item, &in.list->items[i]), ret))
            return;
        is_in = value_eq(&item, &in.list->items[i]);
    }
    *ret = value_bool(is_in);
}

/* --- fields and elements --- */

/* A list's index, whatever number it is written as; false: it is no whole number. */
static bool index_of(const struct value *v, uint64_t *ret)
{
    switch (v->kind) {
    case TYPE_INT:
        *ret = (uint64_t)v->i; /* a negative one is past every end */
        return true;
    case TYPE_UINT:
        *ret = v->u;
        return true;
    case TYPE_DOUBLE:
        *ret = v->d >= 0 && v->d < 1e15 ? (uint64_t)v->d : UINT64_MAX;
        return (double)*ret == v->d;
    default:
        return false;
    }
}

/* The element of a list or a map; an error where there is none. */
static void element(struct eval *ev, const struct value *of, const struct value *key, struct value *ret)
{
    uint64_t i;
    if (of->kind == TYPE_MAP) {
        const struct value *there = value_map_get(of->map, key);
        if (!eval_spend(ev, (int64_t)of->map->n, ret))
            return;
        if (there)
            *ret = *there;
        else
            eval_fail(ev, ret, "no such key");
    } else if (of->kind != TYPE_LIST || !index_of(key, &i)) {
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
    } else if (i >= of->list->n) {
        eval_fail(ev, ret, "the list has no such element");
    } else {
        *ret = of->list->items[i];
    }
}

static bool has_element(const struct value *of, const struct value *key)
{
    uint64_t i;
    if (of->kind == TYPE_MAP)
        return value_map_get(of->map, key) != NULL;
    return of->kind == TYPE_LIST && index_of(key, &i) && i < of->list->n;
}

/* of[?key], and optional[key]: what is lacking is an optional without a value. */
static void optional_element(struct eval *ev, const struct value *of, const struct value *key, struct value *ret)
{
    struct value found;
    if (of->kind == TYPE_OPTIONAL && !of->inside) {
        *ret = VALUE_NONE;
        return;
    }
    const struct value *in = of->kind == TYPE_OPTIONAL ? of->inside : of;
    bool may_lack = in->kind == TYPE_MAP || in->kind == TYPE_LIST;
    if (may_lack && !has_element(in, key)) {
        *ret = VALUE_NONE;
        return;
    }
    element(ev, in, key, &found);
    if (found.kind == TYPE_ERROR)
        *ret = found;
    else
        eval_optional_of(ev, &found, ret);
}

static void eval_step(struct eval *ev, const struct node *n, const struct value *of, const struct value *key,
                      struct value *ret)
{
    ev->at = n;
    if (n->is_optional || of->kind == TYPE_OPTIONAL)
        optional_element(ev, of, key, ret);
    else
        element(ev, of, key, ret);
}

static void eval_index(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value of, key;
    if (eval_two(ev, n, &of, &key, ret))
        eval_step(ev, n, &of, &key, ret);
}

static void eval_field(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value of, key = value_str(n->name);
    eval_node(ev, n->first, &of);
    if (of.kind == TYPE_ERROR)
        *ret = of;
    else if (of.kind == TYPE_LIST) {
        ev->at = n;
        eval_fail(ev, ret, NO_OVERLOAD_TEXT); /* elements have no names */
    } else
        eval_step(ev, n, &of, &key, ret);
}

static void eval_has(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value of, key = value_str(n->name);
    eval_node(ev, n->first, &of);
    ev->at = n;
    if (of.kind == TYPE_OPTIONAL && !of.inside)
        *ret = value_bool(false);
    else if (of.kind == TYPE_ERROR)
        *ret = of;
    else {
        const struct value *in = of.kind == TYPE_OPTIONAL ? of.inside : &of;
        if (in->kind == TYPE_MAP)
            *ret = value_bool(value_map_get(in->map, &key) != NULL);
        else
            eval_fail(ev, ret, NO_OVERLOAD_TEXT);
    }
}

static void eval_var(struct eval *ev, const struct node *n, struct value *ret)
{
    bool is_there = ev->facts->get(ev->facts->ctx, n->slot, n->name, ev->a, ret);
    ev->at = n;
    if (!is_there)
        eval_fail(ev, ret, "this call has none");
    else if (ret->kind == TYPE_ERROR)
        eval_fail(ev, ret, ret->error.text); /* here */
}

static void eval_has_var(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value v;
    *ret = value_bool(ev->facts->get(ev->facts->ctx, n->slot, n->name, ev->a, &v));
}

/* --- calls --- */

static bool takes(const struct function *f, const struct value *args, size_t n)
{
    if (f->n_args != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!function_takes(f, i, args[i].kind))
            return false;
    return true;
}

static void eval_call(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value args[FUNCTION_ARGS_MAX] = {{.kind = TYPE_NULL}};
    size_t i = 0;
    for (const struct node *arg = n->first; arg && i < FUNCTION_ARGS_MAX; arg = arg->next, i++) {
        eval_node(ev, arg, &args[i]);
        if (args[i].kind == TYPE_ERROR) {
            *ret = args[i];
            return;
        }
    }
    ev->at = n;
    for (size_t k = 0; k < n->n_fns; k++) {
        if (!takes(&n->fns[k], args, n->n)) /* of one alone too: what a fact is shows only here */
            continue;
        n->fns[k].fn(ev, args, ret);
        return;
    }
    eval_fail(ev, ret, NO_OVERLOAD_TEXT);
}

static void eval_match(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value text;
    eval_node(ev, n->first, &text);
    ev->at = n;
    if (text.kind == TYPE_ERROR)
        *ret = text;
    else if (text.kind != TYPE_STRING)
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
    else if (eval_spend(ev, cost_of_match(n->regex, text.s.n), ret))
        *ret = value_bool(regex_match(n->regex, text.s));
}

/* --- literals --- */

/* An element's value; false: left out, or an error in *ret. */
static bool eval_element(struct eval *ev, const struct node *item, bool is_spread, struct value *ret)
{
    eval_node(ev, item, ret);
    if (!is_spread || ret->kind == TYPE_ERROR)
        return ret->kind != TYPE_ERROR;
    ev->at = item;
    if (ret->kind != TYPE_OPTIONAL) {
        eval_fail(ev, ret, NO_OVERLOAD_TEXT);
        return false;
    }
    if (ret->inside)
        *ret = *ret->inside;
    else
        *ret = (struct value){.kind = TYPE_NULL};
    return ret->kind != TYPE_NULL;
}

static void eval_list(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value_list *list = eval_alloc(ev, sizeof *list + n->n * sizeof(struct value), ret);
    if (!list)
        return;
    struct value *items = (struct value *)(list + 1);
    size_t n_items = 0;
    for (const struct node *item = n->first; item; item = item->next) {
        struct value v;
        if (eval_element(ev, item, item->is_spread, &v)) {
            items[n_items++] = v;
        } else if (v.kind == TYPE_ERROR) {
            *ret = v;
            return;
        }
    }
    *list = (struct value_list){items, n_items};
    *ret = (struct value){.kind = TYPE_LIST, .list = list};
}

static bool is_key(const struct value *v)
{
    return v->kind == TYPE_BOOL || v->kind == TYPE_INT || v->kind == TYPE_UINT || v->kind == TYPE_STRING;
}

/* One entry behind those in `map`. False: *ret is an error. */
static bool add_entry(struct eval *ev, struct value_map *map, const struct node *key, struct value *ret)
{
    struct value_entry *to = (struct value_entry *)(map + 1) + map->n;
    eval_node(ev, key, &to->key);
    ev->at = key;
    *ret = to->key;
    if (to->key.kind == TYPE_ERROR)
        return false;
    if (!is_key(&to->key))
        eval_fail(ev, ret, "this is no key of a map");
    else if (value_map_get(map, &to->key))
        eval_fail(ev, ret, "a key stands twice");
    if (ret->kind == TYPE_ERROR || !eval_spend(ev, 1 + (int64_t)map->n / 4, ret))
        return false;
    if (eval_element(ev, key->next, key->is_spread, &to->value))
        map->n++;
    *ret = to->value;
    return ret->kind != TYPE_ERROR;
}

static void eval_map(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value_map *map = eval_alloc(ev, sizeof *map + n->n / 2 * sizeof(struct value_entry), ret);
    if (!map)
        return;
    *map = (struct value_map){(struct value_entry *)(map + 1), 0};
    for (const struct node *key = n->first; key; key = key->next->next)
        if (!add_entry(ev, map, key, ret))
            return;
    *ret = (struct value){.kind = TYPE_MAP, .map = map};
}

void eval_node(struct eval *ev, const struct node *n, struct value *ret)
{
    if (!eval_spend(ev, 1, ret))
        return;
    switch (n->kind) {
    case NODE_CONST:
        *ret = n->value;
        return;
    case NODE_VAR:
        eval_var(ev, n, ret);
        return;
    case NODE_LOCAL:
        *ret = ev->locals[n->slot];
        return;
    case NODE_SELECT:
        eval_field(ev, n, ret);
        return;
    case NODE_HAS:
        eval_has(ev, n, ret);
        return;
    case NODE_HAS_VAR:
        eval_has_var(ev, n, ret);
        return;
    case NODE_INDEX:
        eval_index(ev, n, ret);
        return;
    case NODE_NOT:
        eval_not(ev, n, ret);
        return;
    case NODE_AND:
    case NODE_OR:
        eval_chain(ev, n, n->kind == NODE_OR, ret);
        return;
    case NODE_IF:
        eval_if(ev, n, ret);
        return;
    case NODE_EQ:
    case NODE_NE:
        eval_eq(ev, n, ret);
        return;
    case NODE_LT:
    case NODE_LE:
    case NODE_GT:
    case NODE_GE:
        eval_order(ev, n, ret);
        return;
    case NODE_IN:
        eval_in(ev, n, ret);
        return;
    case NODE_CALL:
        eval_call(ev, n, ret);
        return;
    case NODE_MATCH:
        eval_match(ev, n, ret);
        return;
    case NODE_LIST:
        eval_list(ev, n, ret);
        return;
    case NODE_MAP:
        eval_map(ev, n, ret);
        return;
    case NODE_LOOP:
        eval_loop(ev, n, ret);
        return;
    case NODE_FAIL:
        ev->at = n;
        eval_fail(ev, ret, n->name.p);
        return;
    case NODE_NAME:
        break;
    }
    check(!"a name that was not checked");
}
