/*
 * sql/pq.c - libpq is opened when a source needs it: it brings twenty libraries along, four megabytes and ten
 * milliseconds of every start, which all others need not pay.
 */
#include "sql/sql_impl.h"

#include "base/err.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

/* ISO C knows no conversion between pointers to objects and to functions; POSIX promises this one. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *p = dlsym(library, name);
    memcpy(ret_function, &p, sizeof p);
    return p != NULL;
}

int pq_open(struct pq *ret)
{
    bool is_whole = true;
    ret->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!ret->library)
        return err_trace(-ERR_NOT_FOUND);
#define PQ(name) is_whole &= find(ret->library, "PQ" #name, &ret->name);
#include "sql/pq.tbl.h"
#undef PQ
    if (is_whole)
        return 0;
    pq_close(ret);
    return err_trace(-ERR_UNSUPPORTED);
}

void pq_close(struct pq *q)
{
    if (q->library)
        (void)dlclose(q->library);
    q->library = NULL;
}
