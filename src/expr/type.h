/*
 * expr/type.h - what the checker knows of an expression before any value is there.
 *
 * Checking is gradual, as the CEL standard has it: what is only known later has the type dyn and fits everywhere; all
 * else must fit when a document is loaded.
 */
#pragma once

#include "base/arena.h"

enum type_kind {
#define TYPE(name, text, is_ordered) TYPE_##name,
#include "expr/type.tbl.h"
#undef TYPE
    TYPE_COUNT,
    TYPE_ERROR = TYPE_COUNT, /* of values only: evaluation failed */
};

struct type {
    enum type_kind kind;
    const struct type *key; /* TYPE_MAP */
    const struct type *of;  /* TYPE_LIST, TYPE_OPTIONAL: what is inside; TYPE_MAP: its values */
};

extern const struct type type_plain[TYPE_COUNT]; /* lists, maps and optionals of dyn */
#define TYPE_PLAIN(kind) (&type_plain[kind])

struct str type_kind_text(enum type_kind k);
bool type_is_ordered(enum type_kind k);
bool type_is_number(enum type_kind k); /* int, uint, double: one number line, where the kind is known late */

/* Types made of others; NULL: the arena's cap. */
const struct type *type_list(struct arena *a, const struct type *of);
const struct type *type_map(struct arena *a, const struct type *key, const struct type *of);
const struct type *type_optional(struct arena *a, const struct type *of);

/* A value of one may be compared with, or stand where, the other is. dyn fits everything, inside others too. */
bool type_fits(const struct type *a, const struct type *b);
/* The type of what is one or the other; dyn where they do not fit. */
const struct type *type_join(const struct type *a, const struct type *b);

#define TYPE_TEXT_BYTES 128
/* "list(int)"; cut where it is longer than out. */
struct str type_text(const struct type *t, char out[TYPE_TEXT_BYTES]);
