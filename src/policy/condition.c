/*
 * policy/condition.c - `when`: facts as CEL sees them, and what a condition comes to.
 *
 * A fact that this call lacks is an error where it is read. Two facts may be lacking *yet*, the customer and the cost:
 * a condition that hangs on one of them is "maybe" as long as it can be looked up.
 */
#include "policy/policy_impl.h"

#include "base/check.h"

#define LIST_ITEMS_MAX 1000

struct reading {
    const struct facts *f;
    struct lacking lacks;
};

static bool give_text(struct str s, struct value *ret)
{
    *ret = value_str(s);
    return s.n > 0;
}

static bool give_count(size_t n, struct value *ret)
{
    *ret = value_int((int64_t)n);
    return true;
}

static bool give_customer(struct reading *r, struct str s, struct value *ret)
{
    r->lacks.customer |= r->f->customer.n == 0;
    return r->f->customer.n > 0 && give_text(s, ret);
}

static bool give_cost(struct reading *r, struct value *ret)
{
    bool is_known = r->f->cost.how != HOW_UNKNOWN;
    r->lacks.cost |= !is_known;
    *ret = value_money(r->f->cost.usd);
    return is_known;
}

/* Of a bound that is not known as a whole, one part may be. */
static bool give_tokens(const struct token_bound *b, int64_t n, struct value *ret)
{
    *ret = value_int(n);
    return b->is_known || n > 0;
}

static bool give_time(wall_t t, struct value *ret)
{
    int64_t s = t / NS_PER_S, ns = t % NS_PER_S;
    *ret = (struct value){.kind = TYPE_TIMESTAMP, .i = s - (ns < 0), .ns = (int32_t)(ns < 0 ? ns + NS_PER_S : ns)};
    return true;
}

/* It is there and cannot be read: an error, and never "absent", which has() would take for an answer. */
static bool give_error(const char *text, struct value *ret)
{
    *ret = (struct value){.kind = TYPE_ERROR, .error = {text, NULL}};
    return true;
}

static bool give_list(struct str items, struct arena *scratch, struct value *ret)
{
    struct str item, rest;
    size_t n = 1;
    for (size_t i = 0; i < items.n && n <= LIST_ITEMS_MAX; i++)
        n += items.p[i] == ',';
    if (n > LIST_ITEMS_MAX)
        return give_error("a list of the request has over 1000 elements", ret);
    struct value_list *list = arena_try_alloc(scratch, sizeof *list + n * sizeof(struct value));
    if (!list)
        return give_error("it takes too much memory", ret);
    struct value *values = (struct value *)(list + 1);
    *list = (struct value_list){values, n};
    for (; str_cut(items, ',', &item, &rest); items = rest)
        *values++ = value_str(item);
    *values = value_str(items);
    *ret = (struct value){.kind = TYPE_LIST, .list = list};
    return true;
}

static bool give_param(const struct facts *f, struct str name, struct arena *scratch, struct value *ret)
{
    for (size_t i = 0; i < f->n_params; i++) {
        const struct param *p = &f->params[i];
        if (!str_eq(p->name, name))
            continue;
        switch (p->kind) {
        case KIND_INT:
            *ret = value_int(p->i);
            return true;
        case KIND_BOOL:
            *ret = value_bool(str_eq(p->s, STR("true")));
            return true;
        case KIND_LIST:
            return give_list(p->s, scratch, ret);
        case KIND_TEXT:
            *ret = value_str(p->s);
            return true;
        }
    }
    return false;
}

static bool get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    struct reading *r = ctx;
    const struct facts *f = r->f;
    switch (slot) {
#define VARIABLE(name, text, type, give, help) \
    case VARIABLE_##name: \
        return give;
#include "policy/variable.tbl.h"
#undef VARIABLE
    case VARIABLE_PARAM:
        return give_param(f, str_sub(name, sizeof "params." - 1, SIZE_MAX), scratch, ret);
    default:
        check(!"a slot that no condition has");
        return false;
    }
}

enum match_result condition_holds(const struct expr *when, const struct facts *f, bool may_lookup, struct arena *a,
                                  struct lacking *lacks)
{
    struct reading r = {.f = f};
    struct value v;
    expr_eval(when, &(struct expr_facts){get, &r}, a, &v);
    if (v.kind == TYPE_BOOL)
        return v.b ? MATCH_YES : MATCH_NO;
    if (v.kind != TYPE_ERROR || !may_lookup || (!r.lacks.cost && !r.lacks.customer))
        return MATCH_ERROR;
    lacks->cost |= r.lacks.cost;
    lacks->customer |= r.lacks.customer;
    return MATCH_MAYBE;
}

struct str condition_why(const struct expr *when, const struct facts *f, struct arena *a)
{
    struct reading r = {.f = f};
    return expr_why(when, &(struct expr_facts){get, &r}, a);
}

struct str condition_error(const struct expr *when, const struct facts *f, struct arena *a)
{
    struct reading r = {.f = f};
    struct value v;
    expr_eval(when, &(struct expr_facts){get, &r}, a, &v);
    return v.kind == TYPE_ERROR ? expr_error_text(when, &v, a) : STR("it is neither true nor false");
}
