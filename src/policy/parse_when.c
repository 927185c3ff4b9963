/*
 * policy/parse_when.c - `when`: compiled when the document is loaded, with the facts that its rule can have.
 *
 * `params.x` is known when an operation that the rule's `match` takes declares it. Where operations are not known at
 * all, or none of those known is matched, parameters have the types that the calls bring.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

#define VARIABLES_FIXED VARIABLE_PARAM

static const struct expr_variable fixed[] = {
#define VARIABLE(name, text, type, give, help) {STR_INIT(text), TYPE_PLAIN(type), VARIABLE_##name},
#include "policy/variable.tbl.h"
#undef VARIABLE
};

static const struct type list_of_texts = {TYPE_LIST, TYPE_PLAIN(TYPE_DYN), TYPE_PLAIN(TYPE_STRING)};

static const struct type *type_of(enum param_kind k)
{
    switch (k) {
    case KIND_INT:
        return TYPE_PLAIN(TYPE_INT);
    case KIND_BOOL:
        return TYPE_PLAIN(TYPE_BOOL);
    case KIND_LIST:
        return &list_of_texts;
    case KIND_TEXT:
        break;
    }
    return TYPE_PLAIN(TYPE_STRING);
}

struct scope {
    struct parse *x;
    struct str only; /* a condition's text: names that are not in it are left out. STR_NONE: all */
    struct expr_variable *variables;
    size_t n, n_max;
    bool has_operation; /* one that may match */
};

static bool add_param(struct scope *s, const struct known_param *p)
{
    size_t at;
    if (s->only.p && !str_find(s->only, p->name, &at))
        return true;
    for (size_t i = VARIABLES_FIXED; i < s->n; i++) {
        struct expr_variable *v = &s->variables[i];
        if (!str_eq(str_sub(v->name, sizeof "params." - 1, SIZE_MAX), p->name))
            continue;
        v->type = type_join(v->type, type_of(p->kind));
        return true;
    }
    struct str name = arena_join(s->x->scratch, (struct str[]){STR("params."), p->name}, 2);
    if (s->n == s->n_max) {
        size_t n_max = s->n_max * 2;
        struct expr_variable *more = arena_try_alloc(s->x->scratch, n_max * sizeof *more);
        if (!more)
            return false;
        for (size_t i = 0; i < s->n; i++)
            more[i] = s->variables[i];
        s->variables = more;
        s->n_max = n_max;
    }
    s->variables[s->n++] = (struct expr_variable){name, type_of(p->kind), VARIABLE_PARAM};
    return true;
}

/* False: the arena's cap. */
static bool gather(struct scope *s, const struct match *m)
{
    s->n_max = 2 * VARIABLES_FIXED;
    s->variables = arena_try_alloc(s->x->scratch, s->n_max * sizeof *s->variables);
    for (; s->variables && s->n < VARIABLES_FIXED; s->n++)
        s->variables[s->n] = fixed[s->n];
    struct candidates c = candidates_of(s->x, m);
    for (const struct known_operation *op; s->variables && (op = candidates_next(&c));) {
        s->has_operation = true;
        for (size_t k = 0; k < op->n_params; k++)
            if (!add_param(s, &op->params[k]))
                return false;
    }
    return s->variables != NULL;
}

static int compile(struct parse *x, struct str text, const struct match *m, struct str only, struct expr **ret,
                   struct expr_fault *fault)
{
    struct scope s = {.x = x, .only = only};
    if (!gather(&s, m))
        return err_trace(-ERR_TOO_LARGE);
    struct expr_scope scope = {.variables = s.variables, .n_variables = s.n, .open_slot = VARIABLE_PARAM};
    if (!s.has_operation)
        scope.open = STR("params");
    return expr_compile(&x->p->arena, text, &scope, ret, fault);
}

static void say_fault(struct parse *x, const struct yaml *y, const struct expr_fault *f)
{
    int line, col;
    yaml_place(x->text, y, f->at, &line, &col);
    diag_add(x->diags, x->file, line, col, f->code, STR_FMT, STR_ARG(f->message));
}

static void check_is_bool(struct parse *x, const struct yaml *y, const struct expr *e)
{
    char text[TYPE_TEXT_BYTES];
    const struct type *t = expr_type(e);
    if (t->kind != TYPE_BOOL && t->kind != TYPE_DYN)
        parse_fault(x, y, "expr_type", "`when` is true or false, not " STR_FMT, STR_ARG(type_text(t, text)));
}

const struct expr *parse_when(struct parse *x, const struct yaml *map, const struct match *m)
{
    const struct yaml *y = yaml_get(map, STR("when"));
    struct expr_fault fault;
    struct expr *e = NULL;
    struct str text;
    if (!parse_text(x, map, STR("when"), &text))
        return NULL;
    int r = arena_try_str(&x->p->arena, text, &text);
    if (r == 0)
        r = compile(x, text, m, text, &e, &fault);
    if (r == -ERR_INVALID)
        r = compile(x, text, m, STR_NONE, &e, &fault); /* again, with all names, for the nearest */
    if (r == -ERR_INVALID)
        say_fault(x, y, &fault);
    else if (r < 0)
        parse_fault(x, y, "too_large", "the document's conditions are too large together");
    else
        check_is_bool(x, y, e);
    return e;
}
