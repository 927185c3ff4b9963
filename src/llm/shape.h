/*
 * llm/shape.h - which request and answer a call to a model has.
 */
#pragma once

#include "base/str.h"

enum llm_dialect { DIALECT_OPENAI, DIALECT_ANTHROPIC };
enum llm_shape {
#define SHAPE(name, text, dialect) SHAPE_##name,
#include "llm/shape.tbl.h"
#undef SHAPE
    SHAPE_COUNT
};
struct str llm_shape_text(enum llm_shape s);
enum llm_dialect llm_shape_dialect(enum llm_shape s);
int llm_shape_parse(struct str s, enum llm_shape *ret); /* -ERR_NOT_FOUND */
