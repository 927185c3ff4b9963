/*
 * relation/relation.h - "may agent X act for customer Y": a model and tuples in, yes, no or an error out.
 *
 * The subset of OpenFGA's modelling language (schema 1.1) that spec/relations.md names, with its meaning: direct
 * relations of types, wildcards and usersets, computed relations, `x from y`, or, and, but not, and conditions on
 * tuples. Checks only; no sockets, no files, no clock: time is part of the context.
 *
 *   (1) relations never change once read; they are shared by reference count (atomic), and read anew as a whole.
 *   (2) an error is no answer; it matters only where the other branches of `or` and `and` do not decide.
 *   (3) a cycle ends as "no" on its branch, and what `but not` would take away by way of one is taken away. Recursion
 *       is never deeper than RELATION_DEPTH_MAX, and a check looks at no more than RELATION_STEPS_MAX tuples and
 *       relations: beyond is an error.
 *   (4) a tuple that the model does not allow counts for nothing: the model is what was reviewed.
 */
#pragma once

#include "codec/diag.h"
#include "codec/yaml.h"
#include "expr/value.h"

#define RELATION_DEPTH_MAX 25
#define RELATION_STEPS_MAX 20000
#define RELATION_TUPLES_MAX 200000
#define RELATION_ID_BYTES_MAX 512 /* of "type:id#relation" */

struct relations;

/*
 * Reads a model (text) and its tuples (YAML or JSON: a list, or one under `tuples` or `tuple_keys`, of user, relation,
 * object and, perhaps, condition {name, context}). 0; -ERR_INVALID: `diags` say where and what, in whichever file.
 * Tuples that the model does not allow are warned of.
 */
int relations_parse(struct str model, struct str model_file, struct str tuples, struct str tuples_file,
                    struct diag_list *diags, struct relations **ret);
void relations_ref(const struct relations *r);
void relations_unref(const struct relations *r);
size_t relations_n_tuples(const struct relations *r);

/* A parameter of conditions that the one who asks gives: `now`. */
struct relation_context {
    const struct yaml *values; /* a map, in a form as tuples have; NULL: none */
    int64_t now_s;             /* `now`, where a condition has it as a timestamp and nothing else gives it */
    int32_t now_ns;
    bool has_now;
};

struct relation_tuple {
    struct str user, relation, object;
    struct str condition;       /* its name; empty: none */
    const struct yaml *context; /* NULL: none */
};

/* user: "agent:bot", "type:*" or a userset "group:g#member". */
struct relation_ask {
    struct str user, relation, object;
    struct relation_context context;
    const struct relation_tuple *more; /* beside those on file, for this question only */
    size_t n_more;
};

#define RELATION_NO 0
#define RELATION_YES 1
/* RELATION_YES or RELATION_NO. -ERR_INVALID: no answer, *ret_why (static) says why. */
int relations_check(const struct relations *r, const struct relation_ask *q, struct arena *scratch,
                    const char **ret_why);
