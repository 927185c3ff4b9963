/*
 * codec/find.h - a few bytes in many short texts: no table is made first, as memmem() does for each call.
 */
#pragma once

#include "base/str.h"

/* Where `needle` (at least one byte) first begins in `in`; in.n: nowhere. */
size_t find_bytes(struct str in, struct str needle);
