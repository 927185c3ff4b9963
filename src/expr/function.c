/*
 * expr/function.c - finding a function among the overloads of function.tbl.h.
 */
#include "expr/function_impl.h"

#include "codec/diag.h"

#define PLAIN false, false
#define MEMBER true, false
#define LITERAL false, true
#define MEMBER_LITERAL true, true
#define FORMED(name, is_member, has_literal, n, first, second, result, fn) \
    {STR_INIT(name), is_member, has_literal, n, {first, second}, result, fn},

const struct function functions[] = {
#define FUNCTION(name, form, n, first, second, result, fn) FORM(name, form, n, first, second, result, fn)
#define FORM(...) FORMED(__VA_ARGS__)
#include "expr/function.tbl.h"
#undef FUNCTION
};
const size_t n_functions = sizeof functions / sizeof *functions;

static bool is_called(const struct function *f, struct str name, bool is_member)
{
    return f->is_member == is_member && str_eq(f->name, name);
}

const struct function *function_find(struct str name, bool is_member, size_t *ret_n)
{
    size_t i = 0, n = 0;
    while (i < n_functions && !is_called(&functions[i], name, is_member))
        i++;
    while (i + n < n_functions && is_called(&functions[i + n], name, is_member))
        n++;
    *ret_n = n;
    return n ? &functions[i] : NULL;
}

struct str function_near(struct str name, bool is_member)
{
    struct str names[sizeof functions / sizeof *functions];
    size_t n = 0;
    for (size_t i = 0; i < n_functions; i++)
        if (functions[i].is_member == is_member)
            names[n++] = functions[i].name;
    return diag_nearest(name, names, n);
}

bool function_takes(const struct function *f, size_t i, enum type_kind kind)
{
    return f->args[i] == TYPE_DYN || kind == TYPE_DYN || f->args[i] == kind;
}
