/*
 * relation/condition.c - conditions on tuples, in CEL: values of the tuple first, then of the one who asks.
 */
#include "relation/relation_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "expr/instant.h"

#include <stdlib.h>

int condition_compile(struct relations *r, struct condition *c, struct str file, int line, struct diag_list *diags)
{
    struct expr_scope scope = {.variables = c->params, .n_variables = c->n_params};
    struct expr_fault why;
    struct expr *e = NULL;
    int err = expr_compile(&r->arena, c->text, &scope, &e, &why);
    if (err == -ERR_INVALID)
        diag_add(diags, file, line, 1, why.code, "condition `" STR_FMT "`: " STR_FMT, STR_ARG(c->name),
                 STR_ARG(why.message));
    if (err == 0 && expr_type(e)->kind != TYPE_BOOL && expr_type(e)->kind != TYPE_DYN) {
        diag_add(diags, file, line, 1, "expr_type", "condition `" STR_FMT "` is true or false", STR_ARG(c->name));
        err = -ERR_INVALID;
    }
    c->expr = e;
    return err_trace(err);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool read_double(struct str s, struct arena *a, double *ret)
{
    struct str text = arena_str(a, s); /* a NUL stands behind it */
    char *end;
    *ret = strtod(text.p, &end);
    return s.n > 0 && end == text.p + text.n;
}

static bool read_text(enum type_kind kind, struct str s, struct value *ret)
{
    struct instant t;
    *ret = value_str(s);
    if (kind == TYPE_STRING)
        return true;
    if (kind == TYPE_TIMESTAMP && instant_parse(s, &t)) {
        *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = t.s, .ns = t.ns};
        return true;
    }
    *ret = (struct value){.kind = TYPE_DURATION};
    return kind == TYPE_DURATION && span_parse(s, &ret->i);
}

static bool read_value(const struct yaml *y, enum type_kind kind, struct arena *a, struct value *ret)
{
    struct str text;
    double d;
    if (yaml_is(y, YAML_STR))
        return read_text(kind, y->text, ret);
    if (yaml_is(y, YAML_BOOL) && kind == TYPE_BOOL) {
        *ret = value_bool(y->i != 0);
        return true;
    }
    if (yaml_is(y, YAML_INT) && (kind == TYPE_INT || (kind == TYPE_UINT && y->i >= 0))) {
        *ret = (struct value){.kind = kind, .i = y->i};
        return true;
    }
    if (kind != TYPE_DOUBLE || !yaml_number_text(y, &text) || !read_double(text, a, &d))
        return false;
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = d};
    return true;
}

/* --- one evaluation ----------------------------------------------------------------------------------------------- */

struct reading {
    const struct condition *c;
    const struct relation_tuple *t;
    const struct relation_context *given;
};

static bool get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    const struct reading *r = ctx;
    check(slot < r->c->n_params);
    const struct yaml *y = yaml_get(r->t->context, name);
    if (!y)
        y = yaml_get(r->given->values, name);
    enum type_kind kind = r->c->params[slot].type->kind;
    if (y && read_value(y, kind, scratch, ret))
        return true;
    if (y) {
        *ret = (struct value){.kind = TYPE_ERROR, .error = {"a value of the context has another type", NULL}};
        return true;
    }
    *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = r->given->now_s, .ns = r->given->now_ns};
    return r->given->has_now && kind == TYPE_TIMESTAMP && str_eq(name, STR("now"));
}

/* Every parameter has its value, also where the text would not need it. */
static bool has_all(struct reading *x, struct arena *scratch)
{
    for (unsigned i = 0; i < x->c->n_params; i++) {
        struct value v;
        if (!get(x, i, x->c->params[i].name, scratch, &v) || v.kind == TYPE_ERROR)
            return false;
    }
    return true;
}

int condition_true(const struct relations *r, const struct relation_tuple *t, const struct relation_context *given,
                   struct arena *scratch)
{
    struct reading x = {condition_find(r, t->condition), t, given};
    struct value v;
    if (!x.c || !has_all(&x, scratch))
        return err_trace(-ERR_INVALID);
    expr_eval(x.c->expr, &(struct expr_facts){get, &x}, scratch, &v);
    return v.kind != TYPE_BOOL ? err_trace(-ERR_INVALID) : v.b ? RELATION_YES : RELATION_NO;
}
