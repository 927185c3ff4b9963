/*
 * expr/value.c - when two values are the same, and which is less.
 *
 * int, uint and double lie on one number line. An int beside a double is compared as a double, which rounds it beyond
 * 2^53: money and counts are ints, and beside ints nothing rounds. Lists and maps nest no deeper than expressions do.
 */
#include "expr/value.h"

#include <math.h>
#include <string.h>

#define TWO_TO_63 9223372036854775808.0
#define TWO_TO_64 18446744073709551616.0

static int sign_of(bool is_less, bool is_more)
{
    return is_less ? -1 : is_more;
}

/* As the standard's suite has it: beyond the whole numbers' range by size, within it as doubles. */
static int order_int_double(int64_t i, double d)
{
    if (d > TWO_TO_63 || d < -TWO_TO_63)
        return d > 0 ? -1 : 1;
    return sign_of((double)i < d, (double)i > d);
}

static int order_uint_double(uint64_t u, double d)
{
    if (d > TWO_TO_64 || d < 0)
        return d > 0 ? -1 : 1;
    return sign_of((double)u < d, (double)u > d);
}

static int order_int_uint(int64_t i, uint64_t u)
{
    if (i < 0)
        return -1;
    return sign_of((uint64_t)i < u, (uint64_t)i > u);
}

static bool is_nan(const struct value *v)
{
    return v->kind == TYPE_DOUBLE && isnan(v->d);
}

/* Both are numbers, and not NaN. */
static int order_numbers(const struct value *a, const struct value *b)
{
    if (a->kind > b->kind)
        return -order_numbers(b, a); /* in the order int, uint, double */
    if (a->kind == TYPE_INT && b->kind == TYPE_INT)
        return sign_of(a->i < b->i, a->i > b->i);
    if (a->kind == TYPE_INT)
        return b->kind == TYPE_UINT ? order_int_uint(a->i, b->u) : order_int_double(a->i, b->d);
    if (a->kind == TYPE_UINT)
        return b->kind == TYPE_UINT ? sign_of(a->u < b->u, a->u > b->u) : order_uint_double(a->u, b->d);
    return sign_of(a->d < b->d, a->d > b->d);
}

int value_order(const struct value *a, const struct value *b, int *ret)
{
    if (type_is_number(a->kind) && type_is_number(b->kind)) {
        if (is_nan(a) || is_nan(b))
            return VALUE_R_UNORDERED;
        *ret = order_numbers(a, b);
        return 0;
    }
    if (a->kind != b->kind || !type_is_ordered(a->kind))
        return VALUE_R_MISFIT;
    if (a->kind == TYPE_STRING || a->kind == TYPE_BYTES)
        *ret = str_cmp(a->s, b->s); /* bytes of UTF-8 stand in the order of code points */
    else if (a->kind == TYPE_BOOL)
        *ret = (int)a->b - (int)b->b;
    else
        *ret = a->i != b->i ? sign_of(a->i < b->i, true) : sign_of(a->ns < b->ns, a->ns > b->ns);
    return 0;
}

static bool lists_eq(const struct value_list *a, const struct value_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!value_eq(&a->items[i], &b->items[i]))
            return false;
    return true;
}

const struct value *value_map_get(const struct value_map *m, const struct value *key)
{
    for (size_t i = 0; i < m->n; i++)
        if (value_eq(&m->entries[i].key, key))
            return &m->entries[i].value;
    return NULL;
}

static bool maps_eq(const struct value_map *a, const struct value_map *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct value *there = value_map_get(b, &a->entries[i].key);
        if (!there || !value_eq(&a->entries[i].value, there))
            return false;
    }
    return true;
}

static bool insides_eq(const struct value *a, const struct value *b)
{
    return a && b ? value_eq(a, b) : a == b;
}

bool value_eq(const struct value *a, const struct value *b)
{
    int order;
    if (type_is_number(a->kind) && type_is_number(b->kind))
        return !is_nan(a) && !is_nan(b) && order_numbers(a, b) == 0;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case TYPE_NULL:
        return true;
    case TYPE_LIST:
        return lists_eq(a->list, b->list);
    case TYPE_MAP:
        return maps_eq(a->map, b->map);
    case TYPE_OPTIONAL:
        return insides_eq(a->inside, b->inside);
    case TYPE_TYPE:
        return a->type == b->type;
    default:
        return value_order(a, b, &order) == 0 && order == 0;
    }
}

bool value_is_zero(const struct value *v)
{
    switch (v->kind) {
    case TYPE_NULL:
        return true;
    case TYPE_BOOL:
        return !v->b;
    case TYPE_DOUBLE:
        return v->d == 0;
    case TYPE_STRING:
    case TYPE_BYTES:
        return v->s.n == 0;
    case TYPE_LIST:
        return v->list->n == 0;
    case TYPE_MAP:
        return v->map->n == 0;
    case TYPE_OPTIONAL:
        return !v->inside;
    case TYPE_TYPE:
        return false;
    default:
        return v->i == 0 && v->ns == 0; /* a uint lies in the same bytes */
    }
}
