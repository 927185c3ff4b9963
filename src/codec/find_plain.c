/*
 * codec/find_plain.c - processors without SSE2: a byte at a time.
 */
#include "codec/find_impl.h"

size_t find_pair(const char *p, size_t from, size_t n, size_t n_gap, char first, char last)
{
    return find_pair_by_byte(p, from, n, n_gap, first, last);
}
