/*
 * redact/leaves.h - the values of a JSON text one after the other, with the names on the way to each. For redact/ only.
 *
 * Bytes are left where they are, so that a text can be written again with some values changed and all else as it came.
 * Looked at are brackets, strings, and that nothing else stands outside of strings but what JSON has there: a text that
 * is not quite JSON may pass, one that has words outside of strings may not.
 */
#pragma once

#include "base/buf.h"

#define LEAVES_DEPTH_MAX 128

struct leaves_level {
    size_t at; /* of its bracket */
    bool is_object;
    struct str name; /* of the member that is next or was last, as it stands in the text, without quotes */
};

struct leaves {
    struct str text;
    size_t at;
    size_t depth;
    struct leaves_level levels[LEAVES_DEPTH_MAX];
};

struct leaf {
    enum { LEAF_STR, LEAF_NUMBER, LEAF_WORD } kind; /* a word: true, false, null */
    size_t at, n; /* of the value, with its quotes */
};

void leaves_init(struct leaves *l, struct str text);
/* 1: the next one, 0: there is none, -ERR_INVALID: the text is no JSON, or nested deeper than LEAVES_DEPTH_MAX. */
int leaves_next(struct leaves *l, struct leaf *ret);
/* The name of the member whose value came last; empty in an array. */
struct str leaves_name(const struct leaves *l);
/* Behind a name, with its value still to come: takes the value as a whole. 0, -ERR_INVALID. */
int leaves_skip(struct leaves *l, size_t *ret_at, size_t *ret_n);
/* Stops in front of the value of the next member of that name, or behind the next leaf, whatever comes first: 2 for the
 * first, else as leaves_next(). */
int leaves_next_or(struct leaves *l, struct str name, struct leaf *ret);
/* The text of a string with its quotes, escapes undone, appended to `out`. */
int leaf_text(struct str quoted, struct buf *out);
