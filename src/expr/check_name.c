/*
 * expr/check_name.c - what names mean: a macro's variable, a fact, a type; else a field of what stands before the dot.
 *
 * Facts have names with dots, so `params.amount` may be one fact, or a field of the fact `params`: the longest name
 * that is known wins, as the CEL standard has it. `params["transfer_data[amount]"]` is the fact of that name, too.
 */
#include "expr/check_impl.h"

#include <string.h>

#include "codec/diag.h"

static bool is_text(const struct node *n)
{
    return n->kind == NODE_CONST && n->value.kind == TYPE_STRING;
}

/* The node adds one part to a name with dots: .part, ["part"], has(... .part). */
static bool is_step(const struct node *n)
{
    bool is_index = n->kind == NODE_INDEX && is_text(n->last);
    return (n->kind == NODE_SELECT || n->kind == NODE_HAS || is_index) && !n->is_optional;
}

static struct str step_name(const struct node *n)
{
    return n->kind == NODE_INDEX ? n->last->value.s : n->name;
}

/* The name that a chain of steps begins with; NULL: it begins with something else. */
static const struct node *root_of(const struct node *n)
{
    while (is_step(n))
        n = n->first;
    return n->kind == NODE_NAME ? n : NULL;
}

static const struct local *find_local(const struct checker *x, const struct node *root)
{
    const struct local *l = root->is_root ? NULL : x->locals;
    while (l && !str_eq(l->name, root->name))
        l = l->outer;
    return l;
}

static bool is_named(const struct node *n, struct str name)
{
    if (n->kind == NODE_NAME)
        return str_eq(n->name, name);
    if (!is_step(n))
        return false;
    struct str last = step_name(n);
    if (name.n <= last.n || !str_ends(name, last) || name.p[name.n - last.n - 1] != '.')
        return false;
    return is_named(n->first, str_sub(name, 0, name.n - last.n - 1));
}

bool check_is_named(const struct checker *x, const struct node *n, struct str name)
{
    const struct node *root = root_of(n);
    return root && !find_local(x, root) && is_named(n, name);
}

/* `open.anything`: a fact whose name is not known before it is there. */
static bool is_open(const struct checker *x, const struct node *n)
{
    return x->c->scope->open.n > 0 && is_step(n) && is_named(n->first, x->c->scope->open);
}

static const struct expr_variable *find_variable(const struct checker *x, const struct node *n)
{
    const struct expr_scope *scope = x->c->scope;
    for (size_t i = 0; i < scope->n_variables; i++)
        if (is_named(n, scope->variables[i].name))
            return &scope->variables[i];
    return NULL;
}

/* A type's own name is a value: type(x) == int. False: none is called so. dyn is no type of a value. */
static bool find_type(const struct node *n, enum type_kind *ret)
{
    for (enum type_kind k = TYPE_DYN + 1; k < TYPE_COUNT; k++)
        if (is_named(n, type_kind_text(k))) {
            *ret = k;
            return true;
        }
    return false;
}

/* The chain, or a shorter one that it begins with, is a fact or a type. */
static bool is_known(const struct checker *x, const struct node *n)
{
    enum type_kind k;
    return find_variable(x, n) || is_open(x, n) || find_type(n, &k) || (is_step(n) && is_known(x, n->first));
}

/* A fact that was written without what stands before it: `amount` for `params.amount`. */
static struct str with_front(const struct expr_scope *scope, struct str name)
{
    for (size_t i = 0; i < scope->n_variables; i++) {
        struct str whole = scope->variables[i].name;
        if (whole.n > name.n && str_ends(whole, name) && whole.p[whole.n - name.n - 1] == '.')
            return whole;
    }
    return STR_NONE;
}

static bool unknown(struct checker *x, struct node *n)
{
    const struct expr_scope *scope = x->c->scope;
    struct str name = str_sub(x->c->text, n->at, n->end - n->at), near = STR_NONE;
    struct str *names = arena_try_alloc(x->c->a, (scope->n_variables + 1) * sizeof *names);
    if (scope->is_lenient)
        return check_hopeless(x, n, "expr_unknown", "no such name");
    for (size_t i = 0; names && i < scope->n_variables; i++)
        names[i] = scope->variables[i].name;
    near = with_front(scope, name);
    if (names && !near.n)
        near = diag_nearest(name, names, scope->n_variables);
    if (near.n)
        return compile_fault(x->c, "expr_unknown", n->at, n->end,
                             "`" STR_FMT "` is not known; did you mean `" STR_FMT "`?", STR_ARG(name), STR_ARG(near));
    return compile_fault(x->c, "expr_unknown", n->at, n->end, "`" STR_FMT "` is not known", STR_ARG(name));
}

static bool bind_variable(struct checker *x, struct node *n, struct str name, const struct type *t, unsigned slot)
{
    n->type = n->kind == NODE_HAS ? TYPE_PLAIN(TYPE_BOOL) : t;
    node_leaf(n, n->kind == NODE_HAS ? NODE_HAS_VAR : NODE_VAR);
    n->slot = slot;
    return arena_try_str(x->c->a, name, &n->name) == 0 || compile_too_large(x->c);
}

static bool bind_open(struct checker *x, struct node *n)
{
    const struct expr_scope *scope = x->c->scope;
    struct str last = step_name(n);
    char *name = arena_try_alloc(x->c->a, scope->open.n + 1 + last.n);
    if (!name)
        return compile_too_large(x->c);
    memcpy(name, scope->open.p, scope->open.n);
    name[scope->open.n] = '.';
    memcpy(name + scope->open.n + 1, last.p, last.n);
    return bind_variable(x, n, (struct str){name, scope->open.n + 1 + last.n}, TYPE_PLAIN(TYPE_DYN), scope->open_slot);
}

static bool bind_type(struct node *n, enum type_kind k)
{
    node_leaf(n, NODE_CONST);
    n->value = (struct value){.kind = TYPE_TYPE, .type = k};
    n->type = TYPE_PLAIN(TYPE_TYPE);
    return true;
}

/* --- fields and indices of values --- */

/* Of what has the type `of`: a field's type, an optional around it where one stands around `of`. NULL: it has none. */
static const struct type *field_type(struct checker *x, const struct type *of)
{
    switch (of->kind) {
    case TYPE_DYN:
        return of;
    case TYPE_MAP:
        return type_fits(of->key, TYPE_PLAIN(TYPE_STRING)) ? of->of : NULL;
    case TYPE_OPTIONAL: {
        const struct type *inside = of->of->kind == TYPE_OPTIONAL ? NULL : field_type(x, of->of);
        return inside ? type_optional(x->c->a, inside) : NULL;
    }
    default:
        return NULL;
    }
}

/* `.?` and `[?` make an optional, once. */
static bool typed(struct checker *x, struct node *n, const struct type *t)
{
    bool wraps = n->is_optional && t->kind != TYPE_OPTIONAL;
    return check_typed(x, n, wraps ? type_optional(x->c->a, t) : t);
}

static bool check_field(struct checker *x, struct node *n)
{
    char text[TYPE_TEXT_BYTES];
    if (!check_node(x, n->first))
        return false;
    const struct type *t = field_type(x, n->first->type);
    if (!t && !check_misfit(x, n, STR_FMT " has no fields", STR_ARG(type_text(n->first->type, text))))
        return false;
    t = t ? t : TYPE_PLAIN(TYPE_DYN);
    return typed(x, n, n->kind == NODE_HAS ? TYPE_PLAIN(TYPE_BOOL) : t);
}

static bool check_index(struct checker *x, struct node *n)
{
    const struct type *dyn = TYPE_PLAIN(TYPE_DYN), *wanted, *t;
    char one[TYPE_TEXT_BYTES], other[TYPE_TEXT_BYTES];
    if (!check_node(x, n->first) || !check_node(x, n->last))
        return false;
    const struct type *of = n->first->type, *inside = of->kind == TYPE_OPTIONAL ? of->of : of;
    bool is_list = inside->kind == TYPE_LIST;
    bool fits = is_list || inside->kind == TYPE_MAP || inside->kind == TYPE_DYN;
    wanted = is_list ? TYPE_PLAIN(TYPE_INT) : inside->kind == TYPE_MAP ? inside->key : dyn;
    t = fits ? inside->of : dyn;
    if (!fits && !check_misfit(x, n, STR_FMT " has no elements", STR_ARG(type_text(of, one))))
        return false;
    if (fits && !type_fits(wanted, n->last->type) &&
        !check_misfit(x, n->last, "the index is " STR_FMT ", not " STR_FMT, STR_ARG(type_text(wanted, one)),
                      STR_ARG(type_text(n->last->type, other))))
        return false;
    return typed(x, n, of == inside ? t : type_optional(x->c->a, t));
}

bool check_name(struct checker *x, struct node *n)
{
    const struct node *root = root_of(n);
    const struct local *local = root ? find_local(x, root) : NULL;
    enum type_kind k;
    if (root && !local) {
        const struct expr_variable *v = find_variable(x, n);
        if (v)
            return bind_variable(x, n, v->name, v->type, v->slot);
        if (is_open(x, n))
            return bind_open(x, n);
        if (n->kind != NODE_HAS && find_type(n, &k))
            return bind_type(n, k);
        if (!is_known(x, n))
            return unknown(x, n);
    }
    if (n->kind == NODE_NAME) { /* then it is a local */
        n->kind = NODE_LOCAL;
        n->slot = local->slot;
        n->type = local->type;
        return true;
    }
    return n->kind == NODE_INDEX ? check_index(x, n) : check_field(x, n);
}
