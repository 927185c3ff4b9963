/*
 * codec/scan.h - strict RFC 8259 text, read in one pass without a tree: for large bodies of which little decides.
 *
 *   (1) what it accepts is what json_read.h (1) accepts: the whole text is checked, also what the reader skips.
 *   (2) two equal keys (after unescaping, compared as bytes) refuse an object that the reader enters. Skipped objects
 *       are not looked at for them.
 *   (3) values are ranges of the text. A number keeps its text; a string is unescaped on demand.
 *
 * The reader pulls:  scan_enter(&s, JSON_OBJECT); while (scan_member(&s, &key)) scan_value(&s, &v);  then scan_end().
 * Behind each member or item comes exactly one value: scan_value(), or scan_enter() and its members up to the end.
 * A failure is kept: from then on all calls give false, and scan_end() says what it was.
 */
#pragma once

#include "base/arena.h"
#include "codec/diag.h"
#include "codec/json_read.h"

#define SCAN_DEPTH_MAX 512

struct name_ref;
struct scan_level {
    bool is_object, is_started;
    size_t n_keys; /* of the levels below */
};

/* Plain memory, nothing to free; keys of open objects live in the arena. Private but for scan_at(). */
struct scan {
    struct str text;
    size_t at;
    struct arena *arena;
    int64_t depth, depth_max;
    int error;
    struct input_fault fault;
    struct name_ref *keys; /* of all entered objects that are open */
    size_t n_keys, keys_cap;
    struct scan_level levels[SCAN_DEPTH_MAX];
};

struct scan_value {
    enum json_type type;
    struct str raw; /* as it stands in the text: with its quotes, its braces */
    bool has_escapes;
};

/* depth_max <= SCAN_DEPTH_MAX; a container at the top is level 1. */
void scan_init(struct scan *s, struct str text, int64_t depth_max, struct arena *a);
/* 0: the value at the top was read and nothing stands behind it. Else -ERR_INVALID, -ERR_AMBIGUOUS (equal keys),
 * -ERR_TOO_LARGE (too deep; no room in the arena). `ret_fault` may be NULL; it is set on failure only. */
int scan_end(struct scan *s, struct input_fault *ret_fault);
/* How far it is: behind what was read last. */
size_t scan_at(const struct scan *s);

/* Of the value that comes next, which stays there. JSON_NONE: no value begins so. It may still turn out malformed. */
enum json_type scan_peek(struct scan *s);
/* The next value, whole: a scalar, or a container with all that is in it. */
bool scan_value(struct scan *s, struct scan_value *ret);
/* Into the next value, which is of that type (as scan_peek() said): JSON_OBJECT or JSON_ARRAY. */
bool scan_enter(struct scan *s, enum json_type type);
/* To the next member of the object (item of the array) that was entered last. False: that was all, and the reader is
 * behind it; or failed. The key is unescaped, and lives as long as text and arena. */
bool scan_member(struct scan *s, struct str *ret_key);
bool scan_item(struct scan *s);

/* The text of a string; in the arena when it has escapes. -ERR_TOO_LARGE: no room there. */
int scan_str(const struct scan_value *v, struct arena *a, struct str *ret);
/* As json_i64(): false when it is no number, not written as an integer, or does not fit. */
bool scan_i64(const struct scan_value *v, int64_t *ret);
bool scan_bool(const struct scan_value *v, bool *ret);

/* Bytes up to the first that a JSON string does not simply contain: quote, backslash, control byte, above ASCII. */
size_t scan_plain(const char *p, size_t n);
