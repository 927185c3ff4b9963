/*
 * expr/eval_loop.c - macros that go over a list or a map: one turn for each element, with its variables set.
 *
 * all() and exists() absorb errors like `&&` and `||`; the others end with the first.
 */
#include "expr/expr_impl.h"

#define NOT_BOOL_TEXT "a value has a type that does not fit here"

struct turns {
    struct eval *ev;
    const struct node *n;
    const struct value *range;
    size_t n_elements;
    const struct node *condition, *body; /* condition: NULL without one */
};

static size_t elements(const struct value *range)
{
    return range->kind == TYPE_LIST ? range->list->n : range->map->n;
}

/* Sets the variables of turn i; the first of them is what filter() keeps. */
static void set_locals(const struct turns *t, size_t i)
{
    struct value *locals = &t->ev->locals[t->n->slot];
    bool has_two = t->n->n_vars == 2;
    if (t->range->kind == TYPE_LIST) {
        locals[0] = has_two ? value_int((int64_t)i) : t->range->list->items[i];
        if (has_two)
            locals[1] = t->range->list->items[i];
        return;
    }
    locals[0] = t->range->map->entries[i].key;
    if (has_two)
        locals[1] = t->range->map->entries[i].value;
}

/* A part that is true or false; anything else becomes an error in *ret. */
static void eval_bool(struct eval *ev, const struct node *n, struct value *ret)
{
    eval_node(ev, n, ret);
    ev->at = n;
    if (ret->kind != TYPE_BOOL && ret->kind != TYPE_ERROR)
        eval_fail(ev, ret, NOT_BOOL_TEXT);
}

static void quantify(const struct turns *t, bool decides, struct value *ret)
{
    struct value error = {.kind = TYPE_BOOL};
    for (size_t i = 0; i < t->n_elements; i++) {
        set_locals(t, i);
        eval_bool(t->ev, t->body, ret);
        if (ret->kind == TYPE_BOOL && ret->b == decides)
            return;
        if (ret->kind == TYPE_ERROR && error.kind != TYPE_ERROR)
            error = *ret;
        if (t->ev->steps_left == 0)
            break;
    }
    *ret = error.kind == TYPE_ERROR ? error : value_bool(!decides);
}

static void exists_one(const struct turns *t, struct value *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_elements; i++) {
        set_locals(t, i);
        eval_bool(t->ev, t->body, ret);
        if (ret->kind == TYPE_ERROR)
            return;
        n += ret->b;
    }
    *ret = value_bool(n == 1);
}

/* The condition of a turn holds; false with an error in *ret, or without. */
static bool is_wanted(const struct turns *t, struct value *ret)
{
    *ret = value_bool(true);
    if (t->condition)
        eval_bool(t->ev, t->condition, ret);
    return ret->kind == TYPE_BOOL && ret->b;
}

static void make_list(const struct turns *t, struct value *ret)
{
    struct value_list *list = eval_alloc(t->ev, sizeof *list + t->n_elements * sizeof(struct value), ret);
    if (!list)
        return;
    struct value *items = (struct value *)(list + 1);
    size_t n = 0;
    for (size_t i = 0; i < t->n_elements; i++) {
        set_locals(t, i);
        if (is_wanted(t, ret)) {
            if (t->body)
                eval_node(t->ev, t->body, ret);
            else
                *ret = t->ev->locals[t->n->slot];
            items[n++] = *ret;
        }
        if (ret->kind == TYPE_ERROR)
            return;
    }
    *list = (struct value_list){items, n};
    *ret = (struct value){.kind = TYPE_LIST, .list = list};
}

static void make_map(const struct turns *t, struct value *ret)
{
    struct value_map *map = eval_alloc(t->ev, sizeof *map + t->n_elements * sizeof(struct value_entry), ret);
    if (!map)
        return;
    struct value_entry *entries = (struct value_entry *)(map + 1);
    size_t n = 0;
    for (size_t i = 0; i < t->n_elements; i++) {
        set_locals(t, i);
        struct value key = t->ev->locals[t->n->slot];
        if (is_wanted(t, ret)) {
            eval_node(t->ev, t->body, ret);
            entries[n++] = (struct value_entry){key, *ret};
        }
        if (ret->kind == TYPE_ERROR)
            return;
    }
    *map = (struct value_map){entries, n};
    *ret = (struct value){.kind = TYPE_MAP, .map = map};
}

static void over_elements(const struct turns *t, struct value *ret)
{
    switch (t->n->loop) {
    case LOOP_ALL:
        quantify(t, false, ret);
        return;
    case LOOP_EXISTS:
        quantify(t, true, ret);
        return;
    case LOOP_EXISTS_ONE:
        exists_one(t, ret);
        return;
    case LOOP_TRANSFORM_MAP:
        make_map(t, ret);
        return;
    default:
        make_list(t, ret);
    }
}

/* The body with what is inside, and nothing without it. */
static void over_optional(struct eval *ev, const struct node *n, const struct value *range, struct value *ret)
{
    struct value v;
    if (!range->inside) {
        *ret = VALUE_NONE;
        return;
    }
    ev->locals[n->slot] = *range->inside;
    eval_node(ev, n->last, &v);
    ev->at = n;
    if (v.kind == TYPE_ERROR)
        *ret = v;
    else if (n->loop == LOOP_OPT_MAP)
        eval_optional_of(ev, &v, ret);
    else if (v.kind == TYPE_OPTIONAL)
        *ret = v;
    else
        eval_fail(ev, ret, "the body of optFlatMap() gives an optional");
}

void eval_loop(struct eval *ev, const struct node *n, struct value *ret)
{
    struct value range;
    bool is_optional = n->loop == LOOP_OPT_MAP || n->loop == LOOP_OPT_FLAT_MAP;
    eval_node(ev, n->first, &range);
    ev->at = n;
    if (range.kind == TYPE_ERROR) {
        *ret = range;
        return;
    }
    bool fits = is_optional ? range.kind == TYPE_OPTIONAL
                            : range.kind == TYPE_MAP || (range.kind == TYPE_LIST && n->loop != LOOP_TRANSFORM_MAP);
    if (!fits) {
        eval_fail(ev, ret, "this macro does not go over such a value");
        return;
    }
    if (is_optional) {
        over_optional(ev, n, &range, ret);
        return;
    }
    struct turns t = {ev, n, &range, elements(&range), NULL, n->last};
    if (n->loop == LOOP_FILTER) {
        t.condition = n->last;
        t.body = NULL;
    } else if (n->n == 3) {
        t.condition = n->first->next;
    }
    over_elements(&t, ret);
}
