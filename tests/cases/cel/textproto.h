/*
 * tests/cases/cel/textproto.h - protobuf's text format as a tree of fields, as far as the conformance suite uses it.
 */
#pragma once

#include "base/arena.h"

struct field {
    struct str name;           /* "expr"; of an Any: "[type.googleapis.com/...]" */
    struct str text;           /* a scalar: a string decoded, anything else as written */
    bool is_string, is_message;
    const struct field *first; /* of a message: its fields, in order */
    const struct field *next;
};

/* NULL: *ret_line says where it is not the format. */
const struct field *textproto_read(struct arena *a, struct str text, int *ret_line);
/* The first field of that name; NULL: none, or m is NULL. */
const struct field *field_get(const struct field *m, const char *name);
struct str field_text(const struct field *m, const char *name); /* STR_NONE: none */
/* The next sibling of the same name. */
const struct field *field_again(const struct field *f);
/* A message of that name is anywhere inside. */
bool field_has_inside(const struct field *m, const char *name);
