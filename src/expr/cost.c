/*
 * expr/cost.c - the most steps that an expression can take, with the sizes of facts as assumed.
 *
 * Evaluation counts the same steps with the sizes that are there, and ends with an error at the same bound: so a
 * document that loads never stops the daemon, whatever a call brings.
 */
#include "expr/expr_impl.h"

#define BYTES_PER_STEP 16
#define STATES_PER_STEP 4

int64_t cost_of_text(size_t n_bytes)
{
    return 1 + (int64_t)(n_bytes / BYTES_PER_STEP);
}

int64_t cost_of_match(const struct regex *r, size_t n_bytes)
{
    return 1 + (int64_t)((n_bytes + 1) * regex_states(r) / STATES_PER_STEP);
}

static int64_t add(int64_t a, int64_t b)
{
    return a > EXPR_COST_MAX || b > EXPR_COST_MAX ? EXPR_COST_MAX + 1 : a + b;
}

static int64_t multiply(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return 0;
    return a > EXPR_COST_MAX / b ? EXPR_COST_MAX + 1 : a * b;
}

/* The most bytes of a text, or elements of a list or a map, that a node can give. */
static int64_t size_of(const struct node *n)
{
    if (n->kind == NODE_CONST && (n->value.kind == TYPE_STRING || n->value.kind == TYPE_BYTES))
        return (int64_t)n->value.s.n;
    if (n->kind == NODE_CONST && n->value.kind == TYPE_LIST)
        return (int64_t)n->value.list->n;
    if (n->kind == NODE_CONST && n->value.kind == TYPE_MAP)
        return (int64_t)n->value.map->n;
    if (n->kind == NODE_LIST || n->kind == NODE_MAP)
        return n->n;
    if (n->kind == NODE_LOOP && (n->loop == LOOP_MAP || n->loop == LOOP_FILTER || n->loop == LOOP_TRANSFORM_MAP))
        return size_of(n->first);
    if (n->kind == NODE_CALL && n->n == 2 && str_eq(n->name, STR("_+_")))
        return add(size_of(n->first), size_of(n->last));
    if (n->kind == NODE_LOCAL && (n->type->kind == TYPE_STRING || n->type->kind == TYPE_DYN))
        return EXPR_ITEM_BYTES_ASSUMED;
    bool is_many = n->type->kind == TYPE_LIST || n->type->kind == TYPE_MAP;
    bool is_one = n->type->kind != TYPE_STRING && n->type->kind != TYPE_BYTES && n->type->kind != TYPE_DYN;
    return is_many ? EXPR_ITEMS_ASSUMED : is_one ? 1 : EXPR_TEXT_BYTES_ASSUMED;
}

static bool is_text(const struct node *n)
{
    return n->type->kind == TYPE_STRING || n->type->kind == TYPE_BYTES || n->type->kind == TYPE_DYN;
}

static int64_t cost_of(const struct node *n);

static int64_t cost_of_children(const struct node *n)
{
    int64_t sum = 1;
    for (const struct node *child = n->first; child; child = child->next)
        sum = add(sum, cost_of(child));
    return sum;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t cost_of_pair(const struct node *n)
{
    int64_t a = size_of(n->first), b = size_of(n->last);
    if (n->first->type->kind == TYPE_MAP && n->last->type->kind == TYPE_MAP)
        return multiply(a, b);
    return is_text(n->first) || is_text(n->last) ? cost_of_text((size_t)least(a, b)) : 1 + least(a, b);
}

static int64_t cost_of_work(const struct node *n)
{
    switch (n->kind) {
    case NODE_EQ:
    case NODE_NE:
    case NODE_LT:
    case NODE_LE:
    case NODE_GT:
    case NODE_GE:
        return cost_of_pair(n);
    case NODE_IN: /* every element may be as long as what is looked for */
        return multiply(size_of(n->last), is_text(n->first) ? cost_of_text((size_t)size_of(n->first)) : 1);
    case NODE_INDEX:
    case NODE_SELECT:
        return n->first->type->kind == TYPE_LIST ? 1 : size_of(n->first);
    case NODE_MATCH:
        return cost_of_match(n->regex, (size_t)size_of(n->first));
    case NODE_MAP:
        return multiply(n->n, 1 + n->n / 8);
    case NODE_CALL:
        return n->n ? cost_of_text((size_t)least(EXPR_COST_MAX, add(size_of(n->first), size_of(n->last)))) : 1;
    default:
        return 0;
    }
}

static int64_t cost_of_loop(const struct node *n)
{
    int64_t turn = 1;
    for (const struct node *part = n->first->next; part; part = part->next)
        turn = add(turn, cost_of(part));
    int64_t n_turns = n->first->type->kind == TYPE_DYN ? EXPR_ITEMS_ASSUMED : size_of(n->first);
    return add(cost_of(n->first), multiply(n_turns, turn));
}

static int64_t cost_of(const struct node *n)
{
    if (n->kind == NODE_LOOP)
        return cost_of_loop(n);
    return add(cost_of_children(n), cost_of_work(n));
}

bool bound_cost(struct compile *c, const struct node *root, int64_t *ret_cost)
{
    int64_t cost = cost_of(root);
    if (cost > EXPR_COST_MAX && c->scope->open.n == 0)
        return compile_fault(c, "expr_cost", root->at, root->end,
                             "this can take over %d steps; use fewer loops inside each other, or simpler patterns",
                             EXPR_COST_MAX);
    *ret_cost = least(cost, EXPR_COST_MAX);
    return true;
}
