/*
 * expr/expr.h - conditions in the Common Expression Language: text in, a checked expression out; facts in, a value out.
 *
 *   (1) an expression always ends with a value or an error. `&&`, `||`, all() and exists() absorb errors whichever side
 *       they are on, as the standard says: what is decided by the other side is decided.
 *   (2) names and types are checked when the expression is compiled, and so is what it can cost at most.
 *   (3) evaluation has no side effect, reads no clock, takes time in proportion to its cost, and memory up to
 *       EXPR_SCRATCH_BYTES_MAX. The same facts always give the same value.
 *   (4) recursion is never deeper than EXPR_DEPTH_MAX.
 *
 * What of the standard is there, and what not, is in spec/agentpolicy/cel-conformance.md.
 */
#pragma once

#include "expr/value.h"

#define EXPR_BYTES_MAX 8192
#define EXPR_DEPTH_MAX 64          /* of parentheses, operators, calls and literals inside each other */
#define EXPR_NODES_MAX 2000
#define EXPR_LOCALS_MAX 8          /* variables of macros inside each other */
#define EXPR_COST_MAX 1000000 /* steps: a node, a loop's turn, 16 bytes of text, 4 states of a pattern for a byte */
#define EXPR_SCRATCH_BYTES_MAX 65536
/* What the cost at load assumes of a fact whose size is not known then; what is larger costs more when it is there. */
#define EXPR_TEXT_BYTES_ASSUMED 4096
#define EXPR_ITEMS_ASSUMED 64
#define EXPR_ITEM_BYTES_ASSUMED 256

/* A fact that an expression may name. The name may have dots: `params.amount` is one variable. */
struct expr_variable {
    struct str name;
    const struct type *type;
    unsigned slot; /* how struct expr_facts knows it */
};

struct expr_scope {
    const struct expr_variable *variables;
    size_t n_variables;
    /*
     * `<open>.anything` is a fact too, of a type that is known when it is there, in open_slot. Then the cost is bounded
     * when it is evaluated only: it hangs on the types. Empty: nothing is.
     */
    struct str open;
    unsigned open_slot;
    /* What does not fit becomes an error of evaluation instead of a fault: unknown names, wrong types. */
    bool is_lenient;
};

/* Why a text is no expression, and which bytes of it are to blame. */
struct expr_fault {
    const char *code; /* static: "expr_syntax", "expr_unknown", "expr_type", "expr_literal", "expr_cost" */
    struct str message;
    size_t at, end;
};

struct expr;

/*
 * Compiles `text`, which must live as long as the expression, as must the scope's types; its names are copied. 0;
 * -ERR_INVALID: *ret_fault says why, its message is in `a`; -ERR_TOO_LARGE: the arena's cap.
 */
int expr_compile(struct arena *a, struct str text, const struct expr_scope *scope, struct expr **ret,
                 struct expr_fault *ret_fault);
struct str expr_text(const struct expr *e); /* as it was written */
const struct type *expr_type(const struct expr *e);
int64_t expr_cost(const struct expr *e); /* the most steps it can take, with sizes as assumed */
/* Calls fn for each slot that the expression reads; the same slot may come twice. */
void expr_each_slot(const struct expr *e, void (*fn)(unsigned slot, void *ctx), void *ctx);

/*
 * Where values come from. False: this call lacks the fact, which is an error where it is read. A fact that is there and
 * cannot be given is a value of the kind TYPE_ERROR, and true.
 */
struct expr_facts {
    bool (*get)(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret);
    void *ctx;
};

/* *ret has the kind TYPE_ERROR when evaluation failed. Scratch comes from `a`. */
void expr_eval(const struct expr *e, const struct expr_facts *facts, struct arena *a, struct value *ret);
/* An error for people: "`1 / params.n`: division by zero". */
struct str expr_error_text(const struct expr *e, const struct value *error, struct arena *a);
/*
 * Which part made a condition false (or an error): the first part of an `&&` that is not true, as it is written, with
 * the numbers that it read: "`params.amount <= 20000` (params.amount is 50000)". Texts are not shown: they may be
 * personal. Empty when the condition is true.
 */
struct str expr_why(const struct expr *e, const struct expr_facts *facts, struct arena *a);
