/*
 * codec/yaml.h - YAML that people write, restricted to what JSON can say, as a tree that knows lines and columns.
 *
 *   (1) one document; no anchors, aliases, tags, merge keys, directives, complex or duplicate keys.
 *   (2) plain null, true, false, integers and decimals mean what they mean in JSON. What YAML readers disagree on
 *       (yes, off, ~, 0x1f, 010, 1e3, 12:30, ...) is refused with a hint to quote it. All else is a string.
 *   (3) JSON text is accepted and means the same.
 *   (4) size, depth and number of nodes are bounded.
 *
 * Nodes live in the arena and never change.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/diag.h"

enum yaml_type {
    YAML_NULL,
    YAML_BOOL,
    YAML_INT,    /* fits int64 */
    YAML_NUMBER, /* a decimal like 12.50: only its text is kept */
    YAML_STR,
    YAML_SEQ,
    YAML_MAP,
};

struct yaml {
    enum yaml_type type;
    int line, col; /* from 1 */
    struct str text; /* scalars: as written (decoded when quoted); a NUL follows it, not counted */
    int64_t i;       /* YAML_INT: its value; YAML_BOOL: 0 or 1 */
    size_t n;        /* YAML_SEQ, YAML_MAP: children */
    const struct yaml *first;
    /* as a child: */
    const struct yaml *next;
    struct str key; /* in a map */
    int key_line, key_col;
};

struct yaml_limits {
    size_t bytes_max;
    int depth_max;
    size_t nodes_max;
    bool is_foreign; /* of another product: what readers disagree on (2) is a text, and no fault */
};

extern const struct yaml_limits yaml_limits_default; /* 1 MiB, 64 levels, 100,000 nodes */

/*
 * `file` is the name that diags show; `text` the document. An empty document is a YAML_NULL node.
 * -ERR_INVALID: `diags` says why and where (as many faults as can be found in one go); -ERR_TOO_LARGE: likewise, a
 * bound of `limits` or the arena; -ERR_NOMEM.
 */
int yaml_parse(struct arena *a, struct str file, struct str text, const struct yaml_limits *limits,
               struct diag_list *diags, const struct yaml **ret_root);

/* Every getter takes NULL and nodes of any type. */
const struct yaml *yaml_get(const struct yaml *map, struct str key); /* NULL: not there */
const struct yaml *yaml_at(const struct yaml *seq, size_t i);
#define yaml_each(it, parent) for (const struct yaml *it = (parent) ? (parent)->first : NULL; it; it = it->next)

/* True when the node has that type; else *ret is untouched. */
bool yaml_str(const struct yaml *y, struct str *ret_s);
bool yaml_i64(const struct yaml *y, int64_t *ret_n);
bool yaml_bool(const struct yaml *y, bool *ret_b);
/* The text of an integer, decimal or string: for amounts, which may be written with or without quotes. */
bool yaml_number_text(const struct yaml *y, struct str *ret_text);

bool yaml_is(const struct yaml *y, enum yaml_type t); /* false for NULL */
const char *yaml_type_name(enum yaml_type t);         /* "a string", for messages */

/*
 * Where byte `at` of a scalar's text stands in the document that it was read from, for diags about what is inside it:
 * quotes, escapes, folded lines and indentation are counted. at may be text.n: behind the last byte.
 */
void yaml_place(struct str document, const struct yaml *scalar, size_t at, int *ret_line, int *ret_col);

/* One diag "unknown_key" (with did-you-mean) for each key of `map` that is not in `names`. */
void yaml_check_keys(const struct yaml *map, struct str file, const struct str *names, size_t n_names,
                     struct diag_list *diags);

/* RFC 8785 JSON of the tree, for digests (codec/json_canon.h says what is refused). */
int yaml_canon(struct arena *a, const struct yaml *y, struct buf *out);
