/*
 * expr/parse.c - words to a tree, by precedence: ?: below || below && below relations below + - below * / %.
 *
 * The grammar is that of the CEL standard without messages. Chains of `&&` and of `||` become one node, so that a long
 * condition is no deep one.
 */
#include "expr/expr_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define LEVEL_UNARY 5

struct parser {
    struct compile *c;
    struct lexer l;
    struct token t; /* the one to read next */
    int depth;
};

static const struct binary {
    const char *mark;
    int level;
    enum node_kind kind;
    struct str function; /* NODE_CALL */
} binaries[] = {
    {"||", 0, NODE_OR, {0}},  {"&&", 1, NODE_AND, {0}}, {"==", 2, NODE_EQ, {0}},
    {"!=", 2, NODE_NE, {0}},  {"<", 2, NODE_LT, {0}},   {"<=", 2, NODE_LE, {0}},
    {">", 2, NODE_GT, {0}},   {">=", 2, NODE_GE, {0}},  {"+", 3, NODE_CALL, STR_INIT("_+_")},
    {"-", 3, NODE_CALL, STR_INIT("_-_")}, {"*", 4, NODE_CALL, STR_INIT("_*_")}, {"/", 4, NODE_CALL, STR_INIT("_/_")},
    {"%", 4, NODE_CALL, STR_INIT("_%_")}};

bool compile_fault(struct compile *c, const char *code, size_t at, size_t end, const char *fmt, ...)
{
    char text[256];
    if (c->fault->code)
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *c->fault = (struct expr_fault){code, arena_str(c->a, str_c(text)), at, end > at ? end : at};
    return false;
}

bool compile_too_large(struct compile *c)
{
    c->is_too_large = true;
    return false;
}

struct node *node_new(struct compile *c, enum node_kind kind, size_t at, size_t end)
{
    if (++c->n_nodes > EXPR_NODES_MAX) {
        compile_fault(c, "expr_cost", at, end, "a condition has at most %d parts", EXPR_NODES_MAX);
        return NULL;
    }
    struct node *n = arena_try_alloc(c->a, sizeof *n);
    if (!n) {
        compile_too_large(c);
        return NULL;
    }
    *n = (struct node){.kind = kind, .at = (uint32_t)at, .end = (uint32_t)end, .height = 1};
    return n;
}

static bool too_deep(struct compile *c, size_t at)
{
    return compile_fault(c, "expr_cost", at, at, "a condition nests at most %d deep", EXPR_DEPTH_MAX);
}

bool node_add(struct compile *c, struct node *parent, struct node *child)
{
    if (!child)
        return false;
    child->next = NULL;
    *(parent->last ? &parent->last->next : &parent->first) = child;
    parent->last = child;
    parent->n++;
    if (child->height >= parent->height)
        parent->height = (uint8_t)(child->height + 1);
    return parent->height <= EXPR_DEPTH_MAX || too_deep(c, child->at);
}

void node_leaf(struct node *n, enum node_kind kind)
{
    n->kind = kind;
    n->first = n->last = NULL;
    n->n = 0;
}

/* --- tokens --- */

static bool advance(struct parser *p)
{
    return lex(&p->l, &p->t);
}

static bool at_mark(const struct parser *p, const char *mark)
{
    return token_is(&p->t, mark);
}

static bool is_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_NAME && str_eq(t->text, str_c(word));
}

/* What other languages write for an operator. */
static const char *operator_meant(const struct token *t)
{
    if (is_word(t, "and") || is_word(t, "AND"))
        return "&&";
    return is_word(t, "or") || is_word(t, "OR") ? "||" : NULL;
}

static bool unexpected(struct parser *p, const char *wanted)
{
    const char *meant = operator_meant(&p->t);
    if (meant)
        return compile_fault(p->c, "expr_syntax", p->t.at, p->t.end, "`" STR_FMT "` is no operator; it is written `%s`",
                             STR_ARG(p->t.text), meant);
    if (p->t.kind == TOKEN_END)
        return compile_fault(p->c, "expr_syntax", p->t.at, p->t.end, "the condition ends where %s should be", wanted);
    return compile_fault(p->c, "expr_syntax", p->t.at, p->t.end, "`" STR_FMT "` stands where %s should be",
                         STR_ARG(p->t.text), wanted);
}

static bool take(struct parser *p, const char *mark, const char *wanted)
{
    return at_mark(p, mark) ? advance(p) : unexpected(p, wanted);
}

/* Counts a level of what the parser calls itself for; every true is paid back with depth--. */
static bool enter(struct parser *p)
{
    return ++p->depth <= EXPR_DEPTH_MAX || too_deep(p->c, p->t.at);
}

static struct node *parse_expr(struct parser *p);

/* --- lists of expressions --- */

/* `?` before an element of a list, an entry of a map, an index, a field. */
static bool take_optional(struct parser *p, bool *ret_is)
{
    *ret_is = at_mark(p, "?");
    return !*ret_is || advance(p);
}

/* Expressions with commas between up to `close`, which is taken; `parent` gets them. */
static bool parse_items(struct parser *p, struct node *parent, const char *close, bool may_spread)
{
    bool is_spread = false;
    while (!at_mark(p, close)) {
        if (may_spread && !take_optional(p, &is_spread))
            return false;
        struct node *item = parse_expr(p);
        if (!node_add(p->c, parent, item))
            return false;
        item->is_spread = is_spread;
        if (!at_mark(p, ","))
            break;
        if (!advance(p))
            return false;
        if (!may_spread && at_mark(p, close))
            return unexpected(p, "an argument"); /* a list may end with a comma, a call's arguments may not */
    }
    parent->end = p->t.end;
    return take(p, close, close);
}

static struct node *parse_list(struct parser *p)
{
    struct node *list = node_new(p->c, NODE_LIST, p->t.at, p->t.end);
    return list && advance(p) && parse_items(p, list, "]", true) ? list : NULL;
}

static bool parse_entry(struct parser *p, struct node *map)
{
    bool is_spread;
    if (!take_optional(p, &is_spread))
        return false;
    struct node *key = parse_expr(p);
    if (!node_add(p->c, map, key) || !take(p, ":", "`:` and a value"))
        return false;
    key->is_spread = is_spread;
    return node_add(p->c, map, parse_expr(p));
}

static struct node *parse_map(struct parser *p)
{
    struct node *map = node_new(p->c, NODE_MAP, p->t.at, p->t.end);
    if (!map || !advance(p))
        return NULL;
    while (!at_mark(p, "}")) {
        if (!parse_entry(p, map))
            return NULL;
        if (!at_mark(p, ","))
            break;
        if (!advance(p))
            return NULL;
    }
    map->end = p->t.end;
    return take(p, "}", "`}`") ? map : NULL;
}

/* --- names, calls, fields --- */

/* The arguments of `call`, at their bracket; then the macro, if it is one. */
static struct node *parse_call(struct parser *p, struct node *call)
{
    if (!advance(p) || !parse_items(p, call, ")", false))
        return NULL;
    return macro_expand(p->c, call);
}

static struct node *parse_constant(struct parser *p, bool is_negative, size_t at)
{
    struct node *n = node_new(p->c, NODE_CONST, at, p->t.end);
    if (!n || !literal_value(p->c, &p->t, is_negative, &n->value) || !advance(p))
        return NULL;
    return n;
}

static struct node *parse_word_constant(struct parser *p)
{
    struct node *n = node_new(p->c, NODE_CONST, p->t.at, p->t.end);
    if (!n)
        return NULL;
    n->value = is_word(&p->t, "null") ? (struct value){.kind = TYPE_NULL} : value_bool(is_word(&p->t, "true"));
    return advance(p) ? n : NULL;
}

static struct node *parse_name(struct parser *p, size_t at, bool is_root)
{
    if (p->t.kind != TOKEN_NAME) {
        unexpected(p, "a name");
        return NULL;
    }
    if (!is_root && (is_word(&p->t, "true") || is_word(&p->t, "false") || is_word(&p->t, "null")))
        return parse_word_constant(p);
    if (name_is_reserved(p->t.text)) {
        compile_fault(p->c, "expr_syntax", p->t.at, p->t.end, "`" STR_FMT "` is a word that CEL keeps for itself",
                      STR_ARG(p->t.text));
        return NULL;
    }
    struct node *n = node_new(p->c, NODE_NAME, at, p->t.end);
    if (!n)
        return NULL;
    n->name = p->t.text;
    n->is_root = is_root;
    if (!advance(p))
        return NULL;
    if (!at_mark(p, "("))
        return n;
    n->kind = NODE_CALL;
    return parse_call(p, n);
}

static struct node *parse_primary(struct parser *p)
{
    size_t at = p->t.at;
    if (at_mark(p, "(")) {
        struct node *inside = advance(p) ? parse_expr(p) : NULL;
        return inside && take(p, ")", "`)`") ? inside : NULL;
    }
    if (at_mark(p, "["))
        return parse_list(p);
    if (at_mark(p, "{"))
        return parse_map(p);
    if (at_mark(p, "."))
        return advance(p) ? parse_name(p, at, true) : NULL;
    if (p->t.kind == TOKEN_NAME)
        return parse_name(p, at, false);
    if (p->t.kind == TOKEN_END || p->t.kind == TOKEN_MARK || p->t.kind == TOKEN_QUOTED) {
        unexpected(p, "a value");
        return NULL;
    }
    return parse_constant(p, false, at);
}

/* Behind the dot: a field, or a function with what stands before the dot as its first argument. */
static struct node *parse_field(struct parser *p, struct node *of)
{
    bool is_optional;
    if (!advance(p) || !take_optional(p, &is_optional))
        return NULL;
    if (p->t.kind != TOKEN_NAME && p->t.kind != TOKEN_QUOTED) {
        unexpected(p, "a field's name");
        return NULL;
    }
    struct node *n = node_new(p->c, NODE_SELECT, of->at, p->t.end);
    bool may_call = p->t.kind == TOKEN_NAME && !is_optional;
    if (!n || !node_add(p->c, n, of))
        return NULL;
    n->name = p->t.text;
    n->is_optional = is_optional;
    if (!advance(p))
        return NULL;
    if (!may_call || !at_mark(p, "("))
        return n;
    n->kind = NODE_CALL;
    n->is_member = true;
    return parse_call(p, n);
}

static struct node *parse_index(struct parser *p, struct node *of)
{
    struct node *n = node_new(p->c, NODE_INDEX, of->at, p->t.end);
    if (!n || !advance(p) || !take_optional(p, &n->is_optional))
        return NULL;
    if (!node_add(p->c, n, of) || !node_add(p->c, n, parse_expr(p)))
        return NULL;
    n->end = p->t.end;
    return take(p, "]", "`]`") ? n : NULL;
}

static struct node *parse_member(struct parser *p)
{
    struct node *n = parse_primary(p);
    while (n) {
        if (at_mark(p, "."))
            n = parse_field(p, n);
        else if (at_mark(p, "["))
            n = parse_index(p, n);
        else
            break;
    }
    if (n && at_mark(p, "{") && (n->kind == NODE_NAME || n->kind == NODE_SELECT)) {
        compile_fault(p->c, "expr_syntax", n->at, p->t.end, "there are no messages here; a map is {'key': value}");
        return NULL;
    }
    return n;
}

/* --- operators --- */

static struct node *parse_unary(struct parser *p)
{
    bool is_not = at_mark(p, "!");
    size_t at = p->t.at;
    if (!is_not && !at_mark(p, "-"))
        return parse_member(p);
    if (!advance(p))
        return NULL;
    if (!is_not && (p->t.kind == TOKEN_INT || p->t.kind == TOKEN_DOUBLE))
        return parse_constant(p, true, at); /* so that the least int can be written */
    struct node *inside = enter(p) ? parse_unary(p) : NULL;
    p->depth--;
    struct node *n = inside ? node_new(p->c, is_not ? NODE_NOT : NODE_CALL, at, inside->end) : NULL;
    if (!n || !node_add(p->c, n, inside))
        return NULL;
    if (!is_not)
        n->name = STR("-_");
    return n;
}

static const struct binary *binary_at(const struct parser *p, int level)
{
    static const struct binary in = {"in", 2, NODE_IN, {0}};
    if (level == in.level && is_word(&p->t, "in"))
        return &in;
    for (size_t i = 0; i < N(binaries); i++)
        if (binaries[i].level == level && at_mark(p, binaries[i].mark))
            return &binaries[i];
    return NULL;
}

static struct node *join(struct parser *p, const struct binary *op, struct node *left, struct node *right)
{
    bool is_chain = op->kind == NODE_AND || op->kind == NODE_OR;
    if (!right)
        return NULL;
    if (is_chain && left->kind == op->kind) {
        left->end = right->end;
        return node_add(p->c, left, right) ? left : NULL;
    }
    struct node *n = node_new(p->c, op->kind, left->at, right->end);
    if (!n || !node_add(p->c, n, left) || !node_add(p->c, n, right))
        return NULL;
    n->name = op->function;
    return n;
}

static struct node *parse_binary(struct parser *p, int level)
{
    if (level == LEVEL_UNARY)
        return parse_unary(p);
    struct node *left = parse_binary(p, level + 1);
    const struct binary *op;
    while (left && (op = binary_at(p, level)))
        left = advance(p) ? join(p, op, left, parse_binary(p, level + 1)) : NULL;
    return left;
}

static struct node *parse_if(struct parser *p, struct node *condition)
{
    struct node *n = node_new(p->c, NODE_IF, condition->at, condition->end);
    if (!n || !advance(p) || !node_add(p->c, n, condition) || !node_add(p->c, n, parse_binary(p, 0)))
        return NULL;
    if (!take(p, ":", "`:` and the other value") || !node_add(p->c, n, parse_expr(p)))
        return NULL;
    n->end = n->last->end;
    return n;
}

static struct node *parse_expr(struct parser *p)
{
    struct node *n = enter(p) ? parse_binary(p, 0) : NULL;
    if (n && at_mark(p, "?"))
        n = parse_if(p, n);
    p->depth--;
    return n;
}

struct node *parse_condition(struct compile *c)
{
    struct parser p = {.c = c, .l = {.c = c}};
    struct node *root = advance(&p) ? parse_expr(&p) : NULL;
    if (root && p.t.kind != TOKEN_END) {
        unexpected(&p, "an operator or the end");
        return NULL;
    }
    return root;
}
