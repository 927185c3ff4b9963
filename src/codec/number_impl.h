/*
 * codec/number_impl.h - numbers as JSON writes them. For json_read.c, json_canon.c and yaml.c.
 */
#pragma once

#include "base/str.h"

enum number_kind {
    NUMBER_NOT,      /* not a JSON number */
    NUMBER_INTEGER,  /* -?(0|[1-9][0-9]*) */
    NUMBER_DECIMAL,  /* with a fraction, without exponent */
    NUMBER_EXPONENT, /* with an exponent */
};

enum number_kind number_kind(struct str s);
/* False: not an integer, "-0", or outside int64. */
bool number_i64(struct str s, int64_t *ret_n);
