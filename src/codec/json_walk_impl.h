/*
 * codec/json_walk_impl.h - the inner loop of json_walk.c: what the build chose for this processor (json_marks_x86.c, or
 * json_marks_plain.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define JSON_MARKS 64

/* A bit for each of JSON_MARKS bytes: set for quotes, brackets and backslashes. */
uint64_t json_marks(const char *p);
uint64_t json_marks_by_byte(const char *p, size_t n);
