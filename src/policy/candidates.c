/*
 * policy/candidates.c - the operations that a match may take, of those that are known. Where it names them without a
 * star they are looked up, so that a long document over thousands of operations is read in milliseconds.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

struct op_link {
    const struct known_operation *op;
    struct op_link *next; /* of the same name: two vendors may have it */
};

int candidates_init(struct parse *x)
{
    size_t n = x->known->n_operations;
    struct op_link *links = arena_try_alloc(x->scratch, (n + 1) * sizeof *links);
    map_init(&x->by_name, n + 1, NULL);
    if (!links)
        return err_trace(-ERR_TOO_LARGE);
    for (size_t i = n; i-- > 0;) {
        const struct known_operation *op = &x->known->operations[i];
        void *same = NULL;
        int r = map_put(&x->by_name, op->name, &links[i], &same);
        if (r < 0)
            return err_trace(r);
        links[i] = (struct op_link){op, same};
    }
    return 0;
}

static bool names_all(const struct patterns *operations)
{
    for (size_t i = 0; i < operations->n; i++)
        if (operations->items[i].is_glob)
            return false;
    return operations->n > 0;
}

struct candidates candidates_of(const struct parse *x, const struct match *m)
{
    return (struct candidates){.x = x, .m = m, .is_named = names_all(&m->by_key[MATCH_OPERATION])};
}

static const struct known_operation *next_named(struct candidates *c)
{
    const struct patterns *operations = &c->m->by_key[MATCH_OPERATION];
    while (!c->link && c->i < operations->n)
        c->link = map_get(&c->x->by_name, operations->items[c->i++].text);
    if (!c->link)
        return NULL;
    const struct known_operation *op = c->link->op;
    c->link = c->link->next;
    return op;
}

const struct known_operation *candidates_next(struct candidates *c)
{
    const struct known *known = c->x->known;
    const struct known_operation *op;
    for (;;) {
        if (c->is_named)
            op = next_named(c);
        else
            op = c->i < known->n_operations ? &known->operations[c->i++] : NULL;
        if (!op || match_may_take(c->m, op))
            return op;
    }
}

bool is_operation_known(const struct parse *x, struct str name)
{
    return map_get(&x->by_name, name) != NULL;
}
