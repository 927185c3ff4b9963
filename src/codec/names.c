/*
 * codec/names.c - twins by sorting: no hash, so nobody can choose names that collide.
 */
#include "codec/names_impl.h"

#include <stdlib.h>

#define PAIRWISE_MAX 8 /* names that are compared each with each, without sorting */

static int by_name(const void *pa, const void *pb)
{
    const struct name_ref *a = pa, *b = pb;
    int d = str_cmp(a->name, b->name);
    return d ? d : (a->i > b->i) - (a->i < b->i);
}

static bool find_pairwise(const struct name_ref *refs, size_t n, size_t *ret_i)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!str_eq(refs[k].name, refs[i].name))
                continue;
            *ret_i = refs[i].i;
            return true;
        }
    }
    return false;
}

bool names_find_twin(struct name_ref *refs, size_t n, size_t *ret_i)
{
    if (n <= PAIRWISE_MAX)
        return find_pairwise(refs, n, ret_i);
    qsort(refs, n, sizeof *refs, by_name);
    for (size_t i = 1; i < n; i++) {
        if (str_eq(refs[i - 1].name, refs[i].name)) {
            *ret_i = refs[i].i;
            return true;
        }
    }
    return false;
}
