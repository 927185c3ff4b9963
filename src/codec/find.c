/*
 * codec/find.c - places where a needle's first and last byte stand are found many at a time; few of them are compared.
 */
#include "codec/find.h"

#include "base/check.h"
#include "codec/find_impl.h"

#include <string.h>

size_t find_pair_by_byte(const char *p, size_t from, size_t n, size_t n_gap, char first, char last)
{
    while (from < n && (p[from] != first || p[from + n_gap] != last))
        from++;
    return from;
}

size_t find_bytes(struct str in, struct str needle)
{
    check(needle.n > 0);
    if (needle.n > in.n)
        return in.n;
    size_t n_gap = needle.n - 1, n = in.n - n_gap;
    for (size_t at = 0; at < n; at++) {
        at = find_pair(in.p, at, n, n_gap, needle.p[0], needle.p[n_gap]);
        if (at < n && memcmp(in.p + at, needle.p, needle.n) == 0)
            return at;
    }
    return in.n;
}
