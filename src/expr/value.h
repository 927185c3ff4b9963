/*
 * expr/value.h - a value of an expression while it is evaluated. Values are immutable; what they point to lives in the
 * expression, in the facts, or in the scratch of one evaluation.
 */
#pragma once

#include "expr/type.h"

struct node;

struct value {
    enum type_kind kind; /* never TYPE_DYN */
    int32_t ns;          /* TYPE_TIMESTAMP: 0..999,999,999 after i */
    union {
        bool b;
        int64_t i; /* TYPE_INT; TYPE_TIMESTAMP: seconds since 1970; TYPE_DURATION: nanoseconds; TYPE_MONEY: nano-USD */
        uint64_t u;
        double d;
        struct str s; /* TYPE_STRING: valid UTF-8; TYPE_BYTES */
        const struct value_list *list;
        const struct value_map *map;
        const struct value *inside; /* TYPE_OPTIONAL; NULL: none */
        enum type_kind type;        /* TYPE_TYPE */
        struct {
            const char *text;      /* TYPE_ERROR: static: "division by zero" */
            const struct node *at; /* what failed */
        } error;
    };
};

struct value_list {
    const struct value *items;
    size_t n;
};

struct value_entry {
    struct value key, value;
};

/* Entries in the order written; keys are bool, int, uint or string, and differ. */
struct value_map {
    const struct value_entry *entries;
    size_t n;
};

static inline struct value value_bool(bool b)
{
    return (struct value){.kind = TYPE_BOOL, .b = b};
}

static inline struct value value_int(int64_t i)
{
    return (struct value){.kind = TYPE_INT, .i = i};
}

static inline struct value value_str(struct str s)
{
    return (struct value){.kind = TYPE_STRING, .s = s};
}

static inline struct value value_money(int64_t nano_usd)
{
    return (struct value){.kind = TYPE_MONEY, .i = nano_usd};
}

/* Equality as CEL has it: numbers by value whatever their kind, NaN equals nothing, other kinds never equal. */
bool value_eq(const struct value *a, const struct value *b);
/*
 * Order. 0: *ret is < 0, 0 or > 0. VALUE_R_UNORDERED: one is NaN. VALUE_R_MISFIT: kinds that have no order.
 */
#define VALUE_R_UNORDERED 1
#define VALUE_R_MISFIT 2
int value_order(const struct value *a, const struct value *b, int *ret);
/* The entry of a key, numbers by value; NULL: not there. */
const struct value *value_map_get(const struct value_map *m, const struct value *key);
/* The value that its type's empty or null value is: "", 0, [], null, an optional without a value. */
bool value_is_zero(const struct value *v);
