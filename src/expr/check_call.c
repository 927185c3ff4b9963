/*
 * expr/check_call.c - functions: which overloads can be meant, what they give; and the macros that loop.
 */
#include "expr/check_impl.h"

#include <string.h>

#include "base/err.h"

/* --- functions whose name has a dot: optional.of(x) --- */

static bool take_dotted(struct checker *x, struct node *n)
{
    for (size_t i = 0; n->is_member && i < n_functions; i++) {
        struct str name = functions[i].name;
        const char *dot = memchr(name.p, '.', name.n);
        if (!dot || !str_eq(str_sub(name, (size_t)(dot - name.p) + 1, SIZE_MAX), n->name) ||
            !check_is_named(x, n->first, str_sub(name, 0, (size_t)(dot - name.p))))
            continue;
        n->name = name;
        n->is_member = false;
        n->first = n->first->next;
        n->n--;
        return true;
    }
    return false;
}

/* --- literal arguments --- */

/* Runs a function on its literal when it is compiled. False: its error is *ret. */
static bool run_now(struct checker *x, const struct node *n, const struct function *f, struct value *ret)
{
    struct eval ev;
    struct value args[FUNCTION_ARGS_MAX] = {{.kind = TYPE_TIMESTAMP}};
    eval_init(&ev, NULL, x->c->a);
    ev.at = n;
    args[f->n_args - 1] = n->last->value;
    f->fn(&ev, args, ret);
    return ret->kind != TYPE_ERROR;
}

static bool makes_time(const struct function *f)
{
    return f->args[0] == TYPE_STRING && (f->result == TYPE_TIMESTAMP || f->result == TYPE_DURATION);
}

/* usd("12.50"), timestamp("..."), t.getHours("+02:00"): a bad literal is no condition, and a good one is read once. */
static bool check_literal(struct checker *x, struct node *n, const struct function *f)
{
    struct value v;
    bool is_literal = n->last && n->last->kind == NODE_CONST && n->last->value.kind == TYPE_STRING;
    if (!is_literal && f->has_literal)
        return check_hopeless(x, n, "expr_literal", "the argument is written out, as a text in quotes");
    if (!is_literal || (!f->has_literal && !makes_time(f)))
        return true;
    if (!run_now(x, n, f, &v)) {
        const char *why = v.error.text;
        return x->c->scope->is_lenient || compile_fault(x->c, "expr_literal", n->last->at, n->last->end, "%s", why);
    }
    if (f->n_args == 1) {
        node_leaf(n, NODE_CONST);
        n->value = v;
    }
    return true;
}

static bool check_pattern(struct checker *x, struct node *n)
{
    struct node *text = n->first, *pattern = text->next;
    const char *why;
    size_t at;
    char name[TYPE_TEXT_BYTES];
    if (pattern->kind != NODE_CONST || pattern->value.kind != TYPE_STRING)
        return check_hopeless(x, n, "expr_literal", "the pattern of matches() is written out, as a text in quotes");
    if (text->type->kind != TYPE_STRING && text->type->kind != TYPE_DYN &&
        !check_misfit(x, text, "matches() looks at a string, not at " STR_FMT, STR_ARG(type_text(text->type, name))))
        return false;
    const struct regex *r;
    int e = regex_compile(x->c->a, pattern->value.s, &r, &why, &at);
    if (e == -ERR_TOO_LARGE)
        return compile_too_large(x->c);
    if (e < 0)
        return compile_fault(x->c, "expr_literal", pattern->at, pattern->end, "at byte %zu of the pattern: %s", at + 1,
                             why);
    n->kind = NODE_MATCH;
    n->regex = r;
    n->type = TYPE_PLAIN(TYPE_BOOL);
    n->last = text;
    text->next = NULL;
    n->n = 1;
    return true;
}

/* --- overloads --- */

static bool fits(const struct function *f, const struct node *n)
{
    const struct node *arg = n->first;
    if (f->n_args != n->n)
        return false;
    for (size_t i = 0; i < f->n_args; i++, arg = arg->next)
        if (!function_takes(f, i, arg->type->kind))
            return false;
    return true;
}

static const struct type *result_type(struct checker *x, const struct function *f, const struct node *n)
{
    const struct type *first = n->first ? n->first->type : NULL;
    switch (f->result) {
    case RESULT_JOIN:
        return type_join(first, n->last->type);
    case RESULT_OPTIONAL:
        return type_optional(x->c->a, first);
    case RESULT_INSIDE:
        return n->n == 2 ? type_join(first->of, n->last->type) : first->of;
    default:
        return TYPE_PLAIN(f->result);
    }
}

static bool unknown_function(struct checker *x, struct node *n)
{
    size_t n_other;
    struct str near = function_near(n->name, n->is_member);
    if (x->c->scope->is_lenient)
        return check_hopeless(x, n, "expr_unknown", "no such function");
    if (function_find(n->name, !n->is_member, &n_other))
        return compile_fault(x->c, "expr_unknown", n->at, n->end, "`" STR_FMT "` is called as %s", STR_ARG(n->name),
                             n->is_member ? "a function: f(x)" : "a field of its subject: x.f()");
    if (near.n)
        return compile_fault(x->c, "expr_unknown", n->at, n->end,
                             "the function `" STR_FMT "` is not known; did you mean `" STR_FMT "`?", STR_ARG(n->name),
                             STR_ARG(near));
    return compile_fault(x->c, "expr_unknown", n->at, n->end, "the function `" STR_FMT "` is not known",
                         STR_ARG(n->name));
}

static struct str shown_name(struct str name)
{
    bool is_operator = name.n <= 3 && str_has(name, '_');
    return is_operator ? str_sub(name, name.n == 3, 1) : name;
}

/* "`+` takes no int and string": what stands there, so that the mistake is seen. */
static bool no_overload(struct checker *x, struct node *n)
{
    char one[TYPE_TEXT_BYTES], other[TYPE_TEXT_BYTES];
    struct str name = shown_name(n->name);
    if (n->n == 0 || n->n > FUNCTION_ARGS_MAX)
        return check_misfit(x, n, "`" STR_FMT "` does not take %u arguments", STR_ARG(name), (unsigned)n->n);
    struct str first = type_text(n->first->type, one);
    if (n->n == 1)
        return check_misfit(x, n, "`" STR_FMT "` does not take " STR_FMT "%s", STR_ARG(name), STR_ARG(first),
                            str_eq(name, STR("usd")) ? "; an amount is text: usd(\"12.50\")" : "");
    return check_misfit(x, n, "`" STR_FMT "` does not take " STR_FMT " and " STR_FMT, STR_ARG(name), STR_ARG(first),
                        STR_ARG(type_text(n->last->type, other)));
}

/* The types are known so far that no other overload can be meant. */
static bool is_sure(const struct function *f, const struct node *n)
{
    const struct node *arg = n->first;
    for (size_t i = 0; i < f->n_args; i++, arg = arg->next)
        if (f->args[i] != TYPE_DYN && arg->type->kind == TYPE_DYN)
            return false;
    return true;
}

static bool check_overloads(struct checker *x, struct node *n)
{
    size_t n_fns;
    const struct function *fns = function_find(n->name, n->is_member, &n_fns), *only = NULL;
    const struct type *sum = NULL;
    if (!fns)
        return unknown_function(x, n);
    for (size_t i = 0; i < n_fns; i++) {
        if (!fits(&fns[i], n))
            continue;
        const struct type *t = result_type(x, &fns[i], n);
        if (!t)
            return compile_too_large(x->c);
        sum = sum ? type_join(sum, t) : t;
        only = &fns[i];
        if (is_sure(only, n))
            break;
    }
    n->fns = only && is_sure(only, n) ? only : fns;
    n->n_fns = only && is_sure(only, n) ? 1 : (uint32_t)n_fns;
    n->type = sum ? sum : TYPE_PLAIN(TYPE_DYN);
    return only ? check_literal(x, n, only) : no_overload(x, n);
}

bool check_call(struct checker *x, struct node *n)
{
    (void)take_dotted(x, n);
    for (struct node *arg = n->first; arg; arg = arg->next)
        if (!check_node(x, arg))
            return false;
    if (str_eq(n->name, STR("matches")) && n->n == 2)
        return check_pattern(x, n);
    return check_overloads(x, n);
}

/* --- loops --- */

static bool is_of_optional(const struct node *n)
{
    return n->loop == LOOP_OPT_MAP || n->loop == LOOP_OPT_FLAT_MAP;
}

/* What the variables stand for: an element; index and element; a key; key and value. False: no such range. */
static bool variable_types(const struct node *n, const struct type **ret_first, const struct type **ret_second)
{
    const struct type *range = n->first->type, *dyn = TYPE_PLAIN(TYPE_DYN);
    *ret_first = *ret_second = dyn;
    if (range->kind == TYPE_DYN)
        return true;
    if (is_of_optional(n)) {
        *ret_first = range->of;
        return range->kind == TYPE_OPTIONAL;
    }
    if (range->kind == TYPE_MAP) {
        *ret_first = range->key;
        *ret_second = range->of;
        return true;
    }
    *ret_first = n->n_vars == 2 ? TYPE_PLAIN(TYPE_INT) : range->of;
    *ret_second = range->of;
    return range->kind == TYPE_LIST && n->loop != LOOP_TRANSFORM_MAP;
}

static const struct type *loop_type(struct checker *x, const struct node *n, const struct type *first)
{
    const struct type *body = n->last->type;
    switch (n->loop) {
    case LOOP_MAP:
        return type_list(x->c->a, body);
    case LOOP_FILTER:
        return type_list(x->c->a, first);
    case LOOP_TRANSFORM_MAP:
        return type_map(x->c->a, first, body);
    case LOOP_OPT_MAP:
        return type_optional(x->c->a, body);
    case LOOP_OPT_FLAT_MAP:
        return body->kind == TYPE_OPTIONAL ? body : TYPE_PLAIN(TYPE_DYN);
    default:
        return TYPE_PLAIN(TYPE_BOOL);
    }
}

/* The body of these, and every condition before a body, is true or false. */
static bool check_parts(struct checker *x, const struct node *n)
{
    bool is_body_bool = n->loop <= LOOP_EXISTS_ONE || n->loop == LOOP_FILTER;
    for (struct node *part = n->first->next; part; part = part->next)
        if (!check_node(x, part) || ((part->next || is_body_bool) && !check_is_bool(x, part)))
            return false;
    return true;
}

bool check_loop(struct checker *x, struct node *n)
{
    const struct type *types[2];
    char text[TYPE_TEXT_BYTES];
    unsigned slot = x->locals ? x->locals->slot + 1 : 0;
    if (!check_node(x, n->first))
        return false;
    if (!variable_types(n, &types[0], &types[1]) &&
        !check_misfit(x, n->first, "this macro does not go over " STR_FMT, STR_ARG(type_text(n->first->type, text))))
        return false;
    if (slot + n->n_vars > EXPR_LOCALS_MAX)
        return compile_fault(x->c, "expr_cost", n->at, n->end, "macros have at most %d variables inside each other",
                             EXPR_LOCALS_MAX);
    const struct local *outside = x->locals;
    const struct local first = {n->name, types[0], slot, outside}, second = {n->name2, types[1], slot + 1, &first};
    n->slot = slot;
    x->locals = n->n_vars == 2 ? &second : &first;
    bool is_ok = check_parts(x, n);
    x->locals = outside;
    return is_ok && check_typed(x, n, loop_type(x, n, types[0]));
}
