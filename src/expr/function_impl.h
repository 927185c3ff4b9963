/*
 * expr/function_impl.h - what the fn_*.c files offer: one C function a line of function.tbl.h. Arguments have the kinds
 * of that line and are no errors; *ret becomes the result, or an error by eval_fail(). For function.c and fn_*.c only.
 */
#pragma once

#include "expr/expr_impl.h"

#define FUNCTION(name, form, n, first, second, result, fn) \
    void fn(struct eval *ev, const struct value *args, struct value *ret);
#include "expr/function.tbl.h"
#undef FUNCTION
