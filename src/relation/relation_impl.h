/*
 * relation/relation_impl.h - a model and its tuples as they stand in memory. For this folder only.
 */
#pragma once

#include "base/map.h"
#include "expr/expr.h"
#include "relation/relation.h"

/* Whom a direct relation may name: `user`, `user:*`, `group#member`, each perhaps `with` a condition. */
struct restriction {
    struct str type, relation; /* relation empty: objects themselves */
    bool is_wildcard;
    struct str condition; /* empty: only tuples without one */
};

enum rewrite_kind { REWRITE_DIRECT, REWRITE_COMPUTED, REWRITE_FROM, REWRITE_OR, REWRITE_AND, REWRITE_BUT_NOT };
struct rewrite {
    enum rewrite_kind kind;
    const struct restriction *restrictions; /* DIRECT */
    size_t n_restrictions;
    struct str relation, from; /* COMPUTED: relation; FROM: relation `from` from */
    const struct rewrite *first, *next; /* children of OR, AND, BUT_NOT; the next of them */
};

struct relation {
    struct str name;
    const struct rewrite *rewrite;
    struct relation *next;
};

struct type_def {
    struct str name;
    struct relation *relations;
    struct type_def *next;
};

#define CONDITION_PARAMS_MAX 16
struct condition {
    struct str name, text;
    struct expr_variable params[CONDITION_PARAMS_MAX];
    size_t n_params;
    const struct expr *expr;
    struct condition *next;
};

/* Of one object and relation, in the order of the file. */
struct tuple {
    struct relation_tuple t;
    struct tuple *next;
};

struct relations {
    int n_refs; /* atomic */
    struct arena arena;
    struct type_def *types;
    struct condition *conditions;
    struct map tuples; /* "object#relation" -> struct tuple */
    size_t n_tuples;
};

/* model.c */
int model_parse(struct relations *r, struct str text, struct str file, struct diag_list *diags);
const struct type_def *type_find(const struct relations *r, struct str name);
const struct relation *relation_find(const struct type_def *t, struct str name);
const struct condition *condition_find(const struct relations *r, struct str name);

/* tuples.c */
int tuples_parse(struct relations *r, struct str text, struct str file, struct diag_list *diags);
/* "type:id" or "type:id#relation" into its parts; false: neither. relation is empty where there is none. */
bool subject_split(struct str s, struct str *ret_type, struct str *ret_id, struct str *ret_relation);
/* The restriction of a direct relation that lets a tuple count; NULL: none does. */
const struct restriction *tuple_allowed(const struct relations *r, const struct relation_tuple *t);
const struct tuple *tuples_of(const struct relations *r, struct str object, struct str relation);

/* condition.c */
/* Compiles its text over its parameters; the fault is said in diags at that place. */
int condition_compile(struct relations *r, struct condition *c, struct str file, int line, struct diag_list *diags);
/* RELATION_YES, RELATION_NO, or -ERR_INVALID: a value is lacking, of the wrong type, or it failed. */
int condition_true(const struct relations *r, const struct relation_tuple *t, const struct relation_context *given,
                   struct arena *scratch);
