/*
 * import/models.c - what two lists of models both permit.
 */
#include "import/import_impl.h"

/* Every model that `inner` names, `outer` names too. A star stands at an end, or for a vendor. */
static bool holds(struct str outer, struct str inner)
{
    if (str_eq(outer, STR("*")) || str_eq(outer, inner))
        return true;
    return str_ends(outer, STR("*")) && str_starts(inner, str_sub(outer, 0, outer.n - 1));
}

struct names models_both(struct arena *a, const struct names *p, const struct names *q)
{
    struct names both = {0};
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < q->n; k++) {
            if (holds(q->items[k], p->items[i]))
                names_add(a, &both, p->items[i]);
            else if (holds(p->items[i], q->items[k]))
                names_add(a, &both, q->items[k]);
        }
    return both;
}
