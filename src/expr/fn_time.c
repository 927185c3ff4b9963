/*
 * expr/fn_time.c - timestamps and durations: arithmetic, and what a calendar says of them in UTC or another zone.
 */
#include "expr/function_impl.h"
#include "expr/instant.h"

#define RANGE_TEXT "the time is not between the years 1 and 9999"
#define NS_PER_S 1000000000LL

static void give_instant(struct eval *ev, int64_t s, int64_t ns, struct value *ret)
{
    if (s < INSTANT_MIN || s > INSTANT_MAX)
        eval_fail(ev, ret, RANGE_TEXT);
    else
        *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = s, .ns = (int32_t)ns};
}

static void shift(struct eval *ev, const struct value *time, int64_t s, int64_t ns, struct value *ret)
{
    s += time->i;
    ns += time->ns;
    if (ns < 0 || ns >= NS_PER_S) {
        s += ns < 0 ? -1 : 1;
        ns += ns < 0 ? NS_PER_S : -NS_PER_S;
    }
    give_instant(ev, s, ns, ret);
}

/* A timestamp and a duration, in either order. */
void fn_add_time(struct eval *ev, const struct value *args, struct value *ret)
{
    const struct value *time = args[0].kind == TYPE_TIMESTAMP ? &args[0] : &args[1];
    int64_t span = args[0].kind == TYPE_TIMESTAMP ? args[1].i : args[0].i;
    shift(ev, time, span / NS_PER_S, span % NS_PER_S, ret);
}

void fn_subtract_time(struct eval *ev, const struct value *args, struct value *ret)
{
    shift(ev, &args[0], -(args[1].i / NS_PER_S), -(args[1].i % NS_PER_S), ret);
}

void fn_subtract_times(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t span;
    if (__builtin_mul_overflow(args[0].i - args[1].i, NS_PER_S, &span) ||
        __builtin_add_overflow(span, args[0].ns - args[1].ns, &span))
        eval_fail(ev, ret, "the time between them does not fit");
    else
        *ret = (struct value){.kind = TYPE_DURATION, .i = span};
}

/* --- the calendar --- */

/* False after an error. Functions with a zone have it as their second argument; without one, args[1] is no string. */
static bool local(struct eval *ev, const struct value *args, int64_t *ret_s, struct value *ret)
{
    int32_t offset = 0;
    if (args[1].kind == TYPE_STRING && !zone_offset(args[1].s, &offset)) {
        eval_fail(ev, ret, "this time zone is not known; write an offset: '+02:00'");
        return false;
    }
    *ret_s = args[0].i + offset;
    return true;
}

static bool civil(struct eval *ev, const struct value *args, struct civil *c, struct value *ret)
{
    int64_t s;
    if (!local(ev, args, &s, ret))
        return false;
    *c = civil_of(s);
    return true;
}

void fn_year(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.year);
}

void fn_month(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.month - 1);
}

void fn_date(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.day);
}

void fn_day_of_month(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.day - 1);
}

void fn_day_of_week(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.weekday);
}

void fn_day_of_year(struct eval *ev, const struct value *args, struct value *ret)
{
    struct civil c;
    if (civil(ev, args, &c, ret))
        *ret = value_int(c.day_of_year);
}

void fn_hours(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t s;
    if (local(ev, args, &s, ret))
        *ret = value_int(second_of_day(s) / 3600);
}

void fn_minutes(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t s;
    if (local(ev, args, &s, ret))
        *ret = value_int(second_of_day(s) / 60 % 60);
}

void fn_seconds(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t s;
    if (local(ev, args, &s, ret))
        *ret = value_int(second_of_day(s) % 60);
}

void fn_milliseconds(struct eval *ev, const struct value *args, struct value *ret)
{
    int64_t s;
    if (local(ev, args, &s, ret))
        *ret = value_int(args[0].ns / 1000000);
}

/* --- durations: the whole of it in that unit; milliseconds are those within the second --- */

void fn_duration_hours(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_int(args[0].i / (3600 * NS_PER_S));
}

void fn_duration_minutes(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_int(args[0].i / (60 * NS_PER_S));
}

void fn_duration_seconds(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_int(args[0].i / NS_PER_S);
}

void fn_duration_milliseconds(struct eval *ev, const struct value *args, struct value *ret)
{
    *ret = value_int(args[0].i % NS_PER_S / 1000000);
}
