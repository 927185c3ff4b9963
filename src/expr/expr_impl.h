/*
 * expr/expr_impl.h - the tree of an expression, and what the files of this folder share. For this folder only.
 *
 * parse.c makes the tree, check.c gives every name and every operator its meaning in place, cost.c bounds it, eval.c
 * walks it. Nodes live in the arena of the compilation and never change after it.
 */
#pragma once

#include "expr/expr.h"
#include "expr/regex.h"

enum node_kind {
    NODE_CONST,
    NODE_NAME,    /* until checked: an identifier; a checked name is a variable, a local or a constant */
    NODE_VAR,     /* slot */
    NODE_LOCAL,   /* slot: a macro's variable */
    NODE_SELECT,  /* child.name; is_optional: child.?name */
    NODE_HAS,     /* has(child.name); after checking also NODE_HAS_VAR */
    NODE_HAS_VAR, /* slot */
    NODE_INDEX,   /* child[child]; is_optional: child[?child] */
    NODE_NOT,
    NODE_AND, /* two children or more */
    NODE_OR,
    NODE_IF, /* condition, then, else */
    NODE_EQ,
    NODE_NE,
    NODE_LT,
    NODE_LE,
    NODE_GT,
    NODE_GE,
    NODE_IN,
    NODE_CALL,  /* name; is_member: the first child is the receiver */
    NODE_MATCH, /* matches(child): regex */
    NODE_LIST,  /* children */
    NODE_MAP,   /* children: key, value, key, value */
    NODE_LOOP,  /* loop, n_vars, slot of the first: children are the range, a condition or a body, a body */
    NODE_FAIL,  /* lenient: what the checker would have refused; name says why */
};

enum loop {
    LOOP_ALL,
    LOOP_EXISTS,
    LOOP_EXISTS_ONE,
    LOOP_MAP,           /* list.map(x, body), list.map(x, condition, body); two variables: transformList */
    LOOP_FILTER,
    LOOP_TRANSFORM_MAP, /* map.transformMap(k, v, body), with a condition before the body */
    LOOP_OPT_MAP,       /* optional.optMap(x, body) */
    LOOP_OPT_FLAT_MAP,
};

struct function;

struct node {
    enum node_kind kind;
    uint8_t height;              /* of the tree below and itself */
    bool is_optional, is_member;
    bool is_spread;              /* an element or key with `?` before it: an optional, left out without a value */
    bool is_root;                /* NODE_NAME: written with a dot before it, so no macro's variable */
    uint8_t n_vars;              /* NODE_LOOP */
    enum loop loop;
    unsigned slot;
    uint32_t at, end;            /* its bytes in the text */
    uint32_t n;                  /* children */
    struct node *first, *last, *next;
    const struct type *type;     /* when checked */
    struct str name;             /* NODE_NAME, NODE_SELECT, NODE_HAS, NODE_CALL; NODE_LOOP: its first variable */
    struct str name2;            /* NODE_LOOP: its second variable */
    union {
        struct value value;           /* NODE_CONST */
        const struct function *fns;   /* NODE_CALL: the overloads that can be meant, one behind the other */
        const struct regex *regex;    /* NODE_MATCH */
    };
    uint32_t n_fns;
};

struct expr {
    struct str text;
    const struct node *root;
    int64_t cost;
};

/* One compilation. Functions of it return NULL or false after the first fault. */
struct compile {
    struct arena *a;
    struct str text;
    const struct expr_scope *scope;
    struct expr_fault *fault;
    bool is_too_large; /* the arena's cap, or memory: no fault */
    size_t n_nodes;
};

/* False always: sets the fault, if it is the first. */
bool compile_fault(struct compile *c, const char *code, size_t at, size_t end, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
bool compile_too_large(struct compile *c); /* false always */

/* --- lex.c --- */

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* an identifier; also `in`, true, false, null and the reserved words */
    TOKEN_QUOTED, /* `a name in backquotes`; text is what is inside */
    TOKEN_INT,
    TOKEN_UINT,
    TOKEN_DOUBLE,
    TOKEN_STRING,
    TOKEN_BYTES,
    TOKEN_MARK, /* an operator or a bracket */
};

struct token {
    enum token_kind kind;
    uint32_t at, end;
    struct str text;
};

struct lexer {
    struct compile *c;
    size_t at;
};

bool lex(struct lexer *l, struct token *ret); /* false after a fault */
bool token_is(const struct token *t, const char *mark);
bool name_is_reserved(struct str name);

/* --- literal.c --- */

/* The value of a number, string or bytes token; is_negative: a minus stands before the number. */
bool literal_value(struct compile *c, const struct token *t, bool is_negative, struct value *ret);

/* --- parse.c, macro.c --- */

struct node *parse_condition(struct compile *c);
struct node *node_new(struct compile *c, enum node_kind kind, size_t at, size_t end);
bool node_add(struct compile *c, struct node *parent, struct node *child); /* false: too deep */
void node_leaf(struct node *n, enum node_kind kind); /* it becomes that, without children */
/* A call as it was read, or what the macro of that name makes of it; NULL after a fault. */
struct node *macro_expand(struct compile *c, struct node *call);

/* --- check.c --- */

bool check_types(struct compile *c, struct node *root);

/* --- cost.c --- */

bool bound_cost(struct compile *c, const struct node *root, int64_t *ret_cost);
int64_t cost_of_text(size_t n_bytes);
int64_t cost_of_match(const struct regex *r, size_t n_bytes);

/* --- eval.c --- */

struct eval {
    const struct expr_facts *facts;
    struct arena *a;
    size_t bytes_left;
    int64_t steps_left;
    const struct node *at; /* what is evaluated now: what an error is of */
    struct value locals[EXPR_LOCALS_MAX];
};

void eval_init(struct eval *ev, const struct expr_facts *facts, struct arena *a);
void eval_node(struct eval *ev, const struct node *n, struct value *ret);
/* Sets *ret to an error of the node at ev->at. `text` is static. */
void eval_fail(struct eval *ev, struct value *ret, const char *text);
bool eval_spend(struct eval *ev, int64_t steps, struct value *ret); /* false: *ret is the error */
void *eval_alloc(struct eval *ev, size_t n, struct value *ret);     /* NULL: *ret is the error */
void eval_loop(struct eval *ev, const struct node *n, struct value *ret);
void eval_select(struct eval *ev, const struct value *of, struct str name, struct value *ret);
void eval_optional_of(struct eval *ev, const struct value *v, struct value *ret); /* an optional with a value */

#define VALUE_NONE ((struct value){.kind = TYPE_OPTIONAL})

/* --- function.c --- */

typedef void (*function_fn)(struct eval *ev, const struct value *args, struct value *ret);

enum result { /* the type of what a function returns, beside the plain ones */
    RESULT_JOIN = TYPE_COUNT + 1, /* what its arguments are */
    RESULT_OPTIONAL,              /* an optional of its argument */
    RESULT_INSIDE,                /* what is inside its first argument */
};

#define FUNCTION_ARGS_MAX 2

struct function {
    struct str name;
    bool is_member;
    bool has_literal; /* its last argument must be written out, so that it is checked when it is compiled */
    uint8_t n_args;
    uint8_t args[FUNCTION_ARGS_MAX]; /* enum type_kind; TYPE_DYN: anything */
    uint8_t result;                  /* enum type_kind, or enum result */
    function_fn fn;
};

/* The functions of that name and form, which stand together; NULL: none. */
const struct function *function_find(struct str name, bool is_member, size_t *ret_n);
/* The nearest name of a function, for "did you mean". */
struct str function_near(struct str name, bool is_member);
/* A kind may be what the function takes there. */
bool function_takes(const struct function *f, size_t i, enum type_kind kind);
/* All overloads, in one order; n_functions of them. */
extern const struct function functions[];
extern const size_t n_functions;
