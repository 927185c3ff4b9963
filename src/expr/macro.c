/*
 * expr/macro.c - calls that are no functions, because they bind a variable or ask about a name: has, all, exists,
 * exists_one, map, filter, their forms with two variables, optMap and optFlatMap.
 */
#include "expr/expr_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct macro {
    struct str name;
    enum loop loop;
    uint8_t n_vars;
    uint8_t n_parts; /* behind the variables: a body, or a condition and a body */
} macros[] = {
    {STR_INIT("all"), LOOP_ALL, 1, 1},
    {STR_INIT("all"), LOOP_ALL, 2, 1},
    {STR_INIT("exists"), LOOP_EXISTS, 1, 1},
    {STR_INIT("exists"), LOOP_EXISTS, 2, 1},
    {STR_INIT("exists_one"), LOOP_EXISTS_ONE, 1, 1},
    {STR_INIT("existsOne"), LOOP_EXISTS_ONE, 1, 1},
    {STR_INIT("existsOne"), LOOP_EXISTS_ONE, 2, 1},
    {STR_INIT("map"), LOOP_MAP, 1, 1},
    {STR_INIT("map"), LOOP_MAP, 1, 2},
    {STR_INIT("filter"), LOOP_FILTER, 1, 1},
    {STR_INIT("transformList"), LOOP_MAP, 2, 1},
    {STR_INIT("transformList"), LOOP_MAP, 2, 2},
    {STR_INIT("transformMap"), LOOP_TRANSFORM_MAP, 2, 1},
    {STR_INIT("transformMap"), LOOP_TRANSFORM_MAP, 2, 2},
    {STR_INIT("optMap"), LOOP_OPT_MAP, 1, 1},
    {STR_INIT("optFlatMap"), LOOP_OPT_FLAT_MAP, 1, 1},
};

static struct node *expand_has(struct compile *c, struct node *call)
{
    struct node *of = call->first;
    if (of->kind != NODE_SELECT || of->is_optional) {
        compile_fault(c, "expr_syntax", of->at, of->end, "has() takes a field: has(params.amount)");
        return NULL;
    }
    of->kind = NODE_HAS;
    of->at = call->at;
    of->end = call->end;
    return of;
}

/* The name at `arg`, which a macro binds. */
static bool bind(struct compile *c, const struct node *arg, struct str macro, struct str *ret_name)
{
    if (arg->kind != NODE_NAME || arg->is_root)
        return compile_fault(c, "expr_syntax", arg->at, arg->end,
                             "the first argument of " STR_FMT "() is a name for each element: xs.all(x, x > 0)",
                             STR_ARG(macro));
    *ret_name = arg->name;
    return true;
}

static struct node *expand_loop(struct compile *c, const struct macro *m, struct node *call)
{
    struct node *n = node_new(c, NODE_LOOP, call->at, call->end), *range = call->first, *part = range->next, *next;
    if (!n || !bind(c, part, m->name, &n->name) || (m->n_vars == 2 && !bind(c, part->next, m->name, &n->name2)))
        return NULL;
    n->loop = m->loop;
    n->n_vars = m->n_vars;
    for (int i = 0; i < m->n_vars; i++)
        part = part->next;
    if (m->n_vars == 2 && str_eq(n->name, n->name2)) {
        compile_fault(c, "expr_syntax", call->at, call->end, "the two names of " STR_FMT "() differ", STR_ARG(m->name));
        return NULL;
    }
    if (!node_add(c, n, range))
        return NULL;
    for (; part; part = next) {
        next = part->next;
        if (!node_add(c, n, part))
            return NULL;
    }
    return n;
}

struct node *macro_expand(struct compile *c, struct node *call)
{
    if (!call->is_member && str_eq(call->name, STR("has")) && call->n == 1)
        return expand_has(c, call);
    for (size_t i = 0; call->is_member && i < N(macros); i++)
        if (str_eq(macros[i].name, call->name) && call->n == 1u + macros[i].n_vars + macros[i].n_parts)
            return expand_loop(c, &macros[i], call);
    return call;
}
