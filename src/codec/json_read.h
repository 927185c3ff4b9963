/*
 * codec/json_read.h - strict RFC 8259 documents, read whole.
 *
 *   (1) UTF-8 without BOM, no bytes behind the value, no control bytes, no lone surrogates, depth <= depth_max.
 *   (2) two equal keys in one object (after unescaping, compared as bytes) refuse the document.
 *   (3) a number keeps its text: it is an integer when it is written as one and fits int64, and never becomes a float.
 *
 * Values are small handles into the arena and live as long as it does; the text need not outlive the parse.
 */
#pragma once

#include "base/arena.h"
#include "codec/diag.h"

enum json_type {
    JSON_NONE, /* absent: what json_get gives for a missing key */
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STR,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    void *v; /* NULL: absent */
};

#define JSON_ABSENT ((struct json){NULL})

/*
 * The document is built in `a`: about 4 bytes for each byte of ordinary text, up to 30 for one of tiny values.
 * -ERR_INVALID: not JSON; -ERR_AMBIGUOUS: equal keys; -ERR_TOO_LARGE: too deep, or no room left in the arena.
 * `ret_fault` may be NULL; it is set on failure only.
 */
int json_parse(struct arena *a, struct str text, int64_t depth_max, struct json *ret_root);
int json_parse_fault(struct arena *a, struct str text, int64_t depth_max, struct json *ret_root,
                     struct input_fault *ret_fault);

/* Text that we wrote ourselves and that a checksum stands for: (2) and the depth are not looked at, which is half the
 * time. */
int json_parse_own(struct arena *a, struct str text, struct json *ret_root);

enum json_type json_type(struct json v);
const char *json_type_name(enum json_type t); /* "an object", for messages */

/* Members; every one takes any value and gives JSON_ABSENT (0, false) when it does not have what was asked for. */
struct json json_get(struct json object, struct str key);
struct json json_at(struct json array, size_t i);
size_t json_len(struct json array_or_object);
/* "a.b[0].c"; "" is the value itself. Keys with '.' or '[' cannot be named. */
struct json json_path(struct json root, struct str path);

/* True when the value is of that type; else *ret is untouched. */
bool json_str(struct json v, struct str *ret_s);
bool json_bool(struct json v, bool *ret_b);
bool json_i64(struct json v, int64_t *ret_n);              /* -?(0|[1-9][0-9]*) that fits, but not "-0" */
/* What is absent or of another type is empty, or 0: for documents of our own, where that is said by leaving it out. */
struct str json_text_of(struct json v);
int64_t json_i64_of(struct json v);
bool json_number_text(struct json v, struct str *ret_text); /* any number, exactly as written */

/* Members in document order:  for (struct json_iter it = json_each(v); json_next(&it, &key, &value);)  */
struct json_iter {
    void *key, *value;
    size_t n_left;
};
struct json_iter json_each(struct json array_or_object);
/* `ret_key` may be NULL; it gets STR_NONE in arrays. */
bool json_next(struct json_iter *it, struct str *ret_key, struct json *ret_value);
