/*
 * codec/form.h - application/x-www-form-urlencoded with brackets, read so that no two readers can differ, or refused.
 *
 *   (1) only `&` separates fields, the first `=` separates name and value, both are decoded once.
 *   (2) every field is there, in order: nothing is skipped, merged or defaulted.
 *   (3) names are base[key][key]... with at most depth_max keys; an empty key (`a[]`) may stand only at the end.
 *   (4) no name has two meanings: scalars occur once, but for the names that form_parse_lists() was told; `a` does not
 *       stand beside `a[...]`, nor `a[]` beside `a[x]`, nor `a[1]` beside `a[01]`. Decoded names are compared, so
 *       percent-encoded twins are found.
 *   (5) parse(write(f)) gives f again.
 *
 * A query string follows the same rules.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/diag.h"

struct form_field {
    struct str name;        /* decoded: items[0][price] */
    struct str value;       /* decoded, UTF-8, no NUL */
    const struct str *keys; /* the name's parts: items, 0, price; the last is empty for `a[]` */
    size_t n_keys;          /* >= 1 */
};

struct form {
    struct form_field *fields;
    size_t n, n_cap;
    size_t fields_max, depth_max;
    const struct str *lists; /* names without brackets that may stand more than once */
    size_t n_lists;
};

/*
 * -ERR_INVALID: malformed (encoding, NUL, control bytes, no `=`, empty name, brackets);
 * -ERR_AMBIGUOUS: rule (4); -ERR_TOO_LARGE: fields, depth, or the arena's cap.
 * An empty text is a form without fields. Strings live in the arena. `ret_fault` may be NULL; set on failure only.
 */
int form_parse(struct arena *a, struct str text, int64_t fields_max, int64_t depth_max, struct form *ret_form,
               struct input_fault *ret_fault);

/* For APIs that write lists as repeated names: `lists` lives as long as the form. */
int form_parse_lists(struct arena *a, struct str text, int64_t fields_max, int64_t depth_max, const struct str *lists,
                     size_t n_lists, struct form *ret_form, struct input_fault *ret_fault);

/* The field of that whole decoded name (the first one for `a[]`), or NULL. */
const struct form_field *form_get(const struct form *f, struct str name);
/* Next field of the same name behind `field` (only `a[]` has one), or NULL. */
const struct form_field *form_next(const struct form *f, const struct form_field *field);

/* Adds a field at the end, under the same rules; on failure the form is unchanged. For additions of ours. */
int form_add(struct arena *a, struct form *f, struct str name, struct str value);

/*
 * Canonical text: A-Z a-z 0-9 - . _ ~ and brackets as they are (as the vendor's own SDKs send them), space as `+`,
 * every other byte as %XX.
 */
int form_write(const struct form *f, struct buf *out);
/* One text encoded the same way. */
int form_quote(struct buf *out, struct str s);
