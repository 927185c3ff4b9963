/*
 * expr/check_impl.h - what the check_*.c files share. For them only.
 */
#pragma once

#include "expr/expr_impl.h"

/* A macro's variable, while its parts are checked. */
struct local {
    struct str name;
    const struct type *type;
    unsigned slot;
    const struct local *outer;
};

struct checker {
    struct compile *c;
    const struct local *locals;
};

bool check_node(struct checker *x, struct node *n); /* false after a fault */
/* A type that does not fit: a fault, or (lenient) true, and evaluation finds out. */
bool check_misfit(struct checker *x, const struct node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* What cannot be evaluated at all: a fault, or (lenient) true, and the node fails with that static text. */
bool check_hopeless(struct checker *x, struct node *n, const char *code, const char *why);
/* The type is made of others, and NULL is the arena's cap. */
bool check_typed(struct checker *x, struct node *n, const struct type *t);
bool check_is_bool(struct checker *x, const struct node *n);

bool check_name(struct checker *x, struct node *n);  /* NODE_NAME, NODE_SELECT, NODE_HAS, NODE_INDEX */
bool check_call(struct checker *x, struct node *n);  /* NODE_CALL; its children are not checked yet */
bool check_loop(struct checker *x, struct node *n);
/* The name with dots that a node is, when nothing binds its first part, ends with the last part of a function's name.
 */
bool check_is_named(const struct checker *x, const struct node *n, struct str name);
