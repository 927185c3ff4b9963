/*
 * expr/fn_convert.c - a value of one type as a value of another. What would change its meaning is an error; a double
 * becomes an int towards zero.
 */
#include "expr/function_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "codec/utf8.h"
#include "expr/instant.h"

#define NUMBER_CHARS_MAX 400
#define TWO_TO_63 9223372036854775808.0
#define TWO_TO_64 18446744073709551616.0
#define RANGE_TEXT "the number does not fit"

void fn_same(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = args[0];
}

void fn_type(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_TYPE, .type = args[0].kind};
}

void fn_bool_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    static const struct str yes[] = {STR_INIT("1"), STR_INIT("t"), STR_INIT("true"), STR_INIT("TRUE"),
                                     STR_INIT("True")},
                            no[] = {STR_INIT("0"), STR_INIT("f"), STR_INIT("false"), STR_INIT("FALSE"),
                                    STR_INIT("False")};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (str_eq(args[0].s, yes[i]) || str_eq(args[0].s, no[i])) {
            *ret = value_bool(str_eq(args[0].s, yes[i]));
            return;
        }
    eval_fail(ev, ret, "the text is neither true nor false");
}

/* --- numbers --- */

void fn_int_of_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[0].u > INT64_MAX)
        eval_fail(ev, ret, RANGE_TEXT);
    else
        *ret = value_int((int64_t)args[0].u);
}

/* The bounds themselves are refused: which ints they stand for is not sure. */
void fn_int_of_double(struct eval *ev, const struct value *args, struct value *ret)
{
    if (!(args[0].d > -TWO_TO_63 && args[0].d < TWO_TO_63))
        eval_fail(ev, ret, RANGE_TEXT);
    else
        *ret = value_int((int64_t)args[0].d);
}

void fn_int_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    struct str s = args[0].s;
    bool is_negative = str_starts(s, STR("-"));
    int64_t n;
    if (str_to_i64(str_sub(s, is_negative, SIZE_MAX), &n) < 0)
        eval_fail(ev, ret, "the text is no int");
    else
        *ret = value_int(is_negative ? -n : n);
}

void fn_int_of_time(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_int(args[0].i);
}

void fn_uint_of_int(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[0].i < 0)
        eval_fail(ev, ret, RANGE_TEXT);
    else
        *ret = (struct value){.kind = TYPE_UINT, .u = (uint64_t)args[0].i};
}

void fn_uint_of_double(struct eval *ev, const struct value *args, struct value *ret)
{
    if (!(args[0].d >= 0 && args[0].d < TWO_TO_64))
        eval_fail(ev, ret, RANGE_TEXT);
    else
        *ret = (struct value){.kind = TYPE_UINT, .u = (uint64_t)args[0].d};
}

void fn_uint_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t n;
    if (str_to_i64(args[0].s, &n) < 0)
        eval_fail(ev, ret, "the text is no uint");
    else
        *ret = (struct value){.kind = TYPE_UINT, .u = (uint64_t)n};
}

void fn_double_of_int(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = (double)args[0].i};
}

void fn_double_of_uint(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = (double)args[0].u};
}

/* Decimal only: strtod alone would take hexadecimal, and whatever stands behind. */
static bool is_decimal(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr("0123456789+-.eE", s.p[i]))
            return false;
    return s.n > 0;
}

void fn_double_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    struct str s = args[0].s;
    char text[NUMBER_CHARS_MAX + 1], *end = text;
    double d = NAN;
    bool is_number = s.n <= NUMBER_CHARS_MAX && is_decimal(s);
    if (is_number) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        d = strtod(text, &end);
    }
    if (is_number ? end != text + s.n : !str_eq(s, STR("NaN")))
        eval_fail(ev, ret, "the text is no double");
    else
        *ret = (struct value){.kind = TYPE_DOUBLE, .d = d};
}

/* --- texts --- */

static void give_text(struct eval *ev, struct str s, struct value *ret)
{
    char *to = eval_alloc(ev, s.n + 1, ret);
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    *ret = value_str((struct str){to, s.n});
}

void fn_text_of_bool(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_str(args[0].b ? STR("true") : STR("false"));
}

/* The shortest text that reads as the same double. */
static int double_text(double d, char *out, size_t n)
{
    int digits = 15, used = snprintf(out, n, "%.*g", digits, d);
    while (digits < 17 && strtod(out, NULL) != d)
        used = snprintf(out, n, "%.*g", ++digits, d);
    return used;
}

void fn_text_of_number(struct eval *ev, const struct value *args, struct value *ret)
{
    char text[64];
    int n = args[0].kind == TYPE_INT    ? snprintf(text, sizeof text, "%lld", (long long)args[0].i)
            : args[0].kind == TYPE_UINT ? snprintf(text, sizeof text, "%llu", (unsigned long long)args[0].u)
                                        : double_text(args[0].d, text, sizeof text);
    give_text(ev, (struct str){text, (size_t)n}, ret);
}

void fn_text_of_bytes(struct eval *ev, const struct value *args, struct value *ret)
{
    if (!eval_spend(ev, cost_of_text(args[0].s.n), ret))
        return;
    if (utf8_is_valid(args[0].s))
        *ret = value_str(args[0].s);
    else
        eval_fail(ev, ret, "the bytes are not valid UTF-8");
}

void fn_text_of_time(struct eval *ev, const struct value *args, struct value *ret)
{
    char text[INSTANT_TEXT_BYTES];
    give_text(ev, instant_text((struct instant){args[0].i, args[0].ns}, text), ret);
}

void fn_text_of_duration(struct eval *ev, const struct value *args, struct value *ret)
{
    char text[INSTANT_TEXT_BYTES];
    give_text(ev, span_text(args[0].i, text), ret);
}

void fn_text_of_money(struct eval *ev, const struct value *args, struct value *ret)
{
    char text[MONEY_TEXT_BYTES];
    give_text(ev, money_text_short(args[0].i, text), ret);
}

void fn_bytes_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_BYTES, .s = args[0].s};
}

/* --- times and money --- */

void fn_time_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    struct instant t;
    if (instant_parse(args[0].s, &t))
        *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = t.s, .ns = t.ns};
    else
        eval_fail(ev, ret, "a timestamp is written like 2026-11-23T12:30:00Z, in the years 1 to 9999");
}

void fn_time_of_int(struct eval *ev, const struct value *args, struct value *ret)
{
    if (args[0].i < INSTANT_MIN || args[0].i > INSTANT_MAX)
        eval_fail(ev, ret, "the time is not between the years 1 and 9999");
    else
        *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = args[0].i};
}

void fn_duration_of_text(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t ns;
    if (span_parse(args[0].s, &ns))
        *ret = (struct value){.kind = TYPE_DURATION, .i = ns};
    else
        eval_fail(ev, ret, "a duration is written like 90s, 1h30m or 250ms");
}

void fn_usd(struct eval *ev, const struct value *args, struct value *ret)
{
    money_t m;
    if (money_parse(args[0].s, &m) == 0)
        *ret = value_money(m);
    else
        eval_fail(ev, ret, "an amount is digits with at most nine behind the point: usd(\"12.50\")");
}
