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
size_t number_i64_long(const char *from, const char *end, int64_t *ret_n); /* the same, out of line */
/* Of the text from `from` to `end`: how many bytes at its begin are such an integer, with all digits that stand there;
 * 0: none are, and *ret_n is untouched. What stands behind them is the caller's to look at. Most have one digit. */
static inline size_t number_i64_ahead(const char *from, const char *end, int64_t *ret_n)
{
    bool is_short = end - from >= 2 && from[0] >= '0' && from[0] <= '9' && !(from[1] >= '0' && from[1] <= '9');
    if (!is_short)
        return number_i64_long(from, end, ret_n);
    *ret_n = from[0] - '0';
    return 1;
}
