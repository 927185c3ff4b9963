/*
 * expr/fn_number.c - arithmetic. What does not fit is an error, never another number; doubles follow IEEE 754.
 *
 * int, duration and money share the int64 operations: the result has the kind of the first argument.
 */
#include "expr/function_impl.h"

#define OVERFLOW_TEXT "the result does not fit"

static void give(struct eval *ev, bool overflows, enum type_kind kind, int64_t n, struct value *ret)
{
    if (overflows)
        eval_fail(ev, ret, OVERFLOW_TEXT);
    else
        *ret = (struct value){.kind = kind, .i = n};
}

static void give_uint(struct eval *ev, bool overflows, uint64_t n, struct value *ret)
{
    if (overflows)
        eval_fail(ev, ret, OVERFLOW_TEXT);
    else
        *ret = (struct value){.kind = TYPE_UINT, .u = n};
}

static void give_double(double d, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = d};
}

void fn_negate_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    bool overflows = __builtin_sub_overflow(0, args[0].i, &n);
    give(ev, overflows, TYPE_INT, n, ret);
}

void fn_negate_double(struct eval *ev, const struct value *args, struct value *ret)
{
    give_double(-args[0].d, ret);
}

void fn_add_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    bool overflows = __builtin_add_overflow(args[0].i, args[1].i, &n);
    give(ev, overflows, args[0].kind, n, ret);
}

void fn_subtract_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    bool overflows = __builtin_sub_overflow(args[0].i, args[1].i, &n);
    give(ev, overflows, args[0].kind, n, ret);
}

void fn_multiply_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    bool overflows = __builtin_mul_overflow(args[0].i, args[1].i, &n);
    give(ev, overflows, TYPE_INT, n, ret);
}

/* Money and a count, in either order. */
void fn_multiply_money(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    bool overflows = __builtin_mul_overflow(args[0].i, args[1].i, &n);
    give(ev, overflows, TYPE_MONEY, n, ret);
}

void fn_divide_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t a = args[0].i, b = args[1].i;
    if (b == 0)
        eval_fail(ev, ret, "division by zero");
    else if (a == INT64_MIN && b == -1)
        eval_fail(ev, ret, OVERFLOW_TEXT);
    else
        *ret = value_int(a / b);
}

void fn_modulo_int(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t a = args[0].i, b = args[1].i;
    if (b == 0)
        eval_fail(ev, ret, "division by zero");
    else
        *ret = value_int(b == -1 ? 0 : a % b); /* the least int % -1 traps */
}

void fn_add_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    uint64_t n;
    bool overflows = __builtin_add_overflow(args[0].u, args[1].u, &n);
    give_uint(ev, overflows, n, ret);
}

void fn_subtract_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    uint64_t n;
    bool overflows = __builtin_sub_overflow(args[0].u, args[1].u, &n);
    give_uint(ev, overflows, n, ret);
}

void fn_multiply_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    uint64_t n;
    bool overflows = __builtin_mul_overflow(args[0].u, args[1].u, &n);
    give_uint(ev, overflows, n, ret);
}

void fn_divide_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[1].u == 0)
        eval_fail(ev, ret, "division by zero");
    else
        give_uint(ev, false, args[0].u / args[1].u, ret);
}

void fn_modulo_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[1].u == 0)
        eval_fail(ev, ret, "division by zero");
    else
        give_uint(ev, false, args[0].u % args[1].u, ret);
}

void fn_add_double(struct eval *ev, const struct value *args, struct value *ret)
{
    give_double(args[0].d + args[1].d, ret);
}

void fn_subtract_double(struct eval *ev, const struct value *args, struct value *ret)
{
    give_double(args[0].d - args[1].d, ret);
}

void fn_multiply_double(struct eval *ev, const struct value *args, struct value *ret)
{
    give_double(args[0].d * args[1].d, ret);
}

void fn_divide_double(struct eval *ev, const struct value *args, struct value *ret)
{
    give_double(args[0].d / args[1].d, ret);
}
