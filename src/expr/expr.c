/*
 * expr/expr.c - an expression's life: text, tree, types, bound; then values.
 */
#include "expr/expr_impl.h"

#include "base/check.h"
#include "base/err.h"

static struct node *compile(struct compile *c, int64_t *ret_cost)
{
    if (c->text.n > EXPR_BYTES_MAX) {
        compile_fault(c, "expr_cost", 0, 0, "a condition has at most %d bytes", EXPR_BYTES_MAX);
        return NULL;
    }
    struct node *root = parse_condition(c);
    return root && check_types(c, root) && bound_cost(c, root, ret_cost) ? root : NULL;
}

int expr_compile(struct arena *a, struct str text, const struct expr_scope *scope, struct expr **ret,
                 struct expr_fault *ret_fault)
{
    struct expr_fault fault = {0};
    struct compile c = {.a = a, .text = text, .scope = scope, .fault = &fault};
    int64_t cost = 0;
    struct node *root = compile(&c, &cost);
    struct expr *e = root ? arena_try_alloc(a, sizeof *e) : NULL;
    if (root && !e)
        compile_too_large(&c);
    if (c.is_too_large)
        return err_trace(-ERR_TOO_LARGE);
    if (!root) {
        check(fault.code);
        *ret_fault = fault;
        return err_trace(-ERR_INVALID);
    }
    *e = (struct expr){text, root, cost};
    *ret = e;
    return 0;
}

struct str expr_text(const struct expr *e)
{
    return e->text;
}

const struct type *expr_type(const struct expr *e)
{
    return e->root->type;
}

int64_t expr_cost(const struct expr *e)
{
    return e->cost;
}

static void each_slot(const struct node *n, void (*fn)(unsigned slot, void *ctx), void *ctx)
{
    if (n->kind == NODE_VAR || n->kind == NODE_HAS_VAR)
        fn(n->slot, ctx);
    for (const struct node *child = n->first; child; child = child->next)
        each_slot(child, fn, ctx);
}

void expr_each_slot(const struct expr *e, void (*fn)(unsigned slot, void *ctx), void *ctx)
{
    each_slot(e->root, fn, ctx);
}

void expr_eval(const struct expr *e, const struct expr_facts *facts, struct arena *a, struct value *ret)
{
    struct eval ev;
    eval_init(&ev, facts, a);
    eval_node(&ev, e->root, ret);
}
