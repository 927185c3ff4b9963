/*
 * sandbox/arguments.h - which tool a simulated model calls for a text, and with which arguments.
 *
 * The arguments obey the tool's JSON schema as far as types, enum, const and required go; values come from the text:
 * ids by the kind of thing that the parameter names, numbers in order, dollars as cents where the parameter says so.
 */
#pragma once

#include "base/buf.h"
#include "codec/json_read.h"

#define SCHEMA_DEPTH_MAX 8

struct sim_tool {
    struct str name;
    struct json schema; /* of the arguments; JSON_ABSENT: none */
};

/* The tool whose name has most words in common with the text; the first, where none has one. n > 0. */
const struct sim_tool *arguments_tool(struct str text, const struct sim_tool *tools, size_t n);
/* A JSON value that fits the schema. Deeper than SCHEMA_DEPTH_MAX it is null. A full buf is noted there. */
void arguments_write(struct json schema, struct str text, struct buf *out);
