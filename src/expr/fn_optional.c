/*
 * expr/fn_optional.c - values that may be lacking: optional.of(x), optional.none(), and what to do without one.
 */
#include "expr/function_impl.h"

void eval_optional_of(struct eval *ev, const struct value *v, struct value *ret)
{
    struct value *inside = eval_alloc(ev, sizeof *inside, ret);
    if (!inside)
        return;
    *inside = *v;
    *ret = (struct value){.kind = TYPE_OPTIONAL, .inside = inside};
}

void fn_optional_none(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = VALUE_NONE;
}

void fn_optional_of(struct eval *ev, const struct value *args, struct value *ret)
{
    eval_optional_of(ev, &args[0], ret);
}

void fn_optional_of_non_zero(struct eval *ev, const struct value *args, struct value *ret)
{
    if (value_is_zero(&args[0]))
        *ret = VALUE_NONE;
    else
        eval_optional_of(ev, &args[0], ret);
}

void fn_optional_has_value(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_bool(args[0].inside != NULL);
}

void fn_optional_value(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[0].inside)
        *ret = *args[0].inside;
    else
        eval_fail(ev, ret, "this optional has no value");
}

void fn_optional_or(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = args[0].inside ? args[0] : args[1];
}

void fn_optional_or_value(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = args[0].inside ? *args[0].inside : args[1];
}
