/*
 * codec/names.c - twins by sorting: no hash, so nobody can choose names that collide.
 */
#include "codec/names_impl.h"

#include <stdlib.h>

static int by_name(const void *pa, const void *pb)
{
    const struct name_ref *a = pa, *b = pb;
    int d = str_cmp(a->name, b->name);
    return d ? d : (a->i > b->i) - (a->i < b->i);
}

bool names_find_twin(struct name_ref *refs, size_t n, size_t *ret_i)
{
    if (n < 2)
        return false;
    qsort(refs, n, sizeof *refs, by_name);
    for (size_t i = 1; i < n; i++) {
        if (str_eq(refs[i - 1].name, refs[i].name)) {
            *ret_i = refs[i].i;
            return true;
        }
    }
    return false;
}
