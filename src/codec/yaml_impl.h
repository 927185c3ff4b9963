/*
 * codec/yaml_impl.h - what yaml.c asks of yaml_text.c (bytes and words, before and beside libyaml) and of yaml_fault.c.
 */
#pragma once

#include <yaml.h>

#include "codec/yaml.h"

/*
 * UTF-8 without BOM, without control characters, and without U+0085, U+2028, U+2029 (line ends to YAML, plain
 * characters to JSON). -ERR_INVALID: the first fault is in `diags`.
 */
int yaml_check_bytes(struct str file, struct str text, struct diag_list *diags);

/*
 * JSON writes characters above U+FFFF as two \uXXXX; YAML wants one \UXXXXXXXX. When *text is a JSON document with
 * such a pair, *text becomes the rewritten document in `out`, else it stays. -ERR_TOO_LARGE, -ERR_NOMEM.
 */
int yaml_join_surrogates(struct str *text, const struct yaml_limits *limits, struct buf *out);

/* The type of a plain scalar. False: readers differ on it, *ret_trap says how ("is a boolean to some readers"). */
bool yaml_plain_type(struct str text, enum yaml_type *ret_type, int64_t *ret_i, const char **ret_trap);

static inline int yaml_line_of(yaml_mark_t m)
{
    return m.line < INT32_MAX ? (int)m.line + 1 : INT32_MAX;
}

static inline int yaml_col_of(yaml_mark_t m)
{
    return m.column < INT32_MAX ? (int)m.column + 1 : INT32_MAX;
}

/* What stopped libyaml, in words that say what to write instead where that can be told: one fault `syntax`. */
void yaml_say_fault(const yaml_parser_t *p, struct str file, struct str text, struct diag_list *diags);
