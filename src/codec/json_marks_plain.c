/*
 * codec/json_marks_plain.c - processors without SSE2: a byte at a time.
 */
#include "codec/json_walk_impl.h"

uint64_t json_marks(const char *p) { return json_marks_by_byte(p, JSON_MARKS); }
