/*
 * codec/find_impl.h - the inner loop of find.c: what the build chose for this processor (find_x86.c, or find_plain.c).
 */
#pragma once

#include "base/str.h"

/* From `from` on, the first place of n places at p where first stands, and last n_gap bytes behind it. n: none. */
size_t find_pair(const char *p, size_t from, size_t n, size_t n_gap, char first, char last);
size_t find_pair_by_byte(const char *p, size_t from, size_t n, size_t n_gap, char first, char last);
