/*
 * codec/names_impl.h - finding a name that stands twice in one object, without quadratic time. For json_read.c,
 * scan.c and yaml.c.
 */
#pragma once

#include "base/str.h"

struct name_ref {
    struct str name;
    size_t i; /* place in the document */
};

/* May sort `refs`. True: two names are equal, *ret_i is the place of the second one of a pair. */
bool names_find_twin(struct name_ref *refs, size_t n, size_t *ret_i);
